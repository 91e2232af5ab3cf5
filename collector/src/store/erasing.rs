//! Taking out what is somebody's before its date: the key first, then the words, then the files, then what ties the row
//! to anybody.

use candor_protocol::{Kept, Purpose, Timestamp};
use uuid::Uuid;

use super::{
    ReporterHash, Scope, StoreError,
    anonymous::NOBODY,
    loose, requests, seal,
    sql::{Connection, OptionalExtension as _},
};
use crate::vault::{Owner, Vault};

/// These reports of one reporter's, which are all of them or not: the key first, or the keys of these reports.
pub(super) fn reports(
    connection: &Connection,
    vault: &Vault,
    (who, site): (ReporterHash, Uuid),
    scope: Scope,
    reports: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reports: Vec<Uuid> = reports.into_iter().collect();
    if scope == Scope::Everything {
        key(connection, who, site, now)?;
    } else {
        let gone: Vec<_> = reports.iter().flat_map(|id| Purpose::ALL.map(|purpose| (*id, purpose))).collect();
        seal::destroy_parts(connection, vault, &Owner { site, reporter: who.0 }, &gone)?;
    }
    for id in reports {
        report(connection, site, id, now)?;
    }
    if scope == Scope::Everything { Ok(()) } else { key_of_nothing(connection, who, site, now) }
}

/// Everything that lies under the key is unreadable from here on, also in copies of the database.
fn key(connection: &Connection, who: ReporterHash, site: Uuid, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM objection WHERE site = ?1 AND reporter = ?2")?
        .execute((site.as_bytes(), who.0))?;
    destroy_key(connection, who, site, now)
}

/// The last report takes the key with it: nothing lies under it any more but copies in backups, which are not to be
/// read either. What the visitor objects to stays.
pub(super) fn key_of_nothing(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.lock(
        "SELECT 1 FROM reporter_key WHERE reporter = ?1 AND site = ?2 /*pg FOR UPDATE*/",
        (who.0, site.as_bytes()),
    )?;
    let is_needed = connection
        .prepare_cached("SELECT 1 FROM report WHERE reporter = ?1 AND site = ?2 AND erased_at IS NULL")?
        .exists((who.0, site.as_bytes()))?;
    if is_needed { Ok(()) } else { destroy_key(connection, who, site, now) }
}

fn destroy_key(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM reporter_key WHERE site = ?1 AND reporter = ?2")?
        .execute((site.as_bytes(), who.0))?;
    connection
        .prepare_cached("INSERT INTO erasure (at, site, reporter, done_at) VALUES (?1, ?2, ?3, ?1)")?
        .execute((now.unix_ms(), site.as_bytes(), who.0))?;
    Ok(())
}

/// Nothing joins the report before this transaction has ended: a file that is just being stored is there already, or
/// will not be.
fn lock(connection: &Connection, report: Uuid) -> Result<(), StoreError> {
    Ok(connection.lock("SELECT 1 FROM report WHERE id = ?1 /*pg FOR UPDATE*/", [report.as_bytes()])?)
}

/// Whatever is done to all of a visitor's, nobody else does anything to it before this transaction has ended, and no
/// report of theirs joins it on a site that knows them already.
pub(super) fn lock_visitor(connection: &Connection, who: ReporterHash) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM reporter_key WHERE reporter = ?1 ORDER BY site /*pg FOR UPDATE*/";
    Ok(connection.lock(sql, [who.0])?)
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
    lock(connection, report)?;
    connection.prepare_cached("DELETE FROM part WHERE report = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM key_ring WHERE report = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM address WHERE report = ?1")?.execute([id])?;
    loose::drop_files(connection, report, None, now)?;
    connection.prepare_cached("UPDATE request SET body = NULL WHERE report = ?1")?.execute([id])?;
    connection
        .prepare_cached(
            "UPDATE report SET erased_at = ?2, reporter = ?3, fingerprint = ?3,
                 kept = '[]', granted = '[]', restricted_at = NULL, held_because = NULL
             WHERE id = ?1",
        )?
        .execute((id, now.unix_ms(), NOBODY))?;
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
    lock(connection, report)?;
    connection
        .prepare_cached("DELETE FROM part WHERE report = ?1 AND purpose = ?2")?
        .execute((id, purpose.as_str()))?;
    if purpose == Purpose::Contact {
        connection.prepare_cached("DELETE FROM address WHERE report = ?1")?.execute([id])?;
    }
    loose::drop_files(connection, report, Some(purpose), now)?;
    requests::forget(connection, report, purpose, now)?;
    for column in ["kept", "granted"] {
        forget_promise(connection, report, column, purpose)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO erasure (at, site, report, purpose, done_at) VALUES (?1, ?2, ?3, ?4, ?1)",
        )?
        .execute((now.unix_ms(), site.as_bytes(), id, purpose.as_str()))?;
    Ok(())
}

/// From now on no file for the purpose may follow the report.
pub(super) fn close_to(connection: &Connection, report: Uuid, purpose: Purpose) -> Result<(), StoreError> {
    forget_promise(connection, report, "granted", purpose)
}

/// Takes a purpose out of a report's column of promises.
fn forget_promise(
    connection: &Connection,
    report: Uuid,
    column: &'static str,
    purpose: Purpose,
) -> Result<(), StoreError> {
    let promises: Option<String> = connection
        .prepare_cached(&format!("SELECT {column} FROM report WHERE id = ?1 /*pg FOR UPDATE*/"))?
        .query_row([report.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(promises) = promises else { return Ok(()) };
    let mut promises: Vec<Kept> = serde_json::from_str(&promises)?;
    promises.retain(|kept| kept.purpose != purpose);
    connection
        .prepare_cached(&format!("UPDATE report SET {column} = ?2 WHERE id = ?1"))?
        .execute((report.as_bytes(), serde_json::to_string(&promises)?))?;
    Ok(())
}

/// Whether something is there that was taken back: a hold keeps it, for itself alone.
pub(super) fn keeps_withdrawn(connection: &Connection, report: Uuid) -> Result<bool, StoreError> {
    let withdrawn = withdrawn(connection, report)?;
    let mut statement = connection.prepare_cached(
        "SELECT purpose FROM part WHERE report = ?1 UNION SELECT purpose FROM file WHERE report = ?1",
    )?;
    let held = statement.query_map([report.as_bytes()], |row| row.get::<String>(0))?;
    let held: Vec<String> = held.collect::<Result<_, _>>()?;
    Ok(withdrawn.iter().any(|purpose| held.iter().any(|name| name == purpose.as_str())))
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

/// What was agreed to with a report, taken back or not.
pub(super) fn given(connection: &Connection, report: Uuid) -> Result<Vec<Purpose>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT granted FROM consent WHERE report = ?1")?
        .query_row([report.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
}

/// What was taken back of it.
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
