//! What was drawn before and can be had back.

use crate::scene::Scene;

/// Every scene there was, with one of them now. Scenes share their marks, so that a step costs a list of pointers.
#[derive(Debug, Default)]
pub(crate) struct History {
    past: Vec<Scene>,
    now: Scene,
    undone: Vec<Scene>,
}

impl History {
    /// Begins with this scene.
    pub(crate) fn of(now: Scene) -> Self {
        Self { now, ..Self::default() }
    }

    /// What is drawn now.
    pub(crate) fn now(&self) -> &Scene {
        &self.now
    }

    /// One step on; what was undone before is gone.
    pub(crate) fn push(&mut self, next: Scene) {
        self.past.push(std::mem::replace(&mut self.now, next));
        self.undone.clear();
    }

    /// One step back, if there is one.
    pub(crate) fn undo(&mut self) -> bool {
        walk(&mut self.now, &mut self.past, &mut self.undone)
    }

    /// One step forth again, if there is one.
    pub(crate) fn redo(&mut self) -> bool {
        walk(&mut self.now, &mut self.undone, &mut self.past)
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}

#[inline(never)]
fn walk(now: &mut Scene, from: &mut Vec<Scene>, to: &mut Vec<Scene>) -> bool {
    let Some(next) = from.pop() else { return false };
    to.push(std::mem::replace(now, next));
    true
}
