//! The one way in which a request fails: a problem document whose cause, if it is ours, is logged once.

use std::any::Any;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use candor_protocol::{Code, Problem};
use candor_rules::Refusal;

use crate::{blobs::BlobError, export::ExportError, store::StoreError};

/// Seconds after which a client may try again when the store is away.
const RETRY_SECONDS: u32 = 5;

/// Why a request was not done, and when to come back.
#[derive(Debug)]
pub(crate) struct Failure {
    problem: Box<Problem>,
    retry_after_seconds: Option<u32>,
}

impl Failure {
    /// Just a code.
    pub(crate) fn new(code: Code) -> Self {
        Self { problem: Box::new(Problem::new(code)), retry_after_seconds: None }
    }

    /// Nothing is there.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// A code, what is wrong, and with which field; both in words of our own.
    pub(super) fn with(code: Code, detail: String, field: Option<String>) -> Self {
        let problem = Problem { detail: Some(detail), field, ..Problem::new(code) };
        Self { problem: Box::new(problem), retry_after_seconds: None }
    }

    /// Too often; there is room again after so many seconds.
    pub(crate) fn rate_limited(seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(Code::RateLimited) }
    }

    /// Not now, for too much is going on.
    pub(super) fn busy() -> Self {
        Self { retry_after_seconds: Some(RETRY_SECONDS), ..Self::new(Code::Unavailable) }
    }

    /// The code.
    pub(crate) fn code(&self) -> Code {
        self.problem.code
    }

    /// The problem that the client is told.
    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// A fault of our own: logged here, and said to nobody.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request could not be answered");
        Self::new(Code::Internal)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { problem: Box::new(refusal.into()), retry_after_seconds: None }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Full => Code::StorageFull,
            StoreError::Unavailable(_) => Code::Unavailable,
            StoreError::Conflict(_) | StoreError::Fault(_) => return Self::internal(&error),
        };
        tracing::warn!(cause = %error, code = code.as_str(), "the store refuses");
        Self { retry_after_seconds: Some(RETRY_SECONDS), ..Self::new(code) }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        let code = match &error {
            BlobError::Full => Code::StorageFull,
            BlobError::Unavailable(_) => Code::Unavailable,
        };
        tracing::warn!(cause = %error, code = code.as_str(), "the blobs refuse");
        Self { retry_after_seconds: Some(RETRY_SECONDS), ..Self::new(code) }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Blobs(error) => error.into(),
            ExportError::Archive(_) => Self::internal(&error),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The answer when a handler panicked.
pub(super) fn after_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    drop(panic);
    // The panic hook has logged where; what it said might hold a visitor's words.
    Failure::internal(&"a handler panicked").into_response()
}
