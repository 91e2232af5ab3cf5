//! How far long work has come: one line that counts up on a terminal, a line now and then elsewhere. On stderr, for
//! stdout is what was asked for.

use std::io::{IsTerminal as _, Write as _, stderr};

/// Tenths of the work after which a line is written where there is no terminal.
const STEPS: u64 = 10;

/// Work whose size was known when it began; it may grow meanwhile.
#[derive(Debug)]
pub(super) struct Progress {
    of: &'static str,
    total: u64,
    told: u64,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(of: &'static str, total: u64) -> Self {
        Self { of, total, told: 0, is_terminal: stderr().is_terminal() }
    }

    /// So much is done. A terminal that has gone away is no reason to stop.
    pub(super) fn at(&mut self, done: u64) {
        let total = self.total.max(done);
        if self.is_terminal {
            const WIDTH: u64 = 30;
            let filled = usize::try_from(done * WIDTH / total.max(1)).unwrap_or_default();
            let _ = write!(stderr(), "\r{:░<30}  {done} of {total} {}", "█".repeat(filled), self.of);
        } else if done == total || done >= self.told + (total / STEPS).max(1) {
            let _ = writeln!(stderr(), "{done} of {total} {}", self.of);
            self.told = done;
        }
    }

    pub(super) fn end(self) {
        if self.is_terminal {
            let _ = writeln!(stderr());
        }
    }
}
