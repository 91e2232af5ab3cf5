//! The receipt.

use candor_protocol::Purpose;

use super::{files_place, icon, links, say};
use crate::{
    panel::{Receipt, State},
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
        links(t, state);
        t.element("div.buttons", |t| {
            say(t, state, "button.quiet type=button @another", Key::Another);
            say(t, state, "button.main type=button @done-close", Key::Close);
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
