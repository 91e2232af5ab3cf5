//! A scene as strokes, fills and letters, in the order in which they are drawn.
//!
//! One line for each: `stroke COLOUR WIDTH PATH`, `fill COLOUR 0 PATH`, `text COLOUR SIZE EDGE X Y WORDS` (EDGE a colour,
//! X and Y the left end of the baseline) or `number COLOUR SIZE EDGE X Y DIGITS` (X and Y the middle). Paths are SVG's.

use crate::{
    scene::{Area, COLOURS, Mark, Point, Scene, Tool},
    text::push_number,
};

/// What a blackout leaves. Opaque and on whole pixels: nothing of what was there shines through or blends in.
const BLACK: &str = "#000000";
/// What lies outside the part that is kept, while drawing.
const SHADE: &str = "#0b0f0da6";
/// Opacity of a highlighter, as the last two digits of its colour.
const SHEER: &str = "66";

/// Ink in the making, for a picture whose lines are `unit` pixels a point.
pub(crate) struct Ink {
    lines: String,
    unit: i32,
}

impl Ink {
    /// No ink yet; `unit` is at least 1 and grows with the picture, so that a line looks the same on all of them.
    pub(crate) fn new(unit: i32) -> Self {
        Self { lines: String::new(), unit }
    }

    /// All lines, each with its end.
    pub(crate) fn end(self) -> String {
        self.lines
    }

    /// All marks of a scene: what is drawn on the picture that goes out.
    pub(crate) fn scene(&mut self, scene: &Scene) {
        for (at, mark) in scene.marks.iter().enumerate() {
            self.mark(mark, scene.pin_number(at));
        }
    }

    /// One mark; `number` is what a pin shows.
    pub(crate) fn mark(&mut self, mark: &Mark, number: i32) {
        let colour = COLOURS.get(mark.colour).copied().unwrap_or(BLACK);
        match mark.tool {
            Tool::Box => self.outlined(colour, &mut |path| path.area(mark.area())),
            Tool::Arrow => self.outlined(colour, &mut |path| path.arrow(mark)),
            Tool::Pen => self.outlined(colour, &mut |path| path.points(&mark.points)),
            Tool::Highlighter => {
                self.start("stroke", colour, SHEER, self.unit * 14);
                self.points(&mark.points);
            }
            Tool::Blackout => {
                self.start("fill", BLACK, "", 0);
                self.area(mark.area());
            }
            Tool::Text => {
                self.start("text", colour, "", self.unit * 20);
                self.lines.push_str(over(colour));
                self.point(" ", mark.from());
                self.lines.push(' ');
                self.lines.push_str(&mark.text);
            }
            Tool::Pin => {
                let (at, radius) = (mark.from(), self.unit * 13);
                for (colour, radius) in [(over(colour), radius + self.unit), (colour, radius)] {
                    self.start("fill", colour, "", 0);
                    self.circle(at, radius);
                    self.lines.push('\n');
                }
                self.start("number", over(colour), "", self.unit * 15);
                self.lines.push_str(colour);
                self.numbers(" ", &[at.x, at.y, number]);
            }
            Tool::Crop => {}
        }
        if mark.tool != Tool::Crop {
            self.lines.push('\n');
        }
    }

    /// What is kept of a picture of this size, by a shade over the rest.
    pub(crate) fn shade(&mut self, kept: Area, width: i32, height: i32) {
        self.start("fill", SHADE, "", 0);
        self.area(Area { left: 0, top: 0, right: width, bottom: height });
        self.area(kept);
        self.lines.push('\n');
    }

    /// The cursor that arrow keys move.
    pub(crate) fn cursor(&mut self, at: Point) {
        let (inner, outer) = (self.unit * 4, self.unit * 14);
        for (colour, width) in [("#ffffff", 4), ("#000000", 2)] {
            self.start("stroke", colour, "", self.unit * width);
            for (x, y) in [(-1, 0), (1, 0), (0, -1), (0, 1)] {
                self.point("M", Point { x: at.x + x * inner, y: at.y + y * inner });
                self.point("L", Point { x: at.x + x * outer, y: at.y + y * outer });
            }
            self.lines.push('\n');
        }
    }

    /// A path in this colour, edged so that it stands out on a page of the same colour.
    fn outlined(&mut self, colour: &str, path: &mut dyn FnMut(&mut Self)) {
        self.start("stroke", over(colour), SHEER, self.unit * 6);
        path(self);
        self.lines.push('\n');
        self.start("stroke", colour, "", self.unit * 4);
        path(self);
    }

    #[inline(never)]
    fn start(&mut self, kind: &str, colour: &str, opacity: &str, size: i32) {
        for part in [kind, " ", colour, opacity, " "] {
            self.lines.push_str(part);
        }
        push_number(&mut self.lines, size);
        self.lines.push(' ');
    }

    #[inline(never)]
    fn numbers(&mut self, command: &str, numbers: &[i32]) {
        self.lines.push_str(command);
        for (at, number) in numbers.iter().enumerate() {
            if at > 0 {
                self.lines.push(' ');
            }
            push_number(&mut self.lines, *number);
        }
    }

    fn point(&mut self, command: &str, point: Point) {
        self.numbers(command, &[point.x, point.y]);
    }

    fn points(&mut self, points: &[Point]) {
        for (at, point) in points.iter().enumerate() {
            self.point(if at == 0 { "M" } else { "L" }, *point);
        }
        // A point alone: a line without length has round ends.
        self.lines.push_str("h0");
    }

    fn area(&mut self, area: Area) {
        self.point("M", Point { x: area.left, y: area.top });
        for (command, value) in [("H", area.right), ("V", area.bottom), ("H", area.left)] {
            self.numbers(command, &[value]);
        }
        self.lines.push('z');
    }

    fn arrow(&mut self, mark: &Mark) {
        let (from, to) = (mark.from(), mark.to());
        let (x, y) = (f64::from(to.x - from.x), f64::from(to.y - from.y));
        let length = (x * x + y * y).sqrt().max(1.0);
        let head = f64::from(self.unit * 18).min(length);
        let (x, y) = (x / length * head, y / length * head);
        let barb = |side: f64| Point {
            x: to.x - (x + side * y * 0.6) as i32,
            y: to.y - (y - side * x * 0.6) as i32,
        };
        self.point("M", from);
        self.point("L", to);
        self.point("M", barb(1.0));
        self.point("L", to);
        self.point("L", barb(-1.0));
    }

    fn circle(&mut self, at: Point, radius: i32) {
        self.numbers("M", &[at.x - radius, at.y]);
        self.numbers("a", &[radius, radius, 0, 1, 0, 2 * radius, 0]);
        self.numbers("a", &[radius, radius, 0, 1, 0, -2 * radius, 0]);
        self.lines.push('z');
    }
}

/// What can be read on this colour.
fn over(colour: &str) -> &'static str {
    if colour == COLOURS[1] || colour == COLOURS[5] { BLACK } else { COLOURS[5] }
}

#[cfg(test)]
mod tests;
