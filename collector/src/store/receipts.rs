//! Receipts as they are asked for later, and the keys that sign them: the newest signs, all stay published.

use std::sync::Arc;

use candor_protocol::{Receipt, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    ReporterHash, Store, StoreError, inserting,
    sql::{self, Connection, OptionalExtension as _, Row},
};
use crate::{
    receipt::{JwkSet, Signer},
    vault::{MasterId, Vault, Wrapped},
};

/// Milliseconds after which another program's rotation is followed at the latest.
const FRESH_MS: i64 = 60_000;

/// The signer in use, and when it was read.
pub(super) type SignerCache = std::sync::Mutex<Option<(Timestamp, Arc<Signer>)>>;

impl Store {
    /// What signs receipts now. The first time, a key is made.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn signer(&self, now: Timestamp) -> Result<Arc<Signer>, StoreError> {
        if let Some((read_at, signer)) = &*self.cached_signer()
            && (0..FRESH_MS).contains(&now.ms_since(*read_at))
        {
            return Ok(Arc::clone(signer));
        }
        let vault = self.vault.clone();
        let known = self.readers.read(move |connection| newest(connection, &vault)).await?;
        let signer = match known {
            Some(known) => known,
            None => {
                let vault = self.vault.clone();
                let made = self.writer.write(move |connection| {
                    connection.take_turn("signer")?;
                    match newest(connection, &vault)? {
                        // Another program was faster.
                        Some(known) => Ok(known),
                        None => make(connection, &vault, now),
                    }
                });
                made.await?
            }
        };
        let signer = Arc::new(signer);
        *self.cached_signer() = Some((now, Arc::clone(&signer)));
        Ok(signer)
    }

    /// The receipt of a report of this visitor's; `None` when there is none, or it has expired.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn receipt(
        &self,
        who: ReporterHash,
        report: Uuid,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        type Columns = ([u8; 16], [u8; 16], i64, u32, String);
        self.readers
            .read(move |connection| {
                let row: Option<Columns> = connection
                    .prepare_cached(
                        "SELECT site, submission, received_at, policy, kept FROM report
                         WHERE id = ?1 AND reporter = ?2 AND until > ?3 AND erased_at IS NULL",
                    )?
                    .query_row((report.as_bytes(), who.0, now.unix_ms()), |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                    })
                    .optional()?;
                let Some((site, submission, received_at, policy, kept)) = row else { return Ok(None) };
                let of = (Uuid::from_bytes(site), Uuid::from_bytes(submission));
                let stored_at = Timestamp::from_unix_ms(received_at);
                Ok(Some(inserting::receipt(report, of, stored_at, policy, serde_json::from_str(&kept)?)))
            })
            .await
    }

    /// Lets a fresh key sign from now on.
    ///
    /// # Errors
    /// The old one still does.
    pub async fn rotate_signer(&self, now: Timestamp) -> Result<(), StoreError> {
        let vault = self.vault.clone();
        self.writer.write(move |connection| make(connection, &vault, now).map(drop)).await?;
        *self.cached_signer() = None;
        Ok(())
    }

    /// All public keys that ever signed, the newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn receipt_keys(&self) -> Result<JwkSet, StoreError> {
        self.readers
            .read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT public FROM receipt_key ORDER BY id DESC")?;
                let keys = statement.query_map([], |row| row.get(0))?;
                let keys: Vec<[u8; 32]> = keys.collect::<Result<_, _>>()?;
                Ok(JwkSet::of(&keys))
            })
            .await
    }

    fn cached_signer(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, Arc<Signer>)>> {
        self.signer.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn newest(connection: &Connection, vault: &Vault) -> Result<Option<Signer>, StoreError> {
    let row = connection
        .prepare_cached("SELECT public, master, sealed FROM receipt_key ORDER BY id DESC LIMIT 1")?
        .query_row([], columns)
        .optional()?;
    let Some((public, sealed)) = row else { return Ok(None) };
    let secret = Zeroizing::new(vault.open(&about(&public), &sealed)?);
    let secret = <&[u8; 32]>::try_from(secret.as_slice())
        .map_err(|_| StoreError::Fault("a key that signs receipts has another length".into()))?;
    Ok(Some(Signer::of(secret)))
}

fn columns(row: &Row<'_>) -> sql::Result<([u8; 32], Wrapped)> {
    Ok((row.get(0)?, Wrapped { master: MasterId(row.get(1)?), bytes: row.get(2)? }))
}

fn make(connection: &Connection, vault: &Vault, now: Timestamp) -> Result<Signer, StoreError> {
    let signer = Signer::fresh(vault.rng());
    let public = signer.public();
    let sealed = vault.seal(&about(&public), &*signer.secret());
    connection
        .prepare_cached("INSERT INTO receipt_key (public, master, sealed, since) VALUES (?1, ?2, ?3, ?4)")?
        .execute((public, sealed.master.0, sealed.bytes, now.unix_ms()))?;
    Ok(signer)
}

/// Seals the keys anew that lie under another master key than the one that seals now; how many it did.
pub(super) fn reseal(connection: &Connection, vault: &Vault) -> Result<usize, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT public, master, sealed FROM receipt_key WHERE master <> ?1")?;
    let rows = statement.query_map([vault.current().0], columns)?;
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (public, old) in &rows {
        let secret = Zeroizing::new(vault.open(&about(public), old)?);
        let fresh = vault.seal(&about(public), &secret);
        connection
            .prepare_cached("UPDATE receipt_key SET master = ?2, sealed = ?3 WHERE public = ?1")?
            .execute((public, fresh.master.0, fresh.bytes))?;
    }
    Ok(rows.len())
}

fn about(public: &[u8; 32]) -> Vec<u8> {
    [&b"receipt key "[..], public].concat()
}
