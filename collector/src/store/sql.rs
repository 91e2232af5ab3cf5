//! One way to talk to the database, whichever engine it is: statements, rows, errors.
//!
//! Statements are written once, in the SQL that both engines understand, with `?1` for the first parameter. What is here
//! is no more than the store asks for.

mod cell;

use std::time::Duration;

use rusqlite::ErrorCode;

pub(super) use cell::Params;
use cell::{Cell, Column};

/// Statements that a connection keeps ready.
const STATEMENTS_KEPT: usize = 64;

/// A connection to the database.
#[derive(Debug)]
pub(super) enum Connection {
    /// A file.
    Sqlite(rusqlite::Connection),
}

/// A statement that is ready to run.
pub(super) enum Statement<'c> {
    /// See [`Connection::Sqlite`].
    Sqlite(rusqlite::CachedStatement<'c>),
}

/// What a statement found, row by row.
pub(super) enum Rows<'s> {
    /// See [`Connection::Sqlite`].
    Sqlite(rusqlite::Rows<'s>),
}

/// One row.
pub(super) enum Row<'r> {
    /// See [`Connection::Sqlite`].
    Sqlite(&'r rusqlite::Row<'r>),
}

/// Rows as a function makes something of each.
pub(super) struct Mapped<'s, F> {
    rows: Rows<'s>,
    map: F,
}

/// One moment of the database, for reads that belong together; given up when it is dropped.
pub(super) struct Snapshot<'c>(&'c Connection);

/// Why the database did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// There was to be a row.
    #[error("there is no such row")]
    NoRow,
    /// A column holds something else than was to be read.
    #[error("column {at} holds another sort of value")]
    Column {
        /// Its place in the row.
        at: usize,
    },
    /// A number is beyond what a column holds.
    #[error("a number is too large for the database")]
    Number,
    /// What SQLite said.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

pub(super) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether it was refused for what it is: a name that is taken, a row that belongs to nothing.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
            Self::NoRow | Self::Column { .. } | Self::Number => false,
        }
    }
}

/// Makes of "no row" a `None`.
pub(super) trait OptionalExtension<T> {
    /// See the trait.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Self::Sqlite(connection)
    }
}

impl Connection {
    /// A statement, kept ready for the next time.
    pub(super) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
        }
    }

    /// A statement that is rarely run.
    pub(super) fn prepare(&self, sql: &str) -> Result<Statement<'_>> {
        self.prepare_cached(sql)
    }

    /// Runs a statement that returns no rows, and says how many it touched.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// Runs several statements without parameters.
    pub(super) fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
        }
    }

    /// The first row that a statement finds.
    pub(super) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// One moment for all reads until it is dropped.
    pub(super) fn snapshot(&self) -> Result<Snapshot<'_>> {
        self.execute_batch("BEGIN")?;
        Ok(Snapshot(self))
    }

    /// How many migrations the database has had.
    pub(super) fn version(&self) -> Result<usize> {
        self.query_row("PRAGMA user_version", [], |row| row.get(0))
    }

    /// Takes note of how many migrations the database has had.
    pub(super) fn set_version(&self, version: usize) -> Result<()> {
        self.execute_batch(&format!("PRAGMA user_version = {version}"))
    }

    /// Empties the write-ahead log, so that what was overwritten in the database is not to be found there either;
    /// `false` when a reader needs it for longer than `patience`. An engine whose log is not ours has none.
    pub(super) fn is_log_empty(&self, patience: Duration) -> bool {
        match self {
            Self::Sqlite(connection) => {
                let emptied = connection.busy_timeout(patience).and_then(|()| {
                    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
                });
                // As it was opened; a connection that takes no setting takes no report either, and says so then.
                let _ = connection.busy_timeout(super::open::BUSY);
                matches!(emptied, Ok(0))
            }
        }
    }

    /// Whether no transaction is open.
    pub(super) fn is_autocommit(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
        }
    }
}

impl std::ops::Deref for Snapshot<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // Nothing was written in it; a connection that cannot end it says so at its next use.
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

impl Statement<'_> {
    /// Runs it and says how many rows it touched.
    pub(super) fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.bind(|cells| match self {
            Self::Sqlite(statement) => Ok(statement.execute(rusqlite::params_from_iter(cells))?),
        })
    }

    /// Runs it; its rows come one by one.
    pub(super) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.bind(|cells| match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(cells))?)),
        })
    }

    /// Runs it and makes something of each row.
    pub(super) fn query_map<T, F>(&mut self, params: impl Params, map: F) -> Result<Mapped<'_, F>>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        Ok(Mapped { rows: self.query(params)?, map })
    }

    /// The first row that it finds.
    pub(super) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.query(params)?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        read(&row)
    }

    /// Whether it finds a row.
    pub(super) fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.query(params)?.next()?.is_some())
    }
}

impl Rows<'_> {
    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
        }
    }
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for Mapped<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.rows.next() {
            Ok(row) => row.map(|row| (self.map)(&row)),
            Err(error) => Some(Err(error)),
        }
    }
}

impl Row<'_> {
    /// What stands at this place of the row.
    pub(super) fn get<T: Column>(&self, at: usize) -> Result<T> {
        let cell = match self {
            Self::Sqlite(row) => Cell::from(row.get_ref(at)?),
        };
        T::of(cell).ok_or(Error::Column { at })
    }
}
