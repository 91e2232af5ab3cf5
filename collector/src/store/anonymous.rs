//! Making reports anonymous: what is left of them is tied to nobody, by no id, no hash, no time of day and no key.
//!
//! An anonymous report is a new row under an id that no receipt and no evidence knows: its kind, its rating, the day,
//! and where the owner keeps them the bare words, sealed under a key of the site's own.

use candor_protocol::{DAY_MS, Purpose, Timestamp};
use candor_rules::Content;
use uuid::Uuid;

use super::{ReporterHash, Store, StoreError, audit, body, erasing, loose, reports, seal, sql::Connection};
use crate::{
    audit::{Act, Actor, Entry},
    key::InstanceKey,
    vault::{Owner, Vault},
};

/// Whose anonymous reports are: nobody's hash.
pub(super) const NOBODY: [u8; 32] = [0; 32];
/// The last moment that can be written: what is nobody's has no date.
const FOREVER: Timestamp = Timestamp::from_unix_ms(253_402_300_799_999);

/// How many reports are due for it: now, nobody, a day's milliseconds.
pub(super) const ARE_DUE: &str = "SELECT
    (SELECT count(*) FROM part JOIN report ON report.id = part.report JOIN site ON site.id = report.site
     WHERE part.purpose = 'message' AND part.until <= ?1 AND at_end = 'anonymise'
       AND held_because IS NULL AND erased_at IS NULL AND reporter <> ?2)
    + (SELECT count(*) FROM report JOIN site ON site.id = report.site
       WHERE anonymised_at IS NULL AND closed_at + grace_days * ?3 <= ?1
         AND held_because IS NULL AND erased_at IS NULL AND reporter <> ?2)";

/// Whether the bare words of a report may stay: where the owner keeps them at their date, or of a site that is over has
/// looked through them; and never what its visitor had restricted, objects to, or what had to be deleted before.
const KEEPS_WORDS: &str =
    "SELECT 1 FROM part JOIN report ON report.id = part.report JOIN site ON site.id = report.site
    WHERE report.id = ?1 AND part.purpose = 'message' AND restricted_at IS NULL
      AND (part.until > ?2 OR at_end = 'anonymise')
      AND (keeps_messages = 1 OR closed_at IS NULL OR closed_at + grace_days * ?3 > ?2)
      AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.site = report.site
          AND objection.reporter = report.reporter AND objection.purpose = 'message')";

impl Store {
    /// Makes reports anonymous that are due for it, at most `limit` for each reason and site: messages at their date where
    /// the site keeps bare ones, and everything of sites whose closing has had its days of grace. How many it did.
    ///
    /// # Errors
    /// Nothing of this batch was done.
    pub async fn anonymise_due(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let (key, vault) = (self.key.clone(), self.vault.clone());
        let done = self.writer.write(move |connection| {
            let mut done = 0;
            let mut statement = connection.prepare_cached(
                "SELECT part.report FROM part JOIN report ON report.id = part.report
                     JOIN site ON site.id = report.site
                 WHERE part.purpose = 'message' AND part.until <= ?1 AND at_end = 'anonymise'
                   AND held_because IS NULL AND erased_at IS NULL AND reporter <> ?2
                 LIMIT ?3 /*pg FOR UPDATE OF report SKIP LOCKED*/",
            )?;
            let due = statement.query_map((now.unix_ms(), NOBODY, limit), |row| row.get(0))?;
            for report in due.collect::<Result<Vec<[u8; 16]>, _>>()? {
                anonymise(connection, (&key, &vault), Uuid::from_bytes(report), now)?;
                done += 1;
            }
            let mut statement = connection.prepare_cached(
                "SELECT id, keeps_messages FROM site WHERE anonymised_at IS NULL AND closed_at + grace_days * ?2 <= ?1
                     /*pg FOR NO KEY UPDATE SKIP LOCKED*/",
            )?;
            let over = statement.query_map((now.unix_ms(), DAY_MS), |row| {
                Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?))
            })?;
            for site in over.collect::<Result<Vec<_>, _>>()? {
                done += clear_site(connection, (&key, &vault), site, now, limit)?;
            }
            Ok(done)
        });
        let done = done.await?;
        if done > 0 {
            self.writer.forget_log().await;
        }
        Ok(done)
    }
}

/// One batch of a closed site; the last one takes the objections.
fn clear_site(
    connection: &Connection,
    (key, vault): (&InstanceKey, &Vault),
    (site, keeps_messages): (Uuid, bool),
    now: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM report WHERE site = ?1 AND reporter <> ?2 AND erased_at IS NULL
             AND held_because IS NULL LIMIT ?3 /*pg FOR UPDATE*/",
    )?;
    let theirs = statement.query_map((site.as_bytes(), NOBODY, limit), |row| row.get(0))?;
    let theirs: Vec<[u8; 16]> = theirs.collect::<Result<_, _>>()?;
    for report in &theirs {
        anonymise(connection, (key, vault), Uuid::from_bytes(*report), now)?;
    }
    let done = theirs.len() as u64;
    if done < u64::from(limit) {
        // What is held waits for the end of its hold.
        let rest = connection
            .prepare_cached("SELECT 1 FROM report WHERE site = ?1 AND held_because IS NOT NULL")?
            .exists([site.as_bytes()])?;
        if !rest {
            connection.prepare_cached("DELETE FROM objection WHERE site = ?1")?.execute([site.as_bytes()])?;
            connection
                .prepare_cached("UPDATE site SET anonymised_at = ?2 WHERE id = ?1")?
                .execute((site.as_bytes(), now.unix_ms()))?;
            let subject = if keeps_messages { "messages kept" } else { "messages deleted" };
            let (actor, act) = (Actor::Collector, Act::SiteAnonymised);
            let entry = Entry { at: now, actor, act, site: Some(site), subject: subject.into(), why: None };
            audit::append(connection, &entry, key)?;
        }
    }
    Ok(done)
}

/// Puts a row that is nobody's in the place of a report. The last one of a reporter's takes their key along.
fn anonymise(
    connection: &Connection,
    (key, vault): (&InstanceKey, &Vault),
    report: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (site, reporter, received_at): ([u8; 16], [u8; 32], i64) = connection
        .prepare_cached("SELECT site, reporter, received_at FROM report WHERE id = ?1")?
        .query_row([report.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let owner = Owner { site: Uuid::from_bytes(site), reporter };
    let day = Timestamp::from_unix_ms(received_at - received_at.rem_euclid(DAY_MS));
    let fresh = vault.rng().uuid_v7(day);
    let keeps_words =
        connection.prepare_cached(KEEPS_WORDS)?.exists((report.as_bytes(), now.unix_ms(), DAY_MS))?;
    let words = if keeps_words { words(connection, vault, &owner, report)? } else { None };
    connection
        .prepare_cached(
            "INSERT INTO report (id, site, submission, fingerprint, reporter, received_at, kind, rating_scale,
                 rating_value, policy, kept, until, granted, erased_at)
             SELECT ?2, site, ?2, ?3, ?3, ?4, kind, rating_scale, rating_value, policy, '[]', ?5, '[]', ?6
             FROM report WHERE id = ?1",
        )?
        .execute((
            report.as_bytes(),
            fresh.as_bytes(),
            NOBODY,
            day.unix_ms(),
            FOREVER.unix_ms(),
            // Without words there is nothing to read, only to count.
            words.is_none().then_some(now.unix_ms()),
        ))?;
    if let Some(text) = words {
        let content = Content::Message { text, custom: Default::default(), locale: None };
        let nobody = Owner { reporter: NOBODY, ..owner };
        let about = seal::about(fresh, Purpose::Message);
        let sealed_under = seal::find_or_make(connection, vault, &nobody)?;
        let sealed = sealed_under.seal(&about, &body::encode(&content)?, vault.rng());
        connection
            .prepare_cached(
                "INSERT INTO part (report, purpose, body, until, sealed) VALUES (?1, 'message', ?2, ?3, 1)",
            )?
            .execute((fresh.as_bytes(), sealed, FOREVER.unix_ms()))?;
        super::words::put(connection, key, owner.site, fresh, &content)?;
        connection
            .prepare_cached(
                "INSERT INTO consent (report, site, reporter, policy, granted, given_at, asked, recorded_at)
                 SELECT ?2, site, ?3, policy, '[\"message\"]', ?4, asked, ?4 FROM consent WHERE report = ?1",
            )?
            .execute((report.as_bytes(), fresh.as_bytes(), NOBODY, day.unix_ms()))?;
    }
    loose::drop_files(connection, report, None, now)?;
    connection.prepare_cached("DELETE FROM part WHERE report = ?1")?.execute([report.as_bytes()])?;
    connection.prepare_cached("DELETE FROM report WHERE id = ?1")?.execute([report.as_bytes()])?;
    erasing::key_of_nothing(connection, ReporterHash(reporter), owner.site, now)
}

/// The bare words of a report, whatever their date; `None` when they are gone, or nobody wrote any.
fn words(
    connection: &Connection,
    vault: &Vault,
    owner: &Owner,
    report: Uuid,
) -> Result<Option<String>, StoreError> {
    let sealed_under = seal::find(connection, vault, owner)?;
    let before = Timestamp::from_unix_ms(i64::MIN);
    let parts = reports::parts(connection, sealed_under.as_ref(), report, before)?;
    Ok(parts.into_iter().find_map(|part| match part.content {
        Content::Message { text, .. } if !text.trim().is_empty() => Some(text),
        _ => None,
    }))
}

#[cfg(test)]
mod tests;
