//! The tester, tested: each closing assertion is shown to fail when it should.

use std::net::TcpListener;

use anyhow::{Context as _, Result, ensure};
use e2e::{Allowed, Browser, Kind, Pages, Setup, Visitor, closing_assertions, until};

/// What is left behind if this script runs on the page: the complaint, or none.
async fn complaint_after(case: &str, script: &str) -> Result<Option<String>> {
    let kind = Kind::chosen()?;
    let (pages, browser) = (Pages::start().await?, Browser::start(kind, Setup::default()).await?);
    browser.client.goto(&pages.url(case)).await?;
    let visitor = Visitor::new(browser.client.clone());
    visitor.awaits(script).await?;
    if case.ends_with("-strict") && !script.is_empty() {
        // Reports are sent when the browser finds the time.
        until("the page's policy is reported as violated", async || {
            Ok((!pages.reports().is_empty()).then_some(()))
        })
        .await?;
    }
    let outcome = closing_assertions(&browser, &pages, None, None, Allowed::default()).await;
    browser.close().await?;
    Ok(outcome.err().map(|problem| problem.to_string()))
}

async fn expect_complaint(case: &str, script: &str, about: &str) -> Result<()> {
    let complaint = complaint_after(case, script).await?.with_context(|| format!("unnoticed: {script}"))?;
    ensure!(complaint.contains(about), "{complaint}");
    Ok(())
}

#[tokio::test]
async fn a_visitor_types_clicks_and_reads_in_a_shadow_root() -> Result<()> {
    let (pages, browser) = (Pages::start().await?, Browser::start(Kind::chosen()?, Setup::default()).await?);
    browser.client.goto(&pages.url("harness")).await?;
    let visitor = Visitor::new(browser.client.clone());
    visitor.types("message", "Tea is cold").await?;
    visitor.click("send").await?;
    visitor.reads_in("receipt", "Tea is cold").await?;
    if browser.kind == Kind::Chromium {
        ensure!(visitor.by_role("button", "Send").await?.len() == 1, "the button is not found by its role");
    }
    closing_assertions(&browser, &pages, None, None, Allowed::default()).await?;
    browser.close().await
}

#[tokio::test]
async fn a_page_that_leaves_nothing_behind_passes() -> Result<()> {
    let complaint = complaint_after("harness-strict", "").await?;
    ensure!(complaint.is_none(), "{complaint:?}");
    Ok(())
}

#[tokio::test]
async fn a_cookie_is_noticed() -> Result<()> {
    expect_complaint("harness", "document.cookie = 'a=b'", "cookie").await
}

#[tokio::test]
async fn a_key_outside_the_ledger_is_noticed() -> Result<()> {
    expect_complaint("harness", "localStorage.setItem('candor-tracking', '1')", "candor-tracking").await
}

#[tokio::test]
async fn other_storage_is_noticed() -> Result<()> {
    expect_complaint("harness", "sessionStorage.setItem('a', '1')", "session").await?;
    expect_complaint("harness", "await caches.open('a')", "caches").await
}

#[tokio::test]
async fn a_violated_policy_is_noticed() -> Result<()> {
    let script =
        "document.head.append(Object.assign(document.createElement('style'), { textContent: 'a {}' }))";
    expect_complaint("harness-strict", script, "policy was violated").await
}

#[tokio::test]
async fn an_error_on_the_console_is_noticed() -> Result<()> {
    expect_complaint("harness", "console.error('the kettle is empty')", "the kettle is empty").await?;
    let script = "setTimeout(() => { throw new Error('the cup is broken') }); \
                  await new Promise(done => setTimeout(done, 50))";
    expect_complaint("harness", script, "the cup is broken").await
}

#[tokio::test]
async fn a_request_to_a_stranger_is_noticed() -> Result<()> {
    // Somebody who listens and says nothing; the request stays on this machine.
    let stranger = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let script = format!("await fetch('http://{stranger}/', {{ mode: 'no-cors' }}).catch(() => {{}})");
    let complaint = complaint_after("harness", &script).await?.context("unnoticed")?;
    ensure!(complaint.contains(&stranger.to_string()), "{complaint}");
    Ok(())
}
