//! The real router over real HTTP, on a loopback port of its own for each test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acting;
mod backups;
mod bad_input;
mod bucket;
mod cluster;
mod doctor;
mod files;
mod harness;
mod inbox;
mod links;
mod moving;
mod nodes;
mod operator;
#[expect(unreachable_pub, reason = "the journeys have it in a library")]
#[path = "../../../tests/src/post.rs"]
mod post;
mod program;
mod receipts;
mod rights;
mod server;
mod serving;
mod submitting;
