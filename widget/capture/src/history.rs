//! What was drawn before and can be had back.

use crate::scene::Scene;

/// Every scene there was, with one of them now.
#[derive(Debug)]
pub(crate) struct History {
    scenes: Vec<Scene>,
    at: usize,
}

impl History {
    /// Nothing was drawn yet, on no picture.
    pub(crate) const fn new() -> Self {
        Self { scenes: Vec::new(), at: 0 }
    }

    /// What is drawn now; `None` before there is a picture.
    pub(crate) fn now(&self) -> Option<&Scene> {
        self.scenes.get(self.at)
    }

    /// One step on; what was undone before is gone.
    pub(crate) fn push(&mut self, next: Scene) {
        self.scenes.truncate(self.at + 1);
        self.at = self.scenes.len();
        self.scenes.push(next);
    }

    /// One step back or forth, if there is one.
    pub(crate) fn travel(&mut self, is_back: bool) -> bool {
        let can = if is_back { self.can_undo() } else { self.can_redo() };
        if can {
            self.at = if is_back { self.at - 1 } else { self.at + 1 };
        }
        can
    }

    pub(crate) fn can_undo(&self) -> bool {
        self.at > 0
    }

    pub(crate) fn can_redo(&self) -> bool {
        self.at + 1 < self.scenes.len()
    }
}
