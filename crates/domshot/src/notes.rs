//! What a picture does not show, in words a host can list.

use wasm_bindgen::JsValue;

use crate::page;

/// One reason why something of the page is not in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Covered by a block before the page was drawn.
    Masked,
    /// Left empty at the host's wish.
    Hidden,
    /// An image that another origin does not share, that failed, or that came too late or too big.
    Image,
    /// A canvas that may not be read.
    Canvas,
    /// A frame of another origin, or one that is gone.
    Frame,
    /// A video whose frame may not be read.
    Video,
    /// A font that could not be carried; another one stands in.
    Font,
    /// A stylesheet that may not be read.
    Stylesheet,
    /// A component whose inside is closed to scripts.
    ClosedShadow,
    /// Part of the page, because the deadline came first.
    Deadline,
    /// Detail: the picture is smaller than asked for, to stay within the pixel or byte ceiling.
    Scaled,
}

/// All reasons, in the order of [`Note`]'s declaration.
pub const NOTES: [Note; 11] = [
    Note::Masked,
    Note::Hidden,
    Note::Image,
    Note::Canvas,
    Note::Frame,
    Note::Video,
    Note::Font,
    Note::Stylesheet,
    Note::ClosedShadow,
    Note::Deadline,
    Note::Scaled,
];

impl Note {
    /// A stable name, for hosts that cross a language border.
    pub fn code(self) -> &'static str {
        match self {
            Note::Masked => "masked",
            Note::Hidden => "hidden",
            Note::Image => "image",
            Note::Canvas => "canvas",
            Note::Frame => "frame",
            Note::Video => "video",
            Note::Font => "font",
            Note::Stylesheet => "stylesheet",
            Note::ClosedShadow => "closed-shadow",
            Note::Deadline => "deadline",
            Note::Scaled => "scaled",
        }
    }
}

/// How often each reason occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes([u32; NOTES.len()]);

impl Notes {
    /// The counts by code in the `notes` of a picture or drawing.
    pub(crate) fn of(drawn: &JsValue) -> Notes {
        let counts = page::get(drawn, "notes");
        Notes(NOTES.map(|note| page::get(&counts, note.code()).as_f64().unwrap_or_default() as u32))
    }
    /// How often `note` occurred.
    pub fn count(&self, note: Note) -> u32 {
        self.0[note as usize]
    }
    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Note, u32)> + '_ {
        NOTES.into_iter().map(|n| (n, self.count(n))).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_stands_at_its_own_place() {
        for (at, note) in NOTES.into_iter().enumerate() {
            assert_eq!(note as usize, at);
        }
    }

    #[test]
    fn only_what_occurred_is_listed() {
        let mut notes = Notes::default();
        notes.0[Note::Image as usize] = 2;
        assert_eq!(notes.iter().collect::<Vec<_>>(), [(Note::Image, 2)]);
    }
}
