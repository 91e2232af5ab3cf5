//! Images and fonts as data: drawn from the page where it lets us, fetched where not, a placeholder in time.

use js_sys::{Array, Function, JsString};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use crate::clock::Clock;
use crate::dom::{self, Node};
use crate::notes::{Note, Notes};

/// Files beyond this many bytes are left out.
const MAX_FILE_BYTES: f64 = 8e6;
/// Files from this size on are decoded off the main thread, once, instead of inside the drawing.
const WORTH_DECODING_BYTES: f64 = 12e3;
/// Pixels of one image beyond which it is not copied as a bitmap.
const MAX_BITMAP_PIXELS: f64 = 4e6;

/// Where the data of a hole comes from.
#[derive(Clone, Copy)]
enum Source {
    /// Nobody sees it.
    None,
    /// The promise of this number.
    Promise(u32),
    Failed,
}

/// All holes of one drawing, and what is under way to fill them.
#[derive(Default)]
pub(crate) struct Assets {
    sources: Vec<(Source, Note)>,
    started: Vec<(String, usize)>,
    promises: Array,
}

impl Assets {
    fn put(&mut self, at: usize, source: Source, note: Note) {
        while self.sources.len() <= at {
            self.sources.push((Source::None, note));
        }
        self.sources[at] = (source, note);
    }

    /// The data of hole `at` is what `promise` brings.
    fn promise(&mut self, at: usize, note: Note, promise: &JsValue) {
        let n = self.promises.push(promise) - 1;
        self.put(at, Source::Promise(n), note);
    }

    pub(crate) fn fail(&mut self, at: usize, note: Note) {
        self.put(at, Source::Failed, note);
    }

    /// Turns `blob` into the data of hole `at`.
    pub(crate) fn read(&mut self, at: usize, note: Note, blob: &JsValue) {
        self.promise(at, note, &dom::data_url(blob));
    }

    /// Fetches the first of `urls` that can be had for hole `at`; `fit` is the largest box that it covers, in device
    /// pixels, where its own size does not matter.
    pub(crate) fn fetch(
        &mut self,
        at: usize,
        note: Note,
        urls: &[String],
        fit: Option<(f64, f64)>,
        fetcher: Option<&Function>,
    ) {
        let (Some(first), Some(fetcher)) = (urls.first(), fetcher.cloned()) else {
            return self.fail(at, note);
        };
        if let Some((_, original)) = self.started.iter().find(|(u, _)| u == first) {
            let source = self.sources[*original].0;
            return self.put(at, source, note);
        }
        self.started.push((first.clone(), at));
        let urls = urls.to_vec();
        let promise = future_to_promise(async move {
            for url in urls {
                let Ok(blob) = JsFuture::from(dom::fetched(&fetcher, &url)).await else { continue };
                let size = blob.unchecked_ref::<Node>().number("size");
                if size == 0.0 || size > MAX_FILE_BYTES {
                    continue;
                }
                if note == Note::Image
                    && size > WORTH_DECODING_BYTES
                    && let Ok(image) = JsFuture::from(dom::decoded(&blob)).await
                {
                    let image: Node = image.unchecked_into();
                    let (width, height) = (image.number("width"), image.number("height"));
                    let factor = fit.map_or(1.0, |(w, h)| (w / width).max(h / height).min(1.0));
                    let (width, height) = (width * factor, height * factor);
                    // A large one is better decoded twice than carried without compression.
                    if width * height < 2e5 {
                        let blob = bitmap(&image, width, height);
                        if blob.is_truthy() {
                            return JsFuture::from(dom::data_url(&blob)).await;
                        }
                    }
                }
                return JsFuture::from(dom::data_url(&blob)).await;
            }
            Err(JsValue::NULL)
        });
        self.promise(at, note, &promise);
    }

    /// Waits for all that is under way, but not beyond `share` of the deadline; then gives what there is.
    /// `placeholder` stands in for what failed, where there is one.
    pub(crate) async fn settle(
        self,
        clock: &Clock,
        share: f64,
        notes: &mut Notes,
        placeholder: impl Fn(usize) -> Option<JsString>,
    ) -> Vec<Option<JsString>> {
        let mut brought = Array::new();
        if self.promises.length() > 0 {
            brought = clock.wait(&dom::settled(&self.promises, clock.left_ms(share))).await.unchecked_into();
        }
        let mut data = Vec::with_capacity(self.sources.len());
        for (at, (source, note)) in self.sources.into_iter().enumerate() {
            let found = match source {
                Source::None => {
                    data.push(None);
                    continue;
                }
                Source::Promise(n) => brought.get(n),
                Source::Failed => JsValue::UNDEFINED,
            };
            if found.is_truthy() {
                data.push(Some(found.unchecked_into()));
            } else {
                notes.add(note);
                data.push(placeholder(at));
            }
        }
        data
    }
}

/// `source` (image, canvas, video, bitmap) drawn at this size, as a BMP blob; falsy where the browser forbids to read it.
pub(crate) fn bitmap(source: &Node, width: f64, height: f64) -> JsValue {
    let (width, height) = (width.round().max(1.0), height.round().max(1.0));
    if width * height > MAX_BITMAP_PIXELS {
        return JsValue::UNDEFINED;
    }
    dom::bitmap(source, width, height, &bmp_header(width as u32, height as u32))
}

/// Header of a top-down 32-bit BMP with alpha whose pixels stand in the order R, G, B, A, as canvases give them.
fn bmp_header(width: u32, height: u32) -> [u8; 122] {
    let bytes = width * height * 4;
    let fields = [
        (2, 122 + bytes),
        (10, 122),
        (14, 108),
        (18, width),
        (22, height.wrapping_neg()),
        (26, 1 | 32 << 16),
        (30, 3),
        (34, bytes),
        (54, 0x0000_00ff),
        (58, 0x0000_ff00),
        (62, 0x00ff_0000),
        (66, 0xff00_0000),
        (70, 0x7352_4742),
    ];
    let mut header = [0; 122];
    for (at, value) in fields {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    header[..2].copy_from_slice(b"BM");
    header
}
