//! `candor migrate`

use anyhow::Result;
use candor_collector::chance::Rng;

use super::{instance, say, settings::Settings};

/// Brings the database to this program's schema, as every command does that opens it.
pub(super) fn run(settings: &Settings, rng: &Rng) -> Result<()> {
    instance::open(settings, rng)?;
    say("the database is as this version needs it")
}
