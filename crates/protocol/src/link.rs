//! How somebody who is known by an e-mail address gets at their data from another browser: they prove the address.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// Minutes within which a mailed link has to be opened, and for which what it opens stays open.
pub const LINK_MINUTES: u16 = 30;

/// The body of `POST /v1/rights/link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The site that the reports were sent to.
    pub site: Uuid,
    /// The address that they carry.
    pub email: String,
    /// The language for the mail, a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// The answer, the same whether or not anything is known of the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAsked {
    /// [`LINK_MINUTES`].
    pub minutes: u16,
}

/// The body of `POST /v1/rights/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// What stands behind the `#` of the link.
    pub token: String,
}

/// What a link was exchanged for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSession {
    /// Goes with `/v1/me…` in the place of a reporter id.
    pub bearer: String,
    /// Until when.
    pub until: Timestamp,
    /// The one site whose reports it opens.
    pub site: Uuid,
}
