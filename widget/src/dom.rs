//! The panel's elements in the page: draws trees into a dialog, and turns what happens there into events.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Document, Event, EventTarget, HtmlDialogElement, HtmlElement, ShadowRoot};

use crate::{
    panel::Files,
    tree::{HOOK, Node, Tree},
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = window)]
    static WINDOW: web_sys::Window;

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

    /// A promise with a `then` for both of its ends.
    type Thenable;
    #[wasm_bindgen(method, structural)]
    fn then(this: &Thenable, act: &JsValue) -> Promise;
}

/// What happened in the panel, before anybody decides what it means.
pub(crate) enum Happening {
    Input(String, String),
    Press(String),
    Submit,
    Close,
    Files(Files),
}

/// The dialog in the widget's shadow root.
pub(crate) struct Surface {
    root: ShadowRoot,
    dialog: HtmlDialogElement,
    drawn: Tree,
    tells: Closure<dyn FnMut(Event)>,
    keeps: Closure<dyn FnMut(Event)>,
}

/// What a promise has come to: its value, or the reason why it was broken.
pub(crate) type Outcome = Result<JsValue, JsValue>;

/// What the panel itself is interested in.
const HEARD: [&str; 6] = ["click", "input", "submit", "cancel", "close", "candor-files"];

/// Keys and pastes meant for the panel are none of the page's business: its shortcuts would act on them.
const KEPT_INSIDE: [&str; 9] =
    ["keydown", "keyup", "keypress", "beforeinput", "input", "change", "copy", "cut", "paste"];

impl Surface {
    /// Puts an empty, closed dialog and its style sheet into `root`.
    pub(crate) fn new(root: ShadowRoot, css: &str, on: Box<dyn Fn(Happening)>) -> Result<Self, JsValue> {
        let sheet = web_sys::CssStyleSheet::new()?;
        sheet.replace_sync(css)?;
        let sheets: Array = get(&root, "adoptedStyleSheets").unchecked_into();
        // A new array: some engines freeze the one they hand out.
        Reflect::set(&root, &"adoptedStyleSheets".into(), &sheets.concat(&Array::of1(&sheet)))?;
        let dialog: HtmlDialogElement = element("dialog", "1999/xhtml")?.unchecked_into();
        for (name, value) in
            [("class", "panel"), (HOOK, "panel"), ("aria-labelledby", "title"), ("autofocus", "")]
        {
            dialog.set_attribute(name, value)?;
        }
        root.append_child(&dialog)?;
        let heard = dialog.clone();
        let tells = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            if let Some(happening) = read(&heard, &event) {
                on(happening);
            }
        });
        let keeps = Closure::<dyn FnMut(Event)>::new(|event: Event| event.stop_propagation());
        let surface = Self { root, dialog, drawn: Tree::default(), tells, keeps };
        surface.each_listener(EventTarget::add_event_listener_with_callback_and_bool)?;
        Ok(surface)
    }

    /// The dialog, for those who put elements of their own into it.
    pub(crate) fn dialog(&self) -> &JsValue {
        &self.dialog
    }

    /// Makes the dialog look like `tree`, touching only what differs.
    pub(crate) fn draw(&mut self, tree: Tree) -> Result<(), JsValue> {
        let place = self.dialog.first_child();
        if let Some(root) = tree.root() {
            patch(&self.dialog, place, self.drawn.root(), root)?;
        }
        self.drawn = tree;
        Ok(())
    }

    /// Opens the dialog above everything else in the page.
    pub(crate) fn show(&self) -> Result<(), JsValue> {
        if !self.dialog.open() {
            self.dialog.show_modal()?;
        }
        // On a touch screen the keyboard would cover the form that the visitor has not seen yet.
        let has_mouse = window().match_media("(hover: hover) and (pointer: fine)")?;
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

    /// Adds or removes every listener.
    fn each_listener(
        &self,
        change: fn(&EventTarget, &str, &js_sys::Function, bool) -> Result<(), JsValue>,
    ) -> Result<(), JsValue> {
        let (tells, keeps) = (self.tells.as_ref().unchecked_ref(), self.keeps.as_ref().unchecked_ref());
        for kind in HEARD {
            change(&self.dialog, kind, tells, false)?;
        }
        let host = self.root.host();
        for kind in KEPT_INSIDE {
            change(&host, kind, keeps, false)?;
        }
        // It does not bubble: heard on its way down.
        change(document()?.as_ref(), "toggle", tells, true)
    }
}

/// What an event means to the panel.
fn read(dialog: &HtmlDialogElement, event: &Event) -> Option<Happening> {
    let target: Field = event.target()?.unchecked_into();
    match event.type_().as_str() {
        // The dialog itself is hit only beside its content: on the backdrop.
        "click" if *target == ***dialog => Some(Happening::Close),
        "click" => {
            let button = target.closest("button[type=button]").ok()??;
            Some(Happening::Press(button.get_attribute(HOOK)?))
        }
        "input" => {
            let is_box = matches!(target.kind().as_deref(), Some("checkbox" | "radio"));
            let on = if target.checked().unwrap_or_default() { "true" } else { "" };
            let value = if is_box { on.into() } else { target.value() };
            Some(Happening::Input(target.get_attribute(HOOK)?, value))
        }
        "submit" => {
            event.prevent_default();
            Some(Happening::Submit)
        }
        "cancel" => {
            event.prevent_default();
            Some(Happening::Close)
        }
        "candor-files" => Some(Happening::Files(Files(get(event, "detail").as_f64()? as u8))),
        "close" => (!dialog.open()).then_some(Happening::Close),
        // A modal that the page opens over ours makes ours inert: step above it again.
        _ => {
            if target.matches("dialog:modal").unwrap_or_default() && dialog.open() {
                dialog.close();
                drop(dialog.show_modal());
            }
            None
        }
    }
}

impl Drop for Surface {
    fn drop(&mut self) {
        drop(self.each_listener(EventTarget::remove_event_listener_with_callback_and_bool));
        self.dialog.remove();
    }
}

/// The page's window. Not `web_sys::window`, which would look for workers and node first.
pub(crate) fn window() -> web_sys::Window {
    WINDOW.with(Clone::clone)
}

/// What the window has at the end of a dotted path; `undefined` where the path breaks off.
#[inline(never)]
pub(crate) fn at(path: &str) -> JsValue {
    path.split('.').fold(window().into(), |object, name| get(&object, name))
}

fn document() -> Result<Document, JsValue> {
    window().document().ok_or(JsValue::NULL)
}

/// The property, or `undefined` where it is missing or the page made it throw.
#[inline(never)]
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Hands what the promise comes to, good or bad, to `act`; the new promise comes to what `act` makes of it.
///
/// Callbacks and no `async`: this is all of it that the widget needs, and an executor would weigh more than its users.
pub(crate) fn then(promise: &Promise, act: Box<dyn FnOnce(Outcome) -> Outcome>) -> Promise {
    let settled = Closure::once_into_js(move |outcomes: Array| {
        let outcome = outcomes.get(0);
        let is_kept = get(&outcome, "status").as_string().as_deref() == Some("fulfilled");
        act(if is_kept { Ok(get(&outcome, "value")) } else { Err(get(&outcome, "reason")) })
    });
    let both: Promise = Promise::all_settled(&Array::of1(promise)).unchecked_into();
    both.unchecked_into::<Thenable>().then(&settled)
}

/// Turns `place`, drawn from `old`, into `new`; makes what is missing.
fn patch(
    parent: &web_sys::Node,
    place: Option<web_sys::Node>,
    old: Option<Node<'_>>,
    new: Node<'_>,
) -> Result<(), JsValue> {
    let old = old.filter(|old| old.is_same_place(new));
    let made = match (&place, old) {
        (Some(place), Some(_)) => place.clone(),
        _ => make(new)?,
    };
    if new.tag().is_some() {
        let made: &web_sys::Element = made.unchecked_ref();
        patch_children(made, old, new)?;
        // After the children: what a list has selected is one of them.
        patch_attributes(made, old, new)?;
    } else if old.is_some_and(|old| old.text() != new.text()) {
        made.set_text_content(Some(new.text()));
    }
    match (place, old) {
        (Some(_), Some(_)) => {}
        (Some(place), None) => drop(parent.replace_child(&made, &place)?),
        (None, _) => drop(parent.append_child(&made)?),
    }
    Ok(())
}

fn patch_children(place: &web_sys::Node, old: Option<Node<'_>>, new: Node<'_>) -> Result<(), JsValue> {
    let mut live = place.first_child();
    let mut before = old.and_then(Node::first_child);
    let mut child = new.first_child();
    while let Some(node) = child {
        let after = live.as_ref().and_then(web_sys::Node::next_sibling);
        patch(place, live, before, node)?;
        live = after;
        before = before.zip(old).and_then(|(before, old)| before.next(old.end()));
        child = node.next(new.end());
    }
    // What was not drawn from a tree (the list of files) is not ours to remove.
    if before.is_none() {
        return Ok(());
    }
    while let Some(gone) = live {
        live = gone.next_sibling();
        place.remove_child(&gone)?;
    }
    Ok(())
}

fn patch_attributes(place: &web_sys::Element, old: Option<Node<'_>>, new: Node<'_>) -> Result<(), JsValue> {
    for (name, _) in old.into_iter().flat_map(Node::attributes) {
        if new.attribute(name).is_none() {
            place.remove_attribute(name)?;
        }
    }
    for (name, value) in new.attributes() {
        // What a visitor changed by hand is not in the tree that was drawn last: ask the field itself.
        let is_live = matches!(name, "value" | "checked");
        if is_live || old.and_then(|old| old.attribute(name)) != Some(value) {
            set(place, name, value)?;
        }
    }
    Ok(())
}

fn make(node: Node<'_>) -> Result<web_sys::Node, JsValue> {
    let Some(tag) = node.tag() else { return Ok(document()?.create_text_node(node.text()).into()) };
    let is_svg = matches!(tag, "svg" | "path");
    Ok(element(tag, if is_svg { "2000/svg" } else { "1999/xhtml" })?.into())
}

fn element(tag: &str, namespace: &str) -> Result<web_sys::Element, JsValue> {
    document()?.create_element_ns(Some(&["http://www.w3.org/", namespace].concat()), tag)
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
