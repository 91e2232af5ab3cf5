//! When the widget shows itself.

use candor_protocol::Timestamp;

/// Until when a bubble that was dismissed at `hidden_at` stays away.
#[must_use]
pub const fn bubble_hidden_until(hidden_at: Timestamp, bubble_hidden_days: u16) -> Timestamp {
    hidden_at.plus_days(bubble_hidden_days)
}

/// Whether a bubble that was dismissed at `hidden_at` is still away at `now`.
///
/// A time in the future is no answer of a well-set clock: such a bubble shows.
#[must_use]
pub fn bubble_is_hidden(hidden_at: Timestamp, bubble_hidden_days: u16, now: Timestamp) -> bool {
    hidden_at <= now && now < bubble_hidden_until(hidden_at, bubble_hidden_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dismissed_bubble_stays_away_for_its_days_and_no_longer() {
        let at = |days: u16| Timestamp::from_unix_ms(1_700_000_000_000).plus_days(days);
        assert!(bubble_is_hidden(at(0), 30, at(0)));
        assert!(bubble_is_hidden(at(0), 30, at(29)));
        assert!(!bubble_is_hidden(at(0), 30, at(30)));
        assert!(!bubble_is_hidden(at(1), 30, at(0)), "a clock that was set back does not hide it for ever");
    }
}
