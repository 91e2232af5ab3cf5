//! The border to JavaScript: what `js/` offers, and the engine as a function for it.

use js_sys::{JsString, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::engine::answer;

#[wasm_bindgen(module = "/js/picture.js")]
extern "C" {
    pub(crate) fn draw(ask: JsValue, root: &JsValue, options: &JsValue) -> Promise;
    pub(crate) fn capture(ask: JsValue, root: &JsValue, options: &JsValue) -> Promise;
    pub(crate) fn take(ask: JsValue, root: &JsValue, options: &JsValue) -> Promise;
    pub(crate) fn rasterise(drawing: &JsValue, options: &JsValue) -> Promise;
    pub(crate) fn text(drawing: &JsValue) -> JsString;
}

/// What the files above import: only a file that something here names is handed to the bundler.
mod imported {
    use wasm_bindgen::prelude::*;

    macro_rules! file {
        ($path:literal, $name:ident) => {
            #[wasm_bindgen(module = $path)]
            extern "C" {
                fn $name();
            }
        };
    }
    file!("/js/assets.js", put);
    file!("/js/dom.js", attempt);
    file!("/js/live.js", prepare);
    file!("/js/selector.js", rewritten);
    file!("/js/sheets.js", gather);
    file!("/js/snapshot.js", snapshot);
    file!("/js/walk.js", walk);
}

/// Property `name` of `of`, or `undefined`.
pub(crate) fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Sets property `name` of `of`, an object of our own.
pub(crate) fn set(of: &JsValue, name: &str, value: &JsValue) {
    // Only frozen objects and setters refuse.
    let _ = Reflect::set(of, &name.into(), value);
}

/// The engine as a function that JavaScript can call.
pub(crate) fn engine() -> JsValue {
    Closure::<dyn Fn(u32, String) -> u32>::new(answer).into_js_value()
}
