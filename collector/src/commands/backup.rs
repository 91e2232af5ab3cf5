//! `candor backup` and `candor restore`

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use candor_collector::{
    backup,
    chance::{Clock, Rng},
    vault::{MASTER_KEY_VARIABLE, MasterKeys, Vault},
};
use clap::Args;

use super::{instance, progress::Progress, say, settings::Settings};

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Options {
    /// Write database and files here; they cannot be read without the keys
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Write the newest keys and erasures here, in the place of older ones: once with every backup, and as often as you
    /// can between them
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The newest keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The master key's file, where CANDOR_MASTER_KEY does not hold it; a copy goes into the data folder
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
}

/// Writes a backup, the keys, or both.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    if settings.database.is_none() && !settings.data().exists() {
        bail!("{}: there is nothing to back up", settings.data().display());
    }
    let (store, key) = instance::open(settings, rng)?;
    let blobs = instance::blobs(settings)?;
    if let Some(to) = &options.to {
        let mut progress: Option<Progress> = None;
        backup::write((&store, &blobs), to, clock.now(), |done, total| {
            progress.get_or_insert_with(|| Progress::new("files", total)).at(done);
        })
        .await?;
        if let Some(progress) = progress {
            progress.end();
        }
        say(format_args!("{}: database and files, which nobody reads without the keys", to.display()))?;
    }
    // After the backup, so that they are never older than it.
    if let Some(to) = &options.keys {
        backup::write_keys(&store, &key, to, rng).await?;
        say(format_args!(
            "{}: the newest keys, sealed under the master key; keep no older ones",
            to.display()
        ))?;
    }
    Ok(())
}

/// Puts a backup back into an empty data folder.
pub(super) async fn restore(
    settings: &Settings,
    options: &RestoreOptions,
    clock: &Clock,
    rng: &Rng,
) -> Result<()> {
    if settings.database.is_some() {
        bail!("a backup is put back into a data folder, not into a server's database: leave --database out");
    }
    let (text, file) = match (&options.master_key, std::env::var(MASTER_KEY_VARIABLE)) {
        (Some(path), _) => {
            (fs::read_to_string(path).with_context(|| path.display().to_string())?, Some(path))
        }
        (None, Ok(text)) => (text, None),
        (None, Err(_)) => {
            bail!("give the master key: --master-key FILE, or {}", MASTER_KEY_VARIABLE)
        }
    };
    let masters = MasterKeys::parse(&text).map_err(anyhow::Error::msg).context("the master key")?;
    let vault = Vault::new(masters, None, rng.clone());
    let elsewhere = settings.blobs.as_ref().map(|_| instance::blobs(settings)).transpose()?;
    let mut progress: Option<Progress> = None;
    let put = backup::restore(
        (&options.from, &options.keys),
        (&settings.data(), elsewhere.as_ref()),
        &vault,
        file.map(|_| text.as_str()),
        (rng, clock.now()),
        |done, total| progress.get_or_insert_with(|| Progress::new("files", total)).at(done),
    )
    .await?;
    if let Some(progress) = progress {
        progress.end();
    }
    say(format_args!(
        "{}: {} reports; {} were erased since the backup, and {} have no key any more",
        settings.data().display(),
        put.reports,
        put.erased,
        put.keyless
    ))
}
