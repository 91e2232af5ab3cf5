//! `candor serve`

use std::sync::Arc;

use anyhow::{Context, Result};
use candor_collector::{
    app::App,
    chance::{Clock, Rng},
    company, listen, mail, retention, router,
    shelf::Shelf,
};
use clap::Args;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{instance, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print one JSON line on stdout once it serves: origin
    #[arg(long)]
    json: bool,
}

/// Runs the collector until it is told to stop.
pub(super) async fn run(settings: &Settings, options: Options, clock: Clock, rng: Rng) -> Result<()> {
    let shelf = Shelf::open(settings.assets.as_deref())?;
    let (store, key) = instance::open(settings, &rng)?;
    let blobs = instance::own_blobs(settings)?;
    listen::take_files();
    let listener = bind(settings.listen()).await?;
    let origin = match &settings.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}", listener.local_addr()?),
    };
    let mut told = settings.app()?;
    told.mail = settings.postbox(&origin)?;
    if told.mail.is_none() {
        tracing::warn!(
            "no mail is sent: visitors get at their data from their own browser alone; --mail-url and --mail-from change that"
        );
    }
    let app = Arc::new(App::new((store, blobs), shelf, key, (clock, rng), told));
    let sweeper = tokio::spawn(retention::keep_swept(Arc::clone(&app)));
    let postman = tokio::spawn(mail::keep_sent(Arc::clone(&app)));
    let company = tokio::spawn(company::keep_company(Arc::clone(&app)));
    let finder = tokio::spawn(retention::keep_found(Arc::clone(&app)));
    if options.json {
        say(json!({ "origin": origin }))?;
    } else {
        say(format_args!("candor serves {origin}"))?;
    }
    listen::serve(listener, router(Arc::clone(&app)), stopped()?).await;
    company.abort();
    company::leave(&app).await;
    sweeper.abort();
    postman.abort();
    finder.abort();
    Ok(())
}

/// Takes the address.
pub(super) async fn bind(address: std::net::SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Is done once the program is asked to end.
pub(super) fn stopped() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what was accepted");
    })
}
