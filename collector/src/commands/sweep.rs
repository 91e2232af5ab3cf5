//! `candor sweep`

use anyhow::Result;
use candor_collector::{
    chance::{Clock, Rng},
    retention,
    store::Due,
};
use clap::Args;
use serde_json::json;

use super::{instance, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only count what would go
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Deletes what has reached its date, or counts it.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let (store, _) = instance::open(settings, rng)?;
    let due = if options.dry_run {
        store.due(clock.now()).await?
    } else {
        let blobs = instance::blobs(settings)?;
        retention::note_strays(&store, &blobs, clock).await?;
        retention::sweep(&store, &blobs, clock, |_| {}).await?
    };
    tell(due, options)
}

fn tell(due: Due, options: &Options) -> Result<()> {
    let counts = due.named();
    if options.json {
        let counts: serde_json::Map<_, _> = counts.map(|(of, count)| (of.to_owned(), count.into())).collect();
        return say(json!({ "dry_run": options.dry_run, "rows": counts }));
    }
    let verb = if options.dry_run { "would go" } else { "gone" };
    for (of, count) in counts.filter(|(_, count)| *count > 0) {
        say(format_args!("{count:>8}  {of}"))?;
    }
    say(format_args!("{:>8}  {verb} in all", due.total()))
}
