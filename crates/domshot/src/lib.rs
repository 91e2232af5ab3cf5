//! A picture of a DOM, painted by the browser itself and masked before anything is drawn.
//!
//! [`capture`] is [`snapshot`] (the page as one SVG text, its stylesheets replayed, its live state written down, what
//! cannot be seen left out) followed by [`rasterise`] (that text painted on a canvas and encoded). The two are apart so
//! that a host whose page refuses `data:` images can paint the text in a frame of its own.

mod assets;
mod clock;
mod css;
mod dom;
mod error;
mod fit;
mod live;
mod marks;
mod mask;
#[cfg(feature = "module")]
mod module;
mod notes;
mod options;
mod raster;
mod realm;
mod selector;
mod sheets;
mod snapshot;
mod svg;
mod text;
mod walk;

pub use dom::Rect;
pub use error::Error;
pub use notes::{NOTES, Note, Notes};
pub use options::{Area, Encoding, Format, Inputs, Options};
pub use snapshot::Snapshot;

use clock::Clock;
use wasm_bindgen::{JsCast, JsValue};

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

/// Takes a picture of `root`'s page: an element, or a document.
pub async fn capture(root: &JsValue, options: &Options) -> Result<Picture, Error> {
    let clock = Clock::start(options.deadline_ms);
    let snapshot = snapshot::take(root.unchecked_ref(), options, &clock).await?;
    raster::paint(&snapshot, options, &clock).await
}

/// The first half of [`capture`]: the page as SVG.
pub async fn snapshot(root: &JsValue, options: &Options) -> Result<Snapshot, Error> {
    snapshot::take(root.unchecked_ref(), options, &Clock::start(options.deadline_ms)).await
}

/// The second half of [`capture`]: `snapshot` painted and encoded; only [`Options::dpr`], [`Options::max_pixels`],
/// [`Options::encoding`] and [`Options::deadline_ms`] matter here.
pub async fn rasterise(snapshot: &Snapshot, options: &Options) -> Result<Picture, Error> {
    raster::paint(snapshot, options, &Clock::start(options.deadline_ms)).await
}
