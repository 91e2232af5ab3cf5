//! A program that a journey started, and that ends with it.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::sync::oneshot;

/// How long a program may take until it says that it is ready. Generous: two slow cores run it beside others.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running program. Dropped, it and all that it started are killed, by process id.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program and waits for the line of its stdout in which `ready` finds what it looks for.
    ///
    /// # Errors
    /// It does not start, ends early, or never says that line; the error quotes what it said instead.
    pub(crate) async fn start<T: Send + 'static>(
        mut command: Command,
        ready: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let said = Arc::new(Mutex::new(String::new()));
        let (send, receive) = oneshot::channel();
        let mut send = Some(send);
        let stdout = child.stdout.take().context("stdout is piped")?;
        drain(stdout, Arc::clone(&said), move |line| {
            if let Some(found) = ready(line)
                && let Some(send) = send.take()
            {
                send.send(found).ok();
            }
        });
        let stderr = child.stderr.take().context("stderr is piped")?;
        drain(stderr, Arc::clone(&said), |_| {});
        let process = Self { child, name, said };
        match tokio::time::timeout(READY_WITHIN, receive).await {
            Ok(Ok(found)) => Ok((process, found)),
            Ok(Err(_)) => bail!("{} ended before it was ready:\n{}", process.name, process.said()),
            Err(_) => bail!("{} did not get ready:\n{}", process.name, process.said()),
        }
    }

    /// Everything it has said so far.
    #[must_use]
    pub(crate) fn said(&self) -> String {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Asks it to end, as an operator would, and waits until it has.
    ///
    /// # Errors
    /// It ended otherwise than with success.
    pub(crate) async fn stop(mut self) -> Result<()> {
        signal(self.child.id(), Signal::SIGTERM);
        let deadline = tokio::time::sleep(READY_WITHIN);
        tokio::pin!(deadline);
        loop {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("{} did not stop well ({status}):\n{}", self.name, self.said());
                }
                return Ok(());
            }
            tokio::select! {
                () = &mut deadline => bail!("{} does not stop:\n{}", self.name, self.said()),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // Collected before the first is killed: afterwards nobody could tell whose children they were.
        for id in family(self.child.id()) {
            signal(id, Signal::SIGKILL);
        }
        self.child.wait().ok();
        if thread::panicking() {
            eprintln!("{} said:\n{}", self.name, self.said());
        }
    }
}

fn drain(
    stream: impl Read + Send + 'static,
    said: Arc<Mutex<String>>,
    mut each: impl FnMut(&str) + Send + 'static,
) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            each(&line);
            if let Ok(mut said) = said.lock() {
                said.push_str(&line);
                said.push('\n');
            }
        }
    });
}

/// The process and all that descend from it.
fn family(root: u32) -> Vec<u32> {
    let listing = Command::new("ps").args(["-axo", "pid=,ppid="]).output();
    let listing =
        listing.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let pairs: Vec<(u32, u32)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found
}

fn signal(id: u32, signal: Signal) {
    if let Ok(id) = i32::try_from(id) {
        // It may have ended by itself: nothing to do then.
        kill(Pid::from_raw(id), signal).ok();
    }
}
