//! Links that prove an address: mailed once, exchanged once, and for a while what a page holds instead of a reporter id.

use candor_protocol::Timestamp;
use candor_rules::Content;
use uuid::Uuid;

use super::{
    By, ReporterHash, Store, StoreError, addresses, audit,
    rights::{reports_of, subject},
    sql::{Connection, OptionalExtension as _},
};
use crate::{
    audit::{Act, Actor, Entry},
    key::InstanceKey,
};

/// Links to one address that may wait to be used at the same time: more fill somebody's mailbox and help nobody.
const WAITING_MAX: u32 = 3;

/// Whose data a page may ask for that came by a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The one site.
    pub site: Uuid,
    /// Until when.
    pub until: Timestamp,
    /// Whose; nobody's when all of it has gone meanwhile.
    pub whose: Vec<Reached>,
}

/// How much of a visitor's a link reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The visitor.
    pub reporter: ReporterHash,
    /// These reports alone: others came from the same browser under another address, and may be somebody else's.
    pub only: Option<Vec<Uuid>>,
}

impl Reached {
    /// The visitor, as far as the link reaches.
    #[must_use]
    pub fn by(&self, site: Uuid) -> By {
        By {
            actor: Actor::Visitor(self.reporter.pseudonym()),
            sites: Some(vec![site]),
            reports: self.only.clone(),
            why: None,
        }
    }
}

impl Store {
    /// Remembers a link for whoever can read what is mailed to `email`, by the hash of its token. `false` when nothing
    /// on this site carries the address, or enough links to it wait already: then nothing is to be mailed.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn link_to_address(
        &self,
        site: Uuid,
        email: String,
        token_hash: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = self.key.clone();
        self.writer
            .write(move |connection| {
                let address = addresses::hash(&email, &key);
                let whose = addresses::find_on(connection, site, address, now)?;
                let waiting: u32 = connection
                    .prepare_cached(
                        "SELECT count(*) FROM link WHERE address = ?1 AND site = ?2 AND until > ?3",
                    )?
                    .query_row((address, site.as_bytes(), now.unix_ms()), |row| row.get(0))?;
                if whose.is_empty() || waiting >= WAITING_MAX {
                    return Ok(false);
                }
                put(connection, site, token_hash, Some(address), until)?;
                for reporter in whose {
                    let only = shared(connection, site, reporter, address, now)?;
                    open(connection, token_hash, &Reached { reporter, only })?;
                    log(connection, &key, Act::LinkSent, Actor::Collector, site, reporter, now)?;
                }
                Ok(true)
            })
            .await
    }

    /// Remembers a link to all of one visitor's, by the hash of its token.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn link_to(
        &self,
        site: Uuid,
        reporter: ReporterHash,
        token_hash: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = self.key.clone();
        self.writer
            .write(move |connection| {
                put(connection, site, token_hash, None, until)?;
                open(connection, token_hash, &Reached { reporter, only: None })?;
                log(connection, &key, Act::LinkSent, Actor::Collector, site, reporter, now)
            })
            .await
    }

    /// Exchanges a link, once, for what a page holds until `until`. The site; `None` when there is no such link, or it
    /// was used, or it is too old.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn exchange_link(
        &self,
        token_hash: [u8; 32],
        session_hash: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Uuid>, StoreError> {
        let key = self.key.clone();
        self.writer
            .write(move |connection| {
                let Some(opened) = find(connection, token_hash, false, now)? else { return Ok(None) };
                let gone = connection
                    .prepare_cached("DELETE FROM link WHERE token_hash = ?1 AND is_session = 0")?
                    .execute([token_hash])?;
                if gone == 0 {
                    return Ok(None);
                }
                connection
                    .prepare_cached(
                        "INSERT INTO link (token_hash, site, is_session, until) VALUES (?1, ?2, 1, ?3)",
                    )?
                    .execute((session_hash, opened.site.as_bytes(), until.unix_ms()))?;
                for reached in &opened.whose {
                    open(connection, session_hash, reached)?;
                    let by = Actor::Visitor(reached.reporter.pseudonym());
                    log(connection, &key, Act::LinkUsed, by, opened.site, reached.reporter, now)?;
                }
                Ok(Some(opened.site))
            })
            .await
    }

    /// What the holder of a session's token may ask for; `None` when it has ended or there never was one.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn linked(&self, session_hash: [u8; 32], now: Timestamp) -> Result<Option<Opened>, StoreError> {
        self.readers.read(move |connection| find(connection, session_hash, true, now)).await
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn end_link(&self, session_hash: [u8; 32]) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM link WHERE token_hash = ?1 AND is_session = 1")?
                    .execute([session_hash])?;
                Ok(())
            })
            .await
    }

    /// The address that a visitor's newest report on a site carries, and the language it was written in; `None` when
    /// they left none, or it has expired.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reachable(
        &self,
        site: Uuid,
        who: ReporterHash,
        now: Timestamp,
    ) -> Result<Option<(String, Option<String>)>, StoreError> {
        let vault = self.vault.clone();
        self.readers
            .read_together(move |connection| {
                let reports = reports_of(connection, &vault, who, now)?;
                for report in reports.into_iter().filter(|report| report.site == site) {
                    let (mut email, mut language) = (None, None);
                    for part in report.parts {
                        match part.content {
                            Content::Contact(contact) => email = contact.email,
                            Content::Message { locale, .. } => language = locale,
                            Content::Browser(_) => {}
                        }
                    }
                    if let Some(email) = email.filter(|email| !email.is_empty()) {
                        return Ok(Some((email, language)));
                    }
                }
                Ok(None)
            })
            .await
    }
}

fn put(
    connection: &Connection,
    site: Uuid,
    token_hash: [u8; 32],
    address: Option<[u8; 32]>,
    until: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO link (token_hash, site, is_session, address, until) VALUES (?1, ?2, 0, ?3, ?4)",
        )?
        .execute((token_hash, site.as_bytes(), address, until.unix_ms()))?;
    Ok(())
}

fn open(connection: &Connection, token_hash: [u8; 32], reached: &Reached) -> Result<(), StoreError> {
    let mut row = connection
        .prepare_cached("INSERT INTO link_opens (token_hash, reporter, report) VALUES (?1, ?2, ?3)")?;
    match &reached.only {
        None => {
            row.execute((token_hash, reached.reporter.0, None::<[u8; 16]>))?;
        }
        Some(reports) => {
            for report in reports {
                row.execute((token_hash, reached.reporter.0, Some(report.into_bytes())))?;
            }
        }
    }
    Ok(())
}

/// The reports of theirs that carry this address, where others of theirs carry another.
fn shared(
    connection: &Connection,
    site: Uuid,
    reporter: ReporterHash,
    address: [u8; 32],
    now: Timestamp,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT report.id, hash FROM address JOIN report ON report.id = address.report
         WHERE reporter = ?1 AND site = ?2 AND erased_at IS NULL AND report.until > ?3",
    )?;
    let rows = statement
        .query_map((reporter.0, site.as_bytes(), now.unix_ms()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<([u8; 16], [u8; 32])> = rows.collect::<Result<_, _>>()?;
    if rows.iter().all(|(_, hash)| *hash == address) {
        return Ok(None);
    }
    let theirs = rows.into_iter().filter(|(_, hash)| *hash == address);
    Ok(Some(theirs.map(|(report, _)| Uuid::from_bytes(report)).collect()))
}

fn find(
    connection: &Connection,
    token_hash: [u8; 32],
    is_session: bool,
    now: Timestamp,
) -> Result<Option<Opened>, StoreError> {
    let found: Option<([u8; 16], i64)> = connection
        .prepare_cached(
            "SELECT site, until FROM link WHERE token_hash = ?1 AND is_session = ?2 AND until > ?3",
        )?
        .query_row((token_hash, i64::from(is_session), now.unix_ms()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((site, until)) = found else { return Ok(None) };
    let mut statement = connection
        .prepare_cached("SELECT reporter, report FROM link_opens WHERE token_hash = ?1 ORDER BY reporter")?;
    let rows = statement.query_map([token_hash], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut whose: Vec<Reached> = Vec::new();
    for row in rows {
        let (reporter, report): ([u8; 32], Option<[u8; 16]>) = row?;
        let (reporter, only) = (ReporterHash(reporter), report.map(Uuid::from_bytes));
        match whose.last_mut() {
            Some(last) if last.reporter == reporter => {
                last.only = last.only.take().zip(only).map(|(mut all, one)| {
                    all.push(one);
                    all
                });
            }
            _ => whose.push(Reached { reporter, only: only.map(|one| vec![one]) }),
        }
    }
    Ok(Some(Opened { site: Uuid::from_bytes(site), until: Timestamp::from_unix_ms(until), whose }))
}

fn log(
    connection: &Connection,
    key: &InstanceKey,
    act: Act,
    actor: Actor,
    site: Uuid,
    reporter: ReporterHash,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry { at, actor, act, site: Some(site), subject: subject(reporter, None), why: None };
    audit::append(connection, &entry, key)
}
