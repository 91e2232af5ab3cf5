//! Taking out what is somebody's before its date: the key first, then the words, then the files, then what ties the row
//! to anybody.

use candor_protocol::{Kept, Purpose, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::{ReporterHash, StoreError, loose};

/// Everything that lies under the key is unreadable from here on, also in copies of the database.
pub(super) fn key(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM reporter_key WHERE site = ?1 AND reporter = ?2")?
        .execute((site.as_bytes(), who.0))?;
    connection
        .prepare_cached("DELETE FROM objection WHERE site = ?1 AND reporter = ?2")?
        .execute((site.as_bytes(), who.0))?;
    connection
        .prepare_cached("INSERT INTO erasure (at, site, reporter, done_at) VALUES (?1, ?2, ?3, ?1)")?
        .execute((now.unix_ms(), site.as_bytes(), who.0))?;
    Ok(())
}

/// Words first, then files, then all that ties the row to somebody. The bare row stays until its date, so that a late
/// retry of the same submission does not bring it back.
pub(super) fn report(
    connection: &Connection,
    site: Uuid,
    report: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = report.as_bytes();
    connection.prepare_cached("DELETE FROM part WHERE report = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM address WHERE report = ?1")?.execute([id])?;
    loose::drop_files(connection, report, None, now)?;
    connection
        .prepare_cached(
            "UPDATE report SET erased_at = ?2, reporter = zeroblob(32), fingerprint = zeroblob(32),
                 kept = '[]', granted = '[]', restricted_at = NULL, held_because = NULL
             WHERE id = ?1",
        )?
        .execute((id, now.unix_ms()))?;
    connection
        .prepare_cached("INSERT INTO erasure (at, site, report, done_at) VALUES (?1, ?2, ?3, ?1)")?
        .execute((now.unix_ms(), site.as_bytes(), id))?;
    Ok(())
}

/// What is held for one purpose of a report, and its promise in the receipt.
pub(super) fn purpose(
    connection: &Connection,
    site: Uuid,
    report: Uuid,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = report.as_bytes();
    connection
        .prepare_cached("DELETE FROM part WHERE report = ?1 AND purpose = ?2")?
        .execute((id, purpose.as_str()))?;
    if purpose == Purpose::Contact {
        connection.prepare_cached("DELETE FROM address WHERE report = ?1")?.execute([id])?;
    }
    loose::drop_files(connection, report, Some(purpose), now)?;
    let promises: Option<(String, String)> = connection
        .prepare_cached("SELECT kept, granted FROM report WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((kept, granted)) = promises {
        let without = |text: &str| -> Result<String, StoreError> {
            let mut kept: Vec<Kept> = serde_json::from_str(text)?;
            kept.retain(|kept| kept.purpose != purpose);
            Ok(serde_json::to_string(&kept)?)
        };
        connection.prepare_cached("UPDATE report SET kept = ?2, granted = ?3 WHERE id = ?1")?.execute((
            id,
            without(&kept)?,
            without(&granted)?,
        ))?;
    }
    connection
        .prepare_cached(
            "INSERT INTO erasure (at, site, report, purpose, done_at) VALUES (?1, ?2, ?3, ?4, ?1)",
        )?
        .execute((now.unix_ms(), site.as_bytes(), id, purpose.as_str()))?;
    Ok(())
}

/// The evidence says that consent was given; from now on it also says that it was taken back.
pub(super) fn note_withdrawal(
    connection: &Connection,
    report: Uuid,
    purposes: &[Purpose],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut all = withdrawn(connection, report)?;
    all.extend(purposes);
    all.sort_unstable();
    all.dedup();
    connection
        .prepare_cached("UPDATE consent SET withdrawn = ?2, withdrawn_at = ?3 WHERE report = ?1")?
        .execute((report.as_bytes(), serde_json::to_string(&all)?, now.unix_ms()))?;
    Ok(())
}

pub(super) fn withdrawn(connection: &Connection, report: Uuid) -> Result<Vec<Purpose>, StoreError> {
    let text: Option<Option<String>> = connection
        .prepare_cached("SELECT withdrawn FROM consent WHERE report = ?1")?
        .query_row([report.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
}

pub(super) fn set_restricted(
    connection: &Connection,
    report: Uuid,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE report SET restricted_at = ?2 WHERE id = ?1")?
        .execute((report.as_bytes(), at.map(Timestamp::unix_ms)))?;
    Ok(())
}
