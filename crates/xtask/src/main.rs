//! `cargo xtask`: every command of the project.

mod assets;
mod browser;
mod demo;
mod dist;
mod hash;
mod locale;
mod node;
mod place;
mod run;
mod setup;
mod size;
mod step;
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
        #[arg(long, value_enum, default_values_t = [Browser::Chromium])]
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
    /// Make dist/: the release binary, domshot as a module, checksums
    Dist,
}

fn main() -> Result<()> {
    let place = Place::find()?;
    match Arguments::parse().command {
        Command::Setup { browser } => {
            setup::rust(&place)?;
            setup::tools(&place)?;
            setup::browsers(&place, &browser)
        }
        Command::Build => assets::build(&place).map(drop),
        Command::Demo(options) => demo::run(&place, &options),
        Command::Size { json, check } => size::run(&place, json, check),
        Command::Dist => dist::run(&place),
    }
}
