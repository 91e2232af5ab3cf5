//! `candor doctor`

mod holdings;
mod machine;
mod outside;

use std::fmt;

use anyhow::{Result, bail};
use candor_collector::chance::{Clock, Rng};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::{say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Also send a mail to this address
    #[arg(long, value_name = "ADDRESS")]
    mail_to: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It works, and wants to be looked at.
    Warn,
    /// It does not work.
    Fail,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

/// What was found about one thing. It names no secret and nobody's address.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Everything that was found, in the order in which it was looked at.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, says: impl Into<String>) {
        self.0.push(Finding { check, state: State::Ok, says: says.into(), advice: None });
    }

    fn warn(&mut self, check: &'static str, says: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.0.push(Finding { check, state: State::Warn, says: says.into(), advice });
    }

    fn fail(&mut self, check: &'static str, says: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.0.push(Finding { check, state: State::Fail, says: says.into(), advice });
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }
}

/// Looks at everything that the collector needs, changes nothing, and says what to do.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let mut findings = Findings::default();
    machine::settings(settings, &mut findings);
    machine::assets(settings, &mut findings);
    machine::clock(clock, &mut findings);
    let has_folder = machine::folder(settings, rng, &mut findings);
    let has_keys = machine::keys(settings, rng, &mut findings);
    if holdings::database(settings, &mut findings) && has_keys {
        holdings::contents(settings, clock, rng, &mut findings).await;
    }
    if has_folder || settings.blobs.is_some() {
        holdings::blobs(settings, rng, &mut findings).await;
    }
    outside::origin(settings, &mut findings).await;
    outside::mail(settings, options.mail_to.as_deref(), (clock, rng), &mut findings).await;
    tell(&findings, options)
}

fn tell(findings: &Findings, options: &Options) -> Result<()> {
    let (failed, warned) = (findings.count(State::Fail), findings.count(State::Warn));
    if options.json {
        say(json!({ "ok": failed == 0, "failed": failed, "warned": warned, "findings": findings.0 }))?;
    } else {
        for Finding { check, state, says, advice } in &findings.0 {
            say(format_args!("{state:5} {check:9} {says}"))?;
            if let Some(advice) = advice {
                say(format_args!("{:15} → {advice}", ""))?;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} checks failed", findings.0.len());
    }
    Ok(())
}

/// A size as people say it.
fn size(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut number, mut unit) = (bytes, 0);
    while number >= 10_000 && unit + 1 < units.len() {
        (number, unit) = (number / 1000, unit + 1);
    }
    format!("{number} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_few_digits() {
        let said = [0, 9_999, 10_000, 123_456_789, u64::MAX].map(size);
        assert_eq!(said, ["0 bytes", "9999 bytes", "10 kB", "123 MB", "18446744 TB"]);
    }
}
