//! The languages in which the collector writes to visitors: on the page with their own data, in mails and notices.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::http::{HeaderMap, header};
use candor_protocol::Fact;

/// The words of each language, by its tag, and those of the panel; English first, which is taken where no other fits.
const TEXTS: &[(&str, &str, &str)] = &[
    ("en", include_str!("../assets/me/en.json"), include_str!("../../widget/locales/en.json")),
    ("ar", include_str!("../assets/me/ar.json"), include_str!("../../widget/locales/ar.json")),
    ("de", include_str!("../assets/me/de.json"), include_str!("../../widget/locales/de.json")),
    ("es", include_str!("../assets/me/es.json"), include_str!("../../widget/locales/es.json")),
    ("fr", include_str!("../assets/me/fr.json"), include_str!("../../widget/locales/fr.json")),
    ("he", include_str!("../assets/me/he.json"), include_str!("../../widget/locales/he.json")),
    ("it", include_str!("../assets/me/it.json"), include_str!("../../widget/locales/it.json")),
    ("ja", include_str!("../assets/me/ja.json"), include_str!("../../widget/locales/ja.json")),
    ("nl", include_str!("../assets/me/nl.json"), include_str!("../../widget/locales/nl.json")),
    ("pl", include_str!("../assets/me/pl.json"), include_str!("../../widget/locales/pl.json")),
    ("pt", include_str!("../assets/me/pt.json"), include_str!("../../widget/locales/pt.json")),
    ("zh", include_str!("../assets/me/zh.json"), include_str!("../../widget/locales/zh.json")),
];

/// What the names begin with that are taken from the panel: whoever has seen a fact listed there is to know it again.
const OF_THE_PANEL: &str = "fact_";

static WORDS: LazyLock<Vec<BTreeMap<String, String>>> = LazyLock::new(|| {
    let read = |text: &str| -> BTreeMap<String, String> {
        serde_json::from_str(text).expect("a test reads every language")
    };
    let words = |(_, own, panel): &(&str, &str, &str)| {
        let facts = read(panel).into_iter().filter(|(name, _)| name.starts_with(OF_THE_PANEL));
        read(own).into_iter().chain(facts).collect()
    };
    TEXTS.iter().map(words).collect()
});

/// One of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Language(usize);

impl Language {
    /// The language of a BCP 47 tag, whatever its region.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        TEXTS.iter().position(|(known, ..)| *known == primary).map(Self)
    }

    /// The first language of an `Accept-Language` that there is; browsers list what is liked best first.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header.split(',').take(16).filter_map(|range| range.split(';').next()).find_map(Self::of)
    }

    /// The one that an address asks for, else the browser, else English.
    pub(crate) fn wanted(tag: Option<&str>, headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        tag.and_then(Self::of).or_else(|| accepted.and_then(Self::accepted)).unwrap_or_default()
    }

    /// Its tag.
    pub(crate) fn tag(self) -> &'static str {
        TEXTS.get(self.0).map_or("en", |(tag, ..)| tag)
    }

    /// `rtl` or `ltr`.
    pub(crate) fn direction(self) -> &'static str {
        if matches!(self.tag(), "ar" | "he") { "rtl" } else { "ltr" }
    }

    /// What a fact about page and browser is called.
    pub(crate) fn fact(self, fact: Fact) -> String {
        self.say(&[OF_THE_PANEL, fact.as_str()].concat(), &[])
    }

    /// All its words.
    pub(crate) fn words(self) -> &'static BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        WORDS.get(self.0).unwrap_or(&NONE)
    }

    /// The words of this name, with `{name}` replaced by its value for each of `values`.
    pub(crate) fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.words().get(key).cloned().unwrap_or_default();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in braces, in order.
    fn gaps(text: &str) -> Vec<&str> {
        let mut gaps: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        gaps.sort_unstable();
        gaps
    }

    #[test]
    fn every_language_says_everything_with_the_same_gaps() {
        let english = Language::default().words();
        for at in 0..TEXTS.len() {
            let language = Language(at);
            let keys = |words: &BTreeMap<String, String>| words.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(language.words()), keys(english), "{}", language.tag());
            for (key, text) in language.words() {
                assert!(!text.trim().is_empty(), "{} {key}", language.tag());
                assert_eq!(gaps(text), gaps(&english[key]), "{} {key}", language.tag());
            }
        }
    }

    #[test]
    fn every_fact_has_a_name_in_every_language() {
        for at in 0..TEXTS.len() {
            let names = Fact::ALL.map(|fact| Language(at).fact(fact));
            let is_name = |name: &String| !name.is_empty() && !name.contains('_');
            assert!(names.iter().all(is_name), "{}: {names:?}", Language(at).tag());
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag_and_by_what_a_browser_says() {
        assert_eq!(Language::of("EN-gb"), Some(Language(0)));
        assert_eq!(Language::of("tlh"), None);
        assert_eq!(Language::accepted("tlh, en;q=0.8, *;q=0.1"), Some(Language(0)));
        assert_eq!(Language::accepted("*"), None);
        let arabic = Language::accepted("ar-EG,ar;q=0.9,en;q=0.8").unwrap();
        assert_eq!((arabic.tag(), arabic.direction()), ("ar", "rtl"));
    }
}
