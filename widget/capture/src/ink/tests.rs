use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::scene::TOOLS;

fn mark(tool: Tool, points: &[(i32, i32)]) -> Mark {
    let mut mark = Mark::new(tool, 0, Point { x: points[0].0, y: points[0].1 });
    for (x, y) in &points[1..] {
        mark.extend(Point { x: *x, y: *y });
    }
    mark
}

fn ink(mark: &Mark) -> String {
    let mut ink = Ink::new(1);
    ink.mark(mark, 12);
    ink.end()
}

#[test]
fn each_tool_leaves_its_lines() {
    for (tool, lines) in [
        (Tool::Box, "stroke #ffffff66 6 M1 2H10V21H1z\nstroke #e5383b 4 M1 2H10V21H1z\n"),
        (Tool::Highlighter, "stroke #e5383b66 14 M1 2L9 20h0\n"),
        (Tool::Blackout, "fill #000000 0 M1 2H10V21H1z\n"),
        (Tool::Crop, ""),
    ] {
        assert_eq!(ink(&mark(tool, &[(1, 2), (9, 20)])), lines, "{tool:?}");
    }
    let arrow = ink(&mark(Tool::Arrow, &[(0, 0), (100, 0)]));
    assert!(arrow.ends_with("stroke #e5383b 4 M0 0L100 0M82 10L100 0L82 -10\n"), "{arrow}");
    let pin = ink(&mark(Tool::Pin, &[(50, 60)]));
    assert!(
        pin.ends_with(
            "fill #e5383b 0 M37 60a13 13 0 1 0 26 0a13 13 0 1 0 -26 0z\nnumber #ffffff 15 #e5383b 50 60 12\n"
        ),
        "{pin}"
    );
    let mut text = mark(Tool::Text, &[(5, 6)]);
    text.text = "a b".into();
    assert_eq!(ink(&text), "text #e5383b 20 #ffffff 5 6 a b\n");
}

/// What of the page is still in the pixels of an exported picture, by drawing its ink on a canvas that knows only
/// "from the page" and "not from the page". Whatever is not an opaque fill counts as letting everything through.
struct Exposed {
    width: i32,
    pixels: Vec<bool>,
}

impl Exposed {
    fn after(ink: &str, width: i32, height: i32) -> Self {
        let mut exposed = Self { width, pixels: vec![true; (width * height) as usize] };
        for line in ink.lines() {
            let parts: Vec<&str> = line.splitn(4, ' ').collect();
            if parts[0] != "fill" || parts[1].len() != 7 || parts[3].contains('a') {
                continue;
            }
            let numbers: Vec<i32> = parts[3]
                .split(|char: char| !char.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect();
            let [left, top, right, bottom, back] = numbers[..] else { panic!("{line} is no rectangle") };
            assert_eq!(left, back);
            for y in top..bottom {
                for x in left..right {
                    exposed.pixels[(y * width + x) as usize] = false;
                }
            }
        }
        exposed
    }

    fn is_at(&self, x: i32, y: i32) -> bool {
        self.pixels[(y * self.width + x) as usize]
    }
}

fn any_mark() -> impl Strategy<Value = Mark> {
    (0..TOOLS.len() - 1, 0..COLOURS.len(), prop::collection::vec((0..80, 0..60), 1..5)).prop_map(
        |(tool, colour, points)| {
            let mut mark = mark(TOOLS[tool], &points);
            mark.colour = colour;
            mark.text = "fill #ff0000 0 M0 0H80V60H0z".into();
            mark
        },
    )
}

proptest! {
    #[test]
    fn no_pixel_under_a_blackout_is_exported(marks in prop::collection::vec(any_mark(), 1..12)) {
        let scene = Scene { picture: 0, marks: marks.into_iter().map(Rc::new).collect(), crop: None };
        let mut ink = Ink::new(1);
        ink.scene(&scene);
        let exposed = Exposed::after(&ink.end(), 80, 60);
        for mark in scene.marks.iter().filter(|mark| mark.tool == Tool::Blackout) {
            let area = mark.area();
            for y in area.top..area.bottom {
                for x in area.left..area.right {
                    prop_assert!(!exposed.is_at(x, y), "{x}, {y}");
                }
            }
        }
    }

    #[test]
    fn every_line_is_one_that_the_canvas_knows(marks in prop::collection::vec(any_mark(), 1..12)) {
        let mut ink = Ink::new(2);
        for mark in &marks {
            ink.mark(mark, 1);
        }
        for line in ink.end().lines() {
            let parts: Vec<&str> = line.splitn(4, ' ').collect();
            prop_assert!(["stroke", "fill", "text", "number"].contains(&parts[0]));
            prop_assert!(parts[1].starts_with('#') && matches!(parts[1].len(), 7 | 9));
            prop_assert!(parts[2].parse::<u32>().is_ok());
            prop_assert!(parts[3].len() > 4);
        }
    }
}
