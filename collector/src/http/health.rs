//! `GET /healthz` and `GET /readyz`: whether the program runs, and whether it can store.

use std::sync::Arc;

use axum::extract::State;

use super::Failure;
use crate::app::App;

/// The program runs.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// A row was just written, made durable and read back; else the problem that submissions would get.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    app.store.probe().await?;
    Ok("ready\n")
}
