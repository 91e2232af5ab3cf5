//! Opening the database of a data folder.

use std::{fs, path::Path, sync::Arc, time::Duration};

use rusqlite::OpenFlags;

use super::{
    Moved, StoreError,
    forgetting::BACKUP_DAYS,
    migrate, moving,
    place::{Place, Where},
    readers::Readers,
    receipts::SignerCache,
    seal,
    sites::Cache,
    sql::Connection,
    writer::Writer,
};
use crate::{
    key::{InstanceKey, Use},
    vault::Vault,
};

/// How long a connection waits for another program's lock.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// The database's name in the data folder.
pub(super) const DATABASE_FILE: &str = "candor.sqlite";
/// Small pages: each one that a report touches goes to the log whole, and what finds a reporter again lies anywhere in its
/// index. An older database keeps the larger ones that it was made with.
const PAGE_BYTES: u32 = 4096;
/// The log is emptied into the database once it holds so much. A page that many reports touch is written there once then.
const LOG_BYTES: u32 = 32 * 1024 * 1024;
/// Memory for pages of the database, of the connection that writes.
const CACHE_KIB: i64 = 16 * 1024;
/// Rows that are sealed in one transaction when an older database is opened.
const CATCH_UP_ROWS: u32 = 500;

/// What may be set about a store.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreOptions {
    /// The database may not grow beyond this many bytes; what comes then is refused as `storage-full`.
    pub bytes_max: Option<u64>,
}

/// The store of one instance: SQLite in write-ahead mode or a PostgreSQL server, one writing thread, a few readers.
#[derive(Debug)]
pub struct Store {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) key: InstanceKey,
    pub(super) vault: Arc<Vault>,
    pub(super) cache: Cache,
    pub(super) signer: SignerCache,
    /// See [`Store::with_backup_days`].
    pub(super) backup_days: u16,
}

impl Store {
    /// Opens the database of `folder`, makes it where there is none, and brings it to this program's schema.
    ///
    /// # Errors
    /// It cannot be opened or written, a newer program made it, or it belongs to other keys.
    pub fn open(
        folder: &Path,
        key: InstanceKey,
        vault: Arc<Vault>,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        Self::start(Where::File(folder.join(DATABASE_FILE), options).into(), key, vault)
    }

    /// Opens the database of a server that several collectors share, and brings it to this program's schema. The address
    /// is `postgres://user:password@host:port/database?sslmode=require`, or what else libpq takes.
    ///
    /// # Errors
    /// The address is none, the server is not there, a newer program made the database, or it belongs to other keys.
    pub fn connect(address: &str, key: InstanceKey, vault: Arc<Vault>) -> Result<Self, StoreError> {
        Self::start(Place::server(address)?, key, vault)
    }

    fn start(place: Place, key: InstanceKey, vault: Arc<Vault>) -> Result<Self, StoreError> {
        // The server's driver must not be used on a thread that runs async work, and a file may have moved to one.
        let opening = std::thread::spawn(move || Self::begin(place, key, vault));
        opening.join().unwrap_or_else(|_| Err(StoreError::Fault("opening the database panicked".into())))
    }

    fn begin(place: Place, key: InstanceKey, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let connection = place.writing()?;
        migrate::run(&connection)?;
        if moving::is_unfinished(&connection)? {
            return Err(StoreError::Conflict(
                "an instance is moving into this database: `candor move` again ends that",
            ));
        }
        recognise(&connection, &key)?;
        seal::recognise(&connection, &vault)?;
        if !connection.is_shared() && seal::catch_up(&connection, &vault, CATCH_UP_ROWS)? > 0 {
            while seal::catch_up(&connection, &vault, CATCH_UP_ROWS)? > 0 {}
            // What was in the clear is not to be found in the log either.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        let place = Arc::new(place);
        let again = Arc::clone(&place);
        Ok(Self {
            writer: Writer::start(connection, move || again.writing())?,
            readers: Readers::new(place),
            key,
            vault,
            cache: Cache::default(),
            signer: SignerCache::default(),
            backup_days: BACKUP_DAYS,
        })
    }

    /// The same store, whose backups can be put back for so many days: sweeps let erasures go that are older.
    #[must_use]
    pub fn with_backup_days(self, backup_days: u16) -> Self {
        Self { backup_days, ..self }
    }

    /// Where the instance of `folder` is now, if it has moved and said where to.
    ///
    /// # Errors
    /// The database in the folder cannot be read.
    pub fn whither(folder: &Path) -> Result<Option<Moved>, StoreError> {
        let path = folder.join(DATABASE_FILE);
        if !path.exists() {
            return Ok(None);
        }
        moving::whither(&connect_as_it_is(&path)?)
    }

    /// What else has to go along when the instance moves from its folder while this store is open. `go` is called before
    /// anything is asked of the other database, and says why where it cannot.
    pub fn take_along(&self, go: impl Fn(&Moved) -> Result<(), String> + Send + Sync + 'static) {
        self.readers.place().take_along(Box::new(go));
    }

    /// Whether `folder` holds a database that knows its instance key, and whether it knows its master key: then it is of
    /// no use without them.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn knows_keys(folder: &Path) -> Result<(bool, bool), StoreError> {
        let path = folder.join(DATABASE_FILE);
        if !path.exists() {
            return Ok((false, false));
        }
        let connection = connect_as_it_is(&path)?;
        if !connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'")?.exists([])? {
            return Ok((false, false));
        }
        let mut statement = connection.prepare("SELECT 1 FROM meta WHERE name = ?1")?;
        Ok((statement.exists(["key_check"])?, statement.exists(["vault_check"])?))
    }

    /// The master keys that it works with.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Writes a row and makes it durable, then reads it back.
    ///
    /// # Errors
    /// The store cannot take reports at the moment.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.writer
            .write(|connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO meta (name, value) VALUES ('probe', ?1)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    )?
                    .execute([[0_u8]])?;
                Ok(())
            })
            .await?;
        self.readers
            .read(|connection| {
                let sql = "SELECT count(*) FROM meta WHERE name = 'probe'";
                match connection.query_row(sql, [], |row| row.get::<i64>(0))? {
                    1 => Ok(()),
                    _ => Err(StoreError::Fault("what was written could not be read".into())),
                }
            })
            .await
    }
}

/// To look at, without making it what this program wants it to be.
fn connect_as_it_is(path: &Path) -> Result<Connection, StoreError> {
    // Not to write, but to take back what a program that was killed had begun: to readers alone it stays locked.
    let connection = rusqlite::Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection.into())
}

pub(super) fn connect_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = rusqlite::Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
    )?;
    connection.busy_timeout(BUSY)?;
    Ok(connection.into())
}

pub(super) fn connect(path: &Path, options: StoreOptions) -> Result<Connection, StoreError> {
    make_private(path).map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // The page size counts only before the first page is written, so it goes first.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, so that it is not found in the file's free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    // Savepoints keep their undo log in memory.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Reporters and submissions are spread over their indexes: what is read again for each report stays in memory.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_BYTES / page_bytes)?;
    if let Some(bytes_max) = options.bytes_max {
        connection.pragma_update(None, "max_page_count", bytes_max.div_ceil(page_bytes.into()))?;
    }
    Ok(connection.into())
}

/// SQLite gives its log files the mode of the database, so it is enough to make that one for its owner alone.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

/// A database opened with another key would not know its own reports again.
pub(super) fn recognise(connection: &Connection, key: &InstanceKey) -> Result<(), StoreError> {
    let check = key.hash(Use::Check, b"");
    connection
        .execute("INSERT INTO meta (name, value) VALUES ('key_check', ?1) ON CONFLICT DO NOTHING", [check])?;
    let known: Vec<u8> =
        connection.query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0))?;
    if known == check {
        Ok(())
    } else {
        Err(StoreError::Conflict(
            "this database was made with another instance key: restore the key that belongs to it",
        ))
    }
}
