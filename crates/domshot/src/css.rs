//! Stylesheet text, taken apart just far enough to be replayed in the clone.

use crate::selector::{Scope, States, plain, rewrite, skip, split};
use crate::text::{self, decimal, fill, filled, find, is_one_of};

/// What only a browser can answer about a condition at the moment of capture.
pub(crate) trait Conditions {
    fn media(&self, query: &str) -> bool;
    fn supports(&self, condition: &str) -> bool;
    /// `url` against the address of the sheet it stands in.
    fn resolve(&self, url: &str, base: &str) -> String;
}

/// Where a rule stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    /// Selector of the rule around this one, for nesting.
    pub(crate) within: &'a str,
}

/// An image that a rule names.
pub(crate) struct Image {
    /// Plain selectors of the elements that may show it; empty for inline styles.
    pub(crate) selectors: Vec<String>,
    pub(crate) url: String,
    /// The property that names it.
    pub(crate) property: String,
    /// The largest box that it covers, in CSS pixels, where its own size does not matter.
    pub(crate) fit: Option<(f64, f64)>,
}

/// Longhands whose value the browser no longer tells, because a shorthand with `var()` was set before them.
pub(crate) struct Lost {
    pub(crate) selector: String,
    pub(crate) pseudo: String,
    /// Comma-separated.
    pub(crate) longhands: String,
}

/// A `@font-face` rule.
pub(crate) struct Face {
    pub(crate) descriptors: Vec<(String, String)>,
    /// Candidate addresses, in order.
    pub(crate) urls: Vec<String>,
}

/// Opens and closes the place of an image's data in the replayed text: control characters, as [`crate::selector::SCOPE`].
pub(crate) const HOLE: char = '\u{2}';
pub(crate) const HOLE_END: char = '\u{3}';

/// Everything learnt from the sheets of one tree or of many.
#[derive(Default)]
pub(crate) struct Replay {
    pub(crate) css: String,
    pub(crate) states: States,
    pub(crate) images: Vec<Image>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) faces: Vec<Face>,
    /// Plain selectors of what may stand outside its parent's box.
    pub(crate) escapes: Vec<String>,
    /// Plain selectors of what counts.
    pub(crate) counters: Vec<String>,
    /// Rules count children from the end, so none may be cut off there.
    pub(crate) counts_from_end: bool,
    /// CSS pixels of 1vw and 1vh where the drawing is not as large as the viewport.
    pub(crate) viewport_unit: Option<(f64, f64)>,
    /// The document is in quirks mode: classes and ids match without regard to case.
    pub(crate) quirks: bool,
    /// The colour scheme that `light dark` means now.
    pub(crate) dark: bool,
}

impl Replay {
    /// Takes in rules as the CSSOM or a server wrote them.
    pub(crate) fn rules(&mut self, text: &str, place: Place<'_>, env: &dyn Conditions) {
        let bytes = text.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i].is_ascii_whitespace() || matches!(bytes[i], b';' | b'}') {
                i += 1;
            } else if bytes[i] == b'/' && bytes.get(i + 1) == Some(&b'*') {
                i = skip(text, i);
            } else {
                let from = i;
                while i < bytes.len() && !matches!(bytes[i], b'{' | b';') {
                    i = skip(text, i);
                }
                let prelude = text[from..i].trim();
                if bytes.get(i) == Some(&b'{') {
                    let end = skip(text, i);
                    let body = &text[i + 1..end];
                    self.rule(prelude, body.strip_suffix('}').unwrap_or(body), place, env);
                    i = end;
                } else if prelude.starts_with("@layer") || prelude.starts_with("@namespace") {
                    self.wrap(prelude, ";");
                }
            }
        }
    }

    fn wrap(&mut self, a: &str, b: &str) {
        fill(&mut self.css, "$$", &[a, b]);
    }

    fn rule(&mut self, prelude: &str, body: &str, place: Place<'_>, env: &dyn Conditions) {
        let Some(at) = prelude.strip_prefix('@') else {
            return self.style(prelude, body, place, env);
        };
        let end = at.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'-')).unwrap_or(at.len());
        let (name, condition) = (&at[..end], at[end..].trim());
        match name {
            "media" if !env.media(condition) => {}
            "supports" if !env.supports(condition) => {}
            "media" | "supports" => self.inner(body, place, env),
            "layer" | "container" => {
                self.wrap(prelude, "{");
                self.inner(body, place, env);
                self.css.push('}');
            }
            "scope" => {
                let ends = split_scope(condition);
                self.css.push_str("@scope");
                for (word, list) in ends {
                    let list = rewrite(list, place.scope, &mut self.states);
                    fill(&mut self.css, " $($)", &[word, &list]);
                }
                self.css.push('{');
                let nested = Place { scope: Scope::Inner, ..place };
                self.inner(body, nested, env);
                self.css.push('}');
            }
            "font-face" => self.face(body, place, env),
            _ if is_one_of(
                "property,counter-style,font-feature-values,font-palette-values,position-try,function",
                name,
            ) =>
            {
                self.wrap(prelude, "{");
                self.wrap(body, "}");
            }
            // Nothing moves in a picture, it is not printed, and it does not begin.
            _ => {}
        }
    }

    /// The inside of a conditional: rules, or, within a style rule, declarations too.
    fn inner(&mut self, body: &str, place: Place<'_>, env: &dyn Conditions) {
        if place.within.is_empty() {
            self.rules(body, place, env);
        } else {
            self.block(body, place, env);
        }
    }

    fn style(&mut self, selector: &str, body: &str, place: Place<'_>, env: &dyn Conditions) {
        let target = if place.within.is_empty() {
            selector.to_string()
        } else if selector.contains('&') {
            selector.replace('&', &filled(":is($)", &[place.within]))
        } else {
            filled(":is($) $", &[place.within, selector])
        };
        if find(selector, ":nth-last").is_some() {
            self.counts_from_end = true;
        }
        let lower = if self.quirks { selector.to_ascii_lowercase() } else { String::new() };
        let selector = if self.quirks { &lower } else { selector };
        let written = rewrite(selector, place.scope, &mut self.states);
        self.wrap(&written, "{");
        self.block(body, Place { within: &target, ..place }, env);
        self.css.push('}');
    }

    /// Declarations and nested rules, in their order.
    fn block(&mut self, body: &str, place: Place<'_>, env: &dyn Conditions) {
        let bytes = body.as_bytes();
        let (mut i, mut from) = (0, 0);
        while i < bytes.len() {
            match bytes[i] {
                b';' => {
                    self.declarations(&body[from..i], place, env);
                    i += 1;
                    from = i;
                }
                b'{' if !body[from..i].trim_start().starts_with("--") => {
                    let end = skip(body, i);
                    self.rule(body[from..i].trim(), body[i + 1..end].trim_end_matches('}'), place, env);
                    i = end;
                    from = i;
                }
                _ => i = skip(body, i),
            }
        }
        self.declarations(&body[from..], place, env);
    }

    fn declarations(&mut self, text: &str, place: Place<'_>, env: &dyn Conditions) {
        let Some((name, value)) = text.split_once(':') else { return };
        let (name, value) = (name.trim(), value.trim());
        if value.is_empty() && !name.starts_with("--") {
            for (selector, pseudo) in plain(place.within) {
                match self.lost.last_mut() {
                    Some(l) if l.selector == selector && l.pseudo == pseudo => {
                        fill(&mut l.longhands, ",$", &[name])
                    }
                    _ => self.lost.push(Lost { selector, pseudo, longhands: name.into() }),
                }
            }
            return;
        }
        self.learn(name, value, place.within);
        let value = self.value(name, value, place, env);
        self.wrap(name, ":");
        self.wrap(&value, ";");
    }

    /// One declaration's value as it must read in the clone.
    pub(crate) fn value(
        &mut self,
        name: &str,
        value: &str,
        place: Place<'_>,
        env: &dyn Conditions,
    ) -> String {
        let mut out = value.to_string();
        if name == "color-scheme" && find(value, "light").is_some() && find(value, "dark").is_some() {
            out = if self.dark { "dark".into() } else { "light".into() };
        }
        if let Some(unit) = self.viewport_unit {
            out = viewport_lengths(&out, unit);
        }
        if find(&out, "url(").is_some() {
            out = map_urls(&out, &mut |url| self.image(url, name, place, env));
        }
        out
    }

    fn image(&mut self, url: &str, property: &str, place: Place<'_>, env: &dyn Conditions) -> String {
        // `url(#clip)` points into the clone, and what is data already needs no fetching.
        if url.starts_with('#') || url.starts_with("data:") || property == "cursor" {
            return url.into();
        }
        let url = env.resolve(url, place.base);
        if let Some((page, fragment)) = url.split_once('#')
            && page == env.resolve("", "")
        {
            return filled("#$", &[fragment]);
        }
        let selectors: Vec<String> = plain(place.within).into_iter().map(|(s, _)| s).collect();
        self.images.push(Image { selectors, url, property: property.into(), fit: None });
        hole(self.images.len() - 1)
    }

    fn face(&mut self, body: &str, place: Place<'_>, env: &dyn Conditions) {
        let mut face = Face { descriptors: Vec::new(), urls: Vec::new() };
        for declaration in split(body, b';') {
            if let Some((name, value)) = declaration.split_once(':') {
                let (name, value) = (name.trim(), value.trim());
                if name == "src" {
                    face.urls.clear();
                    map_urls(value, &mut |url| {
                        face.urls.push(env.resolve(url, place.base));
                        String::new()
                    });
                } else {
                    face.descriptors.push((name.into(), value.into()));
                }
            }
        }
        self.faces.push(face);
    }

    /// What the walk must know before it may leave anything out.
    fn learn(&mut self, name: &str, value: &str, selector: &str) {
        let escapes = match name {
            "position" => !matches!(value, "static" | "relative"),
            _ if is_one_of("transform,translate,rotate,scale,offset", name) => value != "none",
            _ => (name.starts_with("margin") || is_one_of("inset,top,left", name)) && value.contains('-'),
        };
        if escapes {
            self.escapes.extend(plain(selector).into_iter().map(|(s, _)| s));
        }
        if name.starts_with("counter-") && value != "none" {
            self.counters.extend(plain(selector).into_iter().map(|(s, _)| s));
        }
    }
}

/// The mark that stands for the data of image `index`.
pub(crate) fn hole(index: usize) -> String {
    filled("\u{2}$\u{3}", &[&text::number(index)])
}

/// `(from) to (until)` of an `@scope` rule.
fn split_scope(condition: &str) -> Vec<(&str, &str)> {
    let (mut ends, mut i, mut word) = (Vec::new(), 0, "");
    while i < condition.len() {
        let end = skip(condition, i);
        if condition.as_bytes()[i] == b'(' {
            ends.push((word, condition[i + 1..end].trim_end_matches(')')));
        } else if condition[i..].starts_with("to") {
            word = "to ";
        }
        i = end;
    }
    ends
}

/// `value` with every `url()` replaced by what `map` makes of its address.
pub(crate) fn map_urls(value: &str, map: &mut dyn FnMut(&str) -> String) -> String {
    let (mut out, mut rest) = (String::with_capacity(value.len()), value);
    while let Some(at) = find(rest, "url(") {
        let end = skip(rest, at + 3);
        let inside = rest[at + 4..end].strip_suffix(')').unwrap_or(&rest[at + 4..end]).trim();
        let address = unescape(inside.trim_matches(['"', '\'']));
        let mapped = map(&address);
        out.push_str(&rest[..at]);
        out.push_str("url(\"");
        for c in mapped.chars() {
            if matches!(c, '"' | '\\' | '\n') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push_str("\")");
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// CSS escapes resolved.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let mut code = 0_u32;
        let mut digits = 0;
        while let Some(d) = chars.peek().and_then(|c| c.to_digit(16)).filter(|_| digits < 6) {
            code = code * 16 + d;
            digits += 1;
            chars.next();
        }
        if digits == 0 {
            out.extend(chars.next());
        } else {
            out.extend(char::from_u32(code));
            chars.next_if(|c| c.is_ascii_whitespace());
        }
    }
    out
}

/// `value` with viewport lengths (`50vh`, `10dvw`, …) in pixels, `unit` being 1vw and 1vh.
fn viewport_lengths(value: &str, unit: (f64, f64)) -> String {
    let bytes = value.as_bytes();
    let (mut out, mut i) = (String::with_capacity(value.len()), 0);
    while i < bytes.len() {
        let starts = bytes[i].is_ascii_digit() || bytes[i] == b'.';
        let inside_word =
            i > 0 && (bytes[i - 1].is_ascii_alphanumeric() || matches!(bytes[i - 1], b'_' | b'#'));
        if !starts || inside_word {
            let end = if matches!(bytes[i], b'"' | b'\'') { skip(value, i) } else { skip_char(value, i) };
            out.push_str(&value[i..end]);
            i = end;
            continue;
        }
        let from = i;
        while i < bytes.len() && (bytes[i].is_ascii_digit() || bytes[i] == b'.') {
            i += 1;
        }
        let amount = &value[from..i];
        let unit_from = i;
        while i < bytes.len() && bytes[i].is_ascii_alphabetic() {
            i += 1;
        }
        let (w, h) = unit;
        let unit_name = value[unit_from..i].trim_start_matches(['s', 'l', 'd']);
        let pixels = match unit_name {
            "vw" | "vi" => w,
            "vh" | "vb" => h,
            "vmin" => w.min(h),
            "vmax" => w.max(h),
            _ => 0.0,
        };
        if pixels > 0.0 {
            out.push_str(&text::pixels(decimal(amount) * pixels));
            out.push_str("px");
        } else {
            out.push_str(&value[from..i]);
        }
    }
    out
}

fn skip_char(text: &str, at: usize) -> usize {
    let mut end = at + 1;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Desk;
    impl Conditions for Desk {
        fn media(&self, query: &str) -> bool {
            query.contains("screen")
        }
        fn supports(&self, condition: &str) -> bool {
            !condition.contains("nonsense")
        }
        fn resolve(&self, url: &str, base: &str) -> String {
            [base, url].concat()
        }
    }

    fn replay(text: &str) -> Replay {
        let mut replay = Replay::default();
        replay.rules(text, Place { base: "b/", scope: Scope::Inner, within: "" }, &Desk);
        replay
    }

    #[test]
    fn conditions_are_decided_now() {
        let css = replay("@media screen{a{b:c}}@media print{d{e:f}}@supports (x:nonsense){g{h:i}}").css;
        assert_eq!(css, "a{b:c;}");
    }

    #[test]
    fn layers_and_containers_pass() {
        let css =
            replay("@layer x,y;@layer x{a{b:c}}@container (width > 1px){a{b:c}}@keyframes k{from{a:b}}").css;
        assert_eq!(css, "@layer x,y;@layer x{a{b:c;}}@container (width > 1px){a{b:c;}}");
    }

    #[test]
    fn nested_rules_stay_nested() {
        let r = replay("a { color: red; & b { position: absolute; } > c { x: y } }");
        assert_eq!(r.css, "a{color:red;& b{position:absolute;}> c{x:y ;}}".replace("y ;", "y;"));
        assert_eq!(r.escapes, [":is(a) b"]);
    }

    #[test]
    fn values_that_the_browser_forgot_are_listed() {
        let r = replay(".c::after { inset: ; bottom: 20px; top: ; }");
        assert_eq!(r.css, ".c::after{bottom:20px;}");
        assert_eq!(r.lost[0].longhands, "inset,top");
        assert_eq!((r.lost[0].selector.as_str(), r.lost[0].pseudo.as_str()), (".c", "::after"));
    }

    #[test]
    fn images_leave_holes_and_fonts_their_sources() {
        let r = replay(
            "a{background:url(\"x y.png\") 0 0}@font-face{font-family:F;src:local(G),url(f.woff2) format(\"woff2\")}",
        );
        assert_eq!(r.css, "a{background:url(\"\u{2}0\u{3}\") 0 0;}");
        assert_eq!(r.images[0].url, "b/x y.png");
        assert_eq!(r.faces[0].urls, ["b/f.woff2"]);
    }

    #[test]
    fn raw_text_with_comments_strings_and_data_is_understood() {
        let r = replay("/* } */ a{b:\"}\";--x:{;};c:url(data:image/png;base64,AA==)}");
        assert_eq!(r.css, "a{b:\"}\";--x:{;};c:url(\"data:image/png;base64,AA==\");}");
    }

    #[test]
    fn viewport_lengths_become_pixels() {
        assert_eq!(
            viewport_lengths("calc(50vh - 1.5dvw) vh2 #1vh", (10.0, 8.0)),
            "calc(400px - 15px) vh2 #1vh"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z{}();:@\"'\\\\/*,. \\[\\]#é-]{0,80}") {
            replay(&text);
        }
        #[test]
        fn braces_of_the_output_match(text in "([a-z]{1,3}( [a-z]{1,3})?\\{([a-z]{1,4}:[a-z0-9 ]{1,5};){0,3}\\}){0,5}") {
            let css = replay(&text).css;
            prop_assert_eq!(css.matches('{').count(), css.matches('}').count());
        }
    }
}
