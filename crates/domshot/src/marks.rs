//! What is known about single elements before the walk reaches them.

use js_sys::Map;

use crate::dom::Node;
use crate::text::{add, fill, number};

/// What the walk must do with one element.
#[derive(Default)]
pub(crate) struct Mark {
    /// Attributes to add, ready to write.
    pub(crate) attributes: String,
    /// Numbers of the rules that fix its pseudo-elements.
    pub(crate) pins: String,
    /// Declarations to add to its inline style, ready to write.
    pub(crate) style: String,
    /// Something inside it is seen although it is not.
    pub(crate) keep: bool,
    /// To be covered.
    pub(crate) mask: bool,
    /// To be left empty.
    pub(crate) hide: bool,
    /// Place in the top layer, counted from 1, and the style of its backdrop.
    pub(crate) top: usize,
    pub(crate) backdrop: String,
}

/// Marks by element.
pub(crate) struct Marks {
    by_element: Map,
    list: Vec<Mark>,
    pins: usize,
    /// Rules for pinned pseudo-elements and for scroll offsets.
    pub(crate) css: String,
}

impl Marks {
    pub(crate) fn new() -> Marks {
        Marks { by_element: Map::new(), list: Vec::new(), pins: 0, css: String::new() }
    }

    pub(crate) fn get(&self, element: &Node) -> Option<&Mark> {
        self.list.get(self.by_element.get(element).as_f64()? as usize)
    }

    pub(crate) fn on(&mut self, element: &Node) -> &mut Mark {
        let at = self.by_element.get(element).as_f64().unwrap_or_else(|| {
            self.list.push(Mark::default());
            let at = (self.list.len() - 1) as f64;
            self.by_element.set(element, &at.into());
            at
        });
        &mut self.list[at as usize]
    }

    /// Marks every element that contains `element`, across shadow boundaries.
    pub(crate) fn keep_ancestors(&mut self, element: &Node) {
        let mut next = parent(element);
        while let Some(node) = next {
            let mark = self.on(&node);
            if mark.keep {
                return;
            }
            mark.keep = true;
            next = parent(&node);
        }
    }

    /// Fixes `declarations` on `element`, or on one of its pseudo-elements.
    pub(crate) fn pin(&mut self, element: &Node, pseudo: &str, declarations: &str) {
        if pseudo.is_empty() {
            add(&mut self.on(element).style, declarations);
            return;
        }
        let n = number(self.pins);
        self.pins += 1;
        fill(&mut self.css, "[ds-p~=\"$\"]${$}", &[&n, pseudo, declarations]);
        let mark = self.on(element);
        fill(&mut mark.pins, "$ ", &[&n]);
    }
}

fn parent(node: &Node) -> Option<Node> {
    node.object("parentNode").or_else(|| node.object("host"))
}
