//! A drawing turned into pixels, and pixels into a file.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::assets::canvas;
use crate::clock::Clock;
use crate::dom::{Node, new, set};
use crate::error::Error;
use crate::fit::{Attempt, attempts, scale};
use crate::notes::Note;
use crate::options::Format;
use crate::{Options, Picture, Snapshot};

/// The smallest drawing there is, to tell whether the page lets any `data:` image load.
const PROBE: &str = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>";

/// Paints and encodes `snapshot`.
pub(crate) async fn paint(snapshot: &Snapshot, options: &Options, clock: &Clock) -> Result<Picture, Error> {
    let mut notes = snapshot.notes.clone();
    let scale = scale(snapshot.width, snapshot.height, options.dpr, options.max_pixels);
    if scale < options.dpr {
        notes.add(Note::Scaled);
    }
    let image = load(&snapshot.data_url(), clock).await?;
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
        let small = if attempt.shrink < 1.0 { Some(draw(&source, w, h)?) } else { None };
        let blob = encode(small.as_ref().unwrap_or(&source), attempt, clock).await?;
        if blob.number("size") <= options.encoding.max_bytes {
            if attempt.shrink < 1.0 {
                notes.add(Note::Scaled);
            }
            return Ok(Picture { blob: blob.into(), width: w as u32, height: h as u32, notes });
        }
    }
    Err(Error::OverCeiling)
}

/// `url` as a loaded image.
async fn load(url: &JsValue, clock: &Clock) -> Result<Node, Error> {
    let image = new("Image", &[]).map_err(|_| Error::NoCanvas)?;
    if wait(&image, url, clock).await? {
        // WebKit fires `load` before the images inside the drawing are decoded.
        if let Some(decoded) = image.call("decode", &[]).ok().and_then(|p| p.dyn_into::<Promise>().ok()) {
            clock.wait(&decoded, 1.0).await;
        }
        return Ok(image);
    }
    let probe = new("Image", &[]).map_err(|_| Error::NoCanvas)?;
    Err(if wait(&probe, &PROBE.into(), clock).await? { Error::Unpaintable } else { Error::RefusedDataImage })
}

/// Sets the source of `image`; did it load?
async fn wait(image: &Node, url: &JsValue, clock: &Clock) -> Result<bool, Error> {
    let loaded = Promise::new(&mut |resolve, _| {
        for event in ["onload", "onerror"] {
            let _ = set(image, event, &resolve);
        }
    });
    let _ = set(image, "decoding", &"sync".into());
    let _ = set(image, "src", url);
    // Past the deadline a drawing still gets half a second: without it there would be no picture at all.
    let brought = match clock.wait(&loaded, 1.0).await {
        None => clock.wait(&loaded, 1.0 + 500.0 / clock.total_ms()).await,
        some => some,
    };
    Ok(brought.ok_or(Error::Late)?.unchecked_into::<Node>().text("type") == "load")
}

/// `source` drawn at this size on a canvas of its own.
fn draw(source: &Node, width: f64, height: f64) -> Result<Node, Error> {
    let (canvas, context) = canvas(width, height, true).ok_or(Error::NoCanvas)?;
    let zero = JsValue::from(0);
    let _ = set(&context, "fillStyle", &"#fff".into());
    let size = [&zero, &zero, &JsValue::from(width), &JsValue::from(height)];
    let _ = context.call("fillRect", &size);
    let drawn = context.call("drawImage", &[source, size[0], size[1], size[2], size[3]]);
    drawn.map_err(|_| Error::Unpaintable)?;
    Ok(canvas)
}

async fn encode(canvas: &Node, attempt: Attempt, clock: &Clock) -> Result<Node, Error> {
    let blob = write(canvas, attempt, clock).await?;
    // WebKit writes PNG when asked for WebP.
    if attempt.format == Format::WebP && blob.text("type") != Format::WebP.mime() {
        return write(canvas, Attempt { format: Format::Jpeg, ..attempt }, clock).await;
    }
    Ok(blob)
}

async fn write(canvas: &Node, attempt: Attempt, clock: &Clock) -> Result<Node, Error> {
    let (mime, quality) = (JsValue::from(attempt.format.mime()), JsValue::from(attempt.quality));
    let promise: Promise = if canvas.flag("convertToBlob") {
        let settings: Node = js_sys::Object::new().unchecked_into();
        let _ = set(&settings, "type", &mime);
        let _ = set(&settings, "quality", &quality);
        canvas.call("convertToBlob", &[&settings]).map_err(|_| Error::Tainted)?.unchecked_into()
    } else {
        let mut failed = false;
        let promise = Promise::new(&mut |resolve, _| {
            failed = canvas.call("toBlob", &[&resolve, &mime, &quality]).is_err();
        });
        if failed {
            return Err(Error::Tainted);
        }
        promise
    };
    // Encoding cannot be hurried, and what is painted should not be thrown away.
    let blob = clock.wait(&promise, 1.0 + 2000.0 / clock.total_ms()).await;
    blob.filter(JsValue::is_object).map(JsCast::unchecked_into).ok_or(Error::NotEncoded)
}
