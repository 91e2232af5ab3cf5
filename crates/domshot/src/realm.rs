//! One document with its window: the browser's answers about it.

use crate::css::Conditions;
use crate::dom::{self, Node, Rect};

/// A document, its window, and what the engine asks of them again and again.
pub(crate) struct Realm {
    pub(crate) document: Node,
    pub(crate) window: Node,
    /// A document without a window: what is imported there runs no constructor and loads nothing.
    pub(crate) inert: Node,
    pub(crate) html: Node,
    pub(crate) base: String,
    /// Gecko draws neither scrollbars nor checks and radios inside an SVG image.
    pub(crate) is_gecko: bool,
    /// Scroll offset and size of the viewport, in CSS pixels, scrollbars included.
    pub(crate) view: Rect,
}

impl Realm {
    /// The realm of `node`, or `None` where it is no part of a live page.
    pub(crate) fn of(node: &Node) -> Option<Realm> {
        let document =
            if node.number("nodeType") == 9.0 { node.clone() } else { node.object("ownerDocument")? };
        let window = document.object("defaultView")?;
        let html = document.object("documentElement")?;
        let inert = document.object("implementation")?.ask("createHTMLDocument", "")?;
        let view = Rect {
            x: window.number("scrollX"),
            y: window.number("scrollY"),
            width: window.number("innerWidth"),
            height: window.number("innerHeight"),
        };
        let base = document.text("baseURI");
        let mut realm = Realm { document, window, inert, html, base, view, is_gecko: false };
        realm.is_gecko = realm.supports("(-moz-appearance:none)");
        Some(realm)
    }

    /// Computed style of `element`.
    pub(crate) fn style(&self, element: &Node) -> Node {
        dom::styles(&self.window, element, "")
    }

    /// Computed value of one property of `element`.
    #[inline(never)]
    pub(crate) fn computed(&self, element: &Node, property: &str) -> String {
        self.style(element).value(property)
    }
}

impl Conditions for Realm {
    fn media(&self, query: &str) -> bool {
        query.is_empty() || self.window.ask("matchMedia", query).is_some_and(|m| m.flag("matches"))
    }
    fn supports(&self, condition: &str) -> bool {
        let css = self.window.object("CSS");
        css.and_then(|css| css.ask("supports", condition)).is_some_and(|v| v.is_truthy())
    }
    fn resolve(&self, url: &str, base: &str) -> String {
        if url.is_empty() {
            return self.base.split('#').next().unwrap_or_default().into();
        }
        dom::absolute(url, if base.is_empty() { &self.base } else { base })
    }
}
