//! What the panel does with what a visitor does to it.

use candor_protocol::{Asked, Code, Form, Policy, Purpose, Submission, Timestamp};
use uuid::Uuid;

use super::*;
use crate::{
    text,
    value::Write,
    value::tests::{read_json, to_json},
};

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

pub(crate) fn state() -> State {
    let site: Site = read_json(include_str!("../../../crates/protocol/golden/v1/site.json")).unwrap();
    let site = Site { form: Form::default(), policy: candor_rules::default_policy(), ..site };
    State::new(site, text::english(), Asked::Panel, true)
}

fn typed(state: &mut State, pairs: &[(&str, &str)]) {
    for (hook, value) in pairs {
        step(state, Event::Input((*hook).into(), (*value).into()));
    }
}

/// What is sent, as the collector reads it.
fn send(state: &mut State, id: u128) -> Option<Submission> {
    step(state, Event::Submit(NOW, Uuid::from_u128(id))).into_iter().find_map(|effect| match effect {
        Effect::Send(body) => {
            let mut body = (*body).clone();
            body.add("reporter", Uuid::nil().write());
            Some(serde_json::from_value(to_json(&body)).unwrap())
        }
        _ => None,
    })
}

pub(crate) fn receipt() -> Receipt {
    read_json(include_str!("../../../crates/protocol/golden/v1/receipt.json")).unwrap()
}

pub(crate) fn problem(code: Code) -> Box<Refused> {
    read_json(&serde_json::to_string(&candor_protocol::Problem::new(code)).unwrap()).unwrap()
}

fn refused(code: Code) -> Event {
    Event::Failed(Failure::Refused(problem(code)))
}

#[test]
fn nothing_is_ticked_to_begin_with() {
    let state = state();
    assert!(state.draft.granted.is_empty());
    assert!(!state.draft.remember);
}

#[test]
fn what_is_sent_is_what_the_collector_admits() {
    let mut state = state();
    typed(
        &mut state,
        &[
            ("kind-idea", "true"),
            ("rating-4", "true"),
            ("message", "Sort by date"),
            ("email", " ada@mail.example "),
            ("consent-message", "true"),
            ("consent-contact", "true"),
        ],
    );
    let mut sent = send(&mut state, 1).expect("no faults");
    assert_eq!(sent.contact.as_ref().and_then(|contact| contact.email.as_deref()), Some("ada@mail.example"));
    assert_eq!(sent.browser, None);
    sent.reporter = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001);
    let terms = candor_rules::SiteTerms { policy: &state.site.policy, form: &state.site.form, gpc: false };
    assert!(candor_rules::admit(sent, terms, NOW).is_ok());
}

#[test]
fn faults_stop_the_sending_and_go_away_while_they_are_mended() {
    let mut state = state();
    typed(&mut state, &[("email", "nobody")]);
    assert_eq!(send(&mut state, 1), None);
    let hooks = |state: &State| state.faults.iter().map(|fault| fault.hook.clone()).collect::<Vec<_>>();
    assert_eq!(hooks(&state), ["message", "email", "consent-contact", "consent-message"]);
    typed(&mut state, &[("message", "x"), ("email", "")]);
    assert_eq!(hooks(&state), ["consent-message"]);
    typed(&mut state, &[("consent-message", "true")]);
    assert!(send(&mut state, 1).is_some());
}

#[test]
fn retry_sends_the_same_and_an_edit_makes_another() {
    let mut state = state();
    typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
    let first = send(&mut state, 1);
    assert_eq!(send(&mut state, 2), None, "not twice at a time");
    step(&mut state, Event::Failed(Failure::Unreachable));
    assert_eq!(send(&mut state, 2), first);
    step(&mut state, refused(Code::Unavailable));
    typed(&mut state, &[("message", "y")]);
    assert_eq!(send(&mut state, 3).map(|sent| sent.id), Some(Uuid::from_u128(3)));
}

#[test]
fn failure_keeps_every_word() {
    for code in Code::ALL {
        let mut state = state();
        typed(&mut state, &[("message", "my words"), ("consent-message", "true")]);
        send(&mut state, 1);
        step(&mut state, refused(*code));
        assert_eq!(state.draft.message, "my words", "{code:?}");
        assert!(matches!(state.screen, Screen::Failed(..)), "{code:?}");
        step(&mut state, Event::Close);
        step(&mut state, Event::Open(Prefill { message: Some("prefilled".into()), ..Prefill::default() }));
        assert_eq!(state.draft.message, "my words", "{code:?}");
    }
}

#[test]
fn changed_policy_asks_again_and_keeps_every_word() {
    let mut state = state();
    typed(&mut state, &[("message", "my words"), ("consent-message", "true")]);
    send(&mut state, 1);
    let policy = Policy { version: 2, ..state.site.policy.clone() };
    let problem = Refused { policy: Some(policy), ..*problem(Code::PolicyChanged) };
    let effects = step(&mut state, Event::Failed(Failure::Refused(Box::new(problem))));
    assert!(effects.contains(&Effect::KeepConsent(None)));
    assert_eq!(state.draft.message, "my words");
    assert_eq!(send(&mut state, 2), None, "consent is asked again");
    typed(&mut state, &[("consent-message", "true")]);
    assert_eq!(send(&mut state, 3).map(|sent| sent.consent.policy), Some(2));
}

#[test]
fn nothing_is_remembered_before_it_is_stored_or_where_nothing_may_be() {
    let keeps = |effect: &Effect| matches!(effect, Effect::Remember(Some(_)) | Effect::KeepConsent(Some(_)));
    for may_store in [true, false] {
        let mut state = State { may_store, ..state() };
        let words = [("message", "x"), ("email", "a@b.example"), ("remember", "true")];
        typed(&mut state, &words);
        typed(&mut state, &[("consent-message", "true"), ("consent-contact", "true")]);
        let before = step(&mut state, Event::Submit(NOW, Uuid::from_u128(1)));
        assert!(!before.iter().any(keeps));
        let after = step(&mut state, Event::Stored(receipt()));
        assert_eq!(after.iter().filter(|effect| keeps(effect)).count(), if may_store { 2 } else { 0 });
        assert_eq!(state.draft.message, "");
    }
}

#[test]
fn switched_off_facts_stay_at_home() {
    let mut state = state();
    let shown = |fact, value| ShownFact { fact, value, text: String::new() };
    let facts =
        vec![shown(Fact::PageTitle, Value::Text("Cart".into())), shown(Fact::Online, Value::Flag(true))];
    step(&mut state, Event::Gathered(facts));
    typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
    assert_eq!(send(&mut state, 1).expect("no faults").browser, None, "not ticked, not sent");
    step(&mut state, Event::Failed(Failure::Unreachable));
    typed(&mut state, &[("consent-browser", "true"), ("fact-page_title", "")]);
    let sent = send(&mut state, 2).and_then(|sent| sent.browser).expect("ticked");
    assert_eq!((sent.page_title, sent.online), (None, Some(true)));
}

#[test]
fn earlier_consent_counts_for_its_version_only_and_not_against_gpc() {
    let granted = vec![Purpose::Message, Purpose::Browser];
    let recall = |version, gpc| {
        let mut state = state();
        state.recall(None, Some(KeptConsent { policy: version, purposes: granted.clone(), at: 0.0 }), gpc);
        state.draft.granted
    };
    assert_eq!(recall(1, false), granted);
    assert_eq!(recall(1, true), [Purpose::Message]);
    assert!(recall(2, false).is_empty());
}

#[test]
fn name_and_address_go_with_the_consent_to_them() {
    let mut state = state();
    typed(
        &mut state,
        &[("message", "x"), ("name", "Ada"), ("consent-message", "true"), ("consent-contact", "true")],
    );
    step(&mut state, Event::Withdraw(Some(vec![Purpose::Browser])));
    assert_eq!(state.draft.name, "Ada");
    step(&mut state, Event::Withdraw(Some(vec![Purpose::Contact])));
    let sent = send(&mut state, 1).expect("nothing is in the way");
    assert_eq!(sent.contact, None);
}

#[test]
fn nobody_has_to_send_facts_under_gpc() {
    for gpc in [false, true] {
        let mut state = state();
        let browser = |terms: &&mut candor_protocol::Terms| terms.purpose == Purpose::Browser;
        state.site.policy.terms.iter_mut().find(browser).unwrap().need = Need::Required;
        state.recall(None, None, gpc);
        typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
        assert_eq!(send(&mut state, 1).is_some(), gpc);
    }
}

#[test]
fn page_that_has_asked_is_taken_at_its_word() {
    for (asked, evidence) in [(Asked::Page, Some("record 7".into())), (Asked::Panel, None)] {
        let mut state = State { asked, evidence: Some("record 7".into()), ..state() };
        typed(&mut state, &[("message", "x"), ("name", "Ada")]);
        if asked == Asked::Panel {
            typed(&mut state, &[("consent-message", "true"), ("consent-contact", "true")]);
        }
        let sent = send(&mut state, 1).expect("no tick box needed");
        assert_eq!((sent.consent.asked, sent.consent.evidence), (asked, evidence));
        assert!(sent.consent.purposes.contains(&Purpose::Contact));
    }
}

#[test]
fn page_that_has_asked_is_not_taken_at_its_word_against_gpc() {
    let mut state = State { asked: Asked::Page, ..state() };
    state.recall(None, None, true);
    typed(&mut state, &[("message", "x")]);
    let without = send(&mut state, 1).expect("no tick box needed").consent.purposes;
    assert_eq!(without, [Purpose::Message]);
    step(&mut state, Event::Failed(Failure::Unreachable));
    typed(&mut state, &[("consent-browser", "true")]);
    let with = send(&mut state, 2).expect("no tick box needed").consent.purposes;
    assert_eq!(with, [Purpose::Message, Purpose::Browser]);
}

#[test]
fn what_a_page_sends_itself_is_what_the_collector_admits() {
    let state = state();
    let said: Headless = read_json(
        r#"{"kind": "praise", "rating": 5, "contact": {"email": "ada@mail.example"}, "purposes": ["message", "contact"]}"#,
    )
    .unwrap();
    let mut body = submission(&state, said, Asked::Page, NOW, Uuid::from_u128(1));
    body.add("reporter", Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001).write());
    let sent: Submission = serde_json::from_value(to_json(&body)).unwrap();
    assert_eq!((sent.consent.asked, sent.rating.map(|rating| rating.value)), (Asked::Page, Some(5)));
    let terms = candor_rules::SiteTerms { policy: &state.site.policy, form: &state.site.form, gpc: false };
    assert!(candor_rules::admit(sent, terms, NOW).is_ok());
}

fn with_files(state: &mut State, files: Files) {
    state.site.policy.terms.iter_mut().for_each(|terms| terms.need = Need::Optional);
    state.site.policy.terms[0].need = Need::Required;
    state.site.form.attachments =
        Some(candor_protocol::Attachments { types: vec!["text/*".into()], count: 2, bytes: 1000 });
    step(state, Event::Files(files));
}

#[test]
fn a_picture_needs_its_own_consent_and_only_while_it_is_there() {
    let mut state = state();
    typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
    with_files(&mut state, Files::PICTURES);
    assert_eq!(send(&mut state, 1), None, "nothing goes before it is agreed to");
    let hooks = |state: &State| state.faults.iter().map(|fault| fault.hook.clone()).collect::<Vec<_>>();
    assert_eq!(hooks(&state), ["consent-picture"]);
    step(&mut state, Event::Files(Files::default()));
    assert!(hooks(&state).is_empty(), "mended by removing it");
    with_files(&mut state, Files::PICTURES);
    typed(&mut state, &[("consent-picture", "true")]);
    let sent = send(&mut state, 2).expect("no faults");
    assert_eq!(sent.consent.purposes, [Purpose::Message, Purpose::Picture]);
}

#[test]
fn consent_for_files_is_not_sent_without_files() {
    let mut state = state();
    with_files(&mut state, Files::ATTACHMENTS);
    let ticks = [("consent-message", "true"), ("consent-attachment", "true")];
    typed(&mut state, &[("message", "x"), ticks[0], ticks[1]]);
    step(&mut state, Event::Files(Files::default()));
    assert_eq!(send(&mut state, 1).expect("no faults").consent.purposes, [Purpose::Message]);
}

#[test]
fn a_picture_that_a_site_requires_consent_for_is_asked_for_without_one() {
    let mut state = state();
    with_files(&mut state, Files::default());
    for terms in &mut state.site.policy.terms {
        if terms.purpose == Purpose::Picture {
            terms.need = Need::Required;
        }
    }
    typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
    assert_eq!(send(&mut state, 1), None);
    assert_eq!(state.faults[0].key, text::Key::FaultConsent);
}

#[test]
fn page_that_has_asked_sends_the_purposes_of_its_files() {
    let mut state = State { asked: Asked::Page, ..state() };
    with_files(&mut state, Files(Files::PICTURES.0 | Files::ATTACHMENTS.0));
    typed(&mut state, &[("message", "x")]);
    let purposes = send(&mut state, 1).expect("no tick box needed").consent.purposes;
    assert!(purposes.contains(&Purpose::Picture) && purposes.contains(&Purpose::Attachment), "{purposes:?}");
}

#[test]
fn another_file_makes_another_submission_but_never_of_one_on_its_way() {
    let mut state = state();
    typed(&mut state, &[("message", "x"), ("consent-message", "true"), ("consent-picture", "true")]);
    send(&mut state, 1);
    with_files(&mut state, Files::PICTURES);
    assert!(state.attempt.is_some(), "what is on its way keeps its consent");
    step(&mut state, Event::Failed(Failure::Unreachable));
    step(&mut state, Event::Files(Files::default()));
    assert_eq!(send(&mut state, 2).map(|sent| sent.id), Some(Uuid::from_u128(2)));
}

#[test]
fn receipt_stays_to_be_seen_until_its_files_are_settled() {
    let mut state = state();
    typed(&mut state, &[("message", "x"), ("consent-message", "true")]);
    send(&mut state, 1);
    step(&mut state, Event::Stored(receipt()));
    with_files(&mut state, Files::BUSY);
    step(&mut state, Event::Open(Prefill::default()));
    step(&mut state, Event::Close);
    step(&mut state, Event::Open(Prefill::default()));
    assert!(matches!(state.screen, Screen::Done(_)));
    step(&mut state, Event::Files(Files::default()));
    step(&mut state, Event::Close);
    assert!(step(&mut state, Event::Open(Prefill::default())).contains(&Effect::Files("open")));
    assert_eq!(state.screen, Screen::Form);
}

#[test]
fn files_are_handed_on_and_a_tool_on_its_way_is_not_asked_for_again() {
    let mut state = state();
    let press = |state: &mut State| step(state, Event::Press("add-picture".into()));
    assert_eq!(press(&mut state), [Effect::Files("picture")]);
    step(&mut state, Event::Files(Files::PENDING));
    assert!(press(&mut state).is_empty());
    step(&mut state, Event::Files(Files::FAILED));
    assert_eq!(press(&mut state), [Effect::Files("picture")]);
    let chosen = Event::Input("add-file".into(), "C:\\fakepath\\a.txt".into());
    assert_eq!(step(&mut state, chosen), [Effect::Files("attach")]);
    assert!(step(&mut state, Event::Press("another".into())).contains(&Effect::Files("reset")));
}
