//! `cargo xtask`: every command of the project.

mod assets;
mod bench;
mod browser;
mod demo;
mod dist;
mod e2e;
mod generate;
mod hash;
mod load;
mod locale;
mod measure;
mod node;
mod place;
mod run;
mod setup;
mod size;
mod step;
mod test;
mod tidy;
mod wasm;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{browser::Browser, place::Place};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Every command of the project", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the other commands need: wasm target, build tools, browsers
    Setup {
        /// The browsers to install
        #[arg(long, value_enum, default_values_t = Browser::ALL)]
        browser: Vec<Browser>,
    },
    /// Build the widget into target/assets
    Build,
    /// Build everything and serve a demo page and its inbox
    Demo(demo::Options),
    /// Show what a visitor downloads, beside the budgets
    Size {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Fail if a part is over its ceiling
        #[arg(long)]
        check: bool,
    },
    /// Run everything: tidy, gen --check, unit and contract tests, sizes, browser tests, journeys
    Test,
    /// Run only the journeys
    E2e(e2e::Options),
    /// Measure beside others: `bench capture`, `bench ingest`, `bench search`
    Bench {
        #[command(subcommand)]
        what: bench::Bench,
    },
    /// Kill, fill and starve a collector under load, and count what it had acknowledged
    Faults(load::Faults),
    /// Put the collector's store to random use, beside a model of what it must serve
    Simulate {
        /// How many runs
        #[arg(long, default_value_t = 2000)]
        runs: u64,
        /// The seed of the first; each further run adds one
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        store: measure::Store,
    },
    /// Write what is generated from the constants: tables in the documents, TypeScript types
    Gen {
        /// Write nothing; fail if something is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Check the rules of the house that a compiler does not keep
    Tidy,
    /// Run a compiled wasm test in headless Chromium (cargo calls this)
    #[command(hide = true)]
    WasmTest {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Make dist/: the release binary, domshot as a module, checksums
    Dist {
        /// Make only dist/domshot/
        #[arg(long)]
        domshot: bool,
    },
}

fn main() -> Result<()> {
    let place = Place::find()?;
    match Arguments::parse().command {
        Command::Setup { browser } => {
            setup::rust(&place)?;
            setup::tools(&place)?;
            setup::browsers(&place, &browser)?;
            setup::servers(&place)
        }
        Command::Build => assets::build(&place).map(drop),
        Command::Demo(options) => demo::run(&place, &options),
        Command::Size { json, check } => size::run(&place, json, check),
        Command::Test => test::run(&place),
        Command::E2e(options) => e2e::run(&place, &options),
        Command::Bench { what } => bench::run(&place, &what),
        Command::Faults(options) => load::faults(&place, &options),
        Command::Simulate { runs, seed, store } => test::simulate(&place, runs, seed, store),
        Command::Gen { check: true } => generate::check(&place),
        Command::Gen { check: false } => generate::write(&place),
        Command::Tidy => {
            let mut outcomes = tidy::sources(&place);
            if place.assets().exists() {
                outcomes.extend(tidy::built(&place));
            }
            tidy::report(outcomes)
        }
        Command::WasmTest { arguments } => {
            let arguments = std::iter::once("wasm-bindgen-test-runner".into()).chain(arguments);
            wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(arguments)
        }
        Command::Dist { domshot: true } => dist::module(&place),
        Command::Dist { domshot: false } => dist::run(&place),
    }
}
