//! How much time is left, and whose turn it is.

use std::cell::Cell;

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::dom::{next_task, now_ms, sleep};

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
    /// The whole deadline.
    pub(crate) fn total_ms(&self) -> f64 {
        self.deadline_ms
    }
    /// Has this turn lasted long enough?
    pub(crate) fn is_turn_over(&self) -> bool {
        now_ms() - self.turn_ms.get() > TURN_MS
    }
    /// Lets the page have its turn.
    pub(crate) async fn yield_turn(&self) {
        let _ = JsFuture::from(next_task()).await;
        self.turn_ms.set(now_ms());
    }
    /// What `promise` brings, or `None` if it fails or takes until `share` of the total has passed.
    pub(crate) async fn wait(&self, promise: &Promise, share: f64) -> Option<JsValue> {
        // A promise of nothing but time resolves to undefined; what is waited for never does.
        let both = Array::of2(promise, &sleep(self.left_ms(share)));
        let brought = JsFuture::from(Promise::race(&both)).await.ok();
        self.turn_ms.set(now_ms());
        brought.filter(|v| !v.is_undefined())
    }
}
