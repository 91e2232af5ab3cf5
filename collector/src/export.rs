//! Everything of one person's, as they are told it: as JSON, and as a ZIP with the pictures and attachments beside it.

use std::io::{Cursor, Write as _};

use bytes::Bytes;
use candor_protocol::{Mine, MyReport, ReceiptNumber, StoredFile, Timestamp};
use candor_rules::Content;
use serde::Serialize;
use uuid::Uuid;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    blobs::{BlobError, Blobs},
    store::{Own, Report, Store, StoreError},
};

/// What the archive holds, for whoever opens it years later.
const README: &str = "\
my-feedback.json holds all reports as they were kept when this archive was made.

  exported_at   when that was (RFC 3339, UTC)
  reports       one entry each: words (message, custom), rating, contact, facts about page and browser (browser),
                files, and under `kept` for every purpose the moment from which it is not kept any more (until)
  requests      what was asked for and is, or was, answered by a person
  objections    purposes that were objected to

The files of a report lie in the folder that has the report's id as its name.
";

#[derive(Serialize)]
struct Document<'a> {
    exported_at: Timestamp,
    #[serde(flatten)]
    mine: &'a Mine,
}

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The archive itself.
    #[error("the archive cannot be made: {0}")]
    Archive(String),
}

/// An archive in the making.
///
/// Reports are read first, then their files. Where a file that was found has gone in between, something was erased
/// meanwhile, and all of it is to be read anew; so an archive is of one moment, and holds every file that it names.
#[derive(Debug, Default)]
pub struct Archive {
    /// Files that the last reading found, and that were not there.
    lost: Vec<Place>,
}

impl Archive {
    /// The archive's bytes; `None` when what was read has gone meanwhile, and is to be read anew. A file that is named
    /// again and lost for good is left out, and not named.
    ///
    /// # Errors
    /// Something could not be read.
    pub async fn of(
        &mut self,
        store: &Store,
        blobs: &Blobs,
        mut own: Own,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, ExportError> {
        let (files, gone) = files(store, blobs, &own).await?;
        if !gone.is_empty() && gone != self.lost {
            self.lost = gone;
            return Ok(None);
        }
        for report in &mut own.reports {
            report.files.retain(|file| !gone.contains(&(report.id, file.name.clone())));
        }
        packed(mine(own), files, now).await.map(Some)
    }
}

/// The report that a file is of, and its name.
type Place = (Uuid, String);

/// Every file of these reports that is there, and which are not.
async fn files(
    store: &Store,
    blobs: &Blobs,
    own: &Own,
) -> Result<(Vec<(Place, Bytes)>, Vec<Place>), ExportError> {
    let (mut files, mut gone) = (Vec::new(), Vec::new());
    for report in &own.reports {
        for file in &report.files {
            let place = (report.id, file.name.clone());
            let seal = store.file_seal(report.id, file.kept.purpose, &file.name).await?;
            match (seal, blobs.open(file.blob).await?) {
                (Some(seal), Some(sealed)) => files.push((place, seal.open(sealed).await?)),
                _ => gone.push(place),
            }
        }
    }
    Ok((files, gone))
}

async fn packed(mine: Mine, files: Vec<(Place, Bytes)>, now: Timestamp) -> Result<Vec<u8>, ExportError> {
    let packed = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let text = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("README.txt", text)?;
        zip.write_all(README.as_bytes())?;
        zip.start_file("my-feedback.json", text)?;
        zip.write_all(&serde_json::to_vec_pretty(&Document { exported_at: now, mine: &mine })?)?;
        for ((report, name), bytes) in files {
            // Pictures are compressed already.
            zip.start_file(format!("{report}/{name}"), text.compression_method(CompressionMethod::Stored))?;
            zip.write_all(&bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    });
    let packed = packed.await.map_err(|error| ExportError::Archive(error.to_string()))?;
    packed.map_err(|error| ExportError::Archive(error.to_string()))
}

/// What is kept of a visitor, as they are told it.
#[must_use]
pub fn mine(own: Own) -> Mine {
    Mine {
        reports: own.reports.into_iter().map(told).collect(),
        requests: own.requests,
        objections: own.objections,
    }
}

fn told(report: Report) -> MyReport {
    let mut told = MyReport {
        report: report.id,
        number: ReceiptNumber::of(report.id).to_string(),
        site: report.site,
        stored_at: report.received_at,
        policy: report.consent.policy,
        kind: report.kind,
        rating: report.rating,
        message: None,
        custom: Default::default(),
        contact: None,
        browser: None,
        files: Vec::new(),
        kept: report.parts.iter().map(|part| part.kept).collect(),
        restricted_at: report.restricted_at,
        held_because: report.held_because,
    };
    for part in report.parts {
        match part.content {
            Content::Message { text, custom, .. } => (told.message, told.custom) = (Some(text), custom),
            Content::Contact(contact) => told.contact = Some(contact),
            Content::Browser(facts) => told.browser = Some(*facts),
        }
    }
    for file in report.files {
        let kept = file.kept;
        told.files.push(StoredFile {
            name: file.name,
            purpose: kept.purpose,
            bytes: file.bytes,
            until: kept.until,
        });
        if !told.kept.contains(&kept) {
            told.kept.push(kept);
        }
    }
    told
}
