//! `/me`: where a visitor asks for a link to their own data, and where the link leads.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use candor_protocol::{Code, LINK_MINUTES};
use serde::Deserialize;
use uuid::Uuid;

use super::{Failure, link};
use crate::{
    app::{App, Peer},
    inbox,
    language::Language,
    store::Site,
};

/// Our own script, which talks to us alone; no form goes elsewhere, and no text becomes a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// What the address or the form says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    site: Option<String>,
    lang: Option<String>,
    email: String,
}

#[derive(Template)]
#[template(path = "me/page.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'a str,
    style: &'a str,
    icon: &'a str,
    script: &'a str,
    title: String,
    intro: String,
    site: Option<Uuid>,
    name: &'a str,
    email: &'a str,
    minutes: u16,
    words: &'a BTreeMap<String, String>,
    json: String,
    said: Option<String>,
    fault: Option<String>,
}

/// The page as somebody finds it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (site, language) = (site(&app, &asked).await?, language(&asked, &headers));
    let none = app.settings.mail.is_none();
    let said = site.as_ref().filter(|_| none).map(|site| language.say("no_mail", &[("site", &site.name)]));
    Ok(render(StatusCode::OK, language, site.as_deref(), "", said, None))
}

/// Asks for a link, without a script.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Result<Form<Asked>, FormRejection>,
) -> Result<Response, Failure> {
    if !inbox::is_from_here(&app, &headers) {
        return Err(Failure::new(Code::OriginRefused));
    }
    let asked = form.map(|Form(asked)| asked).map_err(|_| Failure::new(Code::Invalid))?;
    let (site, language) = (site(&app, &asked).await?, language(&asked, &headers));
    let Some(site) = site else { return Err(Failure::new(Code::UnknownSite)) };
    let values = [("site", site.name.as_str()), ("minutes", &LINK_MINUTES.to_string())];
    let ordered = link::order(&app, peer, &headers, site.id, &asked.email, language).await;
    let Err(failure) = ordered else {
        let said = Some(language.say("asked", &values));
        return Ok(render(StatusCode::ACCEPTED, language, Some(&*site), "", said, None));
    };
    let key = match failure.code() {
        Code::Invalid => "unfit",
        Code::RateLimited => "too_often",
        _ if app.settings.mail.is_none() => "no_mail",
        _ => "away",
    };
    let status = StatusCode::from_u16(failure.problem().status).unwrap_or(StatusCode::BAD_REQUEST);
    let fault = Some(language.say(key, &values));
    Ok(render(status, language, Some(&*site), &asked.email, None, fault))
}

/// The site that is meant; the only one where none is named.
async fn site(app: &App, asked: &Asked) -> Result<Option<Arc<Site>>, Failure> {
    let directory = app.store.directory(app.clock.now()).await?;
    let site = match asked.site.as_deref() {
        Some(text) => text.parse().ok().and_then(|id| directory.site(id)),
        None => match directory.sites().as_slice() {
            [only] => Some(*only),
            _ => None,
        },
    };
    Ok(site.cloned())
}

fn language(asked: &Asked, headers: &HeaderMap) -> Language {
    Language::wanted(asked.lang.as_deref(), headers)
}

fn render(
    status: StatusCode,
    language: Language,
    site: Option<&Site>,
    email: &str,
    said: Option<String>,
    fault: Option<String>,
) -> Response {
    let (style, icon) = inbox::look();
    let name = site.map_or("", |site| &site.name);
    let values = [("site", name)];
    let words = language.words();
    let page = Page {
        lang: language.tag(),
        dir: language.direction(),
        style,
        icon,
        script: inbox::mine_script(),
        title: language.say(if site.is_some() { "title" } else { "title_any" }, &values),
        intro: language.say("ask_intro", &values),
        site: site.map(|site| site.id),
        name,
        email,
        minutes: LINK_MINUTES,
        words,
        json: serde_json::to_string(words).unwrap_or_default(),
        said,
        fault,
    };
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => return Failure::internal(&error).into_response(),
    };
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    let headers: [(HeaderName, HeaderValue); 4] = [
        fixed(header::CONTENT_SECURITY_POLICY, POLICY),
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    (status, headers, Html(html)).into_response()
}
