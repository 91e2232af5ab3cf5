//! Signing in and out.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::Code;
use serde::Deserialize;

use super::{
    form::Signed,
    page::{Frame, Trouble, redirect_with, render},
    session::{Session, is_from_here},
};
use crate::{
    app::{App, Peer},
    http::Failure,
    key::Use,
};

#[derive(Template)]
#[template(path = "inbox/sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    email: &'a str,
    fault: Option<&'static str>,
}

/// Said for an unknown address and for a wrong password alike.
const WRONG: &str = "This e-mail address and password do not belong together.";
const OFTEN: &str = "That was too often. Wait a minute, then try again.";
const FOREIGN: &str = "This form was not sent from here. Try again.";
const NO_COOKIE: &str =
    "Your browser did not keep the session. The inbox works over https, and over http only on this machine.";

#[derive(Debug, Deserialize)]
pub(super) struct Welcome {
    #[serde(default)]
    begun: Option<String>,
}

/// The form. Whoever is signed in goes on to the inbox.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Query(welcome): Query<Welcome>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if Session::of(&app, &headers).await?.is_some() {
        return Ok(Redirect::to("/inbox").into_response());
    }
    // A session was begun a moment ago and its cookie is not here.
    Ok(form("", welcome.begun.map(|_| NO_COOKIE)))
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: String,
}

/// Checks address and password, and begins a session.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    sign_in: Result<Form<SignIn>, FormRejection>,
) -> Result<Response, Trouble> {
    let Ok(Form(SignIn { email, password })) = sign_in else {
        return Err(Failure::new(Code::Invalid).into());
    };
    if !is_from_here(&app, &headers) {
        return Ok((StatusCode::FORBIDDEN, form(&email, Some(FOREIGN))).into_response());
    }
    let address = email.trim().to_lowercase();
    let now = app.clock.now();
    let client = app.address_hash(peer.map(|Extension(peer)| peer), &headers, now);
    let account = app.key.hash(Use::Form, address.as_bytes());
    let turns = [client.widened(), account].map(|key| app.sign_ins.take(key, now));
    if let Some(seconds) = turns.into_iter().filter_map(Result::err).max() {
        let retry = [(header::RETRY_AFTER, seconds.to_string())];
        return Ok((StatusCode::TOO_MANY_REQUESTS, retry, form(&email, Some(OFTEN))).into_response());
    }
    let known = app.store.credentials(address).await?;
    let (member, hash) = known.map(|known| (known.member, known.password_hash)).unzip();
    let is_right = app.passwords.check(password, hash).await;
    match member {
        Some(member) if is_right => {
            let cookie = Session::begin(&app, member).await?;
            Ok(redirect_with("/inbox?begun=now", cookie))
        }
        _ => Ok((StatusCode::UNAUTHORIZED, form(&email, Some(WRONG))).into_response()),
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    Signed { session, .. }: Signed,
) -> Result<Response, Trouble> {
    Ok(redirect_with("/inbox/sign-in", session.end(&app).await?))
}

fn form(email: &str, fault: Option<&'static str>) -> Response {
    render(&SignInPage { frame: Frame::of(None), email, fault })
}
