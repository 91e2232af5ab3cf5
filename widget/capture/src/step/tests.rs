// long: the laws and the deeds of the visitor start from the same few helpers.

use proptest::prelude::*;

use super::*;
use crate::{
    row,
    scene::{Area, INKS, TOOLS},
    state::{Size, drawing},
};

fn at(x: i32, y: i32) -> Point {
    Point { x, y }
}

fn key(state: &mut State, key: Key) -> Effect {
    step(state, Event::Key(key, 0))
}

fn pick_tool(state: &mut State, tool: Tool) {
    step(state, Event::Tool(tool));
}

fn drag(state: &mut State, from: Point, to: Point) -> Effect {
    step(state, Event::Down(from));
    step(state, Event::Move(to));
    step(state, Event::Up(to))
}

fn tap(state: &mut State, point: Point) -> Effect {
    step(state, Event::Down(point));
    step(state, Event::Up(point))
}

fn loaded(width: i32, height: i32) -> Event {
    Event::Loaded(Size { width, height })
}

/// What is said, of what, from where to where.
fn said(state: &State) -> (Say, Tool, Point, Point) {
    (state.said.what, state.said.of.tool, state.said.of.from, state.said.of.to)
}

fn scene(state: &State) -> Vec<Mark> {
    state.scene().copied().collect()
}

/// A picture with a box (10, 10)–(90, 90), an arrow beside it and a pin within.
fn three() -> State {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    pick_tool(&mut state, Tool::Arrow);
    drag(&mut state, at(300, 300), at(400, 350));
    pick_tool(&mut state, Tool::Pin);
    tap(&mut state, at(50, 50));
    state
}

#[test]
fn a_box_is_drawn_by_keys_alone_and_every_step_is_said() {
    let mut state = drawing(1280, 800);
    state.cursor = at(120, 80);
    assert_eq!(key(&mut state, Key::Enter), Effect::None);
    assert_eq!(said(&state), (Say::Started, Tool::Box, at(120, 80), at(120, 80)));
    for _ in 0..70 {
        assert_eq!(key(&mut state, Key::Right), Effect::Reveal);
    }
    for _ in 0..3 {
        step(&mut state, Event::Key(Key::Down, SHIFT));
    }
    assert_eq!((state.said.what, state.said.of.from), (Say::Place, at(400, 200)));
    let turn = state.turn;
    key(&mut state, Key::Enter);
    assert_eq!(said(&state), (Say::Added, Tool::Box, at(120, 80), at(400, 200)));
    assert_eq!((state.history.marks().len(), state.turn), (1, turn + 1));
}

#[test]
fn alt_moves_the_cursor_by_single_pixels() {
    let mut state = drawing(4000, 4000);
    let before = state.cursor;
    step(&mut state, Event::Key(Key::Left, ALT));
    assert_eq!(state.cursor, at(before.x - 1, before.y));
}

#[test]
fn a_text_is_typed_where_the_picture_was_pressed() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Text);
    assert_eq!(tap(&mut state, at(40, 50)), Effect::FocusTyped);
    step(&mut state, Event::Typed(1, 60));
    let turn = state.turn;
    assert_eq!(step(&mut state, Event::Add), Effect::FocusPicture);
    assert_eq!((state.said.what, state.said.of.words, state.turn), (Say::Added, 1, turn + 1));
    assert_eq!(state.said.of.from, at(40, 50));
}

#[test]
fn a_text_without_words_is_none() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Text);
    tap(&mut state, at(40, 50));
    step(&mut state, Event::Typed(1, 60));
    step(&mut state, Event::Typed(0, 0));
    step(&mut state, Event::Add);
    assert!(!state.history.can_undo());
}

#[test]
fn a_text_that_is_being_typed_moves_with_the_next_press_instead_of_being_lost() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(40, 50)));
    step(&mut state, Event::Typed(7, 30));
    step(&mut state, Event::Down(at(90, 90)));
    let draft = state.draft.as_ref().unwrap();
    assert_eq!((draft.words, draft.from, draft.to), (7, at(90, 90), at(120, 70)));
}

#[test]
fn a_text_still_in_the_field_goes_along_with_the_picture() {
    for last in [Event::Use, Event::Tool(Tool::Pin)] {
        let mut state = drawing(800, 600);
        pick_tool(&mut state, Tool::Text);
        step(&mut state, Event::Down(at(40, 50)));
        step(&mut state, Event::Typed(1, 30));
        let turn = state.turn;
        step(&mut state, last);
        assert_eq!((scene(&state)[0].words, state.turn), (1, turn + 1), "{last:?}");
    }
}

#[test]
fn a_second_finger_takes_back_what_the_first_began() {
    for tool in TOOLS {
        let mut state = drawing(800, 600);
        pick_tool(&mut state, tool);
        step(&mut state, Event::Down(at(10, 10)));
        step(&mut state, Event::Move(at(90, 90)));
        step(&mut state, Event::Abort);
        assert_eq!(step(&mut state, Event::Up(at(99, 99))), Effect::None, "{tool:?}");
        assert!(state.draft.is_none() && !state.history.can_undo(), "{tool:?}");
    }
}

#[test]
fn a_second_finger_does_not_take_words_away() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(10, 10)));
    step(&mut state, Event::Typed(4, 30));
    step(&mut state, Event::Abort);
    assert_eq!(state.draft.unwrap().words, 4);
}

#[test]
fn escape_backs_out_one_step_at_a_time_and_asks_before_anything_is_lost() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    let drawn = scene(&state);
    step(&mut state, Event::Down(at(10, 10)));
    key(&mut state, Key::Escape);
    assert!(state.draft.is_none());
    assert_eq!(state.screen, Screen::Drawing);
    assert_eq!(key(&mut state, Key::Escape), Effect::FocusKeep);
    assert_eq!(state.screen, Screen::Leaving);
    assert_eq!(key(&mut state, Key::Escape), Effect::FocusPicture);
    assert_eq!(state.screen, Screen::Drawing);
    step(&mut state, Event::Use);
    step(&mut state, Event::Close);
    assert_eq!(step(&mut state, Event::Close), Effect::FocusKeep, "pressed twice is no answer");
    step(&mut state, Event::Keep);
    assert_eq!(scene(&state), drawn);
    step(&mut state, Event::Close);
    assert_eq!(step(&mut state, Event::Discard), Effect::Leave);
}

#[test]
fn an_untouched_picture_is_left_without_a_question() {
    assert_eq!(key(&mut drawing(800, 600), Key::Escape), Effect::Leave);
    assert_eq!(step(&mut State::new(1), Event::Close), Effect::Leave);
}

#[test]
fn a_way_that_does_not_work_says_why_and_offers_the_others() {
    let mut state = State::new(1);
    assert_eq!(step(&mut state, Event::Failed(Say::WhyRefused)), Effect::FocusWays);
    assert_eq!(
        (state.screen, state.why, state.said.what),
        (Screen::Ways, Some(Say::WhyRefused), Say::WhyRefused)
    );
    step(&mut state, loaded(5, 5));
    assert_eq!((state.screen, state.why), (Screen::Drawing, None));
}

#[test]
fn a_new_picture_keeps_the_old_one_and_its_drawing_for_undo() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    let drawn = scene(&state);
    step(&mut state, Event::Another);
    step(&mut state, loaded(50, 40));
    assert_eq!((state.picture().unwrap().width, state.kept(state.crop()).right), (50, 50));
    assert_eq!(state.history.marks(), []);
    step(&mut state, Event::Undo);
    assert_eq!(scene(&state), drawn);
    assert_eq!(state.picture().unwrap().width, 800);
}

#[test]
fn a_failed_second_way_leaves_the_first_picture_as_it_was() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    step(&mut state, Event::Failed(Say::WhyFile));
    step(&mut state, Event::Back);
    assert_eq!(state.screen, Screen::Drawing);
    assert_eq!(state.history.marks().len(), 1);
}

#[test]
fn nothing_is_attached_before_there_is_a_file() {
    let mut state = drawing(800, 600);
    assert_eq!(step(&mut state, Event::Use), Effect::FocusBack);
    assert_eq!(step(&mut state, Event::Attach), Effect::None);
    assert_eq!(step(&mut state, Event::Encoded), Effect::FocusAttach);
    assert_eq!(step(&mut state, Event::Attach), Effect::Attach);
}

#[test]
fn every_change_makes_the_file_anew() {
    let mut state = drawing(800, 600);
    let deeds: [(&str, &[Event]); 6] = [
        ("draw", &[Event::Down(at(10, 10)), Event::Up(at(90, 90))]),
        ("undo", &[Event::Undo]),
        ("redo", &[Event::Redo]),
        ("move", &[Event::Pick(0), Event::Key(Key::Down, 0), Event::Key(Key::Enter, 0)]),
        ("paint", &[Event::Pick(0), Event::Colour(3)]),
        ("remove", &[Event::Remove(0)]),
    ];
    for (name, events) in deeds {
        step(&mut state, Event::Encoded);
        let turn = state.turn;
        for event in events {
            step(&mut state, *event);
        }
        assert_eq!((state.turn, state.file), (turn + 1, File::Pending), "{name}");
    }
}

#[test]
fn a_picture_that_is_too_big_comes_back_to_be_cropped() {
    let mut state = drawing(800, 600);
    step(&mut state, Event::Use);
    step(&mut state, Event::TooBig);
    assert_eq!((state.screen, state.said.what), (Screen::Drawing, Say::WhyBig));
    step(&mut state, Event::Use);
    assert_eq!(state.screen, Screen::Drawing, "there is no file to review");
}

#[test]
fn a_crop_is_a_mark_and_there_is_one_at_a_time() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Crop);
    drag(&mut state, at(10, 10), at(20, 20));
    drag(&mut state, at(100, 50), at(-40, 700));
    assert_eq!(state.history.marks().len(), 1);
    let kept = |state: &State| state.kept(state.crop());
    assert_eq!(kept(&state), Area { left: 0, top: 50, right: 101, bottom: 600 });
    step(&mut state, Event::Remove(0));
    assert_eq!(kept(&state).width(), 800);
    assert_eq!((state.said.what, state.said.of.tool), (Say::Removed, Tool::Crop));
}

#[test]
fn pins_count_themselves() {
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Pin);
    for x in [10, 20, 30] {
        tap(&mut state, at(x, 10));
    }
    assert_eq!((state.said.of.number, state.said.of.from), (3, at(30, 10)));
    step(&mut state, Event::Remove(1));
    assert_eq!((state.said.of.number, state.said.of.from), (2, at(20, 10)));
    let last = scene(&state).pop().unwrap();
    assert_eq!((state.told(&last, 1).number, last.from), (2, at(30, 10)));
}

#[test]
fn marks_that_are_not_there_are_neither_removed_nor_taken_up() {
    let mut state = drawing(800, 600);
    assert_eq!(step(&mut state, Event::Remove(7)), Effect::None);
    assert_eq!(step(&mut state, Event::Pick(0)), Effect::None);
    for deed in [Key::Next, Key::Previous, Key::Delete] {
        assert_eq!(key(&mut state, deed), Effect::None);
    }
    assert!(!state.history.can_undo() && state.held.is_none());
}

#[test]
fn zoom_goes_by_what_is_shown_and_stops_at_its_ends() {
    let mut state = drawing(800, 600);
    step(&mut state, Event::In(63));
    assert_eq!(state.zoom, 75);
    step(&mut state, Event::Out(63));
    assert_eq!(state.zoom, 50);
    step(&mut state, Event::In(800));
    assert_eq!(state.zoom, 800);
    step(&mut state, Event::Fit);
    assert_eq!(state.zoom, 0);
}

#[test]
fn a_mark_is_moved_by_the_pointer_and_undo_brings_it_back() {
    let mut state = three();
    let before = scene(&state);
    pick_tool(&mut state, Tool::Move);
    let turn = state.turn;
    drag(&mut state, at(310, 305), at(330, 285));
    assert_eq!(said(&state), (Say::Moved, Tool::Arrow, at(320, 280), at(420, 330)));
    assert_eq!((state.turn, state.held), (turn + 1, Some(1)), "it stays in hand");
    assert_eq!((scene(&state)[1].from, scene(&state)[1].to), (at(320, 280), at(420, 330)));
    assert_eq!((&scene(&state)[0], &scene(&state)[2]), (&before[0], &before[2]));
    step(&mut state, Event::Undo);
    assert_eq!(scene(&state), before);
    step(&mut state, Event::Redo);
    assert_eq!(scene(&state)[1].from, at(320, 280));
}

#[test]
fn of_two_marks_in_one_place_the_smaller_is_taken_up() {
    let mut state = three();
    pick_tool(&mut state, Tool::Move);
    tap(&mut state, at(52, 48));
    assert_eq!(state.held, Some(2), "the pin within the box");
    tap(&mut state, at(80, 20));
    assert_eq!(state.held, Some(0));
    tap(&mut state, at(700, 500));
    assert_eq!(state.held, None, "a press beside everything puts it down");
}

#[test]
fn a_mark_that_was_only_pressed_has_not_changed() {
    let mut state = three();
    pick_tool(&mut state, Tool::Move);
    let turn = state.turn;
    tap(&mut state, at(350, 325));
    key(&mut state, Key::Enter);
    assert_eq!((state.turn, state.held), (turn, None));
}

#[test]
fn marks_are_taken_up_moved_and_put_down_by_keys_alone() {
    let mut state = three();
    assert_eq!(key(&mut state, Key::Next), Effect::Reveal);
    assert_eq!(said(&state), (Say::Held, Tool::Pin, at(50, 50), at(50, 50)), "the topmost first");
    key(&mut state, Key::Next);
    assert_eq!(said(&state), (Say::Held, Tool::Box, at(10, 10), at(90, 90)));
    key(&mut state, Key::Next);
    assert_eq!(state.said.of.tool, Tool::Arrow);
    key(&mut state, Key::Previous);
    assert_eq!(state.said.of.tool, Tool::Box);
    let turn = state.turn;
    assert_eq!(key(&mut state, Key::Right), Effect::Reveal);
    step(&mut state, Event::Key(Key::Down, SHIFT));
    assert_eq!((state.said.what, state.said.of.from), (Say::Place, at(14, 50)));
    assert_eq!(state.turn, turn, "all steps are one change");
    assert_eq!(key(&mut state, Key::Enter), Effect::FocusPicture);
    assert_eq!(said(&state), (Say::Moved, Tool::Box, at(14, 50), at(94, 130)));
    assert_eq!((state.turn, state.held), (turn + 1, None));
    step(&mut state, Event::Undo);
    assert_eq!(scene(&state)[0].from, at(10, 10));
}

#[test]
fn escape_puts_a_mark_back_and_delete_takes_it_away() {
    let mut state = three();
    let before = scene(&state);
    key(&mut state, Key::Next);
    key(&mut state, Key::Right);
    key(&mut state, Key::Escape);
    assert_eq!((scene(&state), state.held, state.said.what), (before.clone(), None, Say::Cancelled));
    key(&mut state, Key::Next);
    key(&mut state, Key::Right);
    assert_eq!(key(&mut state, Key::Delete), Effect::FocusPicture);
    assert_eq!(said(&state), (Say::Removed, Tool::Pin, at(50, 50), at(50, 50)));
    assert_eq!(scene(&state), before[..2]);
    step(&mut state, Event::Undo);
    assert_eq!(scene(&state), before);
}

#[test]
fn the_list_takes_a_mark_up_whatever_the_tool_is() {
    let mut state = three();
    assert_eq!(step(&mut state, Event::Pick(0)), Effect::FocusPicture);
    assert_eq!((state.held, state.tool), (Some(0), Tool::Pin));
    // A press on it moves it, one beside it goes on drawing.
    drag(&mut state, at(20, 20), at(30, 20));
    assert_eq!(scene(&state)[0].from, at(20, 10));
    tap(&mut state, at(600, 400));
    assert_eq!((state.held, state.history.marks().len()), (None, 4));
}

#[test]
fn enter_with_the_moving_tool_takes_up_what_is_under_the_cursor() {
    let mut state = three();
    pick_tool(&mut state, Tool::Move);
    state.cursor = at(350, 320);
    key(&mut state, Key::Enter);
    assert_eq!(state.held, Some(1));
    key(&mut state, Key::Enter);
    state.cursor = at(700, 500);
    key(&mut state, Key::Enter);
    assert_eq!(state.held, Some(2), "where nothing is, the topmost");
}

#[test]
fn what_is_held_is_drawn_once_and_goes_out_where_it_stands() {
    use crate::ink::layer;
    let mut state = drawing(800, 600);
    pick_tool(&mut state, Tool::Blackout);
    drag(&mut state, at(10, 10), at(90, 90));
    let black = layer(&state, 0);
    assert_eq!(layer(&state, 1), black);
    step(&mut state, Event::Pick(0));
    key(&mut state, Key::Right);
    assert_eq!(layer(&state, 1), [], "it is shown above while it is held");
    assert_eq!(layer(&state, 0), black, "the file knows nothing of a move that is not over");
    step(&mut state, Event::Use);
    assert_eq!(&layer(&state, 0)[4..], [14, 10, 95, 91]);
}

#[test]
fn a_mark_that_is_held_takes_another_colour() {
    let mut state = three();
    step(&mut state, Event::Pick(0));
    step(&mut state, Event::Colour(3));
    assert_eq!(scene(&state)[0].colour, 3);
    step(&mut state, Event::Undo);
    assert_eq!(scene(&state)[0].colour, 0);
}

/// Anything a visitor may do while drawing.
fn deed() -> impl Strategy<Value = Event> {
    let point = (-50..450, -50..350).prop_map(|(x, y)| at(x, y));
    let key = prop_oneof![
        3 => Just(Key::Enter),
        2 => Just(Key::Left),
        2 => Just(Key::Down),
        2 => Just(Key::Next),
        1 => Just(Key::Previous),
        1 => Just(Key::Delete),
        1 => Just(Key::Undo),
    ];
    prop_oneof![
        4 => point.clone().prop_map(Event::Down),
        6 => point.clone().prop_map(Event::Move),
        4 => point.prop_map(Event::Up),
        1 => Just(Event::Abort),
        4 => (0..TOOLS.len()).prop_map(|tool| Event::Tool(TOOLS[tool])),
        1 => (0..INKS).prop_map(Event::Colour),
        2 => (0..3, 0..600).prop_map(|(words, width)| Event::Typed(words, width)),
        2 => prop_oneof![Just(Event::Undo), Just(Event::Redo)],
        4 => prop_oneof![Just(Event::Add), Just(Event::Cancel), Just(Event::In(63)), Just(Event::Fit)],
        3 => prop_oneof![(0..4_usize).prop_map(Event::Remove), (0..4_usize).prop_map(Event::Pick)],
        4 => (key, 0..4).prop_map(|(key, with)| Event::Key(key, with)),
    ]
}

proptest! {
    #[test]
    fn undo_is_the_inverse_of_do(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut state = drawing(400, 300);
        for deed in deeds {
            let before = scene(&state);
            let is_travel = matches!(deed, Event::Undo | Event::Redo | Event::Key(Key::Undo, _));
            step(&mut state, deed);
            let after = scene(&state);
            if !is_travel && before != after {
                prop_assert!(!state.history.can_redo());
                prop_assert!(state.history.travel(true));
                prop_assert_eq!(&scene(&state), &before);
                prop_assert!(state.history.travel(false));
                prop_assert_eq!(&scene(&state), &after);
            }
        }
        while state.history.travel(true) {}
        prop_assert_eq!(scene(&state), []);
    }

    #[test]
    fn nothing_is_drawn_outside_the_picture(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut state = drawing(400, 300);
        for deed in deeds {
            step(&mut state, deed);
            let kept = state.kept(state.crop());
            prop_assert!(kept.left >= 0 && kept.top >= 0 && kept.right <= 400 && kept.bottom <= 300);
            prop_assert!(kept.width() > 0 && kept.height() > 0);
            let marks = scene(&state);
            let corners = |mark: &Mark| {
                let Area { left, top, right, bottom } = mark.area;
                [mark.from, mark.to, at(left, top), at(right - 1, bottom - 1)]
            };
            for point in marks.iter().chain(&state.draft).flat_map(corners).chain([state.cursor]) {
                prop_assert!((0..400).contains(&point.x) && (0..300).contains(&point.y), "{point:?}");
            }
        }
    }

    #[test]
    fn the_page_can_always_read_what_is_said(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut state = drawing(400, 300);
        for deed in deeds {
            let effect = step(&mut state, deed);
            let row = row::of(&state, effect);
            prop_assert_eq!(row.len(), 26 + 7 * state.history.marks().len());
            prop_assert!(row[8] < state.history.marks().len() as i32, "what is held is there");
            prop_assert!(state.held.is_none() || state.draft.is_some());
        }
    }
}
