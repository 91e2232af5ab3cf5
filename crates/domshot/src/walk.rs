//! One walk over what can be seen, writing the clone as it goes.
// long: one walk with one state. What is seen, cut, masked and written at a node depends on what its ancestors
// settled, and split files would pass all of that back and forth; to be cut along `element`, `table` and `text` next.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::assets::{Assets, bitmap};
use crate::clock::Clock;
use crate::css::{Place, Replay, hole};
use crate::dom::{self, Node, Rect, nodes, pinned, query};
use crate::live::{self, seen_in};
use crate::marks::Marks;
use crate::mask::{self, Field};
use crate::notes::{Note, Notes};
use crate::options::{Inputs, Options};
use crate::realm::Realm;
use crate::selector::{Scope, split};
use crate::sheets;
use crate::snapshot::{Font, new_hole, unicode_ranges};
use crate::svg;
use crate::text::{add, decimal, fill, filled, find, is_one_of, number, pixels};

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
    /// Right inside a `foreignObject`, where HTML begins again.
    is_foreign: bool,
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
    pub(crate) fn new(
        realm: &'a Realm,
        options: &'a Options,
        clock: &'a Clock,
        seen: Rect,
        depth: usize,
    ) -> Walk<'a> {
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
        replay: &mut Replay,
        marks: &mut Marks,
        assets: &mut Assets,
    ) {
        live::states(root, &replay.states, marks);
        live::lost(root, self.realm, &std::mem::take(&mut replay.lost), &self.seen, marks);
        live::top_layer(root, self.realm, &mut self.top, marks);
        if !self.options.mask.is_empty() {
            for element in nodes(&query(root, &self.options.mask)) {
                marks.on(&element).mask = true;
            }
        }
        if !self.options.hide.is_empty() {
            for element in nodes(&query(root, &self.options.hide)) {
                marks.on(&element).hide = true;
            }
        }
        replay.escapes.push("[style*=position],[style*=trans],[style*=margin]".into());
        let escapes = filled(":is($)", &[&std::mem::take(&mut replay.escapes).join(",")]);
        for element in nodes(&seen_in(root, &escapes, &self.seen)) {
            marks.keep_ancestors(&element);
        }
        // A branch that counts must be walked even where it is not seen, unless it comes later.
        if !replay.counters.is_empty() {
            let counters = filled(":is($)", &[&std::mem::take(&mut replay.counters).join(",")]);
            let before = Rect { y: -1e7, height: 1e7 + self.seen.bottom(), ..self.seen };
            for element in nodes(&seen_in(root, &counters, &before)) {
                marks.keep_ancestors(&element);
                marks.on(&element).keep = true;
            }
        }
        // Images of rules are wanted only where an element that is seen matches.
        for image in &mut replay.images[self.images_started..] {
            let mut is_seen = false;
            for selector in &image.selectors {
                for element in nodes(&seen_in(root, selector, &self.seen)).take(50) {
                    image.fit = fit(self.realm, &element, is_seen.then_some(image.fit));
                    is_seen = true;
                }
            }
            if !is_seen {
                image.url.clear();
            }
        }
        self.fetch_images(replay, assets);
    }

    /// Asks for the images that are wanted and have not been asked for.
    pub(crate) fn fetch_images(&mut self, replay: &mut Replay, assets: &mut Assets) {
        for at in self.images_started..replay.images.len() {
            let image = &replay.images[at];
            if !image.url.is_empty() {
                let fit = image.fit.map(|(w, h)| (w * self.options.dpr, h * self.options.dpr));
                assets.fetch(
                    at,
                    Note::Image,
                    std::slice::from_ref(&image.url),
                    fit,
                    self.options.fetch.as_ref(),
                );
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
            if let Some(element) = self.realm.document.ask("getElementById", &id) {
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
            if let Some(element) = file.and_then(|f| f.ask("getElementById", &id)) {
                self.unseen(element, out, replay, marks, assets, notes).await;
            }
        }
    }

    async fn svg_file(&self, url: &str) -> Option<Node> {
        let text = dom::fetched_text(self.options.fetch.as_ref()?, url);
        dom::parsed(&self.clock.until(&text, WALK_SHARE).await)
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
            is_foreign: false,
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
                level.next = Next::Sibling(dom::next(&node));
            }
            steps += 1;
            if steps.is_multiple_of(16) && self.clock.is_turn_over() {
                self.clock.yield_turn().await;
                if self.clock.left_ms(WALK_SHARE) == 0.0 {
                    self.is_late = true;
                    for level in stack.iter().rev() {
                        add(out, &level.close);
                    }
                    return;
                }
            }
            let mut kind = [0.0; 3];
            let shell = dom::look(&node, &self.realm.inert, &mut kind);
            if kind[0] == 3.0 || kind[0] == 4.0 {
                self.text(&shell, out);
                continue;
            }
            let Some(tag) = (kind[0] == 1.0).then(|| svg::tag(&shell)).flatten() else { continue };
            let mut write = Write { walk: self, out, replay, marks, assets, notes };
            match write.element(&node, &tag, kind[1] != 0.0, kind[2] != 0.0, level) {
                Found::Done => {}
                Found::Open(level) => stack.push(level),
                Found::Shadow(level, root, tree) => {
                    let css = std::mem::take(&mut replay.css);
                    let fetcher = self.options.fetch.as_ref();
                    sheets::gather(
                        &root,
                        Scope::Shadow(tree),
                        self.realm,
                        replay,
                        fetcher,
                        self.clock,
                        notes,
                    )
                    .await;
                    let mine = std::mem::replace(&mut replay.css, css);
                    if !mine.is_empty() {
                        fill(&mut replay.css, "@layer ds-shadow.t${$}", &[&number(tree), &mine]);
                    }
                    self.prepare(&root, replay, marks, assets);
                    stack.push(level);
                }
                Found::Frame(document, at) => {
                    let inner = Options {
                        area: crate::Area::Viewport,
                        deadline_ms: self.clock.left_ms(WALK_SHARE),
                        ..self.options.clone()
                    };
                    let clock = Clock::start(inner.deadline_ms);
                    let depth = self.depth + 1;
                    let taken = Box::pin(crate::snapshot::take_at(&document, &inner, &clock, depth)).await;
                    match taken {
                        Ok(frame) => {
                            notes.add_all(&frame.notes);
                            assets.read(at, Note::Frame, &dom::svg_blob(&frame.svg()));
                        }
                        Err(_) => assets.fail(at, Note::Frame),
                    }
                }
            }
        }
    }

    fn text(&mut self, data: &str, out: &mut String) {
        for c in data.chars() {
            let block = c as usize / 64;
            self.text_seen[block / 64] |= 1 << (block % 64);
        }
        svg::text(out, data);
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

impl Write<'_, '_> {
    fn element(
        &mut self,
        node: &Node,
        tag: &svg::Tag<'_>,
        has_box: bool,
        has_shadow: bool,
        level: &mut Level,
    ) -> Found {
        let mut name = tag.name;
        let is_svg = level.is_svg || name == "svg" || name == "math";
        if !level.is_svg && is_one_of("head,base,title", name) {
            return Found::Done;
        }
        if is_one_of("script,style,link,meta,noscript,template,datalist,source,track", name) {
            if !level.is_svg {
                // Siblings are counted with it, so its place stays.
                add(self.out, "<ds-none style=\"display:none!important\"></ds-none>");
            }
            return Found::Done;
        }

        let mark = self.marks.get(node);
        let (keep, masked, hidden) = mark.map_or((false, false, false), |m| (m.keep, m.mask, m.hide));
        let mut start = Start::default();
        let mut top = None;
        if let Some(mark) = mark {
            start.attributes.push_str(&mark.attributes);
            start.style.push_str(&mark.style);
            if !mark.pins.is_empty() {
                svg::attribute(&mut start.attributes, "ds-p", &mark.pins);
            }
            if mark.top > 0 {
                top = Some(mark.backdrop.clone());
            }
        }
        if hidden || masked || !level.is_svg && self.is_editable(tag) {
            self.block(node, !hidden);
            return Found::Done;
        }
        let is_root = matches!(name, "html" | "body") && !level.is_svg;

        // --- is there a box, and is it seen?
        let (mut clip, mut is_inside) = (level.clip, level.is_inside);
        if !level.is_svg && !is_root {
            if !has_box {
                if self.walk.realm.computed(node, "display") != "contents" {
                    return self.gone(tag, start);
                }
            } else {
                // One reading serves culling, scroll offsets and clipping.
                let measure = node.measure();
                if let Some(m) = measure {
                    if !is_inside {
                        if !keep && self.is_away(node, &m, level) {
                            return self.away(node, tag, start, m.rect, level);
                        }
                        is_inside = level.clip.holds(&m.rect);
                    }
                    if m.offset != (0.0, 0.0) && !is_one_of("input,textarea,select", name) {
                        let n = self.walk.scrolls;
                        self.walk.scrolls += 1;
                        let n = live::scroll(node, self.walk.realm, &m, n, self.marks);
                        svg::attribute(&mut start.attributes, "ds-o", &n);
                    }
                    let over = (m.content.0 - m.port.0).max(m.content.1 - m.port.1);
                    if over > 1.0 && self.walk.realm.computed(node, "overflow") != "visible" {
                        // Scrollbars that lie over the content, or are switched off, take no place in the clone.
                        let (x, y) = (m.bars.0.max(0.0), m.bars.1.max(0.0));
                        if x + y < 2.0 {
                            add(&mut start.style, "overflow:hidden!important;");
                        } else if self.walk.realm.is_gecko {
                            let style = self.walk.realm.style(node);
                            let padded = |side: &str, by: f64| pixels(decimal(&style.value(side)) + by);
                            fill(
                                &mut start.style,
                                "overflow:hidden!important;padding-right:$px!important;padding-bottom:$px!important;",
                                &[&padded("padding-right", x), &padded("padding-bottom", y)],
                            );
                        }
                        if over > REACH {
                            clip = clip.cut(&m.rect.grown(8.0));
                            is_inside = false;
                        }
                    }
                }
            }
        }

        // --- attributes
        if let Some(tree) = level.tree {
            svg::attribute(&mut start.attributes, "ds-s", &number(tree));
        }
        if name == "html" && !level.is_svg {
            self.root_style(&mut start);
        } else if name == "body" && !level.is_svg {
            add(&mut start.style, "background:none!important;");
            if self.walk.realm.computed(&self.walk.realm.html, "overflow") == "visible" {
                add(&mut start.style, "overflow:visible!important;");
            }
        }
        if level.pins_cells
            && matches!(name, "td" | "th")
            && let Some(rect) = node.rect()
        {
            let width = pixels(rect.width);
            fill(
                &mut start.style,
                "box-sizing:border-box!important;min-width:$px!important;max-width:$px!important;",
                &[&width, &width],
            );
        }
        if self.walk.copy_styles && !level.is_svg {
            self.copy_style(node, &mut start);
        }
        if self.replay.quirks && !is_svg {
            self.quirk_style(node, name, &mut start);
        }

        let mut content = String::new();
        let mut frame = None;
        let is_field = !level.is_svg && is_one_of("input,textarea,select", name);
        if !level.is_svg {
            match name {
                _ if is_field => self.field(node, tag, &mut start, &mut content),
                "img" => self.image(node, &mut start),
                "canvas" => self.surface(node, &mut start, Note::Canvas, "width", "height"),
                "video" => self.surface(node, &mut start, Note::Video, "videoWidth", "videoHeight"),
                "iframe" | "object" | "embed" => frame = self.frame(node, &mut start),
                _ => {}
            }
        } else if is_one_of("image,feImage", name) {
            let url = node.text("href.baseVal");
            if url.starts_with("data:") || url.starts_with('#') {
                svg::attribute(&mut start.attributes, "href", &url);
            } else if !url.is_empty() {
                let url = dom::absolute(&url, &self.walk.realm.base);
                let at = new_hole(self.replay, "src", url);
                fill(&mut start.attributes, " href=\"$\"", &[&hole(at)]);
            }
        }
        let before = self.replay.images.len();
        self.attributes(tag, &mut start, level.is_svg, is_field);
        if !level.is_svg {
            for image in &mut self.replay.images[before..] {
                image.fit = fit(self.walk.realm, node, None);
            }
        }

        // --- children
        let mut tree = level.tree;
        let mut next = None;
        let mut shadow = None;
        if !level.is_svg && is_one_of("canvas,video,iframe,object,embed", name) {
            name = "img";
        }
        let is_replaced =
            !level.is_svg && (is_field || is_one_of("img,canvas,video,iframe,object,embed,audio", name));
        if has_shadow
            && !is_replaced
            && let Some(root) = node.object("shadowRoot")
        {
            let n = self.walk.trees.len();
            self.walk.trees.push(level.tree);
            self.walk.has_shadow = true;
            svg::attribute(&mut start.attributes, "ds-h", &number(n));
            tree = Some(n);
            next = Some(Next::Sibling(dom::first(&root)));
            shadow = Some((root, n));
        } else if name == "slot"
            && let Some(n) = level.tree
        {
            let list: Vec<Node> = nodes(&dom::assigned(node)).collect();
            if !list.is_empty() {
                tree = self.walk.trees[n];
                next = Some(Next::List(list.into_iter()));
            }
        }

        let space = if level.is_svg {
            if level.is_foreign { "xhtml" } else { "" }
        } else {
            match name {
                "svg" => "svg",
                "math" => "math",
                _ => "",
            }
        };
        fill(
            self.out,
            "<$$",
            &[
                name,
                match space {
                    "svg" => " xmlns=\"http://www.w3.org/2000/svg\"",
                    "math" => " xmlns=\"http://www.w3.org/1998/Math/MathML\"",
                    "xhtml" => " xmlns=\"http://www.w3.org/1999/xhtml\"",
                    _ => "",
                },
            ],
        );
        self.finish(&start);
        let mut close = filled("</$>", &[name]);
        if let Some(backdrop) = top {
            add(&mut close, "<ds-backdrop style=\"");
            svg::value(&mut close, &backdrop);
            add(&mut close, "\"></ds-backdrop>");
        }
        if is_replaced || level.is_svg && is_one_of("title,desc,metadata", name) {
            add(self.out, &content);
            add(self.out, &close);
            return frame.map_or(Found::Done, |(document, at)| Found::Frame(document, at));
        }
        let next = next.unwrap_or_else(|| Next::Sibling(dom::first(node)));
        if name.contains('-') && matches!(next, Next::Sibling(None)) && has_box && self.is_closed(node) {
            self.notes.add(Note::ClosedShadow);
        }
        let inner = Level {
            close,
            next,
            clip,
            is_inside,
            is_svg: is_svg && name != "foreignObject",
            is_foreign: name == "foreignObject",
            tree,
            pins_cells: level.pins_cells || name == "table" && !is_inside,
            element: Some(node.clone()),
        };
        match shadow {
            Some((root, n)) => Found::Shadow(inner, root, n),
            None => Found::Open(inner),
        }
    }

    /// Writes attributes and style, and closes the start tag.
    fn finish(&mut self, start: &Start) {
        add(self.out, &start.attributes);
        if !start.style.is_empty() {
            add(self.out, " style=\"");
            svg::css(self.out, &start.style, true);
            add(self.out, "\"");
        }
        add(self.out, ">");
    }

    /// An element without a box: its start tag stays, because siblings and `:has()` may ask for it.
    fn gone(&mut self, tag: &svg::Tag<'_>, mut start: Start) -> Found {
        add(&mut start.style, "display:none!important");
        self.empty(tag, start)
    }

    /// Writes an element with nothing in it.
    fn empty(&mut self, tag: &svg::Tag<'_>, mut start: Start) -> Found {
        self.attributes(tag, &mut start, false, true);
        fill(self.out, "<$", &[tag.name]);
        self.finish(&start);
        fill(self.out, "</$>", &[tag.name]);
        Found::Done
    }

    /// Is nothing of the element, nor of what overflows it, to be seen, and can an empty box stand for it?
    fn is_away(&self, node: &Node, m: &dom::Measure, level: &Level) -> bool {
        let all =
            Rect { width: m.rect.width.max(m.content.0), height: m.rect.height.max(m.content.1), ..m.rect };
        if m.rect.meets(&level.clip) || all.meets(&level.clip) {
            return false;
        }
        let display = self.walk.realm.computed(node, "display");
        !(is_one_of("inline,table-cell,table-column,table-column-group", &display)
            || display.starts_with("ruby"))
    }

    /// Writes an empty box of the same size, and decides whether the siblings after it can be left out.
    fn away(
        &mut self,
        node: &Node,
        tag: &svg::Tag<'_>,
        mut start: Start,
        rect: Rect,
        level: &mut Level,
    ) -> Found {
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
            let is_blank = next.number("nodeType") == 3.0 && next.text("data").trim_ascii().is_empty();
            let next = if is_blank { dom::next(next) } else { Some(next.clone()) };
            let gap = next.and_then(|n| n.rect()).map_or(-1.0, |n| n.y - rect.bottom());
            if (0.0..300.0).contains(&gap) {
                if is_row {
                    height += gap;
                } else {
                    fill(&mut start.style, "margin-bottom:$px!important;", &[&pixels(gap)]);
                }
            }
        }
        let (width, height) = (pixels(rect.width), pixels(height));
        // The rules for `[ds-z]` stand once, in the sheet: there may be thousands of these.
        add(&mut start.attributes, " ds-z=\"\"");
        fill(&mut start.style, "--ds-w:$px;--ds-h:$px;", &[&width, &height]);
        if !is_row {
            return self.empty(tag, start);
        }
        self.attributes(tag, &mut start, false, true);
        add(self.out, "<tr");
        self.finish(&start);
        fill(
            self.out,
            "<td colspan=\"$\" style=\"padding:0!important;box-sizing:border-box!important;height:$px!important\"></td></tr>",
            &[&number(node.number("childElementCount").max(1.0) as usize), &height],
        );
        Found::Done
    }

    /// Where the last of the siblings still to come ends, if they all lie out of sight below and nothing in them is seen.
    fn end_of_siblings(&self, level: &Level) -> Option<f64> {
        let parent = level.element.as_ref()?;
        let has_more =
            matches!(level.next, Next::Sibling(Some(_))) && parent.number("childElementCount") > 3.0;
        if !has_more || self.marks.get(parent).is_some_and(|m| m.keep) {
            return None;
        }
        let style = self.walk.realm.style(parent);
        let stacks = is_one_of("block,flow-root,list-item,table-row-group,table", &style.value("display"));
        if !stacks || style.value("column-count") != "auto" || style.value("column-width") != "auto" {
            return None;
        }
        let last = parent.object("lastElementChild")?.rect()?;
        (last.y >= level.clip.bottom()).then(|| last.bottom())
    }

    fn root_style(&mut self, start: &mut Start) {
        add(&mut start.attributes, " ds-r=\"\"");
        let style = self.walk.realm.style(&self.walk.realm.html);
        let place = Place { base: "", scope: Scope::Inner, within: "" };
        let scheme = self.replay.value("color-scheme", &style.value("color-scheme"), place, self.walk.realm);
        fill(
            &mut start.style,
            "font-size:$!important;background:none!important;overflow:visible!important;color-scheme:$!important;$",
            &[
                &style.value("font-size"),
                &scheme,
                if self.walk.options.dpr >= 1.5 { "text-rendering:geometricPrecision;" } else { "" },
            ],
        );
    }

    /// A component that draws something although scripts see nothing in it.
    fn is_closed(&self, node: &Node) -> bool {
        node.ask("matches", ":defined").is_some_and(|v| v.is_truthy())
            && node.rect().is_some_and(|r| r.width * r.height > 0.0)
    }

    fn is_editable(&self, tag: &svg::Tag<'_>) -> bool {
        self.walk.options.inputs == Inputs::Masked
            && tag.attributes.iter().any(|(name, value)| *name == "contenteditable" && *value != "false")
    }

    /// Adds the element's own attributes, except those that do something, name an address, or hold a value.
    fn attributes(&mut self, tag: &svg::Tag<'_>, start: &mut Start, is_svg: bool, is_bare: bool) {
        const DROPPED: &str = "src,srcset,sizes,srcdoc,poster,data,nonce,integrity,ping,action,formaction,autofocus,loading,\
            is,background";
        let mut own = String::new();
        for (attribute, value) in &tag.attributes {
            let attribute = *attribute;
            let value = svg::unescape(value);
            if attribute == "style" {
                for declaration in split(&svg::unmarked(value), b';') {
                    if let Some((name, value)) = declaration.split_once(':') {
                        let (name, value) = (name.trim(), value.trim());
                        if !value.is_empty() {
                            let value = self.inline(name, value);
                            fill(&mut own, "$:$;", &[name, &value]);
                        }
                    }
                }
                continue;
            }
            if ["on", "xmlns", "ds-"].iter().any(|head| attribute.starts_with(head))
                || !svg::is_name(attribute)
                || is_one_of(DROPPED, attribute)
                || is_bare && !mask::may_keep(attribute)
            {
                continue;
            }
            let mut kept = value;
            if is_svg && is_one_of("href,xlink:href", attribute) {
                if is_one_of("image,feImage", tag.name) {
                    continue;
                }
                if let Some((file, id)) = kept.split_once('#') {
                    if file.is_empty() {
                        self.walk.references.push(id.into());
                    } else if tag.name == "use" {
                        let url = dom::absolute(file, &self.walk.realm.base);
                        self.walk.externals.push((url, id.into()));
                        kept = filled("#$", &[id]);
                    }
                }
            }
            if self.replay.quirks && is_one_of("class,id", attribute) {
                kept = kept.to_ascii_lowercase();
            }
            fill(&mut start.attributes, " $=\"", &[attribute]);
            if find(&kept, "url(").is_some() {
                let mapped = self.inline(attribute, &svg::unmarked(kept));
                svg::css(&mut start.attributes, &mapped, true);
            } else {
                svg::value(&mut start.attributes, &kept);
            }
            add(&mut start.attributes, "\"");
        }
        add(&mut own, &start.style);
        start.style = own;
    }

    /// A value of an inline style or attribute, its images fetched.
    fn inline(&mut self, name: &str, value: &str) -> String {
        let mut rest = value;
        while let Some(at) = find(rest, "url(") {
            rest = &rest[at + 4..];
            if let Some(id) = rest.trim_start_matches(['"', '\'']).strip_prefix('#') {
                let end = id.find(['"', '\'', ')']).unwrap_or(id.len());
                self.walk.references.push(id[..end].into());
            }
        }
        let place = Place { base: &self.walk.realm.base, scope: Scope::Inner, within: "" };
        self.replay.value(name, value, place, self.walk.realm)
    }

    fn field(&mut self, node: &Node, tag: &svg::Tag<'_>, start: &mut Start, content: &mut String) {
        let name = tag.name;
        let attribute =
            |wanted: &str| tag.attributes.iter().find(|(n, _)| *n == wanted).map_or("", |(_, v)| *v);
        let kind = if name == "input" { node.text("type") } else { String::new() };
        let mut value = node.text("value");
        if value.is_empty() {
            if !attribute("placeholder").is_empty() {
                svg::attribute(
                    &mut start.attributes,
                    "placeholder",
                    &svg::unescape(attribute("placeholder")),
                );
            }
        } else if mask::field(name, &kind, attribute("autocomplete"), self.walk.options.inputs)
            == Field::Barred
        {
            self.notes.add(Note::Masked);
            add(
                &mut start.style,
                "-webkit-text-fill-color:color-mix(in srgb,currentColor 25%,transparent)!important;",
            );
            value = BAR.into();
        }
        let is_barred = value == BAR;
        if name == "select" {
            return self.options(node, is_barred, start, content);
        }
        if name == "textarea" {
            return svg::text(content, &value);
        }
        if is_one_of("checkbox,radio", &kind) {
            let (checked, half) = (node.flag("checked"), kind == "checkbox" && node.flag("indeterminate"));
            if checked {
                add(&mut start.attributes, " checked=\"\"");
            }
            if half || self.walk.realm.is_gecko {
                self.drawn_check(node, kind == "radio", checked, half, start);
            }
        } else if kind == "image" {
            let at = new_hole(self.replay, "src", node.text("src"));
            fill(&mut start.attributes, " src=\"$\"", &[&hole(at)]);
        } else if is_barred && kind == "number" {
            svg::attribute(&mut start.attributes, "placeholder", BAR);
        } else if is_barred && is_one_of("date,time,month,week,datetime-local", &kind) {
            // These take no text; empty they say no more than what they ask for.
        } else if kind != "file" && !value.is_empty() {
            svg::attribute(&mut start.attributes, "value", &value);
        }
    }

    /// A drop-down shows its choice and is as wide as its longest option; a list box shows all.
    fn options(&mut self, node: &Node, is_barred: bool, start: &mut Start, content: &mut String) {
        let is_list = node.flag("multiple") || node.number("size") > 1.0;
        let measure = node.measure().unwrap_or_default();
        if is_list && measure.bars.0 < 2.0 {
            add(&mut start.style, "scrollbar-width:none!important;");
        }
        let options: Vec<(String, bool)> =
            nodes(&query(node, "option")).map(|o| (o.text("label"), o.flag("selected"))).collect();
        let longest = options.iter().map(|(label, _)| label.len()).max();
        if is_barred && !is_list {
            // A percentage, so that the field gives way where its container is narrow, as fields do.
            fill(&mut start.style, "width:min($px,100%)!important;", &[&pixels(measure.rect.width)]);
            return fill(content, "<option>$</option>", &[BAR]);
        }
        for (label, selected) in options {
            if is_list || selected || Some(label.len()) == longest {
                add(content, if selected && !is_barred { "<option selected=\"\">" } else { "<option>" });
                svg::text(content, &label);
                add(content, "</option>");
            }
        }
    }

    /// Markup has no word for a half-checked box, and Gecko draws none at all here, so they are drawn.
    fn drawn_check(
        &mut self,
        node: &Node,
        is_radio: bool,
        is_checked: bool,
        is_half: bool,
        start: &mut Start,
    ) {
        let style = self.walk.realm.style(node);
        if style.value("appearance") == "none" {
            return;
        }
        let accent = style.value("accent-color");
        let accent = if accent == "auto" { "#0075ff" } else { &accent };
        let sign = match (is_half, is_checked, is_radio) {
            (true, ..) => "linear-gradient(#fff,#fff) center/9px 2px no-repeat,",
            (_, true, true) => "radial-gradient(#fff 2.5px,#0000 3px),",
            (_, true, false) => {
                "linear-gradient(45deg,#0000 40%,#fff 40% 60%,#0000 60%) 75% 50%/6px 7px no-repeat,"
            }
            _ => "",
        };
        let is_on = is_half || is_checked;
        fill(
            &mut start.style,
            "appearance:none!important;box-sizing:border-box!important;width:13px!important;height:13px!important;\
             margin-bottom:0!important;border-radius:$!important;border:1px solid $!important;background:$$!important;",
            &[
                if is_radio { "50%" } else { "2px" },
                if is_on { accent } else { "#8f8f9d" },
                sign,
                if is_on { accent } else { "#fff" },
            ],
        );
    }

    fn image(&mut self, node: &Node, start: &mut Start) {
        let url = node.text("currentSrc");
        let (natural_width, natural_height) = (node.number("naturalWidth"), node.number("naturalHeight"));
        if url.is_empty() {
            return;
        }
        if !node.flag("complete") || natural_width == 0.0 {
            // As broken as it is on the page: the browser draws its own sign, and the alternative text.
            add(&mut start.attributes, " src=\"data:,\"");
            return;
        }
        if url.starts_with("data:") {
            svg::attribute(&mut start.attributes, "src", &url);
            return;
        }
        let at = new_hole(self.replay, "src", String::new());
        fill(&mut start.attributes, " decoding=\"sync\" src=\"$\"", &[&hole(at)]);
        let style = self.walk.realm.style(node);
        let (width, height, fit) = (style.value("width"), style.value("height"), style.value("object-fit"));
        let (shown_width, shown_height) = (decimal(&width), decimal(&height));
        // The copy may be smaller than the original, so what depends on the original's size is pinned.
        let mut factor = 1.0;
        if width.ends_with("px") && height.ends_with("px") && !is_one_of("none,scale-down", &fit) {
            fill(&mut start.style, "width:$!important;height:$!important;", &[&width, &height]);
            factor = (shown_width / natural_width).max(shown_height / natural_height) * self.walk.options.dpr;
        }
        if !url.split(['?', '#']).next().is_some_and(|u| u.ends_with(".svg")) {
            factor = factor.min(1.0);
        }
        let (mut w, mut h) = (natural_width * factor, natural_height * factor);
        if fit == "fill" && factor != 1.0 {
            // Stretched: exactly the pixels that are shown, so that they are not resampled twice.
            (w, h) = (shown_width * self.walk.options.dpr, shown_height * self.walk.options.dpr);
        }
        let blob = bitmap(node, w, h);
        if blob.is_truthy() {
            self.assets.read(at, Note::Image, &blob);
        } else {
            self.assets.fetch(at, Note::Image, &[url], None, self.walk.options.fetch.as_ref());
        }
    }

    /// A canvas or video becomes an image: without scripts the one draws nothing, and the other does not load.
    fn surface(&mut self, node: &Node, start: &mut Start, note: Note, width: &str, height: &str) {
        let (w, h) = (node.number(width), node.number(height));
        let blob = if w * h > 0.0 { bitmap(node, w, h) } else { JsValue::UNDEFINED };
        let poster = node.text("poster");
        let at = new_hole(self.replay, "src", String::new());
        if blob.is_truthy() {
            self.assets.read(at, note, &blob);
        } else if note == Note::Video && !poster.is_empty() {
            self.replay.images[at].url = poster;
        } else {
            self.assets.fail(at, note);
        }
        self.picture(node, start, at);
    }

    /// The start of an image that looks like `node` and shows hole `at`.
    fn picture(&mut self, node: &Node, start: &mut Start, at: usize) {
        fill(&mut start.attributes, " decoding=\"sync\" src=\"$\"", &[&hole(at)]);
        add(&mut start.style, &pinned(&self.walk.realm.style(node), COPIED));
    }

    /// A frame: its document to be drawn apart, or a placeholder.
    fn frame(&mut self, node: &Node, start: &mut Start) -> Option<(Node, usize)> {
        let document = node.object("contentDocument").filter(|_| self.walk.depth < MAX_FRAMES);
        let document = document.filter(|d| d.object("defaultView").is_some());
        let at = new_hole(self.replay, "src", String::new());
        if document.is_none() {
            self.assets.fail(at, Note::Frame);
        }
        self.picture(node, start, at);
        Some((document?, at))
    }

    /// Covers (or leaves empty) the place of `node`: nothing of it but its geometry is written.
    fn block(&mut self, node: &Node, is_masked: bool) {
        self.notes.add(if is_masked { Note::Masked } else { Note::Hidden });
        let Some(rect) = node.rect() else { return };
        let style = self.walk.realm.style(node);
        let display = style.value("display");
        if display == "none" {
            return;
        }
        let is_inline = display == "inline";
        let mut css = String::from("all:initial!important;");
        add(
            &mut css,
            &pinned(
                &style,
                "position,left,top,right,bottom,z-index,float,margin,grid-area,align-self,justify-self,order,vertical-align,transform",
            ),
        );
        fill(
            &mut css,
            "display:$!important;box-sizing:border-box!important;flex:none!important;width:$px!important;height:$px!important;$",
            &[
                if is_inline { "inline-block" } else { &display },
                &pixels(if is_inline && is_masked { mask::block_width(rect.width) } else { rect.width }),
                &pixels(rect.height),
                if is_masked {
                    "border-radius:3px!important;background:repeating-linear-gradient(135deg,#9aa3b2 0 6px,#a9b1be 6px 12px)!important;"
                } else {
                    ""
                },
            ],
        );
        add(self.out, "<ds-mask style=\"");
        svg::value(self.out, &css);
        add(self.out, "\"></ds-mask>");
    }

    /// Computed values instead of a sheet that could not be read.
    fn copy_style(&mut self, node: &Node, start: &mut Start) {
        let realm = self.walk.realm;
        add(&mut start.style, &pinned(&realm.style(node), COPIED));
        for pseudo in ["::before", "::after"] {
            let style = dom::styles(&realm.window, node, pseudo);
            if !is_one_of("none,normal,", &style.value("content")) {
                let mut css = pinned(&style, COPIED);
                add(&mut css, &pinned(&style, "content"));
                self.marks.pin(node, pseudo, &css);
            }
        }
        if let Some(mark) = self.marks.get(node).filter(|m| !m.pins.is_empty()) {
            svg::attribute(&mut start.attributes, "ds-p", &mark.pins);
        }
    }

    /// Sizes and lines that come out differently in quirks mode.
    fn quirk_style(&mut self, node: &Node, name: &str, start: &mut Start) {
        if is_one_of("html,body,tr,tbody,thead,tfoot,table", name) {
            return;
        }
        let style = self.walk.realm.style(node);
        if !is_one_of("inline,contents", &style.value("display")) {
            add(&mut start.style, &pinned(&style, "width,height"));
        }
    }
}

/// The largest box that a background of `element` covers whatever its own size, given that of the elements before.
fn fit(realm: &Realm, element: &Node, before: Option<Option<(f64, f64)>>) -> Option<(f64, f64)> {
    let (w, h) = before.unwrap_or(Some((0.0, 0.0)))?;
    let rect = element.rect()?;
    is_one_of("cover,contain", &realm.computed(element, "background-size"))
        .then(|| (w.max(rect.width), h.max(rect.height)))
}

/// Properties that make up what a box looks like, where no sheet can say so.
const COPIED: &str = "display,position,left,top,right,bottom,float,clear,z-index,box-sizing,width,height,min-width,min-height,\
max-width,max-height,margin,padding,border-top,border-right,border-bottom,border-left,border-radius,background,box-shadow,\
outline,opacity,overflow,color,font,letter-spacing,word-spacing,text-align,text-decoration,text-transform,text-indent,\
text-shadow,text-overflow,white-space,word-break,overflow-wrap,vertical-align,list-style,flex,flex-flow,justify-content,\
align-items,align-self,align-content,gap,order,grid-template,grid-area,grid-auto-flow,transform,transform-origin,filter,\
clip-path,visibility,border-collapse,border-spacing,object-fit,columns,mix-blend-mode";

/// Starts fetching the font faces that the document has loaded.
pub(crate) fn visible_fonts(
    realm: &Realm,
    replay: &mut Replay,
    assets: &mut Assets,
    fetcher: Option<&Function>,
) -> Vec<Font> {
    let mut fonts = Vec::new();
    if replay.faces.is_empty() {
        return fonts;
    }
    let key = |parts: [String; 4]| parts.join("|").replace(['"', '\'', ' '], "").to_ascii_lowercase();
    let mut loaded = Vec::new();
    if let Some(set) = realm.document.object("fonts") {
        for face in nodes(&Array::from(&set)) {
            if face.text("status") == "loaded" {
                loaded.push(key(["family", "weight", "style", "unicodeRange"].map(|name| face.text(name))));
            }
        }
    }
    for face in std::mem::take(&mut replay.faces) {
        let find = |name: &str, default: &str| {
            face.descriptors.iter().find(|(n, _)| n == name).map_or(default, |(_, v)| v).to_string()
        };
        let range = find("unicode-range", "U+0-10FFFF");
        let wanted = key([
            find("font-family", ""),
            find("font-weight", "normal"),
            find("font-style", "normal"),
            range.clone(),
        ]);
        if !loaded.contains(&wanted) {
            continue;
        }
        let at = new_hole(replay, "", String::new());
        assets.fetch(at, Note::Font, &face.urls, None, fetcher);
        let mut rule = filled("@font-face{src:url(\"$\");", &[&hole(at)]);
        for (name, value) in &face.descriptors {
            fill(&mut rule, "$:$;", &[name, value]);
        }
        rule.push('}');
        fonts.push(Font { rule, ranges: unicode_ranges(&range) });
    }
    fonts
}
