//! Candor's picture module: a picture of the page, masked first, and a pen to draw on it.
//!
//! A happening in the dialog is an event (`event`), the state machine makes of it a new state and at most one effect
//! (`state`, `step`), and what is drawn becomes ink (`ink`). The page reads both as rows of numbers (`row`): the pen
//! holds no text and no element, so that it is small enough to be fetched for a single picture. `js/` shows what it
//! says and reports what happens.

mod event;
mod history;
mod ink;
mod page;
mod row;
mod scene;
mod state;
mod step;

pub use page::*;

/// A tenth of the size of the allocator that comes with std, and as quick for the little that a pen holds.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of the English locale, in their order.
    fn keys() -> Vec<&'static str> {
        let lines = include_str!("../locales/en.json").lines();
        lines
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\": ").map(|(key, _)| key))
            .collect()
    }

    #[test]
    fn names_in_a_row_stand_in_the_order_of_what_they_name() {
        let keys = keys();
        for (at, tool) in scene::TOOLS.into_iter().enumerate() {
            assert_eq!(tool as usize, at);
            assert_eq!(keys[at], format!("{tool:?}").to_lowercase());
        }
        let inks = scene::TOOLS.len();
        let notes = inks + scene::INKS as usize + 1;
        assert_eq!((keys[inks], keys[notes - 2], keys[notes - 1]), ("red", "white", "note_raw"));
        for (at, note) in domshot::NOTES.into_iter().enumerate() {
            assert_eq!(keys[notes + at], format!("note_{}", note.code().replace('-', "_")));
        }
        let sentences = notes + domshot::NOTES.len();
        assert_eq!(keys[sentences + state::Say::WhyBig as usize], "why_big");
        assert_eq!(keys[sentences + state::Say::Picture as usize], "picture");
        assert_eq!(keys[sentences + state::Say::Redone as usize], "redone");
        assert_eq!(keys[sentences + state::Say::Moved as usize], "moved");
        assert_eq!(keys[sentences + state::Say::Place as usize], "at", "a place has no sentence");
    }
}
