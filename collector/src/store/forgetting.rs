//! The end of the erasures that are known: a backup is put back without what was erased since, so they are known for as
//! long as backups can be put back, and older ones are refused.

use candor_protocol::{DAY_MS, Timestamp};

use super::{
    StoreError, audit,
    sql::{Connection, Counter, OptionalExtension as _},
};
use crate::{
    audit::{Act, Actor, Entry},
    key::InstanceKey,
};

/// Days for which a backup can be put back, unless something else is set.
pub const BACKUP_DAYS: u16 = 400;

/// Where it stands since when all erasures are known.
const SINCE: &str = "erasures_since";

/// Backups from this moment on can be put back when those of the last `days` can: the beginning of a day, so that the
/// log has a row a day at most about it.
fn oldest(now: Timestamp, days: u16) -> Timestamp {
    let ms = now.unix_ms() - i64::from(days) * DAY_MS;
    Timestamp::from_unix_ms(ms - ms.rem_euclid(DAY_MS))
}

/// Erasures of this moment or before are in every backup that can be put back. There is a day between the two, for an
/// erasure bears the moment at which it began, and on several collectors that of its own clock.
pub(super) fn ended(now: Timestamp, days: u16) -> Timestamp {
    oldest(now, days).plus_ms(-DAY_MS)
}

/// Those that leave: the beginning of the list, up to the first that stays. The newest stays always, for a file would give
/// its number to the next one, and a backup would take that for one that it knows.
macro_rules! leaving {
    () => {
        "FROM erasure WHERE id < coalesce(
            (SELECT id FROM erasure WHERE at > ?1 ORDER BY id LIMIT 1), (SELECT max(id) FROM erasure))"
    };
}

/// How many leave, of this moment or before.
pub(super) const DUE: &str = concat!("SELECT count(*) ", leaving!());

/// The first of them leave, at most so many.
const DELETE: &str = concat!(
    "DELETE FROM erasure WHERE id IN (SELECT id ",
    leaving!(),
    " ORDER BY id LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)"
);

/// Takes out at most `limit` erasures that no backup needs any more.
pub(super) fn sweep(
    connection: &Connection,
    key: &InstanceKey,
    (now, days): (Timestamp, u16),
    limit: u32,
) -> Result<u64, StoreError> {
    let gone = connection.prepare_cached(DELETE)?.execute((ended(now, days).unix_ms(), limit))? as u64;
    if gone > 0 {
        note(connection, key, now, days)?;
    }
    Ok(gone)
}

/// Writes down that erasures leave, in the transaction in which they do.
fn note(connection: &Connection, key: &InstanceKey, now: Timestamp, days: u16) -> Result<(), StoreError> {
    let oldest = oldest(now, days);
    if oldest.unix_ms() <= since(connection)? {
        return Ok(());
    }
    put(connection, oldest.unix_ms())?;
    let subject = format!("backups-before:{oldest}");
    let act = Act::ErasuresForgotten;
    audit::append(
        connection,
        &Entry { at: now, actor: Actor::Collector, act, site: None, subject, why: None },
        key,
    )
}

/// The moment since which all erasures are known, in Unix milliseconds.
pub(super) fn since(connection: &Connection) -> Result<i64, StoreError> {
    let since: Option<Counter> = connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([SINCE], |row| row.get(0))
        .optional()?;
    Ok(since.map_or(i64::MIN, |Counter(since)| since))
}

/// Sets it.
pub(super) fn put(connection: &Connection, since: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute((SINCE, Counter(since)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        ReporterHash, Scope, Walk,
        tests::{Bench, NOW, REPORTER, admitted},
    };

    #[tokio::test]
    async fn erasures_are_known_as_long_as_backups_can_be_put_back_and_the_log_says_since_when() {
        let bench = Bench::new().await;
        let who = ReporterHash::of(REPORTER, &InstanceKey::new([7; 32]));
        let by = || Actor::Visitor(who.pseudonym());
        for day in 0..3 {
            let now = NOW.plus_days(day);
            let receipt = bench.stored(admitted(1 + u128::from(day), "Words", now)).await;
            let scope = Scope::Report(receipt.report);
            bench.store.erase(who, scope, by(), uuid::Uuid::nil(), now).await.unwrap();
        }
        // Each took the key along, for nothing else was left.
        assert_eq!(bench.count("erasure"), 6);
        let last = bench.asked(newest);
        let log = bench.store.audit(None, 100).await.unwrap().len();
        let swept = async |now: Timestamp| {
            let (mut walk, mut erasures) = (Walk::default(), 0);
            while !walk.is_over() {
                bench.store.anonymise_due(now, 100, &mut walk).await.unwrap();
                let due = bench.store.due(now).await.unwrap().erasures;
                let gone = bench.store.sweep(now, 100, &mut walk).await.unwrap().erasures;
                assert!(gone == due || gone == 0, "{gone} of {due}");
                erasures += gone;
            }
            erasures
        };
        assert_eq!(swept(NOW.plus_days(BACKUP_DAYS)).await, 0);
        assert_eq!(swept(NOW.plus_days(BACKUP_DAYS + 2)).await, 2);
        // A second sweep on the same day writes nothing more.
        assert_eq!(swept(NOW.plus_days(BACKUP_DAYS + 2)).await, 0);
        let rows = bench.store.audit(None, 100).await.unwrap();
        assert_eq!((rows.len(), rows[0].act.as_str()), (log + 1, "erasures-forgotten"));
        assert_eq!(rows[0].subject, "backups-before:2026-11-20T00:00:00.000Z");
        // The newest stays, so that none after it gets its number: a backup would take it for one that it knows.
        assert_eq!(swept(NOW.plus_days(BACKUP_DAYS + 30)).await, 3);
        assert_eq!((bench.count("erasure"), bench.asked(newest)), (1, last));
        assert!(bench.store.verify_audit().await.unwrap().is_ok());
        // The clock was wrong, and is put back: what was forgotten is not known again.
        let back = bench.asked(|database| {
            note(database, &InstanceKey::new([7; 32]), NOW, BACKUP_DAYS).unwrap();
            since(database).unwrap()
        });
        assert_eq!(back, oldest(NOW.plus_days(BACKUP_DAYS + 30), BACKUP_DAYS).unix_ms());
    }

    fn newest(database: &Connection) -> i64 {
        database.query_row("SELECT max(id) FROM erasure", [], |row| row.get(0)).unwrap()
    }
}
