//! What every event makes of the dialog's state. Pure: what is to happen outside comes out as effects.

use std::rc::Rc;

use crate::{
    history::History,
    scene::{COLOURS, Mark, Point, Scene, TOOLS, Tool},
    state::{ALT, COMMAND, Effect, Event, File, SHIFT, Screen, State},
    text::Key,
    view::{describe, picture_label},
};

/// Where the zoom buttons stop, in per cent.
const ZOOMS: [i32; 8] = [25, 50, 75, 100, 150, 200, 400, 800];
/// How far an arrow key moves the cursor, in points.
const STEP: i32 = 4;
/// How much further with Shift.
const STRIDE: i32 = 10;

/// Takes an event into account.
pub(crate) fn step(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Press(hook, shown_percent) => press(state, &hook, shown_percent),
        Event::Input(hook, value) => input(state, &hook, &value),
        Event::Down(point) if state.screen == Screen::Drawing => {
            state.has_cursor = false;
            begin(state, point);
            Vec::new()
        }
        Event::Move(point) => extend(state, point),
        Event::Up(point) => {
            extend(state, point);
            match &state.draft {
                // Only now: a phone opens its keyboard for a finger that was lifted, not for one that comes down.
                Some(draft) if draft.tool == Tool::Text => vec![Effect::Focus("typed")],
                _ => end(state),
            }
        }
        Event::Abort => {
            state.draft = state.draft.take().filter(|draft| !draft.text.is_empty());
            Vec::new()
        }
        Event::Key(key, held) => press_key(state, &key, held),
        Event::Loaded(picture) => {
            let scene = Scene::of(state.pictures.len());
            state.cursor = Point { x: picture.width / 2, y: picture.height / 2 };
            state.pictures.push(picture);
            if state.pictures.len() > 1 {
                // A step of the history like any other: undo brings the old picture back, with its drawing.
                change(state, scene);
            } else {
                state.history = History::of(scene);
            }
            state.draft = None;
            state.said = picture_label(state);
            let mut effects = drawing(state);
            effects.push(Effect::Encode);
            effects
        }
        Event::Failed(why) => {
            state.screen = Screen::Ways;
            state.why = Some(why);
            state.said = state.texts.get(why).into();
            vec![Effect::Focus("ways")]
        }
        Event::Encoded(file) => {
            state.file = File::Ready(file);
            if state.screen == Screen::Review {
                vec![Effect::Prove, Effect::Focus("attach")]
            } else {
                Vec::new()
            }
        }
        Event::TooBig => {
            state.file = File::TooBig;
            state.said = state.texts.get(Key::WhyBig).into();
            if state.screen == Screen::Review { drawing(state) } else { Vec::new() }
        }
        Event::Down(_) => Vec::new(),
    }
}

fn press(state: &mut State, hook: &str, shown_percent: i32) -> Vec<Effect> {
    match hook {
        "close" => return leave(state),
        "discard" => return vec![Effect::Leave],
        "keep" | "back" => return drawing(state),
        "page" => {
            state.screen = Screen::Taking;
            state.said = state.texts.get(Key::Taking).into();
            return vec![Effect::Shoot];
        }
        "screen" => return vec![Effect::Capture],
        "another" => {
            state.draft = None;
            state.why = None;
            state.screen = Screen::Ways;
            return vec![Effect::Focus("ways")];
        }
        "undo" | "redo" => return travel(state, hook == "undo"),
        "fit" => state.zoom = 0,
        "full" => state.zoom = 100,
        "in" => state.zoom = ZOOMS.into_iter().find(|zoom| *zoom > shown_percent).unwrap_or(shown_percent),
        "out" => state.zoom = ZOOMS.into_iter().rfind(|zoom| *zoom < shown_percent).unwrap_or(shown_percent),
        "add" => return end(state),
        "cancel" => return cancel(state),
        "use" => {
            let mut effects = end(state);
            state.draft = None;
            state.screen = Screen::Review;
            state.said = state.texts.get(Key::Review).into();
            effects.retain(|effect| *effect == Effect::Encode);
            match state.file {
                File::Ready(_) => effects.extend([Effect::Prove, Effect::Focus("attach")]),
                File::Pending => effects.push(Effect::Focus("back")),
                File::TooBig => return drawing(state),
            }
            return effects;
        }
        "attach" if matches!(state.file, File::Ready(_)) => return vec![Effect::Attach],
        _ => {
            if let Some(at) = hook.strip_prefix("remove") {
                return remove(state, at.parse().ok());
            }
        }
    }
    Vec::new()
}

fn input(state: &mut State, hook: &str, value: &str) -> Vec<Effect> {
    let at: usize = value.parse().unwrap_or_default();
    match hook {
        "tool" => {
            state.tool = TOOLS.get(at).copied().unwrap_or(Tool::Box);
            state.draft = None;
        }
        "colour" => {
            state.colour = at.min(COLOURS.len() - 1);
            if let Some(draft) = &mut state.draft {
                draft.colour = state.colour;
            }
        }
        "typed" => {
            if let Some(draft) = &mut state.draft {
                // Control characters would end the line that carries the text to the canvas.
                draft.text = value.chars().filter(|char| *char >= ' ').collect();
            }
        }
        _ => {}
    }
    Vec::new()
}

/// A press on the picture: starts what a release ends.
fn begin(state: &mut State, point: Point) {
    let point = state.inside(point);
    state.cursor = point;
    let mut mark = Mark::new(state.tool, state.colour, point);
    if state.tool == Tool::Text {
        // A text that is being typed moves there instead of being lost.
        mark.text = state.draft.take().map_or(String::new(), |draft| draft.text);
    }
    state.draft = Some(mark);
}

fn extend(state: &mut State, point: Point) -> Vec<Effect> {
    let point = state.inside(point);
    if let Some(draft) = state.draft.as_mut().filter(|draft| draft.tool.is_drawn()) {
        draft.extend(point);
        state.cursor = point;
    }
    Vec::new()
}

/// The shape under the visitor's hand becomes a mark, if there is anything to see of it.
fn end(state: &mut State) -> Vec<Effect> {
    let Some(draft) = state.draft.take() else { return Vec::new() };
    let mut effects = Vec::new();
    if draft.tool == Tool::Text {
        effects.push(Effect::Focus("picture"));
    }
    if !draft.is_worth_keeping() {
        return effects;
    }
    let mut scene = state.history.now().clone();
    let number = scene.pin_number(scene.marks.len());
    say_of(state, Key::Added, &describe(&state.texts, &draft, number));
    if draft.tool == Tool::Crop {
        scene.crop = Some(draft.area());
    } else {
        scene.marks.push(Rc::new(draft));
    }
    change(state, scene);
    effects.push(Effect::Encode);
    effects
}

fn cancel(state: &mut State) -> Vec<Effect> {
    if let Some(draft) = state.draft.take() {
        let tool = state.texts.nth(Key::Box, draft.tool as usize);
        state.said = state.texts.with(Key::Cancelled, &[("tool", tool)]);
    }
    vec![Effect::Focus("picture")]
}

/// Removes a mark, or without a number the crop.
fn remove(state: &mut State, at: Option<usize>) -> Vec<Effect> {
    let mut scene = state.history.now().clone();
    let gone = match at {
        Some(at) if at < scene.marks.len() => {
            let number = scene.pin_number(at);
            describe(&state.texts, &scene.marks.remove(at), number)
        }
        None if scene.crop.take().is_some() => state.texts.nth(Key::Box, Tool::Crop as usize).into(),
        _ => return Vec::new(),
    };
    say_of(state, Key::Removed, &gone);
    change(state, scene);
    vec![Effect::Focus("marks"), Effect::Encode]
}

fn travel(state: &mut State, is_back: bool) -> Vec<Effect> {
    state.draft = None;
    let has_moved = if is_back { state.history.undo() } else { state.history.redo() };
    if !has_moved {
        return Vec::new();
    }
    state.said = state.texts.get(if is_back { Key::Undone } else { Key::Redone }).into();
    state.cursor = state.inside(state.cursor);
    state.file = File::Pending;
    vec![Effect::Encode]
}

fn press_key(state: &mut State, key: &str, held: i32) -> Vec<Effect> {
    if key == "Escape" {
        return back_out(state);
    }
    if state.screen != Screen::Drawing {
        return Vec::new();
    }
    if held & COMMAND != 0 {
        return travel(state, held & SHIFT == 0 && !key.eq_ignore_ascii_case("y"));
    }
    let far =
        if held & ALT != 0 { 1 } else { state.unit() * if held & SHIFT != 0 { STEP * STRIDE } else { STEP } };
    let (x, y) = match key {
        "ArrowLeft" => (-far, 0),
        "ArrowRight" => (far, 0),
        "ArrowUp" => (0, -far),
        "ArrowDown" => (0, far),
        _ => return press_enter(state),
    };
    state.has_cursor = true;
    state.cursor = state.inside(Point { x: state.cursor.x + x, y: state.cursor.y + y });
    state.said = crate::text::place(state.cursor);
    extend(state, state.cursor);
    vec![Effect::Reveal]
}

/// Enter or Space on the picture: starts a shape where the cursor is, or ends the one that was started.
fn press_enter(state: &mut State) -> Vec<Effect> {
    state.has_cursor = true;
    if state.draft.as_ref().is_some_and(|draft| draft.tool.is_drawn()) {
        return end(state);
    }
    begin(state, state.cursor);
    if state.tool == Tool::Pin {
        return end(state);
    }
    let tool = state.texts.nth(Key::Box, state.tool as usize);
    let from = crate::text::place(state.cursor);
    state.said = state.texts.with(Key::Started, &[("tool", tool), ("from", &from)]);
    if state.tool == Tool::Text { vec![Effect::Focus("typed")] } else { Vec::new() }
}

/// Escape: backs out by one, of a shape, of the question, of the review, of the choice, at last of the dialog.
fn back_out(state: &mut State) -> Vec<Effect> {
    if state.draft.is_some() && state.screen == Screen::Drawing {
        return cancel(state);
    }
    if state.screen != Screen::Drawing && state.picture().is_some() {
        return drawing(state);
    }
    leave(state)
}

/// Leaves at once if nothing would be lost, else asks.
fn leave(state: &mut State) -> Vec<Effect> {
    let is_at_work = state.draft.as_ref().is_some_and(Mark::is_worth_keeping);
    if !is_at_work && !state.history.can_undo() {
        return vec![Effect::Leave];
    }
    state.screen = Screen::Leaving;
    state.said = state.texts.get(Key::Leave).into();
    vec![Effect::Focus("keep")]
}

/// Back to the picture, if there is one.
fn drawing(state: &mut State) -> Vec<Effect> {
    if state.picture().is_none() {
        return Vec::new();
    }
    state.screen = Screen::Drawing;
    state.why = None;
    vec![Effect::Focus("picture")]
}

fn change(state: &mut State, scene: Scene) {
    state.history.push(scene);
    state.cursor = state.inside(state.cursor);
    state.file = File::Pending;
}

fn say_of(state: &mut State, key: Key, mark: &str) {
    state.said = state.texts.with(key, &[("mark", mark)]);
}

#[cfg(test)]
mod tests;
