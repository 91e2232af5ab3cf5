//! The receipt, and the list of what is stored in this browser.

use candor_protocol::Purpose;

use super::{button, heading, icon};
use crate::{
    panel::{Receipt, ShownEntry},
    text::{Key, Texts},
    tree::{Element, classed, el},
};

pub(super) fn done(texts: &Texts, receipt: &Receipt) -> Element {
    let rows = receipt.kept.iter().flat_map(|kept| {
        let name = purpose_key(kept.purpose).map_or_else(|| kept.purpose.as_str(), |key| texts.get(key));
        [el("dt").text(name), el("dd").text(&kept.until)]
    });
    classed("div", "result")
        .child(classed("div", "badge").child(icon("M5 12.5l4.5 4.5L19 7")))
        .child(heading("done", texts.get(Key::Done)).with("role", "status"))
        .child(
            classed("p", "number")
                .child(el("span").text(texts.get(Key::DoneNumber)))
                .child(el("output").hook("receipt").with("dir", "ltr").text(&receipt.number)),
        )
        .child(el("h4").text(texts.get(Key::DoneKept)))
        .child(el("dl").children(rows))
        .child(
            classed("div", "buttons")
                .child(button("another", "quiet", texts.get(Key::Another)))
                .child(button("done-close", "main", texts.get(Key::Close))),
        )
}

pub(super) fn stored(texts: &Texts, entries: &[ShownEntry]) -> Element {
    let rows = entries.iter().flat_map(|entry| {
        [el("dt").child(el("code").text(&entry.key)), el("dd").child(el("bdi").text(&entry.value))]
    });
    let empty = entries.is_empty().then(|| el("p").text(texts.get(Key::StoredNone)));
    let clear = (!entries.is_empty()).then(|| button("stored-clear", "quiet", texts.get(Key::StoredClear)));
    classed("div", "result")
        .child(heading("stored-title", texts.get(Key::Stored)))
        .maybe(empty)
        .child(el("dl").children(rows))
        .child(classed("div", "buttons").maybe(clear).child(button("back", "main", texts.get(Key::Back))))
}

const fn purpose_key(purpose: Purpose) -> Option<Key> {
    match purpose {
        Purpose::Message => Some(Key::PurposeMessage),
        Purpose::Contact => Some(Key::PurposeContact),
        Purpose::Browser => Some(Key::PurposeBrowser),
        Purpose::Picture | Purpose::Attachment | Purpose::Diagnostics | Purpose::FollowUp => None,
    }
}
