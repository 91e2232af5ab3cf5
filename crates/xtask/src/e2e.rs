//! `e2e`: the journeys alone, in one browser or several.

use std::{ffi::OsString, fs, process::Command};

use anyhow::{Result, bail};

use crate::{assets, browser::Browser, dist, node::Tools, place::Place, run, setup, step};

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run only the journeys whose name contains this
    filter: Option<String>,
    /// The browsers to run them in, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Browser::Chromium])]
    browser: Vec<Browser>,
    /// Keep each journey's data, and what the collector said, under target/e2e
    #[arg(long)]
    keep: bool,
}

/// Builds widget and collector and runs the journeys.
pub(crate) fn run(place: &Place, options: &Options) -> Result<()> {
    setup::rust(place)?;
    setup::tools(place)?;
    setup::browsers(place, &options.browser)?;
    assets::build(place)?;
    domshot(place)?;
    step::head("compile journeys and collector");
    // Together with a test of the collector's, so that it is the very binary which `test` builds, too.
    let tests = ["test", "--quiet", "--workspace", "--no-run", "--test", "journeys", "--test", "api"];
    run::loud(run::cargo().args(tests).current_dir(&place.root))?;
    run::on_interrupt_kill_children()?;
    let mut stranded = Vec::new();
    for browser in &options.browser {
        step::head(format!("journeys in {}", browser.name()));
        let mut cargo = run::cargo();
        cargo
            .args(["test", "--quiet", "--workspace", "--test", "journeys", "--", "--test-threads=2"])
            .args(&options.filter)
            .current_dir(&place.root);
        environment(place, *browser, &mut cargo);
        if options.keep {
            cargo.env("CANDOR_E2E_KEEP", place.target.join("e2e"));
        }
        if !run::wait_guarded(run::spawn_guarded(&mut cargo)?)?.success() {
            stranded.push(browser.name());
        }
    }
    if !stranded.is_empty() {
        bail!("not every journey arrived in {}", stranded.join(" and "));
    }
    Ok(())
}

/// Builds domshot's module where the journeys look for it.
pub(crate) fn domshot(place: &Place) -> Result<()> {
    fs::create_dir_all(place.domshot())?;
    dist::domshot(place, &Tools::find(place), &place.domshot())
}

/// What the journeys have to know: the browser, the collector's binary, the folder it serves from, the drivers.
pub(crate) fn environment(place: &Place, browser: Browser, command: &mut Command) {
    let mut path: OsString = place.target.join("tools/bin").into();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    command
        .env("PATH", path)
        .env("CANDOR_BROWSER", browser.name())
        .env("CANDOR_E2E_COLLECTOR", place.debug_program("candor"))
        .env("CANDOR_E2E_ASSETS", place.assets())
        .env("CANDOR_E2E_DOMSHOT", place.domshot());
}
