//! Draws a state: which elements, with which words, hooks and live values.

use crate::{
    page::Page,
    scene::{COLOURS, Mark, TOOLS, Tool},
    state::{File, Screen, State, Way},
    text::{Key, Texts, number, place},
};

/// The toolbar's drawings, in the order of the tools, on a field of 24 by 24.
const ICONS: [&str; 8] = [
    "M4 6h16v12H4z",
    "M5 19L19 5M10 5h9v9",
    "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4",
    "M3 21h12M8 17l-2-4 9-9 4 4-9 9zM12 7l4 4",
    "M5 7V4h14v3M12 4v16M9 20h6",
    "M12 21s7-6 7-12a7 7 0 0 0-14 0c0 6 7 12 7 12zM12 6.500v5",
    "M4 7h16v10H4z",
    "M7 2v15h15M2 7h15v15",
];
const UNDO: &str = "M9 14L4 9l5-5M4 9h10a5.500 5.500 0 0 1 0 11h-3";
const REDO: &str = "M15 14l5-5-5-5M20 9H10a5.500 5.500 0 0 0 0 11h3";
const MINUS: &str = "M6 12h12";
const PLUS: &str = "M6 12h12M12 6v12";
const CROSS: &str = "M6 6l12 12M18 6L6 18";

/// The content of the dialog.
pub(crate) fn view(state: &State) -> String {
    let texts = &state.texts;
    let mut page = Page::default();
    page.open("div", "sheet").with("class", "sheet").with("lang", texts.locale());
    page.with("dir", if texts.is_rtl() { "rtl" } else { "ltr" });
    page.with(
        "data-screen",
        match state.screen {
            Screen::Taking => "taking",
            Screen::Ways => "ways",
            Screen::Drawing => "drawing",
            Screen::Leaving => "leaving",
            Screen::Review => "review",
        },
    );
    page.open("div", "").with("class", "top");
    page.open("div", "").with("class", "title").with("id", "capture-title");
    page.with("role", "heading").with("aria-level", "2");
    page.text(texts.get(Key::Title)).close();
    if matches!(state.screen, Screen::Taking | Screen::Drawing) {
        button(&mut page, "another", "quiet", texts.get(Key::Ways));
    }
    icon_button(&mut page, "close", CROSS, texts.get(Key::Close), true);
    page.close();
    match state.screen {
        Screen::Taking => {
            page.open("div", "taking").with("class", "middle");
            page.open("i", "").with("class", "busy").close();
            said(&mut page, "p", texts.get(Key::Taking));
            page.close();
        }
        Screen::Ways => ways(&mut page, state),
        Screen::Drawing | Screen::Leaving => {
            tools(&mut page, state);
            stage(&mut page, state);
            // One bar in the other's place: the picture must not move while a text is typed on it.
            let is_drawing = state.screen == Screen::Drawing;
            match state.draft.as_ref().filter(|draft| is_drawing && draft.tool == Tool::Text) {
                Some(draft) => typing(&mut page, texts, &draft.text),
                None => foot(&mut page, state),
            }
        }
        Screen::Review => review(&mut page, state),
    }
    page.open("div", "said").with("class", "unseen").with("role", "status");
    page.text(&state.said).close().close();
    page.end()
}

/// A mark in words: `Box from 120, 80 to 400, 200`. `number` is what a pin shows.
pub(crate) fn describe(texts: &Texts, mark: &Mark, pin: i32) -> String {
    let mut tool = String::from(texts.nth(Key::Box, mark.tool as usize));
    if mark.tool == Tool::Pin {
        tool.push(' ');
        tool.push_str(&number(pin));
    }
    let (from, to) = (place(mark.from()), place(mark.to()));
    let key = if matches!(mark.tool, Tool::Text | Tool::Pin) { Key::At } else { Key::Span };
    let mut words = texts.with(key, &[("tool", &tool), ("from", &from), ("to", &to)]);
    if !mark.text.is_empty() {
        words.push_str(": ");
        words.push_str(&mark.text);
    }
    words
}

/// The picture in words: what a screen reader calls it.
pub(crate) fn picture_label(state: &State) -> String {
    let Some(picture) = state.picture() else { return String::new() };
    let (width, height) = (number(picture.width), number(picture.height));
    state.texts.with(Key::Picture, &[("width", &width), ("height", &height)])
}

/// What the picture does not show, in words.
pub(crate) fn notes(state: &State) -> Vec<String> {
    let Some(picture) = state.picture() else { return Vec::new() };
    let mut notes = Vec::new();
    if picture.way != Way::Page {
        notes.push(state.texts.get(Key::NoteRaw).into());
    }
    for (at, count) in picture.notes.into_iter().enumerate() {
        if count > 0 {
            let text = state.texts.nth(Key::NoteMasked, at);
            notes.push(crate::text::fill(text, &[("count", &number(count))]));
        }
    }
    notes
}

fn ways(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.open("div", "choice").with("class", "middle");
    page.open("div", "ways").with("class", "ask").with("role", "heading").with("aria-level", "3");
    page.with("tabindex", "-1").text(texts.get(Key::Ways)).close();
    if let Some(why) = state.why {
        page.open("p", "why").with("class", "why").text(texts.get(why)).close();
    }
    if state.has_screen {
        button(page, "screen", "main", texts.get(Key::Screen));
        said(page, "p", texts.get(Key::ScreenHint));
    }
    page.open("label", "").with("class", if state.has_screen { "quiet" } else { "main" });
    page.open("input", "file").with("type", "file").with("class", "unseen");
    page.with("accept", "image/png,image/jpeg,image/webp").close();
    page.text(texts.get(Key::File)).close();
    said(page, "p", texts.get(Key::FileHint));
    if !state.has_screen {
        said(page, "p", texts.get(Key::ScreenNone));
    }
    button(page, "page", "quiet", texts.get(Key::Page));
    if state.picture().is_some() {
        said(page, "p", texts.get(Key::Fresh));
        button(page, "back", "quiet", texts.get(Key::Back));
    }
    page.close();
}

fn tools(page: &mut Page, state: &State) {
    let texts = &state.texts;
    let is_off = state.screen == Screen::Leaving;
    page.open("div", "tools").with("class", "tools").flag("inert", is_off);
    page.open("div", "").with("class", "row").with("role", "radiogroup");
    page.with("aria-label", texts.get(Key::Tool));
    for (at, tool) in TOOLS.into_iter().enumerate() {
        let name = texts.nth(Key::Box, at);
        page.open("label", "").with("title", name);
        radio(page, "tool", at, state.tool == tool);
        icon(page, ICONS[at], tool == Tool::Blackout);
        page.open("span", "").text(name).close().close();
    }
    page.close();
    page.open("div", "").with("class", "row inks").with("role", "radiogroup");
    page.with("aria-label", texts.get(Key::Colour));
    for at in 0..COLOURS.len() {
        let name = texts.nth(Key::Red, at);
        page.open("label", "").with("title", name).with("data-ink", &number(at as i32));
        radio(page, "colour", at, state.colour == at);
        page.open("span", "").with("class", "unseen").text(name).close().close();
    }
    page.close();
    page.open("div", "").with("class", "row");
    icon_button(page, "undo", UNDO, texts.get(Key::Undo), state.history.can_undo());
    icon_button(page, "redo", REDO, texts.get(Key::Redo), state.history.can_redo());
    page.close();
    page.open("div", "").with("class", "row");
    icon_button(page, "out", MINUS, texts.get(Key::ZoomOut), true);
    button(page, "fit", "icon", texts.get(Key::ZoomFit));
    button(page, "full", "icon", "100 %");
    icon_button(page, "in", PLUS, texts.get(Key::ZoomIn), true);
    page.close();
    page.close();
}

fn stage(page: &mut Page, state: &State) {
    let texts = &state.texts;
    let (width, height) = state.picture().map_or((1, 1), |picture| (picture.width, picture.height));
    let (width, height) = (number(width), number(height));
    let is_off = state.screen == Screen::Leaving;
    page.open("div", "stage").with("class", "stage").flag("inert", is_off);
    page.with("data-zoom", &number(state.zoom));
    page.open("canvas", "base")
        .with("width", &width)
        .with("height", &height)
        .with("aria-hidden", "true")
        .close();
    page.open("canvas", "picture").with("width", &width).with("height", &height);
    // Arrow keys are for the cursor here, not for reading.
    page.with("tabindex", "0").with("role", "application").with("aria-label", &picture_label(state));
    page.with("aria-describedby", "capture-help").close();
    page.close();
    page.open("p", "help")
        .with("id", "capture-help")
        .with("class", "unseen")
        .text(texts.get(Key::Help))
        .close();
}

fn typing(page: &mut Page, texts: &Texts, text: &str) {
    page.open("div", "typing").with("class", "foot");
    page.open("input", "typed").with("type", "text").with("maxlength", "200").with("autocomplete", "off");
    page.with("aria-label", texts.get(Key::Typed)).with("placeholder", texts.get(Key::Typed));
    page.with("value", text).close();
    button(page, "add", "main", texts.get(Key::Add));
    button(page, "cancel", "quiet", texts.get(Key::Cancel));
    page.close();
}

fn foot(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.open("div", "foot").with("class", "foot");
    if state.screen == Screen::Leaving {
        page.open("p", "leaving").with("class", "ask").text(texts.get(Key::Leave)).close();
        button(page, "keep", "main", texts.get(Key::Keep));
        button(page, "discard", "quiet", texts.get(Key::Discard));
        page.close();
        return;
    }
    let scene = state.history.now();
    let count = scene.marks.len() + usize::from(scene.crop.is_some());
    fold(page, "marks", texts.get(Key::Marks), count);
    for (at, mark) in scene.marks.iter().enumerate() {
        let words = describe(texts, mark, scene.pin_number(at));
        removable(page, texts, &number(at as i32), &words);
    }
    if scene.crop.is_some() {
        removable(page, texts, "", texts.nth(Key::Box, Tool::Crop as usize));
    }
    page.close().close();
    note_list(page, state);
    size(page, state);
    button(page, "use", "main", texts.get(Key::Use));
    page.close();
}

fn review(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.open("div", "stage").with("class", "stage").with("data-zoom", "0");
    if let File::Ready(file) = state.file {
        page.open("canvas", "proof").with("width", &number(file.width)).with("height", &number(file.height));
        page.with("role", "img").with("aria-label", &picture_label(state)).close();
    } else {
        page.open("i", "").with("class", "busy").close();
    }
    page.close();
    page.open("div", "foot").with("class", "foot");
    page.open("p", "review").with("class", "ask").text(texts.get(Key::Review)).close();
    note_list(page, state);
    size(page, state);
    button(page, "back", "quiet", texts.get(Key::Back));
    page.open("button", "attach").with("type", "button").with("class", "main");
    page.flag("disabled", !matches!(state.file, File::Ready(_))).text(texts.get(Key::Attach)).close();
    page.close();
}

fn note_list(page: &mut Page, state: &State) {
    let mut notes = notes(state);
    if state.picture().is_some_and(|picture| picture.way != Way::Page) {
        page.open("p", "raw").with("class", "why").text(&notes.remove(0)).close();
    }
    fold(page, "notes", state.texts.get(Key::Notes), notes.len());
    for note in &notes {
        page.open("li", "").text(note).close();
    }
    if notes.is_empty() {
        page.open("li", "").text(state.texts.get(Key::NotesNone)).close();
    }
    page.close().close();
}

fn size(page: &mut Page, state: &State) {
    let texts = &state.texts;
    let words = match state.file {
        File::Pending => texts.get(Key::Encoding).into(),
        File::TooBig => texts.get(Key::WhyBig).into(),
        File::Ready(file) => {
            let (width, height) = (number(file.width), number(file.height));
            let kilobytes = number((file.size_bytes + 999) / 1000);
            texts.with(Key::Size, &[("size", &kilobytes), ("width", &width), ("height", &height)])
        }
    };
    page.open("p", "size").with("class", if state.file == File::TooBig { "why" } else { "size" });
    page.text(&words).close();
}

/// Starts a list that opens on demand, and says how long it is.
fn fold(page: &mut Page, hook: &str, title: &str, count: usize) {
    page.open("details", hook);
    let mut words = String::from(title);
    words.push_str(" (");
    words.push_str(&number(count as i32));
    words.push(')');
    page.open("summary", "").text(&words).close();
    page.open("ul", "").with("role", "list");
}

fn removable(page: &mut Page, texts: &Texts, number: &str, words: &str) {
    let mut hook = String::from("remove");
    hook.push_str(number);
    page.open("li", "").open("span", "").text(words).close();
    icon_button(page, &hook, CROSS, &texts.with(Key::Remove, &[("mark", words)]), true);
    page.close();
}

fn radio(page: &mut Page, hook: &str, value: usize, is_checked: bool) {
    page.open("input", hook).with("type", "radio").with("name", hook).with("value", &number(value as i32));
    page.with("checked", if is_checked { "1" } else { "" }).close();
}

fn said(page: &mut Page, tag: &str, text: &str) {
    page.open(tag, "").text(text).close();
}

#[inline(never)]
fn button(page: &mut Page, hook: &str, class: &str, text: &str) {
    page.open("button", hook).with("type", "button").with("class", class).text(text).close();
}

#[inline(never)]
fn icon_button(page: &mut Page, hook: &str, path: &str, label: &str, is_on: bool) {
    page.open("button", hook).with("type", "button").with("class", "icon");
    // Not `disabled`: the button that was just pressed would lose the keyboard's focus with it.
    page.with("aria-disabled", if is_on { "false" } else { "true" });
    page.with("aria-label", label).with("title", label);
    icon(page, path, false);
    page.close();
}

#[inline(never)]
fn icon(page: &mut Page, path: &str, is_full: bool) {
    page.open("svg", "").with("viewBox", "0 0 24 24").with("aria-hidden", "true");
    page.open("path", "").with("d", path);
    if is_full {
        page.with("fill", "currentColor");
    }
    page.close().close();
}

#[cfg(test)]
mod tests;
