//! The one request that carries a visitor's words.

use js_sys::{JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestInit, Response};

use crate::dom::{then, window};

/// Milliseconds after which an unanswered try is given up: the visitor may try again with the same id.
const PATIENCE_MS: u32 = 20_000;

/// Sends a submission's JSON. The promise is kept with the receipt, as it came, and only by a 2xx; it is broken with
/// the problem document, or with whatever the browser says where there was no answer.
pub(crate) fn submit(origin: &str, body: &str) -> Result<Promise, JsValue> {
    let init = RequestInit::from(JsValue::from(Object::new()));
    let set = |object: &JsValue, name: &str, value: &JsValue| Reflect::set(object, &name.into(), value);
    set(&init, "method", &"POST".into())?;
    set(&init, "body", &body.into())?;
    set(&init, "signal", &web_sys::AbortSignal::timeout_with_u32(PATIENCE_MS))?;
    let headers = Object::new();
    set(&headers, "content-type", &"application/json".into())?;
    set(&init, "headers", &headers)?;
    // The collector knows visitors by their reporter id alone: no cookie of anybody's goes along.
    set(&init, "credentials", &"omit".into())?;
    set(&init, "referrerPolicy", &"no-referrer".into())?;
    let url = [origin, "/v1/submissions"].concat();
    let answered = window().fetch_with_str_and_init(&url, &init);
    Ok(then(&answered.unchecked_into(), Box::new(|answer| read(&answer?.unchecked_into()))))
}

fn read(response: &Response) -> Result<JsValue, JsValue> {
    let is_stored = response.ok();
    let text: Promise = response.text()?.unchecked_into();
    let parsed = then(
        &text,
        Box::new(move |text| {
            let body = JSON::parse(&text?.as_string().unwrap_or_default())?;
            if is_stored { Ok(body) } else { Err(body) }
        }),
    );
    Ok(parsed.into())
}
