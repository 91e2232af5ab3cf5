//! All rows of one database in another of the same schema: how a backup, which is a file, comes from a server.

use super::{
    StoreError,
    sql::{Connection, Snapshot},
};

/// Every table that is copied, each after those that it refers to.
pub(super) const TABLES: [&str; 15] = [
    "meta",
    "site",
    "policy",
    "member",
    "membership",
    "report",
    "part",
    "consent",
    "file",
    "loose_blob",
    "address",
    "erasure",
    "request",
    "objection",
    "audit",
];

/// What is not for copies: keys are kept apart, sessions and links end, hashes of words would outlive the words,
/// and the collectors that count are those of the original.
pub(super) const APART: [&str; 8] =
    ["reporter_key", "key_ring", "receipt_key", "session", "link", "link_opens", "words", "node"];

/// Copies what `from` shows into `to`, a file that has been migrated and holds nothing yet, without what is [`APART`].
pub(super) fn into_file(from: &Snapshot<'_>, to: &Connection) -> Result<(), StoreError> {
    to.begin()?;
    to.execute_batch("DELETE FROM meta")?;
    for table in TABLES {
        rows((from, to), table)?;
    }
    Ok(to.commit()?)
}

/// Copies all rows of a table, in transactions that somebody else has begun.
pub(super) fn rows((from, to): (&Connection, &Connection), table: &str) -> Result<(), StoreError> {
    // One of the two is a file.
    let file = if to.is_shared() { from } else { to };
    let mut names = file.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    let names = names.query_map([table], |row| row.get::<String>(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
    // `right` is a word of SQL's.
    let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let insert = format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", "));
    let width = places.len();
    let mut insert = to.prepare(&insert)?;
    Ok(from.each(&format!("SELECT {names} FROM {table}"), |row| {
        row.cells(width, |cells| insert.execute(cells).map(drop))
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_forgotten() {
        let connection: Connection = rusqlite::Connection::open_in_memory().unwrap().into();
        super::super::migrate::run(&connection).unwrap();
        let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let tables = tables.query_map([], |row| row.get::<String>(0)).unwrap();
        for table in tables.map(Result::unwrap) {
            assert!(TABLES.contains(&table.as_str()) || APART.contains(&table.as_str()), "{table}");
        }
    }
}
