//! How long each purpose's data is kept, and when it has expired.

use candor_protocol::{Kept, Policy, Purpose, Timestamp};

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

/// What was granted at `received_at`, under the days that hold now: fewer days hold for the past, too, more never do.
#[must_use]
pub fn shortened(granted: Kept, received_at: Timestamp, policy: &Policy) -> Kept {
    let most = policy.terms(granted.purpose).map(|terms| received_at.plus_days(terms.days));
    Kept { until: most.map_or(granted.until, |most| granted.until.min(most)), ..granted }
}

/// Whether what is kept until `until` may no longer be served at `now`.
#[must_use]
pub fn has_expired(until: Timestamp, now: Timestamp) -> bool {
    until <= now
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_protocol::Need;

    #[test]
    fn no_default_is_over_its_ceiling() {
        for purpose in Purpose::ALL {
            assert!((1..=ceiling_days(purpose)).contains(&default_days(purpose)), "{purpose:?}");
        }
    }

    #[test]
    fn fewer_days_hold_for_the_past_and_more_never_do() {
        let received_at = Timestamp::from_unix_ms(1_795_000_000_000);
        let granted = Kept { purpose: Purpose::Picture, until: received_at.plus_days(90) };
        let under = |need, days| {
            let mut policy = crate::default_policy();
            let terms = policy.terms.iter_mut().find(|terms| terms.purpose == Purpose::Picture);
            let terms = terms.expect("a default policy names every purpose");
            (terms.need, terms.days) = (need, days);
            shortened(granted, received_at, &policy).until
        };
        assert_eq!(under(Need::Optional, 7), received_at.plus_days(7));
        assert_eq!(under(Need::Optional, 365), granted.until);
        assert_eq!(under(Need::Off, 7), granted.until, "what is not asked for any more keeps its date");
    }

    #[test]
    fn the_last_moment_is_the_one_before_the_date() {
        let until = Timestamp::from_unix_ms(1000);
        assert!(!has_expired(until, Timestamp::from_unix_ms(999)));
        assert!(has_expired(until, until));
    }
}
