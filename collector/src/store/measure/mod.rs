//! What the store costs as it grows: measurements that `cargo xtask bench` runs. They assert nothing about time.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "they measure, and say what")]

mod fill;
mod growth;
mod search;
mod sweep;

use std::time::Duration;

/// A number that `cargo xtask bench` hands over.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The time below which so many of a hundred lie, in milliseconds.
fn share_ms(took: &mut [Duration], hundredths: usize) -> f64 {
    took.sort_unstable();
    let at = (took.len() * hundredths / 100).min(took.len().saturating_sub(1));
    took.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// What this process holds in memory, in megabytes.
fn memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
}

/// The processor time that this process has used, in milliseconds, to the next ten.
fn processor_ms() -> f64 {
    const TICK_MS: f64 = 10.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Its name may hold anything, and ends with the last parenthesis.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() * TICK_MS
}
