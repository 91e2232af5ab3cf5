//! Candor's panel: what the loader fetches when a visitor shows interest.
//!
//! A happening in the dialog (`dom`) becomes an event (`app`), the state machine makes of it a new state and effects
//! (`panel`), the view draws the state (`view`, `tree`), and the effects are performed (`app`, with `facts`, `ledger`
//! and `send`).

mod api;
mod app;
mod dom;
mod facts;
mod ledger;
mod panel;
mod send;
mod text;
mod tree;
mod value;
mod view;
mod wire;

/// A tenth of the size of the allocator that comes with std, and as quick for the little that a panel holds.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

pub use api::{call, start};
