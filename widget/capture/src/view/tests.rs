use super::*;
use crate::{
    scene::Point,
    state::{Encoded, Event, Picture, drawing},
    step::step,
    text::english,
};

/// The texts on a page, without its markup.
fn words(page: &str) -> Vec<&str> {
    page.split(['\u{1}', '\u{2}', '\u{4}'])
        .filter_map(|piece| piece.split_once('\u{3}').map(|(_, text)| text))
        .filter(|text| !text.is_empty())
        .collect()
}

fn has_hook(page: &str, hook: &str) -> bool {
    page.contains(&format!("#{hook}\u{2}"))
}

/// Every state that has a look of its own.
fn states() -> Vec<(&'static str, State)> {
    let draw = |state: &mut State| {
        step(state, Event::Down(Point { x: 10, y: 10 }));
        step(state, Event::Up(Point { x: 99, y: 99 }));
    };
    let mut drawn = drawing(800, 600);
    draw(&mut drawn);
    let mut leaving = drawing(800, 600);
    draw(&mut leaving);
    step(&mut leaving, Event::Press("close".into(), 100));
    let mut review = drawing(800, 600);
    step(&mut review, Event::Press("use".into(), 100));
    step(&mut review, Event::Encoded(Encoded { width: 800, height: 600, size_bytes: 45_001 }));
    let mut ways = State::new(english(), false, 1);
    step(&mut ways, Event::Failed(Key::WhyRefused));
    vec![
        ("taking", State::new(english(), true, 1)),
        ("ways", ways),
        ("drawn", drawn),
        ("leaving", leaving),
        ("review", review),
    ]
}

#[test]
fn every_page_closes_what_it_opens_and_names_every_button() {
    for (name, state) in states() {
        let page = view(&state);
        let mut depth = 0;
        for char in page.chars() {
            depth += i32::from(char == crate::page::OPEN) - i32::from(char == crate::page::CLOSE);
            assert!(depth >= 0, "{name}");
        }
        assert_eq!(depth, 0, "{name}");
        for button in page.split("\u{1}button#").skip(1) {
            let (own, _) = button.split_once('\u{4}').unwrap();
            assert!(own.contains("aria-label=") || own.contains('\u{3}'), "{name}: {own}");
        }
        assert!(page.contains("role=status"), "{name}");
    }
}

#[test]
fn a_way_that_is_missing_is_explained() {
    let mut state = State::new(english(), false, 1);
    step(&mut state, Event::Failed(Key::WhyPage));
    let page = view(&state);
    assert!(!has_hook(&page, "screen"));
    assert!(words(&page).iter().any(|text| text.starts_with("An exact picture is not possible here")));
    assert!(has_hook(&page, "file") && has_hook(&page, "page"));
    state.has_screen = true;
    assert!(has_hook(&view(&state), "screen"));
}

#[test]
fn the_review_says_size_pixels_and_what_is_missing() {
    let mut state = drawing(800, 600);
    state.pictures[0].notes[0] = 3;
    step(&mut state, Event::Press("use".into(), 100));
    assert!(view(&state).contains("attach\u{2}type=button\u{2}class=main\u{2}disabled="));
    step(&mut state, Event::Encoded(Encoded { width: 700, height: 500, size_bytes: 45_001 }));
    let page = view(&state);
    let words = words(&page);
    for text in ["46 kB, 700 × 500 pixels", "Covered before the picture was taken: 3", "Not shown (1)"] {
        assert!(words.contains(&text), "{text} in {words:?}");
    }
    assert!(!page.contains("disabled=\u{3}") && has_hook(&page, "attach"));
}

#[test]
fn a_picture_that_nobody_masked_says_so() {
    let mut state = State::new(english(), true, 1);
    let picture = Picture { width: 9, height: 9, way: Way::Screen, notes: Default::default() };
    step(&mut state, Event::Loaded(picture));
    assert_eq!(notes(&state), ["Nothing is covered in this picture. Black out what nobody should see."]);
}

#[test]
fn every_mark_is_listed_with_a_way_to_remove_it() {
    let (_, state) = states().remove(2);
    let page = view(&state);
    assert!(words(&page).contains(&"Box from 10, 10 to 99, 99"));
    assert!(page.contains("aria-label=Remove: Box from 10, 10 to 99, 99"));
    assert!(has_hook(&page, "remove0"));
}

#[test]
fn what_is_drawn_cannot_be_touched_while_leaving_is_asked() {
    let (_, state) = states().remove(3);
    let page = view(&state);
    assert_eq!(page.matches("inert=").count(), 2);
    assert!(has_hook(&page, "keep") && has_hook(&page, "discard") && !has_hook(&page, "use"));
}
