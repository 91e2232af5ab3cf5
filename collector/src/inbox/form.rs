//! What the forms of the inbox send, and the proof that a member sent it.

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
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

/// A form that a signed-in member sent from a page of ours.
pub(super) struct Signed {
    pub(super) session: Session,
    pub(super) posted: Posted,
}

impl FromRequest<Arc<App>> for Signed {
    type Rejection = Trouble;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Trouble> {
        let headers = request.headers();
        let session = Session::of(app, headers).await?.ok_or(Trouble::SignedOut)?;
        let from_here = is_from_here(app, headers);
        let Ok(Form(posted)) = Form::<Posted>::from_request(request, app).await else {
            return Err(Failure::new(Code::Invalid).into());
        };
        if !session.owns_form(&posted.token) || !from_here {
            return Err(Failure::new(Code::OriginRefused).into());
        }
        Ok(Self { session, posted })
    }
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
