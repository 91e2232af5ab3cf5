//! What was drawn before and can be had back.

/// All that is drawn at one moment.
#[derive(Clone, Copy, Debug)]
struct Scene {
    /// Which of the pictures taken so far.
    picture: usize,
    /// Where its marks begin and end in the list of all scenes.
    marks: (usize, usize),
}

/// Every scene there was, with one of them now.
#[derive(Debug)]
pub(crate) struct History {
    scenes: Vec<Scene>,
    /// The marks of scene after scene, each from the lowest to the topmost, by their numbers among all marks there ever
    /// were.
    marks: Vec<usize>,
    at: usize,
}

impl History {
    /// Nothing was drawn yet, on no picture.
    pub(crate) const fn new() -> Self {
        Self { scenes: Vec::new(), marks: Vec::new(), at: 0 }
    }

    /// The picture that is drawn on; `None` before there is one.
    pub(crate) fn picture(&self) -> Option<usize> {
        self.scenes.get(self.at).map(|scene| scene.picture)
    }

    /// The numbers of the marks that are drawn now.
    pub(crate) fn marks(&self) -> &[usize] {
        let (from, to) = self.scenes.get(self.at).map_or((0, 0), |scene| scene.marks);
        self.marks.get(from..to).unwrap_or_default()
    }

    /// One step on, to an empty scene; what was undone before is gone.
    pub(crate) fn push(&mut self, picture: usize) {
        let next = self.scenes.len().min(self.at + 1);
        self.scenes.truncate(next);
        let end = self.scenes.last().map_or(0, |scene| scene.marks.1);
        self.marks.truncate(end);
        self.scenes.push(Scene { picture, marks: (end, end) });
        self.at = next;
    }

    /// Puts the mark of this number on top of the scene that was begun last.
    pub(crate) fn add(&mut self, number: usize) {
        self.marks.push(number);
        if let Some(scene) = self.scenes.last_mut() {
            scene.marks.1 += 1;
        }
    }

    /// One step on, to the same scene with the mark at this place replaced by that one, or gone; a place behind the
    /// last adds.
    pub(crate) fn change(&mut self, place: usize, by: Option<usize>) {
        let (from, to) = self.scenes.get(self.at).map_or((0, 0), |scene| scene.marks);
        self.push(self.picture().unwrap_or_default());
        for at in from..to.max(from + place + 1) {
            let number = if at == from + place { by } else { self.marks.get(at).copied() };
            if let Some(number) = number {
                self.add(number);
            }
        }
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
