//! Draws a state: which elements, with which words, hooks and live values.

mod form;
mod result;

use candor_protocol::Kind;

use crate::{
    panel::{Files, Screen, State},
    text::Key,
    tree::Tree,
};

/// The content of the dialog.
pub(crate) fn view(state: &State) -> Tree {
    let mut tree = Tree::default();
    tree.element("div.sheet", |t| {
        t.attr("dir", if state.texts.is_rtl() { "rtl" } else { "ltr" });
        t.attr("lang", state.texts.locale());
        t.element("header", |t| {
            t.leaf("h2 id=title", &state.texts.with(Key::Title, &[("site", &state.site.name)]));
            t.element("button.icon type=button @close", |t| {
                t.attr("aria-label", state.texts.get(Key::Close));
                icon(t, CROSS);
            });
        });
        match &state.screen {
            Screen::Form | Screen::Sending | Screen::Failed(..) => form::view(t, state),
            Screen::Done(receipt) => result::done(t, state, receipt),
        }
    });
    tree
}

/// An element that says one of the panel's texts.
#[inline(never)]
fn say(t: &mut Tree, state: &State, shape: &'static str, key: Key) {
    t.leaf(shape, state.texts.get(key));
}

/// Where `widget/files` puts its list; nothing of it is drawn here.
fn files_place(t: &mut Tree) {
    t.element("div @files", |_| ());
}

/// The way to the privacy policy, and to what is kept of the visitor.
#[inline(never)]
fn links(t: &mut Tree, state: &State) {
    t.element("p.links", |t| {
        match &state.site.policy.url {
            Some(url) => t.element("a @policy", |t| {
                t.attr("href", url);
                t.attr("target", "_blank");
                t.attr("rel", "noopener noreferrer");
                t.text(state.texts.get(Key::Policy));
            }),
            None => t.text(""),
        }
        say(t, state, "button.link type=button @mine", Key::Mine);
        t.maybe(state.files.are(Files::MINE_FAILED), |t| {
            say(t, state, "span.fault @mine-lost role=alert", Key::FilesFailed);
        });
    });
}

#[inline(never)]
fn icon(t: &mut Tree, path: &str) {
    t.element("svg", |t| {
        t.attr("viewBox", "0 0 24 24");
        t.attr("aria-hidden", "true");
        t.element("path", |t| t.attr("d", path));
    });
}

const CROSS: &str = "M6 6l12 12M18 6L6 18";

const fn kind_icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => "M12 9v5m0 3v.1M12 3.5l9.5 16.5h-19z",
        Kind::Idea => {
            "M9.5 18h5m-4 3h3M12 3a6 6 0 0 0-3.6 10.8c.8.6 1.1 1.3 1.1 2.2h5c0-.9.3-1.6 1.1-2.2A6 6 0 0 0 12 3z"
        }
        Kind::Praise => {
            "M12 20s-7.5-4.5-9-9.2C2.1 7.5 4.2 5 7 5c2 0 3.8 1 5 3 1.2-2 3-3 5-3 2.8 0 4.900 2.5 4 5.8C19.5 15.5 12 20 12 20z"
        }
        Kind::Question => {
            "M9.2 9.2a2.8 2.8 0 1 1 4.3 2.4c-1 .6-1.5 1.2-1.5 2.4m0 3v.1M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 0 0 0-19z"
        }
    }
}

#[cfg(test)]
mod tests;
