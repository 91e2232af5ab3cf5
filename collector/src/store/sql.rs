//! One way to talk to the database, whichever engine it is: statements, rows, errors.
//!
//! Statements are written once, in the SQL that both engines understand, with `?1` for the first parameter. What is here
//! is no more than the store asks for.

mod address;
mod cell;
mod postgres;

use std::time::Duration;

use ::postgres::error::SqlState;
use rusqlite::ErrorCode;

pub(super) use address::Address;
pub use address::{Distrust, Unfit};
pub(super) use cell::{Cell, Counter, Params};
pub(super) use postgres::Server;

use super::moving;
use cell::Column;

/// Statements that a connection keeps ready.
const STATEMENTS_KEPT: usize = 64;

/// How often a file's lock is waited for anew while a move holds it: half a minute together, as each wait is one of
/// [`super::open::BUSY`].
const HOLDS_MAX: u32 = 5;

/// Where a server keeps how many migrations its database has had.
const VERSION: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)";

/// A connection to the database.
#[derive(Debug)]
pub(super) enum Connection {
    /// A file.
    Sqlite(rusqlite::Connection),
    /// A server that other collectors write to as well.
    Postgres(Box<Server>),
}

/// A statement that is ready to run.
pub(super) enum Statement<'c> {
    /// See [`Connection::Sqlite`].
    Sqlite(rusqlite::CachedStatement<'c>),
    /// See [`Connection::Postgres`].
    Postgres(&'c Server, ::postgres::Statement),
}

/// What a statement found, row by row.
pub(super) enum Rows<'s> {
    /// See [`Connection::Sqlite`].
    Sqlite(rusqlite::Rows<'s>),
    /// See [`Connection::Postgres`]: all of them, for the line is free again then.
    Postgres(std::vec::IntoIter<::postgres::Row>),
}

/// One row.
pub(super) enum Row<'r> {
    /// See [`Connection::Sqlite`].
    Sqlite(&'r rusqlite::Row<'r>),
    /// See [`Connection::Postgres`].
    Postgres(::postgres::Row),
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
    /// What PostgreSQL said, or the line to it. What its server tells of rows stays out of errors and thereby out of
    /// logs.
    #[error("{}", said(.0))]
    Postgres(#[from] ::postgres::Error),
    /// There is no talking in secret to the server.
    #[error(transparent)]
    Distrusted(Distrust),
    /// What was in this file is on a server now.
    #[error("{}", super::moving::HAS_MOVED)]
    Moved,
}

fn said(error: &::postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => {
            let about =
                [error.table(), error.constraint()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            // A mistake in a statement is told in the statement's words.
            let why = if error.code().code().starts_with("42") { error.message() } else { "" };
            format!("PostgreSQL's code {} {about}{why}", error.code().code())
        }
        // Its words are few: why there is no line stands in what caused it.
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |why| format!("{error}: {why}")),
    }
}

pub(super) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether it was refused for what it is: a name that is taken, a row that belongs to nothing.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) && !has_moved(error)
            }
            Self::Postgres(error) => error.code().is_some_and(|code| code.code().starts_with("23")),
            Self::NoRow | Self::Column { .. } | Self::Number | Self::Distrusted(_) | Self::Moved => false,
        }
    }

    /// Whether another collector was in the way, and the same may well be done in a moment.
    pub(super) fn is_contention(&self) -> bool {
        const AGAIN: [SqlState; 3] = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        matches!(self, Self::Postgres(error) if error.code().is_some_and(|code| AGAIN.contains(code)))
    }
}

/// Whether a database refuses to be written because its instance has moved: no other trigger refuses anything.
pub(super) fn has_moved(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER)
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

impl From<Server> for Connection {
    fn from(server: Server) -> Self {
        Self::Postgres(Box::new(server))
    }
}

impl Connection {
    /// A statement, kept ready for the next time.
    pub(super) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
            Self::Postgres(server) => Ok(Statement::Postgres(server, server.prepare(sql)?)),
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
            Self::Postgres(server) => server.run(sql),
        }
    }

    /// Whether other collectors write to the same database at the same moment.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Where others write at the same moment: waits until they are done with the rows that a `SELECT … FOR UPDATE` finds,
    /// and keeps them for this transaction. What is read after it is as they left it.
    pub(super) fn lock(&self, sql: &str, params: impl Params) -> Result<()> {
        if self.is_shared() { self.prepare_cached(sql)?.query(params).map(drop) } else { Ok(()) }
    }

    /// Where others write at the same moment: waits for this transaction's turn at what is done one after another.
    pub(super) fn take_turn(&self, name: &str) -> Result<()> {
        self.lock("SELECT 1 FROM turn WHERE name = ?1 /*pg FOR UPDATE*/", [name])
    }

    /// Begins a transaction that writes. On a server there is a mark at its beginning. A file that has moved takes none.
    pub(super) fn begin(&self) -> Result<()> {
        match self {
            Self::Sqlite(connection) => begin_in_file(connection),
            Self::Postgres(server) => server.run("BEGIN; SAVEPOINT unit"),
        }
    }

    /// Makes the transaction durable. A server, which takes a transaction back without a word when a statement in it has
    /// failed and that was passed over, is asked for the mark first, and refuses that then.
    pub(super) fn commit(&self) -> Result<()> {
        self.execute_batch(if self.is_shared() { "RELEASE unit; COMMIT" } else { "COMMIT" })
    }

    /// Takes the transaction back, if there is one.
    pub(super) fn roll_back(&self) -> Result<()> {
        match self {
            Self::Sqlite(connection) if connection.is_autocommit() => Ok(()),
            Self::Sqlite(_) | Self::Postgres(_) => self.execute_batch("ROLLBACK"),
        }
    }

    /// Sets the mark before a unit of work, the one at this place in its transaction.
    pub(super) fn enter_unit(&self, at: usize) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.prepare_cached("SAVEPOINT unit")?.execute([]).map(drop),
            Self::Postgres(_) if at == 0 => Ok(()),
            // It fails where committing would.
            Self::Postgres(server) => server.run("RELEASE unit; SAVEPOINT unit"),
        }
    }

    /// Takes back what came after the mark.
    pub(super) fn back_to_mark(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.prepare_cached("ROLLBACK TO unit")?.execute([]).map(drop),
            Self::Postgres(server) => server.run("ROLLBACK TO unit"),
        }
    }

    /// Ends a unit of work.
    pub(super) fn leave_unit(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.prepare_cached("RELEASE unit")?.execute([]).map(drop),
            Self::Postgres(_) => Ok(()),
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
        self.execute_batch(if self.is_shared() {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        } else {
            "BEGIN"
        })?;
        Ok(Snapshot(self))
    }

    /// Makes something of every row that a statement without parameters finds, a few at a time however many there are. It
    /// wants a transaction around it.
    pub(super) fn each(&self, sql: &str, mut take: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        const ROWS: &str = "FETCH 500 FROM walk";
        let Self::Postgres(server) = self else {
            let mut statement = self.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                take(&row)?;
            }
            return Ok(());
        };
        self.execute_batch(&format!("DECLARE walk CURSOR FOR {sql}"))?;
        loop {
            // Not kept ready: what it finds is of another shape each time.
            let mut rows = Rows::Postgres(server.query_once(ROWS)?.into_iter());
            let mut found = false;
            while let Some(row) = rows.next()? {
                found = true;
                take(&row)?;
            }
            if !found {
                return self.execute_batch("CLOSE walk");
            }
        }
    }

    /// How many migrations the database has had.
    pub(super) fn version(&self) -> Result<usize> {
        match self {
            Self::Sqlite(_) => self.query_row("PRAGMA user_version", [], |row| row.get(0)),
            Self::Postgres(_) => {
                self.execute_batch(VERSION)?;
                self.query_row("SELECT coalesce(max(version), 0) FROM schema_version", [], |row| row.get(0))
            }
        }
    }

    /// Takes note of how many migrations the database has had.
    pub(super) fn set_version(&self, version: usize) -> Result<()> {
        self.execute_batch(&match self {
            Self::Sqlite(_) => format!("PRAGMA user_version = {version}"),
            Self::Postgres(_) => format!("INSERT INTO schema_version (version) VALUES ({version})"),
        })
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
            Self::Postgres(_) => true,
        }
    }

    /// Whether the transaction is gone though nobody took it back: SQLite does that when the disk fails under it, a
    /// server when the line to it is cut.
    pub(super) fn has_lost_transaction(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
            Self::Postgres(server) => server.is_lost(),
        }
    }

    /// Whether it is of no more use: the line was cut, or what was in the file is elsewhere now.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit() && names_another_place(connection),
            Self::Postgres(server) => server.is_lost(),
        }
    }
}

/// Waits for the file's lock, and longer where a move holds it for its last round.
fn begin_in_file(connection: &rusqlite::Connection) -> Result<()> {
    let has = |name| has_meta(connection, name);
    let mut begun = connection.execute_batch("BEGIN IMMEDIATE");
    for _ in 0..HOLDS_MAX {
        match &begun {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && has(moving::MARK) => {
                begun = connection.execute_batch("BEGIN IMMEDIATE");
            }
            _ => break,
        }
    }
    begun?;
    if names_another_place(connection) {
        connection.execute_batch("ROLLBACK")?;
        return Err(Error::Moved);
    }
    Ok(())
}

/// Whether a file says where its instance is now.
fn names_another_place(connection: &rusqlite::Connection) -> bool {
    has_meta(connection, moving::MOVED_TO)
}

/// A file without that table has not moved; one that cannot be read says so when it is used.
fn has_meta(connection: &rusqlite::Connection, name: &str) -> bool {
    let found = connection.prepare_cached("SELECT 1 FROM meta WHERE name = ?1");
    found.and_then(|mut found| found.exists([name])).unwrap_or(false)
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
            Self::Postgres(server, statement) => server.execute(statement, cells),
        })
    }

    /// Runs it; its rows come one by one.
    pub(super) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.bind(|cells| match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(cells))?)),
            Self::Postgres(server, statement) => {
                Ok(Rows::Postgres(server.query(statement, cells)?.into_iter()))
            }
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
            Self::Postgres(rows) => Ok(rows.next().map(Row::Postgres)),
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
    /// Hands on the first `width` columns as they are.
    pub(super) fn cells<T>(&self, width: usize, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T> {
        let cells: Result<Vec<Cell<'_>>> = (0..width).map(|at| self.cell(at)).collect();
        run(&cells?)
    }

    fn cell(&self, at: usize) -> Result<Cell<'_>> {
        Ok(match self {
            Self::Sqlite(row) => Cell::from(row.get_ref(at)?),
            Self::Postgres(row) => row.try_get(at)?,
        })
    }

    /// What stands at this place of the row.
    pub(super) fn get<T: Column>(&self, at: usize) -> Result<T> {
        T::of(self.cell(at)?).ok_or(Error::Column { at })
    }
}
