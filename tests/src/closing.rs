//! What every journey ends with: proof that the widget left nothing behind but what its ledger says.

use anyhow::{Context as _, Result, ensure};
use candor_protocol::LedgerKey;
use uuid::Uuid;

use crate::{browser::Browser, pages::Pages, visitor::Visitor};

/// What a journey provoked on purpose, and what may therefore be found at its end.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// Console errors that contain one of these are expected.
    pub console: &'static [&'static str],
    /// The browser refuses storage to the page, so that there is none to look at.
    pub no_storage: bool,
    /// Reports of the page's policy that contain one of these are expected.
    pub reports: &'static [&'static str],
    /// Other origins that the journey itself went to.
    pub origins: Vec<String>,
}

/// Fails unless: no cookie, only ledger keys in localStorage, no other storage, no CSP report, no console
/// error, no request to a third origin.
///
/// # Errors
/// One of these does not hold; the error says which, and what was found.
pub async fn closing_assertions(
    browser: &Browser,
    pages: &Pages,
    collector: Option<&str>,
    site: Option<Uuid>,
    allowed: Allowed,
) -> Result<()> {
    let visitor = Visitor::new(browser.client.clone());
    only_ledger_keys(&visitor, site, &allowed).await?;
    for report in pages.reports() {
        let is_expected = allowed.reports.iter().any(|part| report.contains(part));
        ensure!(is_expected, "the page's policy was violated: {report}");
    }
    calm_console(&browser.console_errors().await?, &allowed)?;
    let own: Vec<&str> = std::iter::once(pages.origin())
        .chain(collector)
        .chain(allowed.origins.iter().map(String::as_str))
        .collect();
    only_these_origins(&browser.requests().await?, &own)?;
    no_cookies(browser, pages, collector).await
}

async fn only_ledger_keys(visitor: &Visitor, site: Option<Uuid>, allowed: &Allowed) -> Result<()> {
    if allowed.no_storage {
        return Ok(());
    }
    let found = visitor
        .awaits(
            "return {
                local: Object.keys(localStorage),
                session: Object.keys(sessionStorage),
                databases: indexedDB.databases ? (await indexedDB.databases()).map(d => d.name) : [],
                caches: self.caches ? await caches.keys() : [],
                workers: navigator.serviceWorker ? (await navigator.serviceWorker.getRegistrations()).length : 0,
                cookie: document.cookie,
            }",
        )
        .await?;
    let known: Vec<String> =
        site.iter().flat_map(|site| LedgerKey::ALL.iter().map(|key| key.storage_key(*site))).collect();
    let keys = found["local"].as_array().context("localStorage can be read")?;
    for key in keys {
        ensure!(
            known.iter().any(|known| key == known),
            "localStorage holds {key}, which is not in the ledger"
        );
    }
    for other in ["session", "databases", "caches"] {
        ensure!(found[other].as_array().is_some_and(Vec::is_empty), "{other}: {}", found[other]);
    }
    ensure!(found["workers"] == 0, "a service worker is registered");
    ensure!(found["cookie"] == "", "the page has a cookie: {}", found["cookie"]);
    Ok(())
}

fn calm_console(errors: &[String], allowed: &Allowed) -> Result<()> {
    for text in errors {
        ensure!(allowed.console.iter().any(|part| text.contains(part)), "the console says: {text}");
    }
    Ok(())
}

fn only_these_origins(requests: &[String], own: &[&str]) -> Result<()> {
    for url in requests {
        let known = own.iter().any(|origin| {
            url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let local = ["data:", "blob:", "about:", "chrome:"].iter().any(|scheme| url.starts_with(scheme));
        ensure!(known || local, "a request went to {url}");
    }
    Ok(())
}

async fn no_cookies(browser: &Browser, pages: &Pages, collector: Option<&str>) -> Result<()> {
    let jar = browser.jar().await?;
    ensure!(jar.is_empty(), "cookies in the jar: {jar:?}");
    // WebDriver's own view of the two places, too: in WebKit only it tells of cookies that a script set.
    let places =
        [Some(format!("{}/__blank", pages.origin())), collector.map(|origin| format!("{origin}/healthz"))];
    for place in places.into_iter().flatten() {
        // A journey may end with the collector down: then it set none either.
        if browser.client.goto(&place).await.is_ok() {
            let cookies = browser.client.get_all_cookies().await?;
            ensure!(cookies.is_empty(), "cookies at {place}: {cookies:?}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_a_third_origin_is_caught() {
        let own = ["http://localhost:1", "http://127.0.0.1:2"];
        let fine = ["http://localhost:1/plain/", "http://127.0.0.1:2/x", "data:,"].map(str::to_owned);
        assert!(only_these_origins(&fine, &own).is_ok());
        assert!(only_these_origins(&["https://cdn.example/x.js".to_owned()], &own).is_err());
        // A port that merely starts like ours is another origin.
        assert!(only_these_origins(&["http://localhost:12/".to_owned()], &own).is_err());
    }

    #[test]
    fn a_console_error_is_caught_unless_the_journey_provoked_it() {
        let entries = ["…/v1/submissions - 403 (Forbidden)".to_owned()];
        assert!(calm_console(&entries, &Allowed::default()).is_err());
        assert!(calm_console(&entries, &Allowed { console: &["403"], ..Allowed::default() }).is_ok());
    }
}
