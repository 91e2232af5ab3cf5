//! A drawing turned into pixels, and pixels into a file.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use crate::clock::Clock;
use crate::dom::{self, Node};
use crate::error::Error;
use crate::fit::{Attempt, attempts, scale};
use crate::notes::Note;
use crate::options::Format;
use crate::{Options, Picture, Snapshot};

/// The smallest drawing there is, to tell whether the page lets any `data:` image load.
const PROBE: &str = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>";
/// Past the deadline painting still gets this long: without it there would be no picture at all.
const GRACE_MS: f64 = 700.0;

/// Paints and encodes `snapshot`.
pub(crate) async fn paint(snapshot: &Snapshot, options: &Options, clock: &Clock) -> Result<Picture, Error> {
    let mut notes = snapshot.notes.clone();
    let scale = scale(snapshot.width, snapshot.height, options.dpr, options.max_pixels);
    if scale < options.dpr {
        notes.add(Note::Scaled);
    }
    let image = load(&snapshot.data_url(), clock).await;
    if image.is_undefined() {
        let probe = load(&PROBE.into(), clock).await;
        let late = clock.left_ms(1.0) == 0.0;
        return Err(if probe.is_truthy() {
            if late { Error::Late } else { Error::Unpaintable }
        } else {
            Error::RefusedDataImage
        });
    }
    let width = (snapshot.width * scale).round().max(1.0);
    let height = (snapshot.height * scale).round().max(1.0);
    let source = draw(&image, width, height)?;
    let mut last = None;
    for attempt in attempts(&options.encoding) {
        if last == Some(attempt) {
            continue;
        }
        last = Some(attempt);
        let (w, h) = ((width * attempt.shrink).round().max(1.0), (height * attempt.shrink).round().max(1.0));
        let small = if attempt.shrink < 1.0 { draw(&source, w, h)? } else { source.clone() };
        let blob = encode(&small, attempt, clock).await?;
        if blob.number("size") <= options.encoding.max_bytes {
            if attempt.shrink < 1.0 {
                notes.add(Note::Scaled);
            }
            return Ok(Picture { blob: blob.into(), width: w as u32, height: h as u32, notes });
        }
    }
    Err(Error::OverCeiling)
}

/// `url` as a loaded image, or `undefined`.
async fn load(url: &JsString, clock: &Clock) -> JsValue {
    let patience = (clock.left_ms(1.0) + GRACE_MS).max(GRACE_MS);
    clock.wait(&dom::within(&dom::image(url), patience)).await
}

/// `source` drawn at this size on a canvas of its own.
fn draw(source: &JsValue, width: f64, height: f64) -> Result<JsValue, Error> {
    let canvas = dom::paint(source, width, height);
    if canvas.is_truthy() { Ok(canvas) } else { Err(Error::NoCanvas) }
}

async fn encode(canvas: &JsValue, attempt: Attempt, clock: &Clock) -> Result<Node, Error> {
    let mut format = attempt.format;
    loop {
        // Encoding cannot be hurried, and what is painted should not be thrown away.
        let blob = clock.wait(&dom::encode(canvas, format.mime(), attempt.quality)).await;
        if !blob.is_truthy() {
            return Err(Error::Tainted);
        }
        let blob: Node = blob.unchecked_into();
        // WebKit writes PNG when asked for WebP.
        if format == Format::WebP && blob.text("type") != format.mime() {
            format = Format::Jpeg;
            continue;
        }
        return Ok(blob);
    }
}
