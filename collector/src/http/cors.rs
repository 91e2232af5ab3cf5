//! Which pages may read our answers: those of our sites' own origins, each named exactly.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use candor_protocol::Code;

use super::Failure;
use crate::{app::App, store::Site};

/// Seconds for which a browser may remember a preflight's answer.
const PREFLIGHT_SECONDS: u32 = 600;

/// Refuses a request of a page that is not one of the site's.
pub(super) fn require_origin(site: &Site, headers: &HeaderMap) -> Result<(), Failure> {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    match origin {
        Some(origin) if site.origins.iter().any(|allowed| allowed == origin) => Ok(()),
        _ => Err(Failure::new(Code::OriginRefused)),
    }
}

/// Names the page's origin in the answer, if any site has it. Which site's data the page may have, the handler says:
/// an origin that is known may at least read why it was refused.
pub(super) async fn echo(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = allowed(&app, origin).await;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag, Retry-After"));
    }
    response
}

/// Answers a browser that asks before it sends.
pub(super) async fn preflight(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if allowed(&app, headers.get(header::ORIGIN).cloned()).await.is_none() {
        return Failure::new(Code::OriginRefused).into_response();
    }
    const ANSWER: [(HeaderName, HeaderValue); 2] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("DELETE, GET, PATCH, POST, PUT")),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type, If-None-Match, Repr-Digest"),
        ),
    ];
    let mut response = (StatusCode::NO_CONTENT, ANSWER).into_response();
    response.headers_mut().insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS.into());
    response
}

async fn allowed(app: &App, origin: Option<HeaderValue>) -> Option<HeaderValue> {
    let origin = origin?;
    let directory = app.store.directory(app.clock.now()).await.ok()?;
    let known = origin.to_str().is_ok_and(|origin| directory.knows_origin(origin));
    known.then_some(origin)
}
