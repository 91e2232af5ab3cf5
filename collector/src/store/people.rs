//! Somebody who acts for a visitor: who they are, how far they reach, and how they find whom they act for.

use candor_protocol::{MyRequest, Timestamp};
use uuid::Uuid;

use super::{
    Own, Report, ReporterHash, Role, Store, StoreError, audit, reports, requests,
    rights::{reports_of, subject, unknown},
    sql::Connection,
};
use crate::{
    audit::{Act, Actor, Entry},
    vault::Vault,
};

/// People that one search shows.
const FOUND_MAX: usize = 20;

/// Who makes use of a right: the visitor, or somebody for them.
#[derive(Clone, Debug)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The sites that they reach; all of them where nothing is said.
    pub sites: Option<Vec<Uuid>>,
    /// The reports that they reach; all of them where nothing is said.
    pub reports: Option<Vec<Uuid>>,
    /// Why, where a reason was asked for.
    pub why: Option<String>,
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        Self { actor, sites: None, reports: None, why: None }
    }
}

impl By {
    /// Those of the sites that are reached.
    pub(super) fn reached(&self, mut sites: Vec<Uuid>) -> Vec<Uuid> {
        sites.retain(|site| self.reaches_site(*site));
        sites
    }

    /// Whether a site is reached.
    pub(super) fn reaches_site(&self, site: Uuid) -> bool {
        self.sites.as_ref().is_none_or(|reached| reached.contains(&site))
    }

    /// Whether a report is reached.
    pub(super) fn reaches(&self, report: Uuid) -> bool {
        self.reports.as_ref().is_none_or(|reached| reached.contains(&report))
    }
}

/// By what a visitor is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// An e-mail address that one of their reports carries.
    Address(String),
    /// The short name under which members know them. Two may share one.
    Pseudonym([u8; 4]),
}

/// A visitor as a member may see them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Who it is.
    pub reporter: ReporterHash,
    /// Their reports on the member's sites, newest first, as the member may see them.
    pub reports: Vec<Report>,
    /// Their reports there that the member may not see, because the visitor had them restricted.
    pub restricted: usize,
    /// What they asked of these sites, newest first.
    pub requests: Vec<MyRequest>,
}

impl Store {
    /// The visitors who are searched for, as far as they have a report that this member may see; at most a few.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn people(
        &self,
        member: Uuid,
        sought: Sought,
        now: Timestamp,
    ) -> Result<Vec<Person>, StoreError> {
        let (vault, key) = (self.vault.clone(), self.key.clone());
        self.readers
            .read_together(move |connection| {
                let found = match sought {
                    Sought::Address(email) => super::addresses::find(connection, &email, &key, now)?,
                    Sought::Pseudonym(pseudonym) => named(connection, pseudonym)?,
                };
                let mut people = Vec::new();
                for who in found {
                    let person = person(connection, &vault, member, who, now)?;
                    people.extend((!person.reports.is_empty()).then_some(person));
                    if people.len() == FOUND_MAX {
                        break;
                    }
                }
                Ok(people)
            })
            .await
    }

    /// The visitor who sent a report that this member may see.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn person(
        &self,
        member: Uuid,
        report: Uuid,
        now: Timestamp,
    ) -> Result<Option<Person>, StoreError> {
        let Some(report) = self.report(member, report, now).await? else { return Ok(None) };
        let vault = self.vault.clone();
        self.readers
            .read_together(move |connection| {
                person(connection, &vault, member, report.reporter, now).map(Some)
            })
            .await
    }

    /// All that is kept of these visitors on the sites that are reached, to be handed out as a file.
    ///
    /// # Errors
    /// The database cannot be read, or the export cannot be written down.
    pub async fn export(&self, whose: Vec<ReporterHash>, by: By, now: Timestamp) -> Result<Own, StoreError> {
        let mut all = Own::default();
        for who in whose {
            let vault = self.vault.clone();
            let (own, reached) = {
                let by = by.clone();
                self.readers
                    .read_together(move |connection| {
                        let mut reports = reports_of(connection, &vault, who, now)?;
                        let sites = by.reached(reports.iter().map(|report| report.site).collect());
                        reports.retain(|report| sites.contains(&report.site));
                        Ok((reports, sites.first().copied()))
                    })
                    .await?
            };
            if own.is_empty() {
                continue;
            }
            all.reports.extend(own);
            let entry = Entry {
                at: now,
                actor: by.actor.clone(),
                act: Act::Exported,
                site: reached,
                subject: subject(who, None),
                why: by.why.clone(),
            };
            let key = self.key.clone();
            self.writer.write(move |connection| audit::append(connection, &entry, &key)).await?;
        }
        Ok(all)
    }
}

/// The visitors of a pseudonym: it is the beginning of their hash, so an index has them side by side.
fn named(connection: &Connection, pseudonym: [u8; 4]) -> Result<Vec<ReporterHash>, StoreError> {
    let end = |filling: u8| {
        let mut hash = [filling; 32];
        hash[..4].copy_from_slice(&pseudonym);
        hash
    };
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT reporter FROM report WHERE reporter BETWEEN ?1 AND ?2 AND erased_at IS NULL LIMIT 100",
    )?;
    let found = statement.query_map((end(0), end(u8::MAX)), |row| row.get(0))?;
    Ok(found.map(|hash| hash.map(ReporterHash)).collect::<Result<_, _>>()?)
}

fn person(
    connection: &Connection,
    vault: &Vault,
    member: Uuid,
    who: ReporterHash,
    now: Timestamp,
) -> Result<Person, StoreError> {
    let mut statement = connection.prepare_cached("SELECT site, role FROM membership WHERE member = ?1")?;
    let roles = statement
        .query_map([member.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .map(|row| {
            let (site, role): ([u8; 16], String) = row?;
            Ok((Uuid::from_bytes(site), Role::from_name(&role).ok_or_else(|| unknown("role"))?))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let mut found = Person { reporter: who, reports: Vec::new(), restricted: 0, requests: Vec::new() };
    for report in reports_of(connection, vault, who, now)? {
        let Some((_, role)) = roles.iter().find(|(site, _)| *site == report.site) else { continue };
        if report.restricted_at.is_some() && !role.sees_restricted() {
            found.restricted += 1;
        } else {
            found.reports.push(reports::for_member(connection, report)?);
        }
    }
    let mut statement = connection.prepare_cached("SELECT id, site FROM request WHERE reporter = ?1")?;
    let theirs = statement.query_map([who.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let theirs: Vec<([u8; 16], [u8; 16])> = theirs.collect::<Result<_, _>>()?;
    found.requests = requests::of_reporter(connection, who)?;
    found.requests.retain(|request| {
        let site = theirs.iter().find(|(id, _)| Uuid::from_bytes(*id) == request.id).map(|(_, site)| site);
        site.is_some_and(|site| roles.iter().any(|(known, _)| known.as_bytes() == site))
    });
    Ok(found)
}
