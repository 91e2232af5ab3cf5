//! The calls of `js/stage.js`, with the types that Rust gives them.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What the panel hands over; the stage reads the rest of it.
    pub type Host;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn texts(this: &Host) -> Array;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn locale(this: &Host) -> String;
    /// A picture that is there already; `undefined` to take one of the page.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn blob(this: &Host) -> JsValue;
}

#[wasm_bindgen(module = "/js/stage.js")]
extern "C" {
    /// Puts an empty dialog up. `tell(kind, a, b, c, text)` is called for whatever happens in it.
    pub(crate) fn open(host: &Host, tell: &Function) -> Promise;
    /// Whether the browser lets this page ask for its own capture.
    #[wasm_bindgen(js_name = hasScreen)]
    pub(crate) fn has_screen() -> bool;
    /// How domshot is to draw the page.
    pub(crate) fn options() -> JsValue;
    #[wasm_bindgen(js_name = pixelRatio)]
    pub(crate) fn pixel_ratio() -> f64;
    /// The document.
    pub(crate) fn page() -> JsValue;

    /// Makes the dialog look like this page.
    pub(crate) fn draw(page: &str);
    /// Makes the canvas with this hook show a picture (none below 0) and what is drawn on it.
    pub(crate) fn paint(hook: &str, picture: i32, ink: &str);
    /// Shows the file's own pixels.
    pub(crate) fn prove();
    pub(crate) fn focus(hook: &str);
    /// Scrolls the stage so that this pixel of the picture can be seen.
    pub(crate) fn reveal(x: i32, y: i32);

    /// Keeps what domshot draws as the next picture.
    #[wasm_bindgen(js_name = keepDrawn)]
    pub(crate) fn keep_drawn(drawing: &Promise);
    /// Keeps a file's pixels as the next picture.
    pub(crate) fn load(blob: &JsValue);
    /// Asks the browser for its own capture and keeps it as the next picture.
    pub(crate) fn capture();
    /// Makes a file of this part of the picture once nothing has changed for a while.
    pub(crate) fn encode(picture: i32, ink: &str, left: i32, top: i32, width: i32, height: i32);
    /// Takes the dialog away and keeps the promise: with the file, or without.
    pub(crate) fn finish(attached: bool, notes: Array);
}
