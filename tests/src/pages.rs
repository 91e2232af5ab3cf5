//! The site of a stranger: serves `pages/CASE/` on an origin of its own, and collects its CSP reports.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Body,
    extract::{Path as UrlPath, State},
    http::{StatusCode, header},
    response::Response,
    routing::{get, post},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// The page server. Its origin is on `localhost`, the collector's on `127.0.0.1`: to a browser they are two sites.
#[derive(Debug)]
pub struct Pages {
    origin: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// What stands for `{{NAME}}` in a page or its headers.
    words: Mutex<BTreeMap<String, String>>,
    /// What stands for the placeholders of `examples/`, which are texts that a reader understands.
    stand_ins: Mutex<Vec<(String, String)>>,
    reports: Mutex<Vec<String>>,
}

impl Pages {
    /// Starts serving on a free port.
    ///
    /// # Errors
    /// There is no free port on the loopback interface.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/__reports", post(report))
            .route("/__never/{name}", get(std::future::pending::<StatusCode>))
            .route("/__blank", get(|| async { "" }))
            .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
            .route("/{case}/", get(index))
            .route("/{case}/{file}", get(file))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        let pages = Self { origin, shared, serving };
        pages.say("ORIGIN", &pages.origin);
        Ok(pages)
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address of a case's page.
    #[must_use]
    pub fn url(&self, case: &str) -> String {
        format!("{}/{case}/", self.origin)
    }

    /// What stands for `{{NAME}}` from now on.
    pub fn say(&self, name: &str, value: &str) {
        if let Ok(mut words) = self.shared.words.lock() {
            words.insert(name.to_owned(), value.to_owned());
        }
    }

    /// What stands for this text in the pages of `examples/` from now on.
    pub fn stand_in(&self, text: &str, value: &str) {
        if let Ok(mut stand_ins) = self.shared.stand_ins.lock() {
            stand_ins.push((text.to_owned(), value.to_owned()));
        }
    }

    /// The CSP reports that browsers have sent here.
    #[must_use]
    pub fn reports(&self) -> Vec<String> {
        self.shared.reports.lock().map(|reports| reports.clone()).unwrap_or_default()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn report(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    // Firefox and WebKit ask for an icon of their own accord; no page of ours names one.
    if !body.contains("/favicon.ico")
        && let Ok(mut reports) = shared.reports.lock()
    {
        reports.push(body);
    }
    StatusCode::NO_CONTENT
}

async fn index(state: State<Arc<Shared>>, UrlPath(case): UrlPath<String>) -> Response {
    file(state, UrlPath((case, "index.html".into()))).await
}

async fn file(
    State(shared): State<Arc<Shared>>,
    UrlPath((case, name)): UrlPath<(String, String)>,
) -> Response {
    respond(&shared, &case, &name).unwrap_or_else(|problem| {
        let mut response = Response::new(Body::from(format!("{problem:#}")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    })
}

fn respond(shared: &Shared, case: &str, name: &str) -> Result<Response> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (own, example) = (here.join("pages").join(plain_name(case)?), here.join("../examples").join(case));
    let is_example = !own.exists();
    let folder = if is_example { example } else { own };
    let mut text =
        fs::read_to_string(folder.join(plain_name(name)?)).with_context(|| format!("{case}/{name}"))?;
    if is_example && let Ok(stand_ins) = shared.stand_ins.lock() {
        text = stand_ins.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
    }
    let words = shared.words.lock().map(|words| words.clone()).unwrap_or_default();
    let mut response = Response::builder().header(header::CACHE_CONTROL, "no-store").header(
        header::CONTENT_TYPE,
        match name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        },
    );
    if let Ok(headers) = fs::read_to_string(folder.join("headers.json")) {
        let headers: BTreeMap<String, String> = serde_json::from_str(&fill(&headers, &words))?;
        for (name, value) in &headers {
            response = response.header(name, value);
        }
    }
    Ok(response.body(Body::from(fill(&text, &words)))?)
}

fn fill(text: &str, words: &BTreeMap<String, String>) -> String {
    words.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

/// A name, not a way out of the folder.
fn plain_name(name: &str) -> Result<&str> {
    let plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.');
    plain.then_some(name).context("not the name of a page")
}
