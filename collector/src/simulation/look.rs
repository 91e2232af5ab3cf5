//! A look into the database behind the store's back, in a file or on a server.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;

use crate::store::cluster;

/// Where the database is.
#[derive(Debug)]
pub(super) enum Database {
    /// In a file.
    File(PathBuf),
    /// On the tests' own server, under this address; it goes with the world that it is of.
    Server(String),
}

/// One row that was found.
pub(super) struct Row(Vec<Value>);

impl Row {
    pub(super) fn bytes(&self, at: usize) -> Vec<u8> {
        match &self.0[at] {
            Value::Blob(bytes) => bytes.clone(),
            other => panic!("column {at} holds {other:?}"),
        }
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes(at).try_into().unwrap()
    }

    pub(super) fn text(&self, at: usize) -> String {
        match &self.0[at] {
            Value::Text(text) => text.clone(),
            other => panic!("column {at} holds {other:?}"),
        }
    }

    pub(super) fn number(&self, at: usize) -> i64 {
        match &self.0[at] {
            Value::Integer(number) => *number,
            other => panic!("column {at} holds {other:?}"),
        }
    }
}

impl Database {
    /// An empty one: of a server where the tests are to run on one, else in this folder.
    pub(super) fn fresh(folder: &Path) -> Self {
        if cluster::is_asked_for() { Self::Server(cluster::fresh_database()) } else { Self::of(folder) }
    }

    /// The one in a data folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self::File(folder.join("candor.sqlite"))
    }

    /// The address of a server's.
    pub(super) fn address(&self) -> Option<&str> {
        match self {
            Self::File(_) => None,
            Self::Server(address) => Some(address),
        }
    }

    /// What of each row that a statement finds.
    pub(super) fn look<T>(&self, sql: &str, params: &[&[u8]], of: impl Fn(&Row) -> T) -> Vec<T> {
        let rows = match self {
            Self::File(path) => in_file(path, sql, params),
            Self::Server(address) => on_server(address, sql, params),
        };
        rows.iter().map(of).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Server(address) = self {
            let (server, name) = address.rsplit_once('/').unwrap();
            cluster::run(&format!("{server}/postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn in_file(path: &Path, sql: &str, params: &[&[u8]]) -> Vec<Row> {
    let file = rusqlite::Connection::open(path).unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map(rusqlite::params_from_iter(params), |row| {
        (0..width).map(|at| row.get(at)).collect::<Result<_, _>>().map(Row)
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn on_server(address: &str, sql: &str, params: &[&[u8]]) -> Vec<Row> {
    let sql = sql.replace('?', "$");
    let params: Vec<_> = params.iter().map(|bytes| bytes as &(dyn postgres::types::ToSql + Sync)).collect();
    let rows = cluster::with(address, |client| client.query(&sql, &params).unwrap());
    let cell = |row: &postgres::Row, at: usize| match row.columns()[at].type_().name() {
        "bytea" => row.get::<_, Option<Vec<u8>>>(at).map(Value::Blob),
        "text" | "varchar" => row.get::<_, Option<String>>(at).map(Value::Text),
        "int8" => row.get::<_, Option<i64>>(at).map(Value::Integer),
        "int4" => row.get::<_, Option<i32>>(at).map(|number| Value::Integer(number.into())),
        other => panic!("a column of {other}"),
    };
    let row = |row: &postgres::Row| {
        Row((0..row.columns().len()).map(|at| cell(row, at).unwrap_or(Value::Null)).collect())
    };
    rows.iter().map(row).collect()
}
