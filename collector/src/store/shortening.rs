//! Fewer days in a new policy hold for what is stored already.

use std::collections::BTreeSet;

use candor_protocol::{DAY_MS, Policy, Purpose, Timestamp};
use uuid::Uuid;

use super::{StoreError, anonymous::NOBODY, sql::Connection};

/// Milliseconds after a change of a policy in which sweeps look for what was still admitted under older terms.
const LATE_KNOWN_MS: i64 = DAY_MS;
/// Milliseconds around the change within which it came, by clocks that differ.
const LATE_MS: i64 = 600_000;

/// What `table` holds for longer than a purpose's days in a new policy: the site, the purpose, the days, nobody, the
/// policy's version, and the first and the last report that are looked at.
fn too_long(table: &str) -> String {
    format!(
        "report.id = {table}.report AND report.site = ?1 AND {table}.purpose = ?2
         AND {table}.until > report.received_at + ?3 AND report.reporter <> ?4
         AND report.policy < ?5 AND report.id >= ?6 AND report.id <= ?7"
    )
}

/// Fewer days hold for what was stored under older terms; more days never do. The reports are those whose ids are `from`
/// the first `to` the second.
pub(super) fn shorten(
    connection: &Connection,
    (site, policy): (Uuid, &Policy),
    (from, to): (Uuid, Uuid),
) -> Result<(), StoreError> {
    for terms in &policy.terms {
        let most = Timestamp::default().plus_days(terms.days).unix_ms();
        for table in ["part", "file"] {
            connection
                .prepare_cached(&format!(
                    "UPDATE {table} SET until = report.received_at + ?3 FROM report WHERE {}",
                    too_long(table)
                ))?
                .execute((
                    site.as_bytes(),
                    terms.purpose.as_str(),
                    most,
                    NOBODY,
                    policy.version,
                    from.as_bytes(),
                    to.as_bytes(),
                ))?;
        }
        if terms.purpose == Purpose::Contact {
            connection
                .prepare_cached(
                    "UPDATE address SET until = report.received_at + ?2 FROM report
                     WHERE report.id = address.report AND report.site = ?1
                       AND address.until > report.received_at + ?2
                       AND report.policy < ?3 AND report.id >= ?4 AND report.id <= ?5",
                )?
                .execute((site.as_bytes(), most, policy.version, from.as_bytes(), to.as_bytes()))?;
        }
    }
    // A report lasts as long as the last thing that it holds.
    connection
        .prepare_cached(
            "UPDATE report SET until = lasts FROM (
                 SELECT known, max(an_end) AS lasts FROM (
                     SELECT id AS known, received_at AS an_end FROM report
                     WHERE site = ?1 AND reporter <> ?2 AND erased_at IS NULL AND id >= ?3 AND id <= ?4
                     UNION ALL SELECT part.report, part.until FROM part
                         JOIN report ON report.id = part.report
                         WHERE report.site = ?1 AND report.id >= ?3 AND report.id <= ?4
                     UNION ALL SELECT file.report, file.until FROM file
                         JOIN report ON report.id = file.report
                         WHERE report.site = ?1 AND report.id >= ?3 AND report.id <= ?4) AS ends
                 GROUP BY known) AS lasting
             WHERE id = known AND until > lasts AND reporter <> ?2 AND erased_at IS NULL",
        )?
        .execute((site.as_bytes(), NOBODY, from.as_bytes(), to.as_bytes()))?;
    Ok(())
}

/// Fewer days hold for what another collector took in, too, when it did not know of them yet. Whatever is short enough is
/// left alone: a report whose words were taken back keeps its bare row until the date that it has.
pub(super) fn shorten_late(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let mut recent = connection.prepare_cached("SELECT site, body, since FROM policy WHERE since > ?1")?;
    let recent = recent.query_map([now.plus_ms(-LATE_KNOWN_MS).unix_ms()], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let recent: Vec<([u8; 16], String, i64)> = recent.collect::<Result<_, _>>()?;
    for (site, policy, since) in recent {
        let (site, policy) = (Uuid::from_bytes(site), serde_json::from_str(&policy)?);
        for report in late(connection, (site, &policy), since)? {
            shorten(connection, (site, &policy), (report, report))?;
        }
    }
    Ok(())
}

/// Reports that came about the time of the change and hold something for longer than the policy says.
fn late(
    connection: &Connection,
    (site, policy): (Uuid, &Policy),
    since: i64,
) -> Result<BTreeSet<Uuid>, StoreError> {
    // A report's id begins with when it came.
    let at = |ms: i64, rest| {
        let ms = u64::try_from(since.saturating_add(ms)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &[rest; 10]).into_uuid()
    };
    let (from, to) = (at(-LATE_MS, 0), at(LATE_MS, 0xff));
    let mut found = BTreeSet::new();
    for terms in &policy.terms {
        let most = Timestamp::default().plus_days(terms.days).unix_ms();
        for table in ["part", "file"] {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT report.id FROM report, {table} WHERE {}",
                too_long(table)
            ))?;
            let about = (
                site.as_bytes(),
                terms.purpose.as_str(),
                most,
                NOBODY,
                policy.version,
                from.as_bytes(),
                to.as_bytes(),
            );
            let ids = statement.query_map(about, |row| row.get(0).map(Uuid::from_bytes))?;
            for id in ids {
                found.insert(id?);
            }
        }
    }
    Ok(found)
}
