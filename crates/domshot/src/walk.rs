//! One walk over what can be seen, writing the clone as it goes.

use js_sys::{Array, Function, JsString};
use wasm_bindgen::prelude::*;

use crate::assets::{Assets, bitmap};
use crate::clock::Clock;
use crate::css::{Place, Replay};
use crate::dom::{Node, Rect};
use crate::live;
use crate::marks::Marks;
use crate::mask::{self, Field};
use crate::notes::{Note, Notes};
use crate::options::{Inputs, Options};
use crate::realm::Realm;
use crate::selector::{Scope, number};
use crate::sheets;
use crate::snapshot::{Font, hole_text, new_hole, unicode_ranges};
use crate::svg::{self, pixels};

/// Shadows, outlines and blurs reach this far, in CSS pixels, beyond the box that casts them.
const REACH: f64 = 64.0;
/// Shares of the deadline by which sheets, and the whole walk, must be done.
const WALK_SHARE: f64 = 0.5;
/// Frames within frames go this deep.
const MAX_FRAMES: usize = 3;
/// Masked text in a field: eight blocks, however long the value.
const BAR: &str = "████████";

enum Next {
    Sibling(Option<Node>),
    List(std::vec::IntoIter<Node>),
}

/// One open element.
struct Level {
    close: String,
    next: Next,
    /// What of it can be seen, relative to the viewport.
    clip: Rect,
    /// All of it lies within `clip`, so its children need no asking.
    is_inside: bool,
    /// Inside an SVG image, where CSS boxes do not exist.
    is_svg: bool,
    /// Number of the shadow tree its children belong to.
    tree: Option<usize>,
    /// Cells need their widths pinned, because rows of the table are missing.
    pins_cells: bool,
    /// Its trailing children may be cut off.
    element: Option<Node>,
}

/// What an element turned out to be.
enum Found {
    /// Written, with everything inside.
    Done,
    /// Written up to its children.
    Open(Level),
    /// A shadow tree whose sheets must be read first.
    Shadow(Level, Node, usize),
    /// A frame whose document may be read.
    Frame(Node, usize),
}

pub(crate) struct Walk<'a> {
    realm: &'a Realm,
    options: &'a Options,
    clock: &'a Clock,
    seen: Rect,
    /// Tree around each shadow tree.
    trees: Vec<Option<usize>>,
    scrolls: usize,
    top: usize,
    /// One bit per 64 code points that occur in seen text.
    pub(crate) text_seen: Vec<u64>,
    pub(crate) has_shadow: bool,
    pub(crate) is_late: bool,
    /// A sheet is missing: computed styles stand in for it.
    pub(crate) copy_styles: bool,
    depth: usize,
    images_started: usize,
    /// Fragments of this document that something refers to.
    references: Vec<String>,
    /// `(address, fragment)` of other SVG files.
    externals: Vec<(String, String)>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(realm: &'a Realm, options: &'a Options, clock: &'a Clock, seen: Rect, depth: usize) -> Walk<'a> {
        Walk {
            realm,
            options,
            clock,
            seen: seen.grown(REACH),
            trees: Vec::new(),
            scrolls: 0,
            top: 0,
            text_seen: vec![0; 272],
            has_shadow: false,
            is_late: false,
            copy_styles: false,
            depth,
            images_started: 0,
            references: Vec::new(),
            externals: Vec::new(),
        }
    }

    /// Marks what must be known about the elements of one tree before the walk enters it.
    pub(crate) fn prepare(
        &mut self,
        root: &Node,
        first_state: usize,
        replay: &mut Replay,
        marks: &mut Marks,
        assets: &mut Assets,
    ) {
        live::states(root, &replay.states, first_state, marks);
        live::lost(root, self.realm, &std::mem::take(&mut replay.lost), &self.seen, marks);
        live::top_layer(root, self.realm, &mut self.top, marks);
        for (selectors, hides) in [(&self.options.mask, false), (&self.options.hide, true)] {
            if !selectors.is_empty() {
                for element in root.select(selectors) {
                    let mark = marks.on(&element);
                    if hides { mark.hide = true } else { mark.mask = true }
                }
            }
        }
        let mut escapes = std::mem::take(&mut replay.escapes);
        escapes.push("[style*=position],[style*=trans],[style*=margin]".into());
        for element in root.select(&[":is(", &escapes.join(","), ")"].concat()) {
            if element.rect().is_some_and(|r| r.meets(&self.seen)) {
                marks.keep_ancestors(&element);
            }
        }
        // A branch that counts must be walked even where it is not seen.
        let counters = std::mem::take(&mut replay.counters);
        if !counters.is_empty() {
            for element in root.select(&[":is(", &counters.join(","), ")"].concat()) {
                if element.rect().is_some_and(|r| r.y < self.seen.bottom()) {
                    marks.keep_ancestors(&element);
                    marks.on(&element).keep = true;
                }
            }
        }
        // Images of rules are wanted only where an element that is seen matches.
        for at in self.images_started..replay.images.len() {
            let image = &replay.images[at];
            let is_seen = image.selectors.iter().any(|s| {
                root.select(s).iter().take(200).any(|e| e.rect().is_some_and(|r| r.meets(&self.seen)))
            });
            if is_seen {
                assets.fetch(at, Note::Image, std::slice::from_ref(&image.url), self.options.fetch.as_ref());
            }
        }
        self.images_started = replay.images.len();
    }

    /// Asks for the images of inline styles met on the way.
    pub(crate) fn fetch_images(&mut self, replay: &mut Replay, assets: &mut Assets) {
        for at in self.images_started..replay.images.len() {
            let image = &replay.images[at];
            if !image.url.is_empty() {
                assets.fetch(at, Note::Image, std::slice::from_ref(&image.url), self.options.fetch.as_ref());
            }
        }
        self.images_started = replay.images.len();
    }

    /// Writes the page's `<html>` with all that can be seen.
    pub(crate) async fn run(
        &mut self,
        out: &mut String,
        replay: &mut Replay,
        marks: &mut Marks,
        assets: &mut Assets,
        notes: &mut Notes,
    ) {
        let root = self.realm.html.clone();
        self.branch(vec![root], false, out, replay, marks, assets, notes).await;
        self.fetch_images(replay, assets);
        // What is referred to but was not seen, such as a hidden sprite's symbols, comes along unseen.
        let mut at = 0;
        while at < self.references.len() && at < 500 {
            let id = self.references[at].clone();
            at += 1;
            let mut attribute = String::new();
            svg::attribute(&mut attribute, "id", &id);
            if out.contains(&attribute) {
                continue;
            }
            if let Some(element) = self.realm.document.by_id(&id).ok().flatten() {
                self.unseen(element, out, replay, marks, assets, notes).await;
            }
        }
        let externals = std::mem::take(&mut self.externals);
        let mut files: Vec<(String, Option<Node>)> = Vec::new();
        for (url, id) in externals {
            if !files.iter().any(|(u, _)| *u == url) {
                let file = self.svg_file(&url).await;
                if file.is_none() {
                    notes.add(Note::Image);
                }
                files.push((url.clone(), file));
            }
            let file = files.iter().find(|(u, _)| *u == url).and_then(|(_, f)| f.clone());
            if let Some(element) = file.and_then(|f| f.by_id(&id).ok().flatten()) {
                self.unseen(element, out, replay, marks, assets, notes).await;
            }
        }
    }

    async fn svg_file(&self, url: &str) -> Option<Node> {
        let blob = self.clock.wait(&crate::assets::fetch(self.options.fetch.as_ref()?, url)?, WALK_SHARE).await?;
        let text = blob.unchecked_into::<Node>().call("text", &[]).ok()?;
        let text = self.clock.wait(text.dyn_ref::<js_sys::Promise>()?, WALK_SHARE).await?;
        let parser = crate::dom::new("DOMParser", &[]).ok()?;
        Some(parser.call("parseFromString", &[&text, &"image/svg+xml".into()]).ok()?.unchecked_into())
    }

    async fn unseen(
        &mut self,
        element: Node,
        out: &mut String,
        replay: &mut Replay,
        marks: &mut Marks,
        assets: &mut Assets,
        notes: &mut Notes,
    ) {
        out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" style=\"all:initial!important;position:absolute!important;width:0!important;height:0!important\">");
        self.branch(vec![element], true, out, replay, marks, assets, notes).await;
        out.push_str("</svg>");
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one drawing, each borrowed by itself")]
    async fn branch(
        &mut self,
        roots: Vec<Node>,
        is_svg: bool,
        out: &mut String,
        replay: &mut Replay,
        marks: &mut Marks,
        assets: &mut Assets,
        notes: &mut Notes,
    ) {
        let mut stack = vec![Level {
            close: String::new(),
            next: Next::List(roots.into_iter()),
            clip: self.seen,
            is_inside: false,
            is_svg,
            tree: None,
            pins_cells: false,
            element: None,
        }];
        let mut steps = 0_u32;
        while let Some(level) = stack.last_mut() {
            let node = match &mut level.next {
                Next::Sibling(next) => next.take(),
                Next::List(list) => list.next(),
            };
            let Some(node) = node else {
                out.push_str(&level.close);
                stack.pop();
                continue;
            };
            if matches!(level.next, Next::Sibling(_)) {
                level.next = Next::Sibling(node.next_sibling().ok().flatten());
            }
            steps += 1;
            if steps % 16 == 0 && self.clock.is_turn_over() {
                self.clock.yield_turn().await;
                if self.clock.left_ms(WALK_SHARE) == 0.0 {
                    self.is_late = true;
                    for level in stack.iter().rev() {
                        out.push_str(&level.close);
                    }
                    return;
                }
            }
            match node.node_type() {
                Ok(3 | 4) => self.text(&node, out),
                Ok(1) => {
                    // One bad node never spoils the picture: what it wrote before it failed is taken back.
                    let mut write =
                        Write { walk: self, out, replay, marks, assets, notes };
                    match write.element(&node, level) {
                        Found::Done => {}
                        Found::Open(level) => stack.push(level),
                        Found::Shadow(level, root, tree) => {
                            let first = replay.states.0.len();
                            let css = std::mem::take(&mut replay.css);
                            let fetcher = self.options.fetch.as_ref();
                            sheets::gather(&root, Scope::Shadow(tree), self.realm, replay, fetcher, self.clock, notes)
                                .await;
                            let mine = std::mem::replace(&mut replay.css, css);
                            if !mine.is_empty() {
                                let layer = ["@layer ds-shadow.t", &number(tree), "{"].concat();
                                replay.css.push_str(&[&layer, mine.as_str(), "}"].concat());
                            }
                            // States that only this tree asks for may hold outside too, but nobody asks there.
                            live::states(&root, &replay.states, 0, marks);
                            self.prepare(&root, replay.states.0.len().max(first), replay, marks, assets);
                            stack.push(level);
                        }
                        Found::Frame(document, at) => {
                            let inner = Options {
                                area: crate::Area::Viewport,
                                deadline_ms: self.clock.left_ms(WALK_SHARE).max(1.0),
                                ..self.options.clone()
                            };
                            let clock = Clock::start(inner.deadline_ms);
                            let depth = self.depth + 1;
                            let taken = Box::pin(crate::snapshot::take_at(&document, &inner, &clock, depth)).await;
                            match taken {
                                Ok(frame) => {
                                    notes.add_all(&frame.notes);
                                    let parts = Array::of1(&frame.svg());
                                    let settings = js_sys::Object::new();
                                    let _ = crate::dom::set(&settings, "type", &"image/svg+xml".into());
                                    match crate::dom::new("Blob", &[&parts, &settings]) {
                                        Ok(blob) => assets.read(at, Note::Frame, blob.into()),
                                        Err(_) => assets.fail(at, Note::Frame),
                                    }
                                }
                                Err(_) => assets.fail(at, Note::Frame),
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, node: &Node, out: &mut String) {
        let Ok(data) = node.data() else { return };
        for c in data.chars() {
            let block = c as usize / 64;
            self.text_seen[block / 64] |= 1 << (block % 64);
        }
        svg::text(out, &data);
    }
}

/// The walk with everything that it writes to.
struct Write<'w, 'a> {
    walk: &'w mut Walk<'a>,
    out: &'w mut String,
    replay: &'w mut Replay,
    marks: &'w mut Marks,
    assets: &'w mut Assets,
    notes: &'w mut Notes,
}

/// A start tag in the making.
#[derive(Default)]
struct Start {
    attributes: String,
    /// The inline style: declarations, marks of images included.
    style: String,
}

/// How much of the box of an element there is to show.
enum Sight {
    Seen { clip: Rect, is_inside: bool },
    /// Out of sight; its border box.
    Away(Rect),
}

impl Write<'_, '_> {
    fn element(&mut self, node: &Node, level: &mut Level) -> Found {
        let Ok(shell) = self.walk.realm.inert.import_node(node, false).and_then(|n| n.outer_html()) else {
            return Found::Done;
        };
        let Some(tag) = svg::tag(&shell) else { return Found::Done };
        let name = tag.name;
        let is_svg = level.is_svg || name == "svg" || name == "math";
        match name {
            "head" | "base" | "title" if !level.is_svg => return Found::Done,
            "script" | "style" | "link" | "meta" | "noscript" | "template" | "datalist" | "source" | "track" => {
                // Siblings are counted with it, so its place stays.
                if !level.is_svg {
                    self.out.push_str("<ds-none style=\"display:none!important\"></ds-none>");
                } else if name == "style" {
                    let css = std::mem::take(&mut self.replay.css);
                    let place = Place { base: self.walk.realm.base(), scope: Scope::Inner, within: "" };
                    self.replay.rules(&svg::unmarked(node.text("textContent")), place, self.walk.realm);
                    let mine = std::mem::replace(&mut self.replay.css, css);
                    self.out.push_str("<style>");
                    svg::css(self.out, &mine, false);
                    self.out.push_str("</style>");
                }
                return Found::Done;
            }
            _ => {}
        }

        let mark = self.marks.get(node);
        let (keep, masked, hidden) = mark.map_or((false, false, false), |m| (m.keep, m.mask, m.hide));
        let mut start = Start::default();
        let mut top = None;
        if let Some(mark) = mark {
            start.attributes.push_str(&mark.attributes);
            start.style.push_str(&mark.style);
            if mark.top > 0 && !mark.backdrop.is_empty() {
                top = Some(mark.backdrop.clone());
            }
        }
        if hidden || masked {
            self.block(node, masked);
            return Found::Done;
        }
        let is_root = matches!(name, "html" | "body") && !level.is_svg;

        // --- is there a box, and is it seen?
        let mut sight = Sight::Seen { clip: level.clip, is_inside: level.is_inside };
        if !level.is_svg && !is_root {
            let mut has_box = true;
            if node.check_visibility() == Ok(false) {
                if self.walk.realm.computed(node, "display") != "contents" {
                    return self.gone(name, &tag, start);
                }
                has_box = false;
            }
            if has_box && !level.is_inside {
                sight = self.sight(node, level, keep);
            }
        }
        let (clip, is_inside) = match sight {
            Sight::Away(rect) => return self.away(node, &tag, start, rect, level),
            Sight::Seen { clip, is_inside } => (clip, is_inside),
        };

        // --- attributes
        if let Some(tree) = level.tree {
            svg::attribute(&mut start.attributes, "ds-s", &number(tree));
        }
        if name == "html" && !level.is_svg {
            self.root_style(&mut start);
        } else if name == "body" && !level.is_svg {
            start.style.push_str("background:none!important;");
            if self.walk.realm.computed(&self.walk.realm.html.clone(), "overflow") == "visible" {
                start.style.push_str("overflow:visible!important;");
            }
        }
        if level.pins_cells && matches!(name, "td" | "th") && let Some(rect) = node.rect() {
            let width = pixels(rect.width);
            start.style.push_str(&["box-sizing:border-box!important;min-width:", &width, "px!important;max-width:", &width, "px!important;"].concat());
        }
        if self.walk.copy_styles && !level.is_svg {
            self.copy_style(node, &mut start);
        }
        if self.replay.quirks && !is_svg {
            self.quirk_style(node, name, &mut start);
        }

        let mut content = String::new();
        let mut frame = None;
        if !level.is_svg {
            match name {
                "input" | "textarea" | "select" => self.field(node, name, &tag, &mut start, &mut content),
                "img" => self.image(node, &mut start),
                "canvas" => self.surface(node, &mut start, Note::Canvas, "width", "height"),
                "video" => self.surface(node, &mut start, Note::Video, "videoWidth", "videoHeight"),
                "iframe" | "frame" | "object" | "embed" => frame = self.frame(node, &mut start),
                _ => {}
            }
            if self.is_editable(&tag) {
                self.block(node, true);
                return Found::Done;
            }
        } else if matches!(name, "image" | "feImage") {
            let url = node.object("href").map(|h| h.text("baseVal")).unwrap_or_default();
            if url.starts_with("data:") || url.starts_with('#') {
                svg::attribute(&mut start.attributes, "href", &url);
            } else if !url.is_empty() {
                let at = new_hole(self.replay, "src");
                self.replay.images[at].url = self.walk.realm_url(&url);
                start.attributes.push_str(&[" href=\"", &hole_text(at), "\""].concat());
            }
        }
        let is_field = matches!(name, "input" | "textarea" | "select" | "option") && !level.is_svg;
        self.attributes(name, &tag, &mut start, level.is_svg, is_field);

        // --- children
        let mut tree = level.tree;
        let mut next = None;
        let mut shadow = None;
        let is_replaced = matches!(name, "img" | "canvas" | "video" | "iframe" | "object" | "embed" | "audio") || is_field;
        if !level.is_svg && !is_replaced {
            if let Some(root) = node.shadow_root().ok().flatten() {
                let n = self.walk.trees.len();
                self.walk.trees.push(level.tree);
                self.walk.has_shadow = true;
                svg::attribute(&mut start.attributes, "ds-h", &number(n));
                tree = Some(n);
                next = Some(Next::Sibling(root.first_child().ok().flatten()));
                shadow = Some((root, n));
            } else if name == "slot" && let Some(n) = level.tree {
                let assigned = node.assigned_nodes().map(|a| a.iter().map(JsCast::unchecked_into).collect::<Vec<Node>>());
                if let Ok(list) = assigned && !list.is_empty() {
                    tree = self.walk.trees[n];
                    next = Some(Next::List(list.into_iter()));
                }
            } else if name.contains('-') && node.child_element_count() == Ok(0) && self.is_closed(node) {
                self.notes.add(Note::ClosedShadow);
            }
            if !is_root {
                self.scrolled(node, &mut start);
            }
        }
        let mut clip = clip;
        if !level.is_svg && !is_root && !is_inside && !is_replaced {
            clip = self.clipped(node, clip);
        }

        self.out.push('<');
        self.out.push_str(name);
        if name == "svg" && !level.is_svg {
            self.out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
        } else if name == "math" && !level.is_svg {
            self.out.push_str(" xmlns=\"http://www.w3.org/1998/Math/MathML\"");
        } else if level.is_svg && level.element.as_ref().is_some_and(|e| e.text("localName") == "foreignObject") {
            self.out.push_str(" xmlns=\"http://www.w3.org/1999/xhtml\"");
        }
        self.out.push_str(&start.attributes);
        if !start.style.is_empty() {
            self.out.push_str(" style=\"");
            svg::css(self.out, &start.style, true);
            self.out.push('"');
        }
        self.out.push('>');
        let mut close = ["</", name, ">"].concat();
        if let Some(backdrop) = top {
            close.push_str("<ds-backdrop style=\"");
            svg::value(&mut close, &backdrop);
            close.push_str("\"></ds-backdrop>");
        }
        if is_replaced {
            self.out.push_str(&content);
            self.out.push_str(&close);
            return frame.map_or(Found::Done, |(document, at)| Found::Frame(document, at));
        }
        let pins_cells = level.pins_cells || name == "table" && !is_inside;
        let inner = Level {
            close,
            next: next.unwrap_or_else(|| Next::Sibling(self.walk.first_child(node, name))),
            clip,
            is_inside,
            is_svg: is_svg && name != "foreignObject",
            tree,
            pins_cells,
            element: Some(node.clone()),
        };
        // Text of an SVG's title and description is not drawn, and HTML may stand there.
        if level.is_svg && matches!(name, "title" | "desc" | "metadata") {
            self.out.push_str(&inner.close);
            return Found::Done;
        }
        match shadow {
            Some((root, n)) => Found::Shadow(inner, root, n),
            None => Found::Open(inner),
        }
    }

    /// An element without a box: its start tag stays, because siblings and `:has()` may ask for it.
    fn gone(&mut self, name: &str, tag: &svg::Tag<'_>, mut start: Start) -> Found {
        self.attributes(name, tag, &mut start, false, true);
        self.out.push_str(&["<", name, &start.attributes, " style=\"display:none!important\"></", name, ">"].concat());
        Found::Done
    }

    fn sight(&self, node: &Node, level: &Level, keep: bool) -> Sight {
        let Some(rect) = node.rect() else { return Sight::Seen { clip: level.clip, is_inside: false } };
        let away = if rect.meets(&level.clip) {
            None
        } else {
            // What overflows the box may still be seen.
            let all = Rect {
                width: rect.width.max(node.number("scrollWidth")),
                height: rect.height.max(node.number("scrollHeight")),
                ..rect
            };
            (!keep && !all.meets(&level.clip)).then_some(rect)
        };
        match away {
            Some(rect) => {
                let display = self.walk.realm.computed(node, "display");
                if display.starts_with("inline") && display == "inline" || display.starts_with("ruby") || display == "table-cell" {
                    return Sight::Seen { clip: level.clip, is_inside: false };
                }
                Sight::Away(rect)
            }
            None => Sight::Seen { clip: level.clip, is_inside: level.clip.holds(&rect) },
        }
    }

    /// Writes an empty box of the same size, and decides whether the siblings after it can be left out.
    fn away(&mut self, node: &Node, tag: &svg::Tag<'_>, mut start: Start, rect: Rect, level: &mut Level) -> Found {
        let mut height = rect.height;
        let is_row = tag.name == "tr";
        if let Some(tree) = level.tree {
            svg::attribute(&mut start.attributes, "ds-s", &number(tree));
        }
        if rect.y >= level.clip.bottom() && !self.replay.counts_from_end {
            if let Some(bottom) = self.end_of_siblings(level) {
                height = (bottom - rect.y).max(height);
                level.next = Next::Sibling(None);
            }
        } else if let Next::Sibling(Some(next)) = &level.next {
            // Margins of what is left out reach through its edges: the distance to the next box is kept instead.
            let next = if next.node_type() == Ok(3) && next.data().is_ok_and(|d| d.trim_ascii().is_empty()) {
                next.next_sibling().ok().flatten()
            } else {
                Some(next.clone())
            };
            let next = next.filter(|n| n.node_type() == Ok(1)).and_then(|n| n.rect());
            if let Some(gap) = next.map(|n| n.y - rect.bottom()).filter(|g| (0.0..300.0).contains(g)) {
                if is_row {
                    height += gap;
                } else {
                    start.style.push_str(&["margin-bottom:", &pixels(gap), "px!important;"].concat());
                }
            }
        }
        let (width, height) = (pixels(rect.width), pixels(height));
        start.style.push_str(
            &["box-sizing:border-box!important;width:", &width, "px!important;height:", &height, "px!important;min-width:0!important;\
             min-height:", &height, "px!important;max-width:none!important;max-height:none!important;padding:0!important;\
             border-color:transparent!important;overflow:hidden!important;flex:none!important;"].concat(),
        );
        let name = tag.name;
        self.attributes(name, tag, &mut start, false, true);
        self.out.push_str(&["<", name, &start.attributes, " style=\""].concat());
        svg::css(self.out, &start.style, true);
        self.out.push_str("\">");
        if is_row {
            let cells = number(node.child_element_count().unwrap_or(1).max(1) as usize);
            self.out.push_str(&["<td colspan=\"", &cells, "\" style=\"all:initial!important;display:table-cell!important;height:", &height, "px!important\"></td>"].concat());
        }
        self.out.push_str(&["</", name, ">"].concat());
        Found::Done
    }

    /// Where the last of the siblings still to come ends, if they all lie out of sight below and nothing in them is seen.
    fn end_of_siblings(&self, level: &Level) -> Option<f64> {
        let parent = level.element.as_ref()?;
        if !matches!(level.next, Next::Sibling(Some(_))) || self.marks.get(parent).is_some_and(|m| m.keep) {
            return None;
        }
        if parent.child_element_count().ok()? < 4 {
            return None;
        }
        let style = self.walk.realm.window.style(parent, "")?;
        let display = style.value("display");
        let stacks = matches!(display.as_str(), "block" | "flow-root" | "list-item" | "table-row-group" | "table");
        if !stacks || style.value("column-count") != "auto" || style.value("column-width") != "auto" {
            return None;
        }
        let last = parent.last_element_child().ok()??.rect()?;
        (last.y >= level.clip.bottom()).then(|| last.bottom())
    }

    fn root_style(&mut self, start: &mut Start) {
        start.attributes.push_str(" ds-r=\"\"");
        let html = &self.walk.realm.html;
        let size = self.walk.realm.computed(html, "font-size");
        let scheme = self.walk.realm.computed(html, "color-scheme");
        let place = Place { base: self.walk.realm.base(), scope: Scope::Inner, within: "" };
        let scheme = self.replay.value("color-scheme", &scheme, place, self.walk.realm);
        start.style.push_str(&["font-size:", &size, "!important;background:none!important;overflow:visible!important;"].concat());
        if !scheme.is_empty() {
            start.style.push_str(&["color-scheme:", &scheme, "!important;"].concat());
        }
        if self.walk.options.dpr >= 1.5 {
            start.style.push_str("text-rendering:geometricPrecision;");
        }
    }

    fn is_closed(&self, node: &Node) -> bool {
        let is_defined = node.matches(":defined") == Ok(true);
        is_defined && node.rect().is_some_and(|r| r.width * r.height > 0.0) && node.first_child().is_ok_and(|c| c.is_none())
    }

    fn is_editable(&self, tag: &svg::Tag<'_>) -> bool {
        self.walk.options.inputs == Inputs::Masked
            && tag.attributes.iter().any(|(name, value)| *name == "contenteditable" && *value != "false")
    }

    /// Adds the element's own attributes, except those that do something, name an address, or hold a value.
    fn attributes(&mut self, name: &str, tag: &svg::Tag<'_>, start: &mut Start, is_svg: bool, is_field: bool) {
        let mut style = String::new();
        for (attribute, value) in &tag.attributes {
            let attribute = *attribute;
            if attribute == "style" {
                style = svg::unmarked(svg::unescape(value));
                continue;
            }
            let drops = attribute.starts_with("on")
                || attribute.starts_with("xmlns")
                || attribute.starts_with("ds-")
                || !svg::is_name(attribute)
                || matches!(
                    attribute,
                    "src" | "srcset" | "sizes" | "srcdoc" | "poster" | "data" | "nonce" | "integrity" | "ping"
                        | "action" | "formaction" | "autofocus" | "popover" | "loading" | "is" | "background"
                )
                || is_field && !mask::may_keep(attribute) && !matches!(attribute, "min" | "max" | "step" | "name" | "wrap");
            if drops {
                continue;
            }
            let value = svg::unescape(value);
            if is_svg && matches!(attribute, "href" | "xlink:href") {
                if matches!(name, "image" | "feImage") {
                    continue;
                }
                match value.split_once('#') {
                    Some(("", id)) => self.walk.references.push(id.into()),
                    Some((file, id)) if name == "use" => {
                        let url = self.walk.realm_url(file);
                        self.walk.externals.push((url, id.into()));
                        start.attributes.push_str(" href=\"#");
                        svg::value(&mut start.attributes, id);
                        start.attributes.push('"');
                        continue;
                    }
                    _ => {}
                }
            }
            if value.contains("url(") {
                let mapped = self.inline(attribute, &value);
                start.attributes.push_str(&[" ", attribute, "=\""].concat());
                svg::css(&mut start.attributes, &mapped, true);
                start.attributes.push('"');
            } else if self.replay.quirks && matches!(attribute, "class" | "id") {
                svg::attribute(&mut start.attributes, attribute, &value.to_ascii_lowercase());
            } else {
                svg::attribute(&mut start.attributes, attribute, &value);
            }
        }
        if !style.is_empty() {
            let mut own = String::new();
            for declaration in crate::selector::split(&style, b';') {
                if let Some((name, value)) = declaration.split_once(':') {
                    let (name, value) = (name.trim(), value.trim());
                    if !value.is_empty() {
                        let value = self.inline(name, value);
                        own.push_str(&[name, ":", &value, ";"].concat());
                    }
                }
            }
            own.push_str(&start.style);
            start.style = own;
        }
    }

    /// A value of an inline style or attribute, its images fetched.
    fn inline(&mut self, name: &str, value: &str) -> String {
        for part in value.split("url(").skip(1) {
            if let Some(id) = part.trim_start_matches(['"', '\'']).strip_prefix('#') {
                let end = id.find(['"', '\'', ')']).unwrap_or(id.len());
                self.walk.references.push(id[..end].into());
            }
        }
        let place = Place { base: self.walk.realm.base(), scope: Scope::Inner, within: "" };
        self.replay.value(name, value, place, self.walk.realm)
    }

    fn field(&mut self, node: &Node, name: &str, tag: &svg::Tag<'_>, start: &mut Start, content: &mut String) {
        let attribute = |wanted: &str| tag.attributes.iter().find(|(n, _)| *n == wanted).map_or("", |(_, v)| *v);
        let kind = if name == "input" { node.text("type") } else { String::new() };
        let shown = mask::field(name, &kind, attribute("autocomplete"), self.walk.options.inputs);
        let value = node.text("value");
        let is_empty = value.is_empty();
        let barred = shown == Field::Barred && !is_empty;
        if barred {
            self.notes.add(Note::Masked);
            start.style.push_str("-webkit-text-fill-color:color-mix(in srgb,currentColor 25%,transparent)!important;");
        }
        let value = if barred { BAR.into() } else { value };
        match name {
            "input" => {
                if matches!(kind.as_str(), "checkbox" | "radio") {
                    if node.flag("checked") {
                        start.attributes.push_str(" checked=\"\"");
                    }
                    if node.flag("indeterminate") && kind == "checkbox" {
                        self.indeterminate(node, start);
                    }
                } else if kind == "image" {
                    let at = new_hole(self.replay, "src");
                    self.replay.images[at].url = node.text("src");
                    start.attributes.push_str(&[" src=\"", &hole_text(at), "\""].concat());
                } else if kind == "number" && barred {
                    svg::attribute(&mut start.attributes, "placeholder", BAR);
                } else if matches!(kind.as_str(), "date" | "time" | "month" | "week" | "datetime-local" | "number") && barred {
                    // These take no text; empty they say no more than what they ask for.
                } else if kind != "file" && !is_empty {
                    svg::attribute(&mut start.attributes, "value", &value);
                }
                if is_empty {
                    svg::attribute(&mut start.attributes, "placeholder", &svg::unescape(attribute("placeholder")));
                }
                // `value` of these is a caption written by the page.
                if matches!(kind.as_str(), "submit" | "reset" | "button") && attribute("value").is_empty() && is_empty {
                    start.attributes.push_str("");
                }
            }
            "textarea" => {
                if is_empty {
                    svg::attribute(&mut start.attributes, "placeholder", &svg::unescape(attribute("placeholder")));
                }
                // The parser of a textarea drops the first line break; that of XML does not.
                svg::text(content, &value);
                if let Some(rect) = node.rect() {
                    self.pin_size(node, rect, start);
                }
            }
            _ => {
                if let Some(rect) = node.rect() {
                    self.pin_size(node, rect, start);
                }
                self.options(node, barred, content);
            }
        }
    }

    fn pin_size(&self, _node: &Node, rect: Rect, start: &mut Start) {
        start.style.push_str(
            &["box-sizing:border-box!important;width:", &pixels(rect.width), "px!important;height:", &pixels(rect.height), "px!important;"].concat(),
        );
    }

    /// A drop-down shows its choice alone; a list box all its options.
    fn options(&mut self, node: &Node, barred: bool, content: &mut String) {
        let is_list = node.flag("multiple") || node.number("size") > 1.0;
        for option in node.select("option,optgroup") {
            let is_group = option.text("localName") == "optgroup";
            let selected = option.flag("selected");
            if !(is_list || selected) || is_group && !is_list {
                continue;
            }
            content.push_str("<option");
            if selected && !(barred && is_list) {
                content.push_str(" selected=\"\"");
            }
            if option.flag("disabled") {
                content.push_str(" disabled=\"\"");
            }
            content.push('>');
            let label = if barred && !is_list { BAR.into() } else { option.text("label") };
            svg::text(content, &label);
            content.push_str("</option>");
        }
    }

    /// Markup has no word for a half-checked box, so it is drawn.
    fn indeterminate(&mut self, node: &Node, start: &mut Start) {
        let style = self.walk.realm.window.style(node, "");
        if style.as_ref().is_some_and(|s| s.value("appearance") == "none") {
            return;
        }
        let accent = style.map(|s| s.value("accent-color")).filter(|a| a != "auto").unwrap_or_else(|| "#0075ff".into());
        start.style.push_str(&["appearance:none!important;box-sizing:border-box!important;width:13px!important;height:13px!important;border-radius:2px!important;\
            background:linear-gradient(#fff,#fff) center/9px 2px no-repeat,", &accent, "!important;"].concat());
    }

    fn image(&mut self, node: &Node, start: &mut Start) {
        let url = node.text("currentSrc");
        let (natural_width, natural_height) = (node.number("naturalWidth"), node.number("naturalHeight"));
        if url.is_empty() {
            return;
        }
        if !node.flag("complete") || natural_width == 0.0 {
            // As broken as it is on the page: the browser draws its own sign, and the alternative text.
            start.attributes.push_str(" src=\"data:,\"");
            return;
        }
        let at = new_hole(self.replay, "src");
        start.attributes.push_str(&[" decoding=\"sync\" src=\"", &hole_text(at), "\""].concat());
        if url.starts_with("data:") {
            self.assets.have(at, JsString::from(url));
            return;
        }
        let style = self.walk.realm.window.style(node, "");
        let value = |name: &str| style.as_ref().map(|s| s.value(name)).unwrap_or_default();
        let (width, height) = (value("width"), value("height"));
        let (shown_width, shown_height) = (crate::css::decimal(&width), crate::css::decimal(&height));
        // The copy may be smaller than the original, so what depends on the original's size is pinned.
        let fit = value("object-fit");
        let mut factor = 1.0;
        if shown_width > 0.0 && shown_height > 0.0 && width.ends_with("px") && height.ends_with("px") && fit != "none" && fit != "scale-down" {
            start.style.push_str(&["width:", &width, "!important;height:", &height, "!important;"].concat());
            factor = (shown_width / natural_width).max(shown_height / natural_height) * self.walk.options.dpr;
        }
        let is_vector = url.split(['?', '#']).next().is_some_and(|u| u.ends_with(".svg"));
        if !is_vector {
            factor = factor.min(1.0);
        }
        let (mut w, mut h) = (natural_width * factor, natural_height * factor);
        if fit == "fill" && factor != 1.0 {
            // Stretched: exactly the pixels that are shown, so that they are not resampled twice.
            (w, h) = (shown_width * self.walk.options.dpr, shown_height * self.walk.options.dpr);
        }
        match bitmap(node, w, h) {
            Ok(blob) => self.assets.read(at, Note::Image, blob),
            Err(_) => self.assets.fetch(at, Note::Image, &[url], self.walk.options.fetch.as_ref()),
        }
    }

    /// A canvas or video: its pixels become the background of its content box.
    fn surface(&mut self, node: &Node, start: &mut Start, note: Note, width: &str, height: &str) {
        let (w, h) = (node.number(width), node.number(height));
        let at = new_hole(self.replay, "surface");
        let style = self.walk.realm.window.style(node, "");
        let value = |name: &str| style.as_ref().map(|s| s.value(name)).unwrap_or_default();
        let size = match value("object-fit").as_str() {
            "cover" => "cover",
            "contain" => "contain",
            "none" => "auto",
            _ => "100% 100%",
        };
        let mut image = ["url(\"", &hole_text(at), "\")"].concat();
        match if w * h > 0.0 { bitmap(node, w, h) } else { Err(JsValue::NULL) } {
            Ok(blob) => self.assets.read(at, note, blob),
            Err(_) if note == Note::Video && !node.text("poster").is_empty() => {
                self.replay.images[at].url = node.text("poster");
            }
            Err(_) => {
                if w * h > 0.0 {
                    self.notes.add(note);
                    image = "linear-gradient(#80808026,#80808026)".into();
                } else {
                    image = "none".into();
                }
            }
        }
        let rendering = value("image-rendering");
        start.style.push_str(
            &["background-image:", &image, "!important;background-size:", size, "!important;background-position:50%!important;\
             background-repeat:no-repeat!important;background-origin:content-box!important;image-rendering:", &rendering, "!important;"].concat(),
        );
        for name in ["width", "height"] {
            start.style.push_str(&[name, ":", &value(name), "!important;"].concat());
        }
    }

    /// A frame: its document to be drawn apart, or a placeholder.
    fn frame(&mut self, node: &Node, start: &mut Start) -> Option<(Node, usize)> {
        let at = new_hole(self.replay, "src");
        let document = node.object("contentDocument").filter(|d| d.object("documentElement").is_some());
        let style = self.walk.realm.window.style(node, "");
        for name in ["width", "height"] {
            let value = style.as_ref().map(|s| s.value(name)).unwrap_or_default();
            start.style.push_str(&[name, ":", &value, "!important;"].concat());
        }
        let can_read = self.walk.depth < MAX_FRAMES && document.as_ref().is_some_and(|d| d.object("defaultView").is_some());
        let image = if can_read {
            ["url(\"", &hole_text(at), "\")"].concat()
        } else {
            self.notes.add(Note::Frame);
            "linear-gradient(#80808026,#80808026)".into()
        };
        start.style.push_str(
            &["background-image:", &image, "!important;background-size:100% 100%!important;background-repeat:no-repeat!important;background-origin:content-box!important;"].concat(),
        );
        document.filter(|_| can_read).map(|d| (d, at))
    }

    fn scrolled(&mut self, node: &Node, start: &mut Start) {
        let (left, top) = (node.number("scrollLeft"), node.number("scrollTop"));
        if left == 0.0 && top == 0.0 {
            return;
        }
        let n = self.walk.scrolls;
        self.walk.scrolls += 1;
        start.attributes.push_str(&live::scroll(node, self.walk.realm, left, top, n, self.marks));
    }

    /// What of `clip` the children of `node` can be seen in.
    fn clipped(&self, node: &Node, clip: Rect) -> Rect {
        let (width, height) = (node.number("scrollWidth"), node.number("scrollHeight"));
        if width <= node.number("clientWidth") + REACH && height <= node.number("clientHeight") + REACH {
            return clip;
        }
        if self.walk.realm.computed(node, "overflow") == "visible" {
            return clip;
        }
        node.rect().map_or(clip, |r| clip.cut(&r.grown(8.0)))
    }

    /// Covers (or leaves empty) the place of `node`: nothing of it but its geometry is written.
    fn block(&mut self, node: &Node, masked: bool) {
        self.notes.add(if masked { Note::Masked } else { Note::Hidden });
        let Some(rect) = node.rect() else { return };
        let Some(style) = self.walk.realm.window.style(node, "") else { return };
        let mut css = String::from("all:initial!important;");
        let display = style.value("display");
        if display == "none" {
            return;
        }
        let is_inline = display == "inline";
        for name in [
            "position", "left", "top", "right", "bottom", "z-index", "float", "margin", "grid-area", "align-self",
            "justify-self", "order", "vertical-align", "transform", "direction",
        ] {
            css.push_str(&[name, ":", &style.value(name), "!important;"].concat());
        }
        let display = if is_inline { "inline-block" } else { display.as_str() };
        let width = if is_inline && masked { mask::block_width(rect.width) } else { rect.width };
        css.push_str(&["display:", display, "!important;box-sizing:border-box!important;flex:none!important;"].concat());
        css.push_str(&["width:", &pixels(width), "px!important;height:", &pixels(rect.height), "px!important;"].concat());
        if masked {
            css.push_str("border-radius:3px!important;background:repeating-linear-gradient(135deg,#9aa3b2 0 6px,#a9b1be 6px 12px)!important;");
        }
        self.out.push_str("<ds-mask style=\"");
        svg::value(self.out, &css);
        self.out.push_str("\"></ds-mask>");
    }

    /// Computed values instead of a sheet that could not be read.
    fn copy_style(&mut self, node: &Node, start: &mut Start) {
        let realm = self.walk.realm;
        let Some(style) = realm.window.style(node, "") else { return };
        start.style.push_str(&copied(&style));
        for pseudo in ["::before", "::after"] {
            if let Some(style) = realm.window.style(node, pseudo)
                && !matches!(style.value("content").as_str(), "none" | "normal" | "")
            {
                let css = copied(&style);
                self.marks.pin(node, pseudo, &css);
            }
        }
        if let Some(mark) = self.marks.get(node) {
            start.attributes.clear();
            start.attributes.push_str(&mark.attributes);
        }
    }

    /// Sizes and lines that come out differently in quirks mode.
    fn quirk_style(&mut self, node: &Node, name: &str, start: &mut Start) {
        if matches!(name, "html" | "body" | "tr" | "tbody" | "thead" | "tfoot") {
            return;
        }
        let realm = self.walk.realm;
        let Some(style) = realm.window.style(node, "") else { return };
        let display = style.value("display");
        if display == "inline" || display == "contents" {
            return;
        }
        for property in ["width", "height"] {
            let value = style.value(property);
            if value.ends_with("px") {
                start.style.push_str(&[property, ":", &value, "!important;"].concat());
            }
        }
    }
}

impl Walk<'_> {
    fn realm_url(&self, url: &str) -> String {
        crate::dom::absolute(url, self.realm.base())
    }

    /// The first child, even of a form in which a field of that name hides the property.
    fn first_child(&self, node: &Node, name: &str) -> Option<Node> {
        if name == "form"
            && let Ok(walker) = self.realm.document.call("createTreeWalker", &[node])
        {
            return walker.unchecked_into::<Node>().call("firstChild", &[]).ok()?.dyn_into().ok();
        }
        node.first_child().ok().flatten()
    }
}

/// Properties that make up what a box looks like, where no sheet can say so.
const COPIED: &[&str] = &[
    "display", "position", "left", "top", "right", "bottom", "float", "clear", "z-index", "box-sizing", "width",
    "height", "min-width", "min-height", "max-width", "max-height", "margin", "padding", "border-top",
    "border-right", "border-bottom", "border-left", "border-radius", "background", "box-shadow", "outline", "opacity",
    "overflow", "color", "font", "letter-spacing", "word-spacing", "text-align", "text-decoration", "text-transform",
    "text-indent", "text-shadow", "text-overflow", "white-space", "word-break", "overflow-wrap", "vertical-align",
    "list-style", "flex", "flex-flow", "justify-content", "align-items", "align-self", "align-content", "gap",
    "order", "grid-template", "grid-area", "grid-auto-flow", "transform", "transform-origin", "filter", "clip-path",
    "visibility", "content", "border-collapse", "border-spacing", "object-fit", "columns", "mix-blend-mode",
];

fn copied(style: &Node) -> String {
    let mut out = String::new();
    for name in COPIED {
        let value = style.value(name);
        if !value.is_empty() && !(*name == "content" && value == "normal") {
            out.push_str(&[name, ":", &value, "!important;"].concat());
        }
    }
    out
}

/// Starts fetching the font faces that the document has loaded.
pub(crate) fn visible_fonts(realm: &Realm, replay: &mut Replay, assets: &mut Assets, fetcher: Option<&Function>) -> Vec<Font> {
    let mut loaded: Vec<[String; 4]> = Vec::new();
    if let Some(set) = realm.document.object("fonts") {
        let faces = Array::from(&set);
        for face in faces.iter() {
            let face: Node = face.unchecked_into();
            if face.text("status") == "loaded" {
                loaded.push([face.text("family"), face.text("weight"), face.text("style"), face.text("unicodeRange")].map(plain));
            }
        }
    }
    let mut fonts = Vec::new();
    for face in std::mem::take(&mut replay.faces) {
        let find = |name: &str, default: &str| {
            let found = face.descriptors.iter().find(|(n, _)| n == name).map_or(default, |(_, v)| v);
            plain(found.into())
        };
        let range = find("unicode-range", "U+0-10FFFF");
        let key = [find("font-family", ""), find("font-weight", "normal"), find("font-style", "normal"), range.clone()];
        if !loaded.contains(&key) {
            continue;
        }
        let at = new_hole(replay, "font");
        assets.fetch(at, Note::Font, &face.urls, fetcher);
        let mut rule = ["@font-face{src:url(\"", &hole_text(at), "\");"].concat();
        for (name, value) in &face.descriptors {
            if name != "font-display" {
                rule.push_str(&[name, ":", value, ";"].concat());
            }
        }
        rule.push('}');
        fonts.push(Font { rule, ranges: unicode_ranges(find("unicode-range", "").as_str()) });
    }
    fonts
}

/// A descriptor without quotes, blanks and capitals, so that two ways to write it compare equal.
fn plain(text: String) -> String {
    text.replace(['"', '\'', ' '], "").to_ascii_lowercase()
}
