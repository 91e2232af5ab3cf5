//! What the forms of the inbox send, and the proof that a member sent it.

use axum::{
    Form,
    extract::rejection::FormRejection,
    http::{HeaderMap, StatusCode},
};
use candor_protocol::Code;
use serde::Deserialize;

use super::{
    page::Trouble,
    session::{Session, is_from_here},
};
use crate::{app::App, http::Failure};

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 1000;

/// The fields of all forms; each sends its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Posted {
    token: String,
    /// What is to be done, where a form can do several things.
    pub(super) act: String,
    reason: String,
    /// What to look for.
    pub(super) sought: String,
    /// Where in what was found to go on.
    pub(super) before: String,
    pub(super) message: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
}

/// A form as it arrives.
pub(super) type Sent = Result<Form<Posted>, FormRejection>;

/// The signed-in member who sent a form from a page of ours, and what it says.
pub(super) async fn of_member(
    app: &App,
    headers: &HeaderMap,
    sent: Sent,
) -> Result<(Session, Posted), Trouble> {
    let Some(session) = Session::of(app, headers).await? else { return Err(Trouble::SignedOut) };
    let Ok(Form(posted)) = sent else { return Err(Failure::new(Code::Invalid).into()) };
    if !session.owns_form(&posted.token) || !is_from_here(app, headers) {
        return Err(Failure::new(Code::OriginRefused).into());
    }
    Ok((session, posted))
}

impl Posted {
    /// Why it is to be done.
    pub(super) fn reason(&self) -> Result<String, Trouble> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            return Err(Trouble::Said(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Say why, in at most 1000 characters. Go back: what you wrote is still there.",
            ));
        }
        Ok(reason.to_owned())
    }
}
