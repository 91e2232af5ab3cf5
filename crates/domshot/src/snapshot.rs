//! The page as one SVG: a page-shaped box in a `foreignObject`, the sheets beside it, the images in their holes.

use js_sys::{Array, JsString};

use crate::assets::Assets;
use crate::clock::Clock;
use crate::css::{Conditions, HOLE, HOLE_END, Image, Place, Replay};
use crate::dom::{Node, Rect, pinned};
use crate::error::Error;
use crate::live;
use crate::marks::Marks;
use crate::notes::{Note, Notes};
use crate::options::{Area, Options};
use crate::realm::Realm;
use crate::selector::{SCOPE, Scope};
use crate::sheets;
use crate::svg;
use crate::text::{add, decimal, fill, filled, pixels};
use crate::walk::{Walk, visible_fonts};

/// `transparent`, as computed.
const CLEAR: &str = "rgba(0, 0, 0, 0)";
/// Share of the deadline by which images and fonts must be there; the rest is for painting.
const ASSETS_SHARE: f64 = 0.6;

/// What stands for an image that cannot be shown: a quiet grey area that takes any size.
/// (`<svg preserveAspectRatio='none' viewBox='0 0 1 1'><path fill='#80808026' d='M0 0h1v1H0z'/></svg>`)
const PLACEHOLDER: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0naHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmcnIHByZXNlcnZlQXNwZWN0UmF0aW89J25vbmUnIHZpZXdCb3g9JzAgMCAxIDEnPjxwYXRoIGZpbGw9JyM4MDgwODAyNicgZD0nTTAgMGgxdjFIMHonLz48L3N2Zz4=";

/// Rules that make up for what an SVG document does not do by itself.
const UA: &str = "@layer ds-ua,ds-shadow;@layer ds-ua{:where(a[href]){color:$;text-decoration:underline;cursor:pointer}\
:where([ds-0]){outline:auto 1px -webkit-focus-ring-color}ds-mask{box-sizing:border-box}}\
[ds-z]{box-sizing:border-box!important;width:var(--ds-w)!important;height:var(--ds-h)!important;min-width:0!important;\
min-height:var(--ds-h)!important;max-width:none!important;max-height:none!important;padding:0!important;\
border-color:transparent!important;overflow:hidden!important;flex:none!important}\
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
        self.join("", add)
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
            if let Some(data) = self.data.get(decimal(hole) as usize).and_then(Option::as_ref) {
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
    /// Size of the box that stands for the viewport: fixed and sticky boxes go by it.
    port: (f64, f64),
    /// The wanted area, relative to the viewport.
    seen: Rect,
    /// Where the viewport's corner is in the drawing.
    origin: (f64, f64),
    /// How far the page is scrolled in the drawing.
    scroll: (f64, f64),
}

fn frame(root: &Node, realm: &Realm, area: Area) -> Result<Frame, Error> {
    let view = realm.view;
    let port = (realm.html.number("clientWidth"), realm.html.number("clientHeight"));
    let scroll = (view.x, view.y);
    let seen = match area {
        Area::Viewport => Rect { x: 0.0, y: 0.0, ..view },
        Area::Page => {
            let body = realm.document.object("body");
            let longest = |name| realm.html.number(name).max(body.as_ref().map_or(0.0, |b| b.number(name)));
            let seen = Rect {
                x: -view.x,
                y: -view.y,
                width: longest("scrollWidth"),
                height: longest("scrollHeight"),
            };
            let port = (seen.width, seen.height);
            return check(Frame { port, seen, origin: (0.0, 0.0), scroll: (0.0, 0.0) });
        }
        Area::Element => root.rect().or_else(|| realm.html.rect()).ok_or(Error::EmptyArea)?,
        Area::Rect(r) => Rect { x: r.x - view.x, y: r.y - view.y, ..r },
    };
    check(Frame { port, seen, origin: (-seen.x, -seen.y), scroll })
}

fn check(frame: Frame) -> Result<Frame, Error> {
    let whole = frame.seen.width >= 0.5
        && frame.seen.height >= 0.5
        && frame.seen.x.is_finite()
        && frame.seen.y.is_finite();
    if whole { Ok(frame) } else { Err(Error::EmptyArea) }
}

/// Takes the snapshot.
pub(crate) async fn take(root: &Node, options: &Options, clock: &Clock) -> Result<Snapshot, Error> {
    take_at(root, options, clock, 0).await
}

/// Takes the snapshot of a document that is `depth` frames down.
pub(crate) async fn take_at(
    root: &Node,
    options: &Options,
    clock: &Clock,
    depth: usize,
) -> Result<Snapshot, Error> {
    let realm = Realm::of(root).ok_or(Error::NotAnElement)?;
    let mut page = String::with_capacity(1 << 16);
    if !root.flag("isConnected") {
        return Err(Error::NotAnElement);
    }
    let Frame { port, seen, origin, scroll } = frame(root, &realm, options.area)?;
    let mut notes = Notes::default();
    let mut replay = Replay::default();
    let same_size = seen.width == realm.view.width && seen.height == realm.view.height;
    replay.viewport_unit = (!same_size).then_some((realm.view.width / 100.0, realm.view.height / 100.0));
    replay.dark = realm.media("(prefers-color-scheme:dark)");
    replay.quirks = realm.document.text("compatMode") == "BackCompat";
    replay.states.0.push(":focus-visible".into());
    let mut marks = Marks::new();
    let fetcher = options.fetch.as_ref();
    let mut assets = Assets::default();

    let all_read =
        sheets::gather(&realm.document, Scope::Page, &realm, &mut replay, fetcher, clock, &mut notes).await;
    let mut walk = Walk::new(&realm, options, clock, seen, depth);
    walk.copy_styles = !all_read;
    walk.prepare(&realm.document, &mut replay, &mut marks, &mut assets);
    live::moving(&realm, &mut marks);
    let fonts = visible_fonts(&realm, &mut replay, &mut assets, fetcher);
    walk.run(&mut page, &mut replay, &mut marks, &mut assets, &mut notes).await;
    let canvas = canvas_style(&realm, &mut replay, scroll, seen, origin);
    walk.fetch_images(&mut replay, &mut assets);

    // --- sheets
    let link = realm.document.text("linkColor");
    let mut css = filled(UA, &[if link.is_empty() { "LinkText" } else { &link }]);
    if replay.quirks {
        add(&mut css, QUIRKS);
    }
    for font in &fonts {
        if font.is_needed(&walk.text_seen) {
            add(&mut css, &font.rule);
        }
    }
    add(&mut css, &replay.css);
    add(&mut css, &marks.css);
    let css = css.replace(SCOPE, if walk.has_shadow { ":where(:not([ds-s]))" } else { "" });

    // --- the document
    let mut text = String::with_capacity(page.len() + css.len() + 2048);
    let (width, height) = (pixels(seen.width), pixels(seen.height));
    fill(
        &mut text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"$\" height=\"$\" \
         viewBox=\"0 0 $ $\" style=\"all:initial!important;overflow:hidden!important;\
         width:$px!important;height:$px!important;",
        &[&width, &height, &width, &height, &width, &height],
    );
    svg::value(&mut text, &pinned(&realm.style(&realm.html), "font-size,line-height"));
    add(&mut text, "\"><style>");
    svg::css(&mut text, &css, false);
    let is_within = port == (seen.width, seen.height) || (Rect { x: 0.0, y: 0.0, ..realm.view }).holds(&seen);
    let (port_width, port_height) = (pixels(port.0), pixels(port.1));
    fill(
        &mut text,
        // The inner box holds fixed boxes in all engines, and is the scrollport by which sticky ones find their places.
        "</style><foreignObject style=\"all:initial!important;overflow:visible!important;x:$px!important;y:$px!important;\
         width:$px!important;height:$px!important\" width=\"$\" height=\"$\"><div xmlns=\"http://www.w3.org/1999/xhtml\" \
         style=\"all:initial!important;display:block!important;position:relative!important;contain:layout!important;\
         overflow:$!important;width:$px!important;height:$px!important\"><div style=\"",
        &[
            &pixels(origin.0),
            &pixels(origin.1),
            &port_width,
            &port_height,
            &port_width,
            &port_height,
            if is_within { "hidden" } else { "visible" },
            &port_width,
            &port_height,
        ],
    );
    svg::css(&mut text, &canvas, true);
    fill(
        &mut text,
        "\"></div><div style=\"all:initial!important;display:block!important;\
         position:absolute!important;left:$px!important;top:$px!important;width:$px!important;height:$px!important\">",
        &[
            &pixels(-scroll.0),
            &pixels(-scroll.1),
            &pixels(realm.html.number("clientWidth")),
            &pixels(realm.html.number("clientHeight")),
        ],
    );
    add(&mut text, &page);
    add(&mut text, "</div></div></foreignObject></svg>");

    if walk.is_late {
        notes.add(Note::Deadline);
    }
    // What was asked for comes in, or not.
    let placeholder = |at: usize| {
        let is_shown = replay.images.get(at).is_some_and(|image| image.property == "src");
        is_shown.then(|| JsString::from(PLACEHOLDER))
    };
    let data = assets.settle(clock, ASSETS_SHARE, &mut notes, placeholder).await;
    Ok(Snapshot { text, data, width: seen.width, height: seen.height, notes })
}

/// The style of the box that paints the page's canvas: the root's background, or else the body's, which covers
/// everything but is placed by the root element's box.
fn canvas_style(
    realm: &Realm,
    replay: &mut Replay,
    scroll: (f64, f64),
    seen: Rect,
    origin: (f64, f64),
) -> String {
    let html = realm.style(&realm.html);
    let is_clear = html.value("background-image") == "none" && html.value("background-color") == CLEAR;
    let body = realm.document.object("body").filter(|_| is_clear).map(|body| realm.style(&body));
    let source = body.as_ref().unwrap_or(&html);
    let mut out = String::from("all:initial!important;display:block!important;position:absolute!important;");
    let place = Place { base: &realm.base, scope: Scope::Inner, within: "" };
    let mut copy = |from: &Node, name: &str| {
        let value = from.value(name);
        let is_canvas = name == "background-color" && value == CLEAR;
        let value = if is_canvas { "Canvas".into() } else { replay.value(name, &value, place, realm) };
        if !value.is_empty() {
            fill(&mut out, "$:$!important;", &[name, &value]);
        }
    };
    copy(&html, "color-scheme");
    for name in "background-color,background-image,background-size,background-position,background-repeat,background-blend-mode".split(',') {
        copy(source, name);
    }
    // Around the origin box (the root element's) as much padding as it takes to cover what is seen; all edges are
    // relative to the foreignObject's corner.
    let fixed = source.value("background-attachment") == "fixed";
    let root = realm.html.rect().unwrap_or_default();
    let (left, top, width, height) = if fixed {
        (0.0, 0.0, realm.view.width, realm.view.height)
    } else {
        (root.x + realm.view.x - scroll.0, root.y + realm.view.y - scroll.1, root.width, root.height)
    };
    let over_top = (top + origin.1).max(0.0);
    let over_left = (left + origin.0).max(0.0);
    let over_right = (seen.width - origin.0 - left - width).max(0.0);
    let over_bottom = (seen.height - origin.1 - top - height).max(0.0);
    fill(
        &mut out,
        "left:$px!important;top:$px!important;width:$px!important;height:$px!important;padding:$px $px $px $px!important;\
         background-origin:content-box!important;background-clip:border-box!important",
        &[left - over_left, top - over_top, width, height, over_top, over_right, over_bottom, over_left]
            .map(pixels)
            .each_ref()
            .map(String::as_str),
    );
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
    let hex = |digits: &str, unknown: u32| {
        digits.bytes().fold(0, |n, b| n << 4 | (b as char).to_digit(16).unwrap_or(unknown))
    };
    let range = |range: &str| {
        let range = range.trim().get(2..)?;
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some((hex(from, 0), hex(to, 15)))
    };
    text.split(',').filter_map(range).collect()
}

/// A hole for data that no sheet names; `url` where it is to be fetched.
pub(crate) fn new_hole(replay: &mut Replay, property: &str, url: String) -> usize {
    replay.images.push(Image { selectors: Vec::new(), url, property: property.into(), fit: None });
    replay.images.len() - 1
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
