//! The form: what the visitor is asked, what they agree to, what goes along, and how the last try went.

use candor_protocol::{Code, ContactField, Fact, Field, FieldKind, Kind, Need, Purpose, Scale, limits};

use super::{files_place, icon, kind_icon, links, say};
use crate::{
    panel::{Copied, Failure, Files, Screen, State, field_hook},
    text::{Key, number},
    tree::{HOOK, Tree},
};

pub(super) fn view(t: &mut Tree, state: &State) {
    let form = &state.site.form;
    let is_sending = matches!(state.screen, Screen::Sending);
    t.element("form @form novalidate", |t| {
        t.flag("inert", is_sending);
        t.attr("aria-busy", truth(is_sending));
        t.element("div.scroll", |t| {
            t.maybe(state.policy_changed, |t| {
                say(t, state, "p.notice @policy-changed tabindex=-1 role=alert", Key::PolicyChanged);
            });
            t.maybe(form.kinds.len() > 1, |t| kinds(t, state));
            match form.rating {
                Some(scale) => rating(t, state, scale),
                None => t.text(""),
            }
            message(t, state);
            files(t, state);
            form.fields.iter().for_each(|field| custom_field(t, state, field));
            t.maybe(state.asks_for(Purpose::Contact), |t| contact(t, state));
            consent(t, state, Purpose::Browser);
            what(t, state);
            consent(t, state, Purpose::Message);
            links(t, state);
        });
        foot(t, state, is_sending);
    });
}

fn kinds(t: &mut Tree, state: &State) {
    t.element("fieldset.kinds role=radiogroup", |t| {
        say(t, state, "legend", Key::Kinds);
        for kind in &state.site.form.kinds {
            let key = match kind {
                Kind::Bug => Key::KindBug,
                Kind::Idea => Key::KindIdea,
                Kind::Praise => Key::KindPraise,
                Kind::Question => Key::KindQuestion,
            };
            t.element("label", |t| {
                choice(t, "kind", "kind-", kind.as_str(), state.draft.kind == Some(*kind));
                icon(t, kind_icon(*kind));
                say(t, state, "span", key);
            });
        }
    });
}

fn rating(t: &mut Tree, state: &State, scale: Scale) {
    const FACES: [&str; 5] = ["😞", "🙁", "😐", "🙂", "😄"];
    const WORDS: [Key; 5] = [Key::Rating1, Key::Rating2, Key::Rating3, Key::Rating4, Key::Rating5];
    const THUMBS: [(&str, Key); 2] = [("👎", Key::Rating2), ("👍", Key::Rating4)];
    const DIGITS: [&str; 11] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let (low, high) = scale.bounds();
    let given = state.draft.rating;
    t.element("fieldset", |t| {
        t.joined("class", "rating ", scale.as_str());
        t.attr("role", "radiogroup");
        say(t, state, "legend", if scale == Scale::Nps { Key::RatingNps } else { Key::Rating });
        for value in low..=high {
            let place = usize::from(value);
            let (sign, word) = match scale {
                Scale::Emoji => (FACES[place - 1], Some(WORDS[place - 1])),
                Scale::Thumbs => (THUMBS[place].0, Some(THUMBS[place].1)),
                Scale::Stars => ("★", None),
                Scale::Nps => (DIGITS[place], None),
            };
            let is_given = given == Some(value);
            t.element("label", |t| {
                t.flag("data-lit", is_given || (scale == Scale::Stars && given > Some(value)));
                choice(t, "rating", "rating-", DIGITS[place], is_given);
                t.leaf("span aria-hidden=true", sign);
                let values = [("value", DIGITS[place]), ("most", DIGITS[usize::from(high)])];
                t.leaf("span.unseen", &state.texts.with(word.unwrap_or(Key::RatingOf), &values));
            });
        }
        t.maybe(scale == Scale::Nps, |t| {
            t.element("div.ends aria-hidden=true", |t| {
                say(t, state, "span", Key::RatingLow);
                say(t, state, "span", Key::RatingHigh);
            });
        });
    });
}

fn message(t: &mut Tree, state: &State) {
    let hint = match state.draft.kind {
        Some(Kind::Idea) => Key::HintIdea,
        Some(Kind::Praise) => Key::HintPraise,
        Some(Kind::Question) => Key::HintQuestion,
        Some(Kind::Bug) | None => Key::HintBug,
    };
    let left = state.draft.chars_left();
    t.element("div.field", |t| {
        label(t, state, "message", state.texts.get(Key::Message), false);
        t.element("textarea", |t| {
            live(t, "message", &state.draft.message);
            t.attr("rows", "4");
            t.attr("dir", "auto");
            t.attr("placeholder", state.texts.get(hint));
            mark(t, state, "message");
        });
        t.maybe(left < limits::MESSAGE_CHARS_MAX as isize / 5, |t| {
            let (shape, key) = if left < 0 { ("p", Key::Over) } else { ("p.count role=status", Key::Left) };
            t.element(shape, |t| {
                if left < 0 {
                    t.attr("class", "count fault");
                    t.attr("role", "status");
                }
                t.text(&state.texts.with(key, &[("count", &number(left.unsigned_abs()))]));
            });
        });
        t.maybe(left >= 0, |t| fault(t, state, "message"));
    });
}

/// The ways to add files, the place for those that were added, and what is to be agreed to for them.
fn files(t: &mut Tree, state: &State) {
    let takes_pictures = state.takes(Purpose::Picture);
    let takes_files = state.takes(Purpose::Attachment);
    t.maybe(takes_pictures || takes_files, |t| {
        t.element("div.group", |t| {
            t.element("div.adds", |t| {
                t.maybe(takes_pictures, |t| {
                    t.element("button.quiet type=button @add-picture", |t| {
                        t.attr("aria-busy", truth(state.files.are(Files::PENDING)));
                        t.text(state.texts.get(Key::AddPicture));
                    });
                });
                t.maybe(takes_files, |t| {
                    t.element("label.quiet", |t| {
                        t.element("input.unseen type=file multiple @add-file", |_| ());
                        t.text(state.texts.get(Key::Attach));
                    });
                });
            });
            t.maybe(state.files.are(Files::FAILED), |t| {
                say(t, state, "p.fault @files-failed role=alert", Key::FilesFailed);
            });
            files_place(t);
            for purpose in [Purpose::Picture, Purpose::Attachment] {
                t.maybe(state.asks_for(purpose), |t| consent(t, state, purpose));
            }
        });
    });
}

fn custom_field(t: &mut Tree, state: &State, field: &Field) {
    let hook = &field_hook(field);
    let value = state.draft.fields.get(&field.key).unwrap_or_default();
    let words = field.label.get(state.texts.locale()).unwrap_or(&field.key);
    let is_check = matches!(field.kind, FieldKind::Check);
    t.element("div.field", |t| {
        if is_check {
            tick(t, state, hook, value == "true", words);
        } else {
            label(t, state, hook, words, !field.required);
            let shape = match field.kind {
                FieldKind::Choice(_) => "select",
                FieldKind::LongText => "textarea",
                FieldKind::Text | FieldKind::Check => "input",
            };
            t.element(shape, |t| {
                live(t, hook, value);
                if let FieldKind::LongText = field.kind {
                    t.attr("rows", "3");
                }
                if let FieldKind::Choice(options) = &field.kind {
                    mark(t, state, hook);
                    say(t, state, "option value", Key::Choose);
                    for option in options {
                        t.element("option", |t| {
                            t.attr("value", option);
                            t.text(option);
                        });
                    }
                } else {
                    t.attr("maxlength", &number(limits::CUSTOM_VALUE_CHARS_MAX));
                    mark(t, state, hook);
                }
            });
        }
        fault(t, state, hook);
    });
}

fn contact(t: &mut Tree, state: &State) {
    let offered = &state.site.form.contact;
    let optional =
        state.site.policy.terms(Purpose::Contact).is_some_and(|terms| terms.need == Need::Optional);
    t.element("div.group", |t| {
        t.element("div.pair", |t| {
            for field in offered {
                let is_email = *field == ContactField::Email;
                let (hook, key, value, dir, chars_max) = match field {
                    ContactField::Name => {
                        ("name", Key::Name, &state.draft.name, "auto", limits::NAME_CHARS_MAX)
                    }
                    ContactField::Email => {
                        ("email", Key::Email, &state.draft.email, "ltr", limits::EMAIL_CHARS_MAX)
                    }
                };
                t.element("div.field", |t| {
                    label(t, state, hook, state.texts.get(key), optional);
                    t.element("input", |t| {
                        live(t, hook, value);
                        if is_email {
                            t.attr("type", "email");
                        }
                        t.attr("autocomplete", hook);
                        t.attr("dir", dir);
                        t.attr("maxlength", &number(chars_max));
                        mark(t, state, hook);
                    });
                    if is_email {
                        fault(t, state, hook);
                    }
                });
            }
        });
        consent(t, state, Purpose::Contact);
        t.maybe(state.may_store && offered.contains(&ContactField::Email), |t| {
            tick(t, state, "remember", state.draft.remember, state.texts.get(Key::Remember));
        });
    });
}

/// The tick box for one purpose with the owner's words, or ours; nothing where the page has asked already.
#[inline(never)]
fn consent(t: &mut Tree, state: &State, purpose: Purpose) {
    let key = match purpose {
        Purpose::Contact => Key::ConsentContact,
        Purpose::Picture => Key::ConsentPicture,
        Purpose::Attachment => Key::ConsentAttachment,
        Purpose::Browser => Key::ConsentBrowser,
        _ => Key::ConsentMessage,
    };
    let terms = state.site.policy.terms(purpose).filter(|_| !state.is_given(purpose));
    let Some(terms) = terms else { return t.text("") };
    let ours = state.texts.with(key, &[("days", &number(terms.days.into()))]);
    let words = terms.text.get(state.texts.locale()).unwrap_or(&ours);
    let hook = &["consent-", purpose.as_str()].concat();
    t.element("div.field", |t| {
        tick(t, state, hook, state.draft.granted.contains(&purpose), words);
        fault(t, state, hook);
    });
}

/// "What is sent": every fact with its value and a switch.
fn what(t: &mut Tree, state: &State) {
    let asks = state.asks_for(Purpose::Browser);
    let sends = state.sends_facts();
    let shows = state.draft.shows_what;
    t.maybe(asks || !state.draft.set.is_empty(), |t| {
        t.element("div.field", |t| {
            t.element("button.link type=button @what", |t| {
                t.attr("aria-expanded", truth(shows));
                t.text(state.texts.get(Key::What));
            });
            t.maybe(shows, |t| {
                t.element("div.what", |t| {
                    say(t, state, "p", if sends { Key::WhatHint } else { Key::WhatOff });
                    for shown in state.facts.iter().filter(|_| asks) {
                        let is_on = sends && !state.draft.facts_off.contains(&shown.fact);
                        t.element("label", |t| {
                            t.flag("data-off", !is_on);
                            t.element("input", |t| {
                                check(t, &["fact-", shown.fact.as_str()].concat(), is_on);
                                t.flag("disabled", !sends);
                                t.attr("role", "switch");
                            });
                            say(t, state, "b", fact_key(shown.fact));
                            t.leaf("bdi", &shown.text);
                        });
                    }
                    for (key, value) in state.draft.set.iter() {
                        t.element("p.given", |t| {
                            t.leaf("b", key);
                            t.leaf("bdi", value);
                        });
                    }
                });
            });
        });
    });
}

const fn fact_key(fact: Fact) -> Key {
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

/// How the last try went, and the buttons.
fn foot(t: &mut Tree, state: &State, is_sending: bool) {
    t.element("footer", |t| {
        if let Screen::Failed(failure, copied) = &state.screen {
            let copy = match copied {
                Copied::No => Key::Copy,
                Copied::Yes => Key::Copied,
                Copied::ByHand => Key::CopyByHand,
            };
            t.element("p", |t| {
                t.attr("class", "notice bad");
                t.attr(HOOK, "error");
                t.attr("tabindex", "-1");
                t.attr("role", "alert");
                t.text(&failure_text(state, failure));
            });
            t.element("div.buttons", |t| {
                say(t, state, "button.quiet type=button @copy aria-live=polite", copy);
                say(t, state, "button.main type=submit @retry", Key::Retry);
            });
            return;
        }
        t.maybe(is_sending, |t| {
            t.element("progress", |t| t.attr("aria-label", state.texts.get(Key::Sending)));
        });
        t.element("div.buttons", |t| {
            t.element("button.main type=submit @send", |t| {
                t.flag("disabled", is_sending);
                t.text(state.texts.get(if is_sending { Key::Sending } else { Key::Send }));
            });
        });
    });
}

fn failure_text(state: &State, failure: &Failure) -> String {
    const WHY: [(Code, Key); 8] = [
        (Code::RateLimited, Key::FailedBusy),
        (Code::StorageFull, Key::FailedLater),
        (Code::Unavailable, Key::FailedLater),
        (Code::Internal, Key::FailedLater),
        (Code::Timeout, Key::FailedLater),
        (Code::SiteClosed, Key::FailedClosed),
        (Code::UnknownSite, Key::FailedClosed),
        (Code::OriginRefused, Key::FailedPage),
    ];
    let (key, code) = match failure {
        Failure::Unreachable => (Key::FailedOffline, ""),
        Failure::Refused(refused) => {
            let known = WHY.iter().find(|(code, _)| code.as_str() == refused.code);
            (known.map_or(Key::FailedRefused, |(_, key)| *key), refused.code.as_str())
        }
    };
    state.texts.with(key, &[("site", &state.site.name), ("code", code)])
}

const fn truth(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}

#[inline(never)]
fn choice(t: &mut Tree, name: &str, prefix: &str, value: &str, is_on: bool) {
    t.element("input type=radio", |t| {
        t.attr("name", name);
        t.joined(HOOK, prefix, value);
        t.attr("checked", if is_on { "true" } else { "" });
    });
}

fn check(t: &mut Tree, hook: &str, is_on: bool) {
    t.attr("type", "checkbox");
    t.attr(HOOK, hook);
    t.attr("id", hook);
    t.attr("checked", if is_on { "true" } else { "" });
}

#[inline(never)]
fn tick(t: &mut Tree, state: &State, hook: &str, is_on: bool, words: &str) {
    t.element("label.tick", |t| {
        t.element("input", |t| {
            check(t, hook, is_on);
            mark(t, state, hook);
        });
        t.leaf("span", words);
    });
}

/// What every field has that a visitor types in.
#[inline(never)]
fn live(t: &mut Tree, hook: &str, value: &str) {
    t.attr(HOOK, hook);
    t.attr("id", hook);
    t.attr("value", value);
}

#[inline(never)]
fn label(t: &mut Tree, state: &State, hook: &str, words: &str, optional: bool) {
    t.element("label", |t| {
        t.attr("for", hook);
        t.text(words);
        t.maybe(optional, |t| say(t, state, "small", Key::Optional));
    });
}

/// Ties the field to its fault, if it has one.
#[inline(never)]
fn mark(t: &mut Tree, state: &State, hook: &str) {
    if state.faults.iter().any(|fault| fault.hook == hook) {
        t.attr("aria-invalid", "true");
        t.joined("aria-describedby", "fault-", hook);
    }
}

#[inline(never)]
fn fault(t: &mut Tree, state: &State, hook: &str) {
    let Some(fault) = state.faults.iter().find(|fault| fault.hook == hook) else { return t.text("") };
    t.element("p.fault", |t| {
        t.joined("id", "fault-", hook);
        t.text(state.texts.get(fault.key));
    });
}
