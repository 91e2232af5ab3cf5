//! `GET /s/SITE/candor.js`: the loader, with its site's settings inside.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header::HeaderName},
    response::Response,
};
use uuid::Uuid;

use super::{Encoded, Failure, sites};
use crate::{app::App, store::Site};

/// How long a browser may use a loader without asking: so long does a change of settings take to reach a visitor.
const CACHE: &str = "public, max-age=300, stale-while-revalidate=3600";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Loaders in memory at most.
const LOADERS_MAX: usize = 1000;

/// The loaders that were asked for, each as long as its site stays as it is.
#[derive(Debug, Default)]
pub(crate) struct LoaderCache(Mutex<HashMap<Uuid, Made>>);

/// A loader, and the site as it was when the loader was made.
type Made = (Arc<Site>, Arc<Encoded>);

/// Answers with the loader, compressed, or 304.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let site = sites::open_site(&app, &site).await?;
    let loader = match app.loaders.get(&site) {
        Some(loader) => loader,
        None => {
            let script = app.shelf.loader(&sites::public(&app, &site)?.to_string());
            // Compressing takes milliseconds, which other requests on this thread would wait for.
            let packed = tokio::task::spawn_blocking(|| Encoded::compressed(script.into())).await;
            app.loaders.put(site, packed.map_err(|error| Failure::internal(&error))?)
        }
    };
    let mut response = loader.respond(&headers, "text/javascript; charset=utf-8", CACHE);
    response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

impl LoaderCache {
    fn get(&self, site: &Arc<Site>) -> Option<Arc<Encoded>> {
        let loaders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, loader) = loaders.get(&site.id)?;
        (of == site).then(|| Arc::clone(loader))
    }

    fn put(&self, site: Arc<Site>, loader: Encoded) -> Arc<Encoded> {
        let loader = Arc::new(loader);
        let mut loaders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if loaders.len() >= LOADERS_MAX {
            loaders.clear();
        }
        loaders.insert(site.id, (site, Arc::clone(&loader)));
        loader
    }
}
