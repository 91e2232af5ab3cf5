//! The state as a row of numbers, which the page reads in the same order (`read` in `js/view.js`).
//!
//! effect, turn, screen, why (1 and up, 0 for nothing), picture, zoom, tool, colour, held (-1 for nothing), can undo,
//! can redo, words that are being typed (-1 without a field for them), file, what is said, a mark that it is said of,
//! left, top, width and height of what is kept, unit, and then every mark of the scene. A mark is tool, number of a
//! pin, x and y of its start, x and y of its end, number of its words.

use crate::{
    scene::Tool,
    state::{Effect, State, Told},
};

/// Everything that the page has to know.
pub(crate) fn of(state: &State, effect: Effect) -> Vec<i32> {
    let typed = state.draft.as_ref().filter(|draft| draft.tool == Tool::Text && state.held.is_none());
    let kept = state.kept(state.crop());
    let mut row = Vec::with_capacity(64);
    row.extend_from_slice(&[
        effect as i32,
        state.turn,
        state.screen as i32,
        state.why.map_or(0, |why| why as i32 + 1),
        state.history.picture().unwrap_or_default() as i32,
        state.zoom,
        state.tool as i32,
        state.colour,
        state.held.map_or(-1, |at| at as i32),
        i32::from(state.history.can_undo()),
        i32::from(state.history.can_redo()),
        typed.map_or(-1, |draft| draft.words),
        state.file as i32,
        state.said.what as i32,
    ]);
    mark(&mut row, &state.said.of);
    row.extend_from_slice(&[kept.left, kept.top, kept.width(), kept.height(), state.unit()]);
    for (at, drawn) in state.scene().enumerate() {
        mark(&mut row, &state.told(drawn, at));
    }
    row
}

#[inline(never)]
fn mark(row: &mut Vec<i32>, told: &Told) {
    let Told { tool, number, from, to, words } = *told;
    row.extend_from_slice(&[tool as i32, number, from.x, from.y, to.x, to.y, words]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Event, scene::Point, state::drawing, step::step};

    #[test]
    fn a_row_says_everything_in_its_place() {
        let mut state = drawing(800, 600);
        step(&mut state, Event::Down(Point { x: 10, y: 20 }));
        let effect = step(&mut state, Event::Up(Point { x: 99, y: 98 }));
        let told = [0, 1, 10, 20, 99, 98, 0];
        let drawing = 2;
        let added = crate::state::Say::Added as i32;
        let row =
            [&[0, 2, drawing, 0, 0, 0, 0, 0, -1, 1, 0, -1, 0, added][..], &told, &[0, 0, 800, 600, 1], &told];
        assert_eq!(of(&state, effect), row.concat());
    }

    #[test]
    fn a_text_has_its_field_from_the_first_press_until_it_stands() {
        let mut state = drawing(800, 600);
        let typed = |state: &State| of(state, Effect::None)[11];
        step(&mut state, Event::Tool(Tool::Text));
        assert_eq!(typed(&state), -1);
        step(&mut state, Event::Down(Point { x: 10, y: 20 }));
        assert_eq!(typed(&state), 0);
        step(&mut state, Event::Typed(3, 40));
        assert_eq!(typed(&state), 3);
        step(&mut state, Event::Add);
        assert_eq!(typed(&state), -1);
        step(&mut state, Event::Pick(0));
        assert_eq!(typed(&state), -1, "what is moved is not typed");
    }
}
