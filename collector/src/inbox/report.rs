//! One report, with all that was sent, what was agreed to, and until when it is kept.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use candor_protocol::{
    Asked, BrowserFacts, ColorScheme, Contact, Fact, Kept, Purpose, ReceiptNumber, Size, Timestamp, UserAgent,
};
use candor_rules::{Content, Part, retention::has_expired};

use super::{
    file,
    page::{Frame, Trouble, render},
    session::Session,
    words::{self, Moment},
};
use crate::{
    app::App,
    audit::{Act, pseudonym_text},
    http::Failure,
    store::Report,
};

#[derive(Template)]
#[template(path = "inbox/report.html")]
struct ReportPage {
    frame: Frame,
    token: String,
    id: uuid::Uuid,
    /// Since when it is kept and not used.
    restricted: Option<Moment>,
    /// Why it is held beyond its dates.
    held: Option<String>,
    may_hold: bool,
    number: ReceiptNumber,
    kind: &'static str,
    kind_name: &'static str,
    rating: Option<String>,
    received: Moment,
    site: String,
    visitor: String,
    text: Option<String>,
    pictures: Vec<Attached>,
    attachments: Vec<Attached>,
    sections: Vec<Section>,
    consent: Agreed,
    dates: Vec<Date>,
}

/// One purpose's data as names and values.
struct Section {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    value: String,
    href: Option<String>,
}

/// A file as the page shows it.
struct Attached {
    href: String,
    name: String,
    size: String,
    media_type: String,
}

struct Agreed {
    policy: u32,
    purposes: String,
    given: Moment,
    asked: &'static str,
    evidence: Option<String>,
}

struct Date {
    name: &'static str,
    until: Moment,
    expired: bool,
}

/// Shows a report of one of the member's sites. Another site's, an expired one and none at all look the same.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    session: Session,
) -> Result<Response, Trouble> {
    let id: uuid::Uuid = id.parse().map_err(|_| Failure::not_found())?;
    let now = app.clock.now();
    let report = app.store.report(session.signed_in.member, id, now).await?.ok_or_else(Failure::not_found)?;
    session.note(&app, Act::Read, Some(report.site), format!("report:{id}")).await?;
    Ok(render(&ReportPage::of(report, &session, now)))
}

impl ReportPage {
    fn of(report: Report, session: &Session, now: Timestamp) -> Self {
        let site = session.signed_in.sites.iter().find(|site| site.id == report.site);
        let text = report.parts.iter().find_map(|part| match &part.content {
            Content::Message { text, .. } if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        });
        let consent = &report.consent;
        Self {
            frame: Frame::of(Some(session)).at("inbox"),
            token: session.form_token.clone(),
            id: report.id,
            restricted: report.restricted_at.map(|since| Moment::new(since, now)),
            held: report.held_because.clone(),
            may_hold: session.signed_in.role(report.site).is_some_and(|role| role.may_hold()),
            number: ReceiptNumber::of(report.id),
            kind: report.kind.as_str(),
            kind_name: words::kind(report.kind),
            rating: report.rating.map(words::rating),
            received: Moment::new(report.received_at, now),
            site: site.map(|site| site.name.clone()).unwrap_or_default(),
            visitor: pseudonym_text(report.reporter.pseudonym()),
            text,
            pictures: attached(&report, Purpose::Picture),
            attachments: attached(&report, Purpose::Attachment),
            sections: report.parts.iter().map(section).filter(|section| !section.rows.is_empty()).collect(),
            consent: Agreed {
                policy: consent.policy,
                purposes: consent
                    .purposes
                    .iter()
                    .map(|purpose| words::purpose(*purpose))
                    .collect::<Vec<_>>()
                    .join(", "),
                given: Moment::new(consent.given_at, now),
                asked: match consent.asked {
                    Asked::Panel => "Candor’s panel",
                    Asked::Page => "the page itself",
                },
                evidence: consent.evidence.clone(),
            },
            dates: dates(&report, now),
        }
    }
}

/// What was kept when the report came, and what has come since.
fn dates(report: &Report, now: Timestamp) -> Vec<Date> {
    let rows: Vec<Kept> =
        report.parts.iter().map(|part| part.kept).chain(report.files.iter().map(|file| file.kept)).collect();
    let mut all = report.kept.clone();
    for kept in &rows {
        if all.iter().all(|known| known.purpose != kept.purpose) {
            all.push(*kept);
        }
    }
    all.sort_by_key(|kept| kept.purpose);
    all.into_iter().map(|kept| date(kept, &rows, now)).collect()
}

/// The date on the row counts: it may have been shortened since the receipt was made.
fn date(kept: Kept, rows: &[Kept], now: Timestamp) -> Date {
    let stored = rows.iter().find(|stored| stored.purpose == kept.purpose);
    let until = stored.map_or(kept.until, |stored| stored.until);
    Date {
        name: words::purpose(kept.purpose),
        until: Moment::new(until, now),
        expired: stored.is_none() || has_expired(until, now),
    }
}

fn attached(report: &Report, purpose: Purpose) -> Vec<Attached> {
    let files = report.files.iter().filter(|file| file.kept.purpose == purpose);
    let attached = files.map(|file| Attached {
        href: file::path(report.id, &file.name),
        name: file.name.clone(),
        size: words::size(file.bytes),
        media_type: file.media_type.clone(),
    });
    attached.collect()
}

fn section(part: &Part) -> Section {
    let rows = match &part.content {
        Content::Message { custom, locale, .. } => {
            let language = locale.iter().map(|locale| row("Language of the form", locale.clone()));
            custom.iter().map(|(key, value)| row(key, value.to_owned())).chain(language).collect()
        }
        Content::Contact(contact) => contact_rows(contact),
        Content::Browser(facts) => fact_rows(facts),
    };
    let title = match &part.content {
        Content::Message { .. } => "Fields and language",
        _ => words::purpose(part.kept.purpose),
    };
    Section { title, rows }
}

fn row(name: &str, value: String) -> Row {
    Row { name: name.into(), value, href: None }
}

fn contact_rows(Contact { name, email, id, avatar }: &Contact) -> Vec<Row> {
    let write_to =
        |email: &String| Row { href: Some(format!("mailto:{email}")), ..row("E-mail", email.clone()) };
    let plain = |label: &str, value: &Option<String>| value.clone().map(|value| row(label, value));
    [plain("Name", name), email.as_ref().map(write_to), plain("Id on the page", id), plain("Avatar", avatar)]
        .into_iter()
        .flatten()
        .collect()
}

fn fact_rows(facts: &BrowserFacts) -> Vec<Row> {
    Fact::ALL
        .into_iter()
        .filter_map(|fact| value(facts, fact).map(|value| row(words::fact(fact), value)))
        .collect()
}

fn value(facts: &BrowserFacts, fact: Fact) -> Option<String> {
    let size = |Size { width, height }: Size| format!("{width} × {height}");
    match fact {
        Fact::PageUrl => facts.page_url.clone(),
        Fact::PageTitle => facts.page_title.clone(),
        Fact::ReferrerOrigin => facts.referrer_origin.clone(),
        Fact::Viewport => facts.viewport.map(size),
        Fact::Screen => facts.screen.map(size),
        Fact::PixelRatio => facts.pixel_ratio.map(|ratio| ratio.to_string()),
        Fact::Languages => facts.languages.as_ref().map(|languages| languages.join(", ")),
        Fact::TimeZone => facts.time_zone.clone(),
        Fact::UserAgent => facts.user_agent.as_ref().map(agent),
        Fact::ColorScheme => facts.color_scheme.map(|scheme| match scheme {
            ColorScheme::Light => "light".into(),
            ColorScheme::Dark => "dark".into(),
        }),
        Fact::Connection => facts.connection.clone(),
        Fact::Online => facts.online.map(|online| if online { "yes".into() } else { "no".into() }),
        Fact::VisibleTime => {
            facts.visible_ms.map(|ms| words::duration(i64::try_from(ms).unwrap_or(i64::MAX)))
        }
    }
}

fn agent(agent: &UserAgent) -> String {
    match agent {
        UserAgent::Text(text) => text.clone(),
        UserAgent::Hints { brands, platform, mobile, model } => {
            let brands = brands.iter().map(|brand| format!("{} {}", brand.brand, brand.version));
            let device = model.clone().or_else(|| mobile.then(|| "mobile".into()));
            brands
                .chain([platform.clone()])
                .chain(device)
                .filter(|part| !part.trim().is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        }
    }
}
