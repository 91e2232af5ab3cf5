//! Pictures and attachments: they follow a stored submission, one by one.

use serde::{Deserialize, Serialize};

use crate::{Purpose, Timestamp};

/// The answer to `PUT /v1/submissions/ID/files/NAME?purpose=picture|attachment`.
///
/// The request carries `Authorization: Bearer REPORTER`, a `Content-Type`, and `Repr-Digest: sha-256=:BASE64:`
/// (RFC 9530). Putting the same bytes under the same name again answers the same; other bytes under a name that is
/// taken are refused with `duplicate-mismatch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// The name it was put under.
    pub name: String,
    /// What it is held for.
    pub purpose: Purpose,
    /// Bytes that arrived.
    pub bytes: u64,
    /// From this moment on it is not served, and the sweep removes it.
    pub until: Timestamp,
}

/// The media types of pictures: what every browser paints and no browser runs.
pub const PICTURE_TYPES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];
