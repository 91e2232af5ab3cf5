//! What the dialog knows, and what it can ask for.

use crate::{
    history::History,
    scene::{Area, Mark, Point, Tool},
};

/// One picture that was taken; its pixels are the page's, under the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Pixels.
    pub(crate) width: i32,
    /// Pixels.
    pub(crate) height: i32,
}

/// How far the file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum File {
    Pending,
    Ready,
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

/// A sentence for whoever does not see the picture. The order is that of the sentences in the locales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    // Why a way to a picture did not work.
    WhyPage,
    WhyRefused,
    WhyScreen,
    WhyFile,
    WhyBig,
    Taking,
    /// How large the picture is.
    Picture,
    Review,
    Leave,
    Undone,
    Redone,
    // What follows are about a mark.
    Started,
    Cancelled,
    Added,
    Removed,
    Held,
    Moved,
    /// Where the cursor is, or what is moved: a place, without a sentence.
    Place,
}

/// What is said, and of which mark: what it is, from where to where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) what: Say,
    pub(crate) of: Told,
}

/// A mark as it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tool: Tool,
    /// What a pin shows.
    pub(crate) number: i32,
    pub(crate) from: Point,
    pub(crate) to: Point,
    pub(crate) words: i32,
}

/// All that the dialog knows.
pub(crate) struct State {
    /// Device pixels of a CSS pixel, rounded.
    pub(crate) ratio: i32,
    pub(crate) screen: Screen,
    /// Why the last way did not work.
    pub(crate) why: Option<Say>,
    pub(crate) pictures: Vec<Size>,
    /// Every mark there ever was; scenes name them by their places here.
    pub(crate) marks: Vec<Mark>,
    /// Every point of every way that a hand has drawn.
    pub(crate) points: Vec<Point>,
    pub(crate) history: History,
    /// How often what goes out has changed.
    pub(crate) turn: i32,
    pub(crate) tool: Tool,
    /// Below [`crate::scene::INKS`].
    pub(crate) colour: i32,
    /// The mark under the visitor's hand, a text while it is typed included.
    pub(crate) draft: Option<Mark>,
    /// Which mark of the scene was taken up to be moved: `draft` is where it is by now.
    pub(crate) held: Option<usize>,
    /// Where the pointer is down on what is held, from its start.
    pub(crate) grip: Option<Point>,
    /// Where keyboard or pointer are on the picture.
    pub(crate) cursor: Point,
    /// Whether the keyboard is in use, and its cursor to be seen.
    pub(crate) has_cursor: bool,
    /// Per cent of the picture's own pixels; 0 fits it into the dialog.
    pub(crate) zoom: i32,
    pub(crate) file: File,
    /// What a screen reader is told.
    pub(crate) said: Said,
}

/// Something to be done outside. The order is that of `EFFECTS` in `js/stage.js`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// Draws the page.
    Shoot,
    /// Asks the browser for its own capture.
    Capture,
    /// The visitor attaches the file.
    Attach,
    /// The visitor backs out.
    Leave,
    /// Brings the keyboard's cursor into view.
    Reveal,
    // The rest put the keyboard's focus somewhere.
    FocusPicture,
    FocusWays,
    FocusTyped,
    FocusMarks,
    FocusKeep,
    FocusBack,
    FocusAttach,
}

impl Told {
    /// Nothing in particular, at this place.
    pub(crate) const fn at(tool: Tool, place: Point) -> Self {
        Self { tool, number: 0, from: place, to: place, words: 0 }
    }
}

impl State {
    /// A dialog that is just taking its first picture.
    pub(crate) const fn new(ratio: i32) -> Self {
        let origin = Point { x: 0, y: 0 };
        Self {
            ratio,
            screen: Screen::Taking,
            why: None,
            pictures: Vec::new(),
            marks: Vec::new(),
            points: Vec::new(),
            history: History::new(),
            turn: 0,
            tool: Tool::Box,
            colour: 0,
            draft: None,
            held: None,
            grip: None,
            cursor: origin,
            has_cursor: false,
            zoom: 0,
            file: File::Pending,
            said: Said { what: Say::Taking, of: Told::at(Tool::Box, origin) },
        }
    }

    /// The picture that is drawn on.
    pub(crate) fn picture(&self) -> Option<Size> {
        self.pictures.get(self.history.picture()?).copied()
    }

    /// The marks that are drawn now, from the lowest to the topmost.
    pub(crate) fn scene(&self) -> impl Iterator<Item = &Mark> {
        self.history.marks().iter().filter_map(|number| self.marks.get(*number))
    }

    /// The start of a mark.
    pub(crate) fn start(&mut self, tool: Tool, colour: i32, from: Point) -> Mark {
        let mut mark = Mark::new(tool, colour, from);
        if tool.is_freehand() {
            let first = self.points.len();
            self.points.push(from);
            mark.way = (first, first + 1);
        }
        mark
    }

    /// What is in hand goes on, to this point.
    pub(crate) fn extend(&mut self, to: Point) {
        let Some(draft) = &mut self.draft else { return };
        if draft.tool.is_freehand() && draft.to != to {
            self.points.push(to);
            draft.way.1 = self.points.len();
        }
        draft.extend(to);
    }

    /// A mark of the scene, or one that is to come on top.
    pub(crate) fn told(&self, mark: &Mark, at: usize) -> Told {
        // Pins count themselves, so that a removed one leaves no gap.
        let number = self.scene().take(at).filter(|mark| mark.tool == Tool::Pin).count() as i32 + 1;
        Told { tool: mark.tool, number, from: mark.from, to: mark.to, words: mark.words }
    }

    /// Pixels of a line that is a point thick.
    pub(crate) fn unit(&self) -> i32 {
        self.picture().map_or(1, |picture| self.ratio.max(1 + picture.width.max(picture.height) / 2000))
    }

    /// All of the picture.
    pub(crate) fn whole(&self) -> Area {
        let Size { width, height } = self.picture().unwrap_or(Size { width: 1, height: 1 });
        Area { left: 0, top: 0, right: width, bottom: height }
    }

    /// The part of the picture that goes out with this crop: no mark leaves the picture, so none of it is outside.
    pub(crate) fn kept(&self, crop: Option<&Mark>) -> Area {
        crop.map_or(self.whole(), |crop| crop.area)
    }

    /// The crop that is drawn now.
    pub(crate) fn crop(&self) -> Option<&Mark> {
        self.scene().find(|mark| mark.tool == Tool::Crop)
    }

    /// The nearest pixel of the picture.
    pub(crate) fn inside(&self, point: Point) -> Point {
        let whole = self.whole();
        Point { x: point.x.clamp(0, whole.right - 1), y: point.y.clamp(0, whole.bottom - 1) }
    }
}

/// Where the tests of the other modules start from.
#[cfg(test)]
pub(crate) fn drawing(width: i32, height: i32) -> State {
    let mut state = State::new(1);
    crate::step::step(&mut state, crate::event::Event::Loaded(Size { width, height }));
    state
}
