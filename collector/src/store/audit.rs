//! The audit log's rows. Each is written in the transaction of what it tells of.

use candor_protocol::Timestamp;
use uuid::Uuid;

use super::{
    Store, StoreError,
    sql::{self, Connection, OptionalExtension as _, Row as Columns},
};
use crate::{
    audit::{Broken, End, Entry, KEPT_DAYS, Row, Side, Verifier},
    key::InstanceKey,
};

const COLUMNS: &str = "SELECT seq, at, actor, act, site, subject, why, hash FROM audit";

impl Store {
    /// Writes down something that changed nothing else: that somebody read.
    ///
    /// # Errors
    /// It was not written down; then it must not happen either.
    pub async fn note(&self, entry: Entry) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.writer.write(move |connection| append(connection, &entry, &key)).await
    }

    /// The newest rows before `before`, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut statement = connection
                    .prepare_cached(&[COLUMNS, " WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2"].concat())?;
                let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
                let rows = statement.query_map((before, limit), row)?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Walks the whole chain; the number of rows it walked and the head, which may be noted elsewhere.
    ///
    /// # Errors
    /// The database cannot be read. What is wrong with the chain is no error of the store's.
    pub async fn verify_audit(&self) -> Result<Result<(u64, End), Broken>, StoreError> {
        let key = self.key.clone();
        self.readers.read(move |connection| verify(connection, &key)).await
    }
}

/// Adds a row at the end of the chain.
pub(super) fn append(connection: &Connection, entry: &Entry, key: &InstanceKey) -> Result<(), StoreError> {
    connection.take_turn("audit")?;
    let head = end(connection, Side::Head, key)?.map_err(|broken| StoreError::Fault(broken.to_string()))?;
    let next = head.then(entry, key);
    connection
        .prepare_cached(
            "INSERT INTO audit (seq, at, actor, act, site, subject, why, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            next.seq,
            entry.at.unix_ms(),
            entry.actor.text(),
            entry.act.as_str(),
            entry.site.map(Uuid::into_bytes),
            &entry.subject,
            &entry.why,
            next.hash,
        ))?;
    put_end(connection, Side::Head, next, key)
}

/// Takes out at most `limit` rows that were kept long enough, and moves the checkpoint behind them.
pub(super) fn sweep(
    connection: &Connection,
    key: &InstanceKey,
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    connection.take_turn("audit")?;
    let ended = ended(now);
    let checkpoint = end(connection, Side::Checkpoint, key)?;
    let checkpoint = checkpoint.map_err(|broken| StoreError::Fault(broken.to_string()))?;
    // The clock may have gone backwards between two rows: what leaves is the beginning of the chain, up to the first
    // row that stays.
    let mut statement =
        connection.prepare_cached(&[COLUMNS, " WHERE seq > ?1 ORDER BY seq LIMIT ?2"].concat())?;
    let mut last = checkpoint;
    for row in statement.query_map((checkpoint.seq, limit), row)? {
        let row = row?;
        if row.at > ended {
            break;
        }
        last = End { seq: row.seq, hash: row.hash };
    }
    if last == checkpoint {
        return Ok(0);
    }
    put_end(connection, Side::Checkpoint, last, key)?;
    Ok(connection.prepare_cached("DELETE FROM audit WHERE seq <= ?1")?.execute([last.seq])? as u64)
}

/// What was written down at this moment or before has been kept long enough.
pub(super) fn ended(now: Timestamp) -> Timestamp {
    now.plus_ms(-Timestamp::default().plus_days(KEPT_DAYS).unix_ms())
}

fn verify(connection: &Connection, key: &InstanceKey) -> Result<Result<(u64, End), Broken>, StoreError> {
    // One snapshot for the rows and both ends: a row may be written meanwhile.
    let snapshot = connection.snapshot()?;
    let (checkpoint, head) = match (end(&snapshot, Side::Checkpoint, key)?, end(&snapshot, Side::Head, key)?)
    {
        (Ok(checkpoint), Ok(head)) => (checkpoint, head),
        (Err(broken), _) | (_, Err(broken)) => return Ok(Err(broken)),
    };
    let mut verifier = Verifier::after(checkpoint, key);
    let mut rows = 0;
    let mut statement = snapshot.prepare(&[COLUMNS, " ORDER BY seq"].concat())?;
    for row in statement.query_map([], row)? {
        if let Err(broken) = verifier.row(&row?) {
            return Ok(Err(broken));
        }
        rows += 1;
    }
    Ok(verifier.end(head).map(|head| (rows, head)))
}

/// One end of the chain. Where neither rows nor ends were ever written, it is the beginning.
fn end(connection: &Connection, side: Side, key: &InstanceKey) -> Result<Result<End, Broken>, StoreError> {
    let kept: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([meta_name(side)], |row| row.get(0))
        .optional()?;
    let Some(kept) = kept else {
        let rows: i64 = connection
            .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM audit LIMIT 1) AS found")?
            .query_row([], |row| row.get(0))?;
        let was_taken = rows > 0 && side == Side::Head;
        return Ok(if was_taken { Err(Broken::End(side.as_str())) } else { Ok(End::default()) });
    };
    Ok(End::unsealed(&kept, side, key))
}

fn put_end(connection: &Connection, side: Side, end: End, key: &InstanceKey) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute((meta_name(side), end.sealed(side, key)))?;
    Ok(())
}

const fn meta_name(side: Side) -> &'static str {
    match side {
        Side::Head => "audit_head",
        Side::Checkpoint => "audit_checkpoint",
    }
}

fn row(row: &Columns<'_>) -> sql::Result<Row> {
    Ok(Row {
        seq: row.get(0)?,
        at: Timestamp::from_unix_ms(row.get(1)?),
        actor: row.get(2)?,
        act: row.get(3)?,
        site: row.get::<Option<[u8; 16]>>(4)?.map(Uuid::from_bytes),
        subject: row.get(5)?,
        why: row.get(6)?,
        hash: row.get(7)?,
    })
}
