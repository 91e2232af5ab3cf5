//! The crate as an ES module: two exports, which `js/domshot.js` calls.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::page;

/// A tenth of the size of the allocator that comes with std, and as quick for the little that is held here.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// A picture of `root`'s page, a `Blob` with `width`, `height` and `notes`; rejects with an `Error` that has a `code`.
/// The README says what `options` may hold.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "the export is for JavaScript")]
pub fn capture(root: &JsValue, options: &JsValue) -> Promise {
    page::capture(page::engine(), root, options)
}

/// The same as `{ canvas, notes }`.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "the export is for JavaScript")]
pub fn draw(root: &JsValue, options: &JsValue) -> Promise {
    page::draw(page::engine(), root, options)
}
