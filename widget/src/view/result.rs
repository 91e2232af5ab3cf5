//! The receipt, and the list of what is stored in this browser.

use candor_protocol::Purpose;

use super::{files_place, icon, say};
use crate::{
    panel::{Receipt, ShownEntry, State},
    text::Key,
    tree::Tree,
};

pub(super) fn done(t: &mut Tree, state: &State, receipt: &Receipt) {
    t.element("div.result", |t| {
        t.element("div.badge", |t| icon(t, "M5 12.5l4.5 4.5L19 7"));
        say(t, state, "h3 @done tabindex=-1 role=status", Key::Done);
        t.element("p.number", |t| {
            say(t, state, "span", Key::DoneNumber);
            t.leaf("output @receipt dir=ltr", &receipt.number);
        });
        files_place(t);
        say(t, state, "h4", Key::DoneKept);
        t.element("dl", |t| {
            for kept in &receipt.kept {
                let name = purpose_key(kept.purpose).map(|key| state.texts.get(key));
                t.leaf("dt", name.unwrap_or_else(|| kept.purpose.as_str()));
                t.leaf("dd", &kept.until);
            }
        });
        t.element("div.buttons", |t| {
            say(t, state, "button.quiet type=button @another", Key::Another);
            say(t, state, "button.main type=button @done-close", Key::Close);
        });
    });
}

pub(super) fn stored(t: &mut Tree, state: &State, entries: &[ShownEntry]) {
    t.element("div.result", |t| {
        say(t, state, "h3 @stored-title tabindex=-1", Key::Stored);
        t.maybe(entries.is_empty(), |t| say(t, state, "p", Key::StoredNone));
        t.element("dl", |t| {
            for entry in entries {
                t.element("dt", |t| t.leaf("code", &entry.key));
                t.element("dd", |t| t.leaf("bdi", &entry.value));
            }
        });
        t.element("div.buttons", |t| {
            t.maybe(!entries.is_empty(), |t| {
                say(t, state, "button.quiet type=button @stored-clear", Key::StoredClear);
            });
            say(t, state, "button.main type=button @back", Key::Back);
        });
    });
}

const fn purpose_key(purpose: Purpose) -> Option<Key> {
    match purpose {
        Purpose::Message => Some(Key::PurposeMessage),
        Purpose::Contact => Some(Key::PurposeContact),
        Purpose::Browser => Some(Key::PurposeBrowser),
        Purpose::Picture | Purpose::Attachment | Purpose::Diagnostics | Purpose::FollowUp => None,
    }
}
