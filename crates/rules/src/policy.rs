//! What an owner may say in a policy, and what is said when they say nothing.

use alloc::{vec, vec::Vec};
use core::fmt;

use candor_protocol::{Localised, Need, Policy, Purpose, Terms};

use crate::retention::{ceiling_days, default_days};

/// What is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// One purpose has two entries.
    Twice(Purpose),
    /// Zero days, or more than the ceiling.
    Days(Purpose),
    /// The address of the privacy page is neither `https:` nor `http:`.
    Url,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice(purpose) => write!(f, "{} has two entries", purpose.as_str()),
            Self::Days(purpose) => {
                write!(f, "{} may be kept for 1 to {} days", purpose.as_str(), ceiling_days(*purpose))
            }
            Self::Url => f.write_str("the privacy page's address must begin with https:// or http://"),
        }
    }
}

impl core::error::Error for PolicyFault {}

/// The policy of a new site: words required, contact and browser facts optional, everything else off.
#[must_use]
pub fn default() -> Policy {
    let terms = Purpose::ALL.into_iter().map(|purpose| Terms {
        purpose,
        need: match purpose {
            Purpose::Message => Need::Required,
            Purpose::Contact | Purpose::Browser => Need::Optional,
            Purpose::Picture | Purpose::Attachment | Purpose::Diagnostics | Purpose::FollowUp => Need::Off,
        },
        days: default_days(purpose),
        text: Localised::default(),
    });
    Policy { version: 1, url: None, terms: terms.collect::<Vec<_>>() }
}

/// Whether a policy may be put in force.
///
/// # Errors
/// The first fault found.
pub fn check(policy: &Policy) -> Result<(), PolicyFault> {
    let mut seen = vec![];
    for terms in &policy.terms {
        if seen.contains(&terms.purpose) {
            return Err(PolicyFault::Twice(terms.purpose));
        }
        seen.push(terms.purpose);
        if !(1..=ceiling_days(terms.purpose)).contains(&terms.days) {
            return Err(PolicyFault::Days(terms.purpose));
        }
    }
    match &policy.url {
        Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => Err(PolicyFault::Url),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_policy_may_be_put_in_force() {
        assert_eq!(check(&default()), Ok(()));
    }

    #[test]
    fn faults_are_named() {
        let with = |change: fn(&mut Policy)| {
            let mut policy = default();
            change(&mut policy);
            check(&policy)
        };
        assert_eq!(with(|p| p.terms[0].days = 0), Err(PolicyFault::Days(Purpose::Message)));
        assert_eq!(with(|p| p.terms[4].days = 366), Err(PolicyFault::Days(Purpose::Browser)));
        assert_eq!(
            with(|p| p.terms[1].purpose = Purpose::Message),
            Err(PolicyFault::Twice(Purpose::Message))
        );
        assert_eq!(with(|p| p.url = Some("javascript:alert(1)".into())), Err(PolicyFault::Url));
    }
}
