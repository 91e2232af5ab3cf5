//! One journey's world: a stranger's page, a browser, a collector; and what becomes of it at the end.

use std::{fs, path::PathBuf, thread};

use anyhow::{Context as _, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    browser::{Browser, Kind, Setup},
    closing::{Allowed, closing_assertions},
    collector::Collector,
    pages::Pages,
    visitor::Visitor,
};

/// Two browsers fit two cores; more only wait for each other.
static ROOM: Semaphore = Semaphore::const_new(2);

/// A place for one more browser, as soon as there is one; given back when dropped.
///
/// # Errors
/// Never: there will be one.
pub async fn place() -> Result<SemaphorePermit<'static>> {
    ROOM.acquire().await.context("the room is never closed")
}

/// Everything that a journey meets.
#[derive(Debug)]
pub struct World {
    /// The stranger's site.
    pub pages: Pages,
    /// The visitor's browser.
    pub browser: Browser,
    /// The collector, with one site whose pages are [`World::pages`].
    pub collector: Collector,
}

/// Travels a journey in a fresh world. It ends with the closing assertions, less what it says it provoked.
///
/// # Errors
/// The journey's own, or a closing assertion's. A picture of the last screen then lies in `target/e2e`.
pub async fn journey(travel: impl AsyncFnOnce(&mut World) -> Result<Allowed>) -> Result<()> {
    journey_with(Setup::default(), travel).await
}

/// The same with a browser that is set up in a particular way.
///
/// # Errors
/// As [`journey`].
pub async fn journey_with(
    setup: Setup,
    travel: impl AsyncFnOnce(&mut World) -> Result<Allowed>,
) -> Result<()> {
    let _place = place().await?;
    let pages = Pages::start().await?;
    let collector = Collector::start(pages.origin()).await?;
    pages.say("COLLECTOR", collector.origin());
    pages.say("SITE", &collector.site.to_string());
    let browser = Browser::start(Kind::chosen()?, setup).await?;
    let mut world = World { pages, browser, collector };
    let arrived = match travel(&mut world).await {
        Ok(allowed) => world.closing_assertions(allowed).await,
        Err(problem) => Err(problem),
    };
    if arrived.is_err() || std::env::var_os("CANDOR_E2E_KEEP").is_some() {
        world.keep_traces().await;
    }
    arrived?;
    world.browser.close().await
}

impl World {
    /// Opens a page of the stranger's site.
    ///
    /// # Errors
    /// The browser does not get there.
    pub async fn visit(&self, case: &str) -> Result<Visitor> {
        self.browser.client.goto(&self.pages.url(case)).await?;
        Ok(Visitor::new(self.browser.client.clone()))
    }

    async fn closing_assertions(&self, allowed: Allowed) -> Result<()> {
        let collector = Some(self.collector.origin());
        closing_assertions(&self.browser, &self.pages, collector, Some(self.collector.site), allowed).await
    }

    /// Keeps what helps to understand: the last screen, and what the collector said.
    async fn keep_traces(&self) {
        let Some(folder) = traces() else { return };
        fs::create_dir_all(&folder).ok();
        // libtest names the thread after the test.
        let name = thread::current().name().unwrap_or("journey").replace("::", "-");
        if let Ok(picture) = self.browser.client.screenshot().await {
            fs::write(folder.join(format!("{name}.png")), picture).ok();
        }
        fs::write(folder.join(format!("{name}.log")), self.collector.log()).ok();
        eprintln!("{name}: last screen and log are in {}", folder.display());
    }
}

fn traces() -> Option<PathBuf> {
    let assets = PathBuf::from(std::env::var_os("CANDOR_E2E_ASSETS")?);
    Some(std::env::var_os("CANDOR_E2E_KEEP").map_or_else(|| assets.with_file_name("e2e"), PathBuf::from))
}
