//! What visitors do with their own data: see it, put it right, take it back.
//!
//! Whoever asks is known by the keyed hash of their reporter id, or is somebody who may act for them. Each method
//! writes down in the audit log, in its own transaction, what it did.

use candor_protocol::{Correction, MyRequest, Purpose, Right, Timestamp};
use candor_rules::rights::{self, Verdict};
use uuid::Uuid;

use super::{
    By, Report, Store, StoreError, audit,
    correcting::{Hand, Waiting, put_right},
    erasing, reports,
    requests::{self, Asked},
    seal,
    sql::Connection,
};
use crate::{
    audit::{Act, Actor, Entry},
    key::{InstanceKey, Use},
    vault::{Owner, Vault},
};

/// The keyed hash of a reporter id: what the store knows a visitor by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReporterHash(pub [u8; 32]);

impl ReporterHash {
    /// The hash of a reporter id.
    #[must_use]
    pub fn of(reporter: Uuid, key: &InstanceKey) -> Self {
        Self(key.hash(Use::Reporter, reporter.as_bytes()))
    }

    /// What members and the audit log know of it.
    #[must_use]
    pub const fn pseudonym(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }
}

/// Everything of one visitor's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    /// Their reports that have not expired, newest first.
    pub reports: Vec<Report>,
    /// What they asked for that a person answers, newest first.
    pub requests: Vec<MyRequest>,
    /// What they object to.
    pub objections: Vec<Purpose>,
}

/// Which of a visitor's reports are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them, and the key under which they lie.
    Everything,
    /// One.
    Report(Uuid),
}

/// What came of a right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Reports that it changed.
    pub reports: u64,
    /// What a person will answer.
    pub request: Option<MyRequest>,
}

impl Store {
    /// All that is kept of a visitor and has not expired.
    ///
    /// # Errors
    /// The database cannot be read, or the access cannot be written down.
    pub async fn own(&self, who: ReporterHash, by: impl Into<By>, now: Timestamp) -> Result<Own, StoreError> {
        let (key, by) = (self.key.clone(), by.into());
        let (actor, subject) = (by.actor.clone(), subject(who, None));
        let entry = Entry { at: now, actor, act: Act::Accessed, site: None, subject, why: None };
        let vault = self.vault.clone();
        let own = self
            .readers
            .read_together(move |connection| {
                let mut reports = reports_of(connection, &vault, who, now)?;
                reports.retain(|report| by.reaches(report.id) && by.reaches_site(report.site));
                let mut statement = connection.prepare_cached(
                    "SELECT DISTINCT purpose FROM objection WHERE reporter = ?1 ORDER BY purpose",
                )?;
                let objections = statement.query_map([who.0], |row| row.get::<String>(0))?;
                let objections = objections
                    .map(|name| Purpose::from_name(&name?).ok_or_else(|| unknown("purpose")))
                    .collect::<Result<_, StoreError>>()?;
                let mut requests = requests::of_reporter(connection, who)?;
                requests
                    .retain(|asked| by.reports.is_none() || asked.report.is_some_and(|id| by.reaches(id)));
                Ok(Own { reports, requests, objections })
            })
            .await?;
        // Nobody is written down for looking where there is nothing of theirs.
        if own != Own::default() {
            self.writer.write(move |connection| audit::append(connection, &entry, &key)).await?;
        }
        Ok(own)
    }

    /// The purposes for which something of one of their reports is held; `None` when there is no such report of theirs.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn held_purposes(
        &self,
        who: ReporterHash,
        report: Uuid,
        now: Timestamp,
    ) -> Result<Option<Vec<Purpose>>, StoreError> {
        self.readers
            .read(move |connection| {
                if sites(connection, who, Scope::Report(report))?.is_empty() {
                    return Ok(None);
                }
                let mut statement = connection.prepare_cached(
                    "SELECT purpose FROM part WHERE report = ?1 AND until > ?2 ORDER BY purpose",
                )?;
                let held =
                    statement.query_map((report.as_bytes(), now.unix_ms()), |row| row.get::<String>(0))?;
                let held = held.map(|name| Purpose::from_name(&name?).ok_or_else(|| unknown("purpose")));
                Ok(Some(held.collect::<Result<_, _>>()?))
            })
            .await
    }

    /// Erases, or makes it a request where the site or a hold wants a person to answer.
    ///
    /// # Errors
    /// Nothing was erased.
    pub async fn erase(
        &self,
        who: ReporterHash,
        scope: Scope,
        by: impl Into<By>,
        request: Uuid,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let by = by.into();
        let (key, vault) = (self.key.clone(), self.vault.clone());
        let outcome = self.writer.write(move |connection| {
            erasing::lock_visitor(connection, who)?;
            let mut outcome = Outcome::default();
            let mut id = request;
            for site in by.reached(sites(connection, who, scope)?) {
                let theirs = of_site(connection, who, site, scope)?;
                let grants = grants(connection, site)?;
                let is_held = theirs.iter().any(|report| report.is_held);
                let is_members = !matches!(by.actor, Actor::Visitor(_));
                let verdict = rights::decide(Right::Erase, grants, is_held, now);
                match verdict {
                    Verdict::Request { due } if !is_members || is_held => {
                        let asked = Asked { right: Right::Erase, scope, body: None, due };
                        let made = requests::ask(connection, who, site, id, asked, now)?;
                        log(connection, &key, now, &by, Act::Requested, site, who, scope)?;
                        outcome.request = Some(made);
                        // Each site answers for itself.
                        id = vault.rng().uuid_v7(now);
                    }
                    _ => {
                        let ids = theirs.iter().map(|report| report.id);
                        erasing::reports(connection, &vault, (who, site), scope, ids, now)?;
                        requests::settle(connection, who, site, scope, now)?;
                        outcome.reports += theirs.len() as u64;
                        log(connection, &key, now, &by, Act::Erased, site, who, scope)?;
                    }
                }
            }
            Ok(outcome)
        });
        let outcome = outcome.await?;
        self.writer.forget_log().await;
        Ok(outcome)
    }

    /// Takes consent back: what was held by it is erased, at once. What is under a legal hold is kept for that alone,
    /// out of members' sight, and erased when the hold ends.
    ///
    /// # Errors
    /// Nothing was taken back.
    pub async fn withdraw(
        &self,
        who: ReporterHash,
        purposes: Vec<Purpose>,
        by: impl Into<By>,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let (key, vault, by) = (self.key.clone(), self.vault.clone(), by.into());
        let outcome = self.writer.write(move |connection| {
            erasing::lock_visitor(connection, who)?;
            let mut outcome = Outcome::default();
            for site in by.reached(sites(connection, who, Scope::Everything)?) {
                let mut theirs = of_site(connection, who, site, Scope::Everything)?;
                theirs.retain(|report| by.reaches(report.id));
                let mut gone = Vec::new();
                for report in theirs.iter().filter(|report| !report.is_held) {
                    let before = erasing::withdrawn(connection, report.id)?;
                    let given = erasing::given(connection, report.id)?.into_iter();
                    let taken = given.filter(|given| purposes.contains(given) && !before.contains(given));
                    gone.extend(taken.map(|purpose| (report.id, purpose)));
                }
                seal::destroy_parts(connection, &vault, &Owner { site, reporter: who.0 }, &gone)?;
                for report in theirs {
                    erasing::note_withdrawal(connection, report.id, &purposes, now)?;
                    if report.is_held {
                        erasing::set_restricted(connection, report.id, Some(now))?;
                        for purpose in &purposes {
                            erasing::close_to(connection, report.id, *purpose)?;
                        }
                    } else {
                        for purpose in &purposes {
                            erasing::purpose(connection, site, report.id, *purpose, now)?;
                        }
                    }
                    outcome.reports += 1;
                }
                let entry = about_purposes(now, &by, Act::Withdrawn, site, who, &purposes);
                audit::append(connection, &entry, &key)?;
            }
            Ok(outcome)
        });
        let outcome = outcome.await?;
        self.writer.forget_log().await;
        Ok(outcome)
    }

    /// Keeps a report out of use, or lets it be used again; not while a hold keeps what was taken back. `None` when it
    /// is not theirs.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn restrict(
        &self,
        who: ReporterHash,
        report: Uuid,
        restricted: bool,
        by: impl Into<By>,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let (key, by) = (self.key.clone(), by.into());
        self.writer
            .write(move |connection| {
                let scope = Scope::Report(report);
                erasing::lock_visitor(connection, who)?;
                let Some(site) = by.reached(sites(connection, who, scope)?).pop() else { return Ok(None) };
                if !restricted && erasing::keeps_withdrawn(connection, report)? {
                    return Ok(Some(Outcome::default()));
                }
                erasing::set_restricted(connection, report, restricted.then_some(now))?;
                let act = if restricted { Act::Restricted } else { Act::Released };
                log(connection, &key, now, &by, act, site, who, scope)?;
                Ok(Some(Outcome { reports: 1, request: None }))
            })
            .await
    }

    /// Objects to purposes: from now on members do not see what is held for them.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn object(
        &self,
        who: ReporterHash,
        purposes: Vec<Purpose>,
        by: impl Into<By>,
        now: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let (key, by) = (self.key.clone(), by.into());
        self.writer
            .write(move |connection| {
                erasing::lock_visitor(connection, who)?;
                let mut outcome = Outcome::default();
                for site in by.reached(sites(connection, who, Scope::Everything)?) {
                    for purpose in &purposes {
                        connection
                            .prepare_cached(
                                "INSERT INTO objection (site, reporter, purpose, at) VALUES (?1, ?2, ?3, ?4)
                                 ON CONFLICT DO NOTHING",
                            )?
                            .execute((site.as_bytes(), who.0, purpose.as_str(), now.unix_ms()))?;
                    }
                    outcome.reports += of_site(connection, who, site, Scope::Everything)?.len() as u64;
                    let entry = about_purposes(now, &by, Act::Objected, site, who, &purposes);
                    audit::append(connection, &entry, &key)?;
                }
                Ok(outcome)
            })
            .await
    }

    /// Puts words or contact right, or makes it a request where the site wants a person to answer. `None` when there
    /// is no such report of theirs.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn correct(
        &self,
        who: ReporterHash,
        report: Uuid,
        correction: Correction,
        by: impl Into<By>,
        request: Uuid,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let by = by.into();
        let (key, vault) = (self.key.clone(), self.vault.clone());
        self.writer
            .write(move |connection| {
                let scope = Scope::Report(report);
                erasing::lock_visitor(connection, who)?;
                let Some(site) = by.reached(sites(connection, who, scope)?).pop() else { return Ok(None) };
                let is_members = !matches!(by.actor, Actor::Visitor(_));
                match rights::decide(Right::Correct, grants(connection, site)?, false, now) {
                    Verdict::Request { due } if !is_members => {
                        let Some(keys) = seal::keys(connection, &vault, report)? else { return Ok(None) };
                        let waiting = Waiting::seal(&correction, request, &keys, vault.rng())?;
                        let wanted = waiting.to_bytes();
                        let asked = Asked { right: Right::Correct, scope, body: Some(wanted), due };
                        let made = requests::ask(connection, who, site, request, asked, now)?;
                        log(connection, &key, now, &by, Act::Requested, site, who, scope)?;
                        Ok(Some(Outcome { reports: 0, request: Some(made) }))
                    }
                    _ => {
                        let hand = Hand { vault: &vault, key: &key, site };
                        put_right(connection, hand, report, &correction, now)?;
                        log(connection, &key, now, &by, Act::Corrected, site, who, scope)?;
                        Ok(Some(Outcome { reports: 1, request: None }))
                    }
                }
            })
            .await
    }
}

/// One of a visitor's reports, in short.
pub(super) struct Theirs {
    pub(super) id: Uuid,
    pub(super) is_held: bool,
}

/// All of theirs that has not expired, newest first, whoever asks.
pub(super) fn reports_of(
    connection: &Connection,
    vault: &Vault,
    who: ReporterHash,
    now: Timestamp,
) -> Result<Vec<Report>, StoreError> {
    let ids = ids(connection, who, now)?.into_iter();
    ids.filter_map(|id| reports::whole(connection, vault, id, now).transpose()).collect()
}

fn ids(connection: &Connection, who: ReporterHash, now: Timestamp) -> Result<Vec<Uuid>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM report WHERE reporter = ?1 AND until > ?2 AND erased_at IS NULL ORDER BY id DESC",
    )?;
    let found = statement.query_map((who.0, now.unix_ms()), |row| row.get(0))?;
    Ok(found.map(|id| id.map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
}

/// The sites on which something of theirs is meant.
fn sites(connection: &Connection, who: ReporterHash, scope: Scope) -> Result<Vec<Uuid>, StoreError> {
    let only = match scope {
        Scope::Everything => None,
        Scope::Report(id) => Some(id.into_bytes()),
    };
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT site FROM report WHERE reporter = ?1 AND id = coalesce(?2, id) AND erased_at IS NULL",
    )?;
    let found = statement.query_map((who.0, only), |row| row.get(0))?;
    Ok(found.map(|id| id.map(Uuid::from_bytes)).collect::<Result<_, _>>()?)
}

pub(super) fn of_site(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    scope: Scope,
) -> Result<Vec<Theirs>, StoreError> {
    let only = match scope {
        Scope::Everything => None,
        Scope::Report(id) => Some(id.into_bytes()),
    };
    let mut statement = connection.prepare_cached(
        "SELECT id, held_because IS NOT NULL FROM report
         WHERE reporter = ?1 AND site = ?2 AND id = coalesce(?3, id) AND erased_at IS NULL",
    )?;
    let found = statement.query_map((who.0, site.as_bytes(), only), |row| {
        Ok(Theirs { id: Uuid::from_bytes(row.get(0)?), is_held: row.get(1)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn grants(connection: &Connection, site: Uuid) -> Result<candor_protocol::Grants, StoreError> {
    let text: String = connection
        .prepare_cached("SELECT grants FROM site WHERE id = ?1")?
        .query_row([site.as_bytes()], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}

/// What the log says of a right over purposes.
fn about_purposes(
    at: Timestamp,
    by: &By,
    act: Act,
    site: Uuid,
    who: ReporterHash,
    purposes: &[Purpose],
) -> Entry {
    let subject = format!("{} {}", subject(who, None), names(purposes));
    Entry { at, actor: by.actor.clone(), act, site: Some(site), subject, why: by.why.clone() }
}

pub(super) fn subject(who: ReporterHash, report: Option<Uuid>) -> String {
    let visitor = crate::audit::pseudonym_text(who.pseudonym());
    report.map_or_else(|| format!("visitor:{visitor}"), |report| format!("visitor:{visitor} report:{report}"))
}

fn names(purposes: &[Purpose]) -> String {
    purposes.iter().map(|purpose| purpose.as_str()).collect::<Vec<_>>().join(",")
}

#[expect(clippy::too_many_arguments, reason = "one line for each field of a row")]
fn log(
    connection: &Connection,
    key: &InstanceKey,
    at: Timestamp,
    by: &By,
    act: Act,
    site: Uuid,
    who: ReporterHash,
    scope: Scope,
) -> Result<(), StoreError> {
    let report = match scope {
        Scope::Everything => None,
        Scope::Report(report) => Some(report),
    };
    let subject = subject(who, report);
    audit::append(
        connection,
        &Entry { at, actor: by.actor.clone(), act, site: Some(site), subject, why: by.why.clone() },
        key,
    )
}

pub(super) fn unknown(what: &'static str) -> StoreError {
    StoreError::Fault(format!("a row names a {what} that does not exist"))
}

#[cfg(test)]
mod tests;
