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
/// An item of a list.
const ITEM: &str = "<li#\"$>";
/// An attribute, as the stream has it.
const INERT: &str = "\u{2}inert=";
const CROSS: &str = "M6 6l12 12M18 6L6 18";

/// The content of the dialog.
pub(crate) fn view(state: &State) -> String {
    let texts = &state.texts;
    let mut page = Page::default();
    let screen = match state.screen {
        Screen::Taking => "taking",
        Screen::Ways => "ways",
        Screen::Drawing => "drawing",
        Screen::Leaving => "leaving",
        Screen::Review => "review",
    };
    page.put(
        "<div#sheet|class=sheet|lang=$|dir=$|data-screen=$<div#|class=top\
         <div#|class=title|id=capture-title|role=heading|aria-level=2\"$>",
        &[texts.locale(), if texts.is_rtl() { "rtl" } else { "ltr" }, screen, texts.get(Key::Title)],
    );
    if matches!(state.screen, Screen::Taking | Screen::Drawing) {
        button(&mut page, "another", "quiet", texts.get(Key::Ways));
    }
    icon_button(&mut page, "close", CROSS, texts.get(Key::Close), true);
    page.put(">", &[]);
    match state.screen {
        Screen::Taking => {
            page.put("<div#taking|class=middle<i#|class=busy><p#\"$>>", &[texts.get(Key::Taking)]);
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
    page.put("<div#said|class=unseen|role=status\"$>>", &[&state.said]);
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
    page.put(
        "<div#choice|class=middle<div#ways|class=ask|role=heading|aria-level=3|tabindex=-1\"$>",
        &[texts.get(Key::Ways)],
    );
    if let Some(why) = state.why {
        page.put("<p#why|class=why\"$>", &[texts.get(why)]);
    }
    if state.has_screen {
        button(page, "screen", "main", texts.get(Key::Screen));
        said(page, texts.get(Key::ScreenHint));
    }
    page.put(
        "<label#|class=$<input#file|type=file|class=unseen|accept=image/png,image/jpeg,image/webp>\"$>",
        &[if state.has_screen { "quiet" } else { "main" }, texts.get(Key::File)],
    );
    said(page, texts.get(Key::FileHint));
    if !state.has_screen {
        said(page, texts.get(Key::ScreenNone));
    }
    button(page, "page", "quiet", texts.get(Key::Page));
    if state.picture().is_some() {
        said(page, texts.get(Key::Fresh));
        button(page, "back", "quiet", texts.get(Key::Back));
    }
    page.put(">", &[]);
}

/// What is out of use while the question is asked.
fn inert(state: &State) -> &'static str {
    if state.screen == Screen::Leaving { INERT } else { "" }
}

fn tools(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.put(
        "<div#tools|class=tools$<div#|class=row|role=radiogroup|aria-label=$",
        &[inert(state), texts.get(Key::Tool)],
    );
    for (at, tool) in TOOLS.into_iter().enumerate() {
        let name = texts.nth(Key::Box, at);
        page.put("<label#|title=$", &[name]);
        radio(page, "tool", at, state.tool == tool);
        icon(page, ICONS[at], tool == Tool::Blackout);
        page.put("<span#\"$>>", &[name]);
    }
    page.put("><div#|class=row inks|role=radiogroup|aria-label=$", &[texts.get(Key::Colour)]);
    for at in 0..COLOURS.len() {
        let name = texts.nth(Key::Red, at);
        page.put("<label#|title=$|data-ink=$", &[name, &number(at as i32)]);
        radio(page, "colour", at, state.colour == at);
        page.put("<span#|class=unseen\"$>>", &[name]);
    }
    page.put("><div#|class=row", &[]);
    icon_button(page, "undo", UNDO, texts.get(Key::Undo), state.history.can_undo());
    icon_button(page, "redo", REDO, texts.get(Key::Redo), state.history.can_redo());
    page.put("><div#|class=row", &[]);
    icon_button(page, "out", MINUS, texts.get(Key::ZoomOut), true);
    button(page, "fit", "icon", texts.get(Key::ZoomFit));
    button(page, "full", "icon", "100 %");
    icon_button(page, "in", PLUS, texts.get(Key::ZoomIn), true);
    page.put(">>", &[]);
}

fn stage(page: &mut Page, state: &State) {
    let texts = &state.texts;
    let (width, height) = state.picture().map_or((1, 1), |picture| (picture.width, picture.height));
    let (width, height) = (number(width), number(height));
    page.put(
        "<div#stage|class=stage$|data-zoom=$<canvas#base|width=$|height=$|aria-hidden=true>",
        &[inert(state), &number(state.zoom), &width, &height],
    );
    // Arrow keys are for the cursor here, not for reading.
    page.put(
        "<canvas#picture|width=$|height=$|tabindex=0|role=application|aria-label=$|aria-describedby=capture-help>>\
         <p#help|id=capture-help|class=unseen\"$>",
        &[&width, &height, &picture_label(state), texts.get(Key::Help)],
    );
}

fn typing(page: &mut Page, texts: &Texts, text: &str) {
    let typed = texts.get(Key::Typed);
    page.put(
        "<div#typing|class=foot<input#typed|type=text|maxlength=200|autocomplete=off|aria-label=$|placeholder=$|value=$>",
        &[typed, typed, text],
    );
    button(page, "add", "main", texts.get(Key::Add));
    button(page, "cancel", "quiet", texts.get(Key::Cancel));
    page.put(">", &[]);
}

fn foot(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.put("<div#foot|class=foot", &[]);
    if state.screen == Screen::Leaving {
        page.put("<p#leaving|class=ask\"$>", &[texts.get(Key::Leave)]);
        button(page, "keep", "main", texts.get(Key::Keep));
        button(page, "discard", "quiet", texts.get(Key::Discard));
    } else {
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
        page.put(">>", &[]);
        note_list(page, state);
        size(page, state);
        button(page, "use", "main", texts.get(Key::Use));
    }
    page.put(">", &[]);
}

fn review(page: &mut Page, state: &State) {
    let texts = &state.texts;
    page.put("<div#stage|class=stage|data-zoom=0", &[]);
    let mut disabled = "|disabled=";
    if let File::Ready(file) = state.file {
        page.put(
            "<canvas#proof|width=$|height=$|role=img|aria-label=$>",
            &[&number(file.width), &number(file.height), &picture_label(state)],
        );
        disabled = "";
    } else {
        page.put("<i#|class=busy>", &[]);
    }
    page.put("><div#foot|class=foot<p#review|class=ask\"$>", &[texts.get(Key::Review)]);
    note_list(page, state);
    size(page, state);
    button(page, "back", "quiet", texts.get(Key::Back));
    page.put("<button#attach|type=button|class=main", &[]);
    page.put(disabled, &[]);
    page.put("\"$>>", &[texts.get(Key::Attach)]);
}

fn note_list(page: &mut Page, state: &State) {
    let mut notes = notes(state);
    if state.picture().is_some_and(|picture| picture.way != Way::Page) {
        page.put("<p#raw|class=why\"$>", &[&notes.remove(0)]);
    }
    fold(page, "notes", state.texts.get(Key::Notes), notes.len());
    for note in &notes {
        page.put(ITEM, &[note]);
    }
    if notes.is_empty() {
        page.put(ITEM, &[state.texts.get(Key::NotesNone)]);
    }
    page.put(">>", &[]);
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
    page.put("<p#size|class=$\"$>", &[if state.file == File::TooBig { "why" } else { "size" }, &words]);
}

/// Starts a list that opens on demand, and says how long it is.
fn fold(page: &mut Page, hook: &str, title: &str, count: usize) {
    page.put("<details#$<summary#\"$ ($)><ul#|role=list", &[hook, title, &number(count as i32)]);
}

fn removable(page: &mut Page, texts: &Texts, number: &str, words: &str) {
    let mut hook = String::from("remove");
    hook.push_str(number);
    page.put("<li#<span#\"$>", &[words]);
    icon_button(page, &hook, CROSS, &texts.with(Key::Remove, &[("mark", words)]), true);
    page.put(">", &[]);
}

fn radio(page: &mut Page, hook: &str, value: usize, is_checked: bool) {
    page.put(
        "<input#$|type=radio|name=$|value=$|checked=$>",
        &[hook, hook, &number(value as i32), if is_checked { "1" } else { "" }],
    );
}

fn said(page: &mut Page, text: &str) {
    page.put("<p#\"$>", &[text]);
}

#[inline(never)]
fn button(page: &mut Page, hook: &str, class: &str, text: &str) {
    page.put("<button#$|type=button|class=$\"$>", &[hook, class, text]);
}

#[inline(never)]
fn icon_button(page: &mut Page, hook: &str, path: &str, label: &str, is_on: bool) {
    // Not `disabled`: the button that was just pressed would lose the keyboard's focus with it.
    page.put(
        "<button#$|type=button|class=icon|aria-disabled=$|aria-label=$|title=$",
        &[hook, if is_on { "false" } else { "true" }, label, label],
    );
    icon(page, path, false);
    page.put(">", &[]);
}

#[inline(never)]
fn icon(page: &mut Page, path: &str, is_full: bool) {
    page.put("<svg#|viewBox=0 0 24 24|aria-hidden=true<path#|d=$", &[path]);
    if is_full {
        page.put("|fill=currentColor", &[]);
    }
    page.put(">>", &[]);
}

#[cfg(test)]
mod tests;
