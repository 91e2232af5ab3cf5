//! `candor demo`: everything at once, on this machine, to try it by hand.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, header},
    middleware,
    response::{Html, Response},
    routing::get,
};
use candor_collector::{
    app::App,
    chance::{Clock, Rng},
    embed::{page_policy, tag},
    inbox::make_password,
    listen, mail, retention, router,
    shelf::Shelf,
    store::{NewSite, Role, SiteChange, Store},
};
use candor_protocol::{Attachments, Form, Look, Need, PICTURE_TYPES, Policy, Purpose, Timestamp};
use candor_rules::default_policy;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{instance, member, say, serve, settings::Settings};

const SITE_NAME: &str = "Fieldnotes";
const EMAIL: &str = "owner@fieldnotes.example";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The collector's port; the demo page takes the next one. 0 takes any
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Print one JSON line on stdout once it serves: site, origin, page, inbox, email, password
    #[arg(long)]
    json: bool,
}

#[derive(Template)]
#[template(path = "demo/page.html")]
struct Page<'a> {
    tag: &'a str,
    inbox: &'a str,
    email: &'a str,
    password: &'a str,
}

/// Runs a collector, and a page of another origin with the tag on it, until it is told to stop.
pub(super) async fn run(mut settings: Settings, options: Options, clock: Clock, rng: Rng) -> Result<()> {
    let shelf = Shelf::open(settings.assets.as_deref())?;
    // Kept until the end of this function, then it goes away.
    let passing = match settings.data {
        Some(_) => None,
        None => {
            Some(tempfile::Builder::new().prefix("candor-demo-").tempdir().context("a folder for the demo")?)
        }
    };
    if let Some(folder) = &passing {
        settings.data = Some(folder.path().into());
    }
    let (collector, shop) = ports(options.port).await?;
    let origin = settings.public_url.clone().unwrap_or(format!("http://{}", collector.local_addr()?));
    let page = format!("http://{}", shop.local_addr()?);

    let (store, key) = instance::open(&settings, &rng)?;
    let blobs = instance::own_blobs(&settings)?;
    let now = clock.now();
    let site = put_site(&store, &page, now, &rng).await?;
    let password = make_password(&rng);
    let owner = member::put(&store, EMAIL, &password, now, &rng).await?;
    store.grant(owner, site, Role::Owner).await?;

    let inbox = format!("{origin}/inbox");
    let html =
        Page { tag: &tag(&origin, site), inbox: &inbox, email: EMAIL, password: &password }.render()?;
    let shop_router = shop_router(html, &page_policy(&origin, false))?;
    let mut told = settings.app()?;
    told.mail = settings.postbox(&origin)?;
    let app = Arc::new(App::new((store, blobs), shelf, key, (clock, rng), told));
    let sweeper = tokio::spawn(retention::keep_swept(Arc::clone(&app)));
    let postman = tokio::spawn(mail::keep_sent(Arc::clone(&app)));
    let finder = tokio::spawn(retention::keep_found(Arc::clone(&app)));

    let (stop, stopping) = tokio::sync::watch::channel(());
    let stopped = serve::stopped()?;
    tokio::spawn(async move {
        stopped.await;
        drop(stop);
    });
    let until_stopped = || {
        let mut stopping = stopping.clone();
        async move { while stopping.changed().await.is_ok() {} }
    };
    if options.json {
        say(
            json!({ "site": site, "origin": origin, "page": format!("{page}/"), "inbox": inbox, "email": EMAIL, "password": password }),
        )?;
    } else {
        say(format_args!(
            "\n  Page    {page}/\n  Inbox   {inbox}\n  Sign in {EMAIL}\n          {password}\n\n  Ctrl-C stops it.\n"
        ))?;
    }
    tokio::join!(
        listen::serve(collector, router(app), until_stopped()),
        listen::serve(shop, shop_router, until_stopped()),
    );
    sweeper.abort();
    postman.abort();
    finder.abort();
    Ok(())
}

/// The collector's port and another for the page; where the next one is taken, any.
async fn ports(port: u16) -> Result<(TcpListener, TcpListener)> {
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let collector = serve::bind(loopback(port)).await?;
    let next = if port == 0 { 0 } else { port.checked_add(1).unwrap_or(0) };
    let shop = match TcpListener::bind(loopback(next)).await {
        Ok(shop) => shop,
        Err(_) => serve::bind(loopback(0)).await?,
    };
    Ok((collector, shop))
}

/// The demo's site, with today's page among its origins.
async fn put_site(store: &Store, page: &str, now: Timestamp, rng: &Rng) -> Result<Uuid> {
    let directory = store.directory(now).await?;
    if let Some(site) = directory.sites().into_iter().find(|site| site.name == SITE_NAME) {
        let change = SiteChange { origins: Some(vec![page.to_owned()]), ..SiteChange::default() };
        store.change_site(site.id, change, now).await?;
        return Ok(site.id);
    }
    let id = rng.uuid_v7(now);
    let site = NewSite {
        id,
        name: SITE_NAME.into(),
        origins: vec![page.to_owned()],
        look: Look::default(),
        form: Form { attachments: Some(attachments()), ..Form::default() },
        policy: policy(),
    };
    store.add_site(site, now).await?;
    Ok(id)
}

/// What a new site begins with, and pictures and attachments for those who want to send them.
fn policy() -> Policy {
    let mut policy = default_policy();
    for terms in &mut policy.terms {
        if matches!(terms.purpose, Purpose::Picture | Purpose::Attachment) {
            terms.need = Need::Optional;
        }
    }
    policy
}

fn attachments() -> Attachments {
    let types = PICTURE_TYPES.into_iter().chain(["application/pdf", "text/plain"]);
    Attachments { types: types.map(Into::into).collect(), count: 3, bytes: 5 * 1024 * 1024 }
}

/// The shop: a page and its style sheet, under the policy that `candor csp` prints.
fn shop_router(html: String, policy: &str) -> Result<Router> {
    let policy = HeaderValue::from_str(policy)?;
    let style =
        |text: &'static str| async move { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], text) };
    let picture = |text: &'static str| async move { ([(header::CONTENT_TYPE, "image/svg+xml")], text) };
    let guard = move |mut response: Response| {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        async move { response }
    };
    Ok(Router::new()
        .route("/", get(move || async move { Html(html) }))
        .route("/demo.css", get(move || style(include_str!("../../assets/demo/demo.css"))))
        .route("/notebook.svg", get(move || picture(include_str!("../../assets/demo/notebook.svg"))))
        .layer(middleware::map_response(guard)))
}
