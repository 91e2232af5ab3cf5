//! `candor site …`

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    store::{AtEnd, Closing, NewSite, SiteChange},
};
use candor_protocol::{Attachments, Effect, Form, Grants, Localised, Look, Need, Policy, Purpose, Terms};
use candor_rules::{check_attachments, check_policy, default_policy, retention::default_days};
use clap::{Args, Subcommand};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    instance, say,
    settings::{self, Settings},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a site and print its key
    Add {
        /// What the owner calls it
        #[arg(long)]
        name: String,
        /// The origin of its pages, for example https://shop.example; may be given several times
        #[arg(long = "origin", required = true, value_name = "ORIGIN")]
        origins: Vec<String>,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        asks: Asks,
        #[command(flatten)]
        grant: Grant,
    },
    /// List all sites
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change what is named, and leave the rest
    Set {
        /// The site, by key or name
        #[arg(long)]
        site: Option<String>,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// All its origins, in place of those before
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// What becomes of messages at their date: `delete`, or `anonymise` to keep the bare words
        #[arg(long, value_name = "delete|anonymise", value_parser = at_end)]
        at_end: Option<AtEnd>,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        asks: Asks,
        #[command(flatten)]
        grant: Grant,
    },
    /// Take no more submissions, and make everything that is stored anonymous after some days of grace
    Close {
        /// The site, by key or name
        #[arg(long, conflicts_with = "all")]
        site: Option<String>,
        /// Close every site of this instance
        #[arg(long)]
        all: bool,
        /// Days in which the closing can be undone
        #[arg(long, default_value_t = 30, value_name = "DAYS")]
        grace_days: u16,
        /// Keep the bare words of messages: you have looked through them, and they tell of nobody
        #[arg(long)]
        keep_messages: bool,
    },
    /// Take submissions again
    Reopen {
        /// The site, by key or name
        #[arg(long, conflicts_with = "all")]
        site: Option<String>,
        /// Open every closed site of this instance
        #[arg(long)]
        all: bool,
    },
    /// List every policy that was ever in force, newest first: consent refers to its version
    Policies {
        /// The site, by key or name
        #[arg(long)]
        site: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Parts of a site that are read from JSON files.
#[derive(Debug, Args)]
pub(super) struct Files {
    /// How the widget looks, from a JSON file
    #[arg(long, value_name = "FILE")]
    look: Option<PathBuf>,
    /// What the form asks, from a JSON file
    #[arg(long, value_name = "FILE")]
    form: Option<PathBuf>,
    /// What is asked for, why and for how long, from a JSON file; a change makes the next version
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// How soon the rights that may wait take effect.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Grant {
    /// When visitors erase their data: at once, or once a member has looked at it [default: at-once]
    #[arg(long, value_name = "WHEN", value_parser = effect)]
    erase: Option<Effect>,
    /// When visitors correct their data [default: at-once]
    #[arg(long, value_name = "WHEN", value_parser = effect)]
    correct: Option<Effect>,
}

impl Grant {
    /// The grants with what is said here; `None` when nothing is.
    fn grants(self, known: Grants) -> Option<Grants> {
        let said = self.erase.is_some() || self.correct.is_some();
        said.then(|| Grants {
            erase: self.erase.unwrap_or(known.erase),
            correct: self.correct.unwrap_or(known.correct),
        })
    }
}

fn effect(text: &str) -> Result<Effect, String> {
    match text {
        "at-once" => Ok(Effect::AtOnce),
        "on-request" => Ok(Effect::OnRequest),
        _ => Err("at-once or on-request".into()),
    }
}

/// What is asked for beside, or on top of, the files.
#[derive(Debug, Args)]
pub(super) struct Asks {
    /// How much a purpose is wanted, for example picture=optional; may be given several times
    #[arg(long = "need", value_name = "PURPOSE=off|optional|required", value_parser = need)]
    needs: Vec<(Purpose, Need)>,
    /// How long something is kept, for example picture=30; may be given several times
    #[arg(long = "days", value_name = "PURPOSE=DAYS", value_parser = days)]
    days: Vec<(Purpose, u16)>,
    /// Take attachments of this media type, for example application/pdf or image/*; may be given several times, in
    /// place of those before
    #[arg(long = "attach", value_name = "TYPE", conflicts_with = "no_attachments")]
    attach: Vec<String>,
    /// How many attachments a submission may have [default: 3]
    #[arg(long, value_name = "N")]
    attach_count: Option<u8>,
    /// How many bytes an attachment may have [default: 5242880]
    #[arg(long, value_name = "BYTES")]
    attach_bytes: Option<u32>,
    /// Take no attachments any more
    #[arg(long)]
    no_attachments: bool,
}

impl Asks {
    /// The form with what is said of attachments.
    fn form(&self, mut form: Form) -> Result<Form> {
        let says_more = self.attach_count.is_some() || self.attach_bytes.is_some();
        if self.no_attachments {
            form.attachments = None;
        } else if !self.attach.is_empty() || (says_more && form.attachments.is_some()) {
            let before = form.attachments.take();
            let default = Attachments { types: Vec::new(), count: 3, bytes: 5 * 1024 * 1024 };
            let Attachments { types, count, bytes } = before.unwrap_or(default);
            let given = self.attach.iter().map(|one| one.to_ascii_lowercase()).collect();
            form.attachments = Some(Attachments {
                types: if self.attach.is_empty() { types } else { given },
                count: self.attach_count.unwrap_or(count),
                bytes: self.attach_bytes.unwrap_or(bytes),
            });
        } else if says_more {
            bail!("this site takes no attachments: allow some with --attach TYPE");
        }
        if let Some(allowed) = &form.attachments {
            check_attachments(allowed)?;
        }
        Ok(form)
    }

    /// The policy with what is said of needs and days.
    fn policy(&self, mut policy: Policy) -> Result<Policy> {
        for (purpose, need) in &self.needs {
            terms(&mut policy, *purpose).need = *need;
        }
        for (purpose, days) in &self.days {
            terms(&mut policy, *purpose).days = *days;
        }
        check_policy(&policy)?;
        Ok(policy)
    }
}

/// What the policy says of a purpose; where it says nothing, it does from now on.
fn terms(policy: &mut Policy, purpose: Purpose) -> &mut Terms {
    let at = policy.terms.iter().position(|terms| terms.purpose == purpose).unwrap_or_else(|| {
        let (days, text) = (default_days(purpose), Localised::default());
        policy.terms.push(Terms { purpose, need: Need::Off, days, text });
        policy.terms.len() - 1
    });
    &mut policy.terms[at]
}

fn need(text: &str) -> Result<(Purpose, Need), String> {
    of_purpose(text, "optional", |need| Need::ALL.into_iter().find(|known| known.as_str() == need))
}

fn days(text: &str) -> Result<(Purpose, u16), String> {
    of_purpose(text, "30", |days| days.parse().ok())
}

/// Reads PURPOSE=VALUE.
fn of_purpose<T>(text: &str, example: &str, read: fn(&str) -> Option<T>) -> Result<(Purpose, T), String> {
    let both = text.split_once('=');
    let both = both.and_then(|(purpose, value)| Some((Purpose::from_name(purpose)?, read(value)?)));
    let purposes = Purpose::ALL.map(Purpose::as_str).join(", ");
    both.ok_or_else(|| format!("such as picture={example}; purposes are {purposes}"))
}

fn at_end(text: &str) -> Result<AtEnd, String> {
    let known = AtEnd::ALL.into_iter().find(|known| known.as_str() == text);
    known.ok_or_else(|| "delete or anonymise".into())
}

/// Does one of them.
pub(super) async fn run(settings: &Settings, command: Command, clock: &Clock, rng: &Rng) -> Result<()> {
    let (store, _) = instance::open(settings, rng)?;
    let now = clock.now();
    match command {
        Command::Add { name, origins, files, asks, grant } => {
            let id = rng.uuid_v7(now);
            let site = NewSite {
                id,
                name,
                origins: normal(&origins)?,
                look: files.look()?.unwrap_or_default(),
                form: asks.form(files.form()?.unwrap_or_default())?,
                policy: asks.policy(files.policy()?.unwrap_or_else(default_policy))?,
            };
            store.add_site(site, now).await?;
            if let grants @ Some(_) = grant.grants(Grants::default()) {
                store.change_site(id, SiteChange { grants, ..SiteChange::default() }, now).await?;
            }
            say(id)
        }
        Command::List { json } => {
            for site in store.directory(now).await?.sites() {
                let closed = if site.closed_at.is_some() { " (closed)" } else { "" };
                let waits = |right, effect| if effect == Effect::OnRequest { right } else { "" };
                let waits = [
                    waits("  erase on request", site.grants.erase),
                    waits("  correct on request", site.grants.correct),
                ];
                if json {
                    say(
                        json!({ "site": site.id, "name": site.name, "origins": site.origins, "closed_at": site.closed_at,
                        "look": site.look, "form": site.form, "policy": site.policy, "grants": site.grants }),
                    )?;
                } else {
                    say(format_args!(
                        "{}  {}{closed}  {}{}",
                        site.id,
                        site.name,
                        site.origins.join(" "),
                        waits.concat()
                    ))?;
                }
            }
            Ok(())
        }
        Command::Set { site, name, origins, at_end, files, asks, grant } => {
            let origins = if origins.is_empty() { None } else { Some(normal(&origins)?) };
            let known = instance::find_site(&store, site.as_deref(), now).await?;
            let form = asks.form(files.form()?.unwrap_or_else(|| known.form.clone()))?;
            let policy = asks.policy(files.policy()?.unwrap_or_else(|| known.policy.clone()))?;
            let (form, policy) = (Some(form), Some(policy));
            let change = SiteChange {
                name,
                origins,
                look: files.look()?,
                form,
                policy,
                at_end,
                grants: grant.grants(known.grants),
                ..SiteChange::default()
            };
            let changed = store.change_site(known.id, change, now).await?;
            let Some(changed) = changed else { bail!("the site was removed meanwhile") };
            say(format_args!("{} is set; its policy is version {}", changed.name, changed.policy.version))
        }
        Command::Close { site, all, grace_days, keep_messages } => {
            let directory = store.directory(now).await?;
            let sites = if all {
                directory.sites().into_iter().map(Arc::clone).collect()
            } else {
                vec![instance::find_site(&store, site.as_deref(), now).await?]
            };
            let closing = Some(Closing { grace_days, keeps_messages: keep_messages });
            for site in sites {
                // Closing it again changes how it ends, not since when.
                let closed_at = Some(site.closed_at.or(Some(now)));
                let change = SiteChange { closed_at, closing, ..SiteChange::default() };
                store.change_site(site.id, change, now).await?;
                let ends = site.closed_at.unwrap_or(now).plus_days(grace_days);
                say(format_args!(
                    "{} is closed; from {ends} on its visitors are made anonymous (`candor site reopen` undoes it until then)",
                    site.name
                ))?;
            }
            Ok(())
        }
        Command::Reopen { site, all } => {
            let directory = store.directory(now).await?;
            let sites = if all {
                let closed = directory.sites().into_iter().filter(|site| site.closed_at.is_some());
                closed.map(Arc::clone).collect()
            } else {
                vec![instance::find_site(&store, site.as_deref(), now).await?]
            };
            for site in sites {
                let change = SiteChange { closed_at: Some(None), ..SiteChange::default() };
                store.change_site(site.id, change, now).await?;
                say(format_args!("{} is open", site.name))?;
            }
            Ok(())
        }
        Command::Policies { site, json } => {
            let site = instance::find_site(&store, site.as_deref(), now).await?;
            for (since, policy) in store.policies(site.id).await? {
                if json {
                    say(json!({ "since": since, "policy": policy }))?;
                    continue;
                }
                let asked = policy.terms.iter().filter(|terms| terms.need != Need::Off);
                let asked = asked.map(|terms| {
                    format!("{} {} {} days", terms.purpose.as_str(), terms.need.as_str(), terms.days)
                });
                say(format_args!("{}  {since}  {}", policy.version, asked.collect::<Vec<_>>().join(", ")))?;
            }
            Ok(())
        }
    }
}

impl Files {
    fn look(&self) -> Result<Option<Look>> {
        read(self.look.as_ref())
    }

    fn form(&self) -> Result<Option<Form>> {
        read(self.form.as_ref())
    }

    /// The version that a file may name says nothing: versions are counted here.
    fn policy(&self) -> Result<Option<Policy>> {
        let Some(path) = &self.policy else { return Ok(None) };
        let said = || path.display().to_string();
        let mut value: Value =
            serde_json::from_slice(&fs::read(path).with_context(said)?).with_context(said)?;
        if let Some(fields) = value.as_object_mut() {
            fields.entry("version").or_insert(1.into());
        }
        let policy = exactly(&value).with_context(said)?;
        check_policy(&policy).with_context(|| path.display().to_string())?;
        Ok(Some(policy))
    }
}

fn read<T: DeserializeOwned + Serialize>(path: Option<&PathBuf>) -> Result<Option<T>> {
    let Some(path) = path else { return Ok(None) };
    let said = || path.display().to_string();
    let value: Value = serde_json::from_slice(&fs::read(path).with_context(said)?).with_context(said)?;
    Ok(Some(exactly(&value).with_context(said)?))
}

/// What the JSON says, if it says nothing else. The types of the wire pass over names that they do not know, for
/// widgets older than their collector; an owner who mistypes a name wants to hear of it.
fn exactly<T: DeserializeOwned + Serialize>(value: &Value) -> Result<T> {
    let read: T = serde_json::from_value(value.clone())?;
    if let Some(name) = unknown(value, &serde_json::to_value(&read)?) {
        bail!("there is no setting {name}");
    }
    Ok(read)
}

/// The first name in `given` that did not get through to `read`. What a default stands for may be left out there.
fn unknown(given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            given.iter().find_map(|(name, value)| match read.get(name) {
                Some(known) => unknown(value, known).map(|inner| format!("{name}.{inner}")),
                None if value.is_null() || value.as_object().is_some_and(Map::is_empty) => None,
                None => Some(name.clone()),
            })
        }
        (Value::Array(given), Value::Array(read)) => {
            given.iter().zip(read).find_map(|(given, read)| unknown(given, read))
        }
        _ => None,
    }
}

fn normal(origins: &[String]) -> Result<Vec<String>> {
    origins.iter().map(|text| settings::origin(text).with_context(|| format!("--origin {text}"))).collect()
}
