//! How long each purpose's data is kept, and when it has expired.

use candor_protocol::{Purpose, Timestamp};

/// Days for which consent evidence outlives the last report: three years, without content.
pub const CONSENT_EVIDENCE_DAYS: u16 = 3 * 365;

/// Days that a site keeps data for `purpose` unless its owner says otherwise.
#[must_use]
pub const fn default_days(purpose: Purpose) -> u16 {
    match purpose {
        Purpose::Message => 365,
        Purpose::Contact | Purpose::FollowUp => 180,
        Purpose::Picture | Purpose::Attachment => 90,
        Purpose::Browser => 30,
        Purpose::Diagnostics => 14,
    }
}

/// The most days that an owner may set for `purpose`: five years of words, two of contact, one of the rest, and a
/// quarter of diagnostics, which hold most about a visitor and grow stale first.
#[must_use]
pub const fn ceiling_days(purpose: Purpose) -> u16 {
    match purpose {
        Purpose::Message => 5 * 365,
        Purpose::Contact | Purpose::FollowUp => 2 * 365,
        Purpose::Picture | Purpose::Attachment | Purpose::Browser => 365,
        Purpose::Diagnostics => 90,
    }
}

/// Whether what is kept until `until` may no longer be served at `now`.
#[must_use]
pub fn has_expired(until: Timestamp, now: Timestamp) -> bool {
    until <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_default_is_over_its_ceiling() {
        for purpose in Purpose::ALL {
            assert!((1..=ceiling_days(purpose)).contains(&default_days(purpose)), "{purpose:?}");
        }
    }

    #[test]
    fn the_last_moment_is_the_one_before_the_date() {
        let until = Timestamp::from_unix_ms(1000);
        assert!(!has_expired(until, Timestamp::from_unix_ms(999)));
        assert!(has_expired(until, until));
    }
}
