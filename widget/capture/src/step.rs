//! What every event makes of the dialog's state. Pure: what is to happen outside comes out as an effect.

use crate::{
    event::{ALT, Event, Key, SHIFT},
    ink::letters,
    scene::{Mark, Point, Tool},
    state::{Effect, File, Said, Say, Screen, State, Told},
};

/// Where the zoom buttons stop, in per cent.
static ZOOMS: [i32; 8] = [25, 50, 75, 100, 150, 200, 400, 800];
/// How far an arrow key moves the cursor, in points.
const STEP: i32 = 4;
/// How much further with Shift.
const STRIDE: i32 = 10;
/// How far beside a mark a press still means it, in points.
const REACH: i32 = 12;

/// Takes an event into account.
pub(crate) fn step(state: &mut State, event: Event) -> Effect {
    let is_drawing = state.screen == Screen::Drawing;
    match event {
        Event::Close => return leave(state),
        Event::Discard => return Effect::Leave,
        Event::Keep | Event::Back => return draw(state),
        Event::Page => {
            state.screen = Screen::Taking;
            say(state, Say::Taking);
            return Effect::Shoot;
        }
        Event::Screen => return Effect::Capture,
        Event::Another => {
            drop_draft(state);
            state.why = None;
            state.screen = Screen::Ways;
            return Effect::FocusWays;
        }
        Event::Undo | Event::Redo => travel(state, event == Event::Undo),
        Event::Fit => state.zoom = 0,
        Event::Full => state.zoom = 100,
        Event::In(shown) => state.zoom = ZOOMS.iter().copied().find(|zoom| *zoom > shown).unwrap_or(shown),
        Event::Out(shown) => state.zoom = ZOOMS.iter().copied().rfind(|zoom| *zoom < shown).unwrap_or(shown),
        Event::Add => return end(state),
        Event::Cancel => return cancel(state),
        Event::Use => {
            end(state);
            if state.file == File::TooBig {
                return draw(state);
            }
            state.screen = Screen::Review;
            say(state, Say::Review);
            return if state.file == File::Ready { Effect::FocusAttach } else { Effect::FocusBack };
        }
        Event::Attach if state.file == File::Ready => return Effect::Attach,
        Event::Remove(at) => return remove(state, at),
        Event::Pick(at) if is_drawing => return pick(state, at),
        Event::Tool(tool) => {
            // What is moved stays where it is by now, and words are not lost; a shape without an end is none.
            if state.held.is_none() && state.draft.as_ref().is_some_and(|draft| draft.words == 0) {
                drop_draft(state);
            }
            end(state);
            state.tool = tool;
        }
        Event::Colour(colour) => {
            state.colour = colour;
            if let Some(draft) = &mut state.draft {
                draft.colour = colour;
                let said = state.said;
                settle(state);
                state.said = said;
            }
        }
        Event::Typed(words, width) => typed(state, words, width),
        Event::Down(point) if is_drawing => {
            state.has_cursor = false;
            press(state, point);
        }
        Event::Move(point) => drag(state, point),
        Event::Up(point) => {
            drag(state, point);
            state.grip = None;
            if state.held.is_some() {
                settle(state);
            } else if state.draft.as_ref().is_some_and(|draft| draft.tool == Tool::Text) {
                // Only now: a phone opens its keyboard for a finger that was lifted, not for one that comes down.
                return Effect::FocusTyped;
            } else {
                return end(state);
            }
        }
        Event::Abort => {
            if state.draft.as_ref().is_some_and(|draft| draft.words == 0) || state.held.is_some() {
                drop_draft(state);
            }
        }
        Event::Key(key, with) => return press_key(state, key, with),
        Event::Loaded(size) => {
            state.cursor = Point { x: size.width / 2, y: size.height / 2 };
            drop_draft(state);
            // A step of the history like any other: undo brings the old picture back, with its drawing.
            state.history.push(state.pictures.len());
            state.pictures.push(size);
            touch(state);
            say(state, Say::Picture);
            return draw(state);
        }
        Event::Failed(why) => {
            state.screen = Screen::Ways;
            state.why = Some(why);
            say(state, why);
            return Effect::FocusWays;
        }
        Event::Encoded => {
            state.file = File::Ready;
            if state.screen == Screen::Review {
                return Effect::FocusAttach;
            }
        }
        Event::TooBig => {
            state.file = File::TooBig;
            say(state, Say::WhyBig);
            if state.screen == Screen::Review {
                return draw(state);
            }
        }
        Event::Attach | Event::Pick(_) | Event::Down(_) => {}
    }
    Effect::None
}

/// A press on the picture: takes up a mark, or starts what a release ends.
fn press(state: &mut State, point: Point) {
    let point = state.inside(point);
    let reach = state.unit() * REACH;
    let is_on = |mark: &Mark| mark.area.wider(reach).holds(point);
    if !(state.held.is_some() && state.draft.as_ref().is_some_and(is_on)) {
        if state.held.is_some() {
            end(state);
        }
        if state.tool != Tool::Move {
            return begin(state, point);
        }
        let Some(at) = mark_at(state, point) else { return };
        pick(state, at);
    }
    state.grip = state.draft.as_ref().map(|draft| point.minus(draft.from));
}

/// Of the marks in reach the smallest: what is around it can be had elsewhere, too.
fn mark_at(state: &State, point: Point) -> Option<usize> {
    let reach = state.unit() * REACH;
    let mut found = None;
    let mut least = i64::MAX;
    for (at, mark) in state.scene().enumerate() {
        let area = mark.area.wider(reach);
        let size = i64::from(area.width()) * i64::from(area.height());
        if area.holds(point) && size <= least {
            (found, least) = (Some(at), size);
        }
    }
    found
}

fn begin(state: &mut State, point: Point) {
    state.cursor = point;
    let mark = state.start(state.tool, state.colour, point);
    if let Some(old) = state.draft.replace(mark).filter(|old| old.words != 0) {
        // A text that is being typed moves there instead of being lost.
        typed(state, old.words, old.to.x - old.from.x);
    }
}

/// The pointer, or the keyboard's cursor, goes there.
fn drag(state: &mut State, point: Point) {
    let point = state.inside(point);
    if let (Some(grip), Some(draft)) = (state.grip, &state.draft) {
        let by = point.minus(grip).minus(draft.from);
        shift(state, by);
    } else if state.held.is_none() && state.draft.as_ref().is_some_and(|draft| draft.tool.is_drawn()) {
        state.extend(point);
        state.cursor = point;
    }
}

/// Moves what is in hand, as far as the picture goes.
fn shift(state: &mut State, by: Point) {
    let whole = state.whole();
    let Some(draft) = &mut state.draft else { return };
    let area = draft.area;
    draft.shift(Point {
        x: by.x.clamp(-area.left, whole.right - area.right),
        y: by.y.clamp(-area.top, whole.bottom - area.bottom),
    });
    state.cursor = draft.from;
}

/// The shape under the visitor's hand becomes a mark, if there is anything to see of it.
fn end(state: &mut State) -> Effect {
    settle(state);
    let held = state.held.take();
    state.grip = None;
    let Some(draft) = state.draft.take() else { return Effect::None };
    let effect = if draft.tool == Tool::Text || held.is_some() { Effect::FocusPicture } else { Effect::None };
    if held.is_none() && draft.is_worth_keeping() {
        let count = state.history.marks().len();
        // One crop at a time.
        let old = state.scene().position(|mark| draft.tool == Tool::Crop && mark.tool == Tool::Crop);
        say_of(state, Say::Added, &draft, count);
        keep(state, old.unwrap_or(count), draft);
    }
    effect
}

/// Where a mark is held by now becomes its place, if that has changed; it stays in hand.
fn settle(state: &mut State) {
    let (Some(at), Some(draft)) = (state.held, state.draft) else { return };
    let is_as_it_was = |mark: &Mark| (mark.from, mark.colour) == (draft.from, draft.colour);
    if state.scene().nth(at).is_some_and(is_as_it_was) {
        return;
    }
    say_of(state, Say::Moved, &draft, at);
    keep(state, at, draft);
}

/// The mark stands in this place of the scene.
fn keep(state: &mut State, at: usize, mark: Mark) {
    state.history.change(at, Some(state.marks.len()));
    state.marks.push(mark);
    touch(state);
}

/// Takes up the mark in this place of the list.
fn pick(state: &mut State, at: usize) -> Effect {
    end(state);
    let Some(mark) = state.scene().nth(at).copied() else { return Effect::None };
    state.cursor = mark.from;
    say_of(state, Say::Held, &mark, at);
    state.held = Some(at);
    state.draft = Some(mark);
    Effect::FocusPicture
}

fn cancel(state: &mut State) -> Effect {
    if let Some(draft) = &state.draft {
        let of = Told::at(draft.tool, draft.from);
        state.said = Said { what: Say::Cancelled, of };
    }
    drop_draft(state);
    Effect::FocusPicture
}

/// What is in hand is gone, or back where it was.
fn drop_draft(state: &mut State) {
    state.draft = None;
    state.held = None;
    state.grip = None;
}

fn remove(state: &mut State, at: usize) -> Effect {
    let Some(mark) = state.scene().nth(at).copied() else { return Effect::None };
    drop_draft(state);
    say_of(state, Say::Removed, &mark, at);
    state.history.change(at, None);
    touch(state);
    Effect::FocusMarks
}

fn typed(state: &mut State, words: i32, width: i32) {
    let Some(draft) = &state.draft else { return };
    let from = draft.from;
    let to = state.inside(Point { x: from.x + width, y: from.y - letters(state.unit()) });
    if let Some(draft) = &mut state.draft {
        draft.words = words;
        draft.extend(to);
    }
}

fn travel(state: &mut State, is_back: bool) {
    drop_draft(state);
    if state.history.travel(is_back) {
        say(state, if is_back { Say::Undone } else { Say::Redone });
        touch(state);
    }
}

fn press_key(state: &mut State, key: Key, with: i32) -> Effect {
    if key == Key::Escape {
        return back_out(state);
    }
    if state.screen != Screen::Drawing {
        return Effect::None;
    }
    let far = match with {
        with if with & ALT != 0 => 1,
        with if with & SHIFT != 0 => state.unit() * STEP * STRIDE,
        _ => state.unit() * STEP,
    };
    let by = match key {
        Key::Left => Point { x: -far, y: 0 },
        Key::Up => Point { x: 0, y: -far },
        Key::Right => Point { x: far, y: 0 },
        Key::Down => Point { x: 0, y: far },
        Key::Next | Key::Previous => return walk(state, key == Key::Next),
        Key::Delete => {
            let Some(at) = state.held else { return Effect::None };
            remove(state, at);
            return Effect::FocusPicture;
        }
        Key::Undo | Key::Redo => {
            travel(state, key == Key::Undo && with & SHIFT == 0);
            return Effect::None;
        }
        _ => return press_enter(state),
    };
    state.has_cursor = true;
    if state.held.is_some() {
        shift(state, by);
    } else {
        state.cursor = state.inside(state.cursor.plus(by));
        drag(state, state.cursor);
    }
    state.said = Said { what: Say::Place, of: Told::at(state.tool, state.cursor) };
    Effect::Reveal
}

/// To the next or the previous mark, and from the last to the first.
fn walk(state: &mut State, is_next: bool) -> Effect {
    let count = state.history.marks().len();
    if count == 0 || (state.draft.is_some() && state.held.is_none()) {
        return Effect::None;
    }
    let at = match state.held {
        Some(at) if is_next => (at + 1) % count,
        Some(at) => (at + count - 1) % count,
        None => count - 1,
    };
    pick(state, at);
    Effect::Reveal
}

/// Enter or Space on the picture: puts down what is held, takes up a mark, starts a shape where the cursor is, or ends
/// the one that was started.
fn press_enter(state: &mut State) -> Effect {
    state.has_cursor = true;
    if state.held.is_some() || state.draft.as_ref().is_some_and(|draft| draft.tool.is_drawn()) {
        return end(state);
    }
    if state.tool == Tool::Move {
        return match mark_at(state, state.cursor) {
            Some(at) => pick(state, at),
            None => walk(state, true),
        };
    }
    begin(state, state.cursor);
    if state.tool == Tool::Pin {
        return end(state);
    }
    state.said = Said { what: Say::Started, of: Told::at(state.tool, state.cursor) };
    if state.tool == Tool::Text { Effect::FocusTyped } else { Effect::None }
}

/// Escape: backs out by one, of a shape, of the question, of the review, of the choice, at last of the dialog.
fn back_out(state: &mut State) -> Effect {
    if state.screen == Screen::Drawing {
        return if state.draft.is_some() { cancel(state) } else { leave(state) };
    }
    if state.picture().is_some() { draw(state) } else { leave(state) }
}

/// Leaves at once if nothing would be lost, else asks.
fn leave(state: &mut State) -> Effect {
    let is_at_work = state.draft.as_ref().is_some_and(Mark::is_worth_keeping);
    if !is_at_work && !state.history.can_undo() {
        return Effect::Leave;
    }
    state.screen = Screen::Leaving;
    say(state, Say::Leave);
    Effect::FocusKeep
}

/// Back to the picture, if there is one.
fn draw(state: &mut State) -> Effect {
    if state.picture().is_none() {
        return Effect::None;
    }
    state.screen = Screen::Drawing;
    state.why = None;
    Effect::FocusPicture
}

/// What goes out has changed.
fn touch(state: &mut State) {
    state.cursor = state.inside(state.cursor);
    state.file = File::Pending;
    state.turn += 1;
}

fn say(state: &mut State, what: Say) {
    state.said = Said { what, of: Told::at(state.tool, state.cursor) };
}

fn say_of(state: &mut State, what: Say, mark: &Mark, at: usize) {
    state.said = Said { what, of: state.told(mark, at) };
}

#[cfg(test)]
mod tests;
