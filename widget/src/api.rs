//! What the loader calls: one start, and one door for every method of `window.Candor`.

use std::{cell::RefCell, rc::Rc};

use candor_protocol::Asked;
use wasm_bindgen::prelude::*;

use crate::{
    app::{App, Ground, now},
    dom::get,
    panel::Event,
    text::Texts,
    value::{Value, Write},
    wire,
};

thread_local! {
    static APP: RefCell<Option<Rc<App>>> = const { RefCell::new(None) };
}

/// Puts a closed panel into the loader's shadow root. `host` is what the loader hands over: `root`, `origin`, `site`,
/// `locale`, `texts`, `program`, `module`, `asset`, `look`, `given`, `store`, `visible`, `emit`.
///
/// # Errors
/// When the site's settings are not what this version reads, or the page took the DOM away.
#[wasm_bindgen]
pub fn start(host: &JsValue) -> Result<(), JsValue> {
    let text = |name| wire::take::<String>(&get(host, name));
    let app = App::start(Ground {
        root: get(host, "root").unchecked_into(),
        css: wire::take(&get(&get(host, "program"), "css"))?,
        host: host.clone(),
        origin: text("origin")?,
        site: wire::take(&get(host, "site"))?,
        texts: Texts::new(text("locale")?, wire::take(&get(host, "texts"))?),
        asked: if get(host, "given").is_truthy() { Asked::Page } else { Asked::Panel },
        evidence: get(&get(host, "look"), "evidence").as_string(),
        may_store: get(host, "store").is_truthy(),
        visible: get(host, "visible").unchecked_into(),
        emit: get(host, "emit").unchecked_into(),
    })?;
    APP.set(Some(app));
    Ok(())
}

/// One method of `window.Candor` with its first two arguments. What takes time is handed back as a promise.
///
/// # Errors
/// When the argument is not what the method takes.
#[wasm_bindgen]
pub fn call(name: &str, argument: &JsValue, more: &JsValue) -> Result<JsValue, JsValue> {
    let Some(app) = APP.with_borrow(Clone::clone) else { return Err(js_sys::Error::new("closed").into()) };
    let event = match name {
        "open" => Event::Open(wire::take(argument)?),
        "close" => Event::Close,
        "dismiss" => Event::Press("bubble-dismiss".into()),
        "identify" => Event::Identify(wire::take(argument)?),
        "set" => Event::Set(wire::take(argument)?),
        "consent.grant" => Event::Grant(wire::take(argument)?, now()),
        "consent.withdraw" => Event::Withdraw(wire::take(argument)?),
        "consent.status" => return Ok(wire::give(&app.consent_status().write())),
        "submit" => return app.submit(wire::take(argument)?, get(argument, "files")).map(JsValue::from),
        "picture" => return Ok(app.files("ask", argument, more)),
        "ledger.list" => {
            let pair = |(key, value)| Value::List(vec![Value::Text(key), Value::Text(value)]);
            return Ok(wire::give(&Value::List(app.entries().into_iter().map(pair).collect())));
        }
        "ledger.clear" => Event::Press("clear".into()),
        "destroy" => {
            app.files("leave", &JsValue::UNDEFINED, &JsValue::UNDEFINED);
            app.forget();
            APP.set(None);
            return Ok(JsValue::UNDEFINED);
        }
        _ if name.starts_with("me.") => return Ok(app.files(name, argument, more)),
        _ => return Err(js_sys::Error::new("no such method").into()),
    };
    app.dispatch(event);
    Ok(JsValue::UNDEFINED)
}
