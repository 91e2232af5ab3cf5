//! PostgreSQL, or an engine that speaks as it does.
//!
//! The store's SQL is turned into this engine's once for each statement: `?1` becomes `$1`, and what stands in a comment
//! `/*pg … */` is said here alone; that is how rows are locked where several collectors write at once.

use std::{
    cell::{Cell as Held, RefCell},
    collections::HashMap,
    fmt,
    time::Duration,
};

use bytes::BytesMut;
use postgres::{
    Client,
    error::SqlState,
    types::{FromSql, IsNull, ToSql, Type},
};

use super::{
    Cell, Error, Result,
    address::{Address, distrust},
};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long sent bytes may stay unacknowledged before the line counts as cut.
const UNHEARD: Duration = Duration::from_secs(10);

/// What every connection begins with. Answers wait for the disk, whatever the server's default is; a collector that was
/// cut off in the middle does not hold its locks for long.
const BEGINNING: &str = "
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET client_min_messages = 'warning'";

/// A connection to a server.
///
/// The driver runs a small runtime of its own, so this must not be used on a thread that runs async work; only dropping
/// it is possible everywhere.
pub(in crate::store) struct Server {
    client: RefCell<Option<Client>>,
    statements: RefCell<HashMap<Box<str>, postgres::Statement>>,
    is_lost: Held<bool>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // Its runtime must not end on a thread that runs another.
            let _ = std::thread::spawn(move || drop(client)).join();
        }
    }
}

impl Server {
    /// Connects, with TLS as the address has it.
    pub(in crate::store) fn connect(address: &Address) -> Result<Self> {
        let mut config = address.config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNHEARD);
        }
        if config.get_application_name().is_none() {
            config.application_name("candor");
        }
        let connected = config.connect(address.tls.clone());
        let client =
            connected.map_err(|error| distrust(&error).map_or_else(|| error.into(), Error::Distrusted))?;
        let server = Self {
            client: RefCell::new(Some(client)),
            statements: RefCell::default(),
            is_lost: Held::new(false),
        };
        server.run(BEGINNING)?;
        Ok(server)
    }

    /// Whether the line is cut; a new connection is needed then.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.get()
    }

    fn with<T>(&self, run: impl FnOnce(&mut Client) -> std::result::Result<T, postgres::Error>) -> Result<T> {
        let mut client = self.client.borrow_mut();
        // It is taken in `drop` alone.
        let Some(client) = client.as_mut() else { return Err(Error::NoRow) };
        run(client).map_err(|error| {
            self.is_lost.set(self.is_lost.get() || is_cut(&error));
            error.into()
        })
    }

    /// Runs commands without parameters, until one fails.
    pub(super) fn run(&self, sql: &str) -> Result<()> {
        self.with(|client| client.batch_execute(sql))
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<postgres::Statement> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.with(|client| client.prepare(&translated(sql)))?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= super::STATEMENTS_KEPT * 4 {
            statements.clear();
        }
        statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    pub(super) fn execute(&self, statement: &postgres::Statement, cells: &[Cell<'_>]) -> Result<usize> {
        let params: Vec<_> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        let touched = self.with(|client| client.execute(statement, &params))?;
        Ok(usize::try_from(touched).unwrap_or(usize::MAX))
    }

    /// Runs a statement without parameters that is not kept ready.
    pub(super) fn query_once(&self, sql: &str) -> Result<Vec<postgres::Row>> {
        self.with(|client| client.query(sql, &[]))
    }

    pub(super) fn query(
        &self,
        statement: &postgres::Statement,
        cells: &[Cell<'_>],
    ) -> Result<Vec<postgres::Row>> {
        let params: Vec<_> = cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
        self.with(|client| client.query(statement, &params))
    }
}

/// Whether no more will come over the line: the driver failed, or the server is ending.
fn is_cut(error: &postgres::Error) -> bool {
    const ENDING: [SqlState; 4] = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    error.code().map_or_else(|| !is_ours(error), |code| ENDING.contains(code))
}

/// Whether a value did not fit: nothing is wrong with the line.
fn is_ours(error: &postgres::Error) -> bool {
    use std::error::Error as _;
    error.source().is_some_and(|source| source.is::<Unfit>() || source.is::<postgres::types::WrongType>())
}

/// This engine's words for the store's.
fn translated(sql: &str) -> String {
    let mut rest = sql;
    let mut words = String::with_capacity(sql.len());
    while let Some(at) = rest.find(['?', '/']) {
        let (before, from) = rest.split_at(at);
        words.push_str(before);
        if let Some(after) = from.strip_prefix('?') {
            words.push('$');
            rest = after;
        } else if let Some((said, after)) = from.strip_prefix("/*pg").and_then(|after| after.split_once("*/"))
        {
            words.push_str(said);
            rest = after;
        } else {
            words.push('/');
            rest = &from[1..];
        }
    }
    words.push_str(rest);
    words
}

/// A value and the type of its column have nothing to do with each other.
#[derive(Debug, thiserror::Error)]
#[error("a value does not fit its column")]
struct Unfit;

type Trouble = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Cell<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Trouble> {
        match (*self, of) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(of, out)?,
            (Self::Int(number), &Type::INT4) => i32::try_from(number)?.to_sql(of, out)?,
            (Self::Int(number), &Type::INT2) => i16::try_from(number)?.to_sql(of, out)?,
            (Self::Int(number), &Type::BOOL) => (number != 0).to_sql(of, out)?,
            // A counter among values of other sorts.
            (Self::Int(number), &Type::BYTEA) => number.to_be_bytes().as_slice().to_sql(of, out)?,
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR) => text.to_sql(of, out)?,
            (Self::Blob(bytes), &Type::BYTEA) => bytes.to_sql(of, out)?,
            _ => return Err(Unfit.into()),
        };
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> std::result::Result<Self, Trouble> {
        Ok(match *of {
            Type::INT8 => Self::Int(i64::from_sql(of, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(of, raw)?.into()),
            Type::BOOL => Self::Int(bool::from_sql(of, raw)?.into()),
            Type::TEXT | Type::VARCHAR => Self::Text(<&str>::from_sql(of, raw)?),
            Type::BYTEA => Self::Blob(raw),
            _ => Self::Other,
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Trouble> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_is_said_in_this_engines_words() {
        let sql = "SELECT a/b FROM c WHERE d = ?1 AND e = ?12 LIMIT ?2 /*pg FOR UPDATE*/ /* why */";
        assert_eq!(
            translated(sql),
            "SELECT a/b FROM c WHERE d = $1 AND e = $12 LIMIT $2  FOR UPDATE /* why */"
        );
    }
}
