//! Reads what the browser tells about itself and its page, just before the visitor is shown it.

use candor_protocol::{Brand, ColorScheme, Fact, Size, UserAgent, limits};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    dom::{at, get, then, window},
    panel::ShownFact,
    text::number,
    value::{Value, Write},
    wire,
};

/// Reads the facts and hands them over: each as it would be sent, and as it reads. `visible` is the loader's count of
/// the milliseconds the page has been visible; `keeps` says whether the owner keeps the URL's query and fragment.
pub(crate) fn gather(
    keeps: (bool, bool),
    visible: &Function,
    done: impl FnOnce(Vec<ShownFact>) + 'static,
) -> Result<(), JsValue> {
    let mut facts = Facts(Vec::new());
    facts.text(Fact::PageUrl, page_url(keeps));
    facts.text(Fact::PageTitle, text("document.title"));
    facts.text(Fact::ReferrerOrigin, text("document.referrer").and_then(|url| origin(&url)));
    facts.size(Fact::Viewport, "innerWidth", "innerHeight");
    facts.size(Fact::Screen, "screen.width", "screen.height");
    let ratio = at("devicePixelRatio");
    if let (Some(number), Ok(text)) = (ratio.as_f64(), wire::to_json(&ratio)) {
        facts.add(Fact::PixelRatio, Value::Number(number), text);
    }
    let languages = wire::take::<Vec<String>>(&at("navigator.languages")).unwrap_or_default();
    let languages: Vec<String> = languages.into_iter().take(limits::FACT_ENTRIES_MAX).collect();
    facts.add(Fact::Languages, languages.write(), listed(&languages));
    let format = js_sys::Intl::DateTimeFormat::default();
    let options = get(&format, "resolvedOptions").unchecked_into::<Function>().call0(&format)?;
    facts.text(Fact::TimeZone, text_of(&options, "timeZone"));
    let dark = window().match_media("(prefers-color-scheme: dark)")?;
    let is_dark = dark.is_some_and(|query| query.matches());
    let scheme = if is_dark { ColorScheme::Dark } else { ColorScheme::Light };
    facts.text(Fact::ColorScheme, Some(scheme.as_str().into()));
    facts.text(Fact::Connection, text("navigator.connection.effectiveType"));
    if let Some(online) = at("navigator.onLine").as_bool() {
        facts.add(Fact::Online, Value::Flag(online), if online { "✓" } else { "–" }.into());
    }
    if let Some(ms) = visible.call0(&JsValue::NULL)?.as_f64() {
        facts.add(Fact::VisibleTime, Value::Number(ms), [&number(ms as usize / 1000), " s"].concat());
    }

    let hints = at("navigator.userAgentData");
    if hints.is_undefined() {
        facts.text(Fact::UserAgent, text("navigator.userAgent"));
        done(facts.0);
        return Ok(());
    }
    // The device's model, where the browser grants it.
    let ask = get(&hints, "getHighEntropyValues").dyn_into::<Function>();
    let asked = ask.and_then(|ask| ask.call1(&hints, &Array::of1(&"model".into())));
    drop(then(
        &Promise::resolve(&asked.unwrap_or_default()),
        Box::new(move |granted| {
            facts.hints(&hints, text_of(&granted.unwrap_or_default(), "model"));
            done(facts.0);
            Ok(JsValue::UNDEFINED)
        }),
    ));
    Ok(())
}

/// The facts so far, in the order in which panel and notice list them.
struct Facts(Vec<ShownFact>);

impl Facts {
    #[inline(never)]
    fn add(&mut self, fact: Fact, value: Value, text: String) {
        let later = self.0.iter().position(|shown| shown.fact > fact).unwrap_or(self.0.len());
        self.0.insert(later, ShownFact { fact, value, text });
    }

    #[inline(never)]
    fn text(&mut self, fact: Fact, text: Option<String>) {
        if let Some(text) = text {
            self.add(fact, text.write(), text);
        }
    }

    #[inline(never)]
    fn size(&mut self, fact: Fact, width: &str, height: &str) {
        let side = |path| at(path).as_f64().map(|side| side as u32);
        if let (Some(width), Some(height)) = (side(width), side(height)) {
            let shown = [&number(width as usize), " × ", &*number(height as usize)].concat();
            self.add(fact, Size { width, height }.write(), shown);
        }
    }

    fn hints(&mut self, hints: &JsValue, model: Option<String>) {
        let mut shown = Vec::new();
        let mut brands = Vec::new();
        for entry in Array::from(&get(hints, "brands")).iter().take(limits::FACT_ENTRIES_MAX) {
            if let (Some(brand), Some(version)) = (text_of(&entry, "brand"), text_of(&entry, "version")) {
                shown.push([&brand, " ", &*version].concat());
                brands.push(Brand { brand, version });
            }
        }
        let platform = text_of(hints, "platform").unwrap_or_default();
        let mobile = get(hints, "mobile").is_truthy();
        shown.push(platform.clone());
        shown.extend(mobile.then(|| "mobile".into()));
        shown.extend(model.clone());
        let agent = UserAgent::Hints { brands, platform, mobile, model };
        self.add(Fact::UserAgent, agent.write(), listed(&shown));
    }
}

/// Without query and fragment, unless the owner keeps them; never with a name and password in it.
fn page_url((keeps_query, keeps_fragment): (bool, bool)) -> Option<String> {
    let part = |path, keeps: bool| text(path).filter(|_| keeps).unwrap_or_default();
    let mut url = part("location.origin", true);
    if url == "null" {
        // Files and sandboxed frames have no origin to speak of.
        url = [part("location.protocol", true), "//".into(), part("location.host", true)].concat();
    }
    url.push_str(&part("location.pathname", true));
    url.push_str(&part("location.search", keeps_query));
    url.push_str(&part("location.hash", keeps_fragment));
    Some(cut(&url, limits::URL_CHARS_MAX))
}

fn text(path: &str) -> Option<String> {
    let (object, name) = path.rsplit_once('.')?;
    text_of(&at(object), name)
}

/// The property if it is a text with something in it, cut to what the collector takes.
#[inline(never)]
fn text_of(object: &JsValue, name: &str) -> Option<String> {
    let text = get(object, name).as_string().filter(|text| !text.is_empty())?;
    let limit = if name == "referrer" { limits::URL_CHARS_MAX } else { limits::FACT_CHARS_MAX };
    Some(cut(&text, limit))
}

#[inline(never)]
fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// Scheme and host of a URL as the browser writes it, with a slash after the host.
fn origin(url: &str) -> Option<String> {
    let mut parts = url.split('/');
    let (scheme, _, host) = (parts.next()?, parts.next()?, parts.next()?);
    Some([scheme, "//", host].concat())
}

/// The texts, with commas between.
fn listed(texts: &[String]) -> String {
    let mut list = String::new();
    for text in texts {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(text);
    }
    list
}
