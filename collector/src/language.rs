//! The languages in which the collector writes to visitors: on the page with their own data, and in mails.

use std::{collections::BTreeMap, sync::LazyLock};

/// The words of each language, by its tag; English first, which is taken where no other fits.
const TEXTS: &[(&str, &str)] = &[
    ("en", include_str!("../assets/me/en.json")),
    ("ar", include_str!("../assets/me/ar.json")),
    ("de", include_str!("../assets/me/de.json")),
    ("es", include_str!("../assets/me/es.json")),
    ("fr", include_str!("../assets/me/fr.json")),
    ("he", include_str!("../assets/me/he.json")),
    ("it", include_str!("../assets/me/it.json")),
    ("ja", include_str!("../assets/me/ja.json")),
    ("nl", include_str!("../assets/me/nl.json")),
    ("pl", include_str!("../assets/me/pl.json")),
    ("pt", include_str!("../assets/me/pt.json")),
    ("zh", include_str!("../assets/me/zh.json")),
];

static WORDS: LazyLock<Vec<BTreeMap<String, String>>> = LazyLock::new(|| {
    let read = |(_, text): &(_, &str)| serde_json::from_str(text).expect("a test reads every language");
    TEXTS.iter().map(read).collect()
});

/// One of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Language(usize);

impl Language {
    /// The language of a BCP 47 tag, whatever its region.
    pub(crate) fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        TEXTS.iter().position(|(known, _)| *known == primary).map(Self)
    }

    /// The first language of an `Accept-Language` that there is; browsers list what is liked best first.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        header.split(',').take(16).filter_map(|range| range.split(';').next()).find_map(Self::of)
    }

    /// Its tag.
    pub(crate) fn tag(self) -> &'static str {
        TEXTS.get(self.0).map_or("en", |(tag, _)| tag)
    }

    /// `rtl` or `ltr`.
    pub(crate) fn direction(self) -> &'static str {
        if matches!(self.tag(), "ar" | "he") { "rtl" } else { "ltr" }
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
    fn a_language_is_found_by_its_tag_and_by_what_a_browser_says() {
        assert_eq!(Language::of("EN-gb"), Some(Language(0)));
        assert_eq!(Language::of("tlh"), None);
        assert_eq!(Language::accepted("tlh, en;q=0.8, *;q=0.1"), Some(Language(0)));
        assert_eq!(Language::accepted("*"), None);
        let arabic = Language::accepted("ar-EG,ar;q=0.9,en;q=0.8").unwrap();
        assert_eq!((arabic.tag(), arabic.direction()), ("ar", "rtl"));
    }
}
