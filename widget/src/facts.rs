//! Reads what the browser tells about itself and its page, just before the visitor is shown it.

use candor_protocol::{Brand, BrowserFacts, ColorScheme, Fact, Form, Size, UserAgent, limits};
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{dom::window, panel::ShownFact};

/// The facts, and how each reads. `visible` is the loader's count of the milliseconds the page has been visible.
pub(crate) async fn gather(
    form: &Form,
    visible: &Function,
) -> Result<(BrowserFacts, Vec<ShownFact>), JsValue> {
    let window: JsValue = window()?.into();
    let navigator = get(&window, "navigator");
    let document = get(&window, "document");
    let screen = get(&window, "screen");
    let dark = window.unchecked_ref::<web_sys::Window>().match_media("(prefers-color-scheme: dark)")?;
    let is_dark = dark.is_some_and(|query| query.matches());
    let locale_options = Reflect::get(&js_sys::Intl::DateTimeFormat::default(), &"resolvedOptions".into())?;
    let options =
        locale_options.unchecked_into::<Function>().call0(&js_sys::Intl::DateTimeFormat::default())?;
    let facts = BrowserFacts {
        page_url: page_url(&get(&window, "location"), form),
        page_title: text(&document, "title"),
        referrer_origin: text(&document, "referrer").and_then(|url| origin(&url)),
        viewport: size(&window, "innerWidth", "innerHeight"),
        screen: size(&screen, "width", "height"),
        pixel_ratio: get(&window, "devicePixelRatio").as_f64(),
        languages: Some(strings(&get(&navigator, "languages"))),
        time_zone: text(&options, "timeZone"),
        user_agent: user_agent(&navigator).await,
        color_scheme: Some(if is_dark { ColorScheme::Dark } else { ColorScheme::Light }),
        connection: text(&get(&navigator, "connection"), "effectiveType"),
        online: get(&navigator, "onLine").as_bool(),
        visible_ms: visible.call0(&JsValue::NULL)?.as_f64().map(|ms| ms as u64),
    };
    let shown = Fact::ALL
        .into_iter()
        .filter_map(|fact| Some(ShownFact { fact, value: shown(&facts, fact)? }))
        .collect();
    Ok((facts, shown))
}

/// How one fact reads, if it is there.
fn shown(facts: &BrowserFacts, fact: Fact) -> Option<String> {
    let pixels = |size: Option<Size>| {
        size.map(|size| [number(size.width), " × ".into(), number(size.height)].concat())
    };
    match fact {
        Fact::PageUrl => facts.page_url.clone(),
        Fact::PageTitle => facts.page_title.clone(),
        Fact::ReferrerOrigin => facts.referrer_origin.clone(),
        Fact::Viewport => pixels(facts.viewport),
        Fact::Screen => pixels(facts.screen),
        Fact::PixelRatio => facts.pixel_ratio.and_then(|ratio| as_text(&js_sys::Number::from(ratio))),
        Fact::Languages => facts.languages.as_ref().map(|languages| languages.join(", ")),
        Fact::TimeZone => facts.time_zone.clone(),
        Fact::UserAgent => facts.user_agent.as_ref().map(|agent| match agent {
            UserAgent::Text(text) => text.clone(),
            UserAgent::Hints { brands, platform, mobile, model } => {
                let brands = brands.iter().map(|brand| [&brand.brand, " ", &brand.version].concat());
                let mobile = mobile.then(|| "mobile".into());
                brands
                    .chain([platform.clone()])
                    .chain(mobile)
                    .chain(model.clone())
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        }),
        Fact::ColorScheme => facts.color_scheme.map(|scheme| match scheme {
            ColorScheme::Light => "light".into(),
            ColorScheme::Dark => "dark".into(),
        }),
        Fact::Connection => facts.connection.clone(),
        Fact::Online => facts.online.map(|online| if online { "✓" } else { "–" }.into()),
        Fact::VisibleTime => facts.visible_ms.map(|ms| [number((ms / 1000) as u32), " s".into()].concat()),
    }
}

/// Without query and fragment, unless the owner keeps them; never with a name and password in it.
fn page_url(location: &JsValue, form: &Form) -> Option<String> {
    let part = |name| text(location, name).unwrap_or_default();
    let origin = match part("origin") {
        // Files and sandboxed frames have no origin to speak of.
        origin if origin == "null" => [part("protocol"), "//".into(), part("host")].concat(),
        origin => origin,
    };
    let query = if form.keep_query { part("search") } else { String::new() };
    let fragment = if form.keep_fragment { part("hash") } else { String::new() };
    cut([origin, part("pathname"), query, fragment].concat(), limits::URL_CHARS_MAX)
}

async fn user_agent(navigator: &JsValue) -> Option<UserAgent> {
    let hints = get(navigator, "userAgentData");
    if hints.is_undefined() {
        return text(navigator, "userAgent").map(UserAgent::Text);
    }
    let brands = Array::from(&get(&hints, "brands"));
    let brand =
        |entry: JsValue| Some(Brand { brand: text(&entry, "brand")?, version: text(&entry, "version")? });
    Some(UserAgent::Hints {
        brands: brands.iter().filter_map(brand).take(limits::FACT_ENTRIES_MAX).collect(),
        platform: text(&hints, "platform").unwrap_or_default(),
        mobile: get(&hints, "mobile").is_truthy(),
        model: model(&hints).await,
    })
}

/// The device's model, where the browser grants it.
async fn model(hints: &JsValue) -> Option<String> {
    let ask: Function = get(hints, "getHighEntropyValues").dyn_into().ok()?;
    let promise = ask.call1(hints, &Array::of1(&"model".into())).ok()?;
    text(&JsFuture::from(promise.unchecked_into::<js_sys::Promise>()).await.ok()?, "model")
}

/// The property, or `undefined` where it is missing or the page made it throw.
fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The property if it is a text with something in it, cut to what the collector takes.
fn text(object: &JsValue, name: &str) -> Option<String> {
    let text = get(object, name).as_string().filter(|text| !text.is_empty())?;
    let limit =
        if name == "referrer" || name == "href" { limits::URL_CHARS_MAX } else { limits::FACT_CHARS_MAX };
    cut(text, limit)
}

fn cut(text: String, chars_max: usize) -> Option<String> {
    Some(match text.char_indices().nth(chars_max) {
        Some((at, _)) => text[..at].into(),
        None => text,
    })
}

fn size(object: &JsValue, width: &str, height: &str) -> Option<Size> {
    let side = |name| get(object, name).as_f64().map(|side| side as u32);
    Some(Size { width: side(width)?, height: side(height)? })
}

fn strings(list: &JsValue) -> Vec<String> {
    Array::from(list).iter().filter_map(|entry| entry.as_string()).take(limits::FACT_ENTRIES_MAX).collect()
}

fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    Some([scheme, "://", host].concat())
}

fn number(value: u32) -> String {
    as_text(&js_sys::Number::from(value)).unwrap_or_default()
}

fn as_text(number: &js_sys::Number) -> Option<String> {
    number.to_string_with_radix(10).ok().map(String::from)
}
