//! Selectors of the page, rewritten so that they say the same about the clone.
//!
//! The clone is a picture: nothing in it is hovered, focused, modal or `:root`, and shadow trees are flattened into one
//! tree. So live states become attributes, and every compound is tied to the tree it was written for.

use crate::text::{add, fill, find, inside, is_in, is_one_of};

/// Stands where the scope of a page rule goes, until it is known whether the page has shadow trees at all.
/// A control character, because the caller lets none pass that the page itself brings.
const SCOPE: u8 = 1;

/// Pseudo-classes that depend on the moment, not on markup.
const LIVE: &[u8] = b"hover,focus,focus-visible,focus-within,active,target,target-within,modal,popover-open,fullscreen,\
picture-in-picture,autofill,-webkit-autofill,valid,invalid,user-valid,user-invalid,in-range,out-of-range,indeterminate,\
placeholder-shown,playing,paused,muted,state,open,active-view-transition";

/// The end of the bracket, string, comment or escape that begins at `at`, or the next byte.
pub(crate) fn skip(text: &[u8], at: usize) -> usize {
    let byte = |at: usize| text.get(at).copied();
    let mut i = at + 1;
    match text[at] {
        b'\\' => i += 1,
        quote @ (b'"' | b'\'') => {
            while byte(i).is_some_and(|b| b != quote) {
                i += if text[i] == b'\\' { 2 } else { 1 };
            }
            i += 1;
        }
        b'/' if byte(i) == Some(b'*') => i += 1 + find(&text[i + 1..], b"*/") + 2,
        open @ (b'(' | b'[' | b'{') => {
            let close = if open == b'(' { b')' } else { open + 2 };
            while byte(i).is_some_and(|b| b != close) {
                i = skip(text, i);
            }
            i += 1;
        }
        _ => {}
    }
    i.min(text.len())
}

/// The first of `marks` at or after `from` that stands outside strings and brackets, or the end.
pub(crate) fn until(text: &[u8], mut from: usize, marks: &[u8]) -> usize {
    while from < text.len() && !is_in(text[from], marks) {
        from = skip(text, from);
    }
    from
}

/// A pseudo-class or -element.
struct Pseudo<'a> {
    name: &'a [u8],
    /// What its brackets hold, where it has some.
    arguments: Option<&'a [u8]>,
    is_element: bool,
    end: usize,
}

/// The one whose first colon is at `at`.
fn pseudo(text: &[u8], at: usize) -> Pseudo<'_> {
    let is_double = text.get(at + 1) == Some(&b':');
    let from = at + 1 + usize::from(is_double);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || is_in(*b, b"-_") || *b >= 0x80;
    let end = text[from..].iter().position(|b| !is_name(b)).map_or(text.len(), |n| from + n);
    let name = &text[from..end];
    // CSS 2's pseudo-elements may be written with one colon.
    let is_element = is_double || is_one_of(b"before,after,first-line,first-letter", name);
    if text.get(end) != Some(&b'(') {
        return Pseudo { name, arguments: None, is_element, end };
    }
    let close = skip(text, end);
    Pseudo { name, arguments: Some(inside(&text[end..close])), is_element, end: close }
}

/// Writes the selectors of one tree.
struct Rewriter<'a> {
    out: &'a mut Vec<u8>,
    /// Facts, to which the live states met are added.
    facts: &'a mut Vec<u8>,
    scope: &'a [u8],
    /// A compound has begun and has no scope yet.
    open: bool,
    /// The compound has its scope, or must have none.
    sealed: bool,
}

impl Rewriter<'_> {
    fn tie(&mut self) {
        if !self.sealed {
            match self.scope {
                b"" => {}
                b"p" => self.out.push(SCOPE),
                tree => fill(self.out, b":where([ds-s=\"$\"])", &[tree]),
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

    /// `before(list)`, the selectors in the list tied to no tree.
    fn list(&mut self, before: &[u8], list: &[u8]) {
        add(self.out, before);
        self.out.push(b'(');
        rewrite(self.out, self.facts, list, b"");
        self.out.push(b')');
    }

    /// The attribute that stands for a live state.
    fn state(&mut self, written: &[u8]) {
        let mut name = Vec::new();
        add(&mut name, b"ds-");
        for byte in &written[1..] {
            name.push(if byte.is_ascii_alphanumeric() { *byte } else { b'-' });
        }
        fill(self.out, b"[$]", &[&name]);
        fill(self.facts, b"\x1estates\x1f$\x1f$", &[written, &name]);
    }

    fn class(&mut self, pseudo: &Pseudo<'_>, written: &[u8]) {
        let name = pseudo.name.to_ascii_lowercase();
        let name = name.as_slice();
        if name == b"root" || name == b"scope" && !self.scope.is_empty() {
            add(self.out, b"[ds-r]");
        } else if is_one_of(b"link,any-link", name) {
            add(self.out, b":where(a,area)[href]");
        } else if name == b"visited" {
            add(self.out, b":not(*)");
        } else if name == b"defined" {
            add(self.out, b":not(");
            self.state(b":not(:defined)");
            self.out.push(b')');
        } else if is_one_of(b"host,host-context", name) {
            self.sealed = true;
            match self.scope {
                b"" | b"p" => add(self.out, b"[ds-h]"),
                tree => fill(self.out, b"[ds-h=\"$\"]", &[tree]),
            }
            if let Some(list) = pseudo.arguments {
                if name == b"host" {
                    self.list(b":is", list);
                } else {
                    self.list(b":is(:is", list);
                    add(self.out, b" *)");
                }
            }
        } else if is_one_of(LIVE, name) {
            self.state(written);
        } else if let Some(list) = pseudo.arguments
            && !is_one_of(b"lang,dir", name)
        {
            self.out.push(b':');
            self.list(name, list);
        } else {
            add(self.out, written);
        }
        self.open = true;
    }

    fn element(&mut self, pseudo: &Pseudo<'_>, written: &[u8]) {
        match (pseudo.name, pseudo.arguments) {
            (b"slotted", Some(list)) => {
                if !self.open {
                    add(self.out, b"slot");
                }
                self.tie();
                self.list(b">:is", list);
            }
            (b"part", Some(names)) => {
                self.tie();
                self.out.push(b' ');
                for name in names.split(|b| *b == b' ') {
                    fill(self.out, b"[part~=\"$\"]", &[name]);
                }
                add(self.out, b":where([ds-s])");
            }
            _ => {
                self.tie();
                add(self.out, written);
            }
        }
        (self.open, self.sealed) = (true, true);
    }
}

/// Writes the selector list `text` as it must read in the clone; `scope` is `p` for the page, the number of a shadow
/// tree, or nothing for the inside of `:is()` and the like.
pub(crate) fn rewrite(out: &mut Vec<u8>, facts: &mut Vec<u8>, text: &[u8], scope: &[u8]) {
    let mut r = Rewriter { out, facts, scope, open: false, sealed: false };
    let mut i = 0;
    while i < text.len() {
        let from = i;
        if text[i] == b':' {
            let pseudo = pseudo(text, i);
            i = pseudo.end;
            if pseudo.is_element {
                r.element(&pseudo, &text[from..i]);
            } else {
                r.class(&pseudo, &text[from..i]);
            }
            continue;
        }
        i = skip(text, i);
        if is_in(text[from], b" \n\t\r>+~,") {
            r.end_compound();
        } else if text[from..].starts_with(b"/*") {
            continue;
        } else {
            r.open = true;
        }
        add(r.out, &text[from..i]);
    }
    r.end_compound();
}

/// Calls `each` with every selector of the list without its pseudo-element, and with the pseudo-element (empty where
/// there is none): what can be asked of `querySelectorAll` and `getComputedStyle`.
pub(crate) fn plain(text: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) {
    let mut from = 0;
    while from <= text.len() {
        let end = until(text, from, b",");
        let one = text[from..end].trim_ascii();
        from = end + 1;
        let mut i = 0;
        loop {
            i = until(one, i, b":");
            if i == one.len() {
                each(one, b"");
                break;
            }
            let pseudo = pseudo(one, i);
            if pseudo.is_element {
                let mut before = one[..i].to_vec();
                if before.last().is_none_or(|b| is_in(*b, b" >+~")) {
                    before.push(b'*');
                }
                each(&before, &one[i..pseudo.end]);
                break;
            }
            i = pseudo.end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(scope: &str, from: &str) -> String {
        let (mut out, mut facts) = (Vec::new(), Vec::new());
        rewrite(&mut out, &mut facts, from.as_bytes(), scope.as_bytes());
        String::from_utf8(out).expect("only whole characters are passed on").replace('\u{1}', "@")
    }

    fn check(scope: &str, from: &str, to: &str) {
        assert_eq!(rewritten(scope, from), to);
    }

    #[test]
    fn live_states_become_attributes_of_the_same_weight() {
        check("p", "a:hover > b", "a[ds-hover]@ > b@");
        check("p", ":focus,:focus-within p", "[ds-focus]@,[ds-focus-within]@ p@");
        check("p", "x:state(on):not(:hover)", "x[ds-state-on-]:not([ds-hover])@");
    }

    #[test]
    fn root_is_the_clones_html() {
        check("p", ":root[dir=\"a:b\"] .x\\:hover", "[ds-r][dir=\"a:b\"]@ .x\\:hover@");
    }

    #[test]
    fn scope_goes_before_the_pseudo_element() {
        check("p", "p:first-letter, q::before", "p@:first-letter, q@::before");
        check("p", "::marker", "@::marker");
    }

    #[test]
    fn shadow_selectors_stay_in_their_tree() {
        check("3", ":host(.a) b", "[ds-h=\"3\"]:is(.a) b:where([ds-s=\"3\"])");
        check("3", ":host-context(.a) b", "[ds-h=\"3\"]:is(:is(.a) *) b:where([ds-s=\"3\"])");
        check("3", "::slotted(i)", "slot:where([ds-s=\"3\"])>:is(i)");
        check("p", "x-c::part(t)", "x-c@ [part~=\"t\"]:where([ds-s])");
    }

    #[test]
    fn states_are_told_with_their_attributes() {
        let (mut out, mut facts) = (Vec::new(), Vec::new());
        rewrite(&mut out, &mut facts, b"a:hover,:not(:defined) b", b"");
        assert_eq!(
            facts,
            b"\x1estates\x1f:hover\x1fds-hover\x1estates\x1f:not(:defined)\x1fds-not--defined-"
        );
        assert_eq!(out, b"a[ds-hover],:not(:not([ds-not--defined-])) b");
    }

    #[test]
    fn pseudo_elements_are_parted_from_what_can_be_queried() {
        let mut found = Vec::new();
        plain(b"a:not(.b,.c)::after, ::marker,p", &mut |selector, pseudo| {
            found.push([selector, pseudo].map(|part| String::from_utf8(part.to_vec()).expect("text")));
        });
        assert_eq!(found, [["a:not(.b,.c)", "::after"], ["*", "::marker"], ["p", ""]]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            rewritten("1", &text);
            plain(text.as_bytes(), &mut |_, _| {});
        }
        #[test]
        fn plain_compounds_are_only_tied(name in "[a-z]{1,5}(\\.[a-z]{1,4}){0,3}") {
            check("p", &name, &format!("{name}@"));
        }
    }
}
