//! The real router over real HTTP, on a loopback port of its own for each test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acting;
mod backups;
mod bad_input;
mod files;
mod harness;
mod inbox;
mod operator;
mod program;
mod receipts;
mod rights;
mod serving;
mod submitting;
