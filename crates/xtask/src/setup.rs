//! Installs what the other commands need, where it may, and says exactly what to run where it may not.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    browser::{Browser, Package},
    node::Tools,
    place::Place,
    run,
    step::Step,
    wasm,
};

/// What a widget build needs from rustup: the target to compile for, and std's source to rebuild it for size.
pub(crate) fn rust(place: &Place) -> Result<()> {
    let sysroot = wasm::sysroot()?;
    let mut wanted: Vec<[&str; 3]> = Vec::new();
    if !wasm::has_target(&sysroot) {
        wanted.push(["target", "add", wasm::TARGET]);
    }
    if !wasm::has_std_source(&sysroot) {
        wanted.push(["component", "add", "rust-src"]);
    }
    for arguments in wanted {
        let step = Step::start(format!("rustup {}", arguments.join(" ")));
        if run::which("rustup").is_none() {
            bail!("this Rust was not installed by rustup; add to it: {}", arguments.join(" "));
        }
        run::quiet(Command::new("rustup").args(arguments).current_dir(&place.root))?;
        step.done();
    }
    Ok(())
}

/// The npm tools, and node itself where the system's package manager has it.
pub(crate) fn tools(place: &Place) -> Result<()> {
    if Tools::find(place).ready() {
        return Ok(());
    }
    let mut missing = Vec::new();
    for program in ["node", "npm"] {
        if run::which(program).is_none() {
            missing.push(Package::Apt(if program == "node" { "nodejs" } else { "npm" }));
        }
    }
    install(place, &missing)?;
    Tools::install(place)
}

/// The browsers given, with their drivers and what these need.
pub(crate) fn browsers(place: &Place, browsers: &[Browser]) -> Result<()> {
    let missing: Vec<Package> = browsers.iter().flat_map(|browser| browser.missing(place)).collect();
    install(place, &missing)
}

/// The servers that the tests start for themselves (the database, and the balancer before several collectors), and what
/// does to programs what happens to machines.
pub(crate) fn servers(place: &Place) -> Result<()> {
    let debians = fs::read_dir("/usr/lib/postgresql");
    let has_database = debians
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").exists()))
        || run::which("initdb").is_some();
    // Debian keeps it where only root looks.
    let has_balancer = Path::new("/usr/sbin/nginx").exists() || run::which("nginx").is_some();
    let wanted = [
        (has_database, Package::Apt("postgresql")),
        (has_balancer, Package::Apt("nginx-light")),
        (run::which("strace").is_some(), Package::Apt("strace")),
        (run::which("faketime").is_some(), Package::Apt("faketime")),
    ];
    let missing: Vec<_> =
        wanted.into_iter().filter(|(is_there, _)| !is_there).map(|(_, package)| package).collect();
    install(place, &missing)
}

fn install(place: &Place, missing: &[Package]) -> Result<()> {
    let mut names: Vec<&str> = missing
        .iter()
        .filter_map(|package| match package {
            Package::Apt(name) => Some(*name),
            Package::Cargo { .. } => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        apt(&names)?;
    }
    for package in missing {
        if let Package::Cargo { name, version } = *package {
            let step = Step::start(format!("cargo install {name} {version}"));
            run::loud(
                run::cargo()
                    // Unoptimised: it hands on a few messages a second, and takes a fraction of the time to build.
                    .args(["install", "--quiet", "--locked", "--debug", "--version", version, name])
                    .arg("--root")
                    .arg(place.target.join("tools"))
                    .env("CARGO_TARGET_DIR", place.target.join("tools/build"))
                    .env("CARGO_PROFILE_DEV_DEBUG", "none"),
            )?;
            fs::remove_dir_all(place.target.join("tools/build")).ok();
            step.done();
        }
    }
    Ok(())
}

/// Installs system packages as root or through a password-less sudo, on Debian and its kin.
fn apt(names: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install --no-install-recommends {}", names.join(" "));
    if run::which("apt-get").is_none() {
        bail!(
            "missing on this machine (names as Debian has them): {}\nInstall them with your package manager and run this again.",
            names.join(" ")
        );
    }
    let prefix: &[&str] = if nix::unistd::geteuid().is_root() {
        &[]
    } else if run::quiet(Command::new("sudo").args(["-n", "true"])).is_ok() {
        &["sudo", "-n"]
    } else {
        bail!(
            "these packages are missing and need your password; run:\n\n    sudo {by_hand}\n\nand this again."
        )
    };
    let step = Step::start(format!("apt-get install {}", names.join(" ")));
    let attempt = |arguments: &[&str]| -> Result<Vec<u8>> {
        let words: Vec<&str> =
            prefix.iter().copied().chain(["apt-get"]).chain(arguments.iter().copied()).collect();
        let (program, rest) = words.split_first().context("there is a program")?;
        run::quiet(Command::new(program).args(rest).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let arguments: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(names.iter().copied()).collect();
    // The lists of a fresh image are empty or old: ask for them only if the first try needs it.
    if attempt(&arguments).is_err() {
        attempt(&["update"])?;
        attempt(&arguments).with_context(|| format!("run by hand to see more: {by_hand}"))?;
    }
    step.done();
    Ok(())
}
