//! `/v1/me`: what visitors do with their own data, with the reporter id as their key, or what a mailed link opened.
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
    Code, Correction, Purpose, Purposes, Restriction, RightsAnswer, Timestamp, limits::BODY_BYTES_MAX,
};
use candor_rules::rights;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Failure, body, link, receipts};
use crate::{
    app::{App, Peer},
    audit::Actor,
    export,
    store::{By, Outcome, Own, ReporterHash, Scope},
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Whoever holds a reporter id, or came by a link that was mailed to them.
struct Visitor(Vec<Theirs>);

/// One reporter of theirs, and how far what they hold reaches.
struct Theirs {
    who: ReporterHash,
    by: By,
}

impl Theirs {
    fn reaches(&self, report: Uuid) -> bool {
        self.by.reports.as_ref().is_none_or(|reports| reports.contains(&report))
    }
}

impl Visitor {
    /// Those reporters whose report it may be.
    fn who_may(&self, report: Uuid) -> impl Iterator<Item = &Theirs> {
        self.0.iter().filter(move |theirs| theirs.reaches(report))
    }

    /// All that is kept of them.
    async fn own(&self, app: &App, now: Timestamp) -> Result<Own, Failure> {
        let mut all = Own::default();
        for Theirs { who, by } in &self.0 {
            let own = app.store.own(*who, by.clone(), now).await?;
            all.reports.extend(own.reports);
            all.requests.extend(own.requests);
            all.objections.extend(own.objections);
        }
        all.reports.sort_by_key(|report| std::cmp::Reverse(report.id));
        all.requests.sort_by_key(|request| std::cmp::Reverse(request.id));
        all.objections.sort_unstable();
        all.objections.dedup();
        Ok(all)
    }
}

/// `GET /v1/me`: all that is kept of the visitor.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let own = visitor(&app, peer, &headers).await?.own(&app, app.clock.now()).await?;
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(export::mine(own))).into_response())
}

/// `GET /v1/me/export`: the same with all files, as a ZIP.
pub(super) async fn take(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let visitor = visitor(&app, peer, &headers).await?;
    let mut archive = export::Archive::default();
    let zip = loop {
        let own = visitor.own(&app, now).await?;
        if let Some(zip) = archive.of(&app.store, &app.blobs, own, now).await? {
            break zip;
        }
    };
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
    let visitor = visitor(&app, peer, &headers).await?;
    let report = id(&report)?;
    let correction: Correction = read(&app, &headers, body).await?;
    let now = app.clock.now();
    for Theirs { who, by } in visitor.who_may(report) {
        let Some(held) = app.store.held_purposes(*who, report, now).await? else { continue };
        rights::admit_correction(&correction, &held)?;
        let request = app.rng.uuid_v7(now);
        let outcome = app.store.correct(*who, report, correction, by.clone(), request, now).await?;
        return Ok(answer(outcome.ok_or_else(Failure::not_found)?));
    }
    Err(Failure::not_found())
}

/// `DELETE /v1/me/reports/ID`: erases one report. Doing it twice is no mistake.
pub(super) async fn erase_one(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Path(report): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let report = id(&report)?;
    let mut sum = Outcome::default();
    for theirs in visitor.who_may(report) {
        erase(&app, theirs, Scope::Report(report), &mut sum).await?;
    }
    app.sweep_blobs().await;
    Ok(answer(sum))
}

/// `DELETE /v1/me`: erases everything, and the key under which it lies first.
pub(super) async fn erase_all(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let mut sum = Outcome::default();
    for theirs in &visitor.0 {
        match &theirs.by.reports {
            None => erase(&app, theirs, Scope::Everything, &mut sum).await?,
            // The key is somebody else's as well.
            Some(reports) => {
                for report in reports {
                    erase(&app, theirs, Scope::Report(*report), &mut sum).await?;
                }
            }
        }
    }
    app.sweep_blobs().await;
    Ok(answer(sum))
}

/// `GET /v1/me/reports/ID/receipt`: the receipt of a report of theirs, as far as it still holds.
pub(super) async fn receipt(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    Path(report): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let (report, now) = (id(&report)?, app.clock.now());
    for Theirs { who, .. } in visitor.who_may(report) {
        let Some(receipt) = app.store.receipt(*who, report, now).await? else { continue };
        let directory = app.store.directory(now).await?;
        let site = directory.site(receipt.site).ok_or_else(Failure::not_found)?;
        let signed = receipts::signed(&app, receipt, *who, site).await;
        return Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(signed)).into_response());
    }
    Err(Failure::not_found())
}

async fn erase(app: &App, theirs: &Theirs, scope: Scope, sum: &mut Outcome) -> Result<(), Failure> {
    let now = app.clock.now();
    let request = app.rng.uuid_v7(now);
    add(sum, app.store.erase(theirs.who, scope, theirs.by.clone(), request, now).await?);
    Ok(())
}

fn add(sum: &mut Outcome, more: Outcome) {
    sum.reports += more.reports;
    sum.request = more.request.or(sum.request.take());
}

/// `POST /v1/me/withdraw`: takes consent back, and erases what was held by it.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let purposes = purposes(read(&app, &headers, body).await?);
    let mut sum = Outcome::default();
    for Theirs { who, by } in visitor.0 {
        add(&mut sum, app.store.withdraw(who, purposes.clone(), by, app.clock.now()).await?);
    }
    app.sweep_blobs().await;
    Ok(answer(sum))
}

/// `POST /v1/me/object`: objects to purposes.
pub(super) async fn object(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let purposes = purposes(read(&app, &headers, body).await?);
    let (now, mut sum) = (app.clock.now(), Outcome::default());
    for Theirs { who, by } in visitor.0 {
        match &by.reports {
            None => add(&mut sum, app.store.object(who, purposes.clone(), by, now).await?),
            // An objection is a reporter's, and this one is somebody else's as well: these reports alone go out of use.
            Some(reports) => {
                for report in reports {
                    let outcome = app.store.restrict(who, *report, true, by.clone(), now).await?;
                    add(&mut sum, outcome.unwrap_or_default());
                }
            }
        }
    }
    Ok(answer(sum))
}

/// `POST /v1/me/restrict`: keeps a report out of use, or lets it be used again.
pub(super) async fn restrict(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let visitor = visitor(&app, peer, &headers).await?;
    let Restriction { report, restricted } = read(&app, &headers, body).await?;
    for Theirs { who, by } in visitor.who_may(report) {
        let outcome = app.store.restrict(*who, report, restricted, by.clone(), app.clock.now()).await?;
        if let Some(outcome) = outcome {
            return Ok(answer(outcome));
        }
    }
    Err(Failure::not_found())
}

async fn visitor(app: &App, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Result<Visitor, Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer.map(|Extension(peer)| peer), headers, now);
    app.rights.take(client, now).map_err(Failure::rate_limited)?;
    if let Some(reporter) = bearer(headers) {
        let who = ReporterHash::of(reporter, &app.key);
        return Ok(Visitor(vec![Theirs { who, by: Actor::Visitor(who.pseudonym()).into() }]));
    }
    let refused = || Failure::new(Code::Unauthorized);
    let session = bearer_text(headers).and_then(link::hash).ok_or_else(refused)?;
    let opened = app.store.linked(session, now).await?.ok_or_else(refused)?;
    let theirs = opened.whose.iter().map(|one| Theirs { who: one.reporter, by: one.by(opened.site) });
    Ok(Visitor(theirs.collect()))
}

/// The reporter id that a request carries as its bearer token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Uuid> {
    bearer_text(headers)?.parse().ok()
}

/// What a request carries as its bearer token.
pub(super) fn bearer_text(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

pub(super) async fn read<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
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
