//! What a visitor sends.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{BrowserFacts, Purpose, TextMap, Timestamp};

/// What sort of thing the visitor has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is broken.
    Bug,
    /// Something could be better.
    Idea,
    /// Something is good.
    Praise,
    /// Something is unclear.
    Question,
}

impl Kind {
    /// All kinds, in the order in which the panel offers them.
    pub const ALL: [Self; 4] = [Self::Bug, Self::Idea, Self::Praise, Self::Question];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Idea => "idea",
            Self::Praise => "praise",
            Self::Question => "question",
        }
    }
}

/// How a site lets visitors rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// 1 to 5 stars.
    Stars,
    /// 1 (awful) to 5 (great) faces.
    Emoji,
    /// 0 (down) or 1 (up).
    Thumbs,
    /// 0 to 10: "how likely are you to recommend us".
    Nps,
}

impl Scale {
    /// All scales.
    pub const ALL: [Self; 4] = [Self::Stars, Self::Emoji, Self::Thumbs, Self::Nps];

    /// The lowest and the highest value.
    #[must_use]
    pub const fn bounds(self) -> (u8, u8) {
        match self {
            Self::Stars | Self::Emoji => (1, 5),
            Self::Thumbs => (0, 1),
            Self::Nps => (0, 10),
        }
    }

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Emoji => "emoji",
            Self::Thumbs => "thumbs",
            Self::Nps => "nps",
        }
    }
}

/// One rating on one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// The scale it was given on.
    pub scale: Scale,
    /// Within [`Scale::bounds`].
    pub value: u8,
}

/// Everything held for the purpose `contact`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// As the visitor wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The page's own id for its signed-in user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// URL of a picture of the user, handed over by the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

impl Contact {
    /// Whether nothing at all was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.id.is_none() && self.avatar.is_none()
    }
}

/// Who asked the visitor for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Candor's panel, tick box by tick box.
    Panel,
    /// The page itself (`data-consent="given"`).
    Page,
}

impl Asked {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Page => "page",
        }
    }
}

/// What the visitor agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Version of the policy that was shown.
    pub policy: u32,
    /// The purposes that were granted.
    pub purposes: Vec<Purpose>,
    /// When, by the visitor's clock.
    pub given_at: Timestamp,
    /// Who asked.
    pub asked: Asked,
    /// The page's own id of its record, where the page asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// The body of `POST /v1/submissions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Made in the browser before the first try; the same for every retry.
    pub id: Uuid,
    /// The site it is meant for.
    pub site: Uuid,
    /// The visitor's reporter id: version 4, known to this browser alone.
    pub reporter: Uuid,
    /// What sort of thing it is.
    pub kind: Kind,
    /// The words; may be empty where there is a rating.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The rating, where the site asks for one and the visitor gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The owner's own fields, by key.
    #[serde(default, skip_serializing_if = "TextMap::is_empty")]
    pub custom: TextMap,
    /// BCP 47 tag of the language the panel spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// For the purpose `contact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// For the purpose `browser`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserFacts>,
    /// What the visitor agreed to.
    pub consent: Consent,
}
