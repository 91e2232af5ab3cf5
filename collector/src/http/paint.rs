//! `GET /paint`: a page that paints drawings for pages whose own policy lets no `data:` image load.
//!
//! The picture tool opens it in a hidden frame and hands it a drawing of the page, from which everything masked has gone
//! already, and the size; what goes back is a PNG. It talks to nobody else, loads nothing, keeps nothing.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const SCRIPT: &str = include_str!("../../assets/paint.js");
/// A new version finds its way within the hour.
const CACHE: &str = "public, max-age=3600";

struct Page {
    html: String,
    policy: HeaderValue,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    // Any page may frame it: it shows nothing, knows nobody, and does for everybody the same.
    let policy = format!(
        "default-src 'none'; img-src data:; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors *"
    );
    Page {
        html: format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Candor</title><script>{SCRIPT}</script></html>"
        ),
        policy: HeaderValue::from_str(&policy).expect("it is ASCII"),
    }
});

/// Answers with the page.
pub(super) async fn show() -> Response {
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    let headers: [(HeaderName, HeaderValue); 5] = [
        (header::CONTENT_SECURITY_POLICY, PAGE.policy.clone()),
        fixed(header::CACHE_CONTROL, CACHE),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        // Pages that are isolated frame only what says so.
        fixed(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        fixed(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, Html(PAGE.html.as_str())).into_response()
}
