//! How keeping can fail.

use postgres::error::SqlState;
use rusqlite::ErrorCode;

use super::{
    moving::HAS_MOVED,
    sql::{self, Distrust, Unfit},
};

/// Why a unit of work was not done. None of it was done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room left.
    #[error("no room left for the database")]
    Full,
    /// It cannot be done now and may be done later.
    #[error("the database cannot be used at the moment: {0}")]
    Unavailable(String),
    /// Another collector on the same database was in the way, again and again; it may be done later.
    #[error("another collector was in the way")]
    Contended,
    /// It was refused for what it is: a name that is taken, a row that belongs to nothing.
    #[error("{0}")]
    Conflict(&'static str),
    /// Where the database is to be is not said in a way that can be followed.
    #[error(transparent)]
    Address(#[from] Unfit),
    /// The database's server does not prove to be the one that is meant.
    #[error("the line to the database is not safe: {0}")]
    Distrusted(Distrust),
    /// The database, or this program, is at fault.
    #[error("the database is at fault: {0}")]
    Fault(String),
}

impl From<sql::Error> for StoreError {
    fn from(error: sql::Error) -> Self {
        if error.is_contention() {
            return Self::Contended;
        }
        match error {
            sql::Error::Sqlite(error) => error.into(),
            sql::Error::Postgres(ref cause) => match cause.code().map(SqlState::code) {
                Some("53100") => Self::Full,
                // Short of memory or connections, ending or starting, read-only, its disk failing; or no word from it.
                Some(code) if !["53", "57", "58", "08", "28"].contains(&&code[..2]) && code != "25006" => {
                    Self::Fault(error.to_string())
                }
                _ => Self::Unavailable(error.to_string()),
            },
            sql::Error::Distrusted(why) => Self::Distrusted(why),
            sql::Error::Moved => Self::Unavailable(HAS_MOVED.into()),
            other => Self::Fault(other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if sql::has_moved(&error) {
            return Self::Unavailable(HAS_MOVED.into());
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Fault(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // Only where, never what: a row's content stays out of errors and thereby out of logs.
        Self::Fault(format!("a row holds JSON of another shape, at its column {}", error.column()))
    }
}
