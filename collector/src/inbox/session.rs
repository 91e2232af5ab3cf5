//! Who is looking: the cookie, and the proof that a form came from our own page.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use candor_protocol::Timestamp;
use cookie::{Cookie, SameSite};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::page::Trouble;
use crate::{
    app::App,
    audit::{Act, Actor, Entry},
    key::Use,
    store::{SignedIn, StoreError},
};

/// `__Host-`: set by this very host, over a secure connection, for all of it.
const COOKIE: &str = "__Host-candor-session";
/// Hours after which a member signs in again.
const HOURS: i64 = 12;

/// A member who is signed in, by the session that says so.
#[derive(Debug)]
pub(super) struct Session {
    /// Who it is.
    pub(super) signed_in: SignedIn,
    /// What every form of theirs carries.
    pub(super) form_token: String,
    token_hash: [u8; 32],
}

/// The session of whoever is signed in; everybody else is sent to sign in.
impl FromRequestParts<Arc<App>> for Session {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Trouble> {
        Self::of(app, &parts.headers).await?.ok_or(Trouble::SignedOut)
    }
}

impl Session {
    /// The session of a request, if it has one that has not ended.
    pub(super) async fn of(app: &App, headers: &HeaderMap) -> Result<Option<Self>, StoreError> {
        let Some(token) = token(headers) else { return Ok(None) };
        let token_hash = Sha256::digest(&token).into();
        let signed_in = app.store.session(token_hash, app.clock.now()).await?;
        let form_token = URL_SAFE_NO_PAD.encode(app.key.hash(Use::Form, &token_hash));
        Ok(signed_in.map(|signed_in| Self { signed_in, form_token, token_hash }))
    }

    /// Begins a session; the answer carries its cookie.
    pub(super) async fn begin(app: &App, member: Uuid) -> Result<HeaderValue, StoreError> {
        let token: [u8; 32] = app.rng.bytes();
        let now = app.clock.now();
        let until: Timestamp = now.plus_ms(HOURS * 3_600_000);
        app.store.open_session(Sha256::digest(token).into(), member, now, until).await?;
        Ok(set(&URL_SAFE_NO_PAD.encode(token), cookie::time::Duration::hours(HOURS)))
    }

    /// Ends it; the answer takes the cookie away.
    pub(super) async fn end(self, app: &App) -> Result<HeaderValue, StoreError> {
        app.store.close_session(self.token_hash).await?;
        Ok(set("", cookie::time::Duration::ZERO))
    }

    /// Writes down what the member is about to be shown.
    pub(super) async fn note(
        &self,
        app: &App,
        act: Act,
        site: Option<Uuid>,
        subject: String,
    ) -> Result<(), StoreError> {
        let actor = Actor::Member(self.signed_in.member);
        app.store.note(Entry { at: app.clock.now(), actor, act, site, subject, why: None }).await
    }

    /// Whether a form carries this session's token.
    pub(super) fn owns_form(&self, token: &str) -> bool {
        self.form_token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Whether a request that changes something was sent by one of our own pages. Browsers say so in `Sec-Fetch-Site`;
/// those that do not, in `Origin`.
pub(crate) fn is_from_here(app: &App, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => match &app.settings.public_origin {
            Some(own) => origin == own,
            None => {
                let authority = origin.split_once("://").map(|(_, authority)| authority);
                authority.is_some() && authority == text(header::HOST)
            }
        },
        (None, None) => false,
    }
}

fn token(headers: &HeaderMap) -> Option<Vec<u8>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let ours = cookies.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == COOKIE)?;
    URL_SAFE_NO_PAD.decode(ours.value()).ok()
}

fn set(value: &str, age: cookie::time::Duration) -> HeaderValue {
    let cookie = Cookie::build((COOKIE, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(age)
        .build();
    HeaderValue::try_from(cookie.to_string()).expect("a base64 value makes a header value")
}
