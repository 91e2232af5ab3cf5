//! The engine on real pages: what is masked is in no drawing, and a page that fights back still gives a picture.
#![cfg(target_arch = "wasm32")]

use domshot::{Area, Encoding, Error, Inputs, Note, Options, Rect};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    /// A fresh page with a secret wherever one can hide, each with the word SECRET in it.
    fn secrets() -> JsValue;
    /// A page with a letter of the web font Tiny, once that is there, and with the rule of another, Idle.
    fn lettered() -> Promise;
    /// A page with this sheet and this in it.
    fn styled(css: &str, html: &str) -> JsValue;
    /// A page whose prototypes throw and whose form hides the DOM's own names.
    fn hostile() -> JsValue;
    /// Puts the prototypes back.
    fn peace();
    /// A page that no file holds in a few bytes.
    fn busy() -> JsValue;
    fn size(blob: &JsValue) -> f64;
}

fn options() -> Options {
    Options { mask: ".mask".into(), hide: ".hide".into(), own: ".own".into(), ..Options::default() }
}

async fn drawing(page: &JsValue, options: &Options) -> (String, domshot::Notes) {
    let snapshot = domshot::snapshot(page, options).await.expect("there is a page");
    (String::from(snapshot.svg()), snapshot.notes)
}

#[wasm_bindgen_test]
async fn nothing_that_is_masked_is_in_the_drawing() {
    let (svg, notes) = drawing(&secrets(), &options()).await;
    assert!(svg.contains("Visible text"));
    assert!(!svg.contains("SECRET"), "{}", &svg[svg.find("SECRET").unwrap_or(0).saturating_sub(200)..]);
    assert_eq!((notes.count(Note::Hidden), notes.count(Note::Masked) > 5), (1, true));
}

/// What `css` reads in the drawing of a page with this in it.
async fn replayed(css: &str, html: &str) -> String {
    let (svg, _) = drawing(&styled(css, html), &Options::default()).await;
    svg.replace("&#38;", "&").replace("&#62;", ">").replace("&#60;", "<")
}

#[wasm_bindgen_test]
async fn conditions_of_a_sheet_are_decided_now_and_what_groups_its_rules_stays() {
    let css = "@media screen { .a:hover { color: red } } @media print { .no { color: red } }
        @supports (x: nonsense) { .no { color: red } } @layer x, y; @layer x { .b { color: red } }
        @container (width > 1px) { .c { color: red } } @keyframes no { from { color: red } }
        @scope (.d:hover) to (.e) { i { color: red } } @property --f { syntax: \"*\"; inherits: false }";
    let svg = replayed(css, "<p>Text</p>").await;
    for rule in [
        ".a[ds-hover]{color: red;}",
        "@layer x, y;",
        "@layer x {.b{color: red;}}",
        "@container (width > 1px) {.c{color: red;}}",
        "@scope (.d[ds-hover]) to (.e){i{color: red;}}",
        "@property --f {",
    ] {
        assert!(svg.contains(rule), "{rule} in {svg}");
    }
    assert!(!svg.contains(".no") && !svg.contains("@keyframes no") && !svg.contains("@media"));
}

#[wasm_bindgen_test]
async fn nested_rules_stay_nested() {
    let css =
        ".a { color: red; & b { top: 1px } > i:hover { top: 2px } @media screen { top: 3px } top: 4px }";
    let svg = replayed(css, "<p>Text</p>").await;
    for rule in [".a{color: red;", "& b{top: 1px;}", "> i[ds-hover]{top: 2px;}", "top: 3px;", "top: 4px;}"] {
        assert!(svg.contains(rule), "{rule} in {svg}");
    }
}

#[wasm_bindgen_test]
async fn values_that_the_browser_forgot_are_pinned_where_they_are_seen() {
    let css = ".a { position: relative; --by: 7px } .a::after { content: \"}\"; position: absolute; inset: var(--by); bottom: 20px }";
    let svg = replayed(css, "<p class=\"a\">Text</p>").await;
    assert!(svg.contains("::after{top:7px!important;right:7px!important;left:7px!important;}"), "{svg}");
}

#[wasm_bindgen_test]
async fn web_fonts_are_carried_where_they_are_in_use() {
    let page = JsFuture::from(lettered()).await.expect("the font loads");
    let (svg, notes) = drawing(&page, &Options::default()).await;
    let from = svg.find("@font-face{").expect("a font is carried");
    let rule = &svg[from..from + svg[from..].find('}').expect("a rule ends")];
    for part in ["src:url(\"data:font/woff;base64,", "font-family:Tiny", "unicode-range:U+41"] {
        assert!(rule.contains(part), "{part} in {rule}");
    }
    assert!(!svg.contains("Idle"));
    assert_eq!(notes.count(Note::Font), 0);
}

#[wasm_bindgen_test]
async fn passwords_and_payment_are_barred_where_other_fields_are_shown() {
    let shown = Options { inputs: Inputs::Shown, ..options() };
    let (svg, _) = drawing(&secrets(), &shown).await;
    assert!(svg.contains("SECRET-field") && !svg.contains("SECRET-word") && !svg.contains("SECRET-card"));
}

#[wasm_bindgen_test]
async fn a_mask_that_cannot_be_read_is_an_error_and_no_picture() {
    let broken = Options { mask: "p[".into(), ..options() };
    assert_eq!(domshot::snapshot(&secrets(), &broken).await.err(), Some(Error::BadSelector));
}

#[wasm_bindgen_test]
async fn a_page_that_throws_at_everything_still_gives_its_text() {
    let page = hostile();
    let drawn = drawing(&page, &options()).await;
    peace();
    assert!(drawn.0.contains("Still readable") && drawn.0.contains("clobbered"));
}

#[wasm_bindgen_test]
async fn a_file_stays_under_its_ceiling_and_says_what_that_cost() {
    let encoding = Encoding { max_bytes: 4_000.0, ..Encoding::default() };
    let picture =
        domshot::capture(&busy(), &Options { encoding, ..options() }).await.expect("it fits in the end");
    assert!(size(&picture.blob) <= 4_000.0 && picture.width > 10);
    assert_eq!(picture.notes.count(Note::Scaled), 1);
    let encoding = Encoding { max_bytes: 1.0, ..Encoding::default() };
    let nothing = domshot::capture(&busy(), &Options { encoding, ..options() }).await;
    assert_eq!(nothing.err(), Some(Error::OverCeiling));
}

#[wasm_bindgen_test]
async fn a_part_of_the_page_is_as_large_as_it_was_asked_for() {
    let rect = Rect { x: 5.0, y: 5.0, width: 60.0, height: 40.0 };
    let part = Options { area: Area::Rect(rect), dpr: 2.0, ..options() };
    let picture = domshot::capture(&busy(), &part).await.expect("there is a page");
    assert_eq!((picture.width, picture.height), (120, 80));
    let nothing = Options { area: Area::Rect(Rect::default()), ..options() };
    assert_eq!(domshot::capture(&busy(), &nothing).await.err(), Some(Error::EmptyArea));
    assert_eq!(domshot::capture(&JsValue::NULL, &part).await.err(), Some(Error::NotAnElement));
}
