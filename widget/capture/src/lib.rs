//! Candor's picture module: a picture of the page, masked first, and a pen to draw on it.
//!
//! The panel's way of working, in small: a happening in the dialog becomes an event (`app`), the state machine makes
//! of it a new state and effects (`state`, `step`), the view writes the state down as a page (`view`, `page`) and the
//! drawing as ink (`ink`), and `js/stage.js`, the only place that touches elements and canvases, shows both.

mod app;
mod history;
mod ink;
mod page;
mod scene;
mod stage;
mod state;
mod step;
mod text;
mod view;

use js_sys::Promise;

/// A quarter of the size of the allocator that comes with std, and as quick for the little that a pen holds.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Opens the dialog and takes a picture of the page at once, or takes up `blob`. `host` is what the panel hands over:
/// `root`, `css`, `texts`, `locale`, `mask`, `bytesMax`, `hidePanel()`, `showPanel()`, and perhaps `blob`.
///
/// The promise brings `{ blob, width, height, notes }` once the visitor attaches a picture, and `null` when they back
/// out; it never rejects. While a dialog is open a second call backs out of the first.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn take(host: &stage::Host) -> Promise {
    app::open(host)
}

/// Backs out of an open dialog and takes everything away with it, whatever was drawn: for a widget that is destroyed.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn leave() {
    app::leave();
}
