//! `candor receipt …`

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    receipt::{self, BYTES_MAX, JwkSet, Statement},
};
use clap::Subcommand;
use serde_json::json;

use super::{instance, say, settings::Settings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a receipt that a visitor shows; exit code 1 when it is not genuine
    Verify {
        /// The receipt, or the collector's answer with the receipt in it; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Check with these published keys (the collector's /.well-known/candor-receipt-keys.json) instead of the data
        /// folder's
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a fresh key sign from now on; a running collector follows within a minute
    Rotate,
}

/// Does one of them.
pub(super) async fn run(settings: &Settings, command: Command, clock: &Clock, rng: &Rng) -> Result<()> {
    match command {
        Command::Verify { file, keys, json } => {
            let text = read(&file).with_context(|| file.display().to_string())?;
            let keys = match keys {
                Some(path) => {
                    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                    serde_json::from_str::<JwkSet>(&text)
                        .with_context(|| format!("{}: this is no JWK set", path.display()))?
                }
                None => instance::open(settings, rng)?.0.receipt_keys().await?,
            };
            let signed = receipt::find(&text).context("there is no signed receipt in it")?;
            match receipt::verify(&signed, &keys) {
                Ok(statement) if json => say(json!({ "ok": true, "receipt": statement })),
                Ok(statement) => tell(&statement),
                Err(not) => {
                    if json {
                        say(json!({ "ok": false, "why": not.to_string() }))?;
                    }
                    bail!("{}: not genuine: {not}", file.display())
                }
            }
        }
        Command::Rotate => {
            let (store, _) = instance::open(settings, rng)?;
            store.signer(clock.now()).await?;
            store.rotate_signer(clock.now()).await?;
            let keys = store.receipt_keys().await?.keys.len();
            say(format_args!("a fresh key signs receipts; {keys} public keys stay published"))
        }
    }
}

fn tell(statement: &Statement) -> Result<()> {
    let Statement { number, controller, issued_at, policy_version, purposes, subject, .. } = statement;
    say("genuine")?;
    say(format_args!("receipt  {number} ({})", statement.receipt_id))?;
    say(format_args!("given by {} for visitor {subject}", controller.name.escape_debug()))?;
    say(format_args!("stored   {issued_at} under policy {policy_version}"))?;
    purposes.iter().try_for_each(|kept| {
        say(format_args!("kept     {} until {}: {}", kept.purpose.as_str(), kept.until, kept.data.join(", ")))
    })
}

/// No more than a receipt can have.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let bytes_max = 4 * BYTES_MAX as u64;
    if file == Path::new("-") {
        std::io::stdin().take(bytes_max).read_to_string(&mut text)?;
    } else {
        fs::File::open(file)?.take(bytes_max).read_to_string(&mut text)?;
    }
    Ok(text)
}
