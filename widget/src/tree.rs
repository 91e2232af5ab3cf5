//! What the view wants the panel to look like: a plain tree that knows no browser.

/// A child of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    /// Also the stand-in for a part that is not there at the moment: it keeps its neighbours in place, so that the
    /// field a visitor types in is never drawn anew.
    Text(String),
}

/// An element with its attributes. `value` and `checked` are set as properties: they are the live state of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: &'static str,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) children: Vec<Node>,
}

/// The attribute by which events find their way back: it names what the element is for.
pub(crate) const HOOK: &str = "data-t";

/// A new element without anything.
#[inline(never)]
pub(crate) fn el(tag: &'static str) -> Element {
    Element { tag, attributes: Vec::new(), children: Vec::new() }
}

/// An element with a class.
#[inline(never)]
pub(crate) fn classed(tag: &'static str, class: &str) -> Element {
    el(tag).with("class", class)
}

impl Element {
    /// With this attribute. Not generic and not inlined, like its neighbours: the view calls them hundreds of times.
    #[inline(never)]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With this attribute, present and empty, if `on`.
    pub(crate) fn flag(self, name: &'static str, on: bool) -> Self {
        if on { self.with(name, "") } else { self }
    }

    /// With the hook that names what it is for.
    pub(crate) fn hook(self, hook: &str) -> Self {
        self.with(HOOK, hook)
    }

    /// With this child.
    #[inline(never)]
    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// With this child, or with something that keeps its place.
    #[inline(never)]
    pub(crate) fn maybe(mut self, child: Option<Self>) -> Self {
        self.children.push(child.map_or_else(|| Node::Text(String::new()), Node::Element));
        self
    }

    /// With these children.
    pub(crate) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// With this text.
    #[inline(never)]
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Whether `other` may be turned into this by changing attributes and children.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        self.tag == other.tag && self.attribute(HOOK) == other.attribute(HOOK)
    }
}

#[cfg(test)]
impl Element {
    /// As indented HTML, for snapshots.
    pub(crate) fn to_html(&self) -> String {
        let mut out = String::new();
        write_html(self, 0, &mut out);
        out
    }

    /// This element and all below it.
    pub(crate) fn walk(&self) -> Vec<&Self> {
        let below = self.children.iter().flat_map(|child| match child {
            Node::Element(element) => element.walk(),
            Node::Text(_) => Vec::new(),
        });
        std::iter::once(self).chain(below).collect()
    }
}

#[cfg(test)]
fn write_html(element: &Element, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    out.push_str(&format!("{pad}<{}", element.tag));
    for (name, value) in &element.attributes {
        out.push_str(&if value.is_empty() { format!(" {name}") } else { format!(" {name}={value:?}") });
    }
    out.push_str(">\n");
    for child in &element.children {
        match child {
            Node::Element(element) => write_html(element, depth + 1, out),
            Node::Text(text) if text.is_empty() => {}
            Node::Text(text) => out.push_str(&format!("{pad}  {text}\n")),
        }
    }
}
