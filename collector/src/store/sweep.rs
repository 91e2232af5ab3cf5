//! Taking out what has reached its date.

use candor_protocol::{DAY_MS, Purpose, Timestamp};
use candor_rules::retention::CONSENT_EVIDENCE_DAYS;
use uuid::Uuid;

use super::{
    ReporterHash, Store, StoreError, anonymous, audit, erasing, forgetting, loose, shortening,
    sql::Connection,
};
use crate::{blobs::BlobName, key::InstanceKey};

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
    /// Erasures that every backup knows which can be put back.
    pub erasures: u64,
}

impl Due {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.named().map(|(_, count)| count).sum()
    }

    /// Whether files may be among them.
    #[must_use]
    pub fn has_files(&self) -> bool {
        let counts = Purpose::ALL.iter().zip(self.parts);
        counts
            .filter(|(purpose, _)| matches!(purpose, Purpose::Picture | Purpose::Attachment))
            .any(|(_, n)| n > 0)
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
            ("erasure", self.erasures),
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
        self.erasures += other.erasures;
        self
    }
}

/// How much consent evidence is due. A newer row of the reporter's keeps the older ones.
const CONSENTS_DUE: &str = "SELECT count(*) FROM consent WHERE recorded_at <= ?1 AND NOT EXISTS (
        SELECT 1 FROM consent AS newer
        WHERE newer.site = consent.site AND newer.reporter = consent.reporter AND newer.recorded_at > ?1)
    AND NOT EXISTS (SELECT 1 FROM report WHERE report.id = consent.report)";

impl Store {
    /// Counts what has reached its date, without touching it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn due(&self, now: Timestamp) -> Result<Due, StoreError> {
        let backup_days = self.backup_days;
        self.readers
            .read(move |connection| {
                let count = |sql: &str, at: Timestamp| -> Result<u64, StoreError> {
                    Ok(connection.prepare_cached(sql)?.query_row([at.unix_ms()], |row| row.get(0))?)
                };
                let mut due = Due {
                    reports: count(
                        "SELECT count(*) FROM report WHERE until <= ?1 AND held_because IS NULL",
                        now,
                    )?,
                    consents: count(CONSENTS_DUE, evidence_ended(now))?,
                    sessions: count("SELECT count(*) FROM session WHERE until <= ?1", now)?
                        + count("SELECT count(*) FROM link WHERE until <= ?1", now)?,
                    blobs: count(loose::WILL_BE_LOOSE, now)?,
                    requests: count(
                        "SELECT count(*) FROM request WHERE answered_at <= ?1 AND state <> 'open'",
                        evidence_ended(now),
                    )?,
                    anonymised: connection
                        .prepare_cached(anonymous::ARE_DUE)?
                        .query_row((now.unix_ms(), anonymous::NOBODY, DAY_MS), |row| row.get(0))?,
                    audit: count("SELECT count(*) FROM audit WHERE at <= ?1", audit::ended(now))?,
                    erasures: count(forgetting::DUE, forgetting::ended(now, backup_days))?,
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

    /// Looks at some `limit` rows that have reached their date, from where the walk has come to, deletes those that may
    /// go, and says how many it deleted. Reports go only after their parts and files, and blobs are taken separately
    /// ([`Store::claim_blobs`]). What is held stays. A fresh walk goes on where one that was cut short has stopped.
    ///
    /// # Errors
    /// Nothing was deleted, and the walk is where it was.
    pub async fn sweep(&self, now: Timestamp, limit: u32, walk: &mut Walk) -> Result<Due, StoreError> {
        let (key, backup_days) = (self.key.clone(), self.backup_days);
        let mut ahead = walk.clone();
        let (swept, reached) = self
            .writer
            .write(move |connection| {
                if ahead.is_beginning() {
                    shortening::shorten_late(connection, now)?;
                }
                let swept = ahead.run(connection, &key, (now, backup_days), limit)?;
                Ok((swept, ahead))
            })
            .await?;
        *walk = reached;
        Ok(swept)
    }
}

/// How far a sweep has come. It looks at each due row once, the oldest first, so that a row costs the same however many
/// are due, and however many of them stay.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// How many of [`Sort::ALL`] are done; one more when the audit log is, and another when erasures are.
    done: usize,
    /// All rows of the next sort were looked at whose date is this one or before.
    reached: Option<i64>,
    /// For [`Store::anonymise_due`].
    pub(super) anonymous: anonymous::Walk,
}

impl Walk {
    /// Whether everything was looked at.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.done > Sort::ALL.len() + 1 && self.anonymous.is_over()
    }

    /// Whether nothing was looked at yet.
    const fn is_beginning(&self) -> bool {
        self.done == 0 && self.reached.is_none()
    }

    fn run(
        &mut self,
        connection: &Connection,
        key: &InstanceKey,
        (now, backup_days): (Timestamp, u16),
        limit: u32,
    ) -> Result<Due, StoreError> {
        let mut swept = Due::default();
        let mut room = limit;
        while let (Some(sort), 1..) = (Sort::ALL.get(self.done), room) {
            let (table, date) = sort.date();
            let window = Window::next(connection, (table, date), self.reached, sort.ended(now), room)?;
            if let Some(window) = window {
                sort.delete(connection, window, now, &mut swept)?;
                self.reached = Some(window.to);
            }
            let seen = window.map_or(0, |window| window.rows);
            if seen < room {
                (self.done, self.reached) = (self.done + 1, None);
            }
            room = room.saturating_sub(seen);
        }
        if self.done == Sort::ALL.len() && room > 0 {
            swept.audit = audit::sweep(connection, key, now, limit)?;
            self.done += usize::from(swept.audit == 0);
        }
        // Whoever is made anonymous leaves an erasure behind: the one that was the newest until then may go as well.
        if self.done == Sort::ALL.len() + 1 && room > 0 && self.anonymous.is_over() {
            swept.erasures = forgetting::sweep(connection, key, (now, backup_days), limit)?;
            self.done += usize::from(swept.erasures == 0);
        }
        Ok(swept)
    }
}

/// Some rows that have reached their date: those after one moment, up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) after: i64,
    pub(super) to: i64,
    pub(super) rows: u32,
}

impl Window {
    /// The next some `limit` rows of a table by the column that holds their date, and all that share the last one's
    /// moment.
    pub(super) fn next(
        connection: &Connection,
        (table, date): (&str, &str),
        after: Option<i64>,
        ended: Timestamp,
        limit: u32,
    ) -> Result<Option<Self>, StoreError> {
        let after = after.unwrap_or(i64::MIN);
        let (rows, to): (u32, Option<i64>) = connection
            .prepare_cached(&Self::sql((table, date)))?
            .query_row((after, ended.unix_ms(), limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(to.map(|to| Self { after, to, rows }))
    }

    /// How many they are, and the last one's moment: after, up to, at most.
    pub(super) fn sql((table, date): (&str, &str)) -> String {
        format!(
            "SELECT count(*), max({date}) FROM (SELECT {date} FROM {table}
                 WHERE {date} > ?1 AND {date} <= ?2 ORDER BY {date} LIMIT ?3) AS due"
        )
    }
}

/// What goes at a date, in the order in which it goes: a report after its parts and files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sort {
    Part,
    File,
    Report,
    Session,
    Link,
    Address,
    Consent,
    Request,
}

impl Sort {
    pub(super) const ALL: [Self; 8] = [
        Self::Part,
        Self::File,
        Self::Report,
        Self::Session,
        Self::Link,
        Self::Address,
        Self::Consent,
        Self::Request,
    ];

    /// Its table and the column with its date.
    pub(super) const fn date(self) -> (&'static str, &'static str) {
        match self {
            Self::Part => ("part", "until"),
            Self::File => ("file", "until"),
            Self::Report => ("report", "until"),
            Self::Session => ("session", "until"),
            Self::Link => ("link", "until"),
            Self::Address => ("address", "until"),
            Self::Consent => ("consent", "recorded_at"),
            Self::Request => ("request", "answered_at"),
        }
    }

    /// The last date at which it goes now.
    fn ended(self, now: Timestamp) -> Timestamp {
        match self {
            // That a right was granted is evidence as consent is, and kept as long.
            Self::Consent | Self::Request => evidence_ended(now),
            _ => now,
        }
    }

    /// Deletes those of a window that may go.
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Part => {
                "DELETE FROM part WHERE (report, purpose) IN (
                    SELECT part.report, part.purpose FROM part
                        JOIN report ON report.id = part.report JOIN site ON site.id = report.site
                    WHERE part.until > ?1 AND part.until <= ?2 AND held_because IS NULL
                        AND NOT (purpose = 'message' AND at_end = 'anonymise')
                    /*pg FOR UPDATE OF part SKIP LOCKED*/)
                 RETURNING purpose"
            }
            Self::File => {
                "DELETE FROM file WHERE (report, name) IN (
                    SELECT file.report, file.name FROM file JOIN report ON report.id = file.report
                    WHERE file.until > ?1 AND file.until <= ?2 AND held_because IS NULL
                    /*pg FOR UPDATE SKIP LOCKED*/)
                 RETURNING purpose, blob"
            }
            Self::Report => {
                "DELETE FROM report WHERE id IN (
                    SELECT id FROM report WHERE until > ?1 AND until <= ?2 AND held_because IS NULL
                        AND NOT EXISTS (SELECT 1 FROM part WHERE part.report = report.id)
                        AND NOT EXISTS (SELECT 1 FROM file WHERE file.report = report.id)
                    /*pg FOR UPDATE SKIP LOCKED*/)
                 RETURNING site, reporter"
            }
            Self::Session => {
                "DELETE FROM session WHERE token_hash IN (
                    SELECT token_hash FROM session WHERE until > ?1 AND until <= ?2
                    /*pg FOR UPDATE SKIP LOCKED*/)"
            }
            Self::Link => {
                "DELETE FROM link WHERE token_hash IN (
                    SELECT token_hash FROM link WHERE until > ?1 AND until <= ?2
                    /*pg FOR UPDATE SKIP LOCKED*/)"
            }
            Self::Address => {
                "DELETE FROM address WHERE (hash, report) IN (
                    SELECT hash, report FROM address WHERE until > ?1 AND until <= ?2
                    /*pg FOR UPDATE SKIP LOCKED*/)"
            }
            // It is kept for its years after the reporter's last report on the site, so a newer row keeps the older.
            Self::Consent => {
                "DELETE FROM consent WHERE report IN (
                    SELECT report FROM consent WHERE recorded_at > ?1 AND recorded_at <= ?2
                        AND NOT EXISTS (SELECT 1 FROM consent AS newer WHERE newer.site = consent.site
                            AND newer.reporter = consent.reporter AND newer.recorded_at > ?3)
                        AND NOT EXISTS (SELECT 1 FROM report WHERE report.id = consent.report)
                    /*pg FOR UPDATE SKIP LOCKED*/)"
            }
            Self::Request => {
                "DELETE FROM request WHERE id IN (
                    SELECT id FROM request WHERE answered_at > ?1 AND answered_at <= ?2 AND state <> 'open'
                    /*pg FOR UPDATE SKIP LOCKED*/)"
            }
        }
    }

    fn delete(
        self,
        connection: &Connection,
        Window { after, to, .. }: Window,
        now: Timestamp,
        swept: &mut Due,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(self.sql())?;
        match self {
            Self::Part => {
                let mut rows = statement.query((after, to))?;
                while let Some(row) = rows.next()? {
                    swept.count(&row.get::<String>(0)?);
                }
            }
            Self::File => {
                let deleted = statement.query_map((after, to), |row| Ok((row.get(0)?, row.get(1)?)))?;
                let deleted: Vec<(String, [u8; 32])> = deleted.collect::<Result<_, _>>()?;
                for (purpose, blob) in deleted {
                    swept.count(&purpose);
                    loose::loosen(connection, BlobName::from_bytes(blob), now)?;
                }
            }
            Self::Report => {
                let deleted = statement.query_map((after, to), |row| Ok((row.get(0)?, row.get(1)?)))?;
                let owners: Vec<([u8; 16], [u8; 32])> = deleted.collect::<Result<_, _>>()?;
                swept.reports += owners.len() as u64;
                keys_of_nothing(connection, owners, now)?;
            }
            Self::Session | Self::Link => swept.sessions += statement.execute((after, to))? as u64,
            // Nobody is found by these any more; they are not counted, for they belong to a part that is.
            Self::Address => drop(statement.execute((after, to))?),
            Self::Consent => {
                let ended = self.ended(now).unix_ms();
                swept.consents += statement.execute((after, to, ended))? as u64;
            }
            Self::Request => swept.requests += statement.execute((after, to))? as u64,
        }
        Ok(())
    }
}

/// A reporter's last report takes their key along.
fn keys_of_nothing(
    connection: &Connection,
    mut owners: Vec<([u8; 16], [u8; 32])>,
    now: Timestamp,
) -> Result<(), StoreError> {
    owners.sort_unstable();
    owners.dedup();
    for (site, reporter) in owners.into_iter().filter(|(_, reporter)| *reporter != anonymous::NOBODY) {
        erasing::key_of_nothing(connection, ReporterHash(reporter), Uuid::from_bytes(site), now)?;
    }
    Ok(())
}

/// Consent recorded at this moment or before has been kept long enough.
fn evidence_ended(now: Timestamp) -> Timestamp {
    now.plus_ms(-Timestamp::default().plus_days(CONSENT_EVIDENCE_DAYS).unix_ms())
}
