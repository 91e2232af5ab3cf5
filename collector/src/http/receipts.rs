//! Receipts: the signature in an answer, the published keys, and a page that checks one.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    Form, Json,
    extract::{DefaultBodyLimit, Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{MethodRouter, get},
};
use candor_protocol::{Receipt, Timestamp};
use serde::Deserialize;

use super::Failure;
use crate::{
    app::App,
    language::Language,
    receipt::{self, BYTES_MAX, Controller, NotGenuine, Statement},
    store::{ReporterHash, Site},
};

/// Neither script nor anything from elsewhere; the one style sheet stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The receipt with its signature. Without one it is still a receipt: the report is stored, and that is what counts.
pub(super) async fn signed(app: &App, receipt: Receipt, reporter: ReporterHash, site: &Site) -> Receipt {
    let signer = match app.store.signer(app.clock.now()).await {
        Ok(signer) => signer,
        Err(cause) => {
            tracing::warn!(%cause, "a receipt goes out unsigned");
            return receipt;
        }
    };
    let in_force = receipt.policy == site.policy.version;
    let policy_url = site.policy.url.clone().filter(|_| in_force);
    let controller = Controller { name: site.name.clone(), site: site.id, policy_url };
    let statement = Statement::of(&receipt, controller, reporter.pseudonym());
    Receipt { signed: Some(signer.sign(&statement)), ..receipt }
}

/// `GET /.well-known/candor-receipt-keys.json`: the public keys of all times, as a JWK set (RFC 7517).
pub(super) async fn keys(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    app.store.signer(app.clock.now()).await?;
    let keys = app.store.receipt_keys().await?;
    let kind = HeaderValue::from_static("application/jwk-set+json");
    // Whoever checks a receipt of today must not be told yesterday's keys.
    let fresh = HeaderValue::from_static("public, max-age=60");
    let everywhere = HeaderValue::from_static("*");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, fresh),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, everywhere),
    ];
    Ok((headers, Json(keys)).into_response())
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'a str,
    words: &'a BTreeMap<String, String>,
    style: &'a str,
    icon: &'a str,
    pasted: &'a str,
    statement: Option<Statement>,
    stored: String,
    version: String,
    /// What it is called, and until when it is kept.
    kept: Vec<(&'a str, String)>,
    fault: Option<&'a str>,
}

/// `/receipt`: where anybody pastes a receipt and is told whether it is one of this instance's.
pub(super) fn page() -> MethodRouter<Arc<App>> {
    get(async |Query(asked): Query<Asked>, headers: HeaderMap| render(asked.language(&headers), "", None))
        .post(check)
        // The form's encoding takes up to three letters for one.
        .layer(DefaultBodyLimit::max(4 * BYTES_MAX))
}

#[derive(Deserialize)]
struct Asked {
    lang: Option<String>,
}

impl Asked {
    fn language(&self, headers: &HeaderMap) -> Language {
        Language::wanted(self.lang.as_deref(), headers)
    }
}

#[derive(Deserialize)]
struct Pasted {
    receipt: String,
}

async fn check(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    form: Result<Form<Pasted>, FormRejection>,
) -> Response {
    let pasted = form.map(|Form(pasted)| pasted.receipt).unwrap_or_default();
    let keys = match app.store.receipt_keys().await {
        Ok(keys) => keys,
        Err(error) => return Failure::from(error).into_response(),
    };
    let found = receipt::find(&pasted).ok_or(NotGenuine::Shape);
    let told = found.and_then(|signed| receipt::verify(&signed, &keys));
    render(asked.language(&headers), &pasted, Some(told))
}

/// `2026-11-22`: read alike in every language, and held together by isolates, for it falls to pieces among words that run
/// from the right.
fn day(at: Timestamp) -> String {
    let day: String = at.to_string().chars().take(10).collect();
    ["\u{2066}", &day, "\u{2069}"].concat()
}

fn render(language: Language, pasted: &str, told: Option<Result<Statement, NotGenuine>>) -> Response {
    let (style, icon) = crate::inbox::look();
    let words = language.words();
    let word = |name: &str| words.get(name).map(String::as_str).unwrap_or_default();
    let (status, statement, fault) = match told {
        None => (StatusCode::OK, None, None),
        Some(Ok(statement)) => (StatusCode::OK, Some(statement), None),
        Some(Err(not)) => {
            let why = match not {
                NotGenuine::Shape => "receipt_none",
                NotGenuine::UnknownKey => "receipt_unknown",
                NotGenuine::Changed => "receipt_changed",
            };
            (StatusCode::UNPROCESSABLE_ENTITY, None, Some(word(why)))
        }
    };
    let version = statement.as_ref().map(|said| said.policy_version.to_string()).unwrap_or_default();
    let kept = statement.iter().flat_map(|said| &said.purposes).map(|kept| {
        (word(kept.purpose.as_str()), language.say("receipt_until", &[("date", &day(kept.until))]))
    });
    let kept = kept.collect();
    let page = Page {
        lang: language.tag(),
        dir: language.direction(),
        words,
        style,
        icon,
        pasted,
        stored: statement.as_ref().map(|said| day(said.issued_at)).unwrap_or_default(),
        version: language.say("receipt_version", &[("version", &version)]),
        kept,
        statement,
        fault,
    };
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => return Failure::internal(&error).into_response(),
    };
    const NO_REFERRER: (HeaderName, HeaderValue) =
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        NO_REFERRER,
    ];
    (status, headers, Html(html)).into_response()
}
