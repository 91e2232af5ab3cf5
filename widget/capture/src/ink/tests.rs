use proptest::prelude::*;

use super::*;
use crate::{
    event::Event,
    scene::TOOLS,
    state::{State, drawing},
    step::step,
};

/// A mark that was drawn through these points.
fn mark(state: &mut State, tool: Tool, points: &[(i32, i32)]) -> Mark {
    state.draft = Some(state.start(tool, 0, Point { x: points[0].0, y: points[0].1 }));
    for (x, y) in &points[1..] {
        state.extend(Point { x: *x, y: *y });
    }
    state.draft.take().expect("it was just started")
}

fn ink(tool: Tool, points: &[(i32, i32)], change: impl Fn(&mut Mark)) -> Vec<i32> {
    let mut state = drawing(800, 600);
    let mut mark = mark(&mut state, tool, points);
    change(&mut mark);
    let mut ink = Ink { row: Vec::new(), count_at: 0, unit: 1, points: &state.points };
    ink.mark(&mark, 12);
    ink.row
}

/// The pieces of a row: kind, colour, size, numbers.
fn pieces(row: &[i32]) -> Vec<(i32, i32, i32, &[i32])> {
    let mut pieces = Vec::new();
    let mut rest = row;
    while let [kind, colour, size, count, after @ ..] = rest {
        let (numbers, next) = after.split_at(*count as usize);
        pieces.push((*kind, *colour, *size, numbers));
        rest = next;
    }
    assert_eq!(rest, [], "a row ends with a piece");
    pieces
}

/// A mark to be: tool, colour, and the points it is drawn through.
type Plan = (Tool, i32, Vec<(i32, i32)>);

/// A picture with these marks.
fn with(plans: &[Plan]) -> State {
    let mut state = drawing(80, 60);
    for (at, (tool, colour, points)) in plans.iter().enumerate() {
        let mark = mark(&mut state, *tool, points);
        state.marks.push(Mark { colour: *colour, words: 7, ..mark });
        state.history.change(at, Some(at));
    }
    state
}

#[test]
fn each_tool_leaves_its_lines() {
    let corners = &[1, 2, 10, 2, 10, 21, 1, 21, 1, 2][..];
    for (tool, expected) in [
        (Tool::Box, vec![(STROKE, 5 + SHEER, 6, corners), (STROKE, 0, 4, corners)]),
        (Tool::Highlighter, vec![(STROKE, SHEER, 14, &[1, 2, 9, 20][..])]),
        (Tool::Blackout, vec![(FILL, BLACK, 0, &[1, 2, 10, 21][..])]),
        (Tool::Crop, vec![]),
    ] {
        assert_eq!(pieces(&ink(tool, &[(1, 2), (9, 20)], |_| {})), expected, "{tool:?}");
    }
    let arrow = ink(Tool::Arrow, &[(0, 0), (100, 0)], |_| {});
    assert_eq!(pieces(&arrow)[1], (STROKE, 0, 4, &[0, 0, 100, 0, BREAK, 82, 10, 100, 0, 82, -10][..]));
    let pin = ink(Tool::Pin, &[(50, 60)], |_| {});
    assert_eq!(pieces(&pin)[1..], [(DISC, 0, 13, &[50, 60][..]), (NUMBER, 5, 15, &[50, 60, 12][..])]);
    let text = ink(Tool::Text, &[(5, 6)], |text| text.words = 3);
    assert_eq!(pieces(&text), [(WORDS, 32 * 5, 20, &[5, 6, 3][..])]);
}

#[test]
fn what_outlines_a_light_colour_is_dark() {
    for (colour, edge) in [(0, 5), (1, BLACK), (4, 5), (5, BLACK)] {
        let ink = ink(Tool::Box, &[(1, 2), (9, 20)], |mark| mark.colour = colour);
        assert_eq!(pieces(&ink)[0].1, edge + SHEER);
    }
}

#[test]
fn a_line_drawn_by_hand_keeps_its_shape_wherever_it_is_put() {
    let line = &[(5, 5), (7, 10), (4, 8)];
    let moved = ink(Tool::Pen, line, |mark| mark.shift(Point { x: -3, y: 4 }));
    assert_eq!(pieces(&moved)[1], (STROKE, 0, 4, &[2, 9, 4, 14, 1, 12][..]));
    let dot = ink(Tool::Highlighter, &[(9, 9)], |_| {});
    assert_eq!(pieces(&dot), [(STROKE, SHEER, 14, &[9, 9][..])]);
}

#[test]
fn the_cursor_is_seen_while_keys_are_in_use_and_a_frame_around_what_is_held() {
    let mut state = drawing(80, 60);
    assert_eq!(layer(&state, 2), []);
    step(&mut state, Event::Key(crate::event::Key::Left, 0));
    assert_eq!(pieces(&layer(&state, 2)).len(), 2);
    let mut state = with(&[(Tool::Blackout, 0, vec![(20, 20), (30, 30)])]);
    step(&mut state, Event::Pick(0));
    let above = layer(&state, 2);
    assert_eq!(pieces(&above)[0], (FILL, BLACK, 0, &[20, 20, 31, 31][..]));
    assert_eq!(pieces(&above)[2], (STROKE, BLACK, 1, &[12, 12, 39, 12, 39, 39, 12, 39, 12, 12][..]));
}

/// What of the page is still in the pixels of an exported picture, by drawing its ink on a canvas that knows only
/// "from the page" and "not from the page". Whatever is not an opaque fill counts as letting everything through.
struct Exposed {
    width: i32,
    pixels: Vec<bool>,
}

impl Exposed {
    fn after(row: &[i32], width: i32, height: i32) -> Self {
        let mut exposed = Self { width, pixels: vec![true; (width * height) as usize] };
        for (kind, colour, _, numbers) in pieces(row) {
            if kind != FILL || colour != BLACK {
                continue;
            }
            let [left, top, right, bottom] = numbers[..] else { panic!("{numbers:?} is no rectangle") };
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

fn any_mark() -> impl Strategy<Value = Plan> {
    let points = prop::collection::vec((0..80, 0..60), 1..5);
    (0..TOOLS.len() - 2, 0..INKS, points).prop_map(|(tool, colour, points)| (TOOLS[tool], colour, points))
}

proptest! {
    #[test]
    fn no_pixel_under_a_blackout_is_exported(marks in prop::collection::vec(any_mark(), 1..12)) {
        let state = with(&marks);
        let row = layer(&state, 0);
        let exposed = Exposed::after(&row, 80, 60);
        for mark in state.scene().filter(|mark| mark.tool == Tool::Blackout) {
            let area = mark.area;
            for y in area.top..area.bottom {
                for x in area.left..area.right {
                    prop_assert!(!exposed.is_at(x, y), "{x}, {y}");
                }
            }
        }
    }

    #[test]
    fn every_piece_is_one_that_the_canvas_knows(marks in prop::collection::vec(any_mark(), 1..12)) {
        let row = layer(&with(&marks), 0);
        for (kind, colour, size, numbers) in pieces(&row) {
            prop_assert!((STROKE..=NUMBER).contains(&kind));
            prop_assert!((0..=BLACK).contains(&(colour & 15)) && (0..=BLACK).contains(&(colour >> 5)));
            prop_assert!(size > 0 || kind == FILL);
            let is_complete = match kind {
                STROKE => numbers.len() >= 2,
                FILL => numbers.len() == 4,
                DISC => numbers.len() == 2,
                _ => numbers.len() == 3,
            };
            prop_assert!(is_complete, "{kind}: {numbers:?}");
        }
    }
}
