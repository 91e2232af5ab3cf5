//! The pages in which members read what visitors sent. Rendered here, without a script.

mod acts;
mod closing;
mod file;
mod form;
mod list;
mod page;
mod passwords;
mod people;
mod report;
mod requests;
mod search;
mod session;
mod sign_in;
mod style;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::Response,
    routing::{get, post},
};

pub use passwords::{PasswordFault, Passwords, hash_password, make_password};

pub(crate) use session::is_from_here;

use crate::app::App;

/// The inbox may load its own style sheet and icon, and post to itself; nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The addresses of style sheet and icon, for pages outside the inbox.
pub(crate) fn look() -> (&'static str, &'static str) {
    (style::SHEET.path(), style::ICON.path())
}

/// The address of the script of the page with a visitor's own data.
pub(crate) fn mine_script() -> &'static str {
    style::MINE.path()
}

/// The inbox's routes.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/inbox", get(list::show))
        .route("/inbox/search", get(search::show).post(search::search))
        .route("/inbox/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/inbox/sign-out", post(sign_in::sign_out))
        .route("/inbox/reports/{report}", get(report::show))
        .route("/inbox/reports/{report}/hold", post(acts::hold))
        .route("/inbox/reports/{report}/erase", post(acts::erase))
        .route("/inbox/reports/{report}/correct", get(acts::correction).post(acts::correct))
        .route("/inbox/sites/{site}/closing", post(closing::decide))
        .route("/inbox/requests", get(requests::show))
        .route("/inbox/requests/{request}", post(requests::answer))
        .route("/inbox/requests/{request}/person", get(requests::person))
        .route("/inbox/people", get(people::show).post(people::search))
        .route("/inbox/people/{report}", get(people::person))
        .route("/inbox/people/{report}/export", post(people::export))
        .route("/inbox/people/{report}/erase", post(people::erase))
        .layer(middleware::map_response(guard))
        .route("/inbox/reports/{report}/files/{name}", get(file::show))
        .route("/inbox/style/{file}", get(style::show))
}

async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
