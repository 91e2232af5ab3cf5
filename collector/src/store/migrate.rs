//! Bringing a database from whatever version it has to this program's.

use rusqlite::Connection;

use super::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_reports.sql"),
    include_str!("../../migrations/sqlite/0002_files.sql"),
];

/// Runs what is missing, each in its own transaction; two programs that start together do it once.
///
/// # Errors
/// The database was made by a newer program, or cannot be written.
pub(super) fn run(connection: &Connection) -> Result<(), StoreError> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        match step(connection) {
            Ok(true) => connection.execute_batch("COMMIT")?,
            Ok(false) => return Ok(connection.execute_batch("ROLLBACK")?),
            Err(error) => {
                connection.execute_batch("ROLLBACK")?;
                return Err(error);
            }
        }
    }
}

/// Runs the next migration, if there is one.
fn step(connection: &Connection) -> Result<bool, StoreError> {
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        return Err(StoreError::Conflict(
            "this database was made by a newer version of candor: run that one",
        ));
    }
    let Some(migration) = MIGRATIONS.get(version) else { return Ok(false) };
    connection.execute_batch(migration)?;
    connection.pragma_update(None, "user_version", version + 1)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_database_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection).unwrap();
        run(&connection).unwrap();
        connection.pragma_update(None, "user_version", 1000).unwrap();
        assert!(matches!(run(&connection), Err(StoreError::Conflict(_))));
    }
}
