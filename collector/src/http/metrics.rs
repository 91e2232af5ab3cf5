//! `GET /metrics`: the figures, for Prometheus.

use std::sync::Arc;

use axum::{extract::State, http::header, response::IntoResponse};

use crate::app::App;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers with all figures.
pub(super) async fn show(State(app): State<Arc<App>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")], app.metrics.text())
}
