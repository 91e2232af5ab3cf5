//! Bringing a database from whatever version it has to this program's.

use super::{StoreError, sql::Connection};

/// A migration for each engine, in one order.
macro_rules! migrations {
    ($($file:literal),* $(,)?) => {
        const SQLITE: &[&str] = &[$(include_str!(concat!("../../migrations/sqlite/", $file, ".sql"))),*];
        const POSTGRES: &[&str] = &[$(include_str!(concat!("../../migrations/postgres/", $file, ".sql"))),*];
    };
}
migrations![
    "0001_reports",
    "0002_files",
    "0003_vault",
    "0004_closing",
    "0005_receipts",
    "0006_links",
    "0007_words",
    "0008_nodes",
    "0009_growth",
    "0010_masters",
    "0011_rings",
];

/// The number of the lock under which a server's database is migrated. An engine that takes no such lock refuses the
/// second of two that make the same table.
const LOCK: i64 = 0x0063_616e_646f_7221;

/// Runs what is missing, each in its own transaction; two programs that start together do it once.
///
/// # Errors
/// The database was made by a newer program, or cannot be written.
pub(super) fn run(connection: &Connection) -> Result<(), StoreError> {
    loop {
        connection.begin()?;
        match step(connection) {
            Ok(true) => connection.commit()?,
            // Also where a server keeps the version was made now.
            Ok(false) => return Ok(connection.commit()?),
            Err(error) => {
                connection.roll_back()?;
                return Err(error);
            }
        }
    }
}

/// How many migrations this program knows.
pub(super) const fn newest(connection: &Connection) -> usize {
    of(connection).len()
}

const fn of(connection: &Connection) -> &'static [&'static str] {
    if connection.is_shared() { POSTGRES } else { SQLITE }
}

/// Runs the next migration, if there is one.
fn step(connection: &Connection) -> Result<bool, StoreError> {
    let migrations = of(connection);
    connection.lock("SELECT pg_advisory_xact_lock(?1)", [LOCK])?;
    let version = connection.version()?;
    if version > migrations.len() {
        return Err(StoreError::Conflict(
            "this database was made by a newer version of candor: run that one",
        ));
    }
    let Some(migration) = migrations.get(version) else { return Ok(false) };
    connection.execute_batch(migration)?;
    connection.set_version(version + 1)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_memory() -> Connection {
        rusqlite::Connection::open_in_memory().unwrap().into()
    }

    #[test]
    fn report_of_before_there_were_files_has_granted_none() {
        let connection = in_memory();
        connection.execute_batch(SQLITE[0]).unwrap();
        connection.set_version(1).unwrap();
        let sixteen = "zeroblob(16)";
        let row = format!(
            "INSERT INTO site VALUES ({sixteen}, 'Shop', '[]', '{{}}', '{{}}', 1, NULL);
             INSERT INTO report VALUES ({sixteen}, {sixteen}, {sixteen}, zeroblob(32), zeroblob(32), 1, 'bug', NULL, NULL, 1, '[]', 2);"
        );
        connection.execute_batch(&row).unwrap();
        run(&connection).unwrap();
        let granted: String =
            connection.query_row("SELECT granted FROM report", [], |row| row.get(0)).unwrap();
        assert_eq!(granted, "[]");
    }

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_database_is_refused() {
        let connection = in_memory();
        run(&connection).unwrap();
        run(&connection).unwrap();
        connection.set_version(1000).unwrap();
        assert!(matches!(run(&connection), Err(StoreError::Conflict(_))));
    }
}
