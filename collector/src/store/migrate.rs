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
    "0012_lean",
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
    use rusqlite::fallible_iterator::FallibleIterator as _;

    use super::*;
    use crate::store::{
        cluster,
        sql::{Address, Server},
    };

    fn in_memory() -> Connection {
        rusqlite::Connection::open_in_memory().unwrap().into()
    }

    /// A site and a report, as the first version had them.
    fn old_report() -> String {
        let sixteen = "zeroblob(16)";
        format!(
            "INSERT INTO site VALUES ({sixteen}, 'Shop', '[]', '{{}}', '{{}}', 1, NULL);
             INSERT INTO report VALUES ({sixteen}, {sixteen}, {sixteen}, zeroblob(32), zeroblob(32), 1, 'bug', NULL, NULL, 1, '[]', 2);"
        )
    }

    #[test]
    fn report_of_before_there_were_files_has_granted_none() {
        let connection = in_memory();
        connection.execute_batch(SQLITE[0]).unwrap();
        connection.set_version(1).unwrap();
        connection.execute_batch(&old_report()).unwrap();
        run(&connection).unwrap();
        let granted: String =
            connection.query_row("SELECT granted FROM report", [], |row| row.get(0)).unwrap();
        assert_eq!(granted, "[]");
    }

    /// Brings a database to a version, with a report of the first in it.
    fn at_version(connection: &Connection, version: usize) {
        for (at, migration) in SQLITE.iter().enumerate().take(version) {
            connection.begin().unwrap();
            connection.execute_batch(migration).unwrap();
            if at == 0 {
                connection.execute_batch(&old_report()).unwrap();
            }
            connection.set_version(at + 1).unwrap();
            connection.commit().unwrap();
        }
    }

    /// Its tables, indexes and triggers, and how many reports there are.
    fn shape(connection: &Connection) -> (Vec<String>, i64) {
        let mut all =
            connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
        let all = all.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        (all, connection.query_row("SELECT count(*) FROM report", [], |row| row.get(0)).unwrap())
    }

    #[test]
    fn migration_that_is_killed_between_two_statements_is_done_whole_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            let file = rusqlite::Connection::open(folder.path().join(name)).unwrap();
            file.pragma_update(None, "journal_mode", "wal").unwrap();
            file.pragma_update(None, "foreign_keys", true).unwrap();
            file
        };
        let whole = Connection::from(open("whole"));
        at_version(&whole, SQLITE.len());
        let whole = shape(&whole);
        for (version, migration) in SQLITE.iter().enumerate().skip(1) {
            for done in 1.. {
                let name = format!("{version}-{done}");
                at_version(&open(&name).into(), version);
                let file = open(&name);
                file.execute_batch("BEGIN IMMEDIATE").unwrap();
                let mut statements = rusqlite::Batch::new(&file, migration);
                let mut is_whole = false;
                for _ in 0..done {
                    match statements.next().unwrap() {
                        Some(mut statement) => drop(statement.raw_execute().unwrap()),
                        None => is_whole = true,
                    }
                }
                if is_whole {
                    file.pragma_update(None, "user_version", version + 1).unwrap();
                }
                // What lies on the disk when the machine stops here.
                for end in ["", "-wal"] {
                    let from = folder.path().join(format!("{name}{end}"));
                    if from.exists() {
                        std::fs::copy(from, folder.path().join(format!("{name}-left{end}"))).unwrap();
                    }
                }
                let left = Connection::from(open(&format!("{name}-left")));
                assert_eq!(left.version().unwrap(), version, "nothing of {name} counts");
                run(&left).unwrap();
                assert_eq!((left.version().unwrap(), shape(&left)), (SQLITE.len(), whole.clone()), "{name}");
                if is_whole {
                    break;
                }
            }
        }
    }

    #[test]
    fn migration_of_a_server_that_is_cut_off_is_done_whole_by_the_next_start() {
        if !cluster::is_asked_for() {
            return;
        }
        let address = Address::parse(&cluster::fresh_database()).unwrap();
        let connect = || Connection::from(Server::connect(&address).unwrap());
        for version in 0..POSTGRES.len() {
            let cut = connect();
            cut.begin().unwrap();
            assert!(step(&cut).unwrap());
            // It goes away without a word before all of it is committed.
            drop(cut);
            let next = connect();
            assert_eq!(next.version().unwrap(), version);
            next.begin().unwrap();
            assert!(step(&next).unwrap());
            next.commit().unwrap();
        }
        run(&connect()).unwrap();
        assert_eq!(connect().version().unwrap(), POSTGRES.len());
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
