//! The form: what the visitor is asked, what they agree to, what goes along, and how the last try went.

use candor_protocol::{Asked, Code, ContactField, Field, FieldKind, Kind, Need, Purpose, Scale, limits};

use super::{button, icon, kind_icon};
use crate::{
    panel::{Copied, Failure, Screen, State, field_hook},
    text::Key,
    tree::{Element, classed, el},
};

pub(super) fn view(state: &State) -> Element {
    let form = &state.site.form;
    el("form")
        .hook("form")
        .flag("novalidate", true)
        .flag("inert", state.screen == Screen::Sending)
        .with("aria-busy", if state.screen == Screen::Sending { "true" } else { "false" })
        .child(
            classed("div", "scroll")
                .maybe(policy_changed(state))
                .maybe((form.kinds.len() > 1).then(|| kinds(state)))
                .maybe(form.rating.map(|scale| rating(state, scale)))
                .child(message(state))
                .children(form.fields.iter().map(|field| custom_field(state, field)))
                .maybe(state.asks_for(Purpose::Contact).then(|| contact(state)))
                .maybe(consent(state, Purpose::Browser, "consent-browser", Key::ConsentBrowser))
                .maybe(what(state))
                .maybe(consent(state, Purpose::Message, "consent-message", Key::ConsentMessage))
                .child(links(state)),
        )
        .child(foot(state))
}

fn policy_changed(state: &State) -> Option<Element> {
    state.policy_changed.then(|| {
        classed("p", "notice")
            .hook("policy-changed")
            .with("tabindex", "-1")
            .with("role", "alert")
            .text(state.texts.get(Key::PolicyChanged))
    })
}

fn kinds(state: &State) -> Element {
    let label = |kind| match kind {
        Kind::Bug => Key::KindBug,
        Kind::Idea => Key::KindIdea,
        Kind::Praise => Key::KindPraise,
        Kind::Question => Key::KindQuestion,
    };
    choices("kinds", state.texts.get(Key::Kinds)).children(state.site.form.kinds.iter().map(|kind| {
        choice("kind", &["kind-", kind.as_str()].concat(), state.draft.kind == Some(*kind))
            .child(icon(kind_icon(*kind)))
            .child(el("span").text(state.texts.get(label(*kind))))
    }))
}

fn rating(state: &State, scale: Scale) -> Element {
    const FACES: [&str; 5] = ["😞", "🙁", "😐", "🙂", "😄"];
    const WORDS: [Key; 5] = [Key::Rating1, Key::Rating2, Key::Rating3, Key::Rating4, Key::Rating5];
    const DIGITS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let texts = &state.texts;
    let (low, high) = scale.bounds();
    let legend = if scale == Scale::Nps { Key::RatingNps } else { Key::Rating };
    let given = state.draft.rating;
    let options = (low..=high).map(|value| {
        let place = usize::from(value);
        let (sign, name) = match scale {
            Scale::Emoji => (FACES[place - 1], texts.get(WORDS[place - 1]).to_owned()),
            Scale::Thumbs => {
                let (sign, word) = [("👎", Key::Rating2), ("👍", Key::Rating4)][place];
                (sign, texts.get(word).to_owned())
            }
            Scale::Stars | Scale::Nps => {
                let sign = if scale == Scale::Stars { "★" } else { DIGITS[place] };
                let values = [("value", DIGITS[place]), ("most", DIGITS[usize::from(high)])];
                (sign, texts.with(Key::RatingOf, &values))
            }
        };
        let is_lit =
            given.is_some_and(|given| if scale == Scale::Stars { given >= value } else { given == value });
        choice("rating", &["rating-", DIGITS[place]].concat(), given == Some(value))
            .flag("data-lit", is_lit)
            .child(el("span").with("aria-hidden", "true").text(sign))
            .child(classed("span", "unseen").text(&name))
    });
    let ends = (scale == Scale::Nps).then(|| {
        classed("div", "ends")
            .with("aria-hidden", "true")
            .child(el("span").text(texts.get(Key::RatingLow)))
            .child(el("span").text(texts.get(Key::RatingHigh)))
    });
    choices(["rating ", scale.as_str()].concat().as_str(), texts.get(legend)).children(options).maybe(ends)
}

fn message(state: &State) -> Element {
    let hint = match state.draft.kind {
        Some(Kind::Idea) => Key::HintIdea,
        Some(Kind::Praise) => Key::HintPraise,
        Some(Kind::Question) => Key::HintQuestion,
        Some(Kind::Bug) | None => Key::HintBug,
    };
    let left = state.draft.chars_left();
    let limit = isize::try_from(limits::MESSAGE_CHARS_MAX).unwrap_or(isize::MAX);
    let counted = (left < limit / 5).then(|| {
        let key = if left < 0 { Key::Over } else { Key::Left };
        let count = left.unsigned_abs().to_string();
        let class = if left < 0 { "count fault" } else { "count" };
        classed("p", class).with("role", "status").text(&state.texts.with(key, &[("count", &count)]))
    });
    let area = field_of("textarea", "message", &state.draft.message)
        .with("rows", "4")
        .with("dir", "auto")
        .with("placeholder", state.texts.get(hint));
    labelled(state, "message", state.texts.get(Key::Message), area, false)
        .maybe(counted)
        .maybe(fault(state, "message").filter(|_| left >= 0))
}

fn custom_field(state: &State, field: &Field) -> Element {
    let hook = field_hook(field);
    let value = state.draft.fields.get(&field.key).unwrap_or_default();
    let label = field.label.get(state.texts.locale()).unwrap_or(&field.key);
    let limit = limits::CUSTOM_VALUE_CHARS_MAX.to_string();
    let input = match &field.kind {
        FieldKind::Check => {
            let row = tick(state, &hook, value == "true", label.to_owned());
            return classed("div", "field").child(row).maybe(fault(state, &hook));
        }
        FieldKind::Text => field_of("input", &hook, value).with("maxlength", &limit),
        FieldKind::LongText => field_of("textarea", &hook, value).with("rows", "3").with("maxlength", &limit),
        FieldKind::Choice(options) => el("select")
            .hook(&hook)
            .with("id", &hook)
            .child(el("option").with("value", "").text(state.texts.get(Key::Choose)))
            .children(options.iter().map(|option| el("option").with("value", option).text(option)))
            .with("value", value),
    };
    labelled(state, &hook, label, input, !field.required).maybe(fault(state, &hook))
}

fn contact(state: &State) -> Element {
    let texts = &state.texts;
    let optional =
        state.site.policy.terms(Purpose::Contact).is_some_and(|terms| terms.need == Need::Optional);
    let fields = state.site.form.contact.iter().map(|field| match field {
        ContactField::Name => {
            let input = field_of("input", "name", &state.draft.name)
                .with("autocomplete", "name")
                .with("dir", "auto")
                .with("maxlength", &limits::NAME_CHARS_MAX.to_string());
            labelled(state, "name", texts.get(Key::Name), input, optional)
        }
        ContactField::Email => {
            let input = field_of("input", "email", &state.draft.email)
                .with("type", "email")
                .with("autocomplete", "email")
                .with("dir", "ltr")
                .with("maxlength", &limits::EMAIL_CHARS_MAX.to_string());
            labelled(state, "email", texts.get(Key::Email), input, optional).maybe(fault(state, "email"))
        }
    });
    let offers_memory = state.may_store && state.site.form.contact.contains(&ContactField::Email);
    let remember = offers_memory
        .then(|| tick(state, "remember", state.draft.remember, texts.get(Key::Remember).to_owned()));
    classed("div", "group")
        .child(classed("div", "pair").children(fields))
        .maybe(consent(state, Purpose::Contact, "consent-contact", Key::ConsentContact))
        .maybe(remember)
}

/// The tick box for one purpose with the owner's words, or ours; nothing where the page has asked already.
fn consent(state: &State, purpose: Purpose, hook: &str, key: Key) -> Option<Element> {
    let terms = state.site.policy.terms(purpose)?;
    if state.asked == Asked::Page {
        return None;
    }
    let days = terms.days.to_string();
    let own_words = terms.text.get(state.texts.locale()).map(str::to_owned);
    let words = own_words.unwrap_or_else(|| state.texts.with(key, &[("days", &days)]));
    let row = tick(state, hook, state.draft.granted.contains(&purpose), words);
    Some(classed("div", "field").child(row).maybe(fault(state, hook)))
}

/// "What is sent": every fact with its value and a switch.
fn what(state: &State) -> Option<Element> {
    let set = &state.draft.set;
    if !state.asks_for(Purpose::Browser) && set.is_empty() {
        return None;
    }
    let texts = &state.texts;
    let shows = state.draft.shows_what;
    let head = button("what", "link", texts.get(Key::What))
        .with("aria-expanded", if shows { "true" } else { "false" });
    let list = shows.then(|| {
        let sends = state.sends_facts();
        let hint = if sends { Key::WhatHint } else { Key::WhatOff };
        let facts = state.facts.iter().filter(|_| state.asks_for(Purpose::Browser)).map(|shown| {
            let hook = ["fact-", shown.fact.as_str()].concat();
            let is_on = sends && !state.draft.facts_off.contains(&shown.fact);
            el("label")
                .flag("data-off", !is_on)
                .child(check(&hook, is_on).flag("disabled", !sends).with("role", "switch"))
                .child(el("b").text(texts.get(fact_key(shown.fact))))
                .child(el("bdi").text(&shown.value))
        });
        let set = set
            .iter()
            .map(|(key, value)| classed("p", "given").child(el("b").text(key)).child(el("bdi").text(value)));
        classed("div", "what").child(el("p").text(texts.get(hint))).children(facts).children(set)
    });
    Some(classed("div", "field").child(head).maybe(list))
}

const fn fact_key(fact: candor_protocol::Fact) -> Key {
    use candor_protocol::Fact;
    match fact {
        Fact::PageUrl => Key::FactPageUrl,
        Fact::PageTitle => Key::FactPageTitle,
        Fact::ReferrerOrigin => Key::FactReferrerOrigin,
        Fact::Viewport => Key::FactViewport,
        Fact::Screen => Key::FactScreen,
        Fact::PixelRatio => Key::FactPixelRatio,
        Fact::Languages => Key::FactLanguages,
        Fact::TimeZone => Key::FactTimeZone,
        Fact::UserAgent => Key::FactUserAgent,
        Fact::ColorScheme => Key::FactColorScheme,
        Fact::Connection => Key::FactConnection,
        Fact::Online => Key::FactOnline,
        Fact::VisibleTime => Key::FactVisibleTime,
    }
}

fn links(state: &State) -> Element {
    let policy = state.site.policy.url.as_ref().map(|url| {
        el("a")
            .hook("policy")
            .with("href", url)
            .with("target", "_blank")
            .with("rel", "noopener noreferrer")
            .text(state.texts.get(Key::Policy))
    });
    classed("p", "links")
        .maybe(policy)
        .maybe(state.may_store.then(|| button("stored", "link", state.texts.get(Key::Stored))))
}

/// How the last try went, and the buttons.
fn foot(state: &State) -> Element {
    let texts = &state.texts;
    let mut foot = el("footer");
    if let Screen::Failed(failure, copied) = &state.screen {
        let error = classed("p", "notice bad").hook("error").with("tabindex", "-1").with("role", "alert");
        let copy = match copied {
            Copied::No => Key::Copy,
            Copied::Yes => Key::Copied,
            Copied::ByHand => Key::CopyByHand,
        };
        foot = foot.child(error.text(&failure_text(state, failure))).child(
            classed("div", "buttons")
                .child(button("copy", "quiet", texts.get(copy)).with("aria-live", "polite"))
                .child(
                    classed("button", "main")
                        .with("type", "submit")
                        .hook("retry")
                        .text(texts.get(Key::Retry)),
                ),
        );
        return foot;
    }
    let is_sending = state.screen == Screen::Sending;
    let key = if is_sending { Key::Sending } else { Key::Send };
    let progress = is_sending.then(|| el("progress").with("aria-label", texts.get(Key::Sending)));
    foot.maybe(progress).child(
        classed("div", "buttons").child(
            classed("button", "main")
                .with("type", "submit")
                .hook("send")
                .flag("disabled", is_sending)
                .text(texts.get(key)),
        ),
    )
}

fn failure_text(state: &State, failure: &Failure) -> String {
    let site = ("site", state.site.name.as_str());
    let Failure::Refused(refused) = failure else { return state.texts.with(Key::FailedOffline, &[site]) };
    let is = |codes: &[Code]| codes.iter().any(|code| code.as_str() == refused.code);
    let key = if is(&[Code::RateLimited]) {
        Key::FailedBusy
    } else if is(&[Code::StorageFull, Code::Unavailable, Code::Internal, Code::Timeout]) {
        Key::FailedLater
    } else if is(&[Code::SiteClosed, Code::UnknownSite]) {
        Key::FailedClosed
    } else if is(&[Code::OriginRefused]) {
        Key::FailedPage
    } else {
        Key::FailedRefused
    };
    state.texts.with(key, &[site, ("code", &refused.code)])
}

fn choices(class: &str, legend: &str) -> Element {
    el("fieldset").with("class", class).with("role", "radiogroup").child(el("legend").text(legend))
}

fn choice(name: &str, hook: &str, is_on: bool) -> Element {
    let radio = el("input")
        .with("type", "radio")
        .with("name", name)
        .hook(hook)
        .with("checked", if is_on { "true" } else { "" });
    el("label").child(radio)
}

fn check(hook: &str, is_on: bool) -> Element {
    el("input")
        .with("type", "checkbox")
        .hook(hook)
        .with("id", hook)
        .with("checked", if is_on { "true" } else { "" })
}

fn tick(state: &State, hook: &str, is_on: bool, words: String) -> Element {
    classed("label", "tick").child(marked(state, hook, check(hook, is_on))).child(el("span").text(&words))
}

fn field_of(tag: &'static str, hook: &str, value: &str) -> Element {
    el(tag).hook(hook).with("id", hook).with("value", value)
}

fn labelled(state: &State, hook: &str, label: &str, input: Element, optional: bool) -> Element {
    let aside = optional.then(|| el("small").text(state.texts.get(Key::Optional)));
    classed("div", "field")
        .child(el("label").with("for", hook).text(label).maybe(aside))
        .child(marked(state, hook, input))
}

/// The field, tied to its fault if it has one.
fn marked(state: &State, hook: &str, input: Element) -> Element {
    if state.faults.iter().any(|fault| fault.hook == hook) {
        return input.with("aria-invalid", "true").with("aria-describedby", &["fault-", hook].concat());
    }
    input
}

fn fault(state: &State, hook: &str) -> Option<Element> {
    let fault = state.faults.iter().find(|fault| fault.hook == hook)?;
    Some(classed("p", "fault").with("id", &["fault-", hook].concat()).text(state.texts.get(fault.key)))
}
