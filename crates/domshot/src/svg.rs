//! Well-formed XML out of whatever a page holds.

use crate::text::{add, fill, find};

/// May the character stand in XML 1.0 (and is none of our own marks)?
fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Adds `text` as character data.
pub(crate) fn text(out: &mut String, text: &str) {
    escape(out, text, false, false);
}

/// Adds `value` as the inside of a double-quoted attribute.
pub(crate) fn value(out: &mut String, value: &str) {
    escape(out, value, true, false);
}

/// Adds CSS that went through the replay, whose marks must stay; as character data or as an attribute's inside.
pub(crate) fn css(out: &mut String, css: &str, attribute: bool) {
    escape(out, css, attribute, true);
}

/// `text` without our marks, so that no page can forge one.
pub(crate) fn unmarked(text: String) -> String {
    if text.contains(is_mark) { text.replace(is_mark, "") } else { text }
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{3}')
}

fn escape(out: &mut String, text: &str, attribute: bool, marked: bool) {
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if attribute => "&quot;",
            '\n' if attribute => "&#10;",
            '\t' if attribute => "&#9;",
            '\r' => "&#13;",
            c if is_char(c) || marked && is_mark(c) => continue,
            _ => "",
        };
        add(out, &text[from..at]);
        add(out, entity);
        from = at + c.len_utf8();
    }
    add(out, &text[from..]);
}

/// Adds ` name="value"`.
pub(crate) fn attribute(out: &mut String, name: &str, of: &str) {
    fill(out, " $=\"", &[name]);
    value(out, of);
    add(out, "\"");
}

/// A start tag as `outerHTML` writes it, taken apart; values are still HTML-escaped.
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
}

/// The start tag at the beginning of `html`, the markup of one element without children.
pub(crate) fn tag(html: &str) -> Option<Tag<'_>> {
    let inside = html.strip_prefix('<')?;
    let end = inside.find([' ', '>', '/'])?;
    let (name, mut rest) = (&inside[..end], &inside[end..]);
    let mut attributes = Vec::new();
    // Exactly ` name="value"` each: the HTML serialiser writes no other form.
    while let Some(attribute) = rest.strip_prefix(' ') {
        let at = find(attribute, "=\"")?;
        let (name, after) = (&attribute[..at], &attribute[at + 2..]);
        let (value, after) = after.split_once('"')?;
        attributes.push((name, value));
        rest = after;
    }
    is_name(name).then_some(Tag { name, attributes })
}

/// May `name` be an XML name, with at most the prefix `xlink` or `xml`?
pub(crate) fn is_name(name: &str) -> bool {
    let local = name.strip_prefix("xlink:").or_else(|| name.strip_prefix("xml:")).unwrap_or(name);
    let mut bytes = local.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The text behind an HTML-escaped attribute value: the serialiser writes these five and no others.
pub(crate) fn unescape(html: &str) -> String {
    if !html.contains('&') {
        return html.into();
    }
    let mut out = String::new();
    let mut pieces = html.split('&');
    add(&mut out, pieces.next().unwrap_or_default());
    for piece in pieces {
        let (entity, rest) = piece.split_once(';').unwrap_or((piece, ""));
        add(
            &mut out,
            match entity {
                "nbsp" => "\u{a0}",
                "quot" => "\"",
                "lt" => "<",
                "gt" => ">",
                _ => "&",
            },
        );
        add(&mut out, rest);
    }
    out
}

/// Adds the part of an SVG between two images as it must read inside a `data:` URL.
pub(crate) fn url_escape(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, b) in text.bytes().enumerate() {
        let escaped = match b {
            b'%' => "%25",
            b'#' => "%23",
            // URLs lose line breaks; white space that must be kept as it is would be lost with them.
            b'\n' => "%0A",
            b'\t' => "%09",
            _ => continue,
        };
        add(out, &text[from..at]);
        add(out, escaped);
        from = at + 1;
    }
    add(out, &text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn start_tags_are_taken_apart() {
        let t = tag("<p class=\"a > b\" @click=\"x\" data-q=\"&quot;\"></p>").expect("a tag");
        assert_eq!(t.name, "p");
        assert_eq!(t.attributes, [("class", "a > b"), ("@click", "x"), ("data-q", "&quot;")]);
        assert!(!is_name("@click") && !is_name("a:b") && is_name("xlink:href"));
    }

    proptest! {
        #[test]
        fn escaped_text_holds_no_markup_and_no_marks(from in any::<String>()) {
            let mut out = String::new();
            value(&mut out, &from);
            let forbidden = ['<', '"', '\u{1}', '\u{2}', '\u{3}'];
            prop_assert!(!out.contains(forbidden));
            let mut url = String::new();
            url_escape(&mut url, &out);
            let forbidden = ['#', '\n'];
            prop_assert!(!url.contains(forbidden));
        }
        #[test]
        fn escaping_keeps_what_xml_can_carry(from in "[ -~äß漢]{0,40}") {
            let mut out = String::new();
            value(&mut out, &from);
            prop_assert_eq!(unescape(&out), from);
        }
        #[test]
        fn no_markup_makes_the_tag_reader_panic(from in any::<String>()) {
            let _ = tag(&from);
        }
    }
}
