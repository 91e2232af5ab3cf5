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
        let places = limits(&read("/proc/self/cgroup").unwrap_or_default());
        let limits = places.iter().filter_map(|path| read(path)?.trim().parse().ok());
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

/// Where the system tells how much it lets a program have that belongs to these groups: under both versions of what
/// it has for that, and in a container, which sees its own group as the first.
fn limits(groups: &str) -> Vec<String> {
    let own = groups.lines().filter_map(|line| match *line.splitn(3, ':').collect::<Vec<_>>() {
        [_, "", path] => Some(format!("/sys/fs/cgroup{path}/memory.max")),
        [_, controllers, path] if controllers.split(',').any(|name| name == "memory") => {
            Some(format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes"))
        }
        _ => None,
    });
    let first = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    own.chain(first.map(str::to_owned)).collect()
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
        let places = limits("12:cpu,memory:/a\n1:name=systemd:/b\n0::/c\n");
        assert_eq!(
            places[..2],
            ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/c/memory.max"]
        );
        assert_eq!(whole("MemTotal:        2048 kB\nMemFree: 1 kB\n"), Some(2 * MIB));
    }
}
