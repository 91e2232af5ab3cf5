//! The dialog's words in the visitor's language.

use crate::scene::Point;

macro_rules! keys {
    ($($variant:ident $name:literal)+) => {
        /// One text. The order is that of `locales/en.json`, by which a shipped locale is a plain list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(dead_code, reason = "names in a row are reached by number")]
        pub(crate) enum Key { $($variant),+ }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];
    };
}

keys! {
    Title "title" Close "close" Taking "taking"
    Ways "ways" Page "page" Screen "screen" ScreenHint "screen_hint" ScreenNone "screen_none"
    File "file" FileHint "file_hint" Fresh "fresh"
    WhyPage "why_page" WhyRefused "why_refused" WhyScreen "why_screen" WhyFile "why_file" WhyBig "why_big"
    Tool "tool" Box "box" Arrow "arrow" Pen "pen" Highlighter "highlighter" Text "text" Pin "pin"
    Blackout "blackout" Crop "crop"
    Colour "colour" Red "red" Yellow "yellow" Green "green" Blue "blue" Black "black" White "white"
    Undo "undo" Redo "redo" ZoomOut "zoom_out" ZoomIn "zoom_in" ZoomFit "zoom_fit"
    Picture "picture" Help "help" Typed "typed" Add "add" Cancel "cancel"
    Started "started" At "at" Span "span" Added "added" Removed "removed" Cancelled "cancelled"
    Undone "undone" Redone "redone"
    Marks "marks" Remove "remove"
    Notes "notes" NotesNone "notes_none" NoteRaw "note_raw"
    NoteMasked "note_masked" NoteHidden "note_hidden" NoteImage "note_image" NoteCanvas "note_canvas"
    NoteFrame "note_frame" NoteVideo "note_video" NoteFont "note_font" NoteStylesheet "note_stylesheet"
    NoteClosedShadow "note_closed_shadow" NoteDeadline "note_deadline" NoteScaled "note_scaled"
    Size "size" Encoding "encoding" Use "use" Review "review" Attach "attach" Back "back"
    Leave "leave" Discard "discard" Keep "keep"
}

/// One language's texts.
#[derive(Default)]
pub(crate) struct Texts {
    locale: String,
    texts: Vec<String>,
}

impl Texts {
    /// From a shipped locale: the texts in the order of the keys.
    pub(crate) fn new(locale: String, texts: Vec<String>) -> Self {
        Self { locale, texts }
    }

    /// The BCP 47 tag of the language.
    pub(crate) fn locale(&self) -> &str {
        &self.locale
    }

    /// Whether the language is written from right to left.
    pub(crate) fn is_rtl(&self) -> bool {
        matches!(self.locale.split('-').next(), Some("ar" | "fa" | "he" | "ur"))
    }

    /// The text as it stands; empty where a shipped locale lacks it.
    pub(crate) fn get(&self, key: Key) -> &str {
        self.nth(key, 0)
    }

    /// The text that many places after `key`.
    #[inline(never)]
    pub(crate) fn nth(&self, key: Key, places: usize) -> &str {
        self.texts.get(key as usize + places).map_or("", String::as_str)
    }

    /// The text with its `{name}` places taken by the values, whatever their order.
    #[inline(never)]
    pub(crate) fn with(&self, key: Key, values: &[(&str, &str)]) -> String {
        fill(self.get(key), values)
    }
}

/// `text` with each `{name}` place taken by its value.
#[inline(never)]
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for piece in text.split('{') {
        match piece.split_once('}') {
            Some((place, after)) => {
                out.push_str(values.iter().find(|(name, _)| *name == place).map_or("", |(_, value)| value));
                out.push_str(after);
            }
            None => out.push_str(piece),
        }
    }
    out
}

/// Writes a number in digits, without the formatting that `core::fmt` would bring.
#[inline(never)]
pub(crate) fn push_number(out: &mut String, number: i32) {
    if number < 0 {
        out.push('-');
    }
    let mut rest = number.unsigned_abs();
    let mut unit = 1;
    while rest / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        out.push(char::from(b'0' + (rest / unit) as u8));
        rest %= unit;
        unit /= 10;
    }
}

/// A number in digits.
pub(crate) fn number(number: i32) -> String {
    let mut out = String::new();
    push_number(&mut out, number);
    out
}

/// A place on the picture as people read it: `120, 80`.
pub(crate) fn place(point: Point) -> String {
    let mut out = number(point.x);
    out.push_str(", ");
    push_number(&mut out, point.y);
    out
}

#[cfg(test)]
pub(crate) fn english() -> Texts {
    Texts::new("en".into(), shipped(include_str!("../locales/en.json")))
}

#[cfg(test)]
fn shipped(source: &str) -> Vec<String> {
    let map: std::collections::BTreeMap<String, String> = serde_json::from_str(source).unwrap();
    assert_eq!(map.len(), NAMES.len());
    NAMES.iter().map(|name| map[*name].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{COLOURS, TOOLS};

    /// The `{…}` places of a text, sorted.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn keys_stand_in_the_order_of_the_english_file() {
        let source = include_str!("../locales/en.json");
        let mut from = 0;
        for name in NAMES {
            let quoted = format!("\"{name}\": ");
            let at =
                source[from..].find(&quoted).unwrap_or_else(|| panic!("{name} is missing or out of order"));
            from += at + quoted.len();
        }
    }

    #[test]
    fn every_language_says_everything_with_the_same_places() {
        let english = shipped(include_str!("../locales/en.json"));
        let mut languages = 0;
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/locales")).unwrap() {
            let path = entry.unwrap().path();
            for ((text, original), name) in
                shipped(&std::fs::read_to_string(&path).unwrap()).iter().zip(&english).zip(NAMES)
            {
                assert!(!text.trim().is_empty(), "{name} in {path:?}");
                assert_eq!(places(text), places(original), "{name} in {path:?}");
            }
            languages += 1;
        }
        assert_eq!(languages, 12);
    }

    #[test]
    fn names_in_a_row_stand_in_the_order_of_what_they_name() {
        assert_eq!(Key::Crop as usize - Key::Box as usize + 1, TOOLS.len());
        for (at, tool) in TOOLS.into_iter().enumerate() {
            assert_eq!(tool as usize, at);
            assert_eq!(NAMES[Key::Box as usize + at], format!("{tool:?}").to_lowercase());
        }
        assert_eq!(Key::White as usize - Key::Red as usize + 1, COLOURS.len());
        for (at, note) in domshot::NOTES.into_iter().enumerate() {
            assert_eq!(
                NAMES[Key::NoteMasked as usize + at],
                format!("note_{}", note.code().replace('-', "_"))
            );
        }
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_would() {
        for value in [0, 7, 10, -1, 99, 100, 1_234_567, i32::MAX, i32::MIN] {
            assert_eq!(number(value), value.to_string());
        }
        assert_eq!(place(Point { x: 120, y: 80 }), "120, 80");
    }

    #[test]
    fn places_are_taken_by_name_in_any_order() {
        assert_eq!(fill("{b}: {a}{b}", &[("a", "{x}"), ("b", "B")]), "B: {x}B");
        assert_eq!(fill("no place", &[]), "no place");
    }
}
