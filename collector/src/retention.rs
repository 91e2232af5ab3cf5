//! The sweep: takes out what has reached its date, a little at a time, so that reports keep coming in meanwhile.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    chance::Clock,
    store::{Due, Store, StoreError},
};

/// Rows of one sort in one transaction.
const BATCH_ROWS: u32 = 500;
/// How long the background sweep rests between two rounds.
const REST: Duration = Duration::from_secs(300);

/// Deletes all that is due now, batch by batch.
///
/// # Errors
/// The store failed; what went before stays deleted, and the next sweep goes on there.
pub async fn sweep(store: &Store, clock: &Clock, mut swept: impl FnMut(Due)) -> Result<Due, StoreError> {
    let mut sum = Due::default();
    loop {
        let batch = store.sweep(clock.now(), BATCH_ROWS).await?;
        swept(batch);
        sum = sum.plus(batch);
        if batch.total() == 0 {
            return Ok(sum);
        }
    }
}

/// Sweeps again and again, for as long as the collector runs.
pub async fn keep_swept(app: Arc<App>) {
    loop {
        match sweep(&app.store, &app.clock, |batch| app.metrics.swept(batch)).await {
            Ok(sum) if sum.total() > 0 => tracing::info!(rows = sum.total(), "sweep"),
            Ok(_) => {}
            // It is not lost: expired rows are not served, and the next round tries again.
            Err(cause) => tracing::warn!(%cause, "sweep"),
        }
        tokio::time::sleep(REST).await;
    }
}
