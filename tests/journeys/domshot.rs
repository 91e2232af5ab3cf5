//! Pages that fight back, and secrets that must not leave: domshot as it ships, in a real browser.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::{Browser, Kind, Pixels, Setup, Studio, Taken};
use serde_json::{Value, json};

/// Every code that the README lists.
const CODES: [&str; 9] = [
    "not-an-element",
    "empty-area",
    "refused-data-image",
    "tainted",
    "no-canvas",
    "unpaintable",
    "not-encoded",
    "over-ceiling",
    "late",
];
/// Unless a page's options say otherwise.
const DEADLINE_MS: f64 = 4000.0;
/// The deadline where what is drawn matters and not how soon: on a starved machine WebKit paints nothing in four seconds.
const PATIENT_MS: u32 = 20_000;
/// What painting and encoding may take on a busy machine when the deadline has come: it cannot be interrupted.
const MARGIN_MS: f64 = 8000.0;

/// What is to come of a capture.
#[derive(Debug, Clone, Copy)]
enum Expect {
    /// A picture that shows something.
    Picture,
    /// A picture, and these notes among its notes.
    Noting(&'static [&'static str]),
    /// A picture or a code: nobody can promise more of this page.
    Answer,
    /// No picture, for this reason.
    Code(&'static str),
}

/// Page, options, what is to come of it.
fn cases() -> Vec<(&'static str, Value, Expect)> {
    use Expect::{Answer, Code, Noting, Picture};
    let none = json!({});
    vec![
        ("hostile", none.clone(), Picture),
        ("live-state", none.clone(), Picture),
        ("many-nodes", none.clone(), Picture),
        ("many-nodes", json!({ "area": "page" }), Picture),
        ("huge", none.clone(), Picture),
        ("huge", json!({ "area": "page" }), Noting(&["scaled"])),
        ("mutating", none.clone(), Picture),
        ("endless", none.clone(), Picture),
        ("never", none.clone(), Picture),
        ("throwing", none.clone(), Answer),
        ("stopped", none.clone(), Answer),
        ("iterators", none.clone(), Answer),
        ("odd", none.clone(), Picture),
        ("deep", none.clone(), Picture),
        ("frames", none.clone(), Picture),
        ("frames", json!({ "root": "lost" }), Answer),
        ("components", none.clone(), Picture),
        ("bodyless", none.clone(), Picture),
        ("clobbered", none.clone(), Picture),
        ("vanishing", json!({ "area": "element" }), Answer),
        ("odd", json!({ "area": { "x": 0, "y": 0, "width": 0, "height": 10 } }), Code("empty-area")),
        ("odd", json!({ "area": { "x": -1e12, "y": 1e300, "width": 1e9, "height": 1e9 } }), Answer),
        ("odd", json!({ "dpr": 0 }), Answer),
        ("odd", json!({ "dpr": -3 }), Answer),
        ("odd", json!({ "dpr": 1e9 }), Answer),
        ("odd", json!({ "maxPixels": 0 }), Answer),
        ("odd", json!({ "maxBytes": 10 }), Code("over-ceiling")),
        ("odd", json!({ "deadline": 1 }), Answer),
        ("odd", json!({ "format": "bmp", "quality": 7, "fetch": "none" }), Answer),
        // The last: what it has begun may keep a tab busy for a while after its answer.
        ("many-nodes", json!({ "deadline": 20, "area": "page" }), Answer),
    ]
}

async fn studio_browser() -> Result<Browser> {
    Browser::start(Kind::chosen()?, Setup { impatient: true, ..Setup::default() }).await
}

/// These options with all the time that a busy machine may need.
fn patient(mut options: Value) -> Value {
    options["deadline"] = json!(PATIENT_MS);
    options
}

/// What is wrong with the answer, if anything is.
fn fault(options: &Value, expect: Expect, taken: &Taken) -> Result<()> {
    ensure!(taken.problem.is_none(), "not a code: {}", taken.problem.as_deref().unwrap_or_default());
    let deadline_ms = options["deadline"].as_f64().unwrap_or(DEADLINE_MS);
    if let Some(took_ms) = taken.took_ms {
        ensure!(took_ms <= deadline_ms + MARGIN_MS, "it took {took_ms:.0} ms");
    }
    if let Some(code) = taken.code.as_deref() {
        ensure!(CODES.contains(&code), "the code {code} is on no list");
    } else {
        let picture = taken.picture.as_ref().map(|picture| (picture.width as u64, picture.height as u64));
        ensure!(picture == Some(taken.size), "it says {:?}, the file has {picture:?}", taken.size);
    }
    let busy = taken.picture.as_ref().map_or(0, Pixels::busy_permille);
    match expect {
        Expect::Answer => {}
        Expect::Code(code) => ensure!(taken.code.as_deref() == Some(code), "{:?}, not {code}", taken.code),
        Expect::Picture => ensure!(busy > 0, "an empty picture ({:?})", taken.code),
        Expect::Noting(notes) => {
            ensure!(busy > 0, "an empty picture ({:?})", taken.code);
            for note in notes {
                ensure!(taken.notes.contains_key(*note), "{note} is not among the notes {:?}", taken.notes);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_hostile_page_gives_a_picture_or_a_code() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let mut browser = studio_browser().await?;
    let mut faults = Vec::new();
    for (page, mut options, expect) in cases() {
        let mut taken = studio.take(&browser, page, &options).await;
        // A starved machine is late with the first picture; what the page allows is then seen without haste.
        let is_late = taken.as_ref().is_ok_and(|taken| taken.code.as_deref() == Some("late"));
        if is_late && matches!(expect, Expect::Picture | Expect::Noting(_)) {
            options = patient(options);
            taken = studio.take(&browser, page, &options).await;
        }
        let found = match taken {
            Ok(taken) => fault(&options, expect, &taken),
            // The page may have taken the browser along: the next one gets a fresh one.
            Err(lost) => {
                browser = studio_browser().await?;
                Err(lost)
            }
        };
        if let Err(found) = found {
            faults.push(format!("{page} with {options}: {found:#}"));
        }
    }
    browser.close().await.ok();
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// The secret's numbers that are in a picture: each is drawn in a colour of its own, in solid blocks.
fn seen(picture: Option<&Pixels>) -> BTreeSet<u8> {
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) <= 1;
    let pixels = picture.into_iter().flat_map(Pixels::iter);
    let painted = pixels.filter(|[red, _, blue]| near(*red, 250) && near(*blue, 130));
    painted.filter(|[_, green, _]| green % 4 == 0).map(|[_, green, _]| green / 4).collect()
}

/// Numbers of secrets on the page.
const SECRETS: std::ops::RangeInclusive<u8> = 1..=40;
/// Those that no option shows: fields of passwords, payment and identity.
const NEVER_SHOWN: [u8; 3] = [18, 19, 20];
/// The bar over a drop-down's choice has the field's own colour, and so has no witness but the drawing.
const BAR_OF_OWN_COLOUR: [u8; 2] = [26, 38];

#[tokio::test]
async fn no_secret_is_in_the_drawing_or_in_a_pixel() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;

    // The control: the page really shows what is then looked for, and so does a picture without masks.
    let shown = studio.take(&browser, "secrets", &patient(json!({ "inputs": "shown" }))).await?;
    let screen = Pixels::of_png(&browser.client.screenshot().await?)?;
    let on_screen = seen(Some(&screen));
    // WebKitGTK's screenshot is of other colours than the page's: there the picture without masks is the only control.
    let exact = browser.kind != Kind::Webkit;
    let unseen: Vec<u8> = SECRETS.filter(|number| exact && !on_screen.contains(number)).collect();
    ensure!(unseen.is_empty(), "the page does not show {unseen:?}: looking for them would prove nothing");
    let drawn = seen(shown.picture.as_ref());
    let undrawn: Vec<u8> =
        SECRETS.filter(|number| !drawn.contains(number) && !NEVER_SHOWN.contains(number)).collect();
    ensure!(undrawn.is_empty(), "a picture without masks does not show {undrawn:?}");
    ensure!(!shown.drawings.is_empty(), "the engine paints otherwise than by a drawing: look there");
    let told = NEVER_SHOWN.iter().filter(|number| drawn.contains(number)).collect::<Vec<_>>();
    ensure!(told.is_empty(), "shown though no option may show them: {told:?}");

    for area in ["viewport", "page"] {
        let options = json!({ "mask": ".mask", "hide": ".hide", "area": area });
        let masked = studio.take(&browser, "secrets", &patient(options)).await?;
        ensure!(masked.code.is_none() && masked.problem.is_none(), "{:?} {:?}", masked.code, masked.problem);
        let mut leaked = seen(masked.picture.as_ref());
        leaked.retain(|number| !BAR_OF_OWN_COLOUR.contains(number));
        ensure!(leaked.is_empty(), "the picture of the {area} shows {leaked:?}");
        for drawing in &masked.drawings {
            let leaks: BTreeSet<&str> = drawing
                .split("SECRET-")
                .skip(1)
                .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
                .collect();
            ensure!(leaks.is_empty(), "the drawing of the {area} holds {leaks:?}");
        }
    }
    browser.close().await
}

#[tokio::test]
async fn what_is_in_the_top_layer_lies_above_all_wherever_its_markup_is() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;
    // The dialog inside what clips it, two popovers (one inherits its colour), and the one in a far component.
    for (options, wanted) in [(json!({}), &[1, 2, 3][..]), (json!({ "case": "far" }), &[2, 3, 4])] {
        let taken = studio.take(&browser, "stacked", &patient(options.clone())).await?;
        let drawn = seen(taken.picture.as_ref());
        let wanted: BTreeSet<u8> = wanted.iter().copied().collect();
        let beneath: Vec<&u8> = drawn.range(10..).collect();
        ensure!(beneath.is_empty(), "with {options} {beneath:?} are to be seen, which lie beneath something");
        ensure!(
            drawn.is_superset(&wanted),
            "with {options} only {drawn:?} are to be seen ({:?})",
            taken.code
        );
    }
    browser.close().await
}

#[tokio::test]
async fn what_is_scrolled_inside_the_page_shows_the_same_part() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;
    let taken = studio.take(&browser, "scrolled", &patient(json!({}))).await?;
    let drawn = seen(taken.picture.as_ref());
    ensure!(drawn == (1..=9).collect(), "{drawn:?} are to be seen, not 1 to 9 ({:?})", taken.code);
    browser.close().await
}

#[tokio::test]
async fn a_background_on_the_page_or_in_an_attribute_is_drawn_and_spoils_nothing() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;
    let taken = studio.take(&browser, "quirky", &patient(json!({}))).await?;
    let drawn = seen(taken.picture.as_ref());
    ensure!(drawn.is_superset(&[1, 2].into()), "only {drawn:?} are to be seen ({:?})", taken.code);
    // A photograph covers the page: hardly two pixels are alike.
    let busy = taken.picture.as_ref().map_or(0, Pixels::busy_permille);
    ensure!(busy > 900, "{busy} of 1000 pixels show something");
    browser.close().await
}

#[tokio::test]
async fn a_page_cannot_lift_a_mask_by_what_it_has_patched() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;
    // The control is not the browser's screenshot: WebKitGTK's has other colours, now and then.
    let shown = studio.take(&browser, "defeated", &patient(json!({}))).await?;
    ensure!(
        seen(shown.picture.as_ref()).contains(&1),
        "a picture without masks shows no secret ({:?})",
        shown.code
    );
    let taken = studio.take(&browser, "defeated", &patient(json!({ "mask": ".mask" }))).await?;
    ensure!(!seen(taken.picture.as_ref()).contains(&1), "the picture shows it");
    ensure!(taken.drawings.iter().all(|drawing| !drawing.contains("SECRET")), "the drawing holds it");
    ensure!(taken.picture.is_some() || taken.code.is_some(), "neither picture nor code: {:?}", taken.problem);
    browser.close().await
}

#[tokio::test]
async fn a_mask_that_no_browser_understands_lets_nothing_through() -> Result<()> {
    let _place = e2e::place().await?;
    let studio = Studio::open("pages").await?;
    let browser = studio_browser().await?;
    for mask in [".mask, :nonsense(x)", ".mask, ["] {
        let taken = studio.take(&browser, "secrets", &json!({ "mask": mask, "hide": ".hide" })).await?;
        let leaked = seen(taken.picture.as_ref());
        ensure!(leaked.is_empty(), "with {mask:?} the picture shows {leaked:?}");
    }
    browser.close().await
}
