//! A site's versioned statement of what it asks for, why and for how long.

use serde::{Deserialize, Serialize};

use crate::{Localised, Purpose};

/// How much a site wants one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Never asked for; data for it is refused.
    Off,
    /// Asked for, never pre-ticked; the visitor may leave it out.
    Optional,
    /// Without it nothing can be sent.
    Required,
}

impl Need {
    /// All, from least to most.
    pub const ALL: [Self; 3] = [Self::Off, Self::Optional, Self::Required];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// What a policy says about one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The purpose these terms are about.
    pub purpose: Purpose,
    /// Whether the site asks for it, and how firmly.
    pub need: Need,
    /// Whole days that data for it is kept, counted from the moment it was stored.
    pub days: u16,
    /// The owner's own words beside the tick box; where a language is missing the widget's own text stands.
    #[serde(default, skip_serializing_if = "Localised::is_empty")]
    pub text: Localised,
}

/// A site's policy. A change to anything in it makes a new version, and visitors are asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Counts up from 1 for each site.
    pub version: u32,
    /// The owner's privacy page, `https:` or `http:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// One entry for each purpose the site knows; a purpose without an entry is off.
    pub terms: Vec<Terms>,
}

impl Policy {
    /// The terms for `purpose`, unless it is off.
    #[must_use]
    pub fn terms(&self, purpose: Purpose) -> Option<&Terms> {
        self.terms.iter().find(|terms| terms.purpose == purpose && terms.need != Need::Off)
    }

    /// The policy without the purposes that are off: what a visitor is told of it.
    #[must_use]
    pub fn in_public(&self) -> Self {
        let terms = self.terms.iter().filter(|terms| terms.need != Need::Off).cloned().collect();
        Self { version: self.version, url: self.url.clone(), terms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_not_told() {
        let terms = |purpose, need| Terms { purpose, need, days: 1, text: Localised::default() };
        let message = terms(Purpose::Message, Need::Required);
        let all = vec![terms(Purpose::Picture, Need::Off), message.clone()];
        let policy = Policy { version: 3, url: None, terms: all };
        assert_eq!(policy.in_public(), Policy { terms: vec![message], ..policy });
    }
}
