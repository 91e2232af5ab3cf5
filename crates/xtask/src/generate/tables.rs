//! Markdown tables of what `candor-protocol` and `candor-rules` define.

use candor_protocol::{Code, Fact, LedgerKey, Purpose, limits};
use candor_rules::retention;

/// What the widget may keep in the browser.
pub(super) fn ledger() -> String {
    let rows = LedgerKey::ALL.iter().map(|key| {
        let kept = key.kept_days().map_or("as its value says".into(), |days| format!("{days} days"));
        format!("| `candor-{}_SITE` | {} | {} | {kept} |", key.as_str(), key.holds(), key.written_when())
    });
    table("| key (`SITE` = the site's UUID) | holds | written when | kept at most |", rows)
}

/// Every way in which the collector says no.
pub(super) fn codes() -> String {
    let rows = Code::ALL
        .iter()
        .map(|code| format!("| `{}` | {} | {} |", code.as_str(), code.status(), code.title()));
    table("| code | status | says |", rows)
}

/// Sizes beyond which the collector refuses.
pub(super) fn limits() -> String {
    let rows = [
        ("one submission, as JSON", limits::BODY_BYTES_MAX as u64, "bytes"),
        ("a message", limits::MESSAGE_CHARS_MAX as u64, "characters"),
        ("a name", limits::NAME_CHARS_MAX as u64, "characters"),
        ("an e-mail address", limits::EMAIL_CHARS_MAX as u64, "characters"),
        ("an identity that the page hands over", limits::IDENTITY_CHARS_MAX as u64, "characters"),
        ("custom fields", limits::CUSTOM_FIELDS_MAX as u64, "fields"),
        ("a custom field's key", limits::CUSTOM_KEY_CHARS_MAX as u64, "characters"),
        ("a custom field's value", limits::CUSTOM_VALUE_CHARS_MAX as u64, "characters"),
        ("a page's URL", limits::URL_CHARS_MAX as u64, "characters"),
        ("any other browser fact", limits::FACT_CHARS_MAX as u64, "characters"),
        ("entries of a browser fact that is a list", limits::FACT_ENTRIES_MAX as u64, "entries"),
        ("a language tag", limits::LOCALE_CHARS_MAX as u64, "characters"),
        ("the time for a body to arrive", limits::BODY_SECONDS_MAX, "seconds"),
        ("a picture, as it travels", limits::PICTURE_BYTES_MAX as u64, "bytes"),
        ("a picture, decoded", limits::PICTURE_PIXELS_MAX, "pixels"),
        ("an attachment, whatever the owner allows", limits::ATTACHMENT_BYTES_MAX as u64, "bytes"),
        ("files of one submission", limits::FILES_MAX as u64, "files"),
        ("a file's name", limits::FILE_NAME_CHARS_MAX as u64, "characters"),
        ("the time for the largest file to arrive", limits::FILE_SECONDS_MAX, "seconds"),
    ];
    table(
        "| what | at most | |",
        rows.iter().map(|(what, most, unit)| format!("| {what} | {most} | {unit} |")),
    )
}

/// How long each purpose's data is kept.
pub(super) fn retention() -> String {
    let rows = Purpose::ALL.iter().map(|purpose| {
        let (days, ceiling) = (retention::default_days(*purpose), retention::ceiling_days(*purpose));
        format!("| `{}` | {days} | {ceiling} |", purpose.as_str())
    });
    let evidence = format!(
        "| evidence of consent, without content | {0} after the last report | {0} |",
        retention::CONSENT_EVIDENCE_DAYS
    );
    table("| purpose | days by default | days at most |", rows.chain([evidence]))
}

/// The browser facts, each with a switch in the panel.
pub(super) fn facts() -> String {
    Fact::ALL.iter().map(|fact| format!("- `{}`\n", fact.as_str())).collect()
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    let columns = head.matches('|').count() - 1;
    let mut text = format!("{head}\n|{}\n", "---|".repeat(columns));
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_rectangular() {
        for text in [ledger(), codes(), limits(), retention()] {
            let mut widths = text.lines().map(|line| line.matches('|').count());
            let first = widths.next().unwrap();
            assert!(widths.all(|width| width == first), "{text}");
        }
    }

    #[test]
    fn the_ledger_lists_every_key() {
        assert_eq!(ledger().matches("candor-").count(), LedgerKey::ALL.len());
    }
}
