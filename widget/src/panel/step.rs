//! What each event makes of the panel.

use std::rc::Rc;

use candor_protocol::{Code, Fact, Kind, Purpose, Timestamp};
use uuid::Uuid;

use super::{Copied, Effect, Event, Failure, Files, KeptConsent, Prefill, Screen, State, draft};

/// Takes one event into account.
pub(crate) fn step(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Open(prefill) => open(state, prefill),
        Event::Close => close(state),
        Event::Input(hook, value) => input(state, &hook, value),
        Event::Press(hook) => press(state, &hook),
        Event::Submit(now, id) => submit(state, now, id),
        Event::Gathered(facts) => {
            state.facts = facts;
            vec![]
        }
        Event::Stored(receipt) => {
            let number = receipt.number.clone();
            let remember = state.draft.remember.then(|| state.draft.email.trim().to_owned());
            let consent = state.attempt.take().and_then(|sent| sent.consent);
            state.screen = Screen::Done(receipt);
            state.policy_changed = false;
            state.draft.restart(&state.site.form);
            let mut effects = vec![Effect::Focus("done".into()), Effect::Emit("submit", Some(number))];
            if state.may_store {
                effects.push(Effect::Remember(remember.filter(|email| !email.is_empty())));
                if consent.is_some() {
                    effects.push(Effect::KeepConsent(consent));
                }
            }
            effects
        }
        Event::Failed(failure) => failed(state, failure),
        Event::Copied(done) => {
            if let Screen::Failed(_, copied) = &mut state.screen {
                *copied = if done { Copied::Yes } else { Copied::ByHand };
            }
            vec![]
        }
        Event::Files(files) => {
            let purposes = Files::PICTURES.0 | Files::ATTACHMENTS.0;
            let is_same = (files.0 ^ state.files.0) & purposes == 0;
            state.files = files;
            if !is_same && state.screen != Screen::Sending {
                changed(state);
            }
            vec![]
        }
        Event::Identify(contact) => {
            state.draft.identity = contact;
            vec![]
        }
        Event::Set(custom) => {
            state.draft.set = custom;
            vec![]
        }
        Event::Grant(purposes, now) => {
            purposes.iter().for_each(|purpose| state.draft.grant(*purpose, true));
            let kept = KeptConsent {
                policy: state.site.policy.version,
                purposes: state.draft.granted.clone(),
                at: now.unix_ms() as f64,
            };
            vec![Effect::KeepConsent(state.may_store.then_some(kept)), Effect::Emit("consent", None)]
        }
        Event::Withdraw(purposes) => {
            let purposes = purposes.unwrap_or_else(|| Purpose::ALL.to_vec());
            purposes.iter().for_each(|purpose| state.draft.grant(*purpose, false));
            // It would stand in the way of the next message, which comes without it.
            if purposes.contains(&Purpose::Contact) {
                state.draft.name.clear();
                state.draft.email.clear();
            }
            vec![Effect::KeepConsent(None), Effect::Emit("consent", None)]
        }
    }
}

fn open(state: &mut State, prefill: Prefill) -> Vec<Effect> {
    // What became of the files may be still to be told.
    if matches!(state.screen, Screen::Done(_)) && !state.files.are(Files::BUSY) {
        state.screen = Screen::Form;
    }
    let draft = &mut state.draft;
    draft.kind = prefill.kind.or(draft.kind);
    draft.rating = prefill.rating.or(draft.rating);
    if let Some(message) = prefill.message.filter(|_| draft.message.trim().is_empty()) {
        draft.message = message;
    }
    draft.name = prefill.name.unwrap_or_else(|| std::mem::take(&mut draft.name));
    draft.email = prefill.email.unwrap_or_else(|| std::mem::take(&mut draft.email));
    prefill.custom.iter().for_each(|(key, value)| draft.set.insert(key.into(), value.into()));
    if state.is_open {
        return vec![];
    }
    state.is_open = true;
    vec![Effect::Show, Effect::Gather, Effect::Files("open"), Effect::Emit("open", None)]
}

fn close(state: &mut State) -> Vec<Effect> {
    if !std::mem::take(&mut state.is_open) {
        return vec![];
    }
    vec![Effect::Hide, Effect::Emit("close", None)]
}

fn input(state: &mut State, hook: &str, value: String) -> Vec<Effect> {
    if matches!(state.screen, Screen::Sending) {
        return vec![];
    }
    let draft = &mut state.draft;
    let is_on = value == "true";
    let (name, rest) = hook.split_once('-').unwrap_or((hook, ""));
    match (name, rest) {
        ("kind", _) => draft.kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == rest).or(draft.kind),
        ("rating", _) => draft.rating = rest.parse().ok(),
        ("message", "") => draft.message = value,
        ("name", "") => draft.name = value,
        ("email", "") => draft.email = value,
        ("remember", "") => draft.remember = is_on,
        ("field", key) => draft.fields.insert(key.into(), value),
        ("consent", _) => {
            if let Some(purpose) = Purpose::from_name(rest) {
                draft.grant(purpose, is_on);
            }
        }
        ("fact", _) => {
            draft.facts_off.retain(|fact| fact.as_str() != rest);
            if !is_on {
                draft.facts_off.extend(Fact::ALL.into_iter().find(|fact| fact.as_str() == rest));
            }
        }
        ("add", "file") => return vec![Effect::Files("attach")],
        _ => return vec![],
    }
    changed(state);
    vec![]
}

/// What is to be sent is no longer what it was.
fn changed(state: &mut State) {
    // Another content is another submission: the collector would refuse the old id for it.
    state.attempt = None;
    if !state.faults.is_empty() {
        let still = draft::faults(state);
        state.faults.retain(|fault| still.contains(fault));
    }
}

fn press(state: &mut State, hook: &str) -> Vec<Effect> {
    match hook {
        "close" | "done-close" => close(state),
        "what" => {
            state.draft.shows_what = !state.draft.shows_what;
            vec![]
        }
        "copy" => vec![Effect::Copy(state.draft.message.clone())],
        "another" => {
            state.screen = Screen::Form;
            vec![Effect::Files("reset"), Effect::Gather, Effect::Focus("message".into())]
        }
        "add-picture" if !state.files.are(Files::PENDING) => vec![Effect::Files("picture")],
        "mine" => vec![Effect::Files("mine")],
        "clear" => {
            state.draft.granted.clear();
            state.draft.remember = false;
            vec![Effect::Clear]
        }
        "bubble-dismiss" => vec![Effect::HideBubble, Effect::Emit("dismiss", None)],
        _ => vec![],
    }
}

fn submit(state: &mut State, now: Timestamp, id: Uuid) -> Vec<Effect> {
    if !matches!(state.screen, Screen::Form | Screen::Failed(..)) {
        return vec![];
    }
    state.faults = draft::faults(state);
    if let Some(fault) = state.faults.first() {
        state.screen = Screen::Form;
        return vec![Effect::Focus(fault.hook.clone())];
    }
    let attempt = state.attempt.take().unwrap_or_else(|| draft::attempt(state, now, id));
    let body = Rc::clone(&attempt.body);
    state.attempt = Some(attempt);
    state.screen = Screen::Sending;
    vec![Effect::Send(body)]
}

fn failed(state: &mut State, mut failure: Failure) -> Vec<Effect> {
    let emit = Effect::Emit("error", Some(failure.code().into()));
    if let Failure::Refused(refused) = &mut failure
        && refused.code == Code::PolicyChanged.as_str()
        && let Some(policy) = refused.policy.take()
    {
        state.adopt(policy);
        state.attempt = None;
        state.screen = Screen::Form;
        return vec![Effect::KeepConsent(None), Effect::Focus("policy-changed".into()), emit];
    }
    state.screen = Screen::Failed(failure, Copied::No);
    vec![Effect::Focus("error".into()), emit]
}
