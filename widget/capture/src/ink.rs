//! A scene as strokes, fills and letters, in the order in which they are drawn.
//!
//! A row of numbers: for each piece of ink its kind, its colour, its size, how many numbers follow, and these. Kinds:
//! - [`STROKE`]: x and y of point after point, [`BREAK`] where the line is lifted; size is its width;
//! - [`FILL`]: left, top, right and bottom of rectangles; what lies in two of them is not filled;
//! - [`DISC`]: x and y of the middle; size is the radius;
//! - [`WORDS`]: x and y of the left end of the baseline, the number of the words; size is that of the letters, and the
//!   colour of their edge is what stands 32 times in `colour`;
//! - [`NUMBER`]: x and y of the middle, the number.

use crate::{
    scene::{Area, INKS, Mark, Point, Tool},
    state::State,
};

pub(crate) const STROKE: i32 = 0;
pub(crate) const FILL: i32 = 1;
pub(crate) const DISC: i32 = 2;
pub(crate) const WORDS: i32 = 3;
pub(crate) const NUMBER: i32 = 4;
/// No coordinate.
pub(crate) const BREAK: i32 = i32::MIN;

const YELLOW: i32 = 1;
const WHITE: i32 = 5;
/// What a blackout leaves. Opaque and on whole pixels: nothing of what was there shines through or blends in.
pub(crate) const BLACK: i32 = INKS;
/// What lies outside the part that is kept, while drawing.
const SHADE: i32 = INKS + 1;
/// Added to a colour: a highlighter's, through which one reads.
const SHEER: i32 = 16;

/// What is drawn: on the file (0), on the picture that is shown, without what is held (1), above it (2).
pub(crate) fn layer(state: &State, layer: u32) -> Vec<i32> {
    let mut ink = Ink { row: Vec::new(), count_at: 0, unit: state.unit(), points: &state.points };
    if layer == 2 {
        ink.above(state);
    } else {
        for (at, mark) in state.scene().enumerate() {
            if layer == 0 || state.held != Some(at) {
                ink.mark(mark, state.told(mark, at).number);
            }
        }
    }
    ink.row
}

/// Ink in the making, for a picture whose lines are `unit` pixels a point.
struct Ink<'a> {
    row: Vec<i32>,
    /// Where it stands how many numbers the piece has that was started last.
    count_at: usize,
    unit: i32,
    /// The ways of what was drawn by hand.
    points: &'a [Point],
}

impl Ink<'_> {
    /// What is still in hand: the crop's shade, the draft, the cursor.
    fn above(&mut self, state: &State) {
        let draft = state.draft.as_ref();
        if let Some(crop) = draft.filter(|draft| draft.tool == Tool::Crop).or(state.crop()) {
            self.start(FILL, SHADE, 0);
            self.area(state.whole());
            self.area(state.kept(Some(crop)));
        }
        if let Some(draft) = draft {
            let at = state.held.unwrap_or(state.history.marks().len());
            self.mark(draft, state.told(draft, at).number);
            if state.held.is_some() {
                self.frame(draft.area.wider(self.unit * 8));
                return;
            }
        }
        if state.has_cursor {
            self.cross(state.cursor);
        }
    }

    fn mark(&mut self, mark: &Mark, number: i32) {
        let (colour, over, unit) = (mark.colour, over(mark.colour), self.unit);
        let from = mark.from;
        match mark.tool {
            Tool::Highlighter => {
                self.start(STROKE, colour + SHEER, unit * 14);
                self.path(mark);
            }
            Tool::Box | Tool::Arrow | Tool::Pen => {
                // Edged, so that it stands out on a page of the same colour.
                self.start(STROKE, over + SHEER, unit * 6);
                self.path(mark);
                self.start(STROKE, colour, unit * 4);
                self.path(mark);
            }
            Tool::Blackout => {
                self.start(FILL, BLACK, 0);
                self.area(mark.area);
            }
            Tool::Text => {
                self.start(WORDS, colour + 32 * over, letters(unit));
                self.put(&[from.x, from.y, mark.words]);
            }
            Tool::Pin => {
                for (colour, radius) in [(over, unit * 14), (colour, unit * 13)] {
                    self.start(DISC, colour, radius);
                    self.put(&[from.x, from.y]);
                }
                self.start(NUMBER, over, unit * 15);
                self.put(&[from.x, from.y, number]);
            }
            Tool::Crop | Tool::Move => {}
        }
    }

    /// The line that a box, an arrow or a hand has drawn.
    fn path(&mut self, mark: &Mark) {
        let Mark { from, to, way, .. } = *mark;
        match mark.tool {
            Tool::Box => self.corners(mark.area),
            Tool::Arrow => {
                let (x, y) = (f64::from(to.x - from.x), f64::from(to.y - from.y));
                let length = (x * x + y * y).sqrt().max(1.0);
                let head = f64::from(self.unit * 18).min(length) / length;
                let (x, y) = (x * head, y * head);
                self.put(&[from.x, from.y, to.x, to.y, BREAK]);
                self.put(&[to.x - (x + y * 0.6) as i32, to.y - (y - x * 0.6) as i32, to.x, to.y]);
                self.put(&[to.x - (x - y * 0.6) as i32, to.y - (y + x * 0.6) as i32]);
            }
            _ => {
                let points = self.points.get(way.0..way.1).unwrap_or_default();
                // Where it was drawn, and by how much it was moved since.
                let first = points.first().copied().unwrap_or_default();
                for point in points {
                    let at = point.minus(first).plus(from);
                    self.put(&[at.x, at.y]);
                }
            }
        }
    }

    /// What shows that a mark is held.
    fn frame(&mut self, area: Area) {
        for (colour, width) in [(WHITE, 3), (BLACK, 1)] {
            self.start(STROKE, colour, self.unit * width);
            self.corners(area);
        }
    }

    /// The cursor that arrow keys move.
    fn cross(&mut self, at: Point) {
        let (inner, outer) = (self.unit * 4, self.unit * 14);
        for (colour, width) in [(WHITE, 4), (BLACK, 2)] {
            self.start(STROKE, colour, self.unit * width);
            for (x, y) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
                self.put(&[at.x + x * inner, at.y + y * inner, at.x + x * outer, at.y + y * outer, BREAK]);
            }
        }
    }

    fn corners(&mut self, area: Area) {
        let Area { left, top, right, bottom } = area;
        self.put(&[left, top, right, top, right, bottom, left, bottom, left, top]);
    }

    fn area(&mut self, area: Area) {
        self.put(&[area.left, area.top, area.right, area.bottom]);
    }

    #[inline(never)]
    fn start(&mut self, kind: i32, colour: i32, size: i32) {
        self.count_at = self.row.len() + 3;
        self.row.extend_from_slice(&[kind, colour, size, 0]);
    }

    #[inline(never)]
    fn put(&mut self, numbers: &[i32]) {
        self.row.extend_from_slice(numbers);
        self.row[self.count_at] += numbers.len() as i32;
    }
}

/// The size of a text's letters, in pixels.
pub(crate) fn letters(unit: i32) -> i32 {
    unit * 20
}

/// What can be read on this colour.
fn over(colour: i32) -> i32 {
    if colour == YELLOW || colour == WHITE { BLACK } else { WHITE }
}

#[cfg(test)]
mod tests;
