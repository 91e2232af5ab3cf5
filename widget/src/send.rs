//! The one request that carries a visitor's words.

use candor_protocol::Submission;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use crate::{
    dom::window,
    panel::{Failure, Refused},
    wire,
};

/// Milliseconds after which an unanswered try is given up: the visitor may try again with the same id.
const PATIENCE_MS: u32 = 20_000;

/// Sends a submission and hands back the receipt as it came; only a 2xx counts as stored.
pub(crate) async fn submit(origin: &str, submission: &Submission) -> Result<JsValue, Failure> {
    let (status, body) = post(origin, submission).await.map_err(|_| Failure::Unreachable)?;
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let refused: Refused = wire::read(&body).map_err(|_| Failure::Unreachable)?;
    Err(Failure::Refused(Box::new(refused)))
}

async fn post(origin: &str, submission: &Submission) -> Result<(u16, JsValue), JsValue> {
    let body = js_sys::JSON::stringify(&wire::write(submission)?)?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&body);
    init.set_signal(Some(&web_sys::AbortSignal::timeout_with_u32(PATIENCE_MS)));
    let headers = js_sys::Object::new();
    js_sys::Reflect::set(&headers, &"content-type".into(), &"application/json".into())?;
    init.set_headers(&headers);
    // The collector knows visitors by their reporter id alone: no cookie of anybody's goes along.
    js_sys::Reflect::set(&init, &"credentials".into(), &"omit".into())?;
    js_sys::Reflect::set(&init, &"referrerPolicy".into(), &"no-referrer".into())?;
    let url = [origin, "/v1/submissions"].concat();
    let response: Response =
        JsFuture::from(window()?.fetch_with_str_and_init(&url, &init)).await?.unchecked_into();
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    Ok((response.status(), js_sys::JSON::parse(&text)?))
}
