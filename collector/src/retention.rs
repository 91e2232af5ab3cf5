//! The sweep: takes out what has reached its date, a little at a time, so that reports keep coming in meanwhile.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    app::App,
    blobs::{BlobError, Blobs},
    chance::Clock,
    store::{Due, Store, StoreError, Walk},
};

/// Rows of one sort in one transaction.
const BATCH_ROWS: u32 = 500;
/// Rows of a sweep's first batch, and of its smallest.
const FIRST_ROWS: u32 = 64;
const FEWEST_ROWS: u32 = 8;
/// A batch that takes longer is followed by a smaller one, for whatever else is to be written waits as long; one that
/// takes less than half of it by a larger one.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// How long the background sweep rests between two rounds.
const REST: Duration = Duration::from_secs(300);

/// Rounds of the background sweep after which it looks for strays again: about once a day, and as it begins.
const STRAYS_ROUNDS: u32 = 288;
/// Milliseconds that a blob without a row is left alone once it was seen: somebody may be about to write the row.
const STRAY_MS: i64 = 3_600_000;

/// Why a sweep stopped. What it had deleted before stays deleted, and the next one goes on there.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// At the rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// At the blobs.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Deletes all that is due now, batch by batch: rows first, then the blobs that no row names any more.
///
/// # Errors
/// The store or the blobs failed.
pub async fn sweep(
    store: &Store,
    blobs: &Blobs,
    clock: &Clock,
    mut swept: impl FnMut(Due),
) -> Result<Due, SweepError> {
    let (mut sum, mut walk, mut rows) = (Due::default(), Walk::default(), FIRST_ROWS);
    loop {
        let begun = Instant::now();
        let anonymised = store.anonymise_due(clock.now(), rows, &mut walk).await?;
        let mut batch = store.sweep(clock.now(), rows, &mut walk).await?;
        rows = next_rows(rows, begun.elapsed());
        batch.anonymised = anonymised;
        if walk.is_over() || batch.has_files() {
            batch.blobs = sweep_blobs(store, blobs, clock).await?;
        }
        swept(batch);
        sum = sum.plus(batch);
        if walk.is_over() && batch.blobs == 0 {
            store.note_sweep(clock.now()).await?;
            return Ok(sum);
        }
        // As long as it took: whatever else is to be written has half of the writer's time at least.
        tokio::time::sleep(begun.elapsed()).await;
    }
}

/// How many rows the next batch looks at after one of so many took so long.
fn next_rows(rows: u32, took: Duration) -> u32 {
    if took > BATCH_TIME {
        (rows / 2).max(FEWEST_ROWS)
    } else if took < BATCH_TIME / 2 {
        (rows * 2).min(BATCH_ROWS)
    } else {
        rows
    }
}

impl App {
    /// Takes the blobs away that no row names since something was erased. What fails here the next sweep does.
    pub(crate) async fn sweep_blobs(&self) {
        if let Err(cause) = sweep_blobs(&self.store, &self.blobs, &self.clock).await {
            tracing::warn!(%cause, "taking away what was erased");
        }
    }
}

/// Takes away a batch of blobs that no row names, and says how many they were.
///
/// # Errors
/// The store or the blobs failed.
pub async fn sweep_blobs(store: &Store, blobs: &Blobs, clock: &Clock) -> Result<u64, SweepError> {
    let claimed = store.claim_blobs(clock.now(), BATCH_ROWS).await?;
    for blob in &claimed {
        blobs.remove(*blob).await?;
    }
    let count = claimed.len() as u64;
    if count > 0 {
        store.give_up_blobs(claimed).await?;
    }
    Ok(count)
}

/// Walks over all blobs and notes those that no row names: what a collector wrote that ended before it wrote the row.
/// A sweep takes them an hour later.
///
/// # Errors
/// The store or the blobs failed.
pub async fn note_strays(store: &Store, blobs: &Blobs, clock: &Clock) -> Result<(), SweepError> {
    for shard in 0..=u8::MAX {
        for names in blobs.names(shard).await?.chunks(BATCH_ROWS as usize) {
            store.note_blobs(names.to_vec(), clock.now().plus_ms(STRAY_MS)).await?;
        }
    }
    Ok(())
}

/// Gives older messages their words, batch by batch, until all have them.
pub async fn keep_found(app: Arc<App>) {
    loop {
        match app.store.catch_up_words(BATCH_ROWS).await {
            Ok(0) => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(cause) => {
                tracing::warn!(%cause, "making older reports ready for the search");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Sweeps again and again, for as long as the collector runs.
pub async fn keep_swept(app: Arc<App>) {
    for round in 0.. {
        if round % STRAYS_ROUNDS == 0
            && let Err(cause) = note_strays(&app.store, &app.blobs, &app.clock).await
        {
            tracing::warn!(%cause, "looking for stray blobs");
        }
        match sweep(&app.store, &app.blobs, &app.clock, |batch| app.metrics.swept(batch)).await {
            Ok(sum) if sum.total() > 0 => tracing::info!(rows = sum.total(), "sweep"),
            Ok(_) => {}
            // It is not lost: expired rows are not served, and the next round tries again.
            Err(cause) => tracing::warn!(%cause, "sweep"),
        }
        tokio::time::sleep(REST).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_quick_and_shrink_when_they_hold_others_up() {
        let quick = Duration::from_millis(1);
        assert_eq!((next_rows(64, quick), next_rows(400, quick)), (128, 500));
        assert_eq!(next_rows(64, BATCH_TIME), 64);
        let slow = BATCH_TIME * 3;
        assert_eq!((next_rows(64, slow), next_rows(10, slow), next_rows(8, slow)), (32, 8, 8));
    }
}
