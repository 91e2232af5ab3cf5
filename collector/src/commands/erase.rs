//! `candor erase`

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    retention,
    store::Scope,
};
use clap::Args;

use super::{instance, person, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    person: person::Person,
    /// Do not ask before it is done
    #[arg(long)]
    yes: bool,
}

/// Erases everything of a visitor's, blobs included. What is under a legal hold becomes a request.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let (store, key) = instance::open(settings, rng)?;
    let now = clock.now();
    let (people, by) = options.person.find(&store, &key, now).await?;
    if !options.yes {
        let names: Vec<_> = people.iter().map(|who| person::name(*who)).collect();
        confirm(&format!("Erase all that is kept of {}? There is no way back.", names.join(", ")))?;
    }
    let blobs = instance::blobs(settings)?;
    for who in people {
        let outcome = store.erase(who, Scope::Everything, by.clone(), rng.uuid_v7(now), now).await?;
        say(format_args!("{}: {} erased", person::name(who), person::count(outcome.reports, "report")))?;
        if let Some(request) = outcome.request {
            say(format_args!(
                "a report of theirs is under a legal hold: nothing on its site was erased, request {} is due {}",
                request.id, request.due
            ))?;
        }
    }
    let mut gone = 0;
    loop {
        match retention::sweep_blobs(&store, &blobs, clock).await? {
            0 => break,
            batch => gone += batch,
        }
    }
    say(format_args!("{} removed from disk", person::count(gone, "file")))
}

/// Asks on the terminal; without one nobody can answer.
fn confirm(question: &str) -> Result<()> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("{question} Say --yes to do it without being asked");
    }
    eprint!("{question} Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        bail!("nothing was erased");
    }
    Ok(())
}
