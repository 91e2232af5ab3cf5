//! A picture of a DOM, painted by the browser itself and masked before anything is drawn.
//!
//! [`capture`] is [`snapshot`] (the page as one SVG text, its stylesheets replayed, its live state written down, what
//! cannot be seen left out) followed by [`rasterise`] (that text painted on a canvas and encoded). The two are apart so
//! that a host whose page refuses `data:` images can paint the text in a frame of its own.
//!
//! The page is read by JavaScript (`js/`), which asks the engine here what must not be seen in the picture: reading a
//! DOM from Rust costs a crossing for every property.

mod engine;
mod error;
mod mask;
#[cfg(feature = "module")]
mod module;
mod notes;
mod options;
mod page;
mod text;

pub use error::Error;
pub use notes::{NOTES, Note, Notes};
pub use options::{Area, Encoding, Format, Inputs, Options, Rect};

use js_sys::{JsString, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// A finished picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The file, a `Blob`.
    pub blob: JsValue,
    /// Width in device pixels.
    pub width: u32,
    /// Height in device pixels.
    pub height: u32,
    /// What the picture does not show.
    pub notes: Notes,
}

/// A page as SVG, complete in itself: it runs nothing, loads nothing, and holds nothing that was masked.
#[derive(Clone, Debug)]
pub struct Snapshot {
    drawing: JsValue,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// What it does not show.
    pub notes: Notes,
}

impl Snapshot {
    /// The SVG document's text.
    pub fn svg(&self) -> JsString {
        page::text(&self.drawing)
    }
}

/// Takes a picture of `root`'s page: an element, or a document.
pub async fn capture(root: &JsValue, options: &Options) -> Result<Picture, Error> {
    picture(page::capture(page::engine(), root, &options.to_js())).await
}

/// The first half of [`capture`]: the page as SVG.
pub async fn snapshot(root: &JsValue, options: &Options) -> Result<Snapshot, Error> {
    let drawing = brought(page::take(page::engine(), root, &options.to_js())).await?;
    let [width, height] =
        ["width", "height"].map(|name| page::get(&drawing, name).as_f64().unwrap_or_default());
    Ok(Snapshot { width, height, notes: Notes::of(&drawing), drawing })
}

/// The second half of [`capture`]: `snapshot` painted and encoded; only [`Options::dpr`], [`Options::max_pixels`],
/// [`Options::encoding`] and [`Options::deadline_ms`] matter here.
pub async fn rasterise(snapshot: &Snapshot, options: &Options) -> Result<Picture, Error> {
    picture(page::rasterise(&snapshot.drawing, &options.to_js())).await
}

/// The picture on a canvas, for a host that goes on with the pixels: brings `{ canvas, notes }`, rejects with an
/// `Error` that has a `code`. `options` are those of the ES module; nothing here awaits, which spares the bytes of it.
pub fn draw(root: &JsValue, options: &JsValue) -> Promise {
    page::draw(page::engine(), root, options)
}

/// The engine's answer to one question of `js/`, for a host that calls `draw` of `js/picture.js` itself: it hands this on
/// as a function, and is spared the bytes that pass a page's objects through Rust.
pub fn ask(kind: u32, text: String) -> u32 {
    engine::answer(kind, text)
}

async fn picture(promise: Promise) -> Result<Picture, Error> {
    let blob = brought(promise).await?;
    let [width, height] =
        ["width", "height"].map(|name| page::get(&blob, name).as_f64().unwrap_or_default() as u32);
    Ok(Picture { width, height, notes: Notes::of(&blob), blob })
}

async fn brought(promise: Promise) -> Result<JsValue, Error> {
    JsFuture::from(promise)
        .await
        .map_err(|why| Error::of(&page::get(&why, "code").as_string().unwrap_or_default()))
}
