//! How many collectors share the database, for what each of them lets through is its part of a limit that holds for all.
//!
//! Each counts its beats in a table. Another one is there as long as its count goes on; nobody's clock is asked.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use uuid::Uuid;

use crate::app::App;

/// Time between two beats.
const BEAT: Duration = Duration::from_secs(2);
/// Own beats after which another's count that has not gone on belongs to one that is no more.
const BEATS_PATIENCE: u32 = 5;

/// The number of collectors that share a limit; 1 for one that is by itself.
#[derive(Clone, Debug)]
pub struct Company(Arc<AtomicU32>);

impl Default for Company {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(1)))
    }
}

impl Company {
    /// How many there are, at least 1.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed).max(1)
    }

    /// Says that there are so many.
    pub fn set(&self, count: u32) {
        self.0.store(count, Ordering::Relaxed);
    }
}

/// What one collector has seen of the others' counts.
#[derive(Debug, Default)]
struct Others(HashMap<Uuid, Seen>);

#[derive(Debug)]
struct Seen {
    beats: i64,
    unchanged: u32,
}

impl Others {
    /// Takes in the counts as they are at a beat of ours. Says how many others there are, and which count has ended.
    fn look(&mut self, counts: &[(Uuid, i64)]) -> (u32, Vec<(Uuid, i64)>) {
        self.0.retain(|id, _| counts.iter().any(|(known, _)| known == id));
        for &(id, beats) in counts {
            let seen = self.0.entry(id).or_insert(Seen { beats, unchanged: 0 });
            seen.unchanged = if seen.beats == beats { seen.unchanged + 1 } else { 0 };
            seen.beats = beats;
        }
        let is_gone = |seen: &Seen| seen.unchanged > BEATS_PATIENCE;
        let gone: Vec<_> =
            self.0.iter().filter(|(_, seen)| is_gone(seen)).map(|(id, seen)| (*id, seen.beats)).collect();
        let there = u32::try_from(self.0.len() - gone.len()).unwrap_or(u32::MAX);
        (there, gone)
    }
}

/// Counts and looks at the others' counts, for as long as the collector runs. One with a database of its own has none,
/// until it moves.
pub async fn keep_company(app: Arc<App>) {
    while !app.store.is_shared() {
        tokio::time::sleep(BEAT).await;
    }
    let own = app.id;
    let mut others = Others::default();
    let mut gone = Vec::new();
    loop {
        // Without the database nobody stores anything, so it does not matter how many they are.
        match app.store.beat(own, gone.clone()).await {
            Ok(counts) => {
                let there;
                (there, gone) = others.look(&counts);
                let count = there.saturating_add(1);
                if count != app.company.count() {
                    tracing::info!(count, "collectors on this database");
                }
                app.company.set(count);
                app.metrics.shared_by(count);
            }
            Err(cause) => tracing::warn!(%cause, "counting the collectors on this database"),
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// Says good-bye to the others, who would notice by themselves a little later.
pub async fn leave(app: &App) {
    if app.store.is_shared()
        && let Err(cause) = app.store.end_beats(app.id).await
    {
        tracing::info!(%cause, "leaving the collectors on this database");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_goes_on_counting_is_there_and_whoever_does_not_is_gone_after_a_while() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let mut others = Others::default();
        for beat in 0..10 {
            assert_eq!(others.look(&[(a, beat), (b, -beat)]), (2, vec![]), "in whatever direction");
        }
        for _ in 0..BEATS_PATIENCE {
            assert_eq!(others.look(&[(a, 9), (b, 9)]).0, 2, "a slow database is no death");
        }
        assert_eq!(others.look(&[(a, 9), (b, 10)]), (1, vec![(a, 9)]));
        assert_eq!(others.look(&[(a, 10), (b, 11)]), (2, vec![]), "it was only slow");
        assert_eq!(others.look(&[(b, 12)]), (1, vec![]), "it has said good-bye");
    }
}
