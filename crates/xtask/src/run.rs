//! Runs other programs so that a failure shows what they said, and so that none outlives us.

use std::{
    io,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Process ids of the long-running children that an interrupt has to take along.
static CHILDREN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// `cargo`, the same one that started us, with the crate-specific variables of our own run taken away:
/// left in place they make build scripts of other crates run again.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let crate_specific =
            name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
        if crate_specific {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end with its output on our stderr (stdout is kept for results).
pub(crate) fn loud(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs to the end in silence and returns its stdout; what it said is in the error if it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed ({})\n{}{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

/// The same with text given on stdin.
pub(crate) fn filter(command: &mut Command, input: &str) -> Result<String> {
    use io::Write as _;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    let written = writer.join();
    if !output.status.success() {
        bail!("{} failed ({})\n{}", shown(command), output.status, String::from_utf8_lossy(&output.stderr));
    }
    written.ok().context("the writing thread ended early")??;
    Ok(String::from_utf8(output.stdout)?)
}

/// Starts a child in its own process group, so that a terminal's Ctrl-C reaches only us and
/// [`on_interrupt_kill_children`] can end the whole tree, browsers included.
pub(crate) fn spawn_guarded(command: &mut Command) -> Result<Child> {
    use std::os::unix::process::CommandExt as _;
    let child = command
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if let Ok(mut children) = CHILDREN.lock() {
        children.push(child.id());
    }
    Ok(child)
}

/// Waits for a child of [`spawn_guarded`]; afterwards its id is no longer ours to signal.
pub(crate) fn wait_guarded(mut child: Child) -> Result<std::process::ExitStatus> {
    let status = child.wait()?;
    if let Ok(mut children) = CHILDREN.lock() {
        children.retain(|id| *id != child.id());
    }
    Ok(status)
}

/// From here on SIGINT, SIGTERM and SIGHUP end what [`spawn_guarded`] started, then us.
pub(crate) fn on_interrupt_kill_children() -> Result<()> {
    ctrlc::set_handler(|| {
        let roots = CHILDREN.lock().map(|children| children.clone()).unwrap_or_default();
        for id in family(&roots) {
            signal(id, Signal::SIGTERM);
        }
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")
}

/// Is there a program of this name on the PATH?
pub(crate) fn which(name: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The processes given and all that descend from them.
fn family(roots: &[u32]) -> Vec<u32> {
    let listing = Command::new("ps").args(["-axo", "pid=,ppid="]).output();
    let listing = listing.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    descendants(&listing, roots)
}

fn descendants(listing: &str, roots: &[u32]) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect();
    let mut found = roots.to_vec();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(pairs.iter().filter(|(id, of)| *of == parent && !roots.contains(id)).map(|(id, _)| *id));
        next += 1;
    }
    found
}

fn signal(id: u32, signal: Signal) {
    if let Ok(id) = i32::try_from(id) {
        // The process may have ended by itself: nothing to do then.
        kill(Pid::from_raw(id), signal).ok();
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grandchildren_belong_to_the_family_and_strangers_do_not() {
        let listing = "  1 0\n 10 1\n 11 10\n 12 11\n 20 1\n";
        assert_eq!(descendants(listing, &[10]), [10, 11, 12]);
    }

    #[test]
    fn a_failing_program_is_quoted_in_the_error() {
        let error = quiet(Command::new("sh").args(["-c", "echo because >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("because"), "{error}");
    }

    #[test]
    fn text_goes_in_and_comes_out() {
        assert_eq!(filter(&mut Command::new("cat"), "stars").unwrap(), "stars");
    }
}
