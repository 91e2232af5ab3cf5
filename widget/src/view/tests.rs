//! Screens as snapshots, and the promises that hold for all of them.

use candor_protocol::{Code, Fact, Field, FieldKind, Localised, Need, Scale};

use super::*;
use crate::{
    panel::{
        Copied, Event, Failure, ShownFact, step,
        tests::{problem, receipt, state},
    },
    tree::HOOK,
    value::Value,
};

fn full() -> State {
    let mut state = state();
    let label = |text: &str| Localised([("en", text)].into());
    let field = |key: &str, kind| Field { key: key.into(), label: label(key), kind, required: true };
    state.site.form.fields = vec![
        field("order", FieldKind::Text),
        field("story", FieldKind::LongText),
        field("plan", FieldKind::Choice(vec!["free".into(), "pro".into()])),
        field("beta", FieldKind::Check),
    ];
    state.site.policy.url = Some("https://shop.example/privacy".into());
    state.facts = Fact::ALL
        .iter()
        .map(|fact| ShownFact { fact: *fact, value: Value::Nothing, text: "…".into() })
        .collect();
    state.draft.shows_what = true;
    state.draft.set = [("plan_id", "7")].into();
    state
}

fn screens() -> Vec<(&'static str, State)> {
    let failed = |failure| State { screen: Screen::Failed(failure, Copied::No), ..full() };
    let mut faulty = full();
    step(&mut faulty, Event::Submit(candor_protocol::Timestamp::default(), uuid::Uuid::nil()));
    vec![
        ("empty", state()),
        ("full", full()),
        ("faulty", faulty),
        ("sending", State { screen: Screen::Sending, ..full() }),
        ("unreachable", failed(Failure::Unreachable)),
        ("refused", failed(Failure::Refused(problem(Code::RateLimited)))),
        ("done", State { screen: Screen::Done(receipt()), ..state() }),
        ("mine_failed", State { files: Files::MINE_FAILED, ..state() }),
    ]
}

#[test]
fn screens_look_as_they_did() {
    for (name, state) in screens() {
        insta::assert_snapshot!(name, view(&state).to_html());
    }
}

#[test]
fn every_field_has_a_name_and_every_hook_is_one_element() {
    for (name, state) in screens() {
        let tree = view(&state);
        let elements = tree.walk();
        let labels: Vec<_> = elements.iter().filter_map(|element| element.attribute("for")).collect();
        for element in &elements {
            if matches!(element.tag(), Some("textarea" | "select")) {
                assert!(labels.contains(&element.attribute("id").unwrap()), "{name}: {element:?}");
            }
        }
        let mut hooks: Vec<_> = elements.iter().filter_map(|element| element.attribute(HOOK)).collect();
        let all = hooks.len();
        hooks.sort_unstable();
        hooks.dedup();
        assert_eq!(hooks.len(), all, "{name}");
    }
}

#[test]
fn nothing_needs_an_inline_style_or_script() {
    for (name, state) in screens() {
        for element in view(&state).walk() {
            assert!(!matches!(element.tag(), Some("style" | "script")), "{name}");
            let bad = |attribute: &str| attribute == "style" || attribute.starts_with("on");
            assert!(!element.attributes().any(|(attribute, _)| bad(attribute)), "{name}: {element:?}");
        }
    }
}

#[test]
fn thanks_are_said_on_the_receipt_only() {
    for (name, state) in screens() {
        let thanks = state.texts.get(Key::Done).to_owned();
        assert_eq!(view(&state).to_html().contains(&thanks), name == "done", "{name}");
    }
}

#[test]
fn every_tick_box_of_a_fresh_panel_is_empty() {
    let mut state = full();
    state.site.policy.terms.iter_mut().for_each(|terms| terms.need = Need::Required);
    for element in view(&state).walk() {
        if element.attribute("type") == Some("checkbox") {
            assert_eq!(element.attribute("checked"), Some(""), "{element:?}");
        }
    }
}

#[test]
fn every_scale_offers_all_its_values() {
    for scale in [Scale::Stars, Scale::Emoji, Scale::Thumbs, Scale::Nps] {
        let mut state = state();
        state.site.form.rating = Some(scale);
        let tree = view(&state);
        let offered = tree.walk().iter().filter(|e| e.attribute("name") == Some("rating")).count();
        let (low, high) = scale.bounds();
        assert_eq!(offered, usize::from(high - low) + 1, "{scale:?}");
    }
}
