//! Taking out what has reached its date.

use candor_protocol::{DAY_MS, Purpose, Timestamp};
use candor_rules::retention::CONSENT_EVIDENCE_DAYS;
use uuid::Uuid;

use super::{ReporterHash, Store, StoreError, anonymous, audit, erasing, loose, sql::Connection};

/// How many rows have reached their date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Parts of reports and files, in the order of [`Purpose::ALL`].
    pub parts: [u64; Purpose::ALL.len()],
    /// Reports of which nothing is left.
    pub reports: u64,
    /// Consent evidence that is no longer needed.
    pub consents: u64,
    /// Sessions that have ended, and mailed links that nobody used in time.
    pub sessions: u64,
    /// Blobs that no file is made of any more.
    pub blobs: u64,
    /// Answered requests that were kept long enough.
    pub requests: u64,
    /// Rows of the audit log that were kept long enough.
    pub audit: u64,
    /// Reports that were made anonymous ([`Store::anonymise_due`]).
    pub anonymised: u64,
}

impl Due {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.named().map(|(_, count)| count).sum()
    }

    /// One more part or file for the purpose of this name.
    pub(super) fn count(&mut self, purpose: &str) {
        if let Some(at) = Purpose::ALL.iter().position(|known| known.as_str() == purpose) {
            self.parts[at] += 1;
        }
    }

    /// All counts by name: the purposes' parts and files, then the rest.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let rest = [
            ("report", self.reports),
            ("consent", self.consents),
            ("session", self.sessions),
            ("blob", self.blobs),
            ("request", self.requests),
            ("audit", self.audit),
            ("anonymised", self.anonymised),
        ];
        Purpose::ALL.into_iter().map(Purpose::as_str).zip(self.parts).chain(rest)
    }

    /// These and those.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        for (sum, more) in self.parts.iter_mut().zip(other.parts) {
            *sum += more;
        }
        self.reports += other.reports;
        self.consents += other.consents;
        self.sessions += other.sessions;
        self.blobs += other.blobs;
        self.requests += other.requests;
        self.audit += other.audit;
        self.anonymised += other.anonymised;
        self
    }
}

/// Evidence is kept for its years after the reporter's last report on the site, so a newer row keeps the older ones.
const CONSENT_IS_DUE: &str = "recorded_at <= ?1 AND NOT EXISTS (
    SELECT 1 FROM consent AS newer
    WHERE newer.site = consent.site AND newer.reporter = consent.reporter AND newer.recorded_at > ?1)
    AND NOT EXISTS (SELECT 1 FROM report WHERE report.id = consent.report)";

/// That a right was granted is evidence as consent is, and kept as long.
const REQUEST_IS_DUE: &str = "state <> 'open' AND answered_at <= ?1";

impl Store {
    /// Counts what has reached its date, without touching it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn due(&self, now: Timestamp) -> Result<Due, StoreError> {
        self.readers
            .read(move |connection| {
                let count = |sql: &str, at: Timestamp| -> Result<u64, StoreError> {
                    Ok(connection.prepare_cached(sql)?.query_row([at.unix_ms()], |row| row.get(0))?)
                };
                let consents = ["SELECT count(*) FROM consent WHERE ", CONSENT_IS_DUE].concat();
                let mut due = Due {
                    reports: count(
                        "SELECT count(*) FROM report WHERE until <= ?1 AND held_because IS NULL",
                        now,
                    )?,
                    consents: count(&consents, evidence_ended(now))?,
                    sessions: count("SELECT count(*) FROM session WHERE until <= ?1", now)?
                        + count("SELECT count(*) FROM link WHERE until <= ?1", now)?,
                    blobs: count(loose::WILL_BE_LOOSE, now)?,
                    requests: count(
                        &["SELECT count(*) FROM request WHERE ", REQUEST_IS_DUE].concat(),
                        evidence_ended(now),
                    )?,
                    anonymised: connection
                        .prepare_cached(anonymous::ARE_DUE)?
                        .query_row((now.unix_ms(), anonymous::NOBODY, DAY_MS), |row| row.get(0))?,
                    audit: count("SELECT count(*) FROM audit WHERE at <= ?1", audit::ended(now))?,
                    ..Due::default()
                };
                for (purpose, parts) in Purpose::ALL.iter().zip(&mut due.parts) {
                    *parts = connection
                        .prepare_cached(
                            "SELECT (SELECT count(*) FROM part JOIN report ON report.id = part.report
                                         JOIN site ON site.id = report.site
                                     WHERE part.until <= ?1 AND purpose = ?2 AND held_because IS NULL
                                       AND NOT (purpose = 'message' AND at_end = 'anonymise'))
                                  + (SELECT count(*) FROM file JOIN report ON report.id = file.report
                                     WHERE file.until <= ?1 AND purpose = ?2 AND held_because IS NULL)",
                        )?
                        .query_row((now.unix_ms(), purpose.as_str()), |row| row.get(0))?;
                }
                Ok(due)
            })
            .await
    }

    /// Deletes at most `limit` rows of each sort that have reached their date, and says how many it deleted. Reports
    /// go only after their parts and files, and blobs are taken separately ([`Store::claim_blobs`]). What is held stays.
    /// Running it again goes on where it stopped.
    ///
    /// # Errors
    /// Nothing was deleted.
    pub async fn sweep(&self, now: Timestamp, limit: u32) -> Result<Due, StoreError> {
        let key = self.key.clone();
        self.writer
            .write(move |connection| {
                let swept = delete(connection, now, limit)?;
                Ok(Due { audit: audit::sweep(connection, &key, now, limit)?, ..swept })
            })
            .await
    }
}

fn delete(connection: &Connection, now: Timestamp, limit: u32) -> Result<Due, StoreError> {
    let mut swept = Due::default();
    let mut statement = connection.prepare_cached(
        "DELETE FROM part WHERE (report, purpose) IN (
             SELECT part.report, part.purpose FROM part JOIN report ON report.id = part.report JOIN site ON site.id = report.site
             WHERE part.until <= ?1 AND held_because IS NULL AND NOT (purpose = 'message' AND at_end = 'anonymise')
             LIMIT ?2 /*pg FOR UPDATE OF part SKIP LOCKED*/) RETURNING purpose",
    )?;
    let mut rows = statement.query((now.unix_ms(), limit))?;
    while let Some(row) = rows.next()? {
        swept.count(&row.get::<String>(0)?);
    }
    drop(rows);
    loose::delete_files(connection, now, limit, &mut swept)?;
    let delete = |sql: &str, at: Timestamp| -> Result<u64, StoreError> {
        Ok(connection.prepare_cached(sql)?.execute((at.unix_ms(), limit))? as u64)
    };
    swept.reports = delete_reports(connection, now, limit)?;
    swept.sessions = delete(
        "DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE until <= ?1
             LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)",
        now,
    )?;
    swept.sessions += delete(
        "DELETE FROM link WHERE token_hash IN (SELECT token_hash FROM link WHERE until <= ?1
             LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)",
        now,
    )?;
    // Nobody is found by these any more; that they go is not counted, for they belong to a part that is.
    delete(
        "DELETE FROM address WHERE (hash, report) IN (
             SELECT hash, report FROM address WHERE until <= ?1 LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)",
        now,
    )?;
    let consents = [
        "DELETE FROM consent WHERE report IN (SELECT report FROM consent WHERE ",
        CONSENT_IS_DUE,
        " LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)",
    ];
    swept.consents = delete(&consents.concat(), evidence_ended(now))?;
    let requests = [
        "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE ",
        REQUEST_IS_DUE,
        " LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)",
    ];
    swept.requests = delete(&requests.concat(), evidence_ended(now))?;
    Ok(swept)
}

/// Deletes reports of which nothing is left; a reporter's last one takes their key along.
fn delete_reports(connection: &Connection, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM report WHERE id IN (SELECT id FROM report WHERE until <= ?1 AND held_because IS NULL
             AND NOT EXISTS (SELECT 1 FROM part WHERE part.report = report.id)
             AND NOT EXISTS (SELECT 1 FROM file WHERE file.report = report.id)
             LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED*/)
         RETURNING site, reporter",
    )?;
    let deleted = statement.query_map((now.unix_ms(), limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut owners: Vec<([u8; 16], [u8; 32])> = deleted.collect::<Result<_, _>>()?;
    let count = owners.len() as u64;
    owners.sort_unstable();
    owners.dedup();
    for (site, reporter) in owners.into_iter().filter(|(_, reporter)| *reporter != anonymous::NOBODY) {
        erasing::key_of_nothing(connection, ReporterHash(reporter), Uuid::from_bytes(site), now)?;
    }
    Ok(count)
}

/// Consent recorded at this moment or before has been kept long enough.
fn evidence_ended(now: Timestamp) -> Timestamp {
    now.plus_ms(-Timestamp::default().plus_days(CONSENT_EVIDENCE_DAYS).unix_ms())
}
