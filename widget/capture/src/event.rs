//! What can happen to the dialog, and the numbers by which the page says so.

use crate::{
    scene::{INKS, Point, TOOLS, Tool},
    state::{Say, Size},
};

/// A key that means something while the picture has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Left,
    Up,
    Right,
    Down,
    Enter,
    Delete,
    /// To the mark above the one that is held.
    Next,
    /// To the mark below it.
    Previous,
    Undo,
    Redo,
    Escape,
}

/// All keys, in the order of `KEYS` in `js/stage.js`.
const KEYS: [Key; 11] = [
    Key::Left,
    Key::Up,
    Key::Right,
    Key::Down,
    Key::Enter,
    Key::Delete,
    Key::Next,
    Key::Previous,
    Key::Undo,
    Key::Redo,
    Key::Escape,
];

/// All reasons, in the order in which the page numbers them.
const WHYS: [Say; 4] = [Say::WhyPage, Say::WhyRefused, Say::WhyScreen, Say::WhyFile];

/// Shift was down.
pub(crate) const SHIFT: i32 = 1;
/// Alt was down.
pub(crate) const ALT: i32 = 2;

/// Something that happened. The order is that of `EVENTS` in `js/stage.js`; the first are buttons, by their hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Close,
    Discard,
    Keep,
    Back,
    Page,
    Screen,
    Another,
    Undo,
    Redo,
    Fit,
    Full,
    /// The picture is shown at this percentage and is to be larger.
    In(i32),
    /// The picture is shown at this percentage and is to be smaller.
    Out(i32),
    Add,
    Cancel,
    Use,
    Attach,
    /// The mark in this place of the list is to go.
    Remove(usize),
    /// The mark in this place of the list is to be taken up.
    Pick(usize),
    Tool(Tool),
    Colour(i32),
    /// The words of the text are kept under this number (0 for none), and are that many pixels wide.
    Typed(i32, i32),
    /// The pointer went down on the picture.
    Down(Point),
    /// The pointer moved.
    Move(Point),
    /// The pointer went up.
    Up(Point),
    /// The pointer was taken away, by the browser or by a second finger.
    Abort,
    /// A key, with [`SHIFT`] and [`ALT`].
    Key(Key, i32),
    /// The page holds one picture more.
    Loaded(Size),
    /// A way in did not work.
    Failed(Say),
    /// The file is ready.
    Encoded,
    /// The file cannot be made small enough.
    TooBig,
}

impl Event {
    /// What the page means by these numbers.
    pub(crate) fn of(kind: u32, a: i32, b: i32) -> Self {
        let (point, at) = (Point { x: a, y: b }, a as usize);
        match kind {
            0 => Self::Close,
            1 => Self::Discard,
            2 => Self::Keep,
            3 => Self::Back,
            4 => Self::Page,
            5 => Self::Screen,
            6 => Self::Another,
            7 => Self::Undo,
            8 => Self::Redo,
            9 => Self::Fit,
            10 => Self::Full,
            11 => Self::In(a),
            12 => Self::Out(a),
            13 => Self::Add,
            14 => Self::Cancel,
            15 => Self::Use,
            16 => Self::Attach,
            17 => Self::Remove(at),
            18 => Self::Pick(at),
            19 => Self::Tool(TOOLS.get(at).copied().unwrap_or(Tool::Box)),
            20 => Self::Colour(a.clamp(0, INKS - 1)),
            21 => Self::Typed(a, b),
            22 => Self::Down(point),
            23 => Self::Move(point),
            24 => Self::Up(point),
            26 => Self::Key(KEYS.get(at).copied().unwrap_or(Key::Escape), b),
            27 => Self::Loaded(Size { width: a.max(1), height: b.max(1) }),
            28 => Self::Failed(WHYS.get(at).copied().unwrap_or(Say::WhyFile)),
            29 => Self::Encoded,
            30 => Self::TooBig,
            _ => Self::Abort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that `js/stage.js` puts in a row under `list`.
    fn listed(list: &str) -> Vec<&'static str> {
        let source = include_str!("../js/stage.js");
        let (_, after) = source.split_once(&format!("{list} = '")).expect("the list is there");
        after.split_once('\'').expect("the list ends").0.split(' ').collect()
    }

    #[test]
    fn the_page_says_events_in_their_order() {
        for (kind, name) in listed("EVENTS").into_iter().enumerate() {
            let event = format!("{:?}", Event::of(kind as u32, 1, 1)).to_lowercase();
            assert!(event.starts_with(name), "{name} is {event}");
        }
        assert_eq!(listed("EVENTS").len(), 31);
    }

    #[test]
    fn the_page_says_keys_in_their_order() {
        let names =
            ["arrowleft", "arrowup", "arrowright", "arrowdown", "enter", "delete", "pagedown", "pageup"];
        assert_eq!(listed("KEYS").map_to_lower(), [&names[..], &["z", "y", "escape"]].concat());
        assert_eq!(KEYS.len(), 11);
    }

    #[test]
    fn numbers_that_mean_nothing_do_no_harm() {
        assert_eq!(Event::of(99, 0, 0), Event::Abort);
        assert_eq!(Event::of(19, -1, 0), Event::Tool(Tool::Box));
        assert_eq!(Event::of(20, 77, 0), Event::Colour(INKS - 1));
    }

    trait Lower {
        fn map_to_lower(self) -> Vec<String>;
    }

    impl Lower for Vec<&str> {
        fn map_to_lower(self) -> Vec<String> {
            self.into_iter().map(str::to_lowercase).collect()
        }
    }
}
