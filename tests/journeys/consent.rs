//! Without consent nothing leaves the browser, and nothing is stored if it does.

use anyhow::{Result, ensure};
use e2e::{Allowed, Kind, Setup, journey, journey_with};

#[tokio::test]
async fn without_the_tick_nothing_is_sent() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.click("bubble").await?;
        visitor.types("message", "I did not agree to anything").await?;
        visitor.click("send").await?;
        visitor.sees("fault-consent-message").await?;
        ensure!(!visitor.has("receipt").await?, "there is a receipt");
        ensure!(visitor.value("message").await? == "I did not agree to anything", "the text is gone");
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "something was stored");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn what_a_page_sends_without_consent_is_refused_and_not_stored() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.sees("bubble").await?;
        let code = visitor
            .awaits(
                "return Candor.submit({ kind: 'bug', message: 'x', purposes: [] })
                    .then(() => 'stored', error => error.code)",
            )
            .await?;
        ensure!(code == "consent-missing", "{code}");
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "something was stored");
        Ok(Allowed { console: &["422"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_page_that_has_asked_itself_is_on_record_with_its_evidence() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("asked").await?;
        visitor.click("bubble").await?;
        visitor.types("message", "Agreed to elsewhere").await?;
        ensure!(!visitor.has("consent-message").await?, "the visitor is asked twice");
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        for kept in ["Agreed to elsewhere", "record 7 of 22 November", "the page"] {
            ensure!(report.contains(kept), "no {kept:?} in {report}");
        }
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn global_privacy_control_is_heard_by_panel_and_collector() -> Result<()> {
    if Kind::chosen()? == Kind::Webkit {
        // It has no such setting, and its header cannot be set.
        return Ok(());
    }
    journey_with(Setup { gpc: true, ..Setup::default() }, async |world| {
        let site = world.collector.site.to_string();
        world.collector.stop().await?;
        world.collector.command(&["site", "set", "--site", &site, "--need", "browser=required"])?;
        world.collector.restart().await?;
        for (case, ticks) in [("plain", true), ("asked", false)] {
            let visitor = world.visit(case).await?;
            let said = visitor.script("return navigator.globalPrivacyControl", vec![]).await?;
            ensure!(said == true, "the browser does not say it: this journey proves nothing");
            visitor.click("bubble").await?;
            visitor.types("message", case).await?;
            if ticks {
                visitor.click("consent-message").await?;
            }
            // It is asked for where the page says to have asked, too, and not insisted on where the owner does.
            let box_is = visitor.sees("consent-browser").await?.is_selected().await?;
            ensure!(!box_is, "it is ticked");
            visitor.click("send").await?;
            visitor.sees("receipt").await?;
        }
        let inbox = world.collector.inbox().await?;
        for report in inbox.reports().await? {
            let page = inbox.page(&report).await?;
            ensure!(!page.contains("Page and browser"), "facts went along: {page}");
        }
        Ok(Allowed::default())
    })
    .await
}
