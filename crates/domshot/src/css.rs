//! Stylesheet text, taken apart just far enough to be replayed in the clone.
//!
//! What comes out is text, and facts behind it, each begun by U+001E, its parts by U+001F:
//! `states` (pseudo-class, attribute), `images` (address, selector), `lost` (selector, pseudo-element, longhands whose
//! value the CSSOM does not tell, because a shorthand with `var()` was set before them), `faces` (sources of a font,
//! its other descriptors), `escapes` (selector of what may stand outside its parent's box), `counters` (selector of
//! what counts). Addresses of images stand between U+0002 and U+0003. The caller lets none of these marks pass that
//! the page itself brings. Selectors of facts are plain: they can be queried.

use crate::selector::{plain, rewrite, skip, until};
use crate::text::{add, fill, find, halves, has, inside, is_in, is_one_of};

/// Everything learnt from one text.
pub(crate) struct Replay<'a> {
    /// `p` for the page, the number of a shadow tree, or nothing where there are no selectors.
    pub(crate) scope: &'a [u8],
    pub(crate) css: Vec<u8>,
    pub(crate) facts: Vec<u8>,
    /// Does a condition (`media …`, `supports …`) hold at the moment of capture? Only a browser knows.
    pub(crate) holds: &'a dyn Fn(&[u8]) -> bool,
}

/// What a block has told about its elements so far.
#[derive(Default)]
struct Told {
    lost: Vec<u8>,
    escapes: bool,
    counts: bool,
}

impl Replay<'_> {
    /// Takes in rules, or, inside the style rule of the selector `within`, declarations and nested rules.
    pub(crate) fn block(&mut self, text: &[u8], within: &[u8], is_rules: bool) {
        let mut told = Told::default();
        let mut i = 0;
        while i < text.len() {
            let from = i;
            i = until(text, i, b";{}");
            let mut prelude = text[from..i].trim_ascii();
            while prelude.starts_with(b"/*") {
                prelude = prelude[skip(prelude, 0)..].trim_ascii();
            }
            if text.get(i) == Some(&b'{') && (is_rules || !prelude.starts_with(b"--")) {
                let end = skip(text, i);
                self.rule(prelude, inside(&text[i..end]), within);
                i = end;
                continue;
            }
            // The value of a custom property may hold braces.
            i = until(text, i, b";}");
            if !is_rules {
                self.declaration(text[from..i].trim_ascii(), within, &mut told);
            } else if prelude.starts_with(b"@layer") || prelude.starts_with(b"@namespace") {
                fill(&mut self.css, b"$;", &[prelude]);
            }
            i += 1;
        }
        let facts = &mut self.facts;
        plain(within, &mut |selector, pseudo| {
            if !told.lost.is_empty() {
                fill(facts, b"\x1elost\x1f$\x1f$\x1f$", &[selector, pseudo, &told.lost]);
            }
            if told.escapes {
                fill(facts, b"\x1eescapes\x1f$", &[selector]);
            }
            if told.counts {
                fill(facts, b"\x1ecounters\x1f$", &[selector]);
            }
        });
    }

    fn rule(&mut self, prelude: &[u8], body: &[u8], within: &[u8]) {
        let Some(at) = prelude.strip_prefix(b"@") else {
            return self.style(prelude, body, within);
        };
        let end = at.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'-')).unwrap_or(at.len());
        let name = &at[..end];
        let inner_is_rules = within.is_empty();
        if is_one_of(b"media,supports", name) {
            if (self.holds)(at) {
                self.block(body, within, inner_is_rules);
            }
        } else if is_one_of(b"layer,container", name) {
            fill(&mut self.css, b"${", &[prelude]);
            self.block(body, within, inner_is_rules);
            self.css.push(b'}');
        } else if name == b"scope" {
            // `(from) to (until)`: each end a list of selectors.
            let mut i = end;
            add(&mut self.css, b"@scope");
            while i < at.len() {
                let from = i;
                i = skip(at, i);
                if at[from] == b'(' {
                    self.css.push(b'(');
                    rewrite(&mut self.css, &mut self.facts, inside(&at[from..i]), self.scope);
                    self.css.push(b')');
                } else {
                    add(&mut self.css, &at[from..i]);
                }
            }
            self.css.push(b'{');
            let scope = std::mem::take(&mut self.scope);
            self.block(body, within, inner_is_rules);
            self.scope = scope;
            self.css.push(b'}');
        } else if name == b"font-face" {
            self.face(body);
        } else if is_one_of(
            b"property,counter-style,font-feature-values,font-palette-values,position-try,function",
            name,
        ) {
            fill(&mut self.css, b"${$}", &[prelude, body]);
        }
        // Nothing moves in a picture, it is not printed, and it does not begin.
    }

    fn style(&mut self, selector: &[u8], body: &[u8], within: &[u8]) {
        let mut target = Vec::new();
        if within.is_empty() {
            add(&mut target, selector);
        } else if has(selector, b"&") {
            for byte in selector {
                match byte {
                    b'&' => fill(&mut target, b":is($)", &[within]),
                    byte => target.push(*byte),
                }
            }
        } else {
            fill(&mut target, b":is($) $", &[within, selector]);
        }
        rewrite(&mut self.css, &mut self.facts, selector, self.scope);
        self.css.push(b'{');
        self.block(body, &target, false);
        self.css.push(b'}');
    }

    fn declaration(&mut self, text: &[u8], within: &[u8], told: &mut Told) {
        let (name, value) = halves(text, b':');
        let (name, value) = (name.trim_ascii(), value.trim_ascii());
        if name.is_empty() {
            return;
        }
        if value.is_empty() && !name.starts_with(b"--") {
            if !told.lost.is_empty() {
                told.lost.push(b',');
            }
            return add(&mut told.lost, name);
        }
        told.escapes |= if name == b"position" {
            !is_one_of(b"static,relative", value)
        } else if is_one_of(b"transform,translate,rotate,scale,offset", name) {
            value != b"none"
        } else {
            (name.starts_with(b"margin") || is_one_of(b"inset,top,left", name)) && is_in(b'-', value)
        };
        told.counts |= name.starts_with(b"counter-") && value != b"none";
        fill(&mut self.css, b"$:", &[name]);
        self.value(value, if name == b"cursor" { None } else { Some(within) });
        self.css.push(b';');
    }

    /// Writes a value, the addresses of its images marked: those that elements of `within` may show, or, for
    /// fonts and cursors, of nobody in particular.
    fn value(&mut self, mut value: &[u8], within: Option<&[u8]>) {
        loop {
            let at = find(value, b"url(");
            add(&mut self.css, &value[..at]);
            if at == value.len() {
                return;
            }
            let end = skip(value, at + 3);
            let mut address = inside(&value[at + 3..end]).trim_ascii();
            if matches!(address.first(), Some(b'"' | b'\'')) {
                address = inside(address);
            }
            // `url(#clip)` points into the clone, and what is data already needs no fetching.
            match within {
                Some(within) if !address.starts_with(b"#") && !address.starts_with(b"data:") => {
                    fill(&mut self.css, b"url(\"\x02$\x03\")", &[address]);
                    let facts = &mut self.facts;
                    if !within.is_empty() {
                        plain(within, &mut |selector, _| {
                            fill(facts, b"\x1eimages\x1f$\x1f$", &[address, selector]);
                        });
                    }
                }
                _ => add(&mut self.css, &value[at..end]),
            }
            value = &value[end..];
        }
    }

    fn face(&mut self, body: &[u8]) {
        add(&mut self.facts, b"\x1efaces");
        let mut i = 0;
        while i < body.len() {
            let from = i;
            i = until(body, i, b";");
            fill(&mut self.facts, b"\x1f$", &[body[from..i].trim_ascii()]);
            i += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replay(text: &str) -> (String, Vec<String>) {
        let holds = |condition: &[u8]| !has(condition, b"print") && !has(condition, b"nonsense");
        let mut replay = Replay { scope: b"", css: Vec::new(), facts: Vec::new(), holds: &holds };
        replay.block(text.as_bytes(), b"", true);
        let text = |bytes| String::from_utf8(bytes).expect("only whole characters are passed on");
        let facts = text(replay.facts);
        (text(replay.css), facts.split('\u{1e}').skip(1).map(|fact| fact.replace('\u{1f}', "|")).collect())
    }

    fn check(from: &str, to: &str, facts: &[&str]) {
        let (css, learnt) = replay(from);
        assert_eq!(css, to);
        assert_eq!(learnt, facts);
    }

    #[test]
    fn conditions_are_decided_now() {
        check("@media screen{a{b:c}}@media print{d{e:f}}@supports (x:nonsense){g{h:i}}", "a{b:c;}", &[]);
    }

    #[test]
    fn layers_and_containers_pass() {
        check(
            "@layer x,y;@layer x{a{b:c}}@container (width > 1px){a{b:c}}@keyframes k{from{a:b}}",
            "@layer x,y;@layer x{a{b:c;}}@container (width > 1px){a{b:c;}}",
            &[],
        );
    }

    #[test]
    fn nested_rules_stay_nested() {
        check(
            "a { color: red; & b { position: absolute; } > c { x: y } @media screen { d: e; } }",
            "a{color:red;& b{position:absolute;}> c{x:y;}d:e;}",
            &["escapes|:is(a) b"],
        );
    }

    #[test]
    fn scopes_keep_their_ends() {
        check(
            "@scope (a:hover) to (.b){c{d:e}}",
            "@scope (a[ds-hover]) to (.b){c{d:e;}}",
            &["states|:hover|ds-hover"],
        );
    }

    #[test]
    fn values_that_the_browser_forgot_are_listed() {
        check(
            ".c::after { inset: ; bottom: 20px; top: ; }",
            ".c::after{bottom:20px;}",
            &["lost|.c|::after|inset,top"],
        );
    }

    #[test]
    fn what_stands_outside_its_parent_is_told_once() {
        check(
            "a,b{position:fixed;margin:0 -3px;counter-reset:x}",
            "a,b{position:fixed;margin:0 -3px;counter-reset:x;}",
            &["escapes|a", "counters|a", "escapes|b", "counters|b"],
        );
        check(
            "a{position:relative;transform:none;inset:0}",
            "a{position:relative;transform:none;inset:0;}",
            &[],
        );
    }

    #[test]
    fn images_leave_marks_and_fonts_their_sources() {
        check(
            "a{background:url(\"x y.png\") 0 0;mask:url(#m)}@font-face{font-family:F;src:local(G),url(f.woff2) format(\"woff2\")}",
            "a{background:url(\"\u{2}x y.png\u{3}\") 0 0;mask:url(#m);}",
            &["images|x y.png|a", "faces|font-family:F|src:local(G),url(f.woff2) format(\"woff2\")"],
        );
    }

    #[test]
    fn raw_text_with_comments_strings_and_data_is_understood() {
        check(
            "/* } */ a{b:\"}\";--x:{;};c:url(data:image/png;base64,AA==)}",
            "a{b:\"}\";--x:{;};c:url(data:image/png;base64,AA==);}",
            &[],
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z{}();:@\"'\\\\/*,. \\[\\]#é-]{0,80}") {
            replay(&text);
        }
        #[test]
        fn braces_of_the_output_match(text in "([a-z]{1,3}( [a-z]{1,3})?\\{([a-z]{1,4}:[a-z0-9 ]{1,5};){0,3}\\}){0,5}") {
            let (css, _) = replay(&text);
            prop_assert_eq!(css.matches('{').count(), css.matches('}').count());
        }
    }
}
