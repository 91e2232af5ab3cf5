//! Every way in which the collector says no.

use serde::{Deserialize, Serialize};

use crate::{Policy, Purpose};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:literal, $title:literal;)+) => {
        /// Why a request was refused: the stable `code` of a problem document.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Code {
            /// All codes, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and in metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The HTTP status it travels with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// One short sentence in English, the same for every occurrence (RFC 9457 `title`).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The request is not what the contract says: no JSON, a wrong type, an unknown field, a value out of bounds.
    Invalid = "invalid", 400, "The request is not valid.";
    /// The body, or one field, is over a limit.
    TooLarge = "too-large", 413, "That is more than may be sent.";
    /// The content type is not one the collector reads.
    UnsupportedMedia = "unsupported-media", 415, "This content type is not accepted.";
    /// A picture that is none, or is over the limits for its pixels.
    PictureInvalid = "picture-invalid", 422, "This file is not a picture that can be accepted.";
    /// No site has this id.
    UnknownSite = "unknown-site", 404, "There is no such site.";
    /// The site takes no submissions any more.
    SiteClosed = "site-closed", 410, "This site no longer takes feedback.";
    /// The page's origin is not one of the site's.
    OriginRefused = "origin-refused", 403, "This page may not send feedback to this site.";
    /// Data came for purposes that were not granted, or a required purpose was not granted.
    ConsentMissing = "consent-missing", 422, "Consent is missing.";
    /// Data came for a purpose that the site does not ask for.
    PurposeOff = "purpose-off", 422, "This site does not ask for that.";
    /// The policy has changed since the visitor agreed; the current one comes along.
    PolicyChanged = "policy-changed", 409, "The privacy terms have changed.";
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited = "rate-limited", 429, "Too many requests. Try again later.";
    /// The same submission id came before with other content.
    DuplicateMismatch = "duplicate-mismatch", 409, "This id was used before for something else.";
    /// Nothing is there, or it has expired, or it is somebody else's.
    NotFound = "not-found", 404, "Not found.";
    /// No proof, or not enough, of who is asking.
    Unauthorized = "unauthorized", 401, "Sign in first.";
    /// The body did not arrive in time.
    Timeout = "timeout", 408, "The request took too long to arrive.";
    /// The collector's disk is full; nothing was stored.
    StorageFull = "storage-full", 507, "The collector has no room left.";
    /// The collector cannot store at the moment; nothing was stored.
    Unavailable = "unavailable", 503, "The collector cannot store at the moment.";
    /// A fault of the collector's own.
    Internal = "internal", 500, "Something went wrong on our side.";
}

/// An RFC 9457 problem document, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:candor:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// [`Code::title`].
    pub title: String,
    /// [`Code::status`].
    pub status: u16,
    /// What software should look at.
    pub code: Code,
    /// What is wrong with this very request, without repeating any of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field that is wrong, dotted: `consent.policy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// With `consent-missing` and `purpose-off`: the purposes meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// With `policy-changed`: the policy in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

impl Problem {
    /// The bare problem for a code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            kind: ["urn:candor:problem:", code.as_str()].concat(),
            title: code.title().into(),
            status: code.status(),
            code,
            detail: None,
            field: None,
            purposes: Vec::new(),
            policy: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_an_error_with_a_name_of_its_own() {
        let mut names = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!((400..600).contains(&code.status()), "{code:?}");
            assert!(names.insert(code.as_str()), "{code:?}");
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
