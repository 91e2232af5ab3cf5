//! What an operator wants to know of a database before it is opened: whether it is whole, and of which version.

use std::path::Path;

use candor_protocol::Timestamp;
use rusqlite::OpenFlags;
use uuid::Uuid;

use super::{
    Store, StoreError, migrate,
    open::DATABASE_FILE,
    sql::{Address, Connection, Counter, OptionalExtension as _, Server},
};

/// Faults that are told of one file; a broken one has thousands.
const FAULTS_MAX: u32 = 3;
/// When a sweep came to its end last.
const SWEPT: &str = "swept_at";

/// What was found, without changing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// The engine and its version.
    pub engine: String,
    /// How many migrations the database has had; 0 for one that is empty.
    pub version: usize,
    /// How many this program knows.
    pub newest: usize,
    /// Its size, where it is a file.
    pub bytes: Option<u64>,
    /// What is wrong with it, in the engine's words.
    pub faults: Vec<String>,
}

impl Store {
    /// Looks at the database of `folder`, or at the one of a server; `None` when there is no file yet.
    ///
    /// # Errors
    /// It cannot be opened, or the server is not there.
    pub fn examine(folder: &Path, address: Option<&str>) -> Result<Option<Checkup>, StoreError> {
        let Some(address) = address else { return examine_file(&folder.join(DATABASE_FILE)) };
        let address = Address::parse(address)?;
        // The driver must not be used on a thread that runs async work.
        let examining = std::thread::spawn(move || examine_server(&address).map(Some));
        examining.join().unwrap_or_else(|_| Err(StoreError::Fault("looking at the database panicked".into())))
    }

    /// Takes note that a sweep has come to its end.
    ///
    /// # Errors
    /// It is not noted.
    pub async fn note_sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO meta (name, value) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    )?
                    .execute((SWEPT, Counter(now.unix_ms())))?;
                Ok(())
            })
            .await
    }

    /// When a sweep came to its end last, if one did.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn swept_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers
            .read(|connection| {
                let at: Option<Counter> = connection
                    .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                    .query_row([SWEPT], |row| row.get(0))
                    .optional()?;
                Ok(at.map(|Counter(at)| Timestamp::from_unix_ms(at)))
            })
            .await
    }

    /// Whether anybody may read a site's reports.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn has_members(&self, site: Uuid) -> Result<bool, StoreError> {
        self.readers
            .read(move |connection| {
                let mut any = connection.prepare_cached("SELECT 1 FROM membership WHERE site = ?1")?;
                Ok(any.exists([site.as_bytes()])?)
            })
            .await
    }
}

fn examine_file(path: &Path) -> Result<Option<Checkup>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    // Not to write, but to take back what a program that was killed had begun: to readers alone it stays locked.
    let file = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    file.busy_timeout(super::open::BUSY)?;
    let mut check = file.prepare(&format!("PRAGMA quick_check({FAULTS_MAX})"))?;
    let said = check.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    drop(check);
    let connection = Connection::from(file);
    Ok(Some(Checkup {
        engine: format!("SQLite {}", rusqlite::version()),
        version: connection.version()?,
        newest: migrate::newest(&connection),
        bytes: path.metadata().ok().map(|metadata| metadata.len()),
        faults: said.into_iter().filter(|line| line != "ok").collect(),
    }))
}

fn examine_server(address: &Address) -> Result<Checkup, StoreError> {
    let connection = Connection::from(Server::connect(address)?);
    let setting = |name: &str| -> Result<String, StoreError> {
        Ok(connection
            .query_row("SELECT coalesce(current_setting(?1, true), '')", [name], |row| row.get(0))?)
    };
    let is_there = connection
        .prepare("SELECT 1 FROM pg_catalog.pg_tables WHERE tablename = 'schema_version'")?
        .exists([])?;
    // A server that does not flush says "stored" of what a power cut takes.
    let unsafe_settings = ["fsync", "full_page_writes"].map(|name| Ok((name, setting(name)?)));
    let unsafe_settings: Vec<_> = unsafe_settings.into_iter().collect::<Result<_, StoreError>>()?;
    let faults = unsafe_settings.into_iter().filter(|(_, value)| value == "off");
    Ok(Checkup {
        engine: format!("PostgreSQL {}", setting("server_version")?),
        version: if is_there { connection.version()? } else { 0 },
        newest: migrate::newest(&connection),
        bytes: None,
        faults: faults.map(|(name, _)| format!("{name} is off: a power cut takes what was stored")).collect(),
    })
}
