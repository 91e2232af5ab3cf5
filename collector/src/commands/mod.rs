//! The commands: one file for each, and how they find the instance they work on.

mod audit;
mod backup;
mod csp;
mod demo;
mod doctor;
mod erase;
mod export;
mod instance;
mod key;
mod log;
mod member;
mod migrate;
mod moving;
mod notice;
mod person;
mod progress;
mod receipt;
mod serve;
mod settings;
mod site;
mod snippet;
mod sweep;

use anyhow::Result;
use candor_collector::chance::{Clock, Rng};
use clap::{Parser, Subcommand};

use settings::Settings;

/// A cookie-free feedback widget, and the collector that keeps what it sends as long as it may.
#[derive(Debug, Parser)]
#[command(name = "candor", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the collector
    Serve(serve::Options),
    /// Run a collector with a site, a member and a page to try it on
    Demo(demo::Options),
    /// Add, list, change, close and reopen sites
    #[command(subcommand)]
    Site(site::Command),
    /// Let people into the inbox
    #[command(subcommand)]
    Member(member::Command),
    /// Print the tag for a site's pages
    Snippet(snippet::Options),
    /// Print the Content Security Policy that a page with the widget needs
    Csp(csp::Options),
    /// Print the paragraphs about feedback for a privacy page
    Notice(notice::Options),
    /// Look at everything that the collector needs, and say what is wrong and what to do; exit code 1 when something is
    Doctor(doctor::Options),
    /// Bring the database to this version's schema, before several collectors start on it
    Migrate,
    /// Move to a PostgreSQL database, and to a bucket, while the collector runs
    Move(moving::Options),
    /// Delete what has reached its date
    Sweep(sweep::Options),
    /// Erase all that is kept of a visitor, and the key under which it lies first
    Erase(erase::Options),
    /// Write all that is kept of a visitor to a ZIP
    Export(export::Options),
    /// Prove or print the log of who did what to whose data
    #[command(subcommand)]
    Audit(audit::Command),
    /// Exchange the master key
    #[command(subcommand)]
    Key(key::Command),
    /// Check visitors' receipts, or exchange the key that signs them
    #[command(subcommand)]
    Receipt(receipt::Command),
    /// Write a backup while the collector runs, and the keys without which nobody reads it
    Backup(backup::Options),
    /// Put a backup back into an empty data folder, without anybody who was erased since
    Restore(backup::RestoreOptions),
}

/// Threads for what takes longer than a request may wait: reading the database, hashing, decoding, writing files. What
/// comes beyond waits its turn; each thread has memory of its own, and the disk and the cores are few.
const BLOCKING_THREADS_MAX: usize = 16;

/// Does what the command line says.
pub(crate) fn run(line: CommandLine, clock: Clock, rng: Rng) -> Result<()> {
    let CommandLine { settings, command } = line;
    let settings = settings.complete()?;
    log::start(&settings);
    let settings = match command {
        // What is done to the folder itself; and a demo without one makes one of its own.
        Command::Move(_) | Command::Restore(_) => settings,
        Command::Demo(_) if settings.data.is_none() => settings,
        _ => settings.followed(),
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().max_blocking_threads(BLOCKING_THREADS_MAX).build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(options) => serve::run(&settings, options, clock, rng).await,
            Command::Demo(options) => demo::run(settings, options, clock, rng).await,
            Command::Site(command) => site::run(&settings, command, &clock, &rng).await,
            Command::Member(command) => member::run(&settings, command, &clock, &rng).await,
            Command::Snippet(options) => snippet::run(&settings, &options, &clock, &rng).await,
            Command::Csp(options) => csp::run(&settings, &options, &clock, &rng).await,
            Command::Notice(options) => notice::run(&settings, &options, &clock, &rng).await,
            Command::Doctor(options) => doctor::run(&settings, &options, &clock, &rng).await,
            Command::Migrate => migrate::run(&settings, &rng),
            Command::Move(options) => moving::run(&settings, &options, &clock, &rng).await,
            Command::Sweep(options) => sweep::run(&settings, &options, &clock, &rng).await,
            Command::Erase(options) => erase::run(&settings, &options, &clock, &rng).await,
            Command::Export(options) => export::run(&settings, &options, &clock, &rng).await,
            Command::Audit(command) => audit::run(&settings, command, &rng).await,
            Command::Key(command) => key::run(&settings, command, &clock, &rng).await,
            Command::Receipt(command) => receipt::run(&settings, command, &clock, &rng).await,
            Command::Backup(options) => backup::run(&settings, &options, &clock, &rng).await,
            Command::Restore(options) => backup::restore(&settings, &options, &clock, &rng).await,
        }
    })
}

/// Writes a line that the command is asked for. Logs go elsewhere.
fn say(line: impl std::fmt::Display) -> Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
