//! The crate as an ES module: one export, called by `js/domshot.js`.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::dom::{Node, Rect, set};
use crate::{Area, Format, Inputs, Options};

/// A `Blob` of `root`'s page, with the properties `width`, `height` and `notes` (`[code, count]` pairs) on it;
/// rejects with an `Error` whose `code` is one of [`crate::Error`]'s. See the README for `options`.
#[wasm_bindgen]
pub async fn capture(root: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
    let options = read(options.unchecked_ref());
    match crate::capture(&root, &options).await {
        Ok(picture) => {
            let notes = js_sys::Array::new();
            for (note, count) in picture.notes.iter() {
                notes.push(&js_sys::Array::of2(&note.code().into(), &count.into()));
            }
            set(&picture.blob, "width", &picture.width.into())?;
            set(&picture.blob, "height", &picture.height.into())?;
            set(&picture.blob, "notes", &notes)?;
            Ok(picture.blob)
        }
        Err(e) => {
            let error = crate::dom::new("Error", &[&e.code().into()])?;
            set(&error, "code", &e.code().into())?;
            Err(error.into())
        }
    }
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
