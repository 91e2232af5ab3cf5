//! `candor`: the command line, the real clock and the real source of randomness.

mod commands;

use std::process::ExitCode;

use candor_collector::chance::{Clock, Rng};
use candor_protocol::Timestamp;
use clap::Parser as _;

fn main() -> ExitCode {
    let line = commands::CommandLine::parse();
    match commands::run(line, clock(), rng()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain in one sentence: what was to be done, and why it was not.
            eprintln!("candor: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the program's clock is made")]
fn clock() -> Clock {
    use std::time::{SystemTime, UNIX_EPOCH};
    Clock::new(|| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    })
}

fn rng() -> Rng {
    Rng::new(|bytes| getrandom::fill(bytes).expect("a system without randomness cannot keep secrets"))
}
