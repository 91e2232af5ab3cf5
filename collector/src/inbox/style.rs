//! The inbox's style sheet and icon, and the script of the visitor's page, under names that change with their bytes.

use std::sync::LazyLock;

use axum::{extract::Path, http::HeaderMap, response::Response};
use sha2::{Digest as _, Sha256};

use crate::http::{Encoded, Failure};

/// A file with its address.
#[derive(Debug)]
pub(super) struct Styled {
    path: String,
    media_type: &'static str,
    encoded: Encoded,
}

impl Styled {
    fn new(text: &'static str, extension: &str, media_type: &'static str) -> Self {
        let hash: String = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let encoded = Encoded::compressed(text.as_bytes().into());
        Self { path: format!("/inbox/style/{hash}.{extension}"), media_type, encoded }
    }

    /// Where it is served.
    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

pub(super) static SHEET: LazyLock<Styled> = LazyLock::new(|| {
    Styled::new(include_str!("../../assets/inbox/inbox.css"), "css", "text/css; charset=utf-8")
});
pub(super) static ICON: LazyLock<Styled> =
    LazyLock::new(|| Styled::new(include_str!("../../assets/inbox/icon.svg"), "svg", "image/svg+xml"));

pub(super) static MINE: LazyLock<Styled> = LazyLock::new(|| {
    Styled::new(include_str!("../../assets/me/me.js"), "js", "text/javascript; charset=utf-8")
});

/// Answers with the file of this name.
pub(super) async fn show(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let wanted =
        [&*SHEET, &*ICON, &*MINE].into_iter().find(|styled| styled.path.rsplit('/').next() == Some(&*file));
    let styled = wanted.ok_or_else(Failure::not_found)?;
    Ok(styled.encoded.respond(&headers, styled.media_type, "public, max-age=31536000, immutable"))
}
