//! `candor key …`

use anyhow::{Context, Result};
use candor_collector::{
    audit::{Act, Actor, Entry},
    chance::{Clock, Rng},
    vault::MASTER_KEY_VARIABLE,
};
use clap::Subcommand;

use super::{instance, progress::Progress, say, settings::Settings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a fresh master key in the place of the one in use; the collector may run meanwhile
    Rotate,
}

/// Exchanges the master key, or goes on with an exchange that was interrupted.
pub(super) async fn run(settings: &Settings, command: Command, clock: &Clock, rng: &Rng) -> Result<()> {
    let Command::Rotate = command;
    let folder = settings.data();
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    // Two at once would each forget the other's key.
    let lock = instance::lock(&folder)?;
    let (store, _) = instance::open(settings, rng)?;
    let mut progress = Progress::new("reporters' keys", store.reporter_keys().await?);
    let wrapped = store.rotate_master(|done| progress.at(done)).await?;
    progress.end();
    let subject = format!("{wrapped} reporters' keys");
    let entry = Entry {
        at: clock.now(),
        actor: Actor::Operator,
        act: Act::KeyRotated,
        site: None,
        subject,
        why: None,
    };
    store.note(entry).await?;
    drop(lock);
    say(format_args!("{wrapped} reporters' keys are wrapped under the fresh master key"))?;
    if std::env::var_os(MASTER_KEY_VARIABLE).is_some() {
        return say(format_args!(
            "Take the old key out of {} now; the first one in it wraps",
            MASTER_KEY_VARIABLE
        ));
    }
    say("The old one is forgotten: copy master.key to where you keep its copy")
}
