//! `candor audit …`

use anyhow::{Result, bail};
use candor_collector::{audit::Row, chance::Rng};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{instance, say, settings::Settings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prove that no row of the log was changed, removed or moved; exit code 1 when one was
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the newest rows, oldest of them first
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Only rows before this number
        #[arg(long, value_name = "ROW")]
        before: Option<u64>,
        /// Print JSON, one row a line
        #[arg(long)]
        json: bool,
    },
}

/// Does one of them.
pub(super) async fn run(settings: &Settings, command: Command, rng: &Rng) -> Result<()> {
    let (store, _) = instance::open(settings, rng)?;
    match command {
        Command::Verify { json } => match store.verify_audit().await? {
            Ok((rows, head)) if json => {
                say(json!({ "ok": true, "rows": rows, "head": { "row": head.seq, "hash": hex(&head.hash) } }))
            }
            Ok((rows, head)) => {
                let end = if head.seq == 0 { String::new() } else { format!(", up to row {}", head.seq) };
                say(format_args!("{rows} rows hold{end}\nhead {}", hex(&head.hash)))
            }
            Err(broken) => {
                if json {
                    say(json!({ "ok": false, "broken": broken.to_string() }))?;
                }
                bail!("the audit log does not hold: {broken}")
            }
        },
        Command::List { limit, before, json } => {
            let mut rows = store.audit(before, limit).await?;
            rows.reverse();
            rows.iter().try_for_each(|row| if json { say(value(row)) } else { say(line(row)) })
        }
    }
}

fn line(Row { seq, at, actor, act, subject, why, .. }: &Row) -> String {
    let why = why.as_ref().map(|why| format!(" ({})", why.escape_debug())).unwrap_or_default();
    format!("{seq}  {at}  {actor}  {act}  {subject}{why}")
}

fn value(Row { seq, at, actor, act, site, subject, why, hash }: &Row) -> Value {
    json!({ "row": seq, "at": at, "actor": actor, "act": act, "site": site, "subject": subject, "why": why,
        "hash": hex(hash) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
