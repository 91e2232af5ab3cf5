//! Making reports anonymous: what is left of them is tied to nobody, by no id, no hash, no time of day and no key.
//!
//! An anonymous report is a new row under an id that no receipt and no evidence knows: its kind, its rating, the day,
//! and where the owner keeps them the bare words, sealed under a key of the site's own.

use candor_protocol::{DAY_MS, Purpose, Timestamp};
use candor_rules::Content;
use uuid::Uuid;

use super::{
    ReporterHash, Store, StoreError, audit, body, erasing, loose, reports, seal, sql::Connection,
    sweep::Window,
};
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

/// How far making reports anonymous has come; see [`super::Walk`].
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    /// All parts were looked at whose date is this one or before.
    reached: Option<i64>,
    messages_done: bool,
    /// The last report that was cleared of the site that is being cleared.
    cleared: Uuid,
    /// Sites that need no more of this walk.
    sites_seen: Vec<Uuid>,
    sites_done: bool,
}

impl Walk {
    pub(super) const fn is_over(&self) -> bool {
        self.messages_done && self.sites_done
    }
}

/// The messages of a window that are due for it.
pub(super) const MESSAGES: &str = "SELECT part.report FROM part
        JOIN report ON report.id = part.report JOIN site ON site.id = report.site
    WHERE part.until > ?1 AND part.until <= ?2 AND part.purpose = 'message' AND at_end = 'anonymise'
        AND held_because IS NULL AND erased_at IS NULL AND reporter <> ?3
    /*pg FOR UPDATE OF report SKIP LOCKED*/";

/// A site's next reports that are somebody's.
pub(super) const THEIRS: &str = "SELECT id FROM report WHERE site = ?1 AND id > ?2 AND reporter <> ?3
        AND erased_at IS NULL AND held_because IS NULL
    ORDER BY id LIMIT ?4 /*pg FOR UPDATE*/";

impl Store {
    /// Makes reports anonymous that are due for it, from where the walk has come to: of the messages of sites that keep
    /// bare ones some `limit` parts that have reached their date are looked at, and at most `limit` reports of each site
    /// whose closing has had its days of grace are cleared. How many it did.
    ///
    /// # Errors
    /// Nothing of this batch was done, and the walk is where it was.
    pub async fn anonymise_due(
        &self,
        now: Timestamp,
        limit: u32,
        walk: &mut super::Walk,
    ) -> Result<u64, StoreError> {
        if walk.anonymous.is_over() {
            return Ok(0);
        }
        let (key, vault) = (self.key.clone(), self.vault.clone());
        let mut ahead = walk.anonymous.clone();
        let done = self.writer.write(move |connection| {
            let keys = (&key, &*vault);
            let messages = ahead.messages(connection, keys, now, limit)?;
            let cleared = ahead.sites(connection, keys, now, limit)?;
            Ok((messages + cleared, ahead))
        });
        let (done, reached) = done.await?;
        walk.anonymous = reached;
        if done > 0 {
            self.writer.forget_log().await;
        }
        Ok(done)
    }
}

impl Walk {
    fn messages(
        &mut self,
        connection: &Connection,
        keys: (&InstanceKey, &Vault),
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut any = connection.prepare_cached("SELECT 1 FROM site WHERE at_end = 'anonymise'")?;
        let window = if self.messages_done || !any.exists([])? {
            None
        } else {
            Window::next(connection, ("part", "until"), self.reached, now, limit)?
        };
        let Some(Window { after, to, rows }) = window else {
            self.messages_done = true;
            return Ok(0);
        };
        let mut statement = connection.prepare_cached(MESSAGES)?;
        let due = statement.query_map((after, to, NOBODY), |row| row.get(0))?;
        let due = due.collect::<Result<Vec<[u8; 16]>, _>>()?;
        for report in &due {
            anonymise(connection, keys, Uuid::from_bytes(*report), now)?;
        }
        self.reached = Some(to);
        self.messages_done = rows < limit;
        Ok(due.len() as u64)
    }

    /// One batch of a closed site; the last one takes the objections.
    fn sites(
        &mut self,
        connection: &Connection,
        keys: (&InstanceKey, &Vault),
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT id, keeps_messages FROM site WHERE anonymised_at IS NULL AND closed_at + grace_days * ?2 <= ?1
                 /*pg FOR NO KEY UPDATE SKIP LOCKED*/",
        )?;
        let over = statement
            .query_map((now.unix_ms(), DAY_MS), |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))?;
        let over: Vec<(Uuid, bool)> = over.collect::<Result<_, _>>()?;
        let Some((site, keeps_messages)) = over.into_iter().find(|(id, _)| !self.sites_seen.contains(id))
        else {
            self.sites_done = true;
            return Ok(0);
        };
        let mut statement = connection.prepare_cached(THEIRS)?;
        let theirs = statement
            .query_map((site.as_bytes(), self.cleared.as_bytes(), NOBODY, limit), |row| row.get(0))?;
        let theirs: Vec<[u8; 16]> = theirs.collect::<Result<_, _>>()?;
        for report in &theirs {
            self.cleared = Uuid::from_bytes(*report);
            anonymise(connection, keys, self.cleared, now)?;
        }
        let done = theirs.len() as u64;
        if done < u64::from(limit) {
            self.sites_seen.push(site);
            self.cleared = Uuid::nil();
            finish_site(connection, keys.0, (site, keeps_messages), now)?;
        }
        Ok(done)
    }
}

/// Notes that a closed site is nobody's any more, unless it is: what is held waits for the end of its hold.
fn finish_site(
    connection: &Connection,
    key: &InstanceKey,
    (site, keeps_messages): (Uuid, bool),
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_somebodys = connection
        .prepare_cached("SELECT 1 FROM report WHERE site = ?1 AND reporter <> ?2 AND erased_at IS NULL")?
        .exists((site.as_bytes(), NOBODY))?;
    if is_somebodys {
        return Ok(());
    }
    connection.prepare_cached("DELETE FROM objection WHERE site = ?1")?.execute([site.as_bytes()])?;
    connection
        .prepare_cached("UPDATE site SET anonymised_at = ?2 WHERE id = ?1")?
        .execute((site.as_bytes(), now.unix_ms()))?;
    let subject = if keeps_messages { "messages kept" } else { "messages deleted" };
    let (actor, act) = (Actor::Collector, Act::SiteAnonymised);
    let entry = Entry { at: now, actor, act, site: Some(site), subject: subject.into(), why: None };
    audit::append(connection, &entry, key)
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
    let words = if keeps_words { words(connection, vault, report)? } else { None };
    connection
        .prepare_cached(
            "INSERT INTO report (id, site, submission, fingerprint, reporter, received_at, kind, rating_scale,
                 rating_value, policy, kept, until, granted, erased_at, generation)
             SELECT ?2, site, ?2, ?3, ?3, ?4, kind, rating_scale, rating_value, policy, '[]', ?5, '[]', ?6, 0
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
        let words_key = seal::find_or_make(connection, vault, &nobody)?.part(fresh, Purpose::Message);
        let sealed = words_key.seal(&about, &body::encode(&content)?, vault.rng());
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
fn words(connection: &Connection, vault: &Vault, report: Uuid) -> Result<Option<String>, StoreError> {
    let before = Timestamp::from_unix_ms(i64::MIN);
    let parts = reports::parts(connection, vault, report, before)?;
    Ok(parts.into_iter().find_map(|part| match part.content {
        Content::Message { text, .. } if !text.trim().is_empty() => Some(text),
        _ => None,
    }))
}

#[cfg(test)]
mod tests;
