//! The stylesheets of one tree, read in their order and handed to the replay.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::assets::fetch;
use crate::clock::Clock;
use crate::css::{Conditions, Place, Replay};
use crate::dom::{Node, get};
use crate::notes::{Note, Notes};
use crate::realm::Realm;
use crate::selector::{Scope, split};
use crate::svg::unmarked;

/// Imports within imports go this deep, and no further.
const MAX_DEPTH: usize = 8;
/// Sheets read per tree: far beyond any page, and an end to pages that import without one.
const MAX_SHEETS: usize = 512;
/// Share of the deadline by which all sheets must be there.
const SHARE: f64 = 0.35;

enum Step {
    Rules { list: Node, at: u32, count: u32, base: String, depth: usize },
    Text { text: String, base: String, depth: usize },
    Close(&'static str),
}

/// Reads the sheets of `root` (document or shadow root) into `replay`; false if one of them could not be read.
pub(crate) async fn gather(
    root: &Node,
    scope: Scope,
    realm: &Realm,
    replay: &mut Replay,
    fetcher: Option<&Function>,
    clock: &Clock,
    notes: &mut Notes,
) -> bool {
    let mut sheets = Vec::new();
    for list in ["styleSheets", "adoptedStyleSheets"] {
        if let Some(list) = root.object(list) {
            let count = list.number("length") as usize;
            sheets.extend((0..count).filter_map(|i| list.object(&crate::selector::number(i))));
        }
    }
    let mut all_read = true;
    let mut budget = MAX_SHEETS;
    for sheet in sheets {
        let mut steps = vec![];
        match open(&sheet, realm, 0) {
            Opened::Rules(step) => steps.push(step),
            Opened::Skip => {}
            Opened::Closed(url) => match text(&url, fetcher, clock).await {
                Some(css) => steps.push(Step::Text { text: css, base: url, depth: 0 }),
                None => {
                    notes.add(Note::Stylesheet);
                    all_read = false;
                }
            },
        }
        while let Some(step) = steps.pop() {
            match step {
                Step::Close(text) => replay.css.push_str(text),
                Step::Text { text: css, base, depth } => {
                    // A fetched sheet's imports come first, as they must in its text.
                    for (url, condition) in imports(&css) {
                        let url = realm.resolve(&url, &base);
                        if depth < MAX_DEPTH && budget > 0 && realm.media(&condition) {
                            budget -= 1;
                            if let Some(css) = text(&url, fetcher, clock).await {
                                replay.rules(&css, Place { base: &url, scope, within: "" }, realm);
                            }
                        }
                    }
                    replay.rules(&css, Place { base: &base, scope, within: "" }, realm);
                }
                Step::Rules { list, mut at, count, base, depth } => {
                    while at < count {
                        let rule = list.item(at).ok().flatten();
                        at += 1;
                        if at % 64 == 0 && clock.is_turn_over() {
                            clock.yield_turn().await;
                            if clock.left_ms(SHARE) == 0.0 {
                                break;
                            }
                        }
                        let Some(rule) = rule else { continue };
                        let Ok(css) = rule.css_text() else { continue };
                        if !css.starts_with("@import") {
                            replay.rules(&unmarked(css), Place { base: &base, scope, within: "" }, realm);
                            continue;
                        }
                        let Some(sheet) = rule.object("styleSheet").filter(|_| depth < MAX_DEPTH && budget > 0) else { continue };
                        budget -= 1;
                        let supports = rule.text("supportsText");
                        let media = rule.object("media").map(|m| m.text("mediaText")).unwrap_or_default();
                        if !realm.media(&media) || !(supports.is_empty() || realm.supports(&["(", &supports, ")"].concat())) {
                            continue;
                        }
                        steps.push(Step::Rules { list: list.clone(), at, count, base: base.clone(), depth });
                        if let Some(layer) = get(&rule, "layerName").ok().and_then(|l| l.as_string()) {
                            replay.css.push_str(&["@layer ", &layer, "{"].concat());
                            steps.push(Step::Close("}"));
                        }
                        match open(&sheet, realm, depth + 1) {
                            Opened::Rules(step) => steps.push(step),
                            Opened::Skip => {}
                            Opened::Closed(url) => match text(&url, fetcher, clock).await {
                                Some(css) => steps.push(Step::Text { text: css, base: url, depth: depth + 1 }),
                                None => {
                                    notes.add(Note::Stylesheet);
                                    all_read = false;
                                }
                            },
                        }
                        break;
                    }
                }
            }
        }
    }
    all_read
}

enum Opened {
    Rules(Step),
    /// Switched off, for another medium, or without content.
    Skip,
    /// Of another origin: scripts may not look inside; its address.
    Closed(String),
}

fn open(sheet: &Node, realm: &Realm, depth: usize) -> Opened {
    let media = sheet.object("media").map(|m| m.text("mediaText")).unwrap_or_default();
    if sheet.flag("disabled") || !realm.media(&media) {
        return Opened::Skip;
    }
    let href = sheet.text("href");
    match get(sheet, "cssRules") {
        Ok(list) if list.is_object() => {
            let list: Node = list.unchecked_into();
            let base = if href.is_empty() { realm.base().into() } else { href };
            Opened::Rules(Step::Rules { at: 0, count: list.number("length") as u32, list, base, depth })
        }
        _ if href.is_empty() => Opened::Skip,
        _ => Opened::Closed(href),
    }
}

/// The text behind `url`, if the fetcher brings it in time.
async fn text(url: &str, fetcher: Option<&Function>, clock: &Clock) -> Option<String> {
    let blob = clock.wait(&fetch(fetcher?, url)?, SHARE).await?;
    let text = blob.unchecked_into::<Node>().call("text", &[]).ok()?;
    clock.wait(text.dyn_ref::<js_sys::Promise>()?, SHARE).await?.as_string().map(unmarked)
}

/// Address and media condition of each `@import` at the head of `css`.
fn imports(css: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for statement in split(css, b';') {
        let Some(rest) = statement.trim_start().strip_prefix("@import") else { continue };
        let rest = rest.trim();
        let end = crate::selector::skip(rest, if rest.starts_with("url(") { 3 } else { 0 });
        let url = rest[..end].trim_start_matches("url(").trim_end_matches(')').trim_matches(['"', '\'', ' ']);
        found.push((url.into(), rest[end..].trim().into()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_raw_text_are_found_with_their_conditions() {
        let found = imports("@import \"a.css\" print;@import url(b.css);a{b:c}");
        assert_eq!(found, [("a.css".to_string(), "print".to_string()), ("b.css".into(), String::new())]);
    }
}
