//! Figures: what is in the middle, what the slowest hundredth takes, and what the system says of a process.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};

/// Clock ticks of `/proc` in a second, on every Linux that there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The value in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The time below which `share` (0 to 1) of all lie, in milliseconds.
pub(crate) fn share_ms(sorted: &[Duration], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// What a process holds in memory now, and the most that it has held, in bytes.
pub(crate) fn memory_bytes(process: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).context("/proc tells of memory")?;
        let kib = line.split_whitespace().nth(1).context("a field has a value")?;
        Ok::<_, anyhow::Error>(kib.parse::<u64>()? * 1024)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// What a process has made the disk write, in bytes: whole pages, however little of them it changed.
pub(crate) fn written_bytes(process: u32) -> Result<u64> {
    let told = fs::read_to_string(format!("/proc/{process}/io"))?;
    let count = told.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(count.context("/proc tells of writing")?.parse()?)
}

/// The processor time that a process has used, in seconds.
pub(crate) fn processor_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Its name may hold anything, and ends with the last parenthesis.
    let fields = stat.rsplit_once(')').context("/proc tells of time")?.1;
    let ticks = |at| fields.split_whitespace().nth(at).context("a field")?.parse::<f64>().context("ticks");
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Bytes of all files in a folder.
pub(crate) fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum +=
            if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middle_and_slowest_hundredth() {
        assert_eq!(median([3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(share_ms(&times, 0.5).round().to_bits(), 51.0_f64.to_bits());
        assert_eq!(share_ms(&times, 0.99).round().to_bits(), 100.0_f64.to_bits());
        assert!(share_ms(&[], 0.5).is_nan());
    }

    #[test]
    fn the_system_tells_of_this_process() {
        let (now, most) = memory_bytes(std::process::id()).unwrap();
        assert!(now > 0 && most >= now);
        assert!(processor_seconds(std::process::id()).unwrap() >= 0.0);
        assert!(written_bytes(std::process::id()).is_ok());
    }
}
