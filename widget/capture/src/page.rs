//! What the page calls: numbers in, rows of numbers out.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use crate::{event::Event, ink::layer, row, state::State, step::step};

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new(1)) };
}

/// Begins a dialog, on a screen with that many device pixels to a CSS pixel.
#[wasm_bindgen]
pub fn begin(ratio: i32) {
    STATE.set(State::new(ratio));
}

/// Takes an event into account (see `event`) and says what there is to be seen now (see `row`).
#[wasm_bindgen]
pub fn tell(kind: u32, a: i32, b: i32) -> Vec<i32> {
    STATE.with_borrow_mut(|state| {
        let effect = step(state, Event::of(kind, a, b));
        row::of(state, effect)
    })
}

/// What is drawn (see `ink`): 0 for the file, 1 for the picture on the screen, 2 for what lies above it.
#[wasm_bindgen]
pub fn ink(of: u32) -> Vec<i32> {
    STATE.with_borrow(|state| layer(state, of))
}

/// domshot's engine, which the page hands on to domshot's JavaScript.
#[wasm_bindgen]
pub fn ask(kind: u32, text: String) -> u32 {
    domshot::ask(kind, text)
}
