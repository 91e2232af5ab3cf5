//! What is drawn on a picture: marks in the picture's own pixels, and the part of it that is kept.

use std::rc::Rc;

/// A pixel of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// Whole pixels: `right` and `bottom` are the first ones outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

/// What a press on the picture makes. The order is that of the toolbar and of the tools' names in `Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Box,
    Arrow,
    Pen,
    Highlighter,
    Text,
    Pin,
    Blackout,
    Crop,
}

/// All tools, in order.
pub(crate) const TOOLS: [Tool; 8] =
    [Tool::Box, Tool::Arrow, Tool::Pen, Tool::Highlighter, Tool::Text, Tool::Pin, Tool::Blackout, Tool::Crop];

/// The inks to choose from, as CSS writes them. The order is that of their names in `Key`.
pub(crate) const COLOURS: [&str; 6] = ["#e5383b", "#ffc53d", "#2b9a66", "#1a6fe0", "#16191d", "#ffffff"];

/// A shape shorter and lower than this is a slip of the hand, in pixels.
const SLIP: i32 = 3;

/// One thing drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tool: Tool,
    /// Index into [`COLOURS`].
    pub(crate) colour: usize,
    /// Two for what has a start and an end, one for text and pins, a whole path for pen and highlighter.
    pub(crate) points: Vec<Point>,
    /// What a text mark says; one line.
    pub(crate) text: String,
}

/// All that is drawn at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scene {
    /// Which of the pictures taken so far.
    pub(crate) picture: usize,
    /// From the lowest to the topmost. Shared with the scenes before and after it in the history.
    pub(crate) marks: Vec<Rc<Mark>>,
    /// The part that is kept; all of it by default.
    pub(crate) crop: Option<Area>,
}

impl Area {
    /// The smallest area that holds both pixels.
    pub(crate) fn spanning(a: Point, b: Point) -> Self {
        Self { left: a.x.min(b.x), top: a.y.min(b.y), right: a.x.max(b.x) + 1, bottom: a.y.max(b.y) + 1 }
    }

    pub(crate) fn width(&self) -> i32 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> i32 {
        self.bottom - self.top
    }
}

impl Tool {
    /// Whether it has a start and an end, and is drawn from one to the other.
    pub(crate) fn is_drawn(self) -> bool {
        !matches!(self, Self::Text | Self::Pin)
    }

    /// Whether every point on the way counts.
    pub(crate) fn is_freehand(self) -> bool {
        matches!(self, Self::Pen | Self::Highlighter)
    }
}

impl Mark {
    /// The start of a mark.
    pub(crate) fn new(tool: Tool, colour: usize, from: Point) -> Self {
        Self { tool, colour, points: vec![from], text: String::new() }
    }

    /// Where it starts.
    pub(crate) fn from(&self) -> Point {
        self.points.first().copied().unwrap_or_default()
    }

    /// Where it ends.
    pub(crate) fn to(&self) -> Point {
        self.points.last().copied().unwrap_or_default()
    }

    /// What it covers from start to end.
    pub(crate) fn area(&self) -> Area {
        Area::spanning(self.from(), self.to())
    }

    /// Draws on, to this point.
    pub(crate) fn extend(&mut self, to: Point) {
        if self.to() == to {
            return;
        }
        if !self.tool.is_freehand() {
            self.points.truncate(1);
        }
        self.points.push(to);
    }

    /// Whether there is anything to see of it.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        let area = self.area();
        match self.tool {
            Tool::Text => !self.text.trim().is_empty(),
            Tool::Pin | Tool::Pen | Tool::Highlighter => true,
            Tool::Arrow => area.width() > SLIP || area.height() > SLIP,
            Tool::Box | Tool::Blackout | Tool::Crop => area.width() > SLIP && area.height() > SLIP,
        }
    }
}

impl Scene {
    /// An untouched picture.
    pub(crate) fn of(picture: usize) -> Self {
        Self { picture, ..Self::default() }
    }

    /// The number on the pin that is the mark at `at`: pins count themselves, so that a removed one leaves no gap.
    pub(crate) fn pin_number(&self, at: usize) -> i32 {
        self.marks.iter().take(at).filter(|mark| mark.tool == Tool::Pin).count() as i32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Point = Point { x: 10, y: 10 };

    #[test]
    fn a_slip_of_the_hand_is_no_shape() {
        for tool in [Tool::Box, Tool::Arrow, Tool::Blackout, Tool::Crop] {
            let mut mark = Mark::new(tool, 0, A);
            assert!(!mark.is_worth_keeping(), "{tool:?}");
            mark.extend(Point { x: 11, y: 11 });
            assert!(!mark.is_worth_keeping(), "{tool:?}");
            mark.extend(Point { x: 40, y: 2 });
            assert!(mark.is_worth_keeping(), "{tool:?}");
        }
    }

    #[test]
    fn only_freehand_remembers_its_way() {
        let mut pen = Mark::new(Tool::Pen, 0, A);
        let mut arrow = Mark::new(Tool::Arrow, 0, A);
        for x in [12, 12, 14] {
            pen.extend(Point { x, y: 10 });
            arrow.extend(Point { x, y: 10 });
        }
        assert_eq!(pen.points.len(), 3);
        assert_eq!(arrow.points, [A, Point { x: 14, y: 10 }]);
    }

    #[test]
    fn an_area_holds_both_its_corners() {
        let area = Area::spanning(Point { x: 9, y: 2 }, Point { x: 3, y: 7 });
        assert_eq!(area, Area { left: 3, top: 2, right: 10, bottom: 8 });
        assert_eq!((area.width(), area.height()), (7, 6));
    }
}
