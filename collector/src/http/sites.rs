//! `GET /v1/sites/SITE`: what a widget needs to know of its site.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::Response,
};
use candor_protocol::{Code, PublicSite};
use serde_json::Value;
use uuid::Uuid;

use super::{Encoded, Failure, cors};
use crate::{app::App, store::Site};

/// A widget always asks whether it is still so; the tag makes the answer short.
const CACHE: &str = "no-cache";

/// Answers with the site's public settings, or 304.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let site = open_site(&app, &site).await?;
    // A page is told only of its own site; whatever else asks could as well fetch the loader.
    if headers.contains_key(header::ORIGIN) {
        cors::require_origin(&site, &headers)?;
    }
    let json = public(&app, &site)?.to_string();
    Ok(Encoded::new(json.into(), None, None).respond(&headers, "application/json", CACHE))
}

/// The site that a path names, if it takes submissions.
pub(super) async fn open_site(app: &App, id: &str) -> Result<Arc<Site>, Failure> {
    let unknown = || Failure::new(Code::UnknownSite);
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let directory = app.store.directory(app.clock.now()).await?;
    let site = directory.site(id).ok_or_else(unknown)?;
    match site.closed_at {
        Some(_) => Err(Failure::new(Code::SiteClosed)),
        None => Ok(Arc::clone(site)),
    }
}

/// What anybody may know of a site, as JSON: a [`PublicSite`].
pub(super) fn public(app: &App, site: &Site) -> Result<Value, Failure> {
    let public = PublicSite {
        site: site.id,
        name: site.name.clone(),
        look: site.look.clone(),
        form: site.form.clone(),
        policy: site.policy.in_public(),
        assets: app.shelf.assets().clone(),
    };
    serde_json::to_value(public).map_err(|error| Failure::internal(&error))
}
