//! The few browser calls the engine makes, duck-typed, so that a frame's or a stranger's realm serves as well as our own.
//!
//! Everything here may throw (pages patch prototypes and clobber forms), hence `catch` on all that a page can reach.

use js_sys::{Array, Function, JsString, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Any DOM object: node, shadow root, document, window, style declaration, sheet, canvas.
    /// One type for all keeps the generated glue small; which members exist is the caller's knowledge.
    #[derive(Clone)]
    pub(crate) type Node;

    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    pub(crate) static WINDOW: Node;

    // --- tree
    #[wasm_bindgen(method, getter, structural, catch, js_name = nodeType)]
    pub(crate) fn node_type(this: &Node) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = firstChild)]
    pub(crate) fn first_child(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = nextSibling)]
    pub(crate) fn next_sibling(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = lastElementChild)]
    pub(crate) fn last_element_child(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = childElementCount)]
    pub(crate) fn child_element_count(this: &Node) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = parentNode)]
    pub(crate) fn parent_node(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = ownerDocument)]
    pub(crate) fn owner_document(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = shadowRoot)]
    pub(crate) fn shadow_root(this: &Node) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = assignedNodes)]
    pub(crate) fn assigned_nodes(this: &Node) -> Result<Array, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = importNode)]
    pub(crate) fn import_node(this: &Node, node: &Node, deep: bool) -> Result<Node, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = querySelectorAll)]
    pub(crate) fn query_all(this: &Node, selector: &str) -> Result<Node, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = getElementById)]
    pub(crate) fn by_id(this: &Node, id: &str) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    pub(crate) fn matches(this: &Node, selector: &str) -> Result<bool, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    pub(crate) fn item(this: &Node, index: u32) -> Result<Option<Node>, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = createElement)]
    pub(crate) fn create_element(this: &Node, tag: &str) -> Result<Node, JsValue>;

    // --- geometry
    #[wasm_bindgen(method, structural, catch, js_name = getBoundingClientRect)]
    pub(crate) fn bounding_rect(this: &Node) -> Result<Node, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = checkVisibility)]
    pub(crate) fn check_visibility(this: &Node) -> Result<bool, JsValue>;

    // --- style
    #[wasm_bindgen(method, structural, catch, js_name = getComputedStyle)]
    pub(crate) fn computed_style(this: &Node, element: &Node, pseudo: &str) -> Result<Node, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = getPropertyValue)]
    pub(crate) fn property_value(this: &Node, name: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = cssText)]
    pub(crate) fn css_text(this: &Node) -> Result<String, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch, js_name = outerHTML)]
    pub(crate) fn outer_html(this: &Node) -> Result<String, JsValue>;
    #[wasm_bindgen(method, getter, structural, catch)]
    pub(crate) fn data(this: &Node) -> Result<String, JsValue>;

    // --- anything else, by name
    #[wasm_bindgen(js_namespace = Reflect, js_name = get, catch)]
    pub(crate) fn get(of: &JsValue, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Reflect, js_name = set, catch)]
    pub(crate) fn set(of: &JsValue, name: &str, value: &JsValue) -> Result<bool, JsValue>;
    #[wasm_bindgen(js_namespace = Reflect, js_name = apply, catch)]
    fn apply(function: &Function, this: &JsValue, arguments: &Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Reflect, js_name = construct, catch)]
    fn construct(function: &Function, arguments: &Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn now_ms() -> f64;
}

/// An axis-aligned rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, never negative in what the engine makes.
    pub width: f64,
    /// Height, never negative in what the engine makes.
    pub height: f64,
}

impl Rect {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }
    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }
    pub(crate) fn meets(&self, other: &Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
    pub(crate) fn holds(&self, other: &Rect) -> bool {
        self.x <= other.x
            && other.right() <= self.right()
            && self.y <= other.y
            && other.bottom() <= self.bottom()
    }
    pub(crate) fn cut(&self, other: &Rect) -> Rect {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        Rect {
            x,
            y,
            width: (self.right().min(other.right()) - x).max(0.0),
            height: (self.bottom().min(other.bottom()) - y).max(0.0),
        }
    }
    pub(crate) fn grown(&self, by: f64) -> Rect {
        Rect { x: self.x - by, y: self.y - by, width: self.width + 2.0 * by, height: self.height + 2.0 * by }
    }
}

impl Node {
    /// Where the element's border box is, relative to the viewport; `None` where the page's own code threw
    /// or a broken transform gives no number.
    pub(crate) fn rect(&self) -> Option<Rect> {
        let r = self.bounding_rect().ok()?;
        let r = Rect { x: r.number("x"), y: r.number("y"), width: r.number("width"), height: r.number("height") };
        (r.x + r.y + r.width + r.height).is_finite().then_some(r)
    }

    pub(crate) fn any(&self, name: &str) -> JsValue {
        get(self, name).unwrap_or(JsValue::UNDEFINED)
    }
    /// A number, or 0 where there is none.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.any(name).as_f64().unwrap_or(0.0)
    }
    /// A string, or the empty one where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.any(name).as_string().unwrap_or_default()
    }
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.any(name).is_truthy()
    }
    pub(crate) fn object(&self, name: &str) -> Option<Node> {
        let v = self.any(name);
        (!v.is_null() && !v.is_undefined()).then(|| v.unchecked_into())
    }
    pub(crate) fn call(&self, name: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
        let list = Array::new();
        for a in arguments {
            list.push(a);
        }
        apply(self.any(name).unchecked_ref(), self, &list)
    }
    pub(crate) fn style(&self, element: &Node, pseudo: &str) -> Option<Node> {
        self.computed_style(element, pseudo).ok()
    }
    pub(crate) fn value(&self, property: &str) -> String {
        self.property_value(property).unwrap_or_default()
    }
    /// Every element that `selector` names, or none where the engine refuses the selector.
    pub(crate) fn select(&self, selector: &str) -> Vec<Node> {
        let Ok(list) = self.query_all(selector) else { return Vec::new() };
        let count = list.number("length") as u32;
        (0..count).filter_map(|i| list.item(i).ok().flatten()).collect()
    }
}

/// A new object of the named global class, or why not.
pub(crate) fn new(class: &str, arguments: &[&JsValue]) -> Result<Node, JsValue> {
    let list = Array::new();
    for a in arguments {
        list.push(a);
    }
    let class = WINDOW.with(|w| w.any(class));
    if !class.is_function() {
        return Err(JsValue::UNDEFINED);
    }
    construct(class.unchecked_ref(), &list).map(JsCast::unchecked_into)
}

/// `url` against `base`; unchanged where it cannot be resolved.
pub(crate) fn absolute(url: &str, base: &str) -> String {
    new("URL", &[&url.into(), &base.into()]).map_or_else(|_| url.into(), |u| u.text("href"))
}

/// Resolves after `delay_ms`, and no sooner than the browser has had its turn.
pub(crate) fn sleep(delay_ms: f64) -> Promise {
    Promise::new(&mut |resolve, _| {
        let _ = WINDOW.with(|w| w.call("setTimeout", &[&resolve, &delay_ms.into()]));
    })
}

/// Gives the main thread away for one task.
pub(crate) fn next_task() -> Promise {
    let scheduler = WINDOW.with(|w| w.object("scheduler"));
    let yielded = scheduler.and_then(|s| s.call("yield", &[]).ok());
    yielded.and_then(|p| p.dyn_into().ok()).unwrap_or_else(|| sleep(0.0))
}

/// `blob` as a `data:` URL.
pub(crate) fn data_url(blob: &JsValue) -> Promise {
    Promise::new(&mut |resolve, reject| {
        let reader = new("FileReader", &[]);
        let started = reader.and_then(|r| {
            set(&r, "onload", &resolve)?;
            set(&r, "onerror", &reject)?;
            r.call("readAsDataURL", &[blob])
        });
        if let Err(e) = started {
            let _ = reject.call1(&JsValue::NULL, &e);
        }
    })
}

/// What a `data_url` promise brought.
pub(crate) fn data_url_text(event: JsValue) -> Option<JsString> {
    event.unchecked_into::<Node>().object("target")?.any("result").dyn_into().ok()
}
