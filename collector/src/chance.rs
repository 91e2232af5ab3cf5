//! What a program cannot make up by itself: the time and randomness, handed in by `main`.

use std::{fmt, sync::Arc};

use candor_protocol::Timestamp;
use uuid::Uuid;

/// Tells the time. Everything that needs it takes one of these; only `main.rs` makes one that reads the machine's.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What time it is. It may jump, also backwards.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Gives bytes that nobody can guess.
#[derive(Clone)]
pub struct Rng(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Rng {
    /// A source that fills what it is given; it must be fit for keys.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// `N` fresh bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A UUID of version 7: sorted by time, so that new rows go to the end of every index.
    #[must_use]
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let unix_ms = u64::try_from(now.unix_ms()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &self.bytes()).into_uuid()
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng")
    }
}
