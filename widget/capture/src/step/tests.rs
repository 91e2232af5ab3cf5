use proptest::prelude::*;

use super::*;
use crate::{
    scene::Area,
    state::{Encoded, Picture, Way, drawing},
    text::english,
};

fn at(x: i32, y: i32) -> Point {
    Point { x, y }
}

fn key(state: &mut State, name: &str) -> Vec<Effect> {
    step(state, Event::Key(name.into(), 0))
}

fn press_on(state: &mut State, hook: &str) -> Vec<Effect> {
    step(state, Event::Press(hook.into(), 100))
}

fn pick(state: &mut State, tool: Tool) {
    step(state, Event::Input("tool".into(), (tool as usize).to_string()));
}

fn drag(state: &mut State, from: Point, to: Point) -> Vec<Effect> {
    step(state, Event::Down(from));
    step(state, Event::Move(to));
    step(state, Event::Up(to))
}

fn picture(width: i32, height: i32, way: Way) -> Picture {
    Picture { width, height, way, notes: Default::default() }
}

fn ready() -> Event {
    Event::Encoded(Encoded { width: 10, height: 10, size_bytes: 1234 })
}

#[test]
fn a_box_is_drawn_by_keys_alone_and_every_step_is_said() {
    let mut state = drawing(1280, 800);
    state.cursor = at(120, 80);
    assert_eq!(key(&mut state, "Enter"), []);
    assert_eq!(state.said, "Box started at 120, 80");
    for _ in 0..70 {
        assert_eq!(key(&mut state, "ArrowRight"), [Effect::Reveal]);
    }
    for _ in 0..3 {
        step(&mut state, Event::Key("ArrowDown".into(), SHIFT));
    }
    assert_eq!(state.said, "400, 200");
    assert_eq!(key(&mut state, " "), [Effect::Encode]);
    assert_eq!(state.said, "Box from 120, 80 to 400, 200 added");
    assert_eq!(state.history.now().marks.len(), 1);
}

#[test]
fn alt_moves_the_cursor_by_single_pixels() {
    let mut state = drawing(4000, 4000);
    let before = state.cursor;
    step(&mut state, Event::Key("ArrowLeft".into(), ALT));
    assert_eq!(state.cursor, at(before.x - 1, before.y));
}

#[test]
fn a_text_is_typed_where_the_picture_was_pressed() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(40, 50)));
    assert_eq!(step(&mut state, Event::Up(at(40, 50))), [Effect::Focus("typed")]);
    step(&mut state, Event::Input("typed".into(), "too\nsmall\u{1}".into()));
    assert_eq!(press_on(&mut state, "add"), [Effect::Focus("picture"), Effect::Encode]);
    assert_eq!(state.said, "Text at 40, 50: toosmall added");
}

#[test]
fn a_text_that_is_being_typed_moves_with_the_next_press_instead_of_being_lost() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(40, 50)));
    step(&mut state, Event::Input("typed".into(), "here".into()));
    step(&mut state, Event::Down(at(90, 90)));
    let draft = state.draft.as_ref().unwrap();
    assert_eq!((draft.text.as_str(), draft.from()), ("here", at(90, 90)));
}

#[test]
fn a_text_still_in_the_field_goes_along_with_the_picture() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(40, 50)));
    step(&mut state, Event::Input("typed".into(), "here".into()));
    let effects = press_on(&mut state, "use");
    assert!(effects.contains(&Effect::Encode));
    assert_eq!(state.history.now().marks[0].text, "here");
    assert_eq!(state.screen, Screen::Review);
}

#[test]
fn a_second_finger_takes_back_what_the_first_began() {
    for tool in TOOLS {
        let mut state = drawing(800, 600);
        pick(&mut state, tool);
        step(&mut state, Event::Down(at(10, 10)));
        step(&mut state, Event::Move(at(90, 90)));
        step(&mut state, Event::Abort);
        assert_eq!(step(&mut state, Event::Up(at(99, 99))), [], "{tool:?}");
        assert!(state.draft.is_none() && !state.history.can_undo(), "{tool:?}");
    }
}

#[test]
fn a_second_finger_does_not_take_words_away() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Text);
    step(&mut state, Event::Down(at(10, 10)));
    step(&mut state, Event::Input("typed".into(), "words".into()));
    step(&mut state, Event::Abort);
    assert_eq!(state.draft.unwrap().text, "words");
}

#[test]
fn escape_backs_out_one_step_at_a_time_and_asks_before_anything_is_lost() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    let drawn = state.history.now().clone();
    step(&mut state, Event::Down(at(10, 10)));
    key(&mut state, "Escape");
    assert!(state.draft.is_none());
    assert_eq!(state.screen, Screen::Drawing);
    assert_eq!(key(&mut state, "Escape"), [Effect::Focus("keep")]);
    assert_eq!(state.screen, Screen::Leaving);
    assert_eq!(key(&mut state, "Escape"), [Effect::Focus("picture")]);
    assert_eq!(state.screen, Screen::Drawing);
    press_on(&mut state, "use");
    press_on(&mut state, "close");
    assert_eq!(press_on(&mut state, "close"), [Effect::Focus("keep")], "pressed twice is no answer");
    press_on(&mut state, "keep");
    assert_eq!(state.history.now(), &drawn);
    press_on(&mut state, "close");
    assert_eq!(press_on(&mut state, "discard"), [Effect::Leave]);
}

#[test]
fn an_untouched_picture_is_left_without_a_question() {
    assert_eq!(key(&mut drawing(800, 600), "Escape"), [Effect::Leave]);
    let mut taking = State::new(english(), true, 1);
    assert_eq!(press_on(&mut taking, "close"), [Effect::Leave]);
}

#[test]
fn a_way_that_does_not_work_says_why_and_offers_the_others() {
    let mut state = State::new(english(), false, 1);
    assert_eq!(step(&mut state, Event::Failed(Key::WhyRefused)), [Effect::Focus("ways")]);
    assert_eq!((state.screen, state.why), (Screen::Ways, Some(Key::WhyRefused)));
    assert!(state.said.contains("security rules"));
    step(&mut state, Event::Loaded(picture(5, 5, Way::File)));
    assert_eq!((state.screen, state.why), (Screen::Drawing, None));
}

#[test]
fn a_new_picture_keeps_the_old_one_and_its_drawing_for_undo() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    let drawn = state.history.now().clone();
    press_on(&mut state, "another");
    step(&mut state, Event::Loaded(picture(50, 40, Way::File)));
    assert_eq!((state.picture().unwrap().width, state.kept().right), (50, 50));
    press_on(&mut state, "undo");
    assert_eq!(state.history.now(), &drawn);
    assert_eq!(state.picture().unwrap().width, 800);
}

#[test]
fn a_failed_second_way_leaves_the_first_picture_as_it_was() {
    let mut state = drawing(800, 600);
    drag(&mut state, at(10, 10), at(90, 90));
    step(&mut state, Event::Failed(Key::WhyFile));
    press_on(&mut state, "back");
    assert_eq!(state.screen, Screen::Drawing);
    assert_eq!(state.history.now().marks.len(), 1);
}

#[test]
fn nothing_is_attached_before_there_is_a_file() {
    let mut state = drawing(800, 600);
    press_on(&mut state, "use");
    assert_eq!(press_on(&mut state, "attach"), []);
    assert_eq!(step(&mut state, ready()), [Effect::Prove, Effect::Focus("attach")]);
    assert_eq!(press_on(&mut state, "attach"), [Effect::Attach]);
}

#[test]
fn every_change_makes_the_file_anew() {
    let mut state = drawing(800, 600);
    step(&mut state, ready());
    for (hook, effects) in [
        ("draw", drag(&mut state, at(10, 10), at(90, 90))),
        ("undo", press_on(&mut state, "undo")),
        ("redo", press_on(&mut state, "redo")),
        ("remove0", press_on(&mut state, "remove0")),
    ] {
        assert!(effects.contains(&Effect::Encode), "{hook}");
    }
    assert_eq!(state.file, File::Pending);
}

#[test]
fn a_picture_that_is_too_big_comes_back_to_be_cropped() {
    let mut state = drawing(800, 600);
    press_on(&mut state, "use");
    step(&mut state, Event::TooBig);
    assert_eq!(state.screen, Screen::Drawing);
    assert!(state.said.contains("too big"));
    press_on(&mut state, "use");
    assert_eq!(state.screen, Screen::Drawing, "there is no file to review");
}

#[test]
fn a_crop_can_be_removed_like_a_mark() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Crop);
    drag(&mut state, at(100, 50), at(-40, 700));
    assert_eq!(state.kept(), Area { left: 0, top: 50, right: 101, bottom: 600 });
    press_on(&mut state, "remove");
    assert_eq!(state.kept().width(), 800);
    assert_eq!(state.said, "Crop removed");
}

#[test]
fn pins_count_themselves() {
    let mut state = drawing(800, 600);
    pick(&mut state, Tool::Pin);
    for x in [10, 20, 30] {
        step(&mut state, Event::Down(at(x, 10)));
        step(&mut state, Event::Up(at(x, 10)));
    }
    assert_eq!(state.said, "Pin 3 at 30, 10 added");
    press_on(&mut state, "remove1");
    assert_eq!(state.said, "Pin 2 at 20, 10 removed");
    assert_eq!(state.history.now().pin_number(1), 2);
}

#[test]
fn marks_that_are_not_there_are_not_removed() {
    let mut state = drawing(800, 600);
    assert_eq!(press_on(&mut state, "remove7"), []);
    assert_eq!(press_on(&mut state, "remove"), []);
    assert!(!state.history.can_undo());
}

#[test]
fn zoom_goes_by_what_is_shown_and_stops_at_its_ends() {
    let mut state = drawing(800, 600);
    step(&mut state, Event::Press("in".into(), 63));
    assert_eq!(state.zoom, 75);
    step(&mut state, Event::Press("out".into(), 63));
    assert_eq!(state.zoom, 50);
    step(&mut state, Event::Press("in".into(), 800));
    assert_eq!(state.zoom, 800);
    press_on(&mut state, "fit");
    assert_eq!(state.zoom, 0);
}

/// Anything a visitor may do while drawing.
fn deed() -> impl Strategy<Value = Event> {
    let point = (-50..450, -50..350).prop_map(|(x, y)| at(x, y));
    prop_oneof![
        4 => point.clone().prop_map(Event::Down),
        6 => point.clone().prop_map(Event::Move),
        4 => point.prop_map(Event::Up),
        1 => Just(Event::Abort),
        3 => (0..8_usize).prop_map(|tool| Event::Input("tool".into(), tool.to_string())),
        1 => (0..9_usize).prop_map(|colour| Event::Input("colour".into(), colour.to_string())),
        1 => Just(Event::Input("typed".into(), "words".into())),
        4 => prop_oneof!["undo", "redo", "add", "cancel", "remove0", "remove2", "remove", "in", "fit"]
            .prop_map(|hook: String| Event::Press(hook, 100)),
        4 => (prop_oneof!["Enter", "ArrowLeft", "ArrowDown"], 0..8).prop_map(|(key, held): (String, i32)| Event::Key(key, held)),
    ]
}

proptest! {
    #[test]
    fn undo_is_the_inverse_of_do(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut state = drawing(400, 300);
        let untouched = state.history.now().clone();
        for deed in deeds {
            let before = state.history.now().clone();
            let is_travel = matches!(&deed, Event::Press(hook, _) if hook == "undo" || hook == "redo")
                || matches!(&deed, Event::Key(_, held) if held & COMMAND != 0);
            step(&mut state, deed);
            let after = state.history.now().clone();
            if !is_travel && before != after {
                prop_assert!(!state.history.can_redo());
                prop_assert!(state.history.undo());
                prop_assert_eq!(state.history.now(), &before);
                prop_assert!(state.history.redo());
                prop_assert_eq!(state.history.now(), &after);
            }
        }
        while state.history.undo() {}
        prop_assert_eq!(state.history.now(), &untouched);
    }

    #[test]
    fn nothing_is_drawn_outside_the_picture(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut state = drawing(400, 300);
        for deed in deeds {
            step(&mut state, deed);
            let kept = state.kept();
            prop_assert!(kept.left >= 0 && kept.top >= 0 && kept.right <= 400 && kept.bottom <= 300);
            prop_assert!(kept.width() > 0 && kept.height() > 0);
            for point in state.history.now().marks.iter().flat_map(|mark| &mark.points).chain([&state.cursor]) {
                prop_assert!((0..400).contains(&point.x) && (0..300).contains(&point.y));
            }
        }
    }
}
