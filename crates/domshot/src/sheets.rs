//! The stylesheets of one tree, read in their order and handed to the replay.

use js_sys::Function;

use crate::clock::Clock;
use crate::css::{Conditions, Place, Replay};
use crate::dom::{Node, fetched_text, rules};
use crate::notes::{Note, Notes};
use crate::realm::Realm;
use crate::selector::{Scope, skip, split};
use crate::svg::unmarked;
use crate::text::{fill, number};

/// Imports within imports go this deep, and no further.
const MAX_DEPTH: usize = 8;
/// Imports read per tree: far beyond any page, and an end to pages that import without one.
const MAX_IMPORTS: usize = 256;
/// Share of the deadline by which all sheets must be there.
const SHARE: f64 = 0.35;

enum Step {
    /// A sheet that is to be opened.
    Sheet { sheet: Node, depth: usize },
    /// The rules from `at` on of an open one.
    Rules { list: Node, at: u32, base: String, depth: usize },
    /// A sheet of another origin, which scripts may not open, by its address.
    Closed { url: String, depth: usize },
    /// What such a sheet says.
    Text { text: String, url: String },
    /// The end of a layer.
    Close,
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
    let mut steps = Vec::new();
    // A stack: what comes first goes in last.
    for list in ["adoptedStyleSheets", "styleSheets"] {
        if let Some(list) = root.object(list) {
            for at in (0..list.number("length") as usize).rev() {
                if let Some(sheet) = list.object(&number(at)) {
                    steps.push(Step::Sheet { sheet, depth: 0 });
                }
            }
        }
    }
    let (mut all_read, mut imports) = (true, 0);
    while let Some(step) = steps.pop() {
        if clock.is_turn_over() {
            clock.yield_turn().await;
        }
        match step {
            Step::Close => replay.css.push('}'),
            Step::Sheet { sheet, depth } => {
                if sheet.flag("disabled") || !realm.media(&sheet.text("media.mediaText")) {
                    continue;
                }
                let url = sheet.text("href");
                match sheet.object("cssRules") {
                    Some(list) => {
                        let base = if url.is_empty() { realm.base.clone() } else { url };
                        steps.push(Step::Rules { list, at: 0, base, depth });
                    }
                    None if url.is_empty() => {}
                    None => steps.push(Step::Closed { url, depth }),
                }
            }
            Step::Closed { url, depth } => {
                let text = match fetcher {
                    Some(fetcher) => clock.until(&fetched_text(fetcher, &url), SHARE).await.as_string(),
                    None => None,
                };
                let Some(text) = text.map(unmarked) else {
                    notes.add(Note::Stylesheet);
                    all_read = false;
                    continue;
                };
                // What it imports comes before it, as it does in its text.
                let wanted = imported(&text);
                let mut before = Vec::new();
                for (address, condition) in wanted {
                    if depth < MAX_DEPTH && imports < MAX_IMPORTS && realm.media(condition) {
                        imports += 1;
                        before.push(Step::Closed { url: realm.resolve(address, &url), depth: depth + 1 });
                    }
                }
                steps.push(Step::Text { text, url });
                steps.extend(before.into_iter().rev());
            }
            Step::Text { text, url } => {
                replay.rules(&text, Place { base: &url, scope, within: "" }, realm);
            }
            Step::Rules { list, at, base, depth } => {
                let mut end = [0.0];
                let text = rules(&list, at, &mut end);
                replay.rules(&unmarked(text), Place { base: &base, scope, within: "" }, realm);
                let at = end[0] as u32;
                let rule = list.object(&number(at as usize));
                let Some(rule) = rule.filter(|_| clock.left_ms(SHARE) > 0.0) else { continue };
                let is_import = rule.object("media").is_some() && rule.object("href").is_some();
                steps.push(Step::Rules { list, at: at + u32::from(is_import), base, depth });
                if !is_import {
                    continue;
                }
                let supports = rule.text("supportsText");
                let applies = realm.media(&rule.text("media.mediaText"))
                    && (supports.is_empty() || realm.supports(&supports));
                let sheet = rule
                    .object("styleSheet")
                    .filter(|_| applies && depth < MAX_DEPTH && imports < MAX_IMPORTS);
                let Some(sheet) = sheet else { continue };
                imports += 1;
                if let Some(layer) = rule.any("layerName").as_string() {
                    fill(&mut replay.css, "@layer ${", &[&layer]);
                    steps.push(Step::Close);
                }
                steps.push(Step::Sheet { sheet, depth: depth + 1 });
            }
        }
    }
    all_read
}

/// Address and media condition of each `@import` at the head of `css`.
fn imported(css: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for statement in split(css, b';') {
        let Some(rest) = statement.trim_start().strip_prefix("@import") else { break };
        let rest = rest.trim();
        let end = skip(rest, if rest.starts_with("url(") { 3 } else { 0 });
        let url = rest[..end].trim_start_matches("url(").trim_end_matches(')').trim_matches(['"', '\'', ' ']);
        found.push((url, rest[end..].trim()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_raw_text_are_found_with_their_conditions() {
        let found = imported("@import \"a.css\" print;@import url(b.css);a{b:c}");
        assert_eq!(found, [("a.css", "print"), ("b.css", "")]);
    }
}
