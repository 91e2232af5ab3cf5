//! `GET /healthz` and `GET /readyz`: whether the program runs, and whether it can store.

use std::sync::{Arc, PoisonError};

use axum::extract::State;

use super::Failure;
use crate::app::App;

/// The program runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Milliseconds for which one proof is enough: asking often must not wear out the disk.
const PROOF_MS: i64 = 1000;

/// A row was written within the last second, made durable and read back; else the problem that submissions would get.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    let now = app.clock.now();
    let proven_at = *app.ready_at.lock().unwrap_or_else(PoisonError::into_inner);
    if proven_at.is_none_or(|at| !(0..PROOF_MS).contains(&now.ms_since(at))) {
        app.store.probe().await?;
        *app.ready_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
    Ok("ready\n")
}
