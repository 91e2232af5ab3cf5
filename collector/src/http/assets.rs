//! `GET /assets/FILE` and `GET /candor-HASH.js`: the widget's files, the same for everybody and for ever.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::Failure;
use crate::{app::App, shelf::File};

/// A name changes with its bytes, so what has the name never changes.
const CACHE: &str = "public, max-age=31536000, immutable";

/// Answers with the file in the best form that the browser takes, or 304.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = app.shelf.file(&file).ok_or_else(Failure::not_found)?;
    Ok(public(file, &headers))
}

/// Answers with the pinned loader, which the tag names at the root: no other file is there.
pub(super) async fn pinned(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let file = app.shelf.file(&name).filter(|_| app.shelf.pinned().file == name);
    Ok(public(file.ok_or_else(Failure::not_found)?, &headers))
}

fn public(file: &File, headers: &HeaderMap) -> Response {
    let mut response = file.encoded.respond(headers, file.media_type, CACHE);
    let answer = response.headers_mut();
    // Integrity checks need CORS, and these files are public: every page may read them, and none is told apart.
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}
