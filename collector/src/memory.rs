//! How much memory there is, and how much of it what comes in may take.
//!
//! A submission is small and bounded in number. Files are not, so their parts follow from what the machine has, or the
//! container that the collector runs in: it lives with 64 MB, and lets more in at once where there is more.

use std::fs;

use candor_protocol::limits::{ATTACHMENT_BYTES_MAX, PICTURE_PIXELS_MAX};

const MIB: u64 = 1024 * 1024;
/// What is assumed where the system does not say.
const ASSUMED: u64 = 1024 * MIB;
/// Memory for each pixel that may be decoded at the same time: a decoder takes some six of these bytes, and it is not to
/// be alone.
const BYTES_PER_PIXEL: u64 = 16;
/// A phone's screen; smaller pictures are taken by every machine.
const PIXELS_MIN: u64 = 4_000_000;
/// What files on their way in take together, at most.
const UPLOADS_MAX: u64 = 128 * MIB;

/// The bytes of memory that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(u64);

impl Default for Memory {
    fn default() -> Self {
        Self(ASSUMED)
    }
}

impl Memory {
    /// What this machine has, or lets this container have.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let group = read("/proc/self/cgroup").and_then(|told| Some(own_group(&told)?.to_owned()));
        let limit = group.and_then(|group| read(&format!("/sys/fs/cgroup{group}/memory.max")));
        let limits = [limit, read("/sys/fs/cgroup/memory.max")].into_iter().flatten();
        let limits = limits.filter_map(|limit| limit.trim().parse().ok());
        let whole = read("/proc/meminfo").and_then(|told| whole(&told));
        limits.chain(whole).min().map_or_else(Self::default, Self)
    }

    /// Bytes of files that may be on their way in together: the largest one fits.
    pub(crate) fn uploads_bytes(self) -> usize {
        let largest = ATTACHMENT_BYTES_MAX as u64;
        usize::try_from((self.0 / 8).clamp(largest, UPLOADS_MAX)).unwrap_or(usize::MAX)
    }

    /// Pixels that may be decoded together. A picture that has more is refused.
    pub(crate) fn decoded_pixels(self) -> u64 {
        (self.0 / BYTES_PER_PIXEL).clamp(PIXELS_MIN, PICTURE_PIXELS_MAX)
    }
}

/// The group of processes that this one belongs to, by which the system bounds memory.
fn own_group(told: &str) -> Option<&str> {
    told.lines().find_map(|line| line.strip_prefix("0::"))
}

/// All of the machine's, as the system tells it.
fn whole(told: &str) -> Option<u64> {
    let kib = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?;
    Some(kib.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_machines_take_less_at_once_and_every_machine_takes_the_largest_attachment() {
        let [small, middling, large] = [64, 512, 65_536].map(|mib| Memory(mib * MIB));
        assert_eq!(small.uploads_bytes(), ATTACHMENT_BYTES_MAX);
        assert_eq!(middling.uploads_bytes() as u64, 64 * MIB);
        assert_eq!(large.uploads_bytes() as u64, UPLOADS_MAX);
        assert_eq!(small.decoded_pixels(), 4_194_304);
        assert_eq!(large.decoded_pixels(), PICTURE_PIXELS_MAX);
        assert_eq!(
            own_group("1:cpu:/a\n0::/system.slice/candor.service\n"),
            Some("/system.slice/candor.service")
        );
        assert_eq!(whole("MemTotal:        2048 kB\nMemFree: 1 kB\n"), Some(2 * MIB));
    }
}
