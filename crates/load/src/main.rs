//! `candor-load`: the command line of what puts load on a collector.

use anyhow::Result;
use candor_load::{faults, floor, ingest};
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How many reports a second, beside a server that only stores
    Ingest(ingest::Options),
    /// The server that only stores: the same database and disk, and nothing checked
    Floor(floor::Options),
    /// What goes wrong with machines, and what is lost by it
    Faults(faults::Options),
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match Arguments::parse().command {
            Command::Ingest(options) => ingest::run(&options).await,
            Command::Floor(options) => floor::run(&options).await,
            Command::Faults(options) => faults::run(&options).await,
        }
    })
}
