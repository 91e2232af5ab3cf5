//! The crate as an ES module: one export, called by `js/domshot.js`.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::dom::{Node, Rect};
use crate::{Area, Format, Inputs, Options};

/// `[blob, width, height, codes of notes, their counts]`; rejects with the code of a [`crate::Error`].
/// The README says what `options` may hold.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "the export is for JavaScript")]
pub async fn capture(root: JsValue, options: JsValue) -> Result<Array, JsValue> {
    let picture =
        crate::capture(&root, &read(options.unchecked_ref())).await.map_err(|e| JsValue::from(e.code()))?;
    let (codes, counts) = (Array::new(), Array::new());
    for (note, count) in picture.notes.iter() {
        codes.push(&note.code().into());
        counts.push(&count.into());
    }
    Ok(Array::of5(&picture.blob, &picture.width.into(), &picture.height.into(), &codes, &counts))
}

fn read(from: &Node) -> Options {
    let mut options = Options::default();
    if let Some(n) = from.any("dpr").as_f64() {
        options.dpr = n;
    }
    if let Some(n) = from.any("maxPixels").as_f64() {
        options.max_pixels = n;
    }
    if let Some(n) = from.any("deadline").as_f64() {
        options.deadline_ms = n;
    }
    if let Some(n) = from.any("quality").as_f64() {
        options.encoding.quality = n;
    }
    if let Some(n) = from.any("maxBytes").as_f64() {
        options.encoding.max_bytes = n;
    }
    options.encoding.format = match from.text("format").as_str() {
        "webp" => Format::WebP,
        "jpeg" => Format::Jpeg,
        _ => Format::Png,
    };
    options.area = match from.text("area").as_str() {
        "page" => Area::Page,
        "element" => Area::Element,
        _ => match from.object("area").filter(|a| a.is_object()) {
            Some(r) => {
                let n = |name| r.number(name);
                Area::Rect(Rect { x: n("x"), y: n("y"), width: n("width"), height: n("height") })
            }
            None => Area::Viewport,
        },
    };
    options.mask = from.text("mask");
    options.hide = from.text("hide");
    if from.text("inputs") == "shown" {
        options.inputs = Inputs::Shown;
    }
    options.fetch = from.any("fetch").dyn_into::<Function>().ok();
    options
}
