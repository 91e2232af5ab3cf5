//! What a backup takes out of the database, and how it is put back.
//!
//! A backup holds no reporter's key. Those lie in a ledger of their own that is always replaced by its newest, with all
//! erasures: whoever was erased since cannot be read in any backup, and does not come back with one.

use std::{collections::HashSet, path::Path};

use candor_protocol::{Purpose, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ReporterHash, Store, StoreError,
    anonymous::NOBODY,
    audit, copy, erasing, forgetting, migrate, moving, open, seal,
    sql::{Connection, Counter, OptionalExtension as _},
    words,
};
use crate::{
    audit::{Act, Actor, Entry},
    blobs::BlobName,
    key::InstanceKey,
    vault::Vault,
};

/// Bytes as they stand in the ledger.
type Hash = [u8; 32];

/// One erasure: of a reporter, of a report, or of what a report holds for one purpose.
#[derive(Debug, Serialize, Deserialize)]
struct Erasure {
    id: i64,
    at: i64,
    site: Uuid,
    reporter: Option<Hash>,
    report: Option<Uuid>,
    purpose: Option<Purpose>,
}

/// A key that is not in the backup: whose or which, under which master key, sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed<T> {
    of: T,
    master: [u8; 8],
    bytes: Vec<u8>,
}

/// What a person, or the owner, has said about a report since it came.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    report: Uuid,
    restricted_at: Option<i64>,
    held_because: Option<String>,
}

/// All that belongs to the backups of an instance and is in none of them. It holds nobody's words.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ledger {
    /// Counts up with every backup and every ledger.
    pub seq: i64,
    /// Each with the how manieth it is.
    reporters: Vec<(Sealed<(Uuid, Hash)>, i64)>,
    /// By report.
    rings: Vec<(Uuid, Vec<u8>)>,
    receipts: Vec<(Sealed<Hash>, i64)>,
    erasures: Vec<Erasure>,
    /// The moment since which these are all, in Unix milliseconds; a version that never let one go did not say.
    #[serde(default = "always")]
    since: i64,
    objections: Vec<(Uuid, Hash, String, i64)>,
    marks: Vec<Mark>,
    withdrawals: Vec<(Uuid, String, i64)>,
}

fn always() -> i64 {
    i64::MIN
}

impl Ledger {
    /// Whether it knows of everything that was erased since a backup of this moment.
    #[must_use]
    pub fn reaches(&self, made_at: Timestamp) -> bool {
        made_at.unix_ms() >= self.since
    }
}

/// What a backup's database is, once it has been copied.
#[derive(Debug)]
pub struct Copied {
    /// See [`Ledger::seq`].
    pub seq: i64,
    /// The blobs that its rows name.
    pub blobs: Vec<BlobName>,
}

/// What became of a backup that was put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Reports that are there.
    pub reports: u64,
    /// Reports that were erased, in whole or in part, since the backup.
    pub erased: u64,
    /// Reports whose keys are not there any more.
    pub keyless: u64,
}

impl Store {
    /// Copies the database to a new file while reports come in, without keys and sessions.
    ///
    /// # Errors
    /// It cannot be read, or the file not written.
    pub async fn copy_into(&self, path: &Path) -> Result<Copied, StoreError> {
        let seq = self.count_backup().await?;
        let path = path.to_path_buf();
        self.readers
            .read(move |connection| {
                let copy = if connection.is_shared() {
                    let copy = open::connect(&path, open::StoreOptions::default())?;
                    migrate::run(&copy)?;
                    copy::into_file(&connection.snapshot()?, &copy)?;
                    copy.execute_batch("PRAGMA journal_mode = delete")?;
                    copy
                } else {
                    connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
                    let copy = rusqlite::Connection::open(&path)?;
                    copy.pragma_update(None, "secure_delete", true)?;
                    copy.pragma_update(None, "journal_mode", "off")?;
                    Connection::from(copy)
                };
                for table in copy::APART {
                    copy.execute_batch(&format!("DELETE FROM {table}"))?;
                }
                if !connection.is_shared() {
                    moving::forget(&copy)?;
                }
                words::begin_anew(&copy)?;
                copy.execute_batch("DELETE FROM meta WHERE name = 'vault_check'; VACUUM;")?;
                let blobs = named(&copy)?;
                Ok(Copied { seq, blobs })
            })
            .await
    }

    /// The newest ledger.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        let seq = self.count_backup().await?;
        self.readers
            .read(move |connection| {
                let snapshot = connection.snapshot()?;
                ledger(&snapshot, seq)
            })
            .await
    }

    async fn count_backup(&self) -> Result<i64, StoreError> {
        self.writer
            .write(|connection| {
                // Whoever counts at the same moment waits here.
                connection.execute(
                    "INSERT INTO meta (name, value) VALUES ('backup_seq', ?1)
                     ON CONFLICT (name) DO UPDATE SET value = meta.value",
                    [Counter(0)],
                )?;
                let sql = "SELECT value FROM meta WHERE name = 'backup_seq'";
                let Counter(known) = connection.query_row(sql, [], |row| row.get(0))?;
                connection
                    .execute("UPDATE meta SET value = ?1 WHERE name = 'backup_seq'", [Counter(known + 1)])?;
                Ok(known + 1)
            })
            .await
    }
}

/// Takes rows out of a copied database whose blobs were gone when they were to be copied: what they belong to reached
/// its end in between.
///
/// # Errors
/// The file cannot be written.
pub fn drop_gone(copy: &Path, gone: &[BlobName]) -> Result<(), StoreError> {
    let copy = Connection::from(rusqlite::Connection::open(copy)?);
    for blob in gone {
        copy.execute("DELETE FROM file WHERE blob = ?1", [blob.as_bytes()])?;
    }
    Ok(())
}

/// Makes of a backup's database in `folder` that of an instance again: with the keys that are still there, without
/// anything that was erased since. The blobs that it names then are to be put beside it.
///
/// # Errors
/// The ledger is older than the backup, or the database cannot be written.
pub fn put_back(
    folder: &Path,
    ledger: &Ledger,
    (key, vault): (&InstanceKey, &Vault),
    now: Timestamp,
) -> Result<(PutBack, Vec<BlobName>), StoreError> {
    let connection = open::connect(&folder.join(open::DATABASE_FILE), open::StoreOptions::default())?;
    migrate::run(&connection)?;
    let seq: Option<Counter> = connection
        .query_row("SELECT value FROM meta WHERE name = 'backup_seq'", [], |row| row.get(0))
        .optional()?;
    if seq.is_none_or(|Counter(seq)| seq > ledger.seq) {
        return Err(StoreError::Conflict("these keys are older than the backup: take the newest"));
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let put = fill(&connection, ledger, (key, vault), now)?;
    connection.execute_batch("COMMIT")?;
    // What was erased is to be found neither in free pages nor in the log.
    connection.execute_batch("VACUUM")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok((put, named(&connection)?))
}

fn named(connection: &Connection) -> Result<Vec<BlobName>, StoreError> {
    let mut statement = connection.prepare("SELECT DISTINCT blob FROM file ORDER BY blob")?;
    let blobs = statement.query_map([], |row| row.get(0))?;
    Ok(blobs.map(|blob| blob.map(BlobName::from_bytes)).collect::<Result<_, _>>()?)
}

fn ledger(connection: &Connection, seq: i64) -> Result<Ledger, StoreError> {
    let uuid = Uuid::from_bytes;
    let mut statement =
        connection.prepare("SELECT site, reporter, master, wrapped, generation FROM reporter_key")?;
    let reporters = statement.query_map([], |row| {
        let of = (uuid(row.get(0)?), row.get(1)?);
        Ok((Sealed { of, master: row.get(2)?, bytes: row.get(3)? }, row.get(4)?))
    })?;
    let reporters = reporters.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare("SELECT report, sealed FROM key_ring")?;
    let rings = statement.query_map([], |row| Ok((uuid(row.get(0)?), row.get(1)?)))?;
    let rings = rings.collect::<Result<_, _>>()?;
    let mut statement =
        connection.prepare("SELECT public, master, sealed, since FROM receipt_key ORDER BY id")?;
    let receipts = statement.query_map([], |row| {
        Ok((Sealed { of: row.get(0)?, master: row.get(1)?, bytes: row.get(2)? }, row.get(3)?))
    })?;
    let receipts = receipts.collect::<Result<_, _>>()?;
    let mut statement =
        connection.prepare("SELECT id, at, site, reporter, report, purpose FROM erasure ORDER BY id")?;
    let erasures = statement.query_map([], |row| {
        let purpose: Option<String> = row.get(5)?;
        Ok(Erasure {
            id: row.get(0)?,
            at: row.get(1)?,
            site: uuid(row.get(2)?),
            reporter: row.get(3)?,
            report: row.get::<Option<[u8; 16]>>(4)?.map(uuid),
            purpose: purpose.as_deref().and_then(Purpose::from_name),
        })
    })?;
    let erasures = erasures.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare("SELECT site, reporter, purpose, at FROM objection")?;
    let objections = statement
        .query_map([], |row| Ok((uuid(row.get(0)?), row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    let mut statement = connection.prepare(
        "SELECT id, restricted_at, held_because FROM report
         WHERE restricted_at IS NOT NULL OR held_because IS NOT NULL",
    )?;
    let marks = statement.query_map([], |row| {
        Ok(Mark { report: uuid(row.get(0)?), restricted_at: row.get(1)?, held_because: row.get(2)? })
    })?;
    let marks = marks.collect::<Result<_, _>>()?;
    let mut statement = connection
        .prepare("SELECT report, withdrawn, withdrawn_at FROM consent WHERE withdrawn IS NOT NULL")?;
    let withdrawals = statement
        .query_map([], |row| Ok((uuid(row.get(0)?), row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let since = forgetting::since(connection)?;
    Ok(Ledger { seq, reporters, rings, receipts, erasures, since, objections, marks, withdrawals })
}

fn fill(
    connection: &Connection,
    ledger: &Ledger,
    (key, vault): (&InstanceKey, &Vault),
    now: Timestamp,
) -> Result<PutBack, StoreError> {
    let mut put = PutBack::default();
    put_keys(connection, ledger)?;
    put.erased = erase_again(connection, ledger, now)?;
    forgetting::put(connection, ledger.since)?;
    for (site, report) in keyless(connection)? {
        erasing::report(connection, site, report, now)?;
        put.keyless += 1;
    }
    put_marks(connection, ledger)?;
    // Blobs that no row names are not put back.
    connection.execute("DELETE FROM loose_blob", [])?;
    seal::mark(connection, vault)?;
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('backup_seq', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [Counter(ledger.seq + 1)],
    )?;
    let count = "SELECT count(*) FROM report WHERE erased_at IS NULL";
    put.reports = connection.query_row(count, [], |row| row.get(0))?;
    let PutBack { reports, erased, keyless } = put;
    let subject = format!("reports:{reports} erased-since:{erased} keyless:{keyless}");
    let entry = Entry { at: now, actor: Actor::Operator, act: Act::Restored, site: None, subject, why: None };
    audit::append(connection, &entry, key)?;
    Ok(put)
}

fn put_keys(connection: &Connection, ledger: &Ledger) -> Result<(), StoreError> {
    connection.execute_batch(
        "DELETE FROM reporter_key; DELETE FROM key_ring; DELETE FROM receipt_key; DELETE FROM session;
         DELETE FROM link_opens; DELETE FROM link;",
    )?;
    // Of whoever came after the backup nothing is there, and their key is not needed.
    let mut insert = connection.prepare(
        "INSERT INTO reporter_key (site, reporter, master, wrapped, generation) SELECT ?1, ?2, ?3, ?4, ?5
         WHERE EXISTS (SELECT 1 FROM report WHERE reporter = ?2 AND site = ?1)",
    )?;
    for (Sealed { of: (site, reporter), master, bytes }, generation) in &ledger.reporters {
        insert.execute((site.as_bytes(), reporter, master, bytes, generation))?;
    }
    let mut insert = connection.prepare(
        "INSERT INTO key_ring (report, sealed) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM report WHERE id = ?1)",
    )?;
    for (report, sealed) in &ledger.rings {
        insert.execute((report.as_bytes(), sealed))?;
    }
    let mut insert = connection
        .prepare("INSERT INTO receipt_key (public, master, sealed, since) VALUES (?1, ?2, ?3, ?4)")?;
    for (Sealed { of, master, bytes }, since) in &ledger.receipts {
        insert.execute((of, master, bytes, since))?;
    }
    Ok(())
}

/// Goes through the erasures that the backup does not know, and says how many there were.
fn erase_again(connection: &Connection, ledger: &Ledger, now: Timestamp) -> Result<u64, StoreError> {
    // One by one: where several collectors write, a lower number may be younger.
    let mut known = connection.prepare("SELECT id FROM erasure")?;
    let known = known.query_map([], |row| row.get(0))?.collect::<Result<HashSet<i64>, _>>()?;
    let since: Vec<_> = ledger.erasures.iter().filter(|erasure| !known.contains(&erasure.id)).collect();
    for Erasure { id, at, site, reporter, report, purpose } in &since {
        connection
            .prepare_cached(
                "INSERT INTO erasure (id, at, site, reporter, report, purpose, done_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                id,
                at,
                site.as_bytes(),
                reporter,
                report.map(Uuid::into_bytes),
                purpose.map(Purpose::as_str),
                now.unix_ms(),
            ))?;
    }
    let mut erased = 0;
    for Erasure { site, reporter, report, purpose, .. } in since {
        match (reporter, report, purpose) {
            (Some(reporter), ..) => {
                let theirs = of_reporter(connection, *site, ReporterHash(*reporter))?;
                erased += theirs.len() as u64;
                theirs.into_iter().try_for_each(|report| erasing::report(connection, *site, report, now))?;
            }
            (None, Some(report), _) if !is_there(connection, *report)? => {}
            (None, Some(report), Some(purpose)) => {
                erasing::purpose(connection, *site, *report, *purpose, now)?;
                erased += 1;
            }
            (None, Some(report), None) => {
                erasing::report(connection, *site, *report, now)?;
                erased += 1;
            }
            (None, None, _) => {}
        }
    }
    Ok(erased)
}

fn of_reporter(connection: &Connection, site: Uuid, who: ReporterHash) -> Result<Vec<Uuid>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM report WHERE site = ?1 AND reporter = ?2 AND erased_at IS NULL")?;
    let theirs = statement.query_map((site.as_bytes(), who.0), |row| row.get(0))?;
    Ok(theirs.map(|id| id.map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
}

fn is_there(connection: &Connection, report: Uuid) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM report WHERE id = ?1 AND erased_at IS NULL")?;
    Ok(statement.exists([report.as_bytes()])?)
}

fn keyless(connection: &Connection) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT site, id FROM report WHERE erased_at IS NULL AND reporter <> ?1 AND NOT EXISTS (
             SELECT 1 FROM reporter_key AS own WHERE own.site = report.site AND own.reporter = report.reporter
                 AND (own.generation = coalesce(report.generation, 0)
                     OR EXISTS (SELECT 1 FROM key_ring WHERE key_ring.report = report.id)))",
    )?;
    let found = statement
        .query_map([NOBODY], |row| Ok((Uuid::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What was said about reports, and by visitors, since the backup counts; what the backup says of it does not.
fn put_marks(connection: &Connection, ledger: &Ledger) -> Result<(), StoreError> {
    connection.execute_batch(
        "UPDATE report SET restricted_at = NULL, held_because = NULL; DELETE FROM objection;",
    )?;
    let mut update = connection.prepare(
        "UPDATE report SET restricted_at = ?2, held_because = ?3 WHERE id = ?1 AND erased_at IS NULL",
    )?;
    for Mark { report, restricted_at, held_because } in &ledger.marks {
        update.execute((report.as_bytes(), restricted_at, held_because))?;
    }
    let mut insert = connection.prepare(
        "INSERT INTO objection (site, reporter, purpose, at) SELECT ?1, ?2, ?3, ?4
         WHERE EXISTS (SELECT 1 FROM site WHERE id = ?1)",
    )?;
    for (site, reporter, purpose, at) in &ledger.objections {
        insert.execute((site.as_bytes(), reporter, purpose, at))?;
    }
    let mut update =
        connection.prepare("UPDATE consent SET withdrawn = ?2, withdrawn_at = ?3 WHERE report = ?1")?;
    for (report, withdrawn, at) in &ledger.withdrawals {
        update.execute((report.as_bytes(), withdrawn, at))?;
        let purposes: Vec<Purpose> = serde_json::from_str(withdrawn)?;
        purposes.into_iter().try_for_each(|purpose| erasing::close_to(connection, *report, purpose))?;
    }
    Ok(())
}
