//! What the loader calls: one start, and one door for every method of `window.Candor`.

use std::{cell::RefCell, rc::Rc};

use candor_protocol::{Asked, Contact, Kind, Purpose, TextMap};
use js_sys::{Array, Function, Reflect};
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use web_sys::ShadowRoot;

use crate::{
    app::App,
    panel::{Event, Failure, Prefill},
    text::Texts,
    wire,
};

thread_local! {
    static APP: RefCell<Option<Rc<App>>> = const { RefCell::new(None) };
}

#[wasm_bindgen]
extern "C" {
    /// What the loader hands over.
    pub type Host;
    #[wasm_bindgen(method, getter)]
    fn root(this: &Host) -> ShadowRoot;
    #[wasm_bindgen(method, getter)]
    fn origin(this: &Host) -> String;
    #[wasm_bindgen(method, getter)]
    fn site(this: &Host) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn locale(this: &Host) -> String;
    #[wasm_bindgen(method, getter)]
    fn texts(this: &Host) -> Array;
    #[wasm_bindgen(method, getter)]
    fn css(this: &Host) -> String;
    #[wasm_bindgen(method, getter)]
    fn given(this: &Host) -> bool;
    #[wasm_bindgen(method, getter)]
    fn store(this: &Host) -> bool;
    #[wasm_bindgen(method, getter)]
    fn visible(this: &Host) -> Function;
    #[wasm_bindgen(method, getter)]
    fn emit(this: &Host) -> Function;
}

/// Puts a closed panel into the loader's shadow root.
///
/// # Errors
/// When the site's settings are not what this version reads, or the page took the DOM away.
#[wasm_bindgen]
pub fn start(host: &Host) -> Result<(), JsValue> {
    let texts = Texts::new(host.locale(), host.texts().iter().filter_map(|text| text.as_string()).collect());
    let asked = if host.given() { Asked::Page } else { Asked::Panel };
    let app = App::start(crate::app::Ground {
        root: host.root(),
        css: host.css(),
        origin: host.origin(),
        site: wire::read(&host.site())?,
        texts,
        asked,
        may_store: host.store(),
        visible: host.visible(),
        emit: host.emit(),
    })?;
    APP.set(Some(app));
    Ok(())
}

/// One method of `window.Candor`; `argument` is its first argument.
///
/// # Errors
/// When the argument is not what the method takes, or a headless submission was not stored: then an `Error` with the
/// problem's `code`.
#[wasm_bindgen]
pub async fn call(name: String, argument: JsValue) -> Result<JsValue, JsValue> {
    let Some(app) = APP.with_borrow(Clone::clone) else { return Err(JsError::new("closed").into()) };
    match name.as_str() {
        "open" => app.dispatch(Event::Open(read_or_default::<Prefill>(argument)?)),
        "close" => app.dispatch(Event::Close),
        "dismiss" => app.dispatch(Event::Press("bubble-dismiss".into())),
        "identify" => app.dispatch(Event::Identify(read_or_default::<Contact>(argument)?)),
        "set" => app.dispatch(Event::Set(read_or_default::<TextMap>(argument)?)),
        "submit" => return submit(&app, argument).await,
        "consent.status" => return Ok(wire::write(&app.consent_status())?),
        "consent.grant" => app.dispatch(Event::Grant(wire::read(&argument)?, crate::app::now())),
        "consent.withdraw" => app.dispatch(Event::Withdraw(read_or_default(argument)?)),
        "ledger.list" => {
            let entries =
                app.entries().into_iter().map(|(key, value)| Array::of2(&key.into(), &value.into()));
            return Ok(entries.collect::<Array>().into());
        }
        "ledger.clear" => app.forget(),
        "destroy" => {
            app.forget();
            APP.set(None);
        }
        _ => return Err(JsError::new("no such method").into()),
    }
    Ok(JsValue::UNDEFINED)
}

/// What a page sends without the panel: it has asked the visitor itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Headless {
    kind: Kind,
    #[serde(default)]
    message: String,
    rating: Option<u8>,
    #[serde(default)]
    custom: TextMap,
    contact: Option<Contact>,
    purposes: Vec<Purpose>,
    evidence: Option<String>,
}

async fn submit(app: &Rc<App>, argument: JsValue) -> Result<JsValue, JsValue> {
    let Headless { kind, message, rating, custom, contact, purposes, evidence } = wire::read(&argument)?;
    let mut submission = app.blank()?;
    submission.kind = kind;
    submission.message = message;
    submission.rating =
        rating.zip(app.scale()).map(|(value, scale)| candor_protocol::Rating { scale, value });
    submission.custom = custom;
    submission.contact = contact;
    submission.consent.purposes = purposes;
    submission.consent.evidence = evidence;
    match app.send(submission).await {
        Ok(receipt) => Ok(receipt),
        Err(failure) => {
            let code = match &failure {
                Failure::Unreachable => "unreachable",
                Failure::Refused(refused) => &refused.code,
            };
            let error = js_sys::Error::new(code);
            Reflect::set(&error, &"code".into(), &code.into())?;
            Err(error.into())
        }
    }
}

fn read_or_default<T: Default + for<'de> Deserialize<'de>>(argument: JsValue) -> Result<T, JsValue> {
    if argument.is_undefined() || argument.is_null() {
        return Ok(T::default());
    }
    Ok(wire::read(&argument)?)
}
