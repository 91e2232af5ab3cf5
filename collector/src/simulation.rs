//! A collector's store under random use, beside a model of what it must serve.
//!
//! A run is a list of steps drawn from a seed: submissions and retries, files, rights, holds, requests, sweeps that are
//! killed between rows and blobs, crashes, exchanges of the master key that are interrupted, sites that are closed, opened
//! again and kept for fewer days, a clock that also goes backwards. After each step everything that anybody can be served is compared with the model ([`world`] says how). A
//! run that fails prints its seed and the fewest of its steps that fail alike.
//!
//! It runs on PostgreSQL, too (`CANDOR_TEST_STORE=postgres`): there a crash is the collector's, and what a backup is put
//! back into is a file again.
//!
//! `CANDOR_SIMULATE_RUNS` and `CANDOR_SIMULATE_SEED` ask for more runs, or for others (`cargo xtask simulate`).

mod look;
mod model;
mod step;
mod world;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use step::{Dice, Step};
use world::World;

use crate::store::cluster;

/// Runs in the ordinary test command, and on a server, where each costs as much as dozens.
const RUNS: u64 = 2000;
const RUNS_ON_SERVER: u64 = 48;
/// Steps of one run.
const STEPS: usize = 40;

/// Walks through the steps; the number of the one after which a law was broken, and which.
fn walk(seed: u64, steps: &[Step]) -> Result<(), (usize, String)> {
    let mut at = 0;
    let walked = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(seed).await;
            for step in steps {
                world.take(step).await?;
                world.check(at % 4 == 0).await?;
                at += 1;
            }
            world.settle().await
        })
    }));
    let panicked = |panic: Box<dyn Any + Send>| {
        Err(format!(
            "a panic: {}",
            panic.downcast::<String>().map_or_else(|_| "no words".into(), |words| *words)
        ))
    };
    walked.unwrap_or_else(panicked).map_err(|law| (at, law))
}

/// The fewest steps that still break a law: what comes after the breach goes, then what the breach does not need.
fn shortest(seed: u64, steps: &[Step]) -> (Vec<Step>, String) {
    let cut = |steps: &[Step]| {
        walk(seed, steps).err().map(|(at, law)| (steps[..steps.len().min(at + 1)].to_vec(), law))
    };
    let Some((mut steps, mut law)) = cut(steps) else { return (steps.to_vec(), "not again".into()) };
    let mut at = steps.len();
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        fewer.remove(at);
        if let Some((shorter, broken)) = cut(&fewer) {
            (steps, law) = (shorter, broken);
            at = at.min(steps.len());
        }
    }
    (steps, law)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn laws_hold_whatever_happens_in_whatever_order() {
    let runs = number("CANDOR_SIMULATE_RUNS")
        .unwrap_or_else(|| if cluster::is_asked_for() { RUNS_ON_SERVER } else { RUNS });
    let first = number("CANDOR_SIMULATE_SEED").unwrap_or(1);
    // The runs share nothing, so the machine's cores share them.
    let next = std::sync::atomic::AtomicU64::new(0);
    let broken = std::sync::Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while broken.lock().unwrap().is_none() {
                    let run = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if run >= runs {
                        break;
                    }
                    let seed = first.wrapping_add(run);
                    let steps = Dice::new(seed).steps(STEPS);
                    if walk(seed, &steps).is_err() {
                        *broken.lock().unwrap() = Some((seed, steps));
                    }
                }
            });
        }
    });
    if let Some((seed, steps)) = broken.into_inner().unwrap() {
        let (steps, law) = shortest(seed, &steps);
        let steps: Vec<_> = steps.iter().map(|step| format!("  {step:?}")).collect();
        panic!("seed {seed}: {law}\nafter {} steps:\n{}", steps.len(), steps.join("\n"));
    }
}
