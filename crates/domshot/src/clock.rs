//! How much time is left, and whose turn it is.

use std::cell::Cell;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::dom::{now_ms, turn, within};

/// Work goes on this long before the page gets a turn; half of what counts as a long task.
const TURN_MS: f64 = 24.0;

/// The clock of one capture.
pub(crate) struct Clock {
    started_ms: f64,
    deadline_ms: f64,
    turn_ms: Cell<f64>,
}

impl Clock {
    pub(crate) fn start(deadline_ms: f64) -> Clock {
        let now = now_ms();
        let deadline_ms = if deadline_ms > 0.0 { deadline_ms } else { 1.0 };
        Clock { started_ms: now, deadline_ms, turn_ms: Cell::new(now) }
    }
    /// Time until `share` (0 to 1) of the total has passed.
    pub(crate) fn left_ms(&self, share: f64) -> f64 {
        (self.started_ms + self.deadline_ms * share - now_ms()).max(0.0)
    }
    /// Has this turn lasted long enough?
    pub(crate) fn is_turn_over(&self) -> bool {
        now_ms() - self.turn_ms.get() > TURN_MS
    }
    /// Lets the page have its turn.
    pub(crate) async fn yield_turn(&self) {
        self.wait(&turn()).await;
    }
    /// What `promise` brings, or `undefined` if it fails or takes until `share` of the total has passed.
    pub(crate) async fn until(&self, promise: &JsValue, share: f64) -> JsValue {
        self.wait(&within(promise, self.left_ms(share))).await
    }
    /// What `promise` brings, or `undefined` if it fails; it may take as long as it likes.
    pub(crate) async fn wait(&self, promise: &js_sys::Promise) -> JsValue {
        let brought = JsFuture::from(promise.clone()).await;
        self.turn_ms.set(now_ms());
        brought.unwrap_or(JsValue::UNDEFINED)
    }
}
