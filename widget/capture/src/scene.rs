//! What is drawn on a picture: marks in the picture's own pixels.

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

/// What a press on the picture makes, or moves. The order is that of the toolbar and of the tools' names.
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
    Move,
}

/// All tools, in order.
pub(crate) const TOOLS: [Tool; 9] = [
    Tool::Box,
    Tool::Arrow,
    Tool::Pen,
    Tool::Highlighter,
    Tool::Text,
    Tool::Pin,
    Tool::Blackout,
    Tool::Crop,
    Tool::Move,
];

/// How many inks there are to choose from. Their order is that of their names, and of `INKS` in `js/ink.js`.
pub(crate) const INKS: i32 = 6;

/// A shape shorter and lower than this is a slip of the hand, in pixels.
const SLIP: i32 = 3;

/// One thing drawn. Nothing in it has an owner, so that a copy of it costs a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tool: Tool,
    /// Below [`INKS`].
    pub(crate) colour: i32,
    /// Where it starts; for a text the left end of its baseline.
    pub(crate) from: Point,
    /// Where it ends; for a text, once there is something to see of it, its upper end on the right.
    pub(crate) to: Point,
    /// What it covers.
    pub(crate) area: Area,
    /// Which of the points that hands have drawn are its way from start to end, and where the first of them is by now
    /// tells `from`.
    pub(crate) way: (usize, usize),
    /// Under which number the page keeps the words of a text; 0 where there are none.
    pub(crate) words: i32,
}

impl Point {
    pub(crate) fn plus(self, by: Self) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y }
    }

    pub(crate) fn minus(self, by: Self) -> Self {
        Self { x: self.x - by.x, y: self.y - by.y }
    }
}

impl Area {
    /// A single pixel.
    pub(crate) const fn at(point: Point) -> Self {
        Self { left: point.x, top: point.y, right: point.x + 1, bottom: point.y + 1 }
    }

    /// The smallest area that holds this pixel, too.
    pub(crate) fn with(self, point: Point) -> Self {
        Self {
            left: self.left.min(point.x),
            top: self.top.min(point.y),
            right: self.right.max(point.x + 1),
            bottom: self.bottom.max(point.y + 1),
        }
    }

    pub(crate) fn width(&self) -> i32 {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> i32 {
        self.bottom - self.top
    }

    /// The same with a margin on all sides.
    pub(crate) fn wider(&self, by: i32) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub(crate) fn holds(&self, point: Point) -> bool {
        self.left <= point.x && point.x < self.right && self.top <= point.y && point.y < self.bottom
    }
}

impl Tool {
    /// Whether what it makes has a start and an end, and is drawn from one to the other.
    pub(crate) fn is_drawn(self) -> bool {
        !matches!(self, Self::Text | Self::Pin | Self::Move)
    }

    /// Whether every point on the way counts.
    pub(crate) fn is_freehand(self) -> bool {
        matches!(self, Self::Pen | Self::Highlighter)
    }
}

impl Mark {
    /// The start of a mark.
    pub(crate) fn new(tool: Tool, colour: i32, from: Point) -> Self {
        Self { tool, colour, from, to: from, area: Area::at(from), way: (0, 0), words: 0 }
    }

    /// Draws on, to this point.
    pub(crate) fn extend(&mut self, to: Point) {
        self.to = to;
        let before = if self.tool.is_freehand() { self.area } else { Area::at(self.from) };
        self.area = before.with(to);
    }

    /// Puts it elsewhere.
    pub(crate) fn shift(&mut self, by: Point) {
        self.from = self.from.plus(by);
        self.to = self.to.plus(by);
        let Area { left, top, right, bottom } = self.area;
        self.area = Area { left: left + by.x, top: top + by.y, right: right + by.x, bottom: bottom + by.y };
    }

    /// Whether there is anything to see of it.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        let area = self.area;
        let (is_wide, is_high) = (area.width() > SLIP, area.height() > SLIP);
        match self.tool {
            Tool::Text => self.words != 0,
            Tool::Arrow => is_wide || is_high,
            Tool::Box | Tool::Blackout | Tool::Crop => is_wide && is_high,
            _ => true,
        }
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
    fn only_freehand_covers_its_whole_way() {
        let mut pen = Mark::new(Tool::Pen, 0, A);
        let mut arrow = Mark::new(Tool::Arrow, 0, A);
        for to in [Point { x: 2, y: 30 }, Point { x: 14, y: 10 }] {
            pen.extend(to);
            arrow.extend(to);
        }
        assert_eq!(pen.area, Area { left: 2, top: 10, right: 15, bottom: 31 });
        assert_eq!(arrow.area, Area { left: 10, top: 10, right: 15, bottom: 11 });
        assert_eq!((arrow.from, arrow.to), (A, Point { x: 14, y: 10 }));
    }

    #[test]
    fn an_area_holds_all_its_points() {
        let area = Area::at(Point { x: 9, y: 2 }).with(Point { x: 3, y: 7 }).with(Point { x: 4, y: 4 });
        assert_eq!(area, Area { left: 3, top: 2, right: 10, bottom: 8 });
        assert_eq!((area.width(), area.height()), (7, 6));
        assert!(area.holds(Point { x: 9, y: 7 }) && !area.holds(Point { x: 10, y: 7 }));
    }

    #[test]
    fn a_mark_takes_what_it_covers_along() {
        let mut mark = Mark::new(Tool::Box, 0, A);
        mark.extend(Point { x: 12, y: 15 });
        mark.shift(Point { x: -3, y: 4 });
        assert_eq!((mark.from, mark.to), (Point { x: 7, y: 14 }, Point { x: 9, y: 19 }));
        assert_eq!(mark.area, Area { left: 7, top: 14, right: 10, bottom: 20 });
    }
}
