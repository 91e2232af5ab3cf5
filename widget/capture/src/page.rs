//! What the dialog is to look like, written as one stream: a plain text that knows no browser.
//!
//! A tree of nodes, as the panel builds it, would be copied and dropped by code that weighs more than the whole view;
//! a stream is only appended to, and crosses to the page in one call. `js/stage.js` reads it while it walks the
//! elements that are there, and changes what differs.

/// Starts an element: its name, and after a `#` its hook.
pub(crate) const OPEN: char = '\u{1}';
/// Starts an attribute: its name, and after a `=` its value.
pub(crate) const ATTRIBUTE: char = '\u{2}';
/// Starts a text.
pub(crate) const TEXT: char = '\u{3}';
/// Ends an element.
pub(crate) const CLOSE: char = '\u{4}';

/// A page in the making.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    /// Starts an element; events find their way back by its hook, which may be empty.
    #[inline(never)]
    pub(crate) fn open(&mut self, tag: &str, hook: &str) -> &mut Self {
        self.piece(OPEN, tag, '#', hook)
    }

    /// Gives the element just started an attribute. `value` and `checked` are set as properties.
    #[inline(never)]
    pub(crate) fn with(&mut self, name: &str, value: &str) -> &mut Self {
        self.piece(ATTRIBUTE, name, '=', value)
    }

    /// Gives the element just started an attribute, present and empty, if `on`.
    #[inline(never)]
    pub(crate) fn flag(&mut self, name: &str, on: bool) -> &mut Self {
        if on { self.with(name, "") } else { self }
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(TEXT);
        self.0.push_str(text);
        self
    }

    #[inline(never)]
    pub(crate) fn close(&mut self) -> &mut Self {
        self.0.push(CLOSE);
        self
    }

    /// The whole stream.
    pub(crate) fn end(self) -> String {
        self.0
    }

    fn piece(&mut self, kind: char, name: &str, sign: char, value: &str) -> &mut Self {
        self.0.push(kind);
        self.0.push_str(name);
        self.0.push(sign);
        self.0.push_str(value);
        self
    }
}
