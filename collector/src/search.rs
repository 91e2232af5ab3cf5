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

/// A run of letters and digits, or of characters of a script that has no spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Run {
    Word(Vec<char>),
    Dense(Vec<char>),
}

/// What is asked for: all of it must be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question(Vec<Run>);

impl Question {
    /// The question in a text; `None` when there is no word in it, or too much.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.chars().count() > QUESTION_CHARS_MAX {
            return None;
        }
        let mut terms = runs(text);
        terms.sort_unstable();
        terms.dedup();
        (1..=TERMS_MAX).contains(&terms.len()).then_some(Self(terms))
    }

    /// The tokens that a message has which says it. It may have them and not say it.
    #[must_use]
    pub fn tokens(&self) -> BTreeSet<String> {
        let token = |run: &Run| match run {
            Run::Word(letters) => vec![word(letters.get(..PREFIX_CHARS).unwrap_or(letters))],
            Run::Dense(letters) => dense(letters, letters.len() == 1),
        };
        self.0.iter().flat_map(token).collect()
    }

    /// Whether a message says it.
    #[must_use]
    pub fn is_said(&self, text: &str, custom: &TextMap) -> bool {
        let said: Vec<Run> = texts(text, custom).flat_map(runs).collect();
        self.0.iter().all(|asked| {
            said.iter().any(|run| match (asked, run) {
                (Run::Word(asked), Run::Word(run)) => run.starts_with(asked),
                (Run::Dense(asked), Run::Dense(run)) => run.windows(asked.len()).any(|part| part == asked),
                _ => false,
            })
        })
    }
}

/// The tokens by which a message is found.
#[must_use]
pub fn tokens(text: &str, custom: &TextMap) -> BTreeSet<String> {
    let (mut tokens, mut seen) = (BTreeSet::new(), HashSet::new());
    for run in texts(text, custom).flat_map(runs) {
        // Most of a text is words that it has said before.
        if seen.contains(&run) {
            continue;
        }
        match &run {
            Run::Word(letters) if letters.len() == 1 => {
                tokens.insert(word(letters));
            }
            Run::Word(letters) => {
                tokens.extend(
                    (2..=letters.len().min(PREFIX_CHARS)).filter_map(|end| Some(word(letters.get(..end)?))),
                );
            }
            Run::Dense(letters) => tokens.extend(dense(letters, true)),
        }
        seen.insert(run);
        if tokens.len() >= TOKENS_MAX {
            break;
        }
    }
    tokens
}

fn texts<'a>(text: &'a str, custom: &'a TextMap) -> impl Iterator<Item = &'a str> {
    std::iter::once(text).chain(custom.iter().map(|(_, value)| value))
}

fn word(letters: &[char]) -> String {
    std::iter::once('w').chain(letters.iter().copied()).collect()
}

/// Pairs, and single characters where they are wanted.
fn dense(letters: &[char], singles: bool) -> Vec<String> {
    let token = |part: &[char]| std::iter::once('d').chain(part.iter().copied()).collect();
    let pairs = letters.windows(2).map(token);
    let single = letters.chunks(1).filter(|_| singles).map(token);
    pairs.chain(single).collect()
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut goes_on = false;
    for letter in folded(text) {
        if !letter.is_alphanumeric() {
            goes_on = false;
            continue;
        }
        match (runs.last_mut().filter(|_| goes_on), is_dense(letter)) {
            (Some(Run::Word(run)), false) | (Some(Run::Dense(run)), true) => run.push(letter),
            (_, true) => runs.push(Run::Dense(vec![letter])),
            (_, false) => runs.push(Run::Word(vec![letter])),
        }
        goes_on = true;
    }
    runs
}

/// Without case, accents and widths: `Ärger` and `arger`, `Straße` and `STRASSE`, `ﬁ` and `fi` are one.
fn folded(text: &str) -> impl Iterator<Item = char> {
    // ASCII, of which many texts are all, has neither accents nor widths.
    let (plain, rest) = if text.is_ascii() { (text, "") } else { ("", text) };
    let rest = rest
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    plain.chars().map(|letter| letter.to_ascii_lowercase()).chain(rest)
}

/// Scripts in which words are not set apart: Thai to Myanmar, Khmer, kana, Han.
const fn is_dense(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
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
