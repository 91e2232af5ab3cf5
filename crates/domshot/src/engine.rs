//! What JavaScript asks of Rust: one synchronous question after the other, text in and a number out.

use crate::mask::{block_width, is_barred, kept};
use crate::text::{halves, whole};

/// The answer to question `kind`, whose names stand in `js/walk.js`.
///
/// | kind | text | answer |
/// |---|---|---|
/// | 0 | tag, `shown` or `masked`, type and `autocomplete` of a field, with commas | 1 if a bar stands for its value, or 0 |
/// | 1 | name of an attribute | 0: never kept, 1: kept, 2: kept even where the content is masked |
/// | else | width in px of masked text | width in px of its block |
#[inline(never)]
pub(crate) fn answer(kind: u32, text: String) -> u32 {
    let mut text = text.into_bytes();
    text.make_ascii_lowercase();
    match kind {
        0 => {
            let (tag, rest) = halves(&text, b',');
            let (inputs, rest) = halves(rest, b',');
            let (field, autocomplete) = halves(rest, b',');
            u32::from(is_barred(tag, field, autocomplete, inputs == b"shown"))
        }
        1 => kept(&text) as u32,
        _ => block_width(whole(&text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kind: u32, text: &str) -> u32 {
        answer(kind, text.to_owned())
    }

    #[test]
    fn every_question_has_its_answer() {
        assert_eq!(answered(0, "input,masked,text,"), 1);
        assert_eq!(answered(0, "input,shown,text,off"), 0);
        assert_eq!(answered(0, "select,shown,,cc-type"), 1);
        assert_eq!(["onclick", "title", "class"].map(|name| answered(1, name)), [0, 1, 2]);
        assert_eq!(answered(2, "50.7"), 96);
    }

    #[test]
    fn capitals_mean_the_same() {
        assert_eq!(answered(0, "input,shown,text,section-x Shipping CC-CSC"), 1);
        assert_eq!(["onClick", "viewBox", "SRCDOC"].map(|name| answered(1, name)), [0, 1, 0]);
    }

    #[test]
    fn a_question_that_says_too_little_is_answered_by_a_bar() {
        for text in
            ["", ",", "input", "input,", "input,sho", "input,shown,password", "input,shown,password,a,b"]
        {
            assert_eq!(answered(0, text), 1, "{text}");
        }
    }
}
