//! Finding messages by their words, though they lie sealed: by a keyed hash of each word's beginnings.
//!
//! A message's hashes are one short row that goes with the message. A search walks over the rows of a site, newest
//! first, until it has a page; what it finds is opened and compared, so that a hash never answers by itself.

use std::collections::BTreeSet;

use candor_protocol::Timestamp;
use candor_rules::Content;
use uuid::Uuid;

use super::{
    Page, ReportLine, Store, StoreError, reports, sessions,
    sql::{Connection, OptionalExtension as _},
};
use crate::{
    key::{InstanceKey, Use},
    search::{self, Question},
    vault::Vault,
};

/// Rows that are read at a time.
const STRIDE: u32 = 1000;
/// Messages that are opened for one page at most; a question that many seem to answer and few do goes on with the next.
const OPENED_MAX: usize = 2000;
const BEHIND: &str = "words_behind";

/// What a search is for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who asks; only reports of their sites are shown.
    pub member: Uuid,
    /// What the message says.
    pub question: Question,
    /// Only reports older than this one.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: usize,
}

impl Store {
    /// A page of the reports whose message says it, newest first, as the member may see them. The second value is where
    /// to go on, when there may be more.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn search(&self, wanted: Wanted, now: Timestamp) -> Result<(Page, Option<Uuid>), StoreError> {
        let (key, vault) = (self.key.clone(), self.vault.clone());
        self.readers
            .read_together(move |connection| {
                let (mut lines, mut walked) = (Vec::new(), Vec::new());
                for (site, sees_restricted) in sessions::sites_of(connection, wanted.member, None)? {
                    let sought = hashes(&key, site, wanted.question.tokens());
                    let walk = Walk { site, sought, before: wanted.before, limit: wanted.limit };
                    let open = |id| {
                        let line = line_of(connection, &vault, (site, id), sees_restricted, now)?;
                        Ok(line.filter(|line| is_said(line, &wanted.question)))
                    };
                    let (found, reached) = walk.run(connection, open)?;
                    lines.extend(found);
                    walked.extend(reached);
                }
                lines.sort_by_key(|line: &ReportLine| std::cmp::Reverse(line.id));
                // Beyond the site that was left first, nothing is known to be whole.
                let reached = walked.into_iter().max();
                lines.retain(|line| reached.is_none_or(|reached| line.id >= reached));
                let next = if lines.len() > wanted.limit {
                    lines.truncate(wanted.limit);
                    lines.last().map(|line| line.id)
                } else {
                    reached
                };
                Ok((Page { lines, more: next.is_some() }, next))
            })
            .await
    }

    /// Gives at most `limit` messages their words that came before words were kept, or with a backup, and says how many
    /// it looked at; none is left when it was none. It may stop anywhere, and goes on there.
    ///
    /// # Errors
    /// Nothing of this batch was done.
    pub async fn catch_up_words(&self, limit: u32) -> Result<usize, StoreError> {
        if !self.is_behind_with_words().await? {
            return Ok(0);
        }
        let (key, vault) = (self.key.clone(), self.vault.clone());
        self.writer
            .write(move |connection| {
                let Some(from) = behind(connection)? else { return Ok(0) };
                let mut statement = connection.prepare_cached(
                    "SELECT report.id, site FROM report
                     WHERE report.id > ?1 AND EXISTS (
                         SELECT 1 FROM part WHERE part.report = report.id AND purpose = 'message')
                     ORDER BY report.id LIMIT ?2",
                )?;
                let rows = statement
                    .query_map((from, limit), |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<Vec<([u8; 16], [u8; 16])>, _>>()?;
                for (report, site) in &rows {
                    let (report, site) = (Uuid::from_bytes(*report), Uuid::from_bytes(*site));
                    let whenever = Timestamp::from_unix_ms(i64::MIN);
                    for part in reports::parts(connection, &vault, report, whenever)? {
                        put(connection, &key, site, report, &part.content)?;
                    }
                }
                match rows.last() {
                    Some((last, ..)) => connection
                        .prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")?
                        .execute((BEHIND, last))?,
                    None => {
                        connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([BEHIND])?
                    }
                };
                Ok(rows.len())
            })
            .await
    }

    /// Whether older messages are not found yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn is_behind_with_words(&self) -> Result<bool, StoreError> {
        self.readers.read(|connection| Ok(behind(connection)?.is_some())).await
    }
}

fn behind(connection: &Connection) -> Result<Option<[u8; 16]>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([BEHIND], |row| row.get(0))
        .optional()?)
}

/// Where no message has its words any more, as in a copy of the database, all are to be given theirs.
pub(super) fn begin_anew(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM words", [])?;
    connection.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (BEHIND, [0_u8; 16]),
    )?;
    Ok(())
}

/// What is kept of a message's words, if it is one.
pub(super) fn of(key: &InstanceKey, site: Uuid, content: &Content) -> Option<Vec<u8>> {
    let Content::Message { text, custom, .. } = content else { return None };
    Some(hashes(key, site, search::tokens(text, custom)).into_iter().flatten().collect())
}

/// Writes down the words of a part that is there, in the place of those that it had.
pub(super) fn put(
    connection: &Connection,
    key: &InstanceKey,
    site: Uuid,
    report: Uuid,
    content: &Content,
) -> Result<(), StoreError> {
    of(key, site, content).map_or(Ok(()), |hashes| put_hashes(connection, site, report, &hashes))
}

/// The same with hashes that were made before.
pub(super) fn put_hashes(
    connection: &Connection,
    site: Uuid,
    report: Uuid,
    hashes: &[u8],
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO words (site, report, purpose, hashes) VALUES (?1, ?2, 'message', ?3)
             ON CONFLICT (site, report) DO UPDATE SET hashes = excluded.hashes",
        )?
        .execute((site.as_bytes(), report.as_bytes(), hashes))?;
    Ok(())
}

/// The hashes of tokens under the site's own key, sorted. The same word on another site has another hash.
fn hashes(key: &InstanceKey, site: Uuid, tokens: BTreeSet<String>) -> BTreeSet<[u8; 4]> {
    let of_site = InstanceKey::new(key.hash(Use::Word, site.as_bytes())).hasher(Use::Word);
    let hash = |token: String| {
        let [a, b, c, d, ..] = of_site.hash(token.as_bytes());
        [a, b, c, d]
    };
    tokens.into_iter().map(hash).collect()
}

/// One report as a list shows it; `None` when a list would not.
fn line_of(
    connection: &Connection,
    vault: &Vault,
    (site, id): (Uuid, Uuid),
    sees_restricted: bool,
    now: Timestamp,
) -> Result<Option<ReportLine>, StoreError> {
    // The first that is older than whatever comes next after it.
    let next = Uuid::from_u128(id.as_u128().saturating_add(1));
    let mut statement = connection.prepare_cached(reports::LINES)?;
    let mut rows =
        statement.query((now.unix_ms(), site.as_bytes(), next.as_bytes(), 1_i64, sees_restricted))?;
    let found = rows.next()?.map(|row| reports::line(connection, vault, &row)).transpose()?;
    Ok(found.filter(|line| line.id == id))
}

fn is_said(line: &ReportLine, question: &Question) -> bool {
    match &line.message {
        Some(Content::Message { text, custom, .. }) => question.is_said(text, custom),
        _ => false,
    }
}

/// A site's rows, newest first: only before, at most.
pub(super) const WALK: &str =
    "SELECT report, hashes FROM words WHERE site = ?1 AND report < ?2 ORDER BY report DESC LIMIT ?3";

/// A walk over one site's rows, newest first.
struct Walk {
    site: Uuid,
    sought: BTreeSet<[u8; 4]>,
    before: Option<Uuid>,
    limit: usize,
}

impl Walk {
    /// What is there, at most one more than the limit; and the report at which the walk was left, if it was left before
    /// the end.
    fn run(
        &self,
        connection: &Connection,
        open: impl Fn(Uuid) -> Result<Option<ReportLine>, StoreError>,
    ) -> Result<(Vec<ReportLine>, Option<Uuid>), StoreError> {
        let mut statement = connection.prepare_cached(WALK)?;
        let (mut found, mut opened) = (Vec::new(), 0);
        let mut before = self.before.unwrap_or(Uuid::max());
        loop {
            let mut rows = statement.query((self.site.as_bytes(), before.as_bytes(), STRIDE))?;
            let mut seen = 0;
            while let Some(row) = rows.next()? {
                seen += 1;
                before = Uuid::from_bytes(row.get(0)?);
                let hashes: Vec<u8> = row.get(1)?;
                let (hashes, _) = hashes.as_chunks::<4>();
                if !self.sought.iter().all(|hash| hashes.binary_search(hash).is_ok()) {
                    continue;
                }
                opened += 1;
                found.extend(open(before)?);
                if found.len() > self.limit || opened >= OPENED_MAX {
                    return Ok((found, Some(before)));
                }
            }
            if seen < STRIDE {
                return Ok((found, None));
            }
        }
    }
}

#[cfg(test)]
mod tests;
