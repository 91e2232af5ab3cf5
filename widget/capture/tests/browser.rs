//! The module in a real page: what is on the canvas is what goes out, and what is black there is gone.
#![cfg(target_arch = "wasm32")]

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/drive.js")]
extern "C" {
    /// A page with a magenta secret in its corner, and a widget that lets files be that big.
    fn prepare(css: &str, bytes_max: f64) -> JsValue;
    /// Presses, by keys alone: blackout over the corner if asked for, use, attach.
    fn drive(covers: bool) -> Promise;
    /// How many magenta pixels are in the file that was attached.
    fn magenta(taken: &JsValue) -> Promise;
    /// How many nodes and style sheets the module has left behind.
    fn left() -> u32;
    /// Its media type.
    #[wasm_bindgen(js_name = type)]
    fn kind(taken: &JsValue) -> String;
    /// Its size, as a share of the ceiling.
    fn share(taken: &JsValue) -> f64;
}

#[wasm_bindgen(module = "/js/stage.js")]
extern "C" {
    fn open(host: &JsValue, pen: &JsValue, draw: &JsValue) -> Promise;
    fn leave();
}

/// What the file above imports: only a file that something here names is handed to the browser.
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
    file!("/js/frame.js", paintIn);
    file!("/js/ink.js", spread);
    file!("/js/view.js", build);
    file!("/js/words.js", fill);
}

/// Opens the dialog with the pen as the page would have it.
fn take(host: &JsValue) -> Promise {
    let pen = Object::new();
    let put = |name: &str, function: JsValue| {
        Reflect::set(&pen, &name.into(), &function).expect("an object of our own");
    };
    put("begin", Closure::<dyn Fn(i32)>::new(candor_capture::begin).into_js_value());
    put("tell", Closure::<dyn Fn(u32, i32, i32) -> Vec<i32>>::new(candor_capture::tell).into_js_value());
    put("ink", Closure::<dyn Fn(u32) -> Vec<i32>>::new(candor_capture::ink).into_js_value());
    let draw = |_: JsValue, root: JsValue, options: JsValue| domshot::draw(&root, &options);
    let draw = Closure::<dyn Fn(JsValue, JsValue, JsValue) -> Promise>::new(draw).into_js_value();
    open(host, &pen, &draw)
}

async fn attached(bytes_max: f64, covers: bool) -> JsValue {
    let host = prepare(include_str!("../capture.css"), bytes_max);
    let taken = take(&host);
    JsFuture::from(drive(covers)).await.expect("the dialog can be driven");
    JsFuture::from(taken).await.expect("the promise never rejects")
}

async fn magenta_in(taken: &JsValue) -> f64 {
    JsFuture::from(magenta(taken)).await.expect("the file is a picture").as_f64().expect("a count")
}

#[wasm_bindgen_test]
async fn what_is_not_covered_is_in_the_file() {
    let taken = attached(5e6, false).await;
    assert!(magenta_in(&taken).await > 1000.0);
    assert_eq!(left(), 0);
}

#[wasm_bindgen_test]
async fn no_pixel_under_a_blackout_is_in_the_file() {
    assert_eq!(magenta_in(&attached(5e6, true).await).await, 0.0);
}

#[wasm_bindgen_test]
async fn a_blackout_stays_black_in_a_file_that_was_made_coarser_and_smaller() {
    let taken = attached(8e3, true).await;
    assert!(share(&taken) <= 1.0);
    assert_ne!(kind(&taken), "image/png");
    assert_eq!(magenta_in(&taken).await, 0.0);
}

#[wasm_bindgen_test]
async fn leaving_brings_null_and_takes_everything_away() {
    let host = prepare(include_str!("../capture.css"), 5e6);
    let taken = take(&host);
    leave();
    assert!(JsFuture::from(taken).await.expect("the promise never rejects").is_null());
    assert_eq!(left(), 0);
}
