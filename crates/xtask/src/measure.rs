//! `bench search`, `bench sweep` and `bench growth`: the store, filled with made-up reports.

use std::process::Command;

use anyhow::Result;

use crate::{place::Place, run};

/// Which database.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Store {
    /// On a PostgreSQL of its own instead of SQLite
    #[arg(long)]
    postgres: bool,
}

impl Store {
    /// Lets a command's tests run on it.
    pub(crate) fn tell(self, command: &mut Command) {
        if self.postgres {
            command.env("CANDOR_TEST_STORE", "postgres");
        }
    }
}

/// Builds the collector's tests for release and runs the measurement among them of this name, which finds its size in
/// the environment.
pub(crate) fn run(place: &Place, name: &str, (size, count): (&str, u32), store: Store) -> Result<()> {
    run::on_interrupt_kill_children()?;
    let mut command = run::cargo();
    command
        .args(["test", "--quiet", "--release", "--package", "candor-collector", "--lib"])
        .args([&format!("store::measure::{name}::{name}"), "--", "--exact", "--ignored", "--nocapture"])
        .env(format!("CANDOR_{size}"), count.to_string())
        .current_dir(&place.root);
    store.tell(&mut command);
    run::loud(&mut command)
}
