//! `GET /.well-known/security.txt`: whom to tell of a security problem (RFC 9116).

use std::sync::Arc;

use axum::{extract::State, http::header, response::IntoResponse};

use super::Failure;
use crate::app::App;

/// Days for which the statement holds; RFC 9116 asks for an end within a year.
const VALID_DAYS: u16 = 180;

/// Answers with the contact, if one is configured.
pub(super) async fn show(State(app): State<Arc<App>>) -> Result<impl IntoResponse, Failure> {
    let contact = app.settings.security_contact.as_ref().ok_or_else(Failure::not_found)?;
    let until = app.clock.now().plus_days(VALID_DAYS);
    let text = format!("Contact: {contact}\nExpires: {until}\n");
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}
