//! The paragraphs about feedback for an owner's privacy page, written from the site as it is.
//!
//! Purposes, days, browser keys and facts come from the tables by which the collector itself goes, so the notice cannot
//! say something else than the software does.

use std::collections::BTreeMap;

use candor_protocol::{Effect, Fact, LINK_MINUTES, LedgerKey, Need, Purpose};
use candor_rules::retention::CONSENT_EVIDENCE_DAYS;

use crate::{
    language::Language,
    mail,
    store::{AtEnd, Site},
};

/// The words of each language, by its tag; English first.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", include_str!("../assets/notice/en.json")),
    ("ar", include_str!("../assets/notice/ar.json")),
    ("de", include_str!("../assets/notice/de.json")),
    ("es", include_str!("../assets/notice/es.json")),
    ("fr", include_str!("../assets/notice/fr.json")),
    ("he", include_str!("../assets/notice/he.json")),
    ("it", include_str!("../assets/notice/it.json")),
    ("ja", include_str!("../assets/notice/ja.json")),
    ("nl", include_str!("../assets/notice/nl.json")),
    ("pl", include_str!("../assets/notice/pl.json")),
    ("pt", include_str!("../assets/notice/pt.json")),
    ("zh", include_str!("../assets/notice/zh.json")),
];

/// How a notice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For pages that are written in Markdown.
    Markdown,
    /// A fragment of HTML, without head or style.
    Html,
}

/// What a notice tells of beside the site.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The collector's origin.
    pub origin: &'a str,
    /// Whoever else processes the data, one line each.
    pub processors: &'a [String],
    /// Whether visitors get links to their data by mail.
    pub mails: bool,
}

/// The tags of all languages that notices are written in.
pub fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(tag, _)| *tag)
}

/// The notice of a site in one of [`languages`]; `None` for another.
#[must_use]
pub fn notice(site: &Site, about: About<'_>, language: &str, format: Format) -> Option<String> {
    let words = Words::of(language)?;
    let blocks = blocks(site, about, &words, language);
    Some(match format {
        Format::Markdown => markdown(&blocks),
        Format::Html => html(&blocks),
    })
}

struct Words(BTreeMap<String, String>);

impl Words {
    fn of(language: &str) -> Option<Self> {
        let (_, text) = LANGUAGES.iter().find(|(tag, _)| *tag == language)?;
        Some(Self(serde_json::from_str(text).expect("a test reads every language")))
    }

    fn get(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.get(key).replace(&format!("{{{name}}}"), value)
    }
}

enum Block {
    Heading(u8, String),
    Paragraph(String),
    List(Vec<String>),
    Table(Vec<Vec<String>>),
}

fn blocks(site: &Site, about: About<'_>, words: &Words, language: &str) -> Vec<Block> {
    let days = |days: u16| words.with("days", "days", &days.to_string());
    let mut blocks = vec![
        Block::Heading(2, words.with("title", "site", &site.name)),
        Block::Paragraph(words.with("intro", "origin", about.origin)),
        Block::Heading(3, words.get("purposes")),
    ];
    let named = Language::of(language).unwrap_or_default();
    let facts = Fact::ALL.map(|fact| named.fact(fact)).join(", ");
    let mut table = vec![vec![words.get("purpose"), words.get("need"), words.get("kept")]];
    for purpose in Purpose::ALL {
        let Some(terms) = site.policy.terms(purpose) else { continue };
        let what = words.with(purpose.as_str(), "facts", &facts);
        // The owner's own words are what the visitor reads beside the tick box.
        let what = match terms.text.get(language) {
            Some(own) => format!("{what} ({own})"),
            None => what,
        };
        let need = if terms.need == Need::Required { "required" } else { "optional" };
        table.push(vec![what, words.get(need), days(terms.days)]);
    }
    blocks.push(Block::Table(table));
    let end = if site.at_end == AtEnd::Anonymise { "end_anonymise" } else { "end_delete" };
    let years = (CONSENT_EVIDENCE_DAYS / 365).to_string();
    blocks.extend(
        [
            words.get("basis"),
            words.get(end),
            words.with("evidence", "years", &years),
            words.get("security"),
            words.with("closing", "days", &site.closing.grace_days.to_string()),
        ]
        .map(Block::Paragraph),
    );

    blocks.push(Block::Heading(3, words.get("browser_title")));
    blocks.push(Block::Paragraph(words.get("browser_intro")));
    let mut table = vec![vec![words.get("key"), words.get("holds"), words.get("kept")]];
    for key in LedgerKey::ALL {
        let kept = key.kept_days().map_or_else(|| words.get("until_value"), days);
        let holds = words.get(&format!("key_{}", key.as_str()));
        table.push(vec![key.storage_key(site.id), holds, kept]);
    }
    blocks.push(Block::Table(table));

    blocks.push(Block::Heading(3, words.get("processors")));
    blocks.push(if about.processors.is_empty() {
        Block::Paragraph(words.get("nobody"))
    } else {
        Block::List(about.processors.to_vec())
    });
    blocks.push(Block::Heading(3, words.get("rights")));
    blocks.push(Block::Paragraph(words.get("rights_text")));
    if about.mails {
        let text = words.with("rights_link", "link", &mail::page(about.origin, site.id, language));
        blocks.push(Block::Paragraph(text.replace("{minutes}", &LINK_MINUTES.to_string())));
    }
    for (effect, key) in
        [(site.grants.erase, "rights_erase_request"), (site.grants.correct, "rights_correct_request")]
    {
        if effect == Effect::OnRequest {
            blocks.push(Block::Paragraph(words.get(key)));
        }
    }
    blocks.push(Block::Paragraph(words.get("authority")));
    if let Some(url) = &site.policy.url {
        blocks.push(Block::Paragraph(words.with("policy", "url", url)));
    }
    blocks
}

fn markdown(blocks: &[Block]) -> String {
    let clean = |text: &String| text.replace('|', "\\|").replace('\n', " ");
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => {
                out.push_str(&format!("{} {}\n", "#".repeat((*level).into()), clean(text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("{}\n", clean(text))),
            Block::List(items) => {
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", clean(item))));
            }
            Block::Table(rows) => {
                for (at, row) in rows.iter().enumerate() {
                    let cells: Vec<_> = row.iter().map(clean).collect();
                    out.push_str(&format!("| {} |\n", cells.join(" | ")));
                    if at == 0 {
                        out.push_str(&format!("|{}\n", "---|".repeat(row.len())));
                    }
                }
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn html(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => {
                out.push_str(&format!("<h{level}>{}</h{level}>\n", escaped(text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
            Block::List(items) => {
                let items: String = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
                out.push_str(&format!("<ul>{items}</ul>\n"));
            }
            Block::Table(rows) => {
                out.push_str("<table>\n");
                for (at, row) in rows.iter().enumerate() {
                    let cell = if at == 0 { "th" } else { "td" };
                    let cells: String =
                        row.iter().map(|text| format!("<{cell}>{}</{cell}>", escaped(text))).collect();
                    out.push_str(&format!("<tr>{cells}</tr>\n"));
                }
                out.push_str("</table>\n");
            }
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use candor_protocol::{Form, Grants, Look};
    use candor_rules::default_policy;
    use uuid::Uuid;

    use super::*;
    use crate::store::Closing;

    fn site() -> Site {
        Site {
            id: Uuid::from_u128(1),
            name: "Shop <&>".into(),
            origins: vec![],
            look: Look::default(),
            form: Form::default(),
            policy: default_policy(),
            closed_at: None,
            closing: Closing { grace_days: 30, keeps_messages: false },
            anonymised_at: None,
            at_end: AtEnd::Delete,
            grants: Grants::default(),
        }
    }

    fn write(site: &Site, language: &str, format: Format) -> String {
        let about = About { origin: "https://feedback.example", processors: &[], mails: false };
        notice(site, about, language, format).unwrap()
    }

    #[test]
    fn every_language_has_every_word_and_every_place_to_fill() {
        let english = Words::of("en").unwrap();
        for language in languages() {
            let words = Words::of(language).unwrap();
            for (key, text) in &english.0 {
                let theirs = words.0.get(key).unwrap_or_else(|| panic!("{language}: {key}"));
                assert!(!theirs.trim().is_empty(), "{language}: {key}");
                for place in
                    ["{site}", "{origin}", "{days}", "{years}", "{facts}", "{url}", "{link}", "{minutes}"]
                {
                    assert_eq!(theirs.contains(place), text.contains(place), "{language}: {key}: {place}");
                }
            }
            assert_eq!(words.0.len(), english.0.len(), "{language}");
        }
        for key in LedgerKey::ALL {
            assert!(english.0.contains_key(&format!("key_{}", key.as_str())), "{key:?}");
        }
        for purpose in Purpose::ALL {
            assert!(english.0.contains_key(purpose.as_str()), "{purpose:?}");
        }
    }

    #[test]
    fn notice_says_what_the_policy_says_and_changes_with_it() {
        let mut site = site();
        let text = write(&site, "en", Format::Markdown);
        for part in
            ["365 days", "180 days", "30 days", "candor-reporter_00000000", "Page address", "deleted."]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!text.contains("error messages"), "diagnostics are off");
        site.policy.terms[0].days = 7;
        site.at_end = AtEnd::Anonymise;
        site.policy.url = Some("https://shop.example/privacy".into());
        let text = write(&site, "en", Format::Markdown);
        for part in ["| 7 days |", "bare words", "https://shop.example/privacy"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn names_of_owners_are_text_and_never_markup() {
        let text = write(&site(), "en", Format::Html);
        assert!(text.contains("<h2>Feedback on Shop &lt;&amp;&gt;</h2>"), "{text}");
        assert_eq!(text.matches("<table>").count(), 2);
    }

    #[test]
    fn whoever_else_processes_is_listed_and_so_are_waiting_rights_and_the_mailed_link() {
        let processors = ["Example Hosting, Finland: servers".to_owned()];
        let grants = Grants { erase: Effect::OnRequest, correct: Effect::AtOnce };
        let site = Site { grants, ..site() };
        let about = About { origin: "https://feedback.example", processors: &processors, mails: true };
        let text = notice(&site, about, "en", Format::Markdown).unwrap();
        assert!(text.contains("- Example Hosting") && !text.contains("Nobody"));
        let link = format!("https://feedback.example/me?site={}&lang=en and", site.id);
        assert!(text.contains(&link) && text.contains(&format!("within {LINK_MINUTES} minutes")), "{text}");
        assert!(!write(&site, "en", Format::Markdown).contains("/me?"), "no mail, no link");
        assert!(text.contains("Erasure is carried out") && !text.contains("Corrections are"));
        assert!(notice(&site, about, "tlh", Format::Html).is_none());
    }
}
