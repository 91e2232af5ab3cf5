//! `candor export`

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf};

use anyhow::{Context, Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    export::Archive,
    store::Own,
};
use clap::Args;

use super::{instance, person, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    person: person::Person,
    /// Where to write it; a file that is there stays as it is
    #[arg(long, value_name = "FILE.zip")]
    to: PathBuf,
}

/// Writes everything of a visitor's to a file that only its owner may read.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let (store, key) = instance::open(settings, rng)?;
    let now = clock.now();
    let (people, by) = options.person.find(&store, &key, now).await?;
    let (blobs, mut archive) = (instance::blobs(settings)?, Archive::default());
    let (zip, reports) = loop {
        let own = store.export(people.clone(), by.clone(), now).await?;
        if own == Own::default() {
            bail!("nothing is kept of this visitor");
        }
        let reports = own.reports.len() as u64;
        if let Some(zip) = archive.of(&store, &blobs, own, now).await? {
            break (zip, reports);
        }
    };
    let said = || options.to.display().to_string();
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&options.to).with_context(said)?;
    file.write_all(&zip).and_then(|()| file.sync_all()).with_context(said)?;
    say(format_args!("{}: {}", options.to.display(), person::count(reports, "report")))
}
