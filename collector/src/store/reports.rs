//! Reports, as members read them.

use candor_protocol::{Asked, Consent, Kept, Kind, Purpose, Rating, Scale, Timestamp};
use candor_rules::{Content, Part};
use uuid::Uuid;

use super::{
    FileLine, ReporterHash, Store, StoreError, body, files, seal, sessions,
    sql::{Connection, Row},
};
use crate::vault::Vault;

/// Which reports a member wants to see, newest first.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// Who asks; only reports of their sites are shown.
    pub member: Uuid,
    /// Only this site.
    pub site: Option<Uuid>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only reports older than this one.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: usize,
}

/// One page of reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Newest first.
    pub lines: Vec<ReportLine>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A report as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportLine {
    /// Its id.
    pub id: Uuid,
    /// Its site.
    pub site: Uuid,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The rating, if one was given.
    pub rating: Option<Rating>,
    /// When it came.
    pub received_at: Timestamp,
    /// The words and fields, unless they have expired.
    pub message: Option<Content>,
    /// Who it is from, where given and not expired.
    pub contact: Option<Content>,
    /// Pictures that have not expired.
    pub pictures: u32,
    /// Attachments that have not expired.
    pub attachments: u32,
    /// Whether it is kept and not used.
    pub is_restricted: bool,
    /// Whether it is held beyond its dates.
    pub is_held: bool,
}

/// A whole report, as far as it may still be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// Its site.
    pub site: Uuid,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The rating, if one was given.
    pub rating: Option<Rating>,
    /// When it came.
    pub received_at: Timestamp,
    /// Who sent it: tells one visitor's reports from another's.
    pub reporter: ReporterHash,
    /// What was kept when it came, also what has expired since.
    pub kept: Vec<Kept>,
    /// What has not expired.
    pub parts: Vec<Part>,
    /// The files that have not expired, by name.
    pub files: Vec<FileLine>,
    /// What the visitor agreed to.
    pub consent: Consent,
    /// Since when it is kept and not used.
    pub restricted_at: Option<Timestamp>,
    /// Why it is held beyond its dates.
    pub held_because: Option<String>,
}

impl Store {
    /// One page of the reports that a member may see.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reports(&self, query: PageQuery, now: Timestamp) -> Result<Page, StoreError> {
        let vault = self.vault.clone();
        self.readers.read_together(move |connection| page(connection, &vault, &query, now)).await
    }

    /// One report, if it exists, has not expired and belongs to one of the member's sites.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn report(&self, member: Uuid, id: Uuid, now: Timestamp) -> Result<Option<Report>, StoreError> {
        let vault = self.vault.clone();
        self.readers
            .read_together(move |connection| {
                let mut may = connection.prepare_cached(MAY_SEE)?;
                if may.exists((id.as_bytes(), member.as_bytes()))? {
                    let report = whole(connection, &vault, id, now)?;
                    return report.map(|report| for_member(connection, report)).transpose();
                }
                Ok(None)
            })
            .await
    }
}

/// Restricted reports are out of members' sight, but for those who see to privacy.
pub(super) const MAY_SEE: &str = "SELECT 1 FROM report JOIN membership ON membership.site = report.site
    WHERE id = ?1 AND erased_at IS NULL AND member = ?2 AND (restricted_at IS NULL OR role = 'privacy')";

/// One site's reports, newest first: now, site, only before, at most, also restricted ones, and what the filter asks.
macro_rules! lines {
    ($filter:literal) => {
        concat!(
            "SELECT report.id, report.site, kind, rating_scale, rating_value, received_at, message.body, contact.body,
                (SELECT count(*) FROM file WHERE file.report = report.id AND purpose = 'picture' AND until > ?1),
                (SELECT count(*) FROM file WHERE file.report = report.id AND purpose = 'attachment' AND until > ?1),
                report.restricted_at IS NOT NULL, report.held_because IS NOT NULL
            FROM report
            LEFT JOIN part AS message ON message.report = report.id AND message.purpose = 'message' AND message.until > ?1
                AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.site = report.site
                    AND objection.reporter = report.reporter AND objection.purpose = 'message')
            LEFT JOIN part AS contact ON contact.report = report.id AND contact.purpose = 'contact' AND contact.until > ?1
                AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.site = report.site
                    AND objection.reporter = report.reporter AND objection.purpose = 'contact')
            WHERE report.until > ?1 AND report.site = ?2 AND report.id < ?3 AND report.erased_at IS NULL
                AND (?5 OR report.restricted_at IS NULL) ", $filter, "
            ORDER BY report.id DESC LIMIT ?4"
        )
    };
}
/// See `lines`: all of them.
pub(super) const LINES: &str = lines!("");
/// See `lines`: those of one kind.
pub(super) const LINES_OF_KIND: &str = lines!("AND kind = ?6");

/// One short walk down the index for each of the member's sites, so that a page costs the same however many reports
/// there are.
fn page(
    connection: &Connection,
    vault: &Vault,
    query: &PageQuery,
    now: Timestamp,
) -> Result<Page, StoreError> {
    let sites = sessions::sites_of(connection, query.member, query.site)?;
    let mut statement =
        connection.prepare_cached(if query.kind.is_some() { LINES_OF_KIND } else { LINES })?;
    let before = query.before.unwrap_or(Uuid::max());
    // One more than asked for tells whether there are older ones.
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX - 1) + 1;
    let mut lines = Vec::new();
    for (site, sees_restricted) in sites {
        let (now, site, before) = (now.unix_ms(), site.as_bytes(), before.as_bytes());
        let mut rows = match query.kind {
            None => statement.query((now, site, before, limit, sees_restricted))?,
            Some(kind) => statement.query((now, site, before, limit, sees_restricted, kind.as_str()))?,
        };
        while let Some(row) = rows.next()? {
            lines.push(line(connection, vault, &row)?);
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.id));
    let more = lines.len() > query.limit;
    lines.truncate(query.limit);
    Ok(Page { lines, more })
}

pub(super) fn line(connection: &Connection, vault: &Vault, row: &Row<'_>) -> Result<ReportLine, StoreError> {
    let (id, site) = (Uuid::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?));
    let keys = seal::keys(connection, vault, id)?;
    let content = |at: usize, purpose| -> Result<Option<Content>, StoreError> {
        let body: Option<Vec<u8>> = row.get(at)?;
        let key = keys.as_ref().and_then(|keys| keys.part(purpose));
        let (Some(body), Some(key)) = (body, key) else { return Ok(None) };
        let body = key.open(&seal::about(id, purpose), &body)?;
        Ok(Some(body::decode(purpose, &body)?))
    };
    Ok(ReportLine {
        id,
        site,
        kind: kind(&row.get::<String>(2)?)?,
        rating: rating(row.get(3)?, row.get(4)?)?,
        received_at: Timestamp::from_unix_ms(row.get(5)?),
        message: content(6, Purpose::Message)?,
        contact: content(7, Purpose::Contact)?,
        pictures: row.get(8)?,
        attachments: row.get(9)?,
        is_restricted: row.get(10)?,
        is_held: row.get(11)?,
    })
}

/// One report: its id, now.
pub(super) const WHOLE: &str =
    "SELECT report.site, kind, rating_scale, rating_value, received_at, report.reporter, kept,
        consent.policy, consent.granted, consent.given_at, consent.asked, consent.evidence,
        restricted_at, held_because
    FROM report JOIN consent ON consent.report = report.id
    WHERE report.id = ?1 AND until > ?2 AND erased_at IS NULL";

/// A whole report with all that has not expired, whoever asks.
pub(super) fn whole(
    connection: &Connection,
    vault: &Vault,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<Report>, StoreError> {
    let mut statement = connection.prepare_cached(WHOLE)?;
    let mut rows = statement.query((id.as_bytes(), now.unix_ms()))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let json = |at: usize| -> Result<String, StoreError> { Ok(row.get(at)?) };
    let reporter = ReporterHash(row.get(5)?);
    let site = Uuid::from_bytes(row.get(0)?);
    Ok(Some(Report {
        id,
        site,
        kind: kind(&json(1)?)?,
        rating: rating(row.get(2)?, row.get(3)?)?,
        received_at: Timestamp::from_unix_ms(row.get(4)?),
        reporter,
        kept: serde_json::from_str(&json(6)?)?,
        parts: parts(connection, vault, id, now)?,
        files: files::of_report(connection, id, now)?,
        consent: Consent {
            policy: row.get(7)?,
            purposes: serde_json::from_str(&json(8)?)?,
            given_at: Timestamp::from_unix_ms(row.get(9)?),
            asked: asked(&json(10)?)?,
            evidence: row.get(11)?,
        },
        restricted_at: row.get::<Option<i64>>(12)?.map(Timestamp::from_unix_ms),
        held_because: row.get(13)?,
    }))
}

/// The report without what its visitor objected to.
pub(super) fn for_member(connection: &Connection, mut report: Report) -> Result<Report, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT purpose FROM objection WHERE site = ?1 AND reporter = ?2")?;
    let objections = statement.query_map((report.site.as_bytes(), report.reporter.0), |row| row.get(0))?;
    let objections: Vec<String> = objections.collect::<Result<_, _>>()?;
    let is_in_use = |kept: Kept| !objections.iter().any(|purpose| purpose == kept.purpose.as_str());
    report.parts.retain(|part| is_in_use(part.kept));
    report.files.retain(|file| is_in_use(file.kept));
    Ok(report)
}

/// A report's parts that have not expired and can be opened.
pub(super) fn parts(
    connection: &Connection,
    vault: &Vault,
    report: Uuid,
    now: Timestamp,
) -> Result<Vec<Part>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT purpose, body, until FROM part WHERE report = ?1 AND until > ?2")?;
    let mut rows = statement.query((report.as_bytes(), now.unix_ms()))?;
    let mut parts = Vec::new();
    let Some(keys) = seal::keys(connection, vault, report)? else { return Ok(parts) };
    while let Some(row) = rows.next()? {
        let purpose: String = row.get(0)?;
        let purpose = Purpose::from_name(&purpose).ok_or_else(|| unknown("purpose"))?;
        let until = Timestamp::from_unix_ms(row.get(2)?);
        let Some(key) = keys.part(purpose) else { continue };
        let body = key.open(&seal::about(report, purpose), &row.get::<Vec<u8>>(1)?)?;
        parts.push(Part { kept: Kept { purpose, until }, content: body::decode(purpose, &body)? });
    }
    parts.sort_by_key(|part| part.kept.purpose);
    Ok(parts)
}

fn unknown(what: &'static str) -> StoreError {
    StoreError::Fault(format!("a row names a {what} that does not exist"))
}

fn kind(name: &str) -> Result<Kind, StoreError> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| unknown("kind"))
}

fn rating(scale: Option<String>, value: Option<u8>) -> Result<Option<Rating>, StoreError> {
    let (Some(scale), Some(value)) = (scale, value) else { return Ok(None) };
    let all = [Scale::Stars, Scale::Emoji, Scale::Thumbs, Scale::Nps];
    let scale = all.into_iter().find(|known| known.as_str() == scale).ok_or_else(|| unknown("scale"))?;
    Ok(Some(Rating { scale, value }))
}

pub(super) const fn asked_name(asked: Asked) -> &'static str {
    match asked {
        Asked::Panel => "panel",
        Asked::Page => "page",
    }
}

fn asked(name: &str) -> Result<Asked, StoreError> {
    [Asked::Panel, Asked::Page]
        .into_iter()
        .find(|asked| asked_name(*asked) == name)
        .ok_or_else(|| unknown("way of asking"))
}
