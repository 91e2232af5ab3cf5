//! Selectors of the page, rewritten so that they say the same about the clone.
//!
//! The clone is a picture: nothing in it is hovered, focused, modal or `:root`, and shadow trees are flattened into one
//! tree. So live states become attributes, and every compound is tied to the tree it was written for.

/// Stands where the scope of a page rule goes, until it is known whether the page has shadow trees at all.
/// A control character, because none can stand in what the page itself brings (see `svg::text`).
pub(crate) const SCOPE: char = '\u{1}';

use crate::text::{fill, filled, find, is_one_of, number};

/// Which tree a sheet speaks about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The document.
    Page,
    /// The shadow tree of this number.
    Shadow(usize),
    /// No tree: the inside of `:is()` and the like.
    Inner,
}

/// The live pseudo-classes met so far; the place in the list names the attribute (`ds-0`, `ds-1`, …).
#[derive(Default)]
pub(crate) struct States(pub(crate) Vec<String>);

impl States {
    fn attribute(&mut self, pseudo: &str) -> String {
        let at = self.0.iter().position(|s| s == pseudo).unwrap_or_else(|| {
            self.0.push(pseudo.into());
            self.0.len() - 1
        });
        filled("[ds-$]", &[&number(at)])
    }
}

/// Pseudo-classes that depend on the moment, not on markup.
const LIVE: &str = "hover,focus,focus-visible,focus-within,active,target,target-within,modal,popover-open,fullscreen,\
picture-in-picture,autofill,-webkit-autofill,valid,invalid,user-valid,user-invalid,in-range,out-of-range,indeterminate,\
placeholder-shown,playing,paused,muted,state,open,active-view-transition";

/// The end of the bracket, string or escape that begins at `at`, or the next character.
pub(crate) fn skip(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let end = match bytes[at] {
        b'\\' => {
            let mut end = at + 2;
            while end < bytes.len() && !text.is_char_boundary(end) {
                end += 1;
            }
            end
        }
        quote @ (b'"' | b'\'') => {
            let mut i = at + 1;
            while i < bytes.len() && bytes[i] != quote {
                i += if bytes[i] == b'\\' { 2 } else { 1 };
            }
            i + 1
        }
        b'/' if bytes.get(at + 1) == Some(&b'*') => {
            find(&text[at + 2..], "*/").map_or(bytes.len(), |i| at + 2 + i + 2)
        }
        open @ (b'(' | b'[' | b'{') => {
            let close = if open == b'(' { b')' } else { open + 2 };
            let mut i = at + 1;
            while i < bytes.len() && bytes[i] != close {
                i = skip(text, i);
            }
            i + 1
        }
        _ => {
            let mut end = at + 1;
            while end < bytes.len() && !text.is_char_boundary(end) {
                end += 1;
            }
            end
        }
    };
    end.min(bytes.len())
}

/// `text` cut at every `separator` that stands outside strings and brackets.
pub(crate) fn split(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut from, mut i) = (Vec::new(), 0, 0);
    while i < text.len() {
        if text.as_bytes()[i] == separator {
            parts.push(&text[from..i]);
            from = i + 1;
        }
        i = skip(text, i);
    }
    parts.push(&text[from..]);
    parts
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte >= 0x80
}

/// Name and, where there are any, arguments of the pseudo-class or -element whose colons end at `from`; and its end.
fn pseudo(text: &str, from: usize) -> (&str, Option<&str>, usize) {
    let bytes = text.as_bytes();
    let mut i = from;
    while i < bytes.len() && is_name(bytes[i]) {
        i += 1;
    }
    let name = &text[from..i];
    if bytes.get(i) == Some(&b'(') {
        let end = skip(text, i);
        return (name, Some(text[i + 1..end].trim_end_matches(')').trim()), end);
    }
    (name, None, i)
}

/// CSS 2's pseudo-elements, which may be written with one colon.
fn is_old_element(name: &str) -> bool {
    matches!(name, "before" | "after" | "first-line" | "first-letter")
}

struct Rewriter<'a> {
    out: String,
    scope: Scope,
    states: &'a mut States,
    /// A compound has begun and has no scope yet.
    open: bool,
    /// The compound has its scope, or must have none.
    sealed: bool,
}

impl Rewriter<'_> {
    fn tie(&mut self) {
        if !self.sealed {
            match self.scope {
                Scope::Page => self.out.push(SCOPE),
                Scope::Shadow(n) => fill(&mut self.out, ":where([ds-s=\"$\"])", &[&number(n)]),
                Scope::Inner => {}
            }
        }
        self.sealed = true;
    }
    fn end_compound(&mut self) {
        if self.open {
            self.tie();
        }
        (self.open, self.sealed) = (false, false);
    }
    fn list(&mut self, arguments: &str) -> String {
        rewrite(arguments, Scope::Inner, self.states)
    }
    fn class(&mut self, name: &str, arguments: Option<&str>, written: &str) {
        let lower = name.to_ascii_lowercase();
        match (lower.as_str(), arguments) {
            ("root", _) => self.out.push_str("[ds-r]"),
            ("scope", _) if self.scope != Scope::Inner => self.out.push_str("[ds-r]"),
            ("link" | "any-link", _) => self.out.push_str(":where(a,area)[href]"),
            ("visited", _) => self.out.push_str(":not(*)"),
            ("defined", _) => {
                let undefined = self.states.attribute(":not(:defined)");
                fill(&mut self.out, ":not($)", &[&undefined]);
            }
            ("host" | "host-context", _) => {
                self.sealed = true;
                match self.scope {
                    Scope::Shadow(n) => fill(&mut self.out, "[ds-h=\"$\"]", &[&number(n)]),
                    _ => self.out.push_str("[ds-h]"),
                }
                if let Some(a) = arguments {
                    let list = self.list(a);
                    fill(&mut self.out, if lower == "host" { ":is($)" } else { ":is(:is($) *)" }, &[&list]);
                }
            }
            (live, _) if is_one_of(LIVE, live) => {
                let attribute = self.states.attribute(written);
                self.out.push_str(&attribute);
            }
            (_, Some(a)) if !matches!(lower.as_str(), "lang" | "dir") => {
                let list = self.list(a);
                fill(&mut self.out, ":$($)", &[name, &list]);
            }
            _ => self.out.push_str(written),
        }
    }
    fn element(&mut self, name: &str, arguments: Option<&str>, written: &str) {
        match (name, arguments) {
            ("slotted", Some(a)) => {
                if !self.open {
                    self.out.push_str("slot");
                }
                self.tie();
                let list = self.list(a);
                fill(&mut self.out, ">:is($)", &[&list]);
            }
            ("part", Some(parts)) => {
                self.tie();
                self.out.push(' ');
                for part in parts.split(' ') {
                    fill(&mut self.out, "[part~=\"$\"]", &[part]);
                }
                self.out.push_str(":where([ds-s])");
            }
            _ => {
                self.tie();
                self.out.push_str(written);
            }
        }
        (self.open, self.sealed) = (true, true);
    }
}

/// The selector list `text`, as it must read in the clone.
pub(crate) fn rewrite(text: &str, scope: Scope, states: &mut States) -> String {
    let mut r =
        Rewriter { out: String::with_capacity(text.len() + 16), scope, states, open: false, sealed: false };
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b':' => {
                let double = bytes.get(i + 1) == Some(&b':');
                let (name, arguments, end) = pseudo(text, if double { i + 2 } else { i + 1 });
                if double || is_old_element(name) {
                    r.element(name, arguments, &text[i..end]);
                } else {
                    r.class(name, arguments, &text[i..end]);
                    r.open = true;
                }
                i = end;
            }
            b' ' | b'\n' | b'\t' | b'\r' | b'>' | b'+' | b'~' | b',' => {
                r.end_compound();
                r.out.push(bytes[i] as char);
                i += 1;
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') => i = skip(text, i),
            _ => {
                let end = skip(text, i);
                r.out.push_str(&text[i..end]);
                r.open = true;
                i = end;
            }
        }
    }
    r.end_compound();
    r.out
}

/// Each selector of the list without its pseudo-element, and the pseudo-element (empty where there is none):
/// what can be asked of `querySelectorAll` and `getComputedStyle`.
pub(crate) fn plain(text: &str) -> Vec<(String, String)> {
    split(text, b',').into_iter().map(|one| plain_one(one.trim())).collect()
}

fn plain_one(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b':' {
            let double = bytes.get(i + 1) == Some(&b':');
            let (name, _, end) = pseudo(text, if double { i + 2 } else { i + 1 });
            if double || is_old_element(name) {
                let before = &text[..i];
                let bare = before.is_empty() || before.ends_with([' ', '>', '+', '~']);
                return (filled(if bare { "$*" } else { "$" }, &[before]), text[i..end].into());
            }
            i = end;
        } else {
            i = skip(text, i);
        }
    }
    (text.into(), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(scope: Scope, from: &str, to: &str) {
        let mut states = States::default();
        assert_eq!(rewrite(from, scope, &mut states).replace(SCOPE, "@"), to);
    }

    #[test]
    fn live_states_become_attributes_of_the_same_weight() {
        check(Scope::Page, "a:hover > b", "a[ds-0]@ > b@");
        check(Scope::Page, ":focus,:focus-within p", "[ds-0]@,[ds-1]@ p@");
        check(Scope::Page, "x:state(on):not(:hover)", "x[ds-0]:not([ds-1])@");
    }

    #[test]
    fn root_is_the_clones_html() {
        check(Scope::Page, ":root[dir=\"a:b\"] .x\\:hover", "[ds-r][dir=\"a:b\"]@ .x\\:hover@");
    }

    #[test]
    fn scope_goes_before_the_pseudo_element() {
        check(Scope::Page, "p:first-letter, q::before", "p@:first-letter, q@::before");
        check(Scope::Page, "::marker", "@::marker");
    }

    #[test]
    fn shadow_selectors_stay_in_their_tree() {
        check(Scope::Shadow(3), ":host(.a) b", "[ds-h=\"3\"]:is(.a) b:where([ds-s=\"3\"])");
        check(Scope::Shadow(3), "::slotted(i)", "slot:where([ds-s=\"3\"])>:is(i)");
        check(Scope::Page, "x-c::part(t)", "x-c@ [part~=\"t\"]:where([ds-s])");
    }

    #[test]
    fn pseudo_elements_are_parted_from_what_can_be_queried() {
        assert_eq!(
            plain("a:not(.b,.c)::after, ::marker,p"),
            [
                ("a:not(.b,.c)".into(), "::after".into()),
                ("*".into(), "::marker".into()),
                ("p".to_string(), String::new())
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            rewrite(&text, Scope::Shadow(1), &mut States::default());
            plain(&text);
        }
        #[test]
        fn plain_compounds_are_only_tied(name in "[a-z]{1,5}(\\.[a-z]{1,4}){0,3}") {
            check(Scope::Page, &name, &format!("{name}@"));
        }
    }
}
