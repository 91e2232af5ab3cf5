//! What a visitor may ask about their own data, and what they are told.
//!
//! All of it is asked with `Authorization: Bearer REPORTER`: the reporter id is the visitor's key to what came from
//! their browser.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{BrowserFacts, Contact, Kept, Kind, Purpose, Rating, StoredFile, TextMap, Timestamp};

/// One right over one's own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// To see it and to take it along (GDPR Art. 15 and 20).
    Access,
    /// To have it put right (Art. 16).
    Correct,
    /// To have it erased (Art. 17).
    Erase,
    /// To have it kept and not used (Art. 18).
    Restrict,
    /// To object to what it is used for (Art. 21).
    Object,
    /// To take consent back (Art. 7(3)).
    Withdraw,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Access, Self::Correct, Self::Erase, Self::Restrict, Self::Object, Self::Withdraw];

    /// The name on the wire and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Correct => "correct",
            Self::Erase => "erase",
            Self::Restrict => "restrict",
            Self::Object => "object",
            Self::Withdraw => "withdraw",
        }
    }

    /// The right with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == name)
    }
}

/// How soon a right that an owner may delay takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The moment it is asked for.
    #[default]
    AtOnce,
    /// Once a member has looked at it, within the time that the law gives.
    OnRequest,
}

/// How one site grants the rights that may wait. All others take effect at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// Erasing a report, or all of them.
    pub erase: Effect,
    /// Changing the words or the contact of a report.
    pub correct: Effect,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nobody has answered it.
    Open,
    /// It was done.
    Done,
    /// It was refused; the answer says why.
    Refused,
}

impl RequestState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Refused];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// A right that was asked for and is answered by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MyRequest {
    /// Its id, version 7.
    pub id: Uuid,
    /// What was asked for.
    pub right: Right,
    /// The one report it is about; all of the visitor's reports where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Uuid>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it must be answered.
    pub due: Timestamp,
    /// How far it has come.
    pub state: RequestState,
    /// Why it takes longer, where it was extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_because: Option<String>,
    /// What the member said to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// One of the visitor's own reports, as far as it has not expired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MyReport {
    /// Its id.
    pub report: Uuid,
    /// The same for people.
    pub number: String,
    /// The site it was sent to.
    pub site: Uuid,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// The policy it was sent under.
    pub policy: u32,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The rating, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The owner's own fields.
    #[serde(default, skip_serializing_if = "TextMap::is_empty")]
    pub custom: TextMap,
    /// Who the visitor said to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The facts about page and browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserFacts>,
    /// Pictures and attachments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<StoredFile>,
    /// What is kept, by purpose, and until when.
    pub kept: Vec<Kept>,
    /// Since when it is kept and not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted_at: Option<Timestamp>,
    /// Why it is held beyond its dates, where the owner holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_because: Option<String>,
}

/// The answer to `GET /v1/me`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mine {
    /// The visitor's reports, newest first.
    pub reports: Vec<MyReport>,
    /// What was asked for and is, or was, answered by a person; newest first.
    pub requests: Vec<MyRequest>,
    /// Purposes that the visitor has objected to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<Purpose>,
}

/// The body of `PATCH /v1/me/reports/ID`: what is there replaces what was sent, what is not there stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Correction {
    /// Other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Another name and address; an empty one takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// The body of `POST /v1/me/withdraw` and `POST /v1/me/object`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Purposes {
    /// The purposes meant; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
}

/// The body of `POST /v1/me/restrict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// The report meant.
    pub report: Uuid,
    /// Whether it is to be restricted, or free again.
    pub restricted: bool,
}

/// What became of a right: 200 when it has taken effect, 202 when a person will answer it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsAnswer {
    /// Reports that it has changed.
    pub reports: u64,
    /// What a person will answer, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<MyRequest>,
}
