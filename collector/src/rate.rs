//! How often somebody may come: token buckets, in memory, under hashed keys.
//!
//! They run on the collector's own clock, which may jump: forwards fills a bucket, backwards only stops its filling.
//! Where several collectors share the work, each lets its part of the limit through: what would have to be shared to count
//! together is which address came where, and that leaves no collector's memory.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use candor_protocol::Timestamp;

use crate::company::Company;

/// Buckets in memory at most; beyond it the full ones are forgotten, for a bucket that is full says nothing.
const BUCKETS_MAX: usize = 100_000;

/// What a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a minute; 0 means that nothing is limited.
    pub per_minute: u32,
    /// Tokens of a full bucket.
    pub burst: u32,
}

/// One bucket for each key.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    company: Company,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl<K: Eq + Hash> Limiter<K> {
    /// All buckets full, of a rate that holds for all of the `company` together.
    #[must_use]
    pub fn new(rate: Rate, company: Company) -> Self {
        Self { rate, company, buckets: Mutex::default() }
    }

    /// Takes a token from the bucket of `key`.
    ///
    /// # Errors
    /// It is empty; the number of seconds, at least 1, until there is one again.
    pub fn take(&self, key: K, now: Timestamp) -> Result<(), u32> {
        if self.rate.per_minute == 0 {
            return Ok(());
        }
        let own = self.rate.among(self.company.count());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| !own.is_full(*bucket, now));
            if buckets.len() >= BUCKETS_MAX {
                // A crowd of this size is an attack, and memory has to end somewhere: begin anew.
                buckets.clear();
            }
        }
        let full = Bucket { tokens: own.burst, filled_at: now };
        let bucket = buckets.entry(key).or_insert(full);
        *bucket = Bucket { tokens: own.tokens(*bucket, now), filled_at: now };
        if bucket.tokens < 1.0 {
            let seconds = (1.0 - bucket.tokens) * 60.0 / own.per_minute;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number of seconds, positive"
            )]
            return Err(seconds.ceil().max(1.0) as u32);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

impl Rate {
    /// One collector's part. Everybody gets at least one through.
    fn among(self, count: u32) -> Part {
        let count = f64::from(count);
        Part {
            per_minute: f64::from(self.per_minute) / count,
            burst: (f64::from(self.burst) / count).max(1.0),
        }
    }
}

/// What one collector lets through of a [`Rate`].
#[derive(Clone, Copy, Debug)]
struct Part {
    per_minute: f64,
    burst: f64,
}

impl Part {
    fn tokens(self, bucket: Bucket, now: Timestamp) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a bucket is full long before milliseconds get coarse"
        )]
        let passed_ms = now.ms_since(bucket.filled_at).max(0) as f64;
        (bucket.tokens + passed_ms * self.per_minute / 60_000.0).min(self.burst)
    }

    fn is_full(self, bucket: Bucket, now: Timestamp) -> bool {
        self.tokens(bucket, now) >= self.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_000_000_000 + seconds * 1000)
    }

    #[test]
    fn burst_goes_through_and_then_one_for_each_token() {
        let limiter = Limiter::new(Rate { per_minute: 6, burst: 2 }, Company::default());
        assert_eq!(limiter.take('a', at(0)), Ok(()));
        assert_eq!(limiter.take('a', at(0)), Ok(()));
        assert_eq!(limiter.take('a', at(0)), Err(10));
        assert_eq!(limiter.take('b', at(0)), Ok(()), "another key has its own bucket");
        assert_eq!(limiter.take('a', at(9)), Err(1));
        assert_eq!(limiter.take('a', at(10)), Ok(()));
        assert_eq!(limiter.take('a', at(10)), Err(10));
    }

    #[test]
    fn clock_that_is_set_back_locks_nobody_out() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 1 }, Company::default());
        assert_eq!(limiter.take('a', at(1_000_000)), Ok(()));
        assert_eq!(limiter.take('a', at(0)), Err(1));
        assert_eq!(limiter.take('a', at(1)), Ok(()));
    }

    #[test]
    fn no_rate_means_no_limit() {
        let limiter = Limiter::new(Rate { per_minute: 0, burst: 0 }, Company::default());
        assert!((0..1000).all(|_| limiter.take('a', at(0)).is_ok()));
    }

    #[test]
    fn in_company_each_lets_its_part_through() {
        let company = Company::default();
        let limiter = Limiter::new(Rate { per_minute: 6, burst: 6 }, company.clone());
        company.set(3);
        assert_eq!([0; 3].map(|_| limiter.take('a', at(0)).is_ok()), [true, true, false]);
        assert_eq!(limiter.take('a', at(0)), Err(30), "two come back in a minute");
        company.set(1);
        assert_eq!(limiter.take('a', at(10)), Ok(()), "whoever is left alone lets all through");
        company.set(100);
        assert_eq!(limiter.take('b', at(10)), Ok(()), "nobody is shut out by their number");
    }
}
