//! Words, as far as they are searched for: how a text is taken apart, what is asked for, and whether a text says it.
//!
//! A term means a word that begins with it. Case, accents and the width of letters do not count. Scripts that write
//! without spaces are taken in pairs of characters.

use std::collections::{BTreeSet, HashSet};

use candor_protocol::TextMap;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Characters of a word's beginning by which it is found; what a longer term says beyond them is looked up in the text.
const PREFIX_CHARS: usize = 6;
/// Tokens of one message. A message that has more is found by its first words.
const TOKENS_MAX: usize = 600;
/// Terms of one question.
const TERMS_MAX: usize = 8;
/// Characters of one question.
pub(crate) const QUESTION_CHARS_MAX: usize = 200;

/// How a run of letters and digits is written: as a word between spaces, or in a script that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Script {
    Spaced,
    Dense,
}

/// What is asked for: all of it must be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question(Vec<(Script, String)>);

impl Question {
    /// The question in a text; `None` when there is no word in it, or too much.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.chars().count() > QUESTION_CHARS_MAX {
            return None;
        }
        let folded = fold(text);
        let mut terms: Vec<_> = runs(&folded).map(|(script, run)| (script, run.to_owned())).collect();
        terms.sort_unstable();
        terms.dedup();
        (1..=TERMS_MAX).contains(&terms.len()).then_some(Self(terms))
    }

    /// The tokens that a message has which says it. It may have them and not say it.
    #[must_use]
    pub fn tokens(&self) -> BTreeSet<String> {
        let mut tokens = BTreeSet::new();
        for (script, asked) in &self.0 {
            match script {
                Script::Spaced => tokens.extend(beginnings(asked).last().map(word)),
                Script::Dense => tokens.extend(dense(asked, is_single(asked))),
            }
        }
        tokens
    }

    /// Whether a message says it.
    #[must_use]
    pub fn is_said(&self, text: &str, custom: &TextMap) -> bool {
        let folded: Vec<_> = texts(text, custom).map(fold).collect();
        self.0.iter().all(|(asked_script, asked)| {
            folded.iter().flat_map(|text| runs(text)).any(|(script, run)| match script {
                _ if script != *asked_script => false,
                Script::Spaced => run.starts_with(asked),
                Script::Dense => run.contains(asked),
            })
        })
    }
}

/// The tokens by which a message is found.
#[must_use]
pub fn tokens(text: &str, custom: &TextMap) -> BTreeSet<String> {
    let folded: Vec<_> = texts(text, custom).map(fold).collect();
    let (mut tokens, mut seen) = (BTreeSet::new(), HashSet::new());
    for (script, run) in folded.iter().flat_map(|text| runs(text)) {
        // Most of a text is words that it has said before.
        if !seen.insert((script, run)) {
            continue;
        }
        match script {
            // Of a longer word, a single letter says too little.
            Script::Spaced => {
                let told = |part: &&str| !is_single(part) || is_single(run);
                tokens.extend(beginnings(run).filter(told).map(word));
            }
            Script::Dense => tokens.extend(dense(run, true)),
        }
        if tokens.len() >= TOKENS_MAX {
            break;
        }
    }
    tokens
}

fn texts<'a>(text: &'a str, custom: &'a TextMap) -> impl Iterator<Item = &'a str> {
    std::iter::once(text).chain(custom.iter().map(|(_, value)| value))
}

/// A word's first letter, its first two, and so on, as far as it is found by them.
fn beginnings(run: &str) -> impl Iterator<Item = &str> {
    run.char_indices().take(PREFIX_CHARS).filter_map(|(at, letter)| run.get(..at + letter.len_utf8()))
}

fn is_single(part: &str) -> bool {
    part.chars().nth(1).is_none()
}

fn word(letters: &str) -> String {
    format!("w{letters}")
}

/// Pairs, and single characters where they are wanted.
fn dense(run: &str, singles: bool) -> impl Iterator<Item = String> {
    let pairs = run.chars().zip(run.chars().skip(1)).map(|(one, next)| format!("d{one}{next}"));
    let single = run.chars().filter(move |_| singles).map(|letter| format!("d{letter}"));
    pairs.chain(single)
}

/// The runs of a folded text, each of letters of one sort.
fn runs(folded: &str) -> impl Iterator<Item = (Script, &str)> {
    let words = folded.split(|letter: char| !letter.is_alphanumeric());
    words.flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let script = script_of(rest.chars().next()?);
            let end = rest.find(|letter| script_of(letter) != script).unwrap_or(rest.len());
            let (run, behind) = rest.split_at(end);
            rest = behind;
            Some((script, run))
        })
    })
}

/// Without case, accents and widths: `Ärger` and `arger`, `Straße` and `STRASSE`, `ﬁ` and `fi` are one.
fn fold(text: &str) -> String {
    // ASCII, of which many texts are all, has neither accents nor widths.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Words are not set apart in these: Thai to Myanmar, Khmer, kana, Han.
const fn script_of(letter: char) -> Script {
    match letter {
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}' => Script::Dense,
        _ => Script::Spaced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(asked: &str, text: &str) -> bool {
        let question = Question::of(asked).unwrap();
        let is_said = question.is_said(text, &TextMap::default());
        // What is said is found.
        assert!(
            !is_said || question.tokens().is_subset(&tokens(text, &TextMap::default())),
            "{asked}: {text}"
        );
        is_said
    }

    #[test]
    fn words_are_found_by_their_beginning_whatever_their_case_and_accents() {
        let text = "Der Warenkorb vergißt den ÄRGER; naïve Straße, 2 ﬁles. Größe: XL";
        for asked in [
            "waren",
            "WARENKORB",
            "arger",
            "Ärger",
            "strasse",
            "naive",
            "files",
            "2",
            "korb ware",
            "größe xl",
        ] {
            assert_eq!(finds(asked, text), asked != "korb ware", "{asked}");
        }
        assert!(!finds("warenkorbx", text) && !finds("warenhaus", text) && !finds("arger fehlt", text));
    }

    #[test]
    fn scripts_without_spaces_are_found_by_what_they_contain() {
        let text = "購物車忘記了我的商品。カートが空です ｶｰﾄ";
        for asked in ["購物車", "物車", "商品", "我", "カート", "が空", "ｶｰﾄ"] {
            assert!(finds(asked, text), "{asked}");
        }
        assert!(!finds("車物", text) && !finds("商購", text));
        assert!(
            finds("장바", "장바구니가 비었어요")
                && finds("सामान", "सामान कहाँ है")
                && finds("سلة", "السلة سَلَّة")
        );
    }

    #[test]
    fn what_asks_nothing_or_too_much_is_no_question() {
        for none in ["", "  ", "!?", &"x".repeat(201), "a b c d e f g h i"] {
            assert_eq!(Question::of(none), None, "{none}");
        }
    }

    #[test]
    fn a_message_of_any_length_has_a_bounded_number_of_tokens() {
        let long: String = (0..3000).map(|n| format!("w{n:04} ")).collect();
        assert!(tokens(&long, &TextMap::default()).len() <= TOKENS_MAX + PREFIX_CHARS);
    }

    proptest! {
        #[test]
        fn every_word_of_a_text_finds_it(text in "\\PC{0,120}") {
            for asked in text.split_whitespace() {
                if let Some(question) = Question::of(asked) {
                    prop_assert!(question.is_said(&text, &TextMap::default()));
                    prop_assert!(question.tokens().is_subset(&tokens(&text, &TextMap::default())));
                }
            }
        }
    }
}
