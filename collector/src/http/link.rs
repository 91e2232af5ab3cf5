//! `/v1/rights`: a link by mail for whoever is known by an address, and what it is exchanged for.
//!
//! Whether anything is known of an address, no answer tells: what is asked is written down, answered, and looked up
//! afterwards.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use candor_protocol::{Code, LINK_MINUTES, LinkAsked, LinkRequest, LinkSession, LinkToken};
use candor_rules::is_email;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Failure,
    me::{bearer_text, read},
};
use crate::{
    app::{App, Peer},
    language::Language,
    mail::Errand,
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const MINUTE_MS: i64 = 60_000;

/// `POST /v1/rights/link`: asks for a link.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let LinkRequest { site, email, locale } = read(&app, &headers, body).await?;
    let language = locale.as_deref().and_then(Language::of).unwrap_or_default();
    order(&app, peer, &headers, site, &email, language).await?;
    let told = Json(LinkAsked { minutes: LINK_MINUTES });
    Ok((StatusCode::ACCEPTED, [(header::CACHE_CONTROL, NO_STORE)], told).into_response())
}

/// Takes the errand, whoever's the address is.
pub(super) async fn order(
    app: &App,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
    site: Uuid,
    email: &str,
    language: Language,
) -> Result<(), Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer.map(|Extension(peer)| peer), headers, now);
    app.links.take(client, now).map_err(Failure::rate_limited)?;
    if app.store.directory(now).await?.site(site).is_none() {
        return Err(Failure::new(Code::UnknownSite));
    }
    let email = email.trim().to_owned();
    if !is_email(&email) {
        return Err(Failure::with(Code::Invalid, "an e-mail address".into(), Some("email".into())));
    }
    if app.settings.mail.is_none() {
        return Err(Failure::with(Code::Unavailable, "no mail is sent from here".into(), None));
    }
    if app.errands.take(Errand::Link { site, email, language }) { Ok(()) } else { Err(Failure::busy()) }
}

/// `POST /v1/rights/session`: exchanges what stands behind the `#` of a link, once.
pub(super) async fn exchange(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let client = app.address_hash(peer.map(|Extension(peer)| peer), &headers, now);
    app.rights.take(client, now).map_err(Failure::rate_limited)?;
    let LinkToken { token } = read(&app, &headers, body).await?;
    let refused = || Failure::new(Code::Unauthorized);
    let token = hash(&token).ok_or_else(refused)?;
    let bearer: [u8; 32] = app.rng.bytes();
    let until = now.plus_ms(i64::from(LINK_MINUTES) * MINUTE_MS);
    let site = app.store.exchange_link(token, Sha256::digest(bearer).into(), until, now).await?;
    let site = site.ok_or_else(refused)?;
    let session = Json(LinkSession { bearer: URL_SAFE_NO_PAD.encode(bearer), until, site });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, NO_STORE)], session).into_response())
}

/// `DELETE /v1/rights/session`: ends what a link opened. Doing it twice is no mistake.
pub(super) async fn end(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(session) = bearer_text(&headers).and_then(hash) {
        app.store.end_link(session).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The hash under which a token is known; `None` for what cannot be one.
pub(super) fn hash(token: &str) -> Option<[u8; 32]> {
    let token: [u8; 32] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    Some(Sha256::digest(token).into())
}
