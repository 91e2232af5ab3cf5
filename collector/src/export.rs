//! Everything of one person's as a ZIP: one JSON file and the pictures and attachments beside it.

use std::io::{Cursor, Write as _};

use candor_protocol::{Mine, Timestamp};
use serde::Serialize;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Failure, me};
use crate::{
    blobs::Blobs,
    store::{Own, Store},
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

/// The archive's bytes.
///
/// A file that has expired or was erased while the archive was made is left out.
///
/// # Errors
/// Something could not be read.
pub(crate) async fn archive(
    store: &Store,
    blobs: &Blobs,
    own: Own,
    now: Timestamp,
) -> Result<Vec<u8>, Failure> {
    let mut files = Vec::new();
    for report in &own.reports {
        for file in &report.files {
            let Some(seal) = store.file_seal(report.id, &file.name).await? else { continue };
            let Some(sealed) = blobs.open(file.blob).await? else { continue };
            files.push((format!("{}/{}", report.id, file.name), seal.open(sealed).await?));
        }
    }
    let mine = me::mine(own);
    let packed = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let text = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file("README.txt", text)?;
        zip.write_all(README.as_bytes())?;
        zip.start_file("my-feedback.json", text)?;
        zip.write_all(&serde_json::to_vec_pretty(&Document { exported_at: now, mine: &mine })?)?;
        for (name, bytes) in files {
            // Pictures are compressed already.
            zip.start_file(name, text.compression_method(CompressionMethod::Stored))?;
            zip.write_all(&bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    });
    packed.await.map_err(|error| Failure::internal(&error))?.map_err(|error| Failure::internal(&error))
}
