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
    /// Adds what `shape` says: `<name#hook` starts an element (events find their way back by its hook, which may be
    /// empty), `|name=value` gives it an attribute (`value` and `checked` are set as properties), `\"` starts a text,
    /// `>` ends the element, and every `$` is the next of `values`, whatever stands in it.
    ///
    /// A shape is data and hardly more than what it says; a call for each of its pieces would be code.
    #[inline(never)]
    pub(crate) fn put(&mut self, shape: &str, values: &[&str]) {
        let mut values = values.iter();
        for byte in shape.bytes() {
            let char = match byte {
                b'<' => OPEN,
                b'|' => ATTRIBUTE,
                b'"' => TEXT,
                b'>' => CLOSE,
                b'$' => {
                    self.0.push_str(values.next().unwrap_or(&""));
                    continue;
                }
                byte => char::from(byte),
            };
            self.0.push(char);
        }
    }

    /// The whole stream.
    pub(crate) fn end(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_filled_in_order_and_its_values_are_no_markup() {
        let mut page = Page::default();
        page.put("<p#a|title=$\"$>", &["x", "<b>$"]);
        assert_eq!(page.end(), "\u{1}p#a\u{2}title=x\u{3}<b>$\u{4}");
    }
}
