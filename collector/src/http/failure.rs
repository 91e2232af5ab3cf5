//! The one way in which a request fails: a problem document whose cause, if it is ours, is logged once.

use std::{
    any::Any,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use candor_protocol::{Code, Problem};
use candor_rules::Refusal;

use crate::{blobs::BlobError, export::ExportError, store::StoreError};

/// Seconds after which a client may try again when the store is away.
const RETRY_SECONDS: u32 = 5;
/// Seconds over which those are spread who are all told to come back later: after an outage they would come at once.
const SPREAD_SECONDS: u32 = 16;
/// Coprime with the spread, so that it steps through all of it, and neighbours are told times that are far apart.
const SPREAD_STEP: u32 = 7;

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
        Self { retry_after_seconds: Some(RETRY_SECONDS + spread()), ..Self::new(Code::Unavailable) }
    }

    /// Too many, from all over; there is room again after so many seconds, and not for all of them at once.
    pub(super) fn crowded(seconds: u32) -> Self {
        Self::rate_limited(seconds + spread())
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

/// Seconds to be added to what a client is told: another number for each, evenly spread.
fn spread() -> u32 {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    TOLD.fetch_add(SPREAD_STEP, Ordering::Relaxed) % SPREAD_SECONDS
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
            StoreError::Unavailable(_) | StoreError::Contended | StoreError::Distrusted(_) => {
                Code::Unavailable
            }
            StoreError::Conflict(_) | StoreError::Address(_) | StoreError::Fault(_) => {
                return Self::internal(&error);
            }
        };
        tracing::warn!(cause = %error, code = code.as_str(), "the store refuses");
        Self { retry_after_seconds: Some(RETRY_SECONDS + spread()), ..Self::new(code) }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        let code = match &error {
            BlobError::Full => Code::StorageFull,
            BlobError::Unavailable(_) => Code::Unavailable,
        };
        tracing::warn!(cause = %error, code = code.as_str(), "the blobs refuse");
        Self { retry_after_seconds: Some(RETRY_SECONDS + spread()), ..Self::new(code) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_sent_away_together_does_not_come_back_together() {
        let told: Vec<_> = (0..1600).filter_map(|_| Failure::busy().retry_after_seconds).collect();
        for seconds in RETRY_SECONDS..RETRY_SECONDS + SPREAD_SECONDS {
            let count = told.iter().filter(|told| **told == seconds).count();
            // Other tests of this process may take a turn in between.
            assert!((80..=120).contains(&count), "{count} of 1600 come back after {seconds} s");
        }
        assert_eq!(told.len(), 1600);
    }
}
