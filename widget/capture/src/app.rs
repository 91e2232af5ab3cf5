//! The running dialog: hands events to the state machine, shows what comes of it, and performs the effects.

use std::cell::RefCell;

use domshot::NOTES;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::{
    ink::Ink,
    scene::{Point, Tool},
    stage::{self, Host},
    state::{Counts, Effect, Encoded, Event, Picture, Screen, State, Way},
    step::step,
    text::{Key, Texts},
    view::{notes, view},
};

/// What the stage calls when something happened: kind, three numbers, a text. Kinds are those of [`event`].
type Tell = Closure<dyn Fn(u32, i32, i32, i32, String)>;

/// The dialog in its page.
struct App {
    state: State,
    /// The page and the two layers of ink as they were shown last.
    shown: [String; 3],
    /// Which dialog of this module it is: an answer that comes after its dialog has gone is for nobody.
    number: u32,
    _tell: Tell,
}

thread_local! {
    static APP: RefCell<Option<App>> = const { RefCell::new(None) };
    static COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Opens a dialog and takes the first picture.
pub(crate) fn open(host: &Host) -> Promise {
    leave();
    let number = COUNT.get() + 1;
    COUNT.set(number);
    let tell = Tell::new(move |kind, a, b, c, text| {
        if let Some(event) = event(kind, a, b, c, text) {
            dispatch(number, event);
        }
    });
    let promise = stage::open(host, tell.as_ref().unchecked_ref());
    let texts = Texts::new(host.locale(), host.texts().iter().filter_map(|text| text.as_string()).collect());
    let state = State::new(texts, stage::has_screen(), stage::pixel_ratio() as i32);
    let shown = [const { String::new() }; 3];
    APP.set(Some(App { state, shown, number, _tell: tell }));
    let blob = host.blob();
    if blob.is_undefined() {
        dispatch(number, Event::Press("page".into(), 0));
    } else {
        // Whatever is no picture ends in the choice of ways.
        stage::load(&blob);
    }
    promise
}

/// Takes an open dialog away.
pub(crate) fn leave() {
    if let Some(app) = APP.take() {
        stage::finish(false, Array::new());
        drop(app);
    }
}

/// What the stage means.
fn event(kind: u32, a: i32, b: i32, c: i32, text: String) -> Option<Event> {
    let point = Point { x: a, y: b };
    Some(match kind {
        0 => Event::Press(text, a),
        1 => {
            let (hook, value) = text.split_once('\n')?;
            Event::Input(hook.into(), value.into())
        }
        2 => Event::Down(point),
        3 => Event::Move(point),
        4 => Event::Up(point),
        5 => Event::Abort,
        6 => Event::Key(text, a),
        7 => {
            let way = match c & 3 {
                0 => Way::Page,
                1 => Way::Screen,
                _ => Way::File,
            };
            let mut notes = counts(&text);
            // The stage could not hold all its pixels.
            notes[NOTES.len() - 1] |= c >> 2;
            Event::Loaded(Picture { width: a, height: b, way, notes })
        }
        8 => Event::Failed(match a {
            0 => Key::WhyPage,
            1 => Key::WhyScreen,
            2 => Key::WhyFile,
            _ => Key::WhyRefused,
        }),
        9 => Event::Encoded(Encoded { width: a, height: b, size_bytes: c }),
        _ => Event::TooBig,
    })
}

/// What the stage passes on of domshot's notes: a line each, code and count.
fn counts(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines() {
        let (code, count) = line.split_once(' ').unwrap_or_default();
        for (at, note) in NOTES.into_iter().enumerate() {
            if note.code() == code {
                counts[at] = count.bytes().fold(0, |n, digit| n * 10 + i32::from(digit & 15));
            }
        }
    }
    counts
}

fn dispatch(number: u32, event: Event) {
    let effects = APP.with_borrow_mut(|app| {
        let app = app.as_mut().filter(|app| app.number == number)?;
        let effects = step(&mut app.state, event);
        app.show();
        Some(effects)
    });
    for effect in effects.unwrap_or_default() {
        perform(effect);
    }
}

impl App {
    /// Draws what has changed: elements, the picture with its marks, and above it what is still in hand.
    fn show(&mut self) {
        let state = &self.state;
        let page = view(state);
        let picture = state.history.now().picture as i32;
        if self.shown[0] != page {
            stage::draw(&page);
            self.shown[0] = page;
        }
        if !matches!(state.screen, Screen::Drawing | Screen::Leaving) {
            // Canvases that come back later come back empty.
            self.shown[1].clear();
            self.shown[2].clear();
            return;
        }
        let mut base = self.base();
        // The ink of another picture may read the same.
        base.push('\n');
        crate::text::push_number(&mut base, picture);
        let top = self.top();
        if self.shown[1] != base {
            stage::paint("base", picture, &base);
            self.shown[1] = base;
            self.shown[2].clear();
        }
        if self.shown[2] != top {
            stage::paint("picture", -1, &top);
            self.shown[2] = top;
        }
    }

    fn base(&self) -> String {
        let mut ink = Ink::new(self.state.unit());
        ink.scene(self.state.history.now());
        ink.end()
    }

    fn top(&self) -> String {
        let state = &self.state;
        let scene = state.history.now();
        let mut ink = Ink::new(state.unit());
        let draft = state.draft.as_ref();
        let crop = draft.filter(|draft| draft.tool == Tool::Crop).map(|draft| draft.area()).or(scene.crop);
        if let (Some(kept), Some(picture)) = (crop, state.picture()) {
            ink.shade(kept, picture.width, picture.height);
        }
        if let Some(draft) = draft {
            ink.mark(draft, scene.pin_number(scene.marks.len()));
        }
        if state.has_cursor {
            ink.cursor(state.cursor);
        }
        // Never the same as a canvas that was just emptied.
        ink.end() + "\n"
    }
}

fn perform(effect: Effect) {
    match effect {
        Effect::Shoot => return stage::keep_drawn(&domshot::draw(&stage::page(), &stage::options())),
        Effect::Capture => return stage::capture(),
        Effect::Prove => return stage::prove(),
        Effect::Focus(hook) => return stage::focus(hook),
        Effect::Leave => return leave(),
        Effect::Reveal | Effect::Encode | Effect::Attach => {}
    }
    APP.with_borrow(|app| {
        let Some(app) = app else { return };
        match effect {
            Effect::Reveal => stage::reveal(app.state.cursor.x, app.state.cursor.y),
            Effect::Encode => {
                let kept = app.state.kept();
                let picture = app.state.history.now().picture as i32;
                stage::encode(picture, &app.base(), kept.left, kept.top, kept.width(), kept.height());
            }
            _ => stage::finish(true, notes(&app.state).into_iter().map(JsValue::from).collect()),
        }
    });
    if effect == Effect::Attach {
        drop(APP.take());
    }
}
