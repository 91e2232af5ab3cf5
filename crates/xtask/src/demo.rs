//! `demo`: from a clean clone to a page with the bubble on it and an inbox to read what arrives.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    assets,
    place::Place,
    run, setup,
    step::{self, Step},
};

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The port of the collector, with the demo page and the inbox
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Print one JSON line on stdout once it serves: site, origin, page, inbox, email, password
    #[arg(long)]
    json: bool,
    /// Keep the data in this folder, instead of one that goes away
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Builds what is needed and becomes the collector: the process id stays, so that signals reach it by themselves.
pub(crate) fn run(place: &Place, options: &Options) -> Result<()> {
    setup::rust(place)?;
    if let Err(problem) = setup::tools(place) {
        step::note(format!("{problem:#}"));
    }
    assets::build(place)?;
    let program = collector(place)?;
    let mut command = Command::new(program);
    command.arg("demo").arg("--assets").arg(place.assets()).args(["--port", &options.port.to_string()]);
    if let Some(data) = &options.data {
        command.arg("--data").arg(data);
    }
    if options.json {
        command.arg("--json");
    }
    become_it(command)
}

/// Builds the collector, with the features that the whole workspace agrees on.
fn collector(place: &Place) -> Result<PathBuf> {
    let step = Step::start("collector: compile");
    run::loud(run::cargo().args(["build", "--workspace", "--bin", "candor"]).current_dir(&place.root))?;
    step.done();
    Ok(place.debug_program("candor"))
}

fn become_it(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let problem = command.exec();
    Err(anyhow::Error::from(problem)
        .context(format!("cannot start {}", command.get_program().to_string_lossy())))
}
