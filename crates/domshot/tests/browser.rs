//! The engine on real pages: what is masked is in no drawing, and a page that fights back still gives a picture.
#![cfg(target_arch = "wasm32")]

use domshot::{Area, Encoding, Error, Inputs, Note, Options, Rect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    /// A fresh page with a secret wherever one can hide, each with the word SECRET in it.
    fn secrets() -> JsValue;
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
