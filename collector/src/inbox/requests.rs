//! What visitors asked for that a person answers, by its due date.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::{Correction, ReceiptNumber, RequestState, Right, Timestamp};
use candor_rules::rights;
use uuid::Uuid;

use super::{
    form::Signed,
    page::{Frame, Trouble, render},
    session::Session,
    words::Moment,
};
use crate::{
    app::App,
    audit::{Act, pseudonym_text},
    http::Failure,
    language::Language,
    mail::Errand,
    store::{Answer, RequestLine, Sought, StoreError},
};

/// Requests on the page: all that are open, in any but a flood, and the last ones that were answered.
const PAGE: u32 = 200;

#[derive(Template)]
#[template(path = "inbox/requests.html")]
struct RequestsPage {
    frame: Frame,
    token: String,
    open: Vec<Line>,
    answered: Vec<Line>,
}

struct Line {
    id: Uuid,
    wish: &'static str,
    site: Option<String>,
    visitor: String,
    report: Option<(Uuid, ReceiptNumber)>,
    asked: Moment,
    due: Moment,
    is_overdue: bool,
    extended_because: Option<String>,
    /// What a correction puts in the place of what was sent.
    wanted: Vec<(&'static str, String)>,
    is_erasure: bool,
    is_done: bool,
    answer: Option<String>,
}

/// Shows the requests of the member's sites.
pub(super) async fn show(State(app): State<Arc<App>>, session: Session) -> Result<Response, Trouble> {
    let now = app.clock.now();
    let found = app.store.requests(session.signed_in.member, PAGE).await?;
    if !found.is_empty() {
        session.note(&app, Act::Listed, None, format!("{} requests", found.len())).await?;
    }
    let (mut open, mut answered) = (Vec::new(), Vec::new());
    for line in found {
        let wanted = match line.request.right {
            Right::Correct => wanted(&app, &session, &line, now).await?,
            _ => None,
        };
        let is_open = line.request.state == RequestState::Open;
        let line = Line::of(line, wanted, &session, now);
        if is_open { open.push(line) } else { answered.push(line) }
    }
    let token = session.form_token.clone();
    Ok(render(&RequestsPage { frame: Frame::of(Some(&session)).at("requests"), token, open, answered }))
}

/// What an open correction wants, for a member who may see the report.
async fn wanted(
    app: &App,
    session: &Session,
    line: &RequestLine,
    now: Timestamp,
) -> Result<Option<Correction>, Trouble> {
    let (member, Some(report)) = (session.signed_in.member, line.request.report) else { return Ok(None) };
    if line.request.state != RequestState::Open || app.store.report(member, report, now).await?.is_none() {
        return Ok(None);
    }
    let wanted = app.store.wanted(member, line.request.id).await?;
    if wanted.is_some() {
        session.note(app, Act::Read, Some(line.site), format!("request:{}", line.request.id)).await?;
    }
    Ok(wanted)
}

impl Line {
    fn of(line: RequestLine, wanted: Option<Correction>, session: &Session, now: Timestamp) -> Self {
        let RequestLine { request, site, reporter } = line;
        let member = &session.signed_in;
        let wish = match (request.right, request.report) {
            (Right::Erase, None) => "Erase everything",
            (Right::Erase, Some(_)) => "Erase a report",
            (Right::Correct, _) => "Correct a report",
            (Right::Access, _) => "See what is kept",
            (Right::Restrict, _) => "Restrict a report",
            (Right::Object, _) => "Object to a use",
            (Right::Withdraw, _) => "Take consent back",
        };
        let wanted = wanted.unwrap_or_default();
        let contact = wanted.contact.unwrap_or_default();
        let wanted =
            [("Message", wanted.message), ("Name", contact.name), ("E-mail", contact.email)].into_iter();
        Self {
            id: request.id,
            wish,
            site: (member.sites.len() > 1).then(|| member.site_name(site).to_owned()),
            visitor: pseudonym_text(reporter.pseudonym()),
            report: request.report.map(|report| (report, ReceiptNumber::of(report))),
            asked: Moment::new(request.asked_at, now),
            due: Moment::new(request.due, now),
            is_overdue: request.due < now,
            extended_because: request.extended_because,
            wanted: wanted.filter_map(|(name, value)| value.map(|value| (name, value))).collect(),
            is_erasure: request.right == Right::Erase,
            is_done: request.state == RequestState::Done,
            answer: request.answer,
        }
    }

    /// `12 days left`, `overdue by 3 days`
    fn left(&self) -> String {
        match (self.is_overdue, self.due.relative.strip_prefix("in ")) {
            (false, Some(left)) => format!("{left} left"),
            (true, _) => format!("Overdue, was due {}", self.due.relative),
            (false, None) => "due now".into(),
        }
    }
}

/// Does a request, refuses it, or puts it off.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let (member, now) = (session.signed_in.member, app.clock.now());
    let id: Uuid = id.parse().map_err(|_| Failure::not_found())?;
    let asked = app.store.open_request(member, id).await?;
    // Where they are to be found is looked up before: what is done may be to erase it.
    let reachable = match &asked {
        Some(line) if app.settings.mail.is_some() => {
            app.store.reachable(line.site, line.reporter, now).await?
        }
        _ => None,
    };
    let is_changed = match posted.act.as_str() {
        "put-off" => {
            let reason = posted.reason()?;
            let line = asked.as_ref().ok_or_else(Failure::not_found)?;
            let was_extended = line.request.extended_because.is_some();
            let due = rights::extend(line.request.due, was_extended, &reason, now).map_err(Failure::from)?;
            app.store.put_off(member, id, due, reason, now).await?
        }
        act => {
            let answer = match act {
                "do" => Answer::Do,
                "refuse" => Answer::Refuse(posted.reason()?),
                _ => return Err(Failure::not_found().into()),
            };
            match app.store.answer(member, id, answer, now).await {
                Err(StoreError::Conflict(_)) => return Err(Trouble::Said(StatusCode::CONFLICT, HELD)),
                answered => answered?,
            }
        }
    };
    if !is_changed {
        return Err(Failure::not_found().into());
    }
    if let (Some(line), Some((email, locale))) = (asked, reachable) {
        let language = locale.as_deref().and_then(Language::of).unwrap_or_default();
        app.errands.take(Errand::Answered { site: line.site, who: line.reporter, email, language });
    }
    app.sweep_blobs().await;
    Ok(Redirect::to("/inbox/requests").into_response())
}

const HELD: &str = "A report of theirs is under a legal hold. Whoever may hold reports has to end that first; \
                    until then refuse, or put the request off.";

/// Goes on to the page of whoever asked.
pub(super) async fn person(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
) -> Result<Response, Trouble> {
    let (member, now) = (session.signed_in.member, app.clock.now());
    let id: Uuid = id.parse().map_err(|_| Failure::not_found())?;
    let asked = app.store.requests(member, PAGE).await?.into_iter().find(|line| line.request.id == id);
    let who = asked.ok_or_else(Failure::not_found)?.reporter;
    let people = app.store.people(member, Sought::Pseudonym(who.pseudonym()), now).await?;
    let person = people.into_iter().find(|person| person.reporter == who);
    let report = person.and_then(|person| person.reports.first().map(|report| report.id));
    let report = report
        .ok_or(Trouble::Said(StatusCode::NOT_FOUND, "There is no report of theirs that you may see."))?;
    Ok(Redirect::to(&format!("/inbox/people/{report}")).into_response())
}
