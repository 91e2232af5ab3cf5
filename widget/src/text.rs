//! The panel's words in the visitor's language.

macro_rules! keys {
    ($($variant:ident $name:literal)+) => {
        /// One text. The order is that of `locales/en.json`, by which a shipped locale is a plain list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(not(test), expect(dead_code, reason = "the loader says the first two"))]
        pub(crate) enum Key { $($variant),+ }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];
    };
}

keys! {
    Bubble "bubble" BubbleHide "bubble_hide" Title "title" Close "close"
    Kinds "kinds" KindBug "kind_bug" KindIdea "kind_idea" KindPraise "kind_praise" KindQuestion "kind_question"
    Rating "rating" RatingNps "rating_nps" RatingLow "rating_low" RatingHigh "rating_high" RatingOf "rating_of"
    Rating1 "rating_1" Rating2 "rating_2" Rating3 "rating_3" Rating4 "rating_4" Rating5 "rating_5"
    Message "message" HintBug "hint_bug" HintIdea "hint_idea" HintPraise "hint_praise" HintQuestion "hint_question"
    Left "left" Over "over" Optional "optional" Choose "choose" Name "name" Email "email" Remember "remember"
    AddPicture "picture" Attach "attach" FilesFailed "files_failed"
    ConsentMessage "consent_message" ConsentContact "consent_contact" ConsentPicture "consent_picture"
    ConsentAttachment "consent_attachment" ConsentBrowser "consent_browser"
    Policy "policy" What "what" WhatHint "what_hint" WhatOff "what_off"
    FactPageUrl "fact_page_url" FactPageTitle "fact_page_title" FactReferrerOrigin "fact_referrer_origin"
    FactViewport "fact_viewport" FactScreen "fact_screen" FactPixelRatio "fact_pixel_ratio"
    FactLanguages "fact_languages" FactTimeZone "fact_time_zone" FactUserAgent "fact_user_agent"
    FactColorScheme "fact_color_scheme" FactConnection "fact_connection" FactOnline "fact_online"
    FactVisibleTime "fact_visible_ms"
    Send "send" Sending "sending"
    FaultMessage "fault_message" FaultEmail "fault_email" FaultRequired "fault_required"
    FaultConsent "fault_consent" FaultContact "fault_contact" FaultFiles "fault_files"
    FailedOffline "failed_offline" FailedLater "failed_later" FailedBusy "failed_busy" FailedClosed "failed_closed"
    FailedPage "failed_page" FailedRefused "failed_refused" PolicyChanged "policy_changed"
    Retry "retry" Copy "copy" Copied "copied" CopyByHand "copy_by_hand"
    Done "done" DoneNumber "done_number" DoneKept "done_kept"
    PurposeMessage "purpose_message" PurposeContact "purpose_contact" PurposeBrowser "purpose_browser"
    Another "another" Mine "mine"
}

/// One language's texts.
pub(crate) struct Texts {
    locale: String,
    texts: Vec<String>,
}

impl Texts {
    /// From a shipped locale: the texts in the order of the keys.
    pub(crate) fn new(locale: String, texts: Vec<String>) -> Self {
        Self { locale, texts }
    }

    /// The BCP 47 tag of the language.
    pub(crate) fn locale(&self) -> &str {
        &self.locale
    }

    /// Whether the language is written from right to left.
    pub(crate) fn is_rtl(&self) -> bool {
        matches!(self.locale.split('-').next(), Some("ar" | "fa" | "he" | "ur"))
    }

    /// The text as it stands; empty where a shipped locale lacks it.
    pub(crate) fn get(&self, key: Key) -> &str {
        self.texts.get(key as usize).map_or("", String::as_str)
    }

    /// The text with each `{name}` place taken by its value.
    pub(crate) fn with(&self, key: Key, values: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut rest = self.get(key);
        while let Some((before, (place, after))) =
            rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?)))
        {
            out.push_str(before);
            out.push_str(values.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// A number in digits, without `core::fmt`.
pub(crate) fn number(number: usize) -> String {
    let mut places = String::new();
    let mut place = 1;
    while number / place >= 10 {
        place *= 10;
    }
    while place > 0 {
        places.push(char::from(b'0' + (number / place % 10) as u8));
        place /= 10;
    }
    places
}

#[cfg(test)]
pub(crate) fn english() -> Texts {
    Texts::new("en".into(), shipped(include_str!("../locales/en.json")))
}

#[cfg(test)]
fn shipped(source: &str) -> Vec<String> {
    let map: std::collections::BTreeMap<String, String> = serde_json::from_str(source).unwrap();
    NAMES.iter().map(|name| map[*name].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `{…}` places of a text, sorted.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn keys_stand_in_the_order_of_the_english_file() {
        let source = include_str!("../locales/en.json");
        let mut from = 0;
        for name in NAMES {
            let quoted = format!("\"{name}\": ");
            let at =
                source[from..].find(&quoted).unwrap_or_else(|| panic!("{name} is missing or out of order"));
            from += at + quoted.len();
        }
        assert_eq!(source.matches("\": \"").count(), NAMES.len());
    }

    #[test]
    fn every_language_says_everything_with_the_same_places() {
        let english = shipped(include_str!("../locales/en.json"));
        let mut languages = 0;
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/locales")).unwrap() {
            let path = entry.unwrap().path();
            for ((text, original), name) in
                shipped(&std::fs::read_to_string(&path).unwrap()).iter().zip(&english).zip(NAMES)
            {
                assert!(!text.trim().is_empty(), "{name} in {path:?}");
                assert_eq!(places(text), places(original), "{name} in {path:?}");
            }
            languages += 1;
        }
        assert!(languages >= 6, "only {languages} languages");
    }

    #[test]
    fn number_is_written_digit_by_digit() {
        for value in [0, 7, 10, 999, 1000, 10_203, usize::MAX] {
            assert_eq!(number(value), value.to_string());
        }
    }

    #[test]
    fn places_are_taken_by_name_in_any_order() {
        let texts = Texts::new("en".into(), vec!["{a} b {c}".into(), "no place".into(), "{c}: {a}{".into()]);
        let values = [("a", "A"), ("c", "{C}")];
        assert_eq!(texts.with(Key::Bubble, &values), "A b {C}");
        assert_eq!(texts.with(Key::BubbleHide, &values), "no place");
        assert_eq!(texts.with(Key::Title, &values), "{C}: A{");
    }
}
