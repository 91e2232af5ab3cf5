//! Images and fonts as data: drawn from the page where it lets us, fetched where not, a placeholder in time.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::clock::Clock;
use crate::dom::{Node, data_url, data_url_text, new, set};
use crate::notes::Note;

/// Files beyond this many bytes are left out.
const MAX_FILE_BYTES: f64 = 8e6;
/// Files from this size on are decoded off the main thread, once, instead of inside the drawing.
const WORTH_DECODING_BYTES: f64 = 12e3;
/// Pixels of one image beyond which it is not copied.
const MAX_IMAGE_PIXELS: f64 = 24e6;

/// One image or font, by the number of the hole it fills.
#[derive(Clone)]
pub(crate) enum Slot {
    /// Not needed, or still on its way.
    Empty,
    Data(JsString),
    /// Failed, for this reason.
    Failed(Note),
}

/// All holes of one drawing, and what is under way to fill them.
#[derive(Default)]
pub(crate) struct Assets {
    slots: Rc<RefCell<Vec<Slot>>>,
    wanted: Vec<(usize, Note)>,
    started: Vec<(String, usize)>,
    /// `(copy, original)`: the same address asked for again.
    copies: Vec<(usize, usize)>,
    under_way: Array,
}

impl Assets {
    fn put(&self, at: usize, slot: Slot) {
        let mut slots = self.slots.borrow_mut();
        while slots.len() <= at {
            slots.push(Slot::Empty);
        }
        slots[at] = slot;
    }

    /// Data that is there already.
    pub(crate) fn have(&mut self, at: usize, data: JsString) {
        self.put(at, Slot::Data(data));
    }

    pub(crate) fn fail(&mut self, at: usize, note: Note) {
        self.put(at, Slot::Failed(note));
    }

    /// Turns `blob` into the data of hole `at`.
    pub(crate) fn read(&mut self, at: usize, note: Note, blob: JsValue) {
        self.run(at, note, async move { Ok(blob) });
    }

    /// Fetches the first of `urls` that can be had for hole `at`.
    pub(crate) fn fetch(&mut self, at: usize, note: Note, urls: &[String], fetcher: Option<&Function>) {
        let (Some(first), Some(fetcher)) = (urls.first(), fetcher.cloned()) else { return self.fail(at, note) };
        if let Some((_, original)) = self.started.iter().find(|(u, _)| u == first) {
            self.copies.push((at, *original));
            return;
        }
        self.started.push((first.clone(), at));
        let is_image = note == Note::Image;
        let urls = urls.to_vec();
        self.run(at, note, async move {
            for url in urls {
                let Some(promise) = fetch(&fetcher, &url) else { continue };
                let Ok(blob) = JsFuture::from(promise).await else { continue };
                let size = blob.unchecked_ref::<Node>().number("size");
                if size == 0.0 || size > MAX_FILE_BYTES {
                    continue;
                }
                if is_image && size > WORTH_DECODING_BYTES && let Some(bitmap) = decoded(&blob).await {
                    return Ok(bitmap);
                }
                return Ok(blob);
            }
            Err(JsValue::NULL)
        });
    }

    fn run(&mut self, at: usize, note: Note, work: impl Future<Output = Result<JsValue, JsValue>> + 'static) {
        self.put(at, Slot::Empty);
        self.wanted.push((at, note));
        let slots = Rc::clone(&self.slots);
        let done = future_to_promise(async move {
            let data = async { JsFuture::from(data_url(&work.await?)).await }.await;
            let slot = data.ok().and_then(data_url_text).map_or(Slot::Failed(note), Slot::Data);
            slots.borrow_mut()[at] = slot;
            Ok(JsValue::NULL)
        });
        self.under_way.push(&done);
    }

    /// Waits for all that is under way, but not beyond `share` of the deadline; then gives what there is.
    pub(crate) async fn settle(self, clock: &Clock, share: f64) -> Vec<Slot> {
        if self.under_way.length() > 0 {
            clock.wait(&Promise::all_settled(&self.under_way), share).await;
        }
        for (at, note) in self.wanted {
            let mut slots = self.slots.borrow_mut();
            if matches!(slots[at], Slot::Empty) {
                slots[at] = Slot::Failed(note);
            }
        }
        for (copy, original) in &self.copies {
            let slot = self.slots.borrow()[*original].clone();
            let mut slots = self.slots.borrow_mut();
            while slots.len() <= *copy {
                slots.push(Slot::Empty);
            }
            slots[*copy] = slot;
        }
        self.slots.take()
    }
}

/// Asks the host's fetcher for `url`.
pub(crate) fn fetch(fetcher: &Function, url: &str) -> Option<Promise> {
    let answer = fetcher.call1(&JsValue::NULL, &url.into()).ok()?;
    Some(Promise::resolve(&answer))
}

/// `blob` decoded off the main thread and written as a bitmap that costs nothing to decode again.
async fn decoded(blob: &JsValue) -> Option<JsValue> {
    // An SVG must stay one: it has no size of its own until it is used.
    if blob.unchecked_ref::<Node>().text("type").contains("svg") {
        return None;
    }
    let window = crate::dom::WINDOW.with(Clone::clone);
    let promise = window.call("createImageBitmap", &[blob]).ok()?;
    let image: Node = JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()?.unchecked_into();
    let (width, height) = (image.number("width"), image.number("height"));
    if width * height > 1.2e6 {
        return None;
    }
    let bitmap = bitmap(&image, width, height).ok();
    let _ = image.call("close", &[]);
    bitmap
}

/// A canvas of this size that no page sees, and its 2D context.
pub(crate) fn canvas(width: f64, height: f64, opaque: bool) -> Option<(Node, Node)> {
    let canvas = new("OffscreenCanvas", &[&width.into(), &height.into()]).ok().or_else(|| {
        let document = crate::dom::WINDOW.with(|w| w.object("document"))?;
        let canvas = document.create_element("canvas").ok()?;
        set(&canvas, "width", &width.into()).ok()?;
        set(&canvas, "height", &height.into()).ok()?;
        Some(canvas)
    })?;
    let settings = js_sys::Object::new();
    // Everything drawn is read back once, which a software canvas does without a round trip to the GPU.
    set(&settings, "willReadFrequently", &JsValue::TRUE).ok()?;
    set(&settings, "alpha", &JsValue::from_bool(!opaque)).ok()?;
    let context = canvas.call("getContext", &[&"2d".into(), &settings]).ok()?;
    context.is_object().then(|| (canvas, context.unchecked_into()))
}

/// `source` (image, canvas, video, bitmap) drawn at this size, as a BMP blob: written and read without compression.
/// Fails where the browser forbids to read it.
pub(crate) fn bitmap(source: &JsValue, width: f64, height: f64) -> Result<JsValue, JsValue> {
    let (width, height) = (width.round().max(1.0), height.round().max(1.0));
    if width * height > MAX_IMAGE_PIXELS {
        return Err(JsValue::NULL);
    }
    let (_, context) = canvas(width, height, false).ok_or(JsValue::NULL)?;
    set(&context, "imageSmoothingQuality", &"medium".into())?;
    let (zero, w, h) = (JsValue::from(0), JsValue::from(width), JsValue::from(height));
    context.call("drawImage", &[source, &zero, &zero, &w, &h])?;
    let pixels: Node = context.call("getImageData", &[&zero, &zero, &w, &h])?.unchecked_into();
    let header = Uint8Array::from(&bmp_header(width as u32, height as u32)[..]);
    let parts = Array::of2(&header, &pixels.any("data"));
    let settings = js_sys::Object::new();
    set(&settings, "type", &"image/bmp".into())?;
    new("Blob", &[&parts, &settings]).map(JsValue::from)
}

/// Header of a top-down 32-bit BMP with alpha whose pixels stand in the order R, G, B, A, as canvases give them.
fn bmp_header(width: u32, height: u32) -> [u8; 122] {
    let mut header = [0; 122];
    let mut put = |at: usize, value: u32| header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    let bytes = width * height * 4;
    put(2, 122 + bytes);
    put(10, 122);
    put(14, 108);
    put(18, width);
    put(22, height.wrapping_neg());
    put(26, 1 | 32 << 16);
    put(30, 3);
    put(34, bytes);
    put(54, 0x0000_00ff);
    put(58, 0x0000_ff00);
    put(62, 0x00ff_0000);
    put(66, 0xff00_0000);
    put(70, 0x7352_4742);
    header[0] = b'B';
    header[1] = b'M';
    header
}
