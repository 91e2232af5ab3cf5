//! One file of a report: a picture to look at, an attachment to save. It comes from a stranger, so it may do nothing.

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use candor_protocol::Purpose;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::{page::Trouble, session::Session};
use crate::{app::App, audit::Act, http::Failure, store::FileLine};

/// Even opened by itself a file has no origin, runs nothing and loads nothing.
const POLICY: &str = "sandbox; default-src 'none'";
/// What needs no encoding in a path's segment, nor in a header's extended value (RFC 8187).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a file of a report is served.
pub(super) fn path(report: Uuid, name: &str) -> String {
    format!("/inbox/reports/{report}/files/{}", utf8_percent_encode(name, ENCODED))
}

/// Answers with a file of a report of one of the member's sites. Another site's, an expired one and none at all look
/// the same.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    session: Session,
) -> Result<Response, Trouble> {
    let Path((report, name)) = path.map_err(|_| Failure::not_found())?;
    let report: Uuid = report.parse().map_err(|_| Failure::not_found())?;
    let found = app.store.file(session.signed_in.member, report, name, app.clock.now()).await?;
    let file = found.ok_or_else(Failure::not_found)?;
    let seal =
        app.store.file_seal(report, file.kept.purpose, &file.name).await?.ok_or_else(Failure::not_found)?;
    let sealed = app.blobs.open(file.blob).await.map_err(Failure::from)?;
    let sealed = sealed.ok_or_else(|| Failure::internal(&"a file's row names a blob that is not there"))?;
    let bytes = seal.open(sealed).await?;
    session
        .note(&app, Act::FileRead, None, format!("report:{report} {}", file.kept.purpose.as_str()))
        .await?;
    let fixed = [
        (header::CONTENT_TYPE, media_type(&file)),
        (header::CONTENT_DISPOSITION, disposition(&file)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    Ok((fixed, bytes).into_response())
}

/// A picture is what it was proven to be. What an attachment is, only its sender says, so nothing is said.
fn media_type(file: &FileLine) -> HeaderValue {
    const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
    if file.kept.purpose == Purpose::Picture {
        HeaderValue::try_from(&file.media_type).unwrap_or(BYTES)
    } else {
        BYTES
    }
}

/// A picture is shown, an attachment is saved (RFC 6266): a name for browsers that read UTF-8, and one for the others.
fn disposition(file: &FileLine) -> HeaderValue {
    let way = if file.kept.purpose == Purpose::Picture { "inline" } else { "attachment" };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._ ()".contains(letter);
    let plain: String = file.name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let encoded = utf8_percent_encode(&file.name, ENCODED);
    HeaderValue::try_from(format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::BlobName;
    use candor_protocol::{Kept, Timestamp};

    #[test]
    fn name_cannot_leave_its_place_in_path_or_header() {
        let name = "a b\"; x='ü%.pdf";
        let kept = Kept { purpose: Purpose::Attachment, until: Timestamp::from_unix_ms(1) };
        let file = FileLine {
            name: name.into(),
            kept,
            media_type: "text/html".into(),
            bytes: 1,
            blob: BlobName::from_bytes([0; 32]),
            fingerprint: [0; 32],
        };
        assert_eq!(
            disposition(&file),
            "attachment; filename=\"a b__ x____.pdf\"; filename*=UTF-8''a%20b%22%3B%20x%3D%27%C3%BC%25.pdf"
        );
        assert_eq!(media_type(&file), "application/octet-stream");
        assert!(path(Uuid::nil(), name).ends_with("/files/a%20b%22%3B%20x%3D%27%C3%BC%25.pdf"));
    }
}
