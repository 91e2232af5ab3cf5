//! `/v1/me`: what visitors do with their own data, with the reporter id as their key.
//!
//! An id that nobody has gets what an id without reports gets: nothing, in the same words and after the same work.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use candor_protocol::{
    Code, Correction, Purpose, Purposes, Restriction, RightsAnswer, limits::BODY_BYTES_MAX,
};
use candor_rules::rights;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Failure, body};
use crate::{
    app::{App, Peer},
    audit::Actor,
    export,
    store::{Outcome, ReporterHash, Scope},
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Whoever holds the reporter id.
struct Visitor {
    who: ReporterHash,
    actor: Actor,
}

/// `GET /v1/me`: all that is kept of the visitor.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let own = app.store.own(visitor.who, visitor.actor, app.clock.now()).await?;
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(export::mine(own))).into_response())
}

/// `GET /v1/me/export`: the same with all files, as a ZIP.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let now = app.clock.now();
    let own = app.store.own(visitor.who, visitor.actor, now).await?;
    let zip = export::archive(&app.store, &app.blobs, own, now).await?;
    let name = HeaderValue::from_static("attachment; filename=\"my-feedback.zip\"");
    let kind = HeaderValue::from_static("application/zip");
    let headers = [
        (header::CACHE_CONTROL, NO_STORE),
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, zip).into_response())
}

/// `PATCH /v1/me/reports/ID`: puts words or contact right.
pub(super) async fn correct(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Path(report): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let report = id(&report)?;
    let correction: Correction = read(&app, &headers, body).await?;
    let now = app.clock.now();
    let held = app.store.held_purposes(visitor.who, report, now).await?.ok_or_else(Failure::not_found)?;
    rights::admit_correction(&correction, &held)?;
    let request = app.rng.uuid_v7(now);
    let outcome = app.store.correct(visitor.who, report, correction, visitor.actor, request, now).await?;
    Ok(answer(outcome.ok_or_else(Failure::not_found)?))
}

/// `DELETE /v1/me/reports/ID`: erases one report. Doing it twice is no mistake.
pub(super) async fn erase_one(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Path(report): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    erase(&app, visitor, Scope::Report(id(&report)?)).await
}

/// `DELETE /v1/me`: erases everything, and the key under which it lies first.
pub(super) async fn erase_all(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    erase(&app, visitor, Scope::Everything).await
}

async fn erase(app: &App, visitor: Visitor, scope: Scope) -> Result<Response, Failure> {
    let now = app.clock.now();
    let outcome = app.store.erase(visitor.who, scope, visitor.actor, app.rng.uuid_v7(now), now).await?;
    app.sweep_blobs().await;
    Ok(answer(outcome))
}

/// `POST /v1/me/withdraw`: takes consent back, and erases what was held by it.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let purposes = purposes(read(&app, &headers, body).await?);
    let outcome = app.store.withdraw(visitor.who, purposes, visitor.actor, app.clock.now()).await?;
    app.sweep_blobs().await;
    Ok(answer(outcome))
}

/// `POST /v1/me/object`: objects to purposes.
pub(super) async fn object(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let purposes = purposes(read(&app, &headers, body).await?);
    Ok(answer(app.store.object(visitor.who, purposes, visitor.actor, app.clock.now()).await?))
}

/// `POST /v1/me/restrict`: keeps a report out of use, or lets it be used again.
pub(super) async fn restrict(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers)?;
    let Restriction { report, restricted } = read(&app, &headers, body).await?;
    let outcome = app.store.restrict(visitor.who, report, restricted, visitor.actor, app.clock.now()).await?;
    Ok(answer(outcome.ok_or_else(Failure::not_found)?))
}

fn visitor(app: &App, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Result<Visitor, Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer.map(|Extension(peer)| peer), headers, now);
    app.rights.take(client, now).map_err(Failure::rate_limited)?;
    let reporter = bearer(headers).ok_or_else(|| Failure::new(Code::Unauthorized))?;
    let who = ReporterHash::of(reporter, &app.key);
    Ok(Visitor { who, actor: Actor::Visitor(who.pseudonym()) })
}

/// The reporter id that a request carries as its bearer token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Uuid> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { token.trim().parse().ok() } else { None }
}

fn id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

async fn read<T: DeserializeOwned>(app: &App, headers: &HeaderMap, body: Body) -> Result<T, Failure> {
    let bytes = body::read(headers, body, BODY_BYTES_MAX, app.settings.body_timeout).await?;
    body::parse(&bytes)
}

fn purposes(Purposes { purposes }: Purposes) -> Vec<Purpose> {
    if purposes.is_empty() { Purpose::ALL.to_vec() } else { purposes }
}

fn answer(Outcome { reports, request }: Outcome) -> Response {
    let status = if request.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(RightsAnswer { reports, request })).into_response()
}
