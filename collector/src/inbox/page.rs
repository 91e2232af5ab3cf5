//! What all pages of the inbox have in common.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};

use super::style;
use crate::{export::ExportError, http::Failure, store::StoreError};

/// What the frame around each page needs.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The style sheet's address.
    pub(super) style: &'static str,
    /// The icon's address.
    pub(super) icon: &'static str,
    /// The signed-in member's address, form token and open requests, where somebody is signed in.
    pub(super) member: Option<(String, String, u32)>,
    /// The room that the page is in.
    pub(super) here: &'static str,
}

impl Frame {
    pub(super) fn of(session: Option<&super::session::Session>) -> Self {
        Self {
            style: style::SHEET.path(),
            icon: style::ICON.path(),
            member: session.map(|session| {
                let signed_in = &session.signed_in;
                (signed_in.email.clone(), session.form_token.clone(), signed_in.open_requests)
            }),
            here: "",
        }
    }

    /// The same in a room of the inbox.
    pub(super) fn at(self, here: &'static str) -> Self {
        Self { here, ..self }
    }
}

/// Why a page cannot be shown.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody is signed in.
    SignedOut,
    /// Something that the member can do something about, in words.
    Said(StatusCode, &'static str),
    /// Something else; told in a page of its own.
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ExportError> for Trouble {
    fn from(error: ExportError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut => Redirect::to("/inbox/sign-in").into_response(),
            Self::Said(status, said) => {
                let page =
                    TroublePage { frame: Frame::of(None), title: "This was not done", said: Some(said) };
                (status, render(&page)).into_response()
            }
            Self::Failed(failure) => {
                let problem = failure.problem();
                let status =
                    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let page = TroublePage { frame: Frame::of(None), title: &problem.title, said: None };
                (status, render(&page)).into_response()
            }
        }
    }
}

#[derive(Template)]
#[template(path = "inbox/trouble.html")]
struct TroublePage<'a> {
    frame: Frame,
    title: &'a str,
    said: Option<&'static str>,
}

/// The page as an answer.
pub(super) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => Failure::internal(&error).into_response(),
    }
}

/// Sends the browser on, with a cookie set or taken away.
pub(super) fn redirect_with(to: &str, cookie: axum::http::HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}
