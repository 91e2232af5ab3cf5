//! Reporters' keys in the database, and what lies sealed under them.

use std::sync::Arc;

use bytes::Bytes;
use candor_protocol::Purpose;
use uuid::Uuid;

use super::{
    Store, StoreError, receipts,
    sql::{Connection, OptionalExtension as _},
};
use crate::{
    key::KeyError,
    vault::{KeyRing, MasterId, Owner, PartKey, ReporterKey, Vault, VaultError, Wrapped},
};

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        Self::Fault(error.to_string())
    }
}

const CHECK: &[u8] = b"check";
/// Keys that are wrapped anew in one transaction.
const REWRAP_ROWS: u32 = 500;

impl Store {
    /// Exchanges the master key: a fresh one is put into the file, all reporters' keys are wrapped anew batch by batch,
    /// and then the old one is forgotten. Reports come in and are read meanwhile, also by other programs on the same
    /// folder; running it again after an interruption goes on where it stopped. `rewrapped` is told how many are done.
    ///
    /// Keys that lie in the environment are put and taken away there: of several, the first wraps.
    ///
    /// # Errors
    /// The keys do not lie in a file, or something cannot be written; nothing is lost.
    pub async fn rotate_master(&self, mut rewrapped: impl FnMut(u64)) -> Result<u64, RotateError> {
        if self.vault.masters() == 1 {
            self.vault.rotate()?;
        }
        self.mark().await?;
        let (mut sum, mut after) = (0, None);
        loop {
            let (batch, last) = self.rewrap(after, REWRAP_ROWS).await?;
            // The end is only believed from the beginning on.
            if batch == 0 && after.is_none() {
                break;
            }
            after = last;
            sum += batch as u64;
            rewrapped(sum);
        }
        if self.vault.has_home() {
            self.vault.retire()?;
        }
        Ok(sum)
    }

    /// From this commit on every program on this database wraps under the key that wraps here; see `wrap`. What was
    /// wrapped under another before is found by [`Self::rewrap`].
    pub(crate) async fn mark(&self) -> Result<(), StoreError> {
        let vault = self.vault.clone();
        self.writer.write(move |connection| mark(connection, &vault)).await
    }

    /// Wraps at most `limit` keys anew that come after this owner's, and says how many and whose was the last; none is
    /// left when it was none of all.
    pub(crate) async fn rewrap(
        &self,
        after: Option<Owner>,
        limit: u32,
    ) -> Result<(usize, Option<Owner>), StoreError> {
        let vault = self.vault.clone();
        self.writer
            .write(move |connection| {
                receipts::reseal(connection, &vault)?;
                rewrap(connection, &vault, after, limit)
            })
            .await
    }

    /// How many reporters have a key.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reporter_keys(&self) -> Result<u64, StoreError> {
        self.readers
            .read(|connection| {
                Ok(connection.query_row("SELECT count(*) FROM reporter_key", [], |row| row.get(0))?)
            })
            .await
    }
}

/// Why the master key was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What seals one file of a report, and opens it.
#[derive(Debug)]
pub struct FileSeal {
    key: PartKey,
    about: Vec<u8>,
}

impl FileSeal {
    /// The file, sealed; away from the threads that answer requests.
    ///
    /// # Errors
    /// The collector is stopping.
    pub async fn seal(self: &Arc<Self>, plain: Bytes) -> Result<Bytes, StoreError> {
        let this = Arc::clone(self);
        aside(move || Ok(this.key.seal_alike(&this.about, &plain).into())).await
    }

    /// The file as it was before it was sealed.
    ///
    /// # Errors
    /// It was changed, or is another one.
    pub async fn open(self: &Arc<Self>, sealed: Bytes) -> Result<Bytes, StoreError> {
        let this = Arc::clone(self);
        aside(move || Ok(this.key.open(&this.about, &sealed)?.into())).await
    }
}

async fn aside(
    work: impl FnOnce() -> Result<Bytes, StoreError> + Send + 'static,
) -> Result<Bytes, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(error.to_string()))?
}

impl Store {
    /// What seals and opens a report's file of this name, held for this purpose; `None` when the report is gone, or was
    /// erased, or the purpose taken back.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn file_seal(
        &self,
        report: Uuid,
        purpose: Purpose,
        name: &str,
    ) -> Result<Option<Arc<FileSeal>>, StoreError> {
        let vault = self.vault.clone();
        let about = [&b"file "[..], report.as_bytes(), name.as_bytes()].concat();
        self.readers
            .read(move |connection| {
                let keys = keys(connection, &vault, report)?;
                let key = keys.and_then(|keys| keys.part(purpose));
                Ok(key.map(|key| Arc::new(FileSeal { key, about })))
            })
            .await
    }
}

/// What a sealed part is bound to.
pub(crate) fn about(report: Uuid, purpose: Purpose) -> Vec<u8> {
    [&b"part "[..], report.as_bytes(), purpose.as_str().as_bytes()].concat()
}

/// A database opened with other master keys would not read its own reports again.
pub(super) fn recognise(connection: &Connection, vault: &Vault) -> Result<(), StoreError> {
    let known: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE name = 'vault_check'", [], |row| row.get(0))
        .optional()?;
    let Some(known) = known else { return mark(connection, vault) };
    let (master, bytes) =
        known.split_first_chunk().ok_or_else(|| StoreError::Fault("vault_check is too short".into()))?;
    let sealed = Wrapped { master: MasterId(*master), bytes: bytes.to_vec() };
    vault.open(CHECK, &sealed).map(drop).map_err(|_| {
        StoreError::Conflict(
            "this database was made with another master key: restore the key that belongs to it",
        )
    })
}

/// Leaves a mark by which the database recognises its master key.
pub(super) fn mark(connection: &Connection, vault: &Vault) -> Result<(), StoreError> {
    let Wrapped { master, bytes } = vault.seal(CHECK, b"");
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('vault_check', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [[&master.0[..], &bytes].concat()],
    )?;
    Ok(())
}

/// The keys of one report.
pub(super) enum ReportKeys {
    /// They are made from its reporter's.
    Made(ReporterKey, Uuid),
    /// They were kept when its reporter got another key.
    Kept(KeyRing),
    /// An earlier version sealed all of it under its reporter's.
    One(PartKey),
}

impl ReportKeys {
    /// The key of what is held for a purpose, unless it was destroyed.
    pub(super) fn part(&self, purpose: Purpose) -> Option<PartKey> {
        match self {
            Self::Made(key, report) => Some(key.part(*report, purpose)),
            Self::Kept(ring) => ring.part(purpose),
            Self::One(key) => Some(key.clone()),
        }
    }
}

/// A report's keys; `None` when there is none any more.
pub(super) fn keys(
    connection: &Connection,
    vault: &Vault,
    report: Uuid,
) -> Result<Option<ReportKeys>, StoreError> {
    type Columns = ([u8; 16], [u8; 32], Option<i64>, i64, [u8; 8], Vec<u8>, Option<Vec<u8>>);
    let found: Option<Columns> = connection
        .prepare_cached(
            "SELECT report.site, report.reporter, report.generation, own.generation, master, wrapped, sealed
             FROM report JOIN reporter_key AS own ON own.site = report.site AND own.reporter = report.reporter
                 LEFT JOIN key_ring ON key_ring.report = report.id
             WHERE report.id = ?1",
        )?
        .query_row([report.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        })
        .optional()?;
    let Some((site, reporter, of_report, of_key, master, bytes, ring)) = found else { return Ok(None) };
    let owner = Owner { site: Uuid::from_bytes(site), reporter };
    let key = vault.unwrap(&Wrapped { master: MasterId(master), bytes }, &owner)?;
    Ok(match (of_report, ring) {
        (_, Some(ring)) => Some(ReportKeys::Kept(key.open_ring(report, &ring)?)),
        (Some(of_report), None) if of_report == of_key => Some(ReportKeys::Made(key, report)),
        (None, None) if of_key == 0 => Some(ReportKeys::One(key.itself())),
        _ => None,
    })
}

/// A reporter's key, and the how manieth it is.
struct Own {
    key: ReporterKey,
    generation: i64,
}

/// Destroys the keys of these purposes of these reports of one reporter's, whatever copies of the sealed there are: the
/// reporter gets a fresh key, and all else that lay under the old one keeps its own. To be called before anything is
/// deleted.
pub(super) fn destroy_parts(
    connection: &Connection,
    vault: &Vault,
    owner: &Owner,
    gone: &[(Uuid, Purpose)],
) -> Result<(), StoreError> {
    const OWN: &str = "SELECT master, wrapped, generation FROM reporter_key
        WHERE site = ?1 AND reporter = ?2 /*pg FOR UPDATE*/";
    let Some(old) = find_by(connection, vault, owner, OWN)? else { return Ok(()) };
    let mut statement = connection.prepare_cached(
        "SELECT id, generation, sealed FROM report LEFT JOIN key_ring ON key_ring.report = report.id
         WHERE site = ?1 AND reporter = ?2 AND erased_at IS NULL",
    )?;
    type Row = ([u8; 16], Option<i64>, Option<Vec<u8>>);
    let theirs = statement.query_map((owner.site.as_bytes(), owner.reporter), |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let theirs: Vec<Row> = theirs.collect::<Result<_, _>>()?;
    let (mut rings, mut is_old_needed) = (Vec::new(), false);
    let mut is_anything_gone = false;
    for (report, generation, sealed) in theirs {
        let report = Uuid::from_bytes(report);
        let mut ring = match (generation, sealed) {
            (_, Some(sealed)) => old.key.open_ring(report, &sealed)?,
            (Some(generation), None) if generation == old.generation => old.key.ring(report),
            _ => {
                is_old_needed |= generation.is_none();
                continue;
            }
        };
        for (_, purpose) in gone.iter().filter(|(of, _)| *of == report) {
            is_anything_gone |= ring.take_off(*purpose);
        }
        rings.push((report, ring));
    }
    // What an earlier version wrote would be lost with the key. It goes when the last of these reports does.
    if is_old_needed || !is_anything_gone {
        return Ok(());
    }
    let fresh = ReporterKey::fresh(vault.rng());
    let wrapped = wrap(connection, vault, &fresh, owner)?;
    connection
        .prepare_cached(
            "UPDATE reporter_key SET generation = generation + 1, master = ?3, wrapped = ?4
             WHERE site = ?1 AND reporter = ?2",
        )?
        .execute((owner.site.as_bytes(), owner.reporter, wrapped.master.0, wrapped.bytes))?;
    for (report, ring) in rings {
        connection
            .prepare_cached(
                "INSERT INTO key_ring (report, sealed) VALUES (?1, ?2)
                 ON CONFLICT (report) DO UPDATE SET sealed = excluded.sealed",
            )?
            .execute((report.as_bytes(), fresh.seal_ring(report, &ring, vault.rng())))?;
    }
    Ok(())
}

fn find_by(
    connection: &Connection,
    vault: &Vault,
    owner: &Owner,
    sql: &str,
) -> Result<Option<Own>, StoreError> {
    let found = connection
        .prepare_cached(sql)?
        .query_row((owner.site.as_bytes(), owner.reporter), |row| {
            Ok((Wrapped { master: MasterId(row.get(0)?), bytes: row.get(1)? }, row.get(2)?))
        })
        .optional()?;
    let Some((wrapped, generation)) = found else { return Ok(None) };
    Ok(Some(Own { key: vault.unwrap(&wrapped, owner)?, generation }))
}

/// The reporter's key, which nobody destroys before this transaction has ended.
const FIND_AND_HOLD: &str = "SELECT master, wrapped, generation FROM reporter_key
    WHERE site = ?1 AND reporter = ?2 /*pg FOR SHARE*/";

/// The reporter's key; a fresh one where there is none.
pub(super) fn find_or_make(
    connection: &Connection,
    vault: &Vault,
    owner: &Owner,
) -> Result<ReporterKey, StoreError> {
    if let Some(own) = find_by(connection, vault, owner, FIND_AND_HOLD)? {
        return Ok(own.key);
    }
    let key = ReporterKey::fresh(vault.rng());
    let wrapped = wrap(connection, vault, &key, owner)?;
    let made = connection
        .prepare_cached(
            "INSERT INTO reporter_key (site, reporter, master, wrapped) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute((owner.site.as_bytes(), owner.reporter, wrapped.master.0, wrapped.bytes))?;
    if made == 1 {
        return Ok(key);
    }
    // Another collector made one at the same moment. Should it be gone again already, the unit is run once more.
    let own = find_by(connection, vault, owner, FIND_AND_HOLD)?;
    own.map(|own| own.key).ok_or(StoreError::Contended)
}

/// Keeps the key that was made ready for a reporter's first report; their own, if they have one already, under which
/// this report is said to lie.
pub(super) fn put_first(
    connection: &Connection,
    vault: &Vault,
    (owner, report): (&Owner, Uuid),
    (key, wrapped): (&ReporterKey, &Wrapped),
) -> Result<Option<ReporterKey>, StoreError> {
    let rewrapped;
    let wrapped = if marked(connection)? == Some(wrapped.master) {
        wrapped
    } else {
        // The master key was exchanged since.
        rewrapped = wrap(connection, vault, key, owner)?;
        &rewrapped
    };
    let is_first = connection
        .prepare_cached(
            "INSERT INTO reporter_key (site, reporter, master, wrapped) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute((owner.site.as_bytes(), owner.reporter, wrapped.master.0, &wrapped.bytes))?;
    if is_first == 1 {
        return Ok(None);
    }
    // Should it be gone again already, the unit is run once more.
    let own = find_by(connection, vault, owner, FIND_AND_HOLD)?.ok_or(StoreError::Contended)?;
    if own.generation > 0 {
        connection
            .prepare_cached("UPDATE report SET generation = ?2 WHERE id = ?1")?
            .execute((report.as_bytes(), own.generation))?;
    }
    Ok(Some(own.key))
}

/// The master key under which reporters' keys are to be wrapped, as the database has it until this transaction ends.
fn marked(connection: &Connection) -> Result<Option<MasterId>, StoreError> {
    let marked: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'vault_check' /*pg FOR SHARE*/")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(marked.as_ref().and_then(|mark| mark.first_chunk()).map(|id| MasterId(*id)))
}

/// The key, wrapped under a master key that is not about to be forgotten: when another program has exchanged it, the
/// database's mark says so before the last key is wrapped anew.
fn wrap(
    connection: &Connection,
    vault: &Vault,
    key: &ReporterKey,
    owner: &Owner,
) -> Result<Wrapped, StoreError> {
    if marked(connection)?.is_some_and(|marked| !vault.knows(marked)) {
        return Err(StoreError::Unavailable(
            "the master key was exchanged, and the new one is not here".into(),
        ));
    }
    Ok(vault.wrap(key, owner))
}

/// Seals at most `limit` parts that an earlier version wrote in the clear, and says how many it sealed.
pub(super) fn catch_up(connection: &Connection, vault: &Vault, limit: u32) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT part.report, purpose, body, site, reporter FROM part JOIN report ON report.id = part.report
         WHERE sealed = 0 LIMIT ?1",
    )?;
    let mut rows = statement.query([limit])?;
    let mut sealed = 0;
    while let Some(row) = rows.next()? {
        let (report, purpose) = (Uuid::from_bytes(row.get(0)?), row.get::<String>(1)?);
        let known = Purpose::from_name(&purpose)
            .ok_or_else(|| StoreError::Fault("a row names a purpose that does not exist".into()))?;
        let owner = Owner { site: Uuid::from_bytes(row.get(3)?), reporter: row.get(4)? };
        let key = find_or_make(connection, vault, &owner)?;
        let body = key.itself().seal(&about(report, known), &row.get::<Vec<u8>>(2)?, vault.rng());
        connection
            .prepare_cached("UPDATE part SET body = ?3, sealed = 1 WHERE report = ?1 AND purpose = ?2")?
            .execute((report.as_bytes(), purpose, body))?;
        sealed += 1;
    }
    Ok(sealed)
}

/// Wraps at most `limit` keys anew that are under another master key than the one that wraps now, in the order of their
/// owners from `after` on; how many it did, and whose was the last.
fn rewrap(
    connection: &Connection,
    vault: &Vault,
    after: Option<Owner>,
    limit: u32,
) -> Result<(usize, Option<Owner>), StoreError> {
    let current = vault.current();
    let from = after.unwrap_or(Owner { site: Uuid::nil(), reporter: [0; 32] });
    let mut statement = connection.prepare_cached(
        "SELECT site, reporter, master, wrapped FROM reporter_key
         WHERE (site, reporter) > (?1, ?2) AND master <> ?3 ORDER BY site, reporter LIMIT ?4",
    )?;
    let mut rows = statement.query((from.site.as_bytes(), from.reporter, current.0, limit))?;
    let (mut rewrapped, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let owner = Owner { site: Uuid::from_bytes(row.get(0)?), reporter: row.get(1)? };
        let old = Wrapped { master: MasterId(row.get(2)?), bytes: row.get(3)? };
        let fresh = vault.wrap(&vault.unwrap(&old, &owner)?, &owner);
        connection
            .prepare_cached(
                "UPDATE reporter_key SET master = ?3, wrapped = ?4 WHERE site = ?1 AND reporter = ?2",
            )?
            .execute((owner.site.as_bytes(), owner.reporter, fresh.master.0, fresh.bytes))?;
        rewrapped += 1;
        last = Some(owner);
    }
    Ok((rewrapped, last))
}
