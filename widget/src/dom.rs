//! The panel's elements in the page: draws trees into a dialog, and turns what happens there into events.

use wasm_bindgen::prelude::*;
use web_sys::{Document, HtmlDialogElement, HtmlElement, ShadowRoot};

use crate::tree::{Element, HOOK, Node};

#[wasm_bindgen]
extern "C" {
    /// Any form field: `value` and `checked` mean the same on all of them.
    #[wasm_bindgen(extends = web_sys::Element)]
    type Field;
    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &Field) -> String;
    #[wasm_bindgen(method, setter, structural)]
    fn set_value(this: &Field, value: &str);
    #[wasm_bindgen(method, getter, structural)]
    fn checked(this: &Field) -> Option<bool>;
    #[wasm_bindgen(method, setter, structural)]
    fn set_checked(this: &Field, checked: bool);
    #[wasm_bindgen(method, getter, structural, js_name = type)]
    fn kind(this: &Field) -> Option<String>;
    #[wasm_bindgen(method, structural)]
    fn select(this: &Field);
}

/// What happened in the panel, before anybody decides what it means.
pub(crate) enum Happening {
    Input(String, String),
    Press(String),
    Submit,
    Close,
}

/// A listener that goes away with its owner.
struct Listener {
    target: web_sys::EventTarget,
    kind: &'static str,
    capture: bool,
    closure: Closure<dyn FnMut(web_sys::Event)>,
}

/// The dialog in the widget's shadow root.
pub(crate) struct Surface {
    root: ShadowRoot,
    dialog: HtmlDialogElement,
    drawn: Vec<Node>,
    listeners: Vec<Listener>,
}

/// Keys and pastes meant for the panel are none of the page's business: its shortcuts would act on them.
const KEPT_INSIDE: [&str; 9] =
    ["keydown", "keyup", "keypress", "beforeinput", "input", "change", "copy", "cut", "paste"];

impl Surface {
    /// Puts an empty, closed dialog and its style sheet into `root`.
    pub(crate) fn new(
        root: ShadowRoot,
        css: &str,
        on: impl Fn(Happening) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let sheet = web_sys::CssStyleSheet::new()?;
        sheet.replace_sync(css)?;
        let sheets: js_sys::Array =
            js_sys::Reflect::get(&root, &"adoptedStyleSheets".into())?.unchecked_into();
        // A new array: some engines freeze the one they hand out.
        js_sys::Reflect::set(
            &root,
            &"adoptedStyleSheets".into(),
            &sheets.concat(&js_sys::Array::of1(&sheet)),
        )?;
        let dialog: HtmlDialogElement = document()?.create_element("dialog")?.unchecked_into();
        for (name, value) in
            [("class", "panel"), (HOOK, "panel"), ("aria-labelledby", "title"), ("autofocus", "")]
        {
            dialog.set_attribute(name, value)?;
        }
        root.append_child(&dialog)?;
        let mut surface = Self { root, dialog, drawn: Vec::new(), listeners: Vec::new() };
        surface.listen(on)?;
        Ok(surface)
    }

    /// Makes the dialog look like `tree`, touching only what differs.
    pub(crate) fn draw(&mut self, tree: Element) -> Result<(), JsValue> {
        let new = vec![Node::Element(tree)];
        patch_children(&self.dialog, &self.drawn, &new)?;
        self.drawn = new;
        Ok(())
    }

    /// Opens the dialog above everything else in the page.
    pub(crate) fn show(&self) -> Result<(), JsValue> {
        if !self.dialog.open() {
            self.dialog.show_modal()?;
        }
        // On a touch screen the keyboard would cover the form that the visitor has not seen yet.
        let has_mouse = window()?.match_media("(hover: hover) and (pointer: fine)")?;
        if has_mouse.is_some_and(|query| query.matches()) { self.focus("message") } else { Ok(()) }
    }

    /// Closes the dialog; the browser gives the focus back to where it was.
    pub(crate) fn hide(&self) {
        self.dialog.close();
    }

    /// Puts the focus on the element with this hook, and brings it into view.
    pub(crate) fn focus(&self, hook: &str) -> Result<(), JsValue> {
        if let Some(element) = self.find(hook)? {
            element.unchecked_into::<HtmlElement>().focus()?;
        }
        Ok(())
    }

    /// Selects the text of the field with this hook.
    pub(crate) fn select(&self, hook: &str) -> Result<(), JsValue> {
        if let Some(element) = self.find(hook)? {
            element.unchecked_into::<Field>().select();
        }
        Ok(())
    }

    fn find(&self, hook: &str) -> Result<Option<web_sys::Element>, JsValue> {
        self.dialog.query_selector(&["[", HOOK, "=\"", hook, "\"]"].concat())
    }

    fn listen(&mut self, on: impl Fn(Happening) + Clone + 'static) -> Result<(), JsValue> {
        let (tell, dialog) = (on.clone(), self.dialog.clone());
        self.on_dialog("click", move |event| {
            let Some(target) = event.target() else { return };
            if target == *dialog.as_ref() {
                // The dialog itself is hit only beside its content: on the backdrop.
                return tell(Happening::Close);
            }
            let button = target.unchecked_into::<web_sys::Element>().closest("button[type=button]");
            if let Ok(Some(button)) = button {
                tell(Happening::Press(button.get_attribute(HOOK).unwrap_or_default()));
            }
        })?;
        let tell = on.clone();
        self.on_dialog("input", move |event| {
            let Some(field) = event.target().map(JsCast::unchecked_into::<Field>) else { return };
            let is_box = matches!(field.kind().as_deref(), Some("checkbox" | "radio"));
            let on = if field.checked().unwrap_or_default() { "true" } else { "" };
            let value = if is_box { on.into() } else { field.value() };
            tell(Happening::Input(field.get_attribute(HOOK).unwrap_or_default(), value));
        })?;
        let tell = on.clone();
        self.on_dialog("submit", move |event| {
            event.prevent_default();
            tell(Happening::Submit);
        })?;
        let tell = on.clone();
        self.on_dialog("cancel", move |event| {
            event.prevent_default();
            tell(Happening::Close);
        })?;
        let dialog = self.dialog.clone();
        self.on_dialog("close", move |_| {
            if !dialog.open() {
                on(Happening::Close);
            }
        })?;
        for kind in KEPT_INSIDE {
            self.add(self.root.host().into(), kind, false, |event: web_sys::Event| event.stop_propagation())?;
        }
        // A modal that the page opens over ours makes ours inert: step above it again.
        let dialog = self.dialog.clone();
        self.add(document()?.into(), "toggle", true, move |event: web_sys::Event| {
            let Some(target) = event.target() else { return };
            let is_modal =
                target.unchecked_ref::<web_sys::Element>().matches("dialog:modal").unwrap_or_default();
            if is_modal && dialog.open() {
                dialog.close();
                drop(dialog.show_modal());
            }
        })
    }

    fn on_dialog(
        &mut self,
        kind: &'static str,
        act: impl FnMut(web_sys::Event) + 'static,
    ) -> Result<(), JsValue> {
        self.add(self.dialog.clone().into(), kind, false, act)
    }

    fn add(
        &mut self,
        target: web_sys::EventTarget,
        kind: &'static str,
        capture: bool,
        act: impl FnMut(web_sys::Event) + 'static,
    ) -> Result<(), JsValue> {
        let closure = Closure::<dyn FnMut(web_sys::Event)>::new(act);
        target.add_event_listener_with_callback_and_bool(kind, closure.as_ref().unchecked_ref(), capture)?;
        self.listeners.push(Listener { target, kind, capture, closure });
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        drop(self.target.remove_event_listener_with_callback_and_bool(self.kind, function, self.capture));
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        self.dialog.remove();
    }
}

/// The page's window.
pub(crate) fn window() -> Result<web_sys::Window, JsValue> {
    web_sys::window().ok_or(JsValue::NULL)
}

fn document() -> Result<Document, JsValue> {
    window()?.document().ok_or(JsValue::NULL)
}

fn patch_children(parent: &web_sys::Element, old: &[Node], new: &[Node]) -> Result<(), JsValue> {
    let live = parent.child_nodes();
    for at in (new.len()..old.len()).rev() {
        if let Some(gone) = live.item(u32::try_from(at).unwrap_or(u32::MAX)) {
            parent.remove_child(&gone)?;
        }
    }
    for (at, node) in new.iter().enumerate() {
        let place = live.item(u32::try_from(at).unwrap_or(u32::MAX));
        match (old.get(at), node, place) {
            (Some(Node::Text(before)), Node::Text(after), Some(place)) => {
                if before != after {
                    place.set_text_content(Some(after));
                }
            }
            (Some(Node::Element(before)), Node::Element(after), Some(place))
                if after.is_same_place(before) =>
            {
                let place: web_sys::Element = place.unchecked_into();
                patch_children(&place, &before.children, &after.children)?;
                patch_attributes(&place, before, after)?;
            }
            (_, node, Some(place)) => drop(parent.replace_child(&create(node)?, &place)?),
            (_, node, None) => drop(parent.append_child(&create(node)?)?),
        }
    }
    Ok(())
}

fn create(node: &Node) -> Result<web_sys::Node, JsValue> {
    let element = match node {
        Node::Text(text) => {
            let node: web_sys::Node = document()?.create_text_node(text).into();
            return Ok(node);
        }
        Node::Element(element) => element,
    };
    let is_svg = matches!(element.tag, "svg" | "path");
    let namespace = if is_svg { "http://www.w3.org/2000/svg" } else { "http://www.w3.org/1999/xhtml" };
    let made = document()?.create_element_ns(Some(namespace), element.tag)?;
    for child in &element.children {
        made.append_child(&create(child)?)?;
    }
    for (name, value) in &element.attributes {
        set(&made, name, value)?;
    }
    Ok(made.into())
}

fn patch_attributes(place: &web_sys::Element, before: &Element, after: &Element) -> Result<(), JsValue> {
    for (name, _) in &before.attributes {
        if after.attribute(name).is_none() {
            place.remove_attribute(name)?;
        }
    }
    for (name, value) in &after.attributes {
        // What a visitor changed by hand is not in the tree that was drawn last: ask the field itself.
        if matches!(*name, "value" | "checked") || before.attribute(name) != Some(value) {
            set(place, name, value)?;
        }
    }
    Ok(())
}

fn set(place: &web_sys::Element, name: &str, value: &str) -> Result<(), JsValue> {
    let field = place.unchecked_ref::<Field>();
    match name {
        "checked" => field.set_checked(value == "true"),
        // Setting even the same text would move the caret to its end.
        "value" if place.tag_name() != "OPTION" => {
            if field.value() != value {
                field.set_value(value);
            }
        }
        _ => place.set_attribute(name, value)?,
    }
    Ok(())
}
