//! What the view wants the panel to look like: a plain tree that knows no browser.
//!
//! It lies flat, one list of tokens over one text. The view says it hundreds of times, and a tree of boxes would pay
//! for each of them with an allocation, a move and a drop: a tenth of the widget, measured.

use std::ops::Range;

/// The attribute by which events find their way back: it names what the element is for.
pub(crate) const HOOK: &str = "data-t";

/// Elements, attributes and texts in the order of the document.
#[derive(Default)]
pub(crate) struct Tree {
    tokens: Vec<Token>,
    words: String,
}

enum Token {
    /// Its attributes follow, then its children, up to `end`.
    Element { tag: &'static str, end: usize },
    /// `value` and `checked` are set as properties: they are the live state of a field.
    Attribute { name: &'static str, value: Range<usize> },
    /// Also the stand-in for a part that is not there at the moment: it keeps its neighbours in place, so that the
    /// field a visitor types in is never drawn anew.
    Text(Range<usize>),
}

/// One element or text of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    tree: &'a Tree,
    at: usize,
}

/// Builds. What is not generic is not inlined either: it is called hundreds of times.
impl Tree {
    /// An element, and what `inside` puts there: its attributes first.
    ///
    /// `shape` is `TAG.CLASS` and then, each after a space, `NAME=VALUE`, `NAME` alone, or `@HOOK`.
    #[inline(always)]
    pub(crate) fn element(&mut self, shape: &'static str, inside: impl FnOnce(&mut Self)) {
        let at = self.open(shape);
        inside(self);
        self.close(at);
    }

    /// What `inside` puts there, or something that keeps its place.
    #[inline(always)]
    pub(crate) fn maybe(&mut self, is_there: bool, inside: impl FnOnce(&mut Self)) {
        if is_there { inside(self) } else { self.text("") }
    }

    /// An element with nothing but a text.
    #[inline(never)]
    pub(crate) fn leaf(&mut self, shape: &'static str, text: &str) {
        let at = self.open(shape);
        self.text(text);
        self.close(at);
    }

    /// A text.
    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) {
        let words = self.keep(text, "");
        self.tokens.push(Token::Text(words));
    }

    /// An attribute of the element just begun.
    #[inline(never)]
    pub(crate) fn attr(&mut self, name: &'static str, value: &str) {
        self.joined(name, value, "");
    }

    /// An attribute whose value is one text after another.
    #[inline(never)]
    pub(crate) fn joined(&mut self, name: &'static str, first: &str, second: &str) {
        let value = self.keep(first, second);
        self.tokens.push(Token::Attribute { name, value });
    }

    /// An attribute, present and empty, if `on`.
    pub(crate) fn flag(&mut self, name: &'static str, on: bool) {
        if on {
            self.attr(name, "");
        }
    }

    #[inline(never)]
    fn open(&mut self, shape: &'static str) -> usize {
        let at = self.tokens.len();
        let (name, mut rest) = shape.split_once(' ').unwrap_or((shape, ""));
        let (tag, class) = name.split_once('.').unwrap_or((name, ""));
        self.tokens.push(Token::Element { tag, end: at });
        if !class.is_empty() {
            self.attr("class", class);
        }
        while !rest.is_empty() {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name.strip_prefix('@') {
                Some(hook) => self.attr(HOOK, hook),
                None => self.attr(name, value),
            }
            rest = after;
        }
        at
    }

    #[inline(never)]
    fn close(&mut self, at: usize) {
        let now = self.tokens.len();
        if let Some(Token::Element { end, .. }) = self.tokens.get_mut(at) {
            *end = now;
        }
    }

    fn keep(&mut self, first: &str, second: &str) -> Range<usize> {
        let from = self.words.len();
        self.words.push_str(first);
        self.words.push_str(second);
        from..self.words.len()
    }
}

/// Reads.
impl Tree {
    /// The outermost element.
    pub(crate) fn root(&self) -> Option<Node<'_>> {
        (!self.tokens.is_empty()).then_some(Node { tree: self, at: 0 })
    }

    fn words(&self, range: &Range<usize>) -> &str {
        self.words.get(range.clone()).unwrap_or_default()
    }
}

impl<'a> Node<'a> {
    /// The tag of an element; `None` for a text.
    pub(crate) fn tag(self) -> Option<&'static str> {
        match self.tree.tokens.get(self.at)? {
            Token::Element { tag, .. } => Some(tag),
            _ => None,
        }
    }

    /// The text; empty for an element.
    pub(crate) fn text(self) -> &'a str {
        match self.tree.tokens.get(self.at) {
            Some(Token::Text(words)) => self.tree.words(words),
            _ => "",
        }
    }

    /// The element's attributes, in order.
    pub(crate) fn attributes(self) -> impl Iterator<Item = (&'static str, &'a str)> {
        self.tree.tokens.iter().skip(self.at + 1).map_while(move |token| match token {
            Token::Attribute { name, value } => Some((*name, self.tree.words(value))),
            _ => None,
        })
    }

    /// The value of an attribute.
    #[inline(never)]
    pub(crate) fn attribute(self, wanted: &str) -> Option<&'a str> {
        self.attributes().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }

    /// The first child.
    pub(crate) fn first_child(self) -> Option<Self> {
        Self { at: self.at + 1, ..self }.or_later(self.end())
    }

    /// The child after this one, of an element that ends at `end`.
    pub(crate) fn next(self, end: usize) -> Option<Self> {
        Self { at: self.end(), ..self }.or_later(end)
    }

    /// Where this node ends.
    pub(crate) fn end(self) -> usize {
        match self.tree.tokens.get(self.at) {
            Some(Token::Element { end, .. }) => *end,
            _ => self.at + 1,
        }
    }

    /// Whether `other` may be turned into this by changing attributes and children, or the text.
    pub(crate) fn is_same_place(self, other: Self) -> bool {
        self.tag() == other.tag() && self.attribute(HOOK) == other.attribute(HOOK)
    }

    /// This, or the first node after it that is no attribute.
    fn or_later(mut self, end: usize) -> Option<Self> {
        while self.at < end {
            match self.tree.tokens.get(self.at)? {
                Token::Attribute { .. } => self.at += 1,
                _ => return Some(self),
            }
        }
        None
    }
}

#[cfg(test)]
impl Tree {
    /// As indented HTML, for snapshots.
    pub(crate) fn to_html(&self) -> String {
        let mut out = String::new();
        self.root().into_iter().for_each(|root| root.write_html(0, &mut out));
        out
    }

    /// All elements.
    pub(crate) fn walk(&self) -> Vec<Node<'_>> {
        (0..self.tokens.len()).map(|at| Node { tree: self, at }).filter(|node| node.tag().is_some()).collect()
    }
}

#[cfg(test)]
impl Node<'_> {
    fn write_html(self, depth: usize, out: &mut String) {
        let pad = "  ".repeat(depth);
        let Some(tag) = self.tag() else {
            if !self.text().is_empty() {
                out.push_str(&format!("{pad}{}\n", self.text()));
            }
            return;
        };
        out.push_str(&format!("{pad}<{tag}"));
        for (name, value) in self.attributes() {
            out.push_str(&if value.is_empty() { format!(" {name}") } else { format!(" {name}={value:?}") });
        }
        out.push_str(">\n");
        let mut child = self.first_child();
        while let Some(node) = child {
            node.write_html(depth + 1, out);
            child = node.next(self.end());
        }
    }
}

#[cfg(test)]
impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut html = String::new();
        self.write_html(0, &mut html);
        f.write_str(&html)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_is_read_word_by_word() {
        let mut tree = Tree::default();
        tree.element("p.notice @error role=alert hidden", |t| {
            t.joined("id", "fault-", "email");
            t.leaf("b", "No");
            t.maybe(false, |t| t.leaf("i", "never"));
            t.text("!");
        });
        let html = "<p class=\"notice\" data-t=\"error\" role=\"alert\" hidden id=\"fault-email\">\n  <b>\n    No\n  !\n";
        assert_eq!(tree.to_html(), html);
    }
}
