//! `candor-load`: puts load on a collector that runs as a program of its own, and knows it by HTTP and its files alone.

mod client;
mod floor;
mod ingest;
mod measure;
mod server;
mod visitor;

use anyhow::Result;
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
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match Arguments::parse().command {
            Command::Ingest(options) => ingest::run(&options).await,
            Command::Floor(options) => floor::run(&options).await,
        }
    })
}
