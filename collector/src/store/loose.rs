//! Blobs that no row names any more, or not yet.
//!
//! A blob may be wanted again while it is being taken away: somebody sends the same bytes. So the one that takes it
//! claims it first, in a transaction that sees no row naming it; as long as the claim holds, no row may name it
//! ([`super::InsertedFile::Going`]), and only a name that is given up can be named again. This holds between any
//! number of collectors on one database.

use candor_protocol::{Purpose, Timestamp};
use uuid::Uuid;

use super::{Store, StoreError, sql::Connection};
use crate::blobs::BlobName;

/// Milliseconds for which a claim holds: far longer than taking a batch of blobs away, so that what a killed sweep has
/// left is taken by the next.
const CLAIM_MS: i64 = 10 * 60_000;

/// How many blobs have no row that names them, or will have none once what is due is gone.
pub(super) const WILL_BE_LOOSE: &str = "SELECT
    (SELECT count(*) FROM loose_blob WHERE go_at <= ?1
       AND NOT EXISTS (SELECT 1 FROM file WHERE file.blob = loose_blob.blob))
    + (SELECT count(DISTINCT blob) FROM file WHERE until <= ?1
       AND NOT EXISTS (SELECT 1 FROM file AS other WHERE other.blob = file.blob AND other.until > ?1))";

/// Claims blobs: now, the last moment of a claim that holds no more, at most.
pub(super) const CLAIM: &str = "UPDATE loose_blob SET claimed_at = ?1 WHERE blob IN (
        SELECT blob FROM loose_blob WHERE go_at <= ?1 AND coalesce(claimed_at, ?2) <= ?2
            AND NOT EXISTS (SELECT 1 FROM file WHERE file.blob = loose_blob.blob)
        LIMIT ?3 /*pg FOR UPDATE SKIP LOCKED*/)
    RETURNING blob";

impl Store {
    /// Takes note of blobs that exist. Those that no row names may go at `go_at`, unless a row names them until then.
    ///
    /// # Errors
    /// Nothing was noted.
    pub async fn note_blobs(&self, blobs: Vec<BlobName>, go_at: Timestamp) -> Result<(), StoreError> {
        // Nearly all are named: they are not worth the one thread that writes.
        let blobs = self.readers.read(move |connection| {
            let mut named = connection.prepare_cached("SELECT 1 FROM file WHERE blob = ?1")?;
            let mut loose = Vec::new();
            for blob in blobs {
                if !named.exists([blob.as_bytes()])? {
                    loose.push(blob);
                }
            }
            Ok(loose)
        });
        let blobs = blobs.await?;
        if blobs.is_empty() {
            return Ok(());
        }
        self.writer
            .write(move |connection| blobs.iter().try_for_each(|blob| loosen(connection, *blob, go_at)))
            .await
    }

    /// At most `limit` blobs that no row names and that may go now. Until [`Store::give_up_blobs`], or for ten minutes,
    /// no row can name them: whoever has claimed them takes them away meanwhile.
    ///
    /// # Errors
    /// Nothing was claimed.
    pub async fn claim_blobs(&self, now: Timestamp, limit: u32) -> Result<Vec<BlobName>, StoreError> {
        self.writer
            .write(move |connection| {
                let mut statement = connection.prepare_cached(CLAIM)?;
                let claim_ended = now.plus_ms(-CLAIM_MS).unix_ms();
                let claimed = statement.query_map((now.unix_ms(), claim_ended, limit), |row| row.get(0))?;
                Ok(claimed.map(|blob| blob.map(BlobName::from_bytes)).collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Forgets blobs that have been taken away.
    ///
    /// # Errors
    /// They stay claimed.
    pub async fn give_up_blobs(&self, blobs: Vec<BlobName>) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                let mut statement = connection.prepare_cached("DELETE FROM loose_blob WHERE blob = ?1")?;
                blobs.iter().try_for_each(|blob| Ok(statement.execute([blob.as_bytes()]).map(drop)?))
            })
            .await
    }
}

/// Whether a blob is being taken away. One that is only waiting for it is kept from now on.
pub(super) fn is_going(connection: &Connection, blob: BlobName) -> Result<bool, StoreError> {
    if connection.is_shared() {
        // Whoever loosens this blob at the same moment, for the last row that named it goes, waits for the one to come.
        connection
            .prepare_cached("INSERT INTO loose_blob (blob, go_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((blob.as_bytes(), i64::MAX))?;
    }
    connection
        .prepare_cached("DELETE FROM loose_blob WHERE blob = ?1 AND claimed_at IS NULL")?
        .execute([blob.as_bytes()])?;
    let mut claimed = connection.prepare_cached("SELECT 1 FROM loose_blob WHERE blob = ?1")?;
    Ok(claimed.exists([blob.as_bytes()])?)
}

/// Deletes a report's files, all or those for one purpose, and loosens the blobs that were theirs alone.
pub(super) fn drop_files(
    connection: &Connection,
    report: Uuid,
    purpose: Option<Purpose>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM file WHERE report = ?1 AND purpose = coalesce(?2, purpose) RETURNING blob",
    )?;
    let purpose = purpose.map(Purpose::as_str);
    let deleted = statement.query_map((report.as_bytes(), purpose), |row| row.get(0))?;
    let deleted: Vec<[u8; 32]> = deleted.collect::<Result<_, _>>()?;
    deleted.into_iter().try_for_each(|blob| loosen(connection, BlobName::from_bytes(blob), now))
}

/// A blob that no row names any more may go.
pub(super) fn loosen(connection: &Connection, blob: BlobName, go_at: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO loose_blob (blob, go_at) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM file WHERE blob = ?1)
             ON CONFLICT (blob) DO UPDATE SET go_at = excluded.go_at WHERE loose_blob.go_at > excluded.go_at",
        )?
        .execute((blob.as_bytes(), go_at.unix_ms()))?;
    Ok(())
}
