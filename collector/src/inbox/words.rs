//! How the inbox says things to people.

use candor_protocol::{Fact, Kind, Purpose, Rating, Scale, Timestamp};

/// A moment, for people and for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// `22 November 2026, 07:48 UTC`
    pub(super) full: String,
    /// `3 hours ago`, `in 364 days`
    pub(super) relative: String,
    /// RFC 3339.
    pub(super) exact: String,
}

impl Moment {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { full: full(at), relative: relative(at.ms_since(now)), exact: at.to_string() }
    }
}

/// What a kind is called.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => "Bug",
        Kind::Idea => "Idea",
        Kind::Praise => "Praise",
        Kind::Question => "Question",
    }
}

/// What a purpose's data is called.
pub(super) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Message => "Message",
        Purpose::Contact => "Contact",
        Purpose::Picture => "Picture",
        Purpose::Attachment => "Attachments",
        Purpose::Browser => "Page and browser",
        Purpose::Diagnostics => "Diagnostics",
        Purpose::FollowUp => "Being written to",
    }
}

/// What a browser fact is called.
pub(super) const fn fact(fact: Fact) -> &'static str {
    match fact {
        Fact::PageUrl => "Page",
        Fact::PageTitle => "Title",
        Fact::ReferrerOrigin => "Came from",
        Fact::Viewport => "Window",
        Fact::Screen => "Screen",
        Fact::PixelRatio => "Pixel ratio",
        Fact::Languages => "Languages",
        Fact::TimeZone => "Time zone",
        Fact::UserAgent => "Browser",
        Fact::ColorScheme => "Colours",
        Fact::Connection => "Connection",
        Fact::Online => "Online",
        Fact::VisibleTime => "Time on page",
    }
}

/// A rating in words.
pub(super) fn rating(Rating { scale, value }: Rating) -> String {
    match (scale, value) {
        (Scale::Stars, value) => format!("{value} of 5 stars"),
        (Scale::Emoji, value) => {
            let face = match value {
                1 => "😞 awful",
                2 => "🙁 bad",
                3 => "😐 so-so",
                4 => "🙂 good",
                _ => "😄 great",
            };
            format!("{face} ({value} of 5)")
        }
        (Scale::Thumbs, 0) => "👎 thumbs down".into(),
        (Scale::Thumbs, _) => "👍 thumbs up".into(),
        (Scale::Nps, value) => format!("{value} of 10, would recommend"),
    }
}

/// A length of time in its largest unit that fits twice, rounded: `81 seconds`, `12 days`.
pub(super) fn duration(ms: i64) -> String {
    let units = [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)];
    // From two on a unit is fine enough: 90 minutes rather than 1 hour.
    let (name, length) = units.into_iter().find(|(_, length)| ms >= 2 * length).unwrap_or(("second", 1000));
    let count = (ms + length / 2) / length;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

/// A size: `512 bytes`, `48 kB`, `1.4 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..999_500 => format!("{} kB", (bytes + 500) / 1000),
        _ => {
            let tenths = (bytes + 50_000) / 100_000;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// So many of something: `1 picture`, `2 pictures`.
pub(super) fn count(count: u32, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

fn relative(ms: i64) -> String {
    match ms {
        ..=-60_000 => format!("{} ago", duration(-ms)),
        -59_999..=0 => "just now".into(),
        _ => format!("in {}", duration(ms)),
    }
}

fn full(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let number = |from, to| part(from, to).parse::<usize>().unwrap_or_default();
    let month = MONTHS.get(number(5, 7).wrapping_sub(1)).unwrap_or(&"");
    format!("{} {month} {}, {} UTC", number(8, 10), part(0, 4), part(11, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        for (bytes, said) in [(999, "999 bytes"), (1000, "1 kB"), (48_213, "48 kB"), (999_499, "999 kB")] {
            assert_eq!(size(bytes), said);
        }
        assert_eq!((size(999_500), size(1_449_999)), ("1.0 MB".into(), "1.4 MB".into()));
        assert_eq!((count(1, "file"), count(2, "file")), ("1 file".into(), "2 files".into()));
    }

    #[test]
    fn moments_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-22T07:48:00Z".parse().unwrap();
        let said = |ms| Moment::new(now.plus_ms(ms), now);
        assert_eq!(said(0).full, "22 November 2026, 07:48 UTC");
        assert_eq!(said(-10_000).relative, "just now");
        assert_eq!(said(-90 * 60_000).relative, "90 minutes ago");
        assert_eq!(said(-47 * 3_600_000).relative, "47 hours ago");
        assert_eq!(said(365 * 86_400_000).relative, "in 365 days");
        assert_eq!(said(365 * 86_400_000).full, "22 November 2027, 07:48 UTC");
    }
}
