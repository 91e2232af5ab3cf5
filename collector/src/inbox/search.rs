//! Reports by the words of their message. What is searched for travels in a form's body, so that it lies in no log and
//! no history.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use uuid::Uuid;

use super::{
    form::Signed,
    list::{Line, PAGE},
    page::{Frame, Trouble, render},
};
use crate::{app::App, audit::Act, search::Question, store::Wanted};

#[derive(Template)]
#[template(path = "inbox/search.html")]
struct SearchPage {
    frame: Frame,
    token: String,
    sought: String,
    fault: Option<&'static str>,
    lines: Vec<Line>,
    /// Where to go on.
    older: Option<Uuid>,
    /// Whether older reports are not found yet.
    behind: bool,
}

const UNFIT: &str = "Write one to eight words, or the beginnings of words.";

/// A page that was reloaded, or followed from somewhere: there is nothing to search for.
pub(super) async fn show() -> Response {
    Redirect::to("/inbox").into_response()
}

/// Searches.
pub(super) async fn search(
    State(app): State<Arc<App>>,
    Signed { session, posted }: Signed,
) -> Result<Response, Trouble> {
    let now = app.clock.now();
    let mut page = SearchPage {
        frame: Frame::of(Some(&session)).at("inbox"),
        token: session.form_token.clone(),
        sought: posted.sought.trim().to_owned(),
        fault: None,
        lines: Vec::new(),
        older: None,
        behind: app.store.is_behind_with_words().await?,
    };
    let Some(question) = Question::of(&page.sought) else {
        page.fault = Some(UNFIT);
        return Ok(render(&page));
    };
    let (member, before) = (session.signed_in.member, posted.before.parse().ok());
    let (found, older) = app.store.search(Wanted { member, question, before, limit: PAGE }, now).await?;
    let shown = match (found.lines.first(), found.lines.last()) {
        (Some(first), Some(last)) => format!(", {} to {}", first.id, last.id),
        _ => String::new(),
    };
    let subject = format!("words, {} reports{shown}", found.lines.len());
    session.note(&app, Act::Searched, None, subject).await?;
    page.lines = found.lines.into_iter().map(|line| Line::of(line, &session.signed_in, now)).collect();
    page.older = older;
    Ok(render(&page))
}
