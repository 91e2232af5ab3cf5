//! What visitors do with what they sent: each right, from the panel to what the collector then holds.

use anyhow::{Context as _, Result, ensure};
use candor_protocol::LedgerKey;
use e2e::{Allowed, Visitor, World, journey};
use serde_json::Value;

use crate::send::write_and_agree;

/// Sends words with a name, and opens "My data" from the receipt.
async fn send_and_look(visitor: &Visitor, message: &str) -> Result<()> {
    write_and_agree(visitor, message).await?;
    visitor.types("name", "Ada").await?;
    visitor.click("consent-contact").await?;
    visitor.click("send").await?;
    visitor.sees("receipt").await?;
    visitor.click("mine").await?;
    visitor.sees("mine-report-1").await?;
    Ok(())
}

/// Sends two messages, and opens "My data" from the form. What was agreed to the first time stays agreed to.
async fn send_two_and_look(visitor: &Visitor) -> Result<()> {
    write_and_agree(visitor, "The first").await?;
    visitor.click("send").await?;
    visitor.click("another").await?;
    visitor.types("message", "The second").await?;
    visitor.click("send").await?;
    visitor.sees("receipt").await?;
    visitor.click("another").await?;
    visitor.click("mine").await?;
    visitor.sees("mine-report-2").await?;
    Ok(())
}

/// What the collector tells the page's visitor of themselves, asked without the widget.
async fn told(world: &World, visitor: &Visitor) -> Result<Value> {
    let key = LedgerKey::Reporter.storage_key(world.collector.site);
    let origin = world.collector.origin();
    visitor
        .awaits(&format!(
            "const authorization = 'Bearer ' + localStorage.getItem('{key}');
             return (await fetch('{origin}/v1/me', {{ headers: {{ authorization }} }})).json()"
        ))
        .await
}

#[tokio::test]
async fn a_visitor_sees_what_is_kept_for_what_and_until_when() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "The lid is <b>loose</b>").await?;
        ensure!(visitor.reads("mine-words-1").await? == "The lid is <b>loose</b>", "other words");
        visitor.click("mine-details-1").await?;
        let report = visitor.reads_in("mine-report-1", "Ada").await?;
        let told = told(world, &visitor).await?;
        let number = told["reports"][0]["number"].as_str().context("a number")?;
        ensure!(report.contains(number), "no {number} in {report}");
        for purpose in ["message", "contact"] {
            visitor.sees(&format!("mine-withdraw-{purpose}")).await?;
        }
        // Back to where it was opened.
        visitor.click("mine-back").await?;
        visitor.sees("receipt").await?;
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn everything_is_erased_and_the_visitor_told_so() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_two_and_look(&visitor).await?;
        visitor.click("mine-erase-all").await?;
        // Asked first, and nothing happens to who backs out.
        visitor.click("mine-no").await?;
        ensure!(world.collector.inbox().await?.reports().await?.len() == 2, "erased without a yes");
        visitor.click("mine-erase-all").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "Erased").await?;
        visitor.sees("mine-none").await?;
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "it is still in the inbox");
        let told = told(world, &visitor).await?;
        ensure!(told["reports"].as_array().is_some_and(Vec::is_empty), "{told}");
        Ok(Allowed::default())
    })
    .await
}
