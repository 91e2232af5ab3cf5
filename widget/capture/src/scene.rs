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

/// One thing drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) tool: Tool,
    /// Below [`INKS`].
    pub(crate) colour: i32,
    /// Two for what has a start and an end, one for pins, a whole path for pen and highlighter; for a text the left
    /// end of its baseline and, once there is something to see of it, the upper end on the right.
    pub(crate) points: Vec<Point>,
    /// Under which number the page keeps the words of a text; 0 where there are none.
    pub(crate) words: i32,
}

/// All that is drawn at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scene {
    /// Which of the pictures taken so far.
    pub(crate) picture: usize,
    /// From the lowest to the topmost, by their numbers among all marks there ever were. At most one is a crop.
    pub(crate) marks: Vec<usize>,
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
    /// The smallest area that holds all of these pixels.
    pub(crate) fn around(points: &[Point]) -> Self {
        let first = points.first().copied().unwrap_or_default();
        let mut area = Self { left: first.x, top: first.y, right: first.x + 1, bottom: first.y + 1 };
        for point in points {
            area.left = area.left.min(point.x);
            area.top = area.top.min(point.y);
            area.right = area.right.max(point.x + 1);
            area.bottom = area.bottom.max(point.y + 1);
        }
        area
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
        Self { tool, colour, points: vec![from], words: 0 }
    }

    /// Where it starts.
    pub(crate) fn from(&self) -> Point {
        self.points.first().copied().unwrap_or_default()
    }

    /// Where it ends.
    pub(crate) fn to(&self) -> Point {
        self.points.last().copied().unwrap_or_default()
    }

    /// What it covers.
    pub(crate) fn area(&self) -> Area {
        Area::around(&self.points)
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

    /// Puts it elsewhere.
    pub(crate) fn shift(&mut self, by: Point) {
        for point in &mut self.points {
            *point = point.plus(by);
        }
    }

    /// Whether there is anything to see of it.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        let area = self.area();
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
    fn an_area_holds_all_its_points() {
        let area = Area::around(&[Point { x: 9, y: 2 }, Point { x: 3, y: 7 }, Point { x: 4, y: 4 }]);
        assert_eq!(area, Area { left: 3, top: 2, right: 10, bottom: 8 });
        assert_eq!((area.width(), area.height()), (7, 6));
        assert!(area.holds(Point { x: 9, y: 7 }) && !area.holds(Point { x: 10, y: 7 }));
    }

    #[test]
    fn a_mark_keeps_its_shape_wherever_it_is_put() {
        let mut pen = Mark::new(Tool::Pen, 0, A);
        pen.extend(Point { x: 12, y: 15 });
        pen.shift(Point { x: -3, y: 4 });
        assert_eq!(pen.points, [Point { x: 7, y: 14 }, Point { x: 9, y: 19 }]);
    }
}
