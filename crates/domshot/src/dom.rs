//! The calls of `js/dom.js`, with the types that Rust gives them.

use js_sys::{Array, Function, JsString, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Any object of a page: node, document, window, style, sheet, canvas, blob.
    /// One type for all keeps the generated glue small; which members exist is the caller's knowledge.
    #[derive(Clone, Debug)]
    pub(crate) type Node;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn now_ms() -> f64;
}

#[wasm_bindgen(module = "/js/dom.js")]
extern "C" {
    fn any(of: &JsValue, path: &str) -> JsValue;
    #[wasm_bindgen(js_name = any)]
    fn object(of: &JsValue, path: &str) -> Option<Node>;
    fn number(of: &JsValue, path: &str) -> f64;
    fn text(of: &JsValue, path: &str) -> String;
    fn flag(of: &JsValue, path: &str) -> bool;
    #[wasm_bindgen(js_name = call)]
    fn call_text(of: &JsValue, name: &str, value: &str) -> Option<Node>;
    pub(crate) fn same(a: &JsValue, b: &JsValue) -> bool;

    pub(crate) fn next(node: &Node) -> Option<Node>;
    pub(crate) fn first(node: &Node) -> Option<Node>;
    pub(crate) fn assigned(slot: &Node) -> Array;
    pub(crate) fn query(root: &Node, selector: &str) -> Array;
    pub(crate) fn look(node: &Node, inert: &Node, out: &mut [f64]) -> String;
    fn measure(node: &Node, out: &mut [f64]) -> bool;
    pub(crate) fn seen(root: &Node, selector: &str, left: f64, top: f64, right: f64, bottom: f64) -> Array;

    pub(crate) fn styles(view: &Node, element: &Node, pseudo: &str) -> Node;
    pub(crate) fn pinned(style: &Node, names: &str) -> String;
    pub(crate) fn rules(list: &Node, from: u32, out: &mut [f64]) -> String;
    pub(crate) fn animations(root: &Node) -> Array;

    pub(crate) fn turn() -> Promise;
    pub(crate) fn within(promise: &JsValue, ms: f64) -> Promise;
    pub(crate) fn settled(promises: &Array, ms: f64) -> Promise;

    pub(crate) fn bitmap(source: &JsValue, width: f64, height: f64, header: &[u8]) -> JsValue;
    pub(crate) fn paint(source: &JsValue, width: f64, height: f64) -> JsValue;
    pub(crate) fn encode(canvas: &JsValue, mime: &str, quality: f64) -> Promise;
    pub(crate) fn image(url: &JsString) -> Promise;

    #[wasm_bindgen(js_name = dataUrl)]
    pub(crate) fn data_url(blob: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = svgBlob)]
    pub(crate) fn svg_blob(svg: &JsString) -> JsValue;
    pub(crate) fn fetched(fetcher: &Function, url: &str) -> Promise;
    #[wasm_bindgen(js_name = fetchedText)]
    pub(crate) fn fetched_text(fetcher: &Function, url: &str) -> Promise;
    pub(crate) fn parsed(svg: &JsValue) -> Option<Node>;
    pub(crate) fn decoded(blob: &JsValue) -> Promise;
    pub(crate) fn absolute(url: &str, base: &str) -> String;
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
    #[inline(never)]
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

/// Where an element is and how its content is scrolled.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measure {
    /// Border box relative to the viewport.
    pub(crate) rect: Rect,
    /// Width and height of the content, overflow included.
    pub(crate) content: (f64, f64),
    /// Width and height of the part of the content that shows.
    pub(crate) port: (f64, f64),
    /// How far the content is scrolled.
    pub(crate) offset: (f64, f64),
    /// Width and height that its scrollbars take from the content; those that lie over it take none.
    pub(crate) bars: (f64, f64),
}

impl Node {
    /// `None` where the page's own code threw, or a broken transform gives no number.
    #[inline(never)]
    pub(crate) fn measure(&self) -> Option<Measure> {
        let mut n = [0.0; 12];
        measure(self, &mut n).then_some(Measure {
            rect: Rect { x: n[0], y: n[1], width: n[2], height: n[3] },
            content: (n[4], n[5]),
            port: (n[6], n[7]),
            offset: (n[8], n[9]),
            bars: (n[10], n[11]),
        })
    }
    #[inline(never)]
    pub(crate) fn rect(&self) -> Option<Rect> {
        let mut n = [0.0; 4];
        measure(self, &mut n).then_some(Rect { x: n[0], y: n[1], width: n[2], height: n[3] })
    }
    /// A property, or `undefined`; `path` may go through several objects, as in `media.mediaText`.
    #[inline(never)]
    pub(crate) fn any(&self, path: &str) -> JsValue {
        any(self, path)
    }
    /// A number, or 0 where there is none.
    #[inline(never)]
    pub(crate) fn number(&self, path: &str) -> f64 {
        number(self, path)
    }
    /// A string, or the empty one where there is none.
    #[inline(never)]
    pub(crate) fn text(&self, path: &str) -> String {
        text(self, path)
    }
    #[inline(never)]
    pub(crate) fn flag(&self, path: &str) -> bool {
        flag(self, path)
    }
    #[inline(never)]
    pub(crate) fn object(&self, path: &str) -> Option<Node> {
        object(self, path)
    }
    /// What the named method answers to one string.
    #[inline(never)]
    pub(crate) fn ask(&self, method: &str, value: &str) -> Option<Node> {
        call_text(self, method, value)
    }
    /// Computed value of one property of a style.
    #[inline(never)]
    pub(crate) fn value(&self, property: &str) -> String {
        self.ask("getPropertyValue", property).and_then(|v| v.as_string()).unwrap_or_default()
    }
}

/// The objects in `list`.
pub(crate) fn nodes(list: &Array) -> impl Iterator<Item = Node> + '_ {
    (0..list.length()).map(|at| list.get(at).unchecked_into())
}
