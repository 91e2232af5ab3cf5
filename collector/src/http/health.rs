//! `GET /healthz` and `GET /readyz`: whether the program runs, and whether it can store.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use candor_protocol::Timestamp;

use super::Failure;
use crate::app::App;

/// The program runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Milliseconds for which one proof is enough: asking often must not wear out the disk.
const PROOF_MS: i64 = 1000;
/// The same for the blobs: a bucket counts its writes, and somebody pays for them.
const BLOB_PROOF_MS: i64 = 30_000;

/// A row was written within the last second, made durable and read back; else the problem that submissions would get.
/// Where no files can be kept it is ready all the same, for words can, and says so: if all collectors share a bucket, its
/// loss must not take them all away from their balancer.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<String, Failure> {
    let now = app.clock.now();
    if !is_recent(&app.ready_at, now, PROOF_MS) {
        app.store.probe().await?;
        note(&app.ready_at, now);
    }
    if !is_recent(&app.blobs_ready_at, now, BLOB_PROOF_MS) {
        if let Err(error) = app.blobs.probe().await {
            return Ok(format!(
                "ready for words; files are refused: {}\n",
                Failure::from(error).code().as_str()
            ));
        }
        note(&app.blobs_ready_at, now);
    }
    Ok("ready\n".into())
}

fn is_recent(proven_at: &Mutex<Option<Timestamp>>, now: Timestamp, ms: i64) -> bool {
    let proven_at = *proven_at.lock().unwrap_or_else(PoisonError::into_inner);
    proven_at.is_some_and(|at| (0..ms).contains(&now.ms_since(at)))
}

fn note(proven_at: &Mutex<Option<Timestamp>>, now: Timestamp) {
    *proven_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
}
