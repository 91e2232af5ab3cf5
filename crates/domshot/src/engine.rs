//! What JavaScript asks of Rust: one synchronous question after the other, text in and text out.

use crate::css::Replay;
use crate::mask::{block_width, is_barred, kept};
use crate::text::{digits, halves, whole};

/// The answer to question `kind`, whose names stand in `js/sheets.js`. `holds` says whether a condition of a sheet
/// holds at the moment.
///
/// | kind | text | more | answer |
/// |---|---|---|---|
/// | 0 | rules | scope | the rules as they must read in the clone, and facts (see [`crate::css`]) |
/// | 1 | one element's declarations | | the same of them |
/// | 2 | tag, type and `shown` or `masked`, with commas | `autocomplete` | `1` if a bar stands for the field's value |
/// | 3 | name of an attribute | | `0`: never kept, `1`: kept, `2`: kept even where the content is masked |
/// | else | width in px of masked text | | width in px of its block |
#[inline(never)]
pub(crate) fn answer(kind: u32, text: &[u8], more: &[u8], holds: &dyn Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    match kind {
        0 | 1 => {
            let mut replay = Replay { scope: more, css: out, facts: Vec::new(), holds };
            replay.block(text, b"", kind == 0);
            out = replay.css;
            out.append(&mut replay.facts);
        }
        2 => {
            let (tag, rest) = halves(text, b',');
            let (field, inputs) = halves(rest, b',');
            if is_barred(tag, field, more, inputs == b"shown") {
                out.push(b'1');
            }
        }
        3 => out.push(b'0' + kept(text) as u8),
        _ => digits(&mut out, block_width(whole(text))),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kind: u32, text: &str, more: &str) -> String {
        String::from_utf8(answer(kind, text.as_bytes(), more.as_bytes(), &|_| true)).expect("text")
    }

    #[test]
    fn every_question_has_its_answer() {
        assert_eq!(
            answered(0, "a:hover{b:c}", "p"),
            "a[ds-hover]\u{1}{b:c;}\u{1e}states\u{1f}:hover\u{1f}ds-hover"
        );
        assert_eq!(answered(1, "b:url(c)", ""), "b:url(\"\u{2}c\u{3}\");");
        assert_eq!(answered(2, "input,text,masked", ""), "1");
        assert_eq!(answered(2, "input,text,shown", "off"), "");
        assert_eq!(answered(2, "select,,shown", "cc-type"), "1");
        assert_eq!(["onclick", "title", "class"].map(|name| answered(3, name, "")), ["0", "1", "2"]);
        assert_eq!(answered(4, "50.7", ""), "96");
    }
}
