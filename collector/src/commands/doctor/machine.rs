//! What the collector finds on its machine: settings, widget files, time, the data folder and its disk, keys.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use candor_collector::{
    chance::{Clock, Rng},
    key::{InstanceKey, KEY_FILE, KEY_VARIABLE},
    shelf::Shelf,
    store::Store,
    vault::{MASTER_KEY_FILE, MASTER_KEY_VARIABLE, MasterKeys},
};
use clap::CommandFactory as _;
use tokio::time::Instant;

use super::{Findings, Settings, size};
use crate::commands::CommandLine;

/// Free bytes below which there is trouble, and below which it is near.
const FREE_MIN: u64 = 100_000_000;
const FREE_LOW: u64 = 1_000_000_000;
/// Writes by which the disk is timed, as long as a small report.
const WRITES: usize = 9;
const WRITE_BYTES: usize = 4096;
/// Each answer waits for one of these.
const SLOW: Duration = Duration::from_millis(20);
/// 2026-01-01: no clock that is right says less.
const PAST_MS: i64 = 1_767_225_600_000;

/// Where settings come from, without what they say.
pub(super) fn settings(settings: &Settings, findings: &mut Findings) {
    let command = CommandLine::command();
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into()))
        .collect();
    let keys = [KEY_VARIABLE, MASTER_KEY_VARIABLE].map(str::to_owned);
    let mut given: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("CANDOR_"))
        .collect();
    given.sort_unstable();
    let (used, unknown): (Vec<_>, Vec<_>) =
        given.into_iter().partition(|name| known.contains(name) || keys.contains(name));
    let file = settings.file().map_or("no file".into(), |path| path.display().to_string());
    let used = if used.is_empty() { String::new() } else { format!(", and {}", used.join(", ")) };
    findings.ok("settings", format!("{file}{used}"));
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        findings.warn("settings", format!("{names}: no such setting"), "`candor --help` lists them");
    }
}

/// Whether all that browsers fetch is there.
pub(super) fn assets(settings: &Settings, findings: &mut Findings) {
    let from = settings.assets.as_ref().map_or("in the program".into(), |path| path.display().to_string());
    match Shelf::open(settings.assets.as_deref()) {
        Ok(_) => findings.ok("widget", format!("its files are whole, {from}")),
        Err(error) => findings.fail(
            "widget",
            error.to_string(),
            "take a released program, or build with `cargo xtask dist`",
        ),
    }
}

/// Whether the clock can be right.
pub(super) fn clock(clock: &Clock, findings: &mut Findings) {
    let now = clock.now();
    if now.unix_ms() < PAST_MS {
        let advice = "set it, and keep it right with NTP: what may be kept until when depends on it";
        findings.fail("clock", format!("it says {now}"), advice);
    } else {
        findings.ok("clock", now.to_string());
    }
}

/// The data folder and its disk; whether there is a folder that can be written.
pub(super) fn folder(settings: &Settings, rng: &Rng, findings: &mut Findings) -> bool {
    let folder = settings.data();
    let name = folder.display();
    let metadata = match fs::metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            findings.fail("folder", format!("{name} is no folder"), "name another with --data");
            return false;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && settings.database.is_none() => {
            findings.warn(
                "folder",
                format!("{name} is not there"),
                "`candor serve` makes it; or name another with --data",
            );
            return false;
        }
        Err(error) => {
            findings.fail("folder", format!("{name}: {error}"), "make it, for the user that runs candor");
            return false;
        }
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        let says = format!("{name} belongs to user {}, and this is another", metadata.uid());
        findings.warn("folder", says, "run candor, and this command, as the user whose folder it is");
    } else if mode & 0o077 != 0 {
        let says = format!("{name}: others may look into it ({mode:o})");
        findings.warn("folder", says, format!("chmod 700 {name}"));
    } else {
        findings.ok("folder", name.to_string());
    }
    disk(&folder, rng, findings)
}

/// Whether it can be written durably, how fast, and how much room there is.
fn disk(folder: &Path, rng: &Rng, findings: &mut Findings) -> bool {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let says = format!("{} free", size(free));
            let advice =
                "make room: when none is left, reports are refused as storage-full until there is some";
            if free < FREE_MIN {
                findings.fail("disk", says, advice);
            } else if free < FREE_LOW {
                findings.warn("disk", says, advice);
            } else {
                findings.ok("disk", says);
            }
        }
        Err(error) => findings.warn("disk", format!("its room is not known: {error}"), "look with `df`"),
    }
    match durable_write(folder, rng) {
        Ok(took) => {
            let says = format!("a write is durable after {:.2} ms", took.as_secs_f64() * 1000.0);
            if took > SLOW {
                findings.warn(
                    "disk",
                    says,
                    "each answer waits for one: a local SSD takes a few milliseconds",
                );
            } else {
                findings.ok("disk", says);
            }
            true
        }
        Err(error) => {
            let advice = "let the user that runs candor write there";
            findings.fail("disk", format!("{} cannot be written: {error}", folder.display()), advice);
            false
        }
    }
}

/// How long a small write takes until it is durable, in the middle of several.
fn durable_write(folder: &Path, rng: &Rng) -> io::Result<Duration> {
    let path = folder.join(format!("doctor.{:x}", u64::from_le_bytes(rng.bytes())));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let mut write = || {
        let begun = Instant::now();
        file.write_all(&[0; WRITE_BYTES])?;
        file.sync_data()?;
        Ok(begun.elapsed())
    };
    let took: io::Result<Vec<Duration>> = (0..WRITES).map(|_| write()).collect();
    let removed = fs::remove_file(&path);
    let mut took = took?;
    removed?;
    took.sort_unstable();
    Ok(took[WRITES / 2])
}

/// Whether both keys are there and fit to be used; none is made.
pub(super) fn keys(settings: &Settings, rng: &Rng, findings: &mut Findings) -> bool {
    let folder = settings.data();
    let instance = std::env::var(KEY_VARIABLE).ok().filter(|_| settings.database.is_some());
    let instance = look(KEY_VARIABLE, instance, &folder.join(KEY_FILE), &|text| match text {
        Some(text) => InstanceKey::parse(text).map(drop).map_err(str::to_owned),
        None => InstanceKey::open_or_create(&folder, rng).map(drop).map_err(|error| error.to_string()),
    });
    let master = std::env::var(MASTER_KEY_VARIABLE).ok();
    let master = look(MASTER_KEY_VARIABLE, master, &folder.join(MASTER_KEY_FILE), &|text| match text {
        Some(text) => MasterKeys::parse(text).map(drop).map_err(str::to_owned),
        None => MasterKeys::open_or_create(&folder, rng).map(drop).map_err(|error| error.to_string()),
    });
    let is_needed = settings.database.is_some()
        || Store::knows_keys(&folder).is_ok_and(|(instance, master)| instance || master);
    let mut are_fit = true;
    for key in [instance, master] {
        match key {
            Ok(says) => findings.ok("keys", says),
            Err((says, advice)) if advice.is_empty() && is_needed => {
                are_fit = false;
                let advice =
                    "restore it from where you keep it: without it nothing is read, and nothing starts";
                findings.fail("keys", says, advice);
            }
            Err((says, advice)) if advice.is_empty() => {
                are_fit = false;
                findings.warn(
                    "keys",
                    says,
                    "`candor serve` makes it; then keep a copy where the backups are not",
                );
            }
            Err((says, advice)) => {
                are_fit = false;
                findings.fail("keys", says, advice);
            }
        }
    }
    are_fit
}

/// What there is to say of one key; else what is wrong, and what to do unless it is only not there yet.
fn look(
    variable: &str,
    given: Option<String>,
    path: &Path,
    read: &dyn Fn(Option<&str>) -> Result<(), String>,
) -> Result<String, (String, String)> {
    let name = path.display();
    match given {
        Some(text) => match read(Some(&text)) {
            Ok(()) => Ok(format!("{variable} is one")),
            Err(error) => Err((format!("{variable}: {error}"), "restore it from where you keep it".into())),
        },
        // Read only what is there: reading would make it otherwise.
        None if path.exists() => match read(None) {
            Ok(()) => Ok(format!("{name} is for its owner alone")),
            Err(error) => Err((error, format!("chmod 600 {name}, or restore it from where you keep it"))),
        },
        None => Err((format!("{name} is not there"), String::new())),
    }
}
