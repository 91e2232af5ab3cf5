//! Where domshot is photographed at work: serves its pages, the module as it ships, and assets that misbehave.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use crate::{browser::Browser, pixels::Pixels, wait::until};

/// Runs in every page, after everything of its own: takes the picture and hands it over. Nothing of it goes through
/// WebDriver, whose scripts fail on a page that has patched what they need.
const RUNNER: &str = include_str!("studio/run.js");
/// The same for the benchmark: waits until it is told to go, and measures.
const MEASURER: &str = include_str!("studio/measure.js");
/// How long an endless chain of imports waits before its next link.
const LINK_MS: u64 = 20;

/// The studio. Two origins, so that one of them can be a stranger's.
#[derive(Debug)]
pub struct Studio {
    origin: String,
    shared: Arc<Shared>,
    serving: [JoinHandle<()>; 2],
}

#[derive(Debug)]
struct Shared {
    /// Where the pages lie.
    pages: PathBuf,
    /// Where the module lies.
    module: PathBuf,
    /// Where the benchmark's engines and fonts lie.
    bench: PathBuf,
    /// What stands for `{{O1}}` and `{{O2}}` in a page.
    origins: [String; 2],
    outcome: Mutex<Option<(Value, Bytes)>>,
    drawings: Mutex<Vec<String>>,
}

/// What came of one capture.
#[derive(Debug)]
pub struct Taken {
    /// Why there is no picture.
    pub code: Option<String>,
    /// Whatever else was thrown, which should have been a code.
    pub problem: Option<String>,
    /// From call to answer, by the page's clock.
    pub took_ms: Option<f64>,
    /// What the picture does not show, with counts.
    pub notes: BTreeMap<String, u64>,
    /// Width and height that the engine says.
    pub size: (u64, u64),
    /// The decoded picture.
    pub picture: Option<Pixels>,
    /// The SVG documents that the engine had the browser paint.
    pub drawings: Vec<String>,
}

impl Studio {
    /// Opens on free ports, with the pages of this folder of `crates/domshot`.
    ///
    /// # Errors
    /// The module is not built (`cargo xtask e2e` builds it), or there is no free port.
    pub async fn open(pages: &str) -> Result<Self> {
        let module = std::env::var_os("CANDOR_E2E_DOMSHOT").map(PathBuf::from);
        let module = module.context("CANDOR_E2E_DOMSHOT is not set: run `cargo xtask e2e`")?;
        let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/domshot").join(pages);
        let listeners =
            [TcpListener::bind(("127.0.0.1", 0)).await?, TcpListener::bind(("127.0.0.1", 0)).await?];
        let mut origins = [String::new(), String::new()];
        for (origin, listener) in origins.iter_mut().zip(&listeners) {
            *origin = format!("http://localhost:{}", listener.local_addr()?.port());
        }
        let origin = origins[0].clone();
        let bench = std::env::var_os("CANDOR_BENCH").map(PathBuf::from).unwrap_or_default();
        let (outcome, drawings) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { pages, module, bench, origins, outcome, drawings });
        let serving = listeners.map(|listener| {
            let router = Router::new()
                .route("/page/{name}", get(page))
                .route("/module/{name}", get(module_file))
                .route("/run.js", get(|| async { javascript(RUNNER) }))
                .route("/measure.js", get(|| async { javascript(MEASURER) }))
                .route("/engine/{name}", get(engine))
                .route("/font/{name}", get(font))
                .route("/outcome", post(outcome_arrives))
                .route("/drawing", post(drawing_arrives))
                .route("/blank", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "<!doctype html>") }))
                .route("/never/{name}", get(std::future::pending::<StatusCode>))
                .route("/endless/{link}", get(endless))
                .route("/cors/{name}", get(|Path(name): Path<String>| async move { photo(&name, true) }))
                .route("/nocors/{name}", get(|Path(name): Path<String>| async move { photo(&name, false) }))
                // A drawing, or a picture without compression, has many megabytes.
                .layer(DefaultBodyLimit::disable())
                .with_state(Arc::clone(&shared));
            tokio::spawn(async move {
                axum::serve(listener, router).await.ok();
            })
        });
        Ok(Self { origin, shared, serving })
    }

    /// The address of a page on which nothing happens.
    #[must_use]
    pub fn blank(&self) -> String {
        format!("{}/blank", self.origin)
    }

    /// Goes to the page and waits for what the engine makes of it with these options.
    ///
    /// # Errors
    /// The browser is lost, or there is no answer at all.
    pub async fn take(&self, browser: &Browser, page: &str, options: &Value) -> Result<Taken> {
        self.visit(browser, page, "options", &options.to_string()).await?;
        let (said, file) = self.outcome(page).await?;
        let text = |name: &str| said[name].as_str().map(str::to_owned);
        let notes = said["notes"].as_object().cloned().unwrap_or_default();
        Ok(Taken {
            code: text("code"),
            problem: text("problem"),
            took_ms: said["took"].as_f64(),
            notes: notes.into_iter().filter_map(|(name, count)| Some((name, count.as_u64()?))).collect(),
            size: (said["width"].as_u64().unwrap_or_default(), said["height"].as_u64().unwrap_or_default()),
            picture: if file.is_empty() { None } else { Some(Pixels::of_png(&file)?) },
            drawings: self.shared.drawings.lock().map(|drawings| drawings.clone()).unwrap_or_default(),
        })
    }

    /// Goes to the page with one of the benchmark's engines, as `options` is to [`Studio::take`].
    ///
    /// # Errors
    /// The browser does not get there.
    pub async fn visit(&self, browser: &Browser, page: &str, name: &str, value: &str) -> Result<()> {
        if let (Ok(mut outcome), Ok(mut drawings)) = (self.shared.outcome.lock(), self.shared.drawings.lock())
        {
            *outcome = None;
            drawings.clear();
        }
        let mut url: Url = format!("{}/page/{page}", self.origin).parse()?;
        url.query_pairs_mut().append_pair(name, value);
        Ok(browser.client.goto(url.as_str()).await?)
    }

    /// As [`Studio::outcome`], with patience for what takes a minute.
    ///
    /// # Errors
    /// There is nothing even then.
    pub async fn outcome_of_slow(&self, page: &str) -> Result<(Value, Bytes)> {
        match self.outcome(page).await {
            Err(_) => match self.outcome(page).await {
                Err(_) => self.outcome(page).await,
                answered => answered,
            },
            answered => answered,
        }
    }

    /// What the page says when it is done, and the file that it hands over.
    ///
    /// # Errors
    /// It says nothing.
    pub async fn outcome(&self, page: &str) -> Result<(Value, Bytes)> {
        until(&format!("{page}: an answer"), async || {
            Ok(self.shared.outcome.lock().ok().and_then(|mut outcome| outcome.take()))
        })
        .await
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn page(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let Some(file) = inside(&shared.pages, &format!("{name}.html")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let [own, other] = &shared.origins;
    let html = String::from_utf8_lossy(&file).replace("{{O1}}", own).replace("{{O2}}", other);
    let script = if query.contains_key("engine") { "measure" } else { "run" };
    let html = format!("{html}\n<script type=\"module\" src=\"/{script}.js\"></script>\n");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], html)
        .into_response()
}

async fn engine(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    served(&shared.bench.join("engines"), &name, "text/javascript; charset=utf-8")
}

async fn font(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    served(&shared.bench.join("node_modules/@fontsource/inter/files"), &name, "font/woff2")
}

async fn module_file(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let kind = if name.ends_with(".wasm") { "application/wasm" } else { "text/javascript; charset=utf-8" };
    served(&shared.module, &name, kind)
}

fn served(folder: &std::path::Path, name: &str, kind: &'static str) -> Response {
    match inside(folder, name) {
        Some(file) => ([(header::CONTENT_TYPE, kind)], file).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file of this folder, which the name does not lead out of.
fn inside(folder: &std::path::Path, name: &str) -> Option<Vec<u8>> {
    let plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.');
    plain.then(|| fs::read(folder.join(name)).ok()).flatten()
}

fn javascript(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response()
}

async fn outcome_arrives(State(shared): State<Arc<Shared>>, headers: HeaderMap, file: Bytes) -> StatusCode {
    let said = headers.get("x-outcome").and_then(|said| said.to_str().ok()).unwrap_or_default();
    let said = url::form_urlencoded::parse(format!("said={said}").as_bytes())
        .next()
        .map(|(_, said)| said.into_owned());
    let said = said.and_then(|said| serde_json::from_str(&said).ok()).unwrap_or_default();
    if let Ok(mut outcome) = shared.outcome.lock() {
        *outcome = Some((said, file));
    }
    StatusCode::NO_CONTENT
}

async fn drawing_arrives(State(shared): State<Arc<Shared>>, drawing: String) -> StatusCode {
    if let Ok(mut drawings) = shared.drawings.lock() {
        drawings.push(drawing);
    }
    StatusCode::NO_CONTENT
}

/// One link of a chain of sheets that has no end.
async fn endless(Path(link): Path<String>) -> Response {
    tokio::time::sleep(std::time::Duration::from_millis(LINK_MS)).await;
    let number: u64 = link.trim_end_matches(".css").parse().unwrap_or_default();
    let css = format!("@import url(\"{}.css\");\n.link-{number} {{ color: red }}\n", number + 1);
    let headers = [(header::CONTENT_TYPE, "text/css"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, css).into_response()
}

/// A picture, for every origin or for its own alone.
fn photo(name: &str, is_shared: bool) -> Response {
    let number = name.chars().filter_map(|c| c.to_digit(10)).next().unwrap_or_default();
    let Ok(file) = Pixels::photo(number).to_png() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response =
        ([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "max-age=600")], file).into_response();
    if is_shared {
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    }
    response
}
