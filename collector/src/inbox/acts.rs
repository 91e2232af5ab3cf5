//! What a member does about one report: hold it, correct it or erase it for its visitor.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::{Contact, Correction, Purpose, ReceiptNumber};
use candor_rules::{Content, rights};
use uuid::Uuid;

use super::{
    form::{Posted, Signed},
    page::{Frame, Trouble, render},
    session::Session,
};
use crate::{
    app::App,
    audit::{Act, Actor},
    http::Failure,
    store::{By, Report, Scope},
};

#[derive(Template)]
#[template(path = "inbox/correct.html")]
struct CorrectPage {
    frame: Frame,
    token: String,
    id: Uuid,
    number: ReceiptNumber,
    fault: Option<String>,
    /// The words, where some are kept.
    message: Option<String>,
    /// Name and address, where contact is kept.
    contact: Option<(String, String)>,
}

async fn find(app: &App, session: &Session, id: &str) -> Result<Report, Trouble> {
    let id: Uuid = id.parse().map_err(|_| Failure::not_found())?;
    let found = app.store.report(session.signed_in.member, id, app.clock.now()).await?;
    Ok(found.ok_or_else(Failure::not_found)?)
}

fn acting(session: &Session, report: &Report, posted: &Posted) -> Result<By, Trouble> {
    let actor = Actor::Member(session.signed_in.member);
    Ok(By { actor, sites: Some(vec![report.site]), reports: None, why: Some(posted.reason()?) })
}

/// Holds a report beyond its dates, or ends that.
pub(super) async fn hold(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let report = find(&app, &session, &id).await?;
    if !session.signed_in.role(report.site).is_some_and(|role| role.may_hold()) {
        return Err(Trouble::Said(
            StatusCode::FORBIDDEN,
            "Owners hold reports, and those who see to privacy.",
        ));
    }
    let reason = match posted.act.as_str() {
        "hold" => Some(posted.reason()?),
        "end" => None,
        _ => return Err(Failure::not_found().into()),
    };
    let actor = Actor::Member(session.signed_in.member);
    app.store.hold(report.site, report.id, reason, actor, app.clock.now()).await?;
    app.sweep_blobs().await;
    Ok(Redirect::to(&format!("/inbox/reports/{}", report.id)).into_response())
}

/// Erases one report for its visitor.
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let (report, now) = (find(&app, &session, &id).await?, app.clock.now());
    let by = acting(&session, &report, &posted)?;
    if report.held_because.is_some() {
        return Err(Trouble::Said(
            StatusCode::CONFLICT,
            "This report is under a legal hold. End that first.",
        ));
    }
    let scope = Scope::Report(report.id);
    app.store.erase(report.reporter, scope, by, app.rng.uuid_v7(now), now).await?;
    app.sweep_blobs().await;
    Ok(Redirect::to("/inbox/people?erased=1").into_response())
}

/// The form in which a report is corrected.
pub(super) async fn correction(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
) -> Result<Response, Trouble> {
    let report = find(&app, &session, &id).await?;
    session.note(&app, Act::Read, Some(report.site), format!("report:{}", report.id)).await?;
    Ok(render(&CorrectPage::of(&report, &session)))
}

/// Puts the words or the contact right.
pub(super) async fn correct(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let (report, now) = (find(&app, &session, &id).await?, app.clock.now());
    let by = acting(&session, &report, &posted)?;
    let page = CorrectPage::of(&report, &session);
    // Browsers send line ends as CR LF.
    let message = posted.message.map(|text| text.replace("\r\n", "\n"));
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).unwrap_or_default();
    let contact = (given(posted.name), given(posted.email));
    let correction = Correction {
        message: message
            .clone()
            .filter(|message| page.message.as_ref().is_some_and(|known| known != message)),
        contact: page.contact.as_ref().filter(|known| **known != contact).map(|_| Contact {
            name: some(&contact.0),
            email: some(&contact.1),
            ..Contact::default()
        }),
    };
    let held: Vec<Purpose> = report.parts.iter().map(|part| part.kept.purpose).collect();
    if let Err(refusal) = rights::admit_correction(&correction, &held) {
        let fault =
            refusal.detail.map_or("Change something.".into(), |detail| format!("This needs {detail}."));
        let page = CorrectPage {
            fault: Some(fault),
            message: page.message.and(message),
            contact: page.contact.map(|_| contact),
            ..page
        };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response());
    }
    let request = app.rng.uuid_v7(now);
    let done = app.store.correct(report.reporter, report.id, correction, by, request, now).await?;
    done.ok_or_else(Failure::not_found)?;
    Ok(Redirect::to(&format!("/inbox/reports/{}", report.id)).into_response())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

impl CorrectPage {
    fn of(report: &Report, session: &Session) -> Self {
        let (mut message, mut contact) = (None, None);
        for part in &report.parts {
            match &part.content {
                Content::Message { text, .. } => message = Some(text.clone()),
                Content::Contact(known) => {
                    let text = |value: &Option<String>| value.clone().unwrap_or_default();
                    contact = Some((text(&known.name), text(&known.email)));
                }
                Content::Browser(_) => {}
            }
        }
        Self {
            frame: Frame::of(Some(session)).at("inbox"),
            token: session.form_token.clone(),
            id: report.id,
            number: ReceiptNumber::of(report.id),
            fault: None,
            message,
            contact,
        }
    }
}
