//! The collector's doors: one file for each, and what they have in common.

mod assets;
mod body;
mod cors;
mod encoded;
mod failure;
mod files;
mod health;
mod link;
mod loader;
mod me;
mod metrics;
mod mine;
mod openapi;
mod paint;
mod receipts;
mod security;
mod sites;
mod submissions;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, patch, post, put},
};
use tower_http::catch_panic::CatchPanicLayer;

pub use encoded::Encoded;
pub(crate) use failure::Failure;
pub(crate) use loader::LoaderCache;

use crate::{app::App, inbox, mail};

/// Every route of a collector.
pub fn router(app: Arc<App>) -> Router {
    let wire = Router::new()
        .route("/v1/submissions", post(submissions::submit).options(cors::preflight))
        .route("/v1/submissions/{submission}/files/{name}", put(files::submit).options(cors::preflight))
        .route("/v1/sites/{site}", get(sites::show).options(cors::preflight))
        .route("/v1/me", get(me::show).delete(me::erase_all).options(cors::preflight))
        .route("/v1/me/export", get(me::take).options(cors::preflight))
        .route("/v1/me/reports/{report}", patch(me::correct).delete(me::erase_one).options(cors::preflight))
        .route("/v1/me/reports/{report}/receipt", get(me::receipt).options(cors::preflight))
        .route("/v1/me/withdraw", post(me::withdraw).options(cors::preflight))
        .route("/v1/me/restrict", post(me::restrict).options(cors::preflight))
        .route("/v1/me/object", post(me::object).options(cors::preflight))
        .route("/v1/rights/link", post(link::ask).options(cors::preflight))
        .route("/v1/rights/session", post(link::exchange).delete(link::end).options(cors::preflight))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), cors::echo));
    Router::new()
        .merge(wire)
        .route("/s/{site}/candor.js", get(loader::show))
        .route("/assets/{file}", get(assets::show))
        .route("/{file}", get(assets::pinned))
        .route("/paint", get(paint::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route("/openapi.json", get(openapi::show))
        .route("/.well-known/security.txt", get(security::show))
        .route("/.well-known/candor-receipt-keys.json", get(receipts::keys))
        .route("/receipt", receipts::page())
        .route(mail::PAGE, get(mine::show).post(mine::ask))
        .route("/", get(|| async { Redirect::to("/inbox") }))
        .merge(inbox::router())
        .fallback(|| async { Failure::not_found() })
        .method_not_allowed_fallback(|| async { Failure::not_found() })
        .layer(CatchPanicLayer::custom(failure::after_panic))
        .layer(middleware::map_response(nosniff))
        .layer(middleware::from_fn(note))
        .with_state(app)
}

/// Nothing that the collector serves is to be taken for something else.
async fn nosniff(mut response: Response) -> Response {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// One line for each request: its route, never its path, for a path may name a report.
async fn note(request: axum::extract::Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<axum::extract::MatchedPath>().cloned();
    let begun = tokio::time::Instant::now();
    let response = next.run(request).await.into_response();
    tracing::debug!(
        %method,
        route = route.as_ref().map_or("-", |route| route.as_str()),
        status = response.status().as_u16(),
        took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}
