//! What the dialog knows, what can happen to it, and what it can ask for.

use domshot::NOTES;

use crate::{
    history::History,
    scene::{Area, Mark, Point, Tool},
    text::{Key, Texts},
};

/// How a picture came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Drawn from the page, masked.
    Page,
    /// The browser's own capture: shows everything.
    Screen,
    /// A file, a paste or a drop.
    File,
}

/// How often each of domshot's notes applies, in the order of [`NOTES`].
pub(crate) type Counts = [i32; NOTES.len()];

/// One picture that was taken; its pixels are the stage's, under the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Pixels.
    pub(crate) width: i32,
    /// Pixels.
    pub(crate) height: i32,
    pub(crate) way: Way,
    /// What it does not show.
    pub(crate) notes: Counts,
}

/// The file as it would go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// Pixels.
    pub(crate) width: i32,
    /// Pixels.
    pub(crate) height: i32,
    pub(crate) size_bytes: i32,
}

/// How far the file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    Pending,
    Ready(Encoded),
    /// No encoding came under the ceiling.
    TooBig,
}

/// What the dialog shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// The page is being drawn.
    Taking,
    /// The choice of how to get a picture.
    Ways,
    /// The picture, and the pen.
    Drawing,
    /// The picture, and whether to throw it away.
    Leaving,
    /// The file that goes out.
    Review,
}

/// All that the dialog knows.
pub(crate) struct State {
    pub(crate) texts: Texts,
    /// Whether the browser can capture the screen here.
    pub(crate) has_screen: bool,
    /// Device pixels of a CSS pixel, rounded.
    pub(crate) ratio: i32,
    pub(crate) screen: Screen,
    /// Why the last way did not work.
    pub(crate) why: Option<Key>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) history: History,
    pub(crate) tool: Tool,
    /// Index into [`crate::scene::COLOURS`].
    pub(crate) colour: usize,
    /// The mark under the visitor's hand, a text while it is typed included.
    pub(crate) draft: Option<Mark>,
    /// Where the keyboard is on the picture.
    pub(crate) cursor: Point,
    /// Whether the keyboard is in use, and its cursor to be seen.
    pub(crate) has_cursor: bool,
    /// Per cent of the picture's own pixels; 0 fits it into the dialog.
    pub(crate) zoom: i32,
    pub(crate) file: File,
    /// What a screen reader is told.
    pub(crate) said: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A button with this hook was pressed, while the picture was shown at this percentage.
    Press(String, i32),
    /// A field with this hook has this value now.
    Input(String, String),
    /// The pointer went down on the picture.
    Down(Point),
    /// The pointer moved.
    Move(Point),
    /// The pointer went up.
    Up(Point),
    /// The pointer was taken away, by the browser or by a second finger.
    Abort,
    /// A key that means something: its name, and [`SHIFT`], [`ALT`], [`COMMAND`].
    Key(String, i32),
    /// The stage holds one picture more.
    Loaded(Picture),
    /// A way in did not work.
    Failed(Key),
    /// The file is ready.
    Encoded(Encoded),
    /// The file cannot be made small enough.
    TooBig,
}

/// Shift was down.
pub(crate) const SHIFT: i32 = 1;
/// Alt was down.
pub(crate) const ALT: i32 = 2;
/// Ctrl or Cmd was down.
pub(crate) const COMMAND: i32 = 4;

/// Something to be done outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Draws the page.
    Shoot,
    /// Asks the browser for its own capture.
    Capture,
    /// Makes the file anew.
    Encode,
    /// Shows the file's own pixels.
    Prove,
    /// Puts the keyboard's focus on the element with this hook.
    Focus(&'static str),
    /// Brings the keyboard's cursor into view.
    Reveal,
    /// The visitor attaches the file.
    Attach,
    /// The visitor backs out.
    Leave,
}

impl State {
    /// A dialog that is just taking its first picture.
    pub(crate) fn new(texts: Texts, has_screen: bool, ratio: i32) -> Self {
        let said = texts.get(Key::Taking).into();
        Self {
            texts,
            has_screen,
            ratio,
            screen: Screen::Taking,
            why: None,
            pictures: Vec::new(),
            history: History::default(),
            tool: Tool::Box,
            colour: 0,
            draft: None,
            cursor: Point::default(),
            has_cursor: false,
            zoom: 0,
            file: File::Pending,
            said,
        }
    }

    /// The picture that is drawn on.
    pub(crate) fn picture(&self) -> Option<&Picture> {
        self.pictures.get(self.history.now().picture)
    }

    /// Pixels of a line that is a point thick.
    pub(crate) fn unit(&self) -> i32 {
        self.picture().map_or(1, |picture| self.ratio.max(1 + picture.width.max(picture.height) / 2000))
    }

    /// The part of the picture that goes out.
    pub(crate) fn kept(&self) -> Area {
        let whole =
            |picture: &Picture| Area { left: 0, top: 0, right: picture.width, bottom: picture.height };
        let whole = self.picture().map_or(Area { left: 0, top: 0, right: 1, bottom: 1 }, whole);
        self.history.now().crop.unwrap_or(whole)
    }

    /// The nearest pixel of the picture.
    pub(crate) fn inside(&self, point: Point) -> Point {
        let Some(picture) = self.picture() else { return Point::default() };
        Point { x: point.x.clamp(0, picture.width - 1), y: point.y.clamp(0, picture.height - 1) }
    }
}

/// The step functions and the view are in modules of their own; their tests start from here.
#[cfg(test)]
pub(crate) fn drawing(width: i32, height: i32) -> State {
    let mut state = State::new(crate::text::english(), true, 1);
    let picture = Picture { width, height, way: Way::Page, notes: Counts::default() };
    crate::step::step(&mut state, Event::Loaded(picture));
    state
}
