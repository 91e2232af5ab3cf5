//! What becomes of the messages of a site that was closed: its owner looks through them, and says.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::Timestamp;
use uuid::Uuid;

use super::{form::Signed, page::Trouble, session::Session, words::Moment};
use crate::{
    app::App,
    audit::Actor,
    http::Failure,
    store::{Role, StoreError},
};

/// A closed site whose days of grace run.
pub(super) struct Ending {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// When its visitors are made anonymous.
    pub(super) ends: Moment,
    pub(super) keeps_messages: bool,
    /// Whether the member says what becomes of the messages.
    pub(super) is_owner: bool,
}

/// Those of the member's sites that are coming to their end.
pub(super) async fn of_member(
    app: &App,
    session: &Session,
    now: Timestamp,
) -> Result<Vec<Ending>, StoreError> {
    let directory = app.store.directory(now).await?;
    let endings = session.signed_in.sites.iter().filter_map(|known| {
        let site = directory.site(known.id)?;
        let ends = site.ends_at().filter(|ends| *ends > now)?;
        Some(Ending {
            id: site.id,
            name: site.name.clone(),
            ends: Moment::new(ends, now),
            keeps_messages: site.closing.keeps_messages,
            is_owner: known.role == Role::Owner,
        })
    });
    Ok(endings.collect())
}

/// Keeps the bare words of a closed site's messages, or lets them go with everything else.
pub(super) async fn decide(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let site: Uuid = site.parse().map_err(|_| Failure::not_found())?;
    let role = session.signed_in.role(site).ok_or_else(Failure::not_found)?;
    if role != Role::Owner {
        return Err(Trouble::Said(StatusCode::FORBIDDEN, "Owners say what becomes of a site's messages."));
    }
    let keeps = match posted.act.as_str() {
        "keep" => true,
        "drop" => false,
        _ => return Err(Failure::not_found().into()),
    };
    let actor = Actor::Member(session.signed_in.member);
    if !app.store.keep_messages(site, keeps, actor, app.clock.now()).await? {
        return Err(Trouble::Said(
            StatusCode::CONFLICT,
            "This site is open, or its days of grace are over: there is nothing to decide.",
        ));
    }
    Ok(Redirect::to("/inbox").into_response())
}
