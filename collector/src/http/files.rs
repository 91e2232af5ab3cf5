//! `PUT /v1/submissions/ID/files/NAME?purpose=picture|attachment`: takes a file that follows a stored submission, and
//! answers once it is durable.
//!
//! The words are a report already: whatever becomes of a file, they stay.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use candor_protocol::{
    Code, Kept, Purpose, StoredFile,
    limits::{ATTACHMENT_BYTES_MAX, FILE_BYTES_PER_SECOND_MIN},
};
use candor_rules::{AdmittedFile, Offer, Present, Refusal, admit_file, file_bytes_max};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Failure, body, me::bearer};
use crate::{
    app::{App, Peer},
    blobs::BlobName,
    key::Use,
    outcome::{Outcome, Pending},
    picture::NotCleaned,
    store::{FiledReport, InsertedFile, NewFile, Site},
    uploads::{self, Crowded},
    visitor::AddressHash,
};

/// How often a file is judged again because its report changed, or its bytes were being taken away, meanwhile.
const TRIES: usize = 40;
/// What to wait before another try.
const PAUSE: Duration = Duration::from_millis(25);
/// Seconds after which a client that sends too many files at once may try again.
const CROWDED_SECONDS: u32 = 5;
/// Characters of a media type: twice 127 and a slash (RFC 6838 §4.2).
const MEDIA_TYPE_CHARS_MAX: usize = 255;
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// What the head of the request says.
#[derive(Clone)]
struct Asked {
    submission: Uuid,
    reporter: Uuid,
    name: String,
    purpose: Purpose,
    media_type: String,
    digest: [u8; 32],
    sites: Vec<Arc<Site>>,
}

/// A place among the files that are on their way in, to be held until the file is kept.
type Place = uploads::Place<AddressHash>;

enum Accepted {
    New(Kept),
    Again(Kept),
}

/// Answers 201 for a new file, 200 for one that is stored already, and a problem for one of which nothing was kept.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let pending = app.metrics.begin_file();
    let peer = peer.map(|Extension(peer)| peer);
    let (asked, mut place) = match judge_head(&app, peer, path, query.as_deref(), &headers).await {
        Ok(judged) => judged,
        Err(failure) => {
            body::discard(&headers, body, app.settings.body_timeout).await;
            return refuse(pending, failure);
        }
    };
    let bytes = match receive(&app, (&asked, &mut place), &headers, body).await {
        Ok(bytes) => bytes,
        Err(failure) => return refuse(pending, failure),
    };
    // From here on it is ours: a client that goes away does not take the work, or its outcome, with it.
    let accepting = tokio::spawn(async move {
        let count = bytes.len() as u64;
        let outcome = accept(&app, &asked, bytes).await;
        drop(place);
        answer(pending, asked, count, outcome)
    });
    accepting.await.unwrap_or_else(|_| Failure::internal(&"accepting a file panicked").into_response())
}

/// All that can be said before the bytes have travelled: who asks for what, and whether it could be stored.
async fn judge_head(
    app: &App,
    peer: Option<Peer>,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<(Asked, Place), Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer, headers, now);
    app.files.take(client, now).map_err(Failure::rate_limited)?;
    let reporter = bearer(headers).ok_or_else(|| Failure::new(Code::Unauthorized))?;
    let Path((submission, name)) =
        path.map_err(|_| Refusal::field(Code::Invalid, "name", "a file name in UTF-8, percent-encoded"))?;
    let submission = submission.parse().map_err(|_| Failure::not_found())?;
    let purpose = purpose(query)
        .ok_or_else(|| Refusal::field(Code::Invalid, "purpose", "purpose=picture or purpose=attachment"))?;
    let media_type = media_type(headers)
        .ok_or_else(|| Refusal::field(Code::UnsupportedMedia, "content-type", "the file's media type"))?;
    let digest = digest(headers).ok_or_else(|| {
        Refusal::field(Code::Invalid, "repr-digest", "sha-256=:…: with the SHA-256 of the file in base64")
    })?;
    let sites = sites_of_page(app, headers).await?;
    let asked = Asked { submission, reporter, name, purpose, media_type, digest, sites };
    let (report, site) = find(app, &asked).await?;
    // One that is stored already is answered as such, whatever has changed since.
    if report.files.iter().all(|file| file.name != asked.name) {
        judge(app, &asked, &report, &site, body::length(headers).unwrap_or(0) as u64)?;
    }
    let place = app.uploads.begin(client).map_err(crowded)?;
    Ok((asked, place))
}

fn crowded(crowded: Crowded) -> Failure {
    match crowded {
        Crowded::ByClient => Failure::rate_limited(CROWDED_SECONDS),
        Crowded::ByAll => Failure::busy(),
    }
}

/// The whole file, within its bounds of size and time and with the digest that it was announced with.
async fn receive(
    app: &App,
    (asked, place): (&Asked, &mut Place),
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Failure> {
    let bytes_max = asked.sites.iter().filter_map(|site| file_bytes_max(asked.purpose, &site.form)).max();
    let bytes_max = bytes_max.and_then(|most| usize::try_from(most).ok()).unwrap_or(ATTACHMENT_BYTES_MAX);
    let announced = body::length(headers).unwrap_or(bytes_max).min(bytes_max);
    let timeout =
        app.settings.body_timeout + Duration::from_secs(announced as u64 / FILE_BYTES_PER_SECOND_MIN);
    let room = |bytes| place.grow(bytes).map_err(crowded);
    let bytes = body::read_raw(headers, body, bytes_max, timeout, room).await?;
    let hashed = bytes.clone();
    let arrived: [u8; 32] = tokio::task::spawn_blocking(move || Sha256::digest(&hashed).into())
        .await
        .map_err(|error| Failure::internal(&error))?;
    if arrived != asked.digest {
        return Err(
            Refusal::field(Code::Invalid, "repr-digest", "the digest of the bytes that arrived").into()
        );
    }
    Ok(bytes)
}

/// Cleans and stores. A blob that was written for a row that was then refused may go at once.
async fn accept(app: &App, asked: &Asked, bytes: Bytes) -> Result<Accepted, Failure> {
    let mut written = None;
    let outcome = store(app, asked, bytes, &mut written).await;
    if let (Err(_), Some(blob)) = (&outcome, written)
        && let Err(cause) = app.store.note_blobs(vec![blob], app.clock.now()).await
    {
        // The walk over all blobs finds it.
        tracing::warn!(%cause, "a refused file's blob is left to the next walk");
    }
    outcome
}

/// Blob first, then the row that names it. `written` is the blob, as soon as there is one.
async fn store(
    app: &App,
    asked: &Asked,
    bytes: Bytes,
    written: &mut Option<BlobName>,
) -> Result<Accepted, Failure> {
    let fingerprint = fingerprint(app, asked);
    let arrived = bytes.len() as u64;
    // What has been cleaned takes the place of what has arrived: both together would be twice as much.
    let (mut bytes, mut cleaned) = (Some(bytes), None);
    for _ in 0..TRIES {
        let (report, site) = find(app, asked).await?;
        let known = report.files.iter().find(|file| file.name == asked.name);
        if known.is_some_and(|file| file.fingerprint != fingerprint) {
            return Err(Failure::new(Code::DuplicateMismatch));
        }
        if let Some(known) = known
            && app.blobs.has(known.blob).await?
        {
            return Ok(Accepted::Again(known.kept));
        }
        let admitted = match known {
            Some(_) => None,
            None => Some(judge(app, asked, &report, &site, arrived)?),
        };
        let content = match &cleaned {
            Some(content) => Bytes::clone(content),
            None => cleaned.insert(clean(app, asked, bytes.take().unwrap_or_default()).await?).clone(),
        };
        let purpose = known.map_or(asked.purpose, |file| file.kept.purpose);
        let seal = app.store.file_seal(report.id, purpose, &asked.name).await?;
        let seal = seal.ok_or_else(Failure::not_found)?;
        let count = content.len() as u64;
        let content = seal.seal(content).await?;
        let blob = app.blobs.keep(content.clone()).await?;
        *written = Some(blob);
        let (Some(admitted), None) = (admitted, known) else {
            // Its row was there and its bytes were not. Now they are.
            continue;
        };
        let new = NewFile { report: report.id, blob, bytes: count, fingerprint };
        match app.store.insert_file(admitted, new, app.clock.now()).await? {
            InsertedFile::Stored(kept) => {
                keep_named(app, blob, content).await?;
                return Ok(Accepted::New(kept));
            }
            InsertedFile::Duplicate(kept) => {
                keep_named(app, blob, content).await?;
                return Ok(Accepted::Again(kept));
            }
            InsertedFile::Mismatch => return Err(Failure::new(Code::DuplicateMismatch)),
            InsertedFile::Changed => {}
            InsertedFile::Going => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(Failure::busy())
}

/// A sweep may have taken the blob away in the moment before the row named it. From now on none will.
async fn keep_named(app: &App, blob: BlobName, content: Bytes) -> Result<(), Failure> {
    if !app.blobs.has(blob).await? {
        app.blobs.keep(content).await?;
    }
    Ok(())
}

/// What is to be kept of the bytes: of a picture only the picture, of an attachment all.
async fn clean(app: &App, asked: &Asked, bytes: Bytes) -> Result<Bytes, Failure> {
    if asked.purpose != Purpose::Picture {
        return Ok(bytes);
    }
    app.pictures.clean(bytes, &asked.media_type).await.map_err(|why| match why {
        NotCleaned::Busy => Failure::busy(),
        NotCleaned::Unfit(fault) => {
            Failure::with(Code::PictureInvalid, fault.to_string(), Some("body".to_owned()))
        }
    })
}

/// The report, and the site it belongs to. Another reporter's, an expired one and none at all look the same.
async fn find(app: &App, asked: &Asked) -> Result<(FiledReport, Arc<Site>), Failure> {
    let sites = asked.sites.iter().map(|site| site.id).collect();
    let found = app.store.filed_report(sites, asked.submission, asked.reporter, app.clock.now()).await?;
    let report = found.ok_or_else(Failure::not_found)?;
    let site = asked.sites.iter().find(|site| site.id == report.site).ok_or_else(Failure::not_found)?;
    Ok((report, Arc::clone(site)))
}

fn judge(
    app: &App,
    asked: &Asked,
    report: &FiledReport,
    site: &Site,
    bytes: u64,
) -> Result<AdmittedFile, Failure> {
    if site.closed_at.is_some() {
        return Err(Failure::new(Code::SiteClosed));
    }
    let attachments = report.files.iter().filter(|file| file.kept.purpose == Purpose::Attachment).count();
    let present =
        Present { granted: &report.granted, form: &site.form, files: report.files.len(), attachments };
    let offer = Offer { name: &asked.name, purpose: asked.purpose, media_type: &asked.media_type, bytes };
    Ok(admit_file(offer, present, app.clock.now())?)
}

/// The sites whose pages the request may come from.
async fn sites_of_page(app: &App, headers: &HeaderMap) -> Result<Vec<Arc<Site>>, Failure> {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    let directory = app.store.directory(app.clock.now()).await?;
    let has_origin = |site: &&Arc<Site>| site.origins.iter().any(|allowed| allowed == origin);
    let sites: Vec<_> = directory.sites().into_iter().filter(has_origin).map(Arc::clone).collect();
    if sites.is_empty() { Err(Failure::new(Code::OriginRefused)) } else { Ok(sites) }
}

/// The same bytes sent as something else are another file.
fn fingerprint(app: &App, asked: &Asked) -> [u8; 32] {
    let said = [asked.purpose.as_str().as_bytes(), b"\0", asked.media_type.as_bytes(), b"\0", &asked.digest];
    app.key.hash(Use::Fingerprint, &said.concat())
}

fn purpose(query: Option<&str>) -> Option<Purpose> {
    query?.split('&').find_map(|field| field.strip_prefix("purpose=")).and_then(Purpose::from_name)
}

/// The media type without its parameters, lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let essence = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    let (kind, subtype) = essence.split_once('/')?;
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let is_type = essence.len() <= MEDIA_TYPE_CHARS_MAX && is_token(kind) && is_token(subtype);
    is_type.then(|| essence.to_ascii_lowercase())
}

/// The SHA-256 in `Repr-Digest` (RFC 9530), among other digests where there are any.
fn digest(headers: &HeaderMap) -> Option<[u8; 32]> {
    let fields = headers.get_all(REPR_DIGEST).iter().filter_map(|value| value.to_str().ok());
    let mut members = fields.flat_map(|field| field.split(',')).map(str::trim);
    let encoded = members.find_map(|member| member.strip_prefix("sha-256=:")?.strip_suffix(':'))?;
    STANDARD.decode(encoded).ok()?.try_into().ok()
}

fn answer(pending: Pending, asked: Asked, bytes: u64, outcome: Result<Accepted, Failure>) -> Response {
    let (status, kept) = match outcome {
        Ok(Accepted::New(kept)) => {
            pending.settle(Outcome::Stored);
            (StatusCode::CREATED, kept)
        }
        Ok(Accepted::Again(kept)) => {
            pending.settle(Outcome::Duplicate);
            (StatusCode::OK, kept)
        }
        Err(failure) => return refuse(pending, failure),
    };
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    let stored = StoredFile { name: asked.name, purpose: kept.purpose, bytes, until: kept.until };
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(stored)).into_response()
}

fn refuse(pending: Pending, failure: Failure) -> Response {
    pending.settle(Outcome::Refused(failure.code()));
    failure.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        [(name, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    #[test]
    fn digest_is_found_among_others_and_nothing_else_is_one() {
        let empty = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
        let expected: [u8; 32] = Sha256::digest(b"").into();
        for value in [empty.to_owned(), format!("sha-512=:AAAA:, {empty}"), format!("{empty},unixsum=:AA==:")]
        {
            assert_eq!(digest(&with(REPR_DIGEST, &value)), Some(expected), "{value}");
        }
        for value in ["", "sha-256=::", "sha-256=:AAAA:", "sha-256=47DEQpj8", "md5=:AAAA:", "sha-256=:!:"] {
            assert_eq!(digest(&with(REPR_DIGEST, value)), None, "{value}");
        }
        assert_eq!(digest(&HeaderMap::new()), None);
    }

    #[test]
    fn media_type_is_read_without_parameters_and_never_guessed() {
        let read = |value| media_type(&with(header::CONTENT_TYPE, value));
        assert_eq!(read("Image/PNG; a=b").as_deref(), Some("image/png"));
        for value in ["", "png", "image/", "/png", "image/p ng", "image/png/x", "a/b<script>"] {
            assert_eq!(read(value), None, "{value}");
        }
        assert_eq!(read(&format!("text/{}", "x".repeat(251))), None);
    }

    #[test]
    fn bearer_is_a_uuid() {
        let id = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";
        assert_eq!(bearer(&with(header::AUTHORIZATION, &format!("bearer {id}"))), id.parse().ok());
        for value in [id.to_owned(), format!("Basic {id}"), "Bearer ".into(), "Bearer x".into()] {
            assert_eq!(bearer(&with(header::AUTHORIZATION, &value)), None, "{value}");
        }
    }
}
