//! `POST /v1/submissions`: takes what a visitor sends, and answers once it is durable.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use candor_protocol::{Code, Receipt, Submission, Timestamp, limits::BODY_BYTES_MAX};
use candor_rules::{SiteTerms, admit};
use tokio::sync::OwnedSemaphorePermit;

use super::{Failure, body, cors, receipts};
use crate::{
    app::{App, Peer},
    key::Use,
    outcome::{Outcome, Pending},
    store::{Directory, Inserted, ReporterHash, StoreError},
};

/// The headers of a submission that matter beyond its body.
struct Envelope {
    headers: HeaderMap,
    body: Bytes,
    /// Its place in the memory that bodies may take, until it is answered.
    room: OwnedSemaphorePermit,
}

enum Accepted {
    New(Receipt),
    Again(Receipt),
}

/// Answers 201 with a receipt for a new submission, 200 with the same receipt for one that is stored already, and a
/// problem for one of which nothing was kept.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let pending = app.metrics.begin();
    let (body, room) = match receive(&app, peer.map(|Extension(peer)| peer), &headers, body).await {
        Ok(received) => received,
        Err(failure) => return refuse(pending, failure),
    };
    // From here on it is ours: a client that goes away does not take the work, or its outcome, with it.
    let accepting = tokio::spawn(async move {
        let begun = tokio::time::Instant::now();
        let outcome = accept(&app, Envelope { headers, body, room }).await;
        app.metrics.accepted_in(begun.elapsed().as_secs_f64());
        answer(pending, outcome)
    });
    accepting.await.unwrap_or_else(|_| Failure::internal(&"accepting a submission panicked").into_response())
}

async fn receive(
    app: &App,
    peer: Option<Peer>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, OwnedSemaphorePermit), Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer, headers, now);
    app.clients.take(client, now).map_err(Failure::rate_limited)?;
    let bytes = body::length(headers).unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    let room = Arc::clone(&app.bodies).try_acquire_many_owned(kib).map_err(|_| Failure::busy())?;
    let body = body::read(headers, body, BODY_BYTES_MAX, app.settings.body_timeout).await?;
    Ok((body, room))
}

async fn accept(app: &App, Envelope { headers, body, room }: Envelope) -> Result<Accepted, Failure> {
    let submission: Submission = body::parse(&body)?;
    drop((body, room));
    let now = app.clock.now();
    let directory = directory(app, &submission, now).await?;
    let site = directory.site(submission.site).ok_or_else(|| Failure::new(Code::UnknownSite))?;
    cors::require_origin(site, &headers)?;
    app.sites.take(site.id, now).map_err(Failure::crowded)?;
    // However much comes in for one site, there is room for the others' reports.
    let _place = app.storing.begin(site.id).ok_or_else(Failure::busy)?;

    // Made from what was read, not from the bytes, so that a retry may space or order its JSON differently.
    let canonical = serde_json::to_vec(&submission).map_err(|error| Failure::internal(&error))?;
    let fingerprint = app.key.hash(Use::Fingerprint, &canonical);
    let (id, reporter) = (submission.id, submission.reporter);
    let gpc = headers.get("sec-gpc").is_some_and(|value| value == "1");
    let terms = SiteTerms { policy: &site.policy, form: &site.form, gpc };
    let admitted = match site.closed_at {
        Some(_) => Err(Failure::new(Code::SiteClosed)),
        None => admit(submission, terms, now).map_err(Failure::from),
    };
    let inserted = match admitted {
        Ok(admitted) => app.store.insert(app.rng.uuid_v7(now), admitted, fingerprint).await?,
        // The policy may have changed, or the site closed, since the first try was stored: then it stays stored, and
        // a retry is told so.
        Err(failure) => app
            .store
            .inserted_before(site.id, id, fingerprint)
            .await?
            .filter(|before| matches!(before, Inserted::Duplicate(_)))
            .ok_or(failure)?,
    };
    let reporter = ReporterHash::of(reporter, &app.key);
    match inserted {
        Inserted::Stored(receipt) => Ok(Accepted::New(receipts::signed(app, receipt, reporter, site).await)),
        Inserted::Duplicate(receipt) => {
            Ok(Accepted::Again(receipts::signed(app, receipt, reporter, site).await))
        }
        Inserted::Mismatch => Err(Failure::new(Code::DuplicateMismatch)),
    }
}

/// The sites as this submission may have found them: another collector may have told of terms that this one has not
/// looked for yet.
async fn directory(app: &App, submission: &Submission, now: Timestamp) -> Result<Arc<Directory>, StoreError> {
    let known = app.store.directory(now).await?;
    match known.site(submission.site) {
        Some(site) if submission.consent.policy > site.policy.version => app.store.directory_anew(now).await,
        _ => Ok(known),
    }
}

fn answer(pending: Pending, outcome: Result<Accepted, Failure>) -> Response {
    let (status, receipt) = match outcome {
        Ok(Accepted::New(receipt)) => {
            pending.settle(Outcome::Stored);
            (StatusCode::CREATED, receipt)
        }
        Ok(Accepted::Again(receipt)) => {
            pending.settle(Outcome::Duplicate);
            (StatusCode::OK, receipt)
        }
        Err(failure) => return refuse(pending, failure),
    };
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(receipt)).into_response()
}

fn refuse(pending: Pending, failure: Failure) -> Response {
    pending.settle(Outcome::Refused(failure.code()));
    failure.into_response()
}
