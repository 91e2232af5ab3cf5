//! The page as one SVG: a page-shaped box in a `foreignObject`, the sheets beside it, the images in their holes.

use js_sys::{Array, JsString};

use crate::assets::{Assets, Slot};
use crate::clock::Clock;
use crate::css::{HOLE, HOLE_END, Place, Replay};
use crate::dom::{Node, Rect};
use crate::error::Error;
use crate::live;
use crate::marks::Marks;
use crate::notes::{Note, Notes};
use crate::options::{Area, Options};
use crate::realm::Realm;
use crate::selector::{SCOPE, Scope, number};
use crate::sheets;
use crate::svg::{self, pixels};
use crate::walk::{Walk, visible_fonts};

/// Share of the deadline by which images and fonts must be there; the rest is for painting.
const ASSETS_SHARE: f64 = 0.6;

/// What stands for an image that cannot be shown: a quiet grey area that takes any size.
const PLACEHOLDER: &str = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' preserveAspectRatio='none' viewBox='0 0 1 1'><path fill='%2380808026' d='M0 0h1v1H0z'/></svg>";

/// Rules that make up for what an SVG document does not do by itself.
const UA: &str = "@layer ds-ua,ds-shadow;@layer ds-ua{:where(a[href]){color:LinkText;text-decoration:underline;cursor:pointer}\
:where([ds-0]){outline:auto 1px -webkit-focus-ring-color}ds-mask{box-sizing:border-box}}\
*,::before,::after{transition:none!important;animation-play-state:paused}";

/// The rules that only quirks mode has.
const QUIRKS: &str = "@layer ds-ua{:where(table){font-size:medium;font-weight:400;font-style:normal;font-variant:normal;line-height:normal;white-space:normal;text-align:start}}";

/// A page as SVG, complete in itself: it names no address, runs nothing, and holds nothing that was masked.
#[derive(Clone, Debug)]
pub struct Snapshot {
    text: String,
    /// What fills the holes of `text`, by number.
    data: Vec<Option<JsString>>,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// What it does not show.
    pub notes: Notes,
}

impl Snapshot {
    /// The SVG document's text.
    pub fn svg(&self) -> JsString {
        self.join("", |out, text| out.push_str(text))
    }

    /// The same as an address for an image.
    pub(crate) fn data_url(&self) -> JsString {
        self.join("data:image/svg+xml;charset=utf-8,", svg::url_escape)
    }

    /// Images stay where they are, in JavaScript's memory: only our own text passes the border.
    fn join(&self, head: &str, add: fn(&mut String, &str)) -> JsString {
        let parts = Array::new();
        let mut run = String::with_capacity(self.text.len() + self.text.len() / 8);
        run.push_str(head);
        let mut pieces = self.text.split(HOLE);
        add(&mut run, pieces.next().unwrap_or_default());
        for piece in pieces {
            let Some((hole, rest)) = piece.split_once(HOLE_END) else { continue };
            if let Some(data) = self.data.get(crate::css::decimal(hole) as usize).and_then(Option::as_ref) {
                parts.push(&run.as_str().into());
                parts.push(data);
                run.clear();
            }
            add(&mut run, rest);
        }
        parts.push(&run.as_str().into());
        parts.join("")
    }
}

/// Where things are: what is wanted, and where the page's box goes.
struct Frame {
    /// The wanted area, relative to the viewport.
    seen: Rect,
    /// Where the viewport's corner is in the drawing.
    origin: (f64, f64),
    /// How far the page is scrolled in the drawing.
    scroll: (f64, f64),
}

fn frame(root: &Node, realm: &Realm, area: Area) -> Result<Frame, Error> {
    let view = realm.view;
    let scroll = (view.x, view.y);
    let seen = match area {
        Area::Viewport => Rect { x: 0.0, y: 0.0, ..view },
        Area::Page => {
            let body = realm.document.object("body");
            let longest = |name| realm.html.number(name).max(body.as_ref().map_or(0.0, |b| b.number(name)));
            let seen = Rect { x: -view.x, y: -view.y, width: longest("scrollWidth"), height: longest("scrollHeight") };
            return check(Frame { seen, origin: (0.0, 0.0), scroll: (0.0, 0.0) });
        }
        Area::Element if root.node_type() == Ok(9) => realm.html.rect().ok_or(Error::EmptyArea)?,
        Area::Element => root.rect().ok_or(Error::EmptyArea)?,
        Area::Rect(r) => Rect { x: r.x - view.x, y: r.y - view.y, ..r },
    };
    check(Frame { seen, origin: (-seen.x, -seen.y), scroll })
}

fn check(frame: Frame) -> Result<Frame, Error> {
    let whole = frame.seen.width >= 0.5 && frame.seen.height >= 0.5 && frame.seen.x.is_finite() && frame.seen.y.is_finite();
    if whole { Ok(frame) } else { Err(Error::EmptyArea) }
}

/// Takes the snapshot.
pub(crate) async fn take(root: &Node, options: &Options, clock: &Clock) -> Result<Snapshot, Error> {
    take_at(root, options, clock, 0).await
}

/// Takes the snapshot of a document that is `depth` frames down.
pub(crate) async fn take_at(root: &Node, options: &Options, clock: &Clock, depth: usize) -> Result<Snapshot, Error> {
    let realm = Realm::of(root).ok_or(Error::NotAnElement)?;
    if !root.flag("isConnected") {
        return Err(Error::NotAnElement);
    }
    let Frame { seen, origin, scroll } = frame(root, &realm, options.area)?;
    let mut notes = Notes::default();
    let mut replay = Replay::default();
    let same_size = seen.width == realm.view.width && seen.height == realm.view.height;
    replay.viewport_unit = (!same_size).then_some((realm.view.width / 100.0, realm.view.height / 100.0));
    replay.dark = crate::css::Conditions::media(&realm, "(prefers-color-scheme:dark)");
    replay.quirks = realm.document.text("compatMode") == "BackCompat";
    replay.states.0.push(":focus-visible".into());
    let mut marks = Marks::new();
    let fetcher = options.fetch.as_ref();
    let mut assets = Assets::default();

    let all_read = sheets::gather(&realm.document, Scope::Page, &realm, &mut replay, fetcher, clock, &mut notes).await;
    let mut walk = Walk::new(&realm, options, clock, seen, depth);
    walk.copy_styles = !all_read;
    walk.prepare(&realm.document, 0, &mut replay, &mut marks, &mut assets);
    live::animations(&realm, &mut marks);
    let fonts = visible_fonts(&realm, &mut replay, &mut assets, fetcher);
    clock_turn(clock).await;

    let mut page = String::with_capacity(1 << 16);
    Box::pin(walk.run(&mut page, &mut replay, &mut marks, &mut assets, &mut notes)).await;

    let canvas = canvas_style(&realm, &mut replay, scroll, seen, origin);
    walk.fetch_images(&mut replay, &mut assets);
    let (hidden_text, size) = (walk.text_seen.clone(), (pixels(seen.width), pixels(seen.height)));

    // --- sheets
    let mut css = String::with_capacity(replay.css.len() * 9 / 8);
    css.push_str(UA);
    if replay.quirks {
        css.push_str(QUIRKS);
    }
    let fonts: Vec<_> = fonts.into_iter().filter(|f| f.is_needed(&hidden_text)).collect();
    for font in &fonts {
        css.push_str(&font.rule);
    }
    css.push_str(&replay.css);
    css.push_str(&marks.css);
    let css = css.replace(SCOPE, if walk.has_shadow { ":where(:not([ds-s]))" } else { "" });

    // --- the document
    let html_style = realm.window.style(&realm.html, "");
    let html_value = |name: &str| html_style.as_ref().map(|s| s.value(name)).unwrap_or_default();
    let mut text = String::with_capacity(page.len() + css.len() + 2048);
    let (width, height) = &size;
    text.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"");
    text.push_str(&[width, "\" height=\"", height, "\" viewBox=\"0 0 ", width, " ", height].concat());
    text.push_str("\" style=\"all:initial!important;font-size:");
    svg::value(&mut text, &html_value("font-size"));
    text.push_str("!important;line-height:");
    svg::value(&mut text, &html_value("line-height"));
    text.push_str("!important;overflow:hidden!important\"><style>");
    svg::css(&mut text, &css, false);
    text.push_str("</style><foreignObject style=\"all:initial!important;overflow:visible!important\" x=\"");
    text.push_str(&[&pixels(origin.0), "\" y=\"", &pixels(origin.1), "\" width=\""].concat());
    text.push_str(&[&pixels(realm.view.width), "\" height=\"", &pixels(realm.view.height)].concat());
    text.push_str("\"><div xmlns=\"http://www.w3.org/1999/xhtml\" style=\"");
    svg::css(&mut text, &canvas, true);
    text.push_str("\"></div><div xmlns=\"http://www.w3.org/1999/xhtml\" style=\"all:initial!important;");
    text.push_str("display:block!important;position:absolute!important;left:");
    text.push_str(&[&pixels(-scroll.0), "px!important;top:", &pixels(-scroll.1), "px!important;width:"].concat());
    text.push_str(&[&pixels(realm.html.number("clientWidth")), "px!important;height:"].concat());
    text.push_str(&[&pixels(realm.html.number("clientHeight")), "px!important\">"].concat());
    text.push_str(&page);
    text.push_str("</div></foreignObject></svg>");

    // --- what was asked for comes in, or not
    let slots = assets.settle(clock, ASSETS_SHARE).await;
    let mut data = Vec::with_capacity(slots.len());
    for (at, slot) in slots.into_iter().enumerate() {
        data.push(match slot {
            Slot::Data(data) => Some(data),
            Slot::Empty => None,
            Slot::Failed(note) => {
                notes.add(note);
                let shown = replay.images.get(at).is_some_and(|i| i.property == "src");
                shown.then(|| JsString::from(PLACEHOLDER))
            }
        });
    }
    if walk.is_late {
        notes.add(Note::Deadline);
    }
    Ok(Snapshot { text, data, width: seen.width, height: seen.height, notes })
}

async fn clock_turn(clock: &Clock) {
    if clock.is_turn_over() {
        clock.yield_turn().await;
    }
}

/// The style of the box that paints the page's canvas: the root's background, or else the body's, which covers
/// everything but is placed by the root element's box.
fn canvas_style(realm: &Realm, replay: &mut Replay, scroll: (f64, f64), seen: Rect, origin: (f64, f64)) -> String {
    let html = realm.window.style(&realm.html, "");
    let body = realm.document.object("body");
    let is_clear = |s: &Node| s.value("background-image") == "none" && s.value("background-color") == "rgba(0, 0, 0, 0)";
    let source = match (&html, &body) {
        (Some(style), Some(body)) if is_clear(style) => realm.window.style(body, ""),
        _ => html.clone(),
    };
    let mut out = String::from("all:initial!important;display:block!important;position:absolute!important;");
    let scheme = html.map(|s| s.value("color-scheme")).unwrap_or_default();
    let place = Place { base: realm.base(), scope: Scope::Inner, within: "" };
    let scheme = replay.value("color-scheme", &scheme, place, realm);
    if !scheme.is_empty() {
        out.push_str(&["color-scheme:", &scheme, "!important;"].concat());
    }
    // Around the origin box (the root element's) as much padding as it takes to cover what is seen.
    let root = realm.html.rect().unwrap_or_default();
    let mut fixed = false;
    if let Some(style) = source {
        fixed = style.value("background-attachment") == "fixed";
        for name in ["background-color", "background-image", "background-size", "background-position", "background-repeat", "background-blend-mode"] {
            let value = style.value(name);
            if name == "background-color" && value == "rgba(0, 0, 0, 0)" {
                continue;
            }
            let value = replay.value(name, &value, place, realm);
            out.push_str(&[name, ":", &value, "!important;"].concat());
        }
    }
    if !out.contains("background-color") {
        out.push_str("background-color:Canvas!important;");
    }
    // Edges relative to the foreignObject's corner.
    let (left, top) = if fixed { (0.0, 0.0) } else { (root.x + realm.view.x - scroll.0, root.y + realm.view.y - scroll.1) };
    let size = if fixed { (realm.view.width, realm.view.height) } else { (root.width, root.height) };
    let (from_x, from_y) = (-origin.0, -origin.1);
    let pad = [
        (top - from_y).max(0.0),
        (from_x + seen.width - left - size.0).max(0.0),
        (from_y + seen.height - top - size.1).max(0.0),
        (left - from_x).max(0.0),
    ];
    for (name, value) in [("left", left - pad[3]), ("top", top - pad[0]), ("width", size.0), ("height", size.1)] {
        out.push_str(&[name, ":", &pixels(value), "px!important;"].concat());
    }
    out.push_str("padding:");
    for side in pad {
        out.push_str(&[&pixels(side), "px "].concat());
    }
    out.push_str("!important;background-origin:content-box!important;background-clip:border-box!important");
    out
}

/// A font face to carry along.
pub(crate) struct Font {
    /// The `@font-face` rule, its source a hole.
    pub(crate) rule: String,
    /// First and last code points that it serves; all where none are listed.
    pub(crate) ranges: Vec<(u32, u32)>,
}

impl Font {
    fn is_needed(&self, text_seen: &[u64]) -> bool {
        self.ranges.is_empty()
            || self.ranges.iter().any(|(from, to)| {
                // The text seen is kept as one bit per 64 code points: a face too many costs little.
                (from / 64..=(to / 64).min(text_seen.len() as u32 * 64)).any(|block| {
                    text_seen.get(block as usize / 64).is_some_and(|bits| bits >> (block % 64) & 1 == 1)
                })
            })
    }
}

/// `U+0-FF, U+131, U+4??` as first and last code points.
pub(crate) fn unicode_ranges(text: &str) -> Vec<(u32, u32)> {
    let hex = |digits: &str, unknown: char| {
        u32::from_str_radix(&digits.trim().replace('?', unknown.encode_utf8(&mut [0; 4])), 16).ok()
    };
    text.split(',')
        .filter_map(|range| {
            let range = range.trim().get(2..)?;
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            Some((hex(from, '0')?, hex(to, 'f')?))
        })
        .collect()
}

/// The number of a hole for data that is no sheet's.
pub(crate) fn new_hole(replay: &mut Replay, property: &str) -> usize {
    replay.images.push(crate::css::Image { selectors: Vec::new(), url: String::new(), property: property.into() });
    replay.images.len() - 1
}

/// A `src` for hole `at`.
pub(crate) fn hole_text(at: usize) -> String {
    let mut text = String::from(HOLE);
    text.push_str(&number(at));
    text.push(HOLE_END);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unicode_ranges_are_read_in_all_their_forms() {
        assert_eq!(unicode_ranges("U+0-FF, U+131, u+4??"), [(0, 0xff), (0x131, 0x131), (0x400, 0x4ff)]);
    }

    #[test]
    fn faces_for_letters_that_are_not_seen_stay_behind() {
        let mut seen = vec![0_u64; 4];
        seen[0] |= 1 << ('a' as u32 / 64);
        let face = |ranges| Font { rule: String::new(), ranges };
        assert!(face(vec![(0, 0xff)]).is_needed(&seen));
        assert!(!face(vec![(0x400, 0x4ff)]).is_needed(&seen));
        assert!(face(vec![]).is_needed(&seen));
    }
}
