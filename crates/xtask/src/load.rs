//! `bench ingest` and `faults`: the collector as it ships, under load by `candor-load`.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{assets, place::Place, run, setup, step};

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds for each case and turn
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Turns, of which the medians count
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only cases whose name holds this: json, picture, 64, silent
    #[arg(long, default_value = "")]
    only: String,
    /// Put the data here, on the disk that counts [default: the system's folder for what is temporary]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// What the command line of `faults` says.
#[derive(Debug, clap::Args)]
pub(crate) struct Faults {
    /// How often each fault happens
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Decides the moments at which they happen
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only faults whose name holds this: kill, disk
    #[arg(long, default_value = "")]
    only: String,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// Builds both programs for release and does to the collector what happens to machines.
pub(crate) fn faults(place: &Place, options: &Faults) -> Result<()> {
    setup::servers(place)?;
    let mut command = program(place, "faults")?;
    command.args(["--rounds", &options.rounds.to_string(), "--seed", &options.seed.to_string()]);
    command.args(["--only", &options.only]);
    if options.json {
        command.arg("--json");
    }
    measure(&mut command)
}

/// Builds both programs for release and measures.
pub(crate) fn ingest(place: &Place, options: &Options) -> Result<()> {
    let mut command = program(place, "ingest")?;
    command.args(["--seconds", &options.seconds.to_string(), "--rounds", &options.rounds.to_string()]);
    command.args(["--only", &options.only]);
    if let Some(folder) = &options.folder {
        command.arg("--folder").arg(std::path::absolute(folder)?);
    }
    if options.json {
        command.arg("--json");
    }
    measure(&mut command)
}

/// `candor-load` and what it puts under load: the collector with the widget inside, as `dist` builds it.
fn program(place: &Place, what: &str) -> Result<Command> {
    setup::rust(place)?;
    setup::tools(place)?;
    assets::build(place)?;
    step::head("compile collector and load for release");
    // One after the other: together they would share features, and the collector would not be the one that ships.
    for package in ["candor-collector", "candor-load"] {
        run::loud(
            run::cargo()
                .args(["build", "--quiet", "--release", "--bins", "--package", package])
                .env("CANDOR_ASSETS", place.assets())
                .current_dir(&place.root),
        )?;
    }
    let release = place.target.join("release");
    let mut command = Command::new(release.join("candor-load"));
    command.arg(what).arg("--collector").arg(release.join("candor"));
    Ok(command)
}

fn measure(command: &mut Command) -> Result<()> {
    run::on_interrupt_kill_children()?;
    if !run::wait_guarded(run::spawn_guarded(command)?)?.success() {
        bail!("it did not end well");
    }
    Ok(())
}
