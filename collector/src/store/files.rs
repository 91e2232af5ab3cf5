//! Files that follow a report: how one comes in, and how members have it.

use candor_protocol::{Kept, Purpose, Timestamp};
use candor_rules::{AdmittedFile, retention};
use uuid::Uuid;

use super::{
    Store, StoreError, loose,
    sql::{Connection, OptionalExtension as _, Row},
};
use crate::{blobs::BlobName, key::Use};

/// A report as the visitor who sent it may add files to it.
#[derive(Clone, Debug, PartialEq)]
pub struct FiledReport {
    /// Its id.
    pub id: Uuid,
    /// Its site.
    pub site: Uuid,
    /// What was granted with it, each with its end: the earliest of what the policies since have said.
    pub granted: Vec<Kept>,
    /// Its files, as far as they have not expired.
    pub files: Vec<FileLine>,
}

/// A file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// The name it was put under.
    pub name: String,
    /// What it is held for, and until when.
    pub kept: Kept,
    /// Its media type, as it was declared.
    pub media_type: String,
    /// How many bytes are kept.
    pub bytes: u64,
    /// Where they are.
    pub blob: BlobName,
    /// Tells a retry from another file under the same name.
    pub fingerprint: [u8; 32],
}

/// What an admitted file is made of. Its blob is durable before this is written.
#[derive(Clone, Copy, Debug)]
pub struct NewFile {
    /// The report that it follows.
    pub report: Uuid,
    /// Where its bytes are.
    pub blob: BlobName,
    /// How many there are.
    pub bytes: u64,
    /// Of what was sent.
    pub fingerprint: [u8; 32],
}

/// What became of a file that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertedFile {
    /// It belongs to the report now, and that is durable.
    Stored(Kept),
    /// It did already.
    Duplicate(Kept),
    /// Another file has its name.
    Mismatch,
    /// The report is not as it was when the file was admitted: it has other files, or is gone. Judge again.
    Changed,
    /// The same bytes are just being taken away. Keep them again in a moment.
    Going,
}

impl Store {
    /// The report of one of these sites that this reporter sent under this submission id, unless it has expired.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn filed_report(
        &self,
        sites: Vec<Uuid>,
        submission: Uuid,
        reporter: Uuid,
        now: Timestamp,
    ) -> Result<Option<FiledReport>, StoreError> {
        let reporter = self.key.hash(Use::Reporter, reporter.as_bytes());
        self.readers
            .read_together(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id FROM report
                     WHERE site = ?1 AND submission = ?2 AND reporter = ?3 AND until > ?4",
                )?;
                for site in sites {
                    let wanted = (site.as_bytes(), submission.as_bytes(), reporter, now.unix_ms());
                    let found: Option<[u8; 16]> = statement.query_row(wanted, |row| row.get(0)).optional()?;
                    let Some(id) = found.map(Uuid::from_bytes) else { continue };
                    let granted = still_granted(connection, id, now)?;
                    let files = of_report(connection, id, now)?;
                    return Ok(Some(FiledReport { id, site, granted, files }));
                }
                Ok(None)
            })
            .await
    }

    /// Makes a file part of its report, durably. The report lasts at least as long as its files.
    ///
    /// # Errors
    /// It did not become part of it.
    pub async fn insert_file(
        &self,
        admitted: AdmittedFile,
        new: NewFile,
        now: Timestamp,
    ) -> Result<InsertedFile, StoreError> {
        self.writer.write(move |connection| insert(connection, &admitted, new, now)).await
    }

    /// One file of a report, if neither has expired and the report belongs to one of the member's sites.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn file(
        &self,
        member: Uuid,
        report: Uuid,
        name: String,
        now: Timestamp,
    ) -> Result<Option<FileLine>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM file JOIN report ON report.id = file.report
                     WHERE file.report = ?1 AND file.name = ?2 AND file.until > ?3 AND report.until > ?3
                       AND report.erased_at IS NULL
                       AND NOT EXISTS (SELECT 1 FROM objection WHERE objection.site = report.site
                           AND objection.reporter = report.reporter AND objection.purpose = file.purpose)
                       AND EXISTS (SELECT 1 FROM membership WHERE membership.site = report.site
                           AND member = ?4 AND (restricted_at IS NULL OR role = 'privacy'))"
                ))?;
                let mut rows =
                    statement.query((report.as_bytes(), name, now.unix_ms(), member.as_bytes()))?;
                rows.next()?.map(|row| line(&row)).transpose()
            })
            .await
    }
}

const COLUMNS: &str =
    "file.name, file.purpose, file.until, file.media_type, file.bytes, file.blob, file.fingerprint";

/// A report's files that have not expired, by name.
pub(super) fn of_report(
    connection: &Connection,
    report: Uuid,
    now: Timestamp,
) -> Result<Vec<FileLine>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM file WHERE report = ?1 AND until > ?2 ORDER BY name"
    ))?;
    let mut rows = statement.query((report.as_bytes(), now.unix_ms()))?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        files.push(line(&row)?);
    }
    Ok(files)
}

fn line(row: &Row<'_>) -> Result<FileLine, StoreError> {
    let purpose: String = row.get(1)?;
    let purpose = Purpose::from_name(&purpose)
        .ok_or_else(|| StoreError::Fault("a file is held for a purpose that does not exist".into()))?;
    Ok(FileLine {
        name: row.get(0)?,
        kept: Kept { purpose, until: Timestamp::from_unix_ms(row.get(2)?) },
        media_type: row.get(3)?,
        bytes: row.get(4)?,
        blob: BlobName::from_bytes(row.get(5)?),
        fingerprint: row.get(6)?,
    })
}

/// What was granted with a report and holds still, with no more days than any policy since has given.
fn still_granted(connection: &Connection, report: Uuid, now: Timestamp) -> Result<Vec<Kept>, StoreError> {
    let found: Option<(String, i64)> = connection
        .prepare_cached(
            "SELECT granted, received_at FROM report WHERE id = ?1 AND until > ?2 AND erased_at IS NULL",
        )?
        .query_row((report.as_bytes(), now.unix_ms()), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((granted, received_at)) = found else { return Ok(Vec::new()) };
    let mut granted: Vec<Kept> = serde_json::from_str(&granted)?;
    let received_at = Timestamp::from_unix_ms(received_at);
    let mut statement = connection.prepare_cached(
        "SELECT body FROM report JOIN policy ON policy.site = report.site AND policy.version > report.policy
         WHERE report.id = ?1",
    )?;
    let policies = statement.query_map([report.as_bytes()], |row| row.get::<String>(0))?;
    for policy in policies {
        let policy = serde_json::from_str(&policy?)?;
        granted.iter_mut().for_each(|kept| *kept = retention::shortened(*kept, received_at, &policy));
    }
    Ok(granted)
}

fn insert(
    connection: &Connection,
    admitted: &AdmittedFile,
    new: NewFile,
    now: Timestamp,
) -> Result<InsertedFile, StoreError> {
    connection.lock("SELECT 1 FROM report WHERE id = ?1 /*pg FOR UPDATE*/", [new.report.as_bytes()])?;
    let files = of_report(connection, new.report, now)?;
    if let Some(known) = files.iter().find(|known| known.name == admitted.name()) {
        let is_same = known.fingerprint == new.fingerprint;
        return Ok(if is_same { InsertedFile::Duplicate(known.kept) } else { InsertedFile::Mismatch });
    }
    // It may have been erased, the purpose taken back, or its days made fewer since the file was judged.
    let granted = still_granted(connection, new.report, now)?;
    if !granted.contains(&admitted.kept()) || files.len() != admitted.beside() {
        return Ok(InsertedFile::Changed);
    }
    if loose::is_going(connection, new.blob)? {
        return Ok(InsertedFile::Going);
    }
    let kept = admitted.kept();
    connection
        .prepare_cached("UPDATE report SET until = ?2 WHERE id = ?1 AND until < ?2")?
        .execute((new.report.as_bytes(), kept.until.unix_ms()))?;
    // What it may replace has expired.
    connection
        .prepare_cached(
            "INSERT INTO file (report, name, purpose, media_type, bytes, blob, fingerprint, until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (report, name) DO UPDATE SET purpose = excluded.purpose,
                 media_type = excluded.media_type, bytes = excluded.bytes, blob = excluded.blob,
                 fingerprint = excluded.fingerprint, until = excluded.until",
        )?
        .execute((
            new.report.as_bytes(),
            admitted.name(),
            kept.purpose.as_str(),
            admitted.media_type(),
            new.bytes,
            new.blob.as_bytes(),
            new.fingerprint,
            kept.until.unix_ms(),
        ))?;
    Ok(InsertedFile::Stored(kept))
}
