//! The list of reports, newest first.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{IntoResponse as _, Redirect, Response},
};
use candor_protocol::{Contact, Kind, Purpose, ReceiptNumber, Timestamp};
use candor_rules::Content;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    closing::{self, Ending},
    page::{Frame, Trouble, render},
    session::Session,
    words::{self, Moment},
};
use crate::{
    app::App,
    audit::Act,
    store::{PageQuery, Report, ReportLine, SignedIn},
};

/// Reports on a page.
pub(super) const PAGE: usize = 30;
/// Characters of a message that the list shows.
const EXCERPT_CHARS: usize = 220;

/// What the address says: a filter, and where in the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    site: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    begun: Option<String>,
}

#[derive(Template)]
#[template(path = "inbox/list.html")]
struct ListPage {
    frame: Frame,
    token: String,
    sought: &'static str,
    endings: Vec<Ending>,
    kinds: Vec<Choice>,
    sites: Vec<Choice>,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    filtered: bool,
    has_sites: bool,
}

struct Choice {
    name: String,
    href: String,
    current: bool,
}

/// A report in a list.
pub(super) struct Line {
    pub(super) href: String,
    pub(super) number: ReceiptNumber,
    pub(super) kind: &'static str,
    pub(super) kind_name: &'static str,
    pub(super) excerpt: Option<String>,
    pub(super) rating: Option<String>,
    pub(super) from: Option<String>,
    pub(super) files: Option<String>,
    pub(super) site: Option<String>,
    /// What is particular about it.
    pub(super) marks: Vec<&'static str>,
    pub(super) received: Moment,
}

/// Shows a page of the reports of the member's sites.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    let Some(session) = Session::of(&app, &headers).await? else {
        return match asked.begun {
            Some(_) => Ok(Redirect::to("/inbox/sign-in?begun=now").into_response()),
            None => Err(Trouble::SignedOut),
        };
    };
    if asked.begun.is_some() {
        return Ok(Redirect::to("/inbox").into_response());
    }
    let filter = Filter::of(&asked, &session.signed_in);
    let now = app.clock.now();
    let query = PageQuery {
        member: session.signed_in.member,
        site: filter.site,
        kind: filter.kind,
        before: filter.before,
        limit: PAGE,
    };
    let page = app.store.reports(query, now).await?;
    let last = page.lines.last().map(|line| line.id);
    if let (Some(first), Some(last)) = (page.lines.first(), last) {
        let subject = format!("{} reports, {} to {last}", page.lines.len(), first.id);
        session.note(&app, Act::Listed, filter.site, subject).await?;
    }
    let list = ListPage {
        token: session.form_token.clone(),
        sought: "",
        endings: closing::of_member(&app, &session, now).await?,
        kinds: filter.kinds(),
        sites: filter.sites(&session.signed_in),
        older: last.filter(|_| page.more).map(|last| Filter { before: Some(last), ..filter }.href()),
        newest: filter.before.map(|_| Filter { before: None, ..filter }.href()),
        filtered: filter.site.is_some() || filter.kind.is_some(),
        has_sites: !session.signed_in.sites.is_empty(),
        lines: page.lines.into_iter().map(|line| Line::of(line, &session.signed_in, now)).collect(),
        frame: Frame::of(Some(&session)).at("inbox"),
    };
    Ok(render(&list))
}

#[derive(Clone, Copy)]
struct Filter {
    site: Option<Uuid>,
    kind: Option<Kind>,
    before: Option<Uuid>,
}

impl Filter {
    /// What the address asks for; what it says wrongly, it does not say.
    fn of(asked: &Asked, member: &SignedIn) -> Self {
        let id = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Uuid>().ok());
        let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
        Self {
            site: id(&asked.site).filter(|site| member.sites.iter().any(|known| known.id == *site)),
            kind: asked.kind.as_deref().and_then(kind),
            before: id(&asked.before),
        }
    }

    fn href(self) -> String {
        let fields = [
            self.site.map(|site| format!("site={site}")),
            self.kind.map(|kind| format!("kind={}", kind.as_str())),
            self.before.map(|before| format!("before={before}")),
        ];
        let fields: Vec<_> = fields.into_iter().flatten().collect();
        if fields.is_empty() { "/inbox".into() } else { format!("/inbox?{}", fields.join("&")) }
    }

    fn kinds(self) -> Vec<Choice> {
        let choice = |kind: Option<Kind>| Choice {
            name: kind.map_or("Everything", words::kind).into(),
            href: Self { kind, before: None, ..self }.href(),
            current: self.kind == kind,
        };
        std::iter::once(None).chain(Kind::ALL.map(Some)).map(choice).collect()
    }

    /// Nothing to choose for a member of one site.
    fn sites(self, member: &SignedIn) -> Vec<Choice> {
        if member.sites.len() < 2 {
            return Vec::new();
        }
        let choice = |site: Option<(Uuid, &str)>| Choice {
            name: site.map_or("All sites", |(_, name)| name).into(),
            href: Self { site: site.map(|(id, _)| id), before: None, ..self }.href(),
            current: self.site == site.map(|(id, _)| id),
        };
        let sites = member.sites.iter().map(|site| Some((site.id, site.name.as_str())));
        std::iter::once(None).chain(sites).map(choice).collect()
    }
}

impl Line {
    /// A whole report as a list shows it.
    pub(super) fn of_report(report: &Report, member: &SignedIn, now: Timestamp) -> Self {
        let content = |purpose| {
            report.parts.iter().find(|part| part.kept.purpose == purpose).map(|part| part.content.clone())
        };
        let files = |purpose| {
            let count = report.files.iter().filter(|file| file.kept.purpose == purpose).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let line = ReportLine {
            id: report.id,
            site: report.site,
            kind: report.kind,
            rating: report.rating,
            received_at: report.received_at,
            message: content(Purpose::Message),
            contact: content(Purpose::Contact),
            pictures: files(Purpose::Picture),
            attachments: files(Purpose::Attachment),
            is_restricted: report.restricted_at.is_some(),
            is_held: report.held_because.is_some(),
        };
        Self::of(line, member, now)
    }

    pub(super) fn of(line: ReportLine, member: &SignedIn, now: Timestamp) -> Self {
        let site = member.sites.iter().find(|site| site.id == line.site).map(|site| site.name.clone());
        Self {
            href: format!("/inbox/reports/{}", line.id),
            number: ReceiptNumber::of(line.id),
            kind: line.kind.as_str(),
            kind_name: words::kind(line.kind),
            excerpt: line.message.and_then(excerpt),
            rating: line.rating.map(words::rating),
            from: line.contact.and_then(from),
            files: files(line.pictures, line.attachments),
            site: site.filter(|_| member.sites.len() > 1),
            marks: [(line.is_restricted, "Restricted"), (line.is_held, "Held")]
                .into_iter()
                .filter_map(|(is_so, mark)| is_so.then_some(mark))
                .collect(),
            received: Moment::new(line.received_at, now),
        }
    }
}

fn files(pictures: u32, attachments: u32) -> Option<String> {
    let said = [(pictures, "picture"), (attachments, "attachment")];
    let said: Vec<_> = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, one)| words::count(count, one))
        .collect();
    if said.is_empty() { None } else { Some(said.join(", ")) }
}

fn excerpt(content: Content) -> Option<String> {
    let Content::Message { text, .. } = content else { return None };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(EXCERPT_CHARS) {
        _ if words.is_empty() => None,
        Some((end, _)) => Some(format!("{}…", &words[..end])),
        None => Some(words),
    }
}

fn from(content: Content) -> Option<String> {
    let Content::Contact(Contact { name, email, .. }) = content else { return None };
    name.filter(|name| !name.trim().is_empty()).or(email)
}
