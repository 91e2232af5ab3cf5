//! Load on a collector that runs as a program of its own, and is known by HTTP and its files alone.

mod client;
mod cluster;
pub mod faults;
pub mod floor;
pub mod ingest;
mod measure;
mod server;
mod silence;
mod visitor;

pub use server::Kind;
