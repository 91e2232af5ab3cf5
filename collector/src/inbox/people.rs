//! One visitor's reports, and what a member does for whoever asks by letter or by mail.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::Timestamp;
use candor_rules::is_email;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    form::{Posted, Signed},
    list,
    page::{Frame, Trouble, render},
    session::Session,
    words::{self, Moment},
};
use crate::{
    app::App,
    audit::{Act, Actor, pseudonym_text},
    export,
    http::Failure,
    store::{By, Own, Person, Scope, Sought},
};

#[derive(Template)]
#[template(path = "inbox/people.html")]
struct PeoplePage {
    frame: Frame,
    token: String,
    sought: String,
    fault: Option<&'static str>,
    /// Reports that were just erased.
    erased: Option<String>,
    found: Vec<Found>,
}

struct Found {
    href: String,
    visitor: String,
    reports: String,
    last: Moment,
}

#[derive(Template)]
#[template(path = "inbox/person.html")]
struct PersonPage {
    frame: Frame,
    token: String,
    visitor: String,
    href: String,
    lines: Vec<list::Line>,
    restricted: Option<String>,
    requests: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    erased: Option<String>,
}

const UNFIT: &str = "Write an e-mail address, or the eight characters under which a visitor is shown.";
const NOBODY: &str = "No report that you may see is theirs. It may have expired, or been erased.";

/// The form.
pub(super) async fn show(Query(asked): Query<Asked>, session: Session) -> Result<Response, Trouble> {
    let erased = asked.erased.and_then(|count| count.parse().ok()).map(|count| words::count(count, "report"));
    Ok(page(&session, String::new(), None, erased, Vec::new()))
}

/// Searches. The address travels in the body, so that it lies in no log and no history.
pub(super) async fn search(
    State(app): State<Arc<App>>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let (text, now) = (posted.sought.trim().to_owned(), app.clock.now());
    let Some(sought) = sought(&text) else { return Ok(page(&session, text, Some(UNFIT), None, Vec::new())) };
    let by = match &sought {
        Sought::Address(_) => "an address".into(),
        Sought::Pseudonym(pseudonym) => format!("visitor:{}", pseudonym_text(*pseudonym)),
    };
    let people = app.store.people(session.signed_in.member, sought, now).await?;
    session.note(&app, Act::Searched, None, format!("{by}, {} found", people.len())).await?;
    let found: Vec<_> = people.iter().filter_map(|person| Found::of(person, now)).collect();
    match found.as_slice() {
        [one] => Ok(Redirect::to(&one.href).into_response()),
        [] => Ok(page(&session, text, Some(NOBODY), None, found)),
        _ => Ok(page(&session, text, None, None, found)),
    }
}

fn page(
    session: &Session,
    sought: String,
    fault: Option<&'static str>,
    erased: Option<String>,
    found: Vec<Found>,
) -> Response {
    let (frame, token) = (Frame::of(Some(session)).at("people"), session.form_token.clone());
    render(&PeoplePage { frame, token, sought, fault, erased, found })
}

fn sought(text: &str) -> Option<Sought> {
    if is_email(text) {
        return Some(Sought::Address(text.into()));
    }
    let is_pseudonym = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pseudonym = is_pseudonym.then(|| u32::from_str_radix(text, 16).ok()).flatten()?;
    Some(Sought::Pseudonym(pseudonym.to_be_bytes()))
}

impl Found {
    fn of(person: &Person, now: Timestamp) -> Option<Self> {
        let last = person.reports.first()?;
        Some(Self {
            href: format!("/inbox/people/{}", last.id),
            visitor: pseudonym_text(person.reporter.pseudonym()),
            reports: counted(person.reports.len(), "report"),
            last: Moment::new(last.received_at, now),
        })
    }
}

fn counted(count: usize, one: &str) -> String {
    words::count(u32::try_from(count).unwrap_or(u32::MAX), one)
}

/// The visitor who sent one of the reports that this member may see. A report's id names them, for pseudonyms are short
/// and two visitors may share one.
async fn find(app: &App, session: &Session, report: &str) -> Result<Person, Trouble> {
    let report: Uuid = report.parse().map_err(|_| Failure::not_found())?;
    let found = app.store.person(session.signed_in.member, report, app.clock.now()).await?;
    Ok(found.ok_or_else(Failure::not_found)?)
}

/// Shows all of a visitor's reports on the member's sites.
pub(super) async fn person(
    State(app): State<Arc<App>>,
    Path(report): Path<String>,
    session: Session,
) -> Result<Response, Trouble> {
    let (person, now) = (find(&app, &session, &report).await?, app.clock.now());
    let visitor = pseudonym_text(person.reporter.pseudonym());
    session
        .note(&app, Act::Listed, None, format!("visitor:{visitor}, {} reports", person.reports.len()))
        .await?;
    let waiting =
        person.requests.iter().filter(|request| request.state == candor_protocol::RequestState::Open).count();
    let some = |count: usize, one| (count > 0).then(|| counted(count, one));
    let page = PersonPage {
        frame: Frame::of(Some(&session)).at("people"),
        token: session.form_token.clone(),
        visitor,
        href: format!("/inbox/people/{report}"),
        lines: person
            .reports
            .iter()
            .map(|report| list::Line::of_report(report, &session.signed_in, now))
            .collect(),
        restricted: some(person.restricted, "report"),
        requests: some(waiting, "request"),
    };
    Ok(render(&page))
}

fn acting(session: &Session, posted: &Posted) -> Result<By, Trouble> {
    Ok(By {
        actor: Actor::Member(session.signed_in.member),
        sites: Some(session.signed_in.sites.iter().map(|site| site.id).collect()),
        reports: None,
        why: Some(posted.reason()?),
    })
}

/// Hands out all that is kept of a visitor on the member's sites, as far as the member may see it; whoever sees to
/// privacy hands out the rest, too.
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Path(report): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let by = acting(&session, &posted)?;
    let (who, now) = (find(&app, &session, &report).await?.reporter, app.clock.now());
    let mut archive = export::Archive::default();
    let zip = loop {
        let person = find(&app, &session, &report).await?;
        let own = app.store.export(vec![who], by.clone(), now).await?;
        let own = as_seen(own, person, &session);
        if let Some(zip) = archive.of(&app.store, &app.blobs, own, now).await? {
            break zip;
        }
    };
    let name = format!("attachment; filename=\"visitor-{}.zip\"", pseudonym_text(who.pseudonym()));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, zip).into_response())
}

/// What is kept of a visitor, as far as the member may hand it out.
fn as_seen(mut own: Own, person: Person, session: &Session) -> Own {
    let mut seen = person.reports;
    own.reports = own
        .reports
        .into_iter()
        .filter_map(|whole| {
            let is_all = session.signed_in.role(whole.site).is_some_and(|role| role.sees_restricted());
            let at = seen.iter().position(|seen| seen.id == whole.id);
            if is_all { Some(whole) } else { at.map(|at| seen.swap_remove(at)) }
        })
        .collect();
    own.requests = person.requests;
    own
}

/// Erases all that is kept of a visitor on the member's sites, what the member may not see included.
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Path(report): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let by = acting(&session, &posted)?;
    let (person, now) = (find(&app, &session, &report).await?, app.clock.now());
    let request = app.rng.uuid_v7(now);
    let outcome = app.store.erase(person.reporter, Scope::Everything, by, request, now).await?;
    app.sweep_blobs().await;
    if outcome.request.is_some() {
        return Err(Trouble::Said(StatusCode::CONFLICT, HELD));
    }
    Ok(Redirect::to(&format!("/inbox/people?erased={}", outcome.reports)).into_response())
}

const HELD: &str = "A report of theirs is under a legal hold, so it became a request: it can be done once the hold \
                    has ended.";
