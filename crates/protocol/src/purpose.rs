//! The closed list of reasons for which personal data may be held.

use serde::{Deserialize, Serialize};

/// One reason for holding one class of data.
///
/// Every stored part of a report belongs to exactly one purpose; consent, retention and withdrawal are all stated
/// per purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The words, the rating and the owner's custom fields.
    Message,
    /// Name, e-mail address and whatever identity the page handed over.
    Contact,
    /// A picture of the page, masked before it left the browser.
    Picture,
    /// A file the visitor chose.
    Attachment,
    /// The facts about page and browser that the panel lists one by one.
    Browser,
    /// Console lines, errors and timings.
    Diagnostics,
    /// Being written to again about this report.
    FollowUp,
}

impl Purpose {
    /// All purposes, in the order in which they are shown and documented.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Contact,
        Self::Picture,
        Self::Attachment,
        Self::Browser,
        Self::Diagnostics,
        Self::FollowUp,
    ];

    /// The name on the wire, in the database and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Contact => "contact",
            Self::Picture => "picture",
            Self::Attachment => "attachment",
            Self::Browser => "browser",
            Self::Diagnostics => "diagnostics",
            Self::FollowUp => "follow_up",
        }
    }

    /// The purpose with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }

    /// Whether `Sec-GPC: 1` (Global Privacy Control) forbids asking for this purpose as a condition.
    #[must_use]
    pub const fn yields_to_gpc(self) -> bool {
        matches!(self, Self::Browser | Self::Diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_on_the_wire_is_the_name_in_code() {
        for purpose in Purpose::ALL {
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.as_str());
            assert_eq!(Purpose::from_name(purpose.as_str()), Some(purpose));
        }
    }
}
