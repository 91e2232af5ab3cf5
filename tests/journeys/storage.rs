//! Where a browser or an owner refuses to store, everything still works.

use anyhow::{Result, ensure};
use e2e::{Allowed, Setup, journey, journey_with};
use serde_json::json;

use crate::send::write_and_agree;

#[tokio::test]
async fn a_browser_that_refuses_storage_can_send() -> Result<()> {
    journey_with(Setup { storage_blocked: true, ..Setup::default() }, async |world| {
        let visitor = world.visit("plain").await?;
        let refused = visitor.awaits("try { return !localStorage } catch { return true }").await?;
        ensure!(refused == true, "the browser gives storage to the page: this journey proves nothing");
        write_and_agree(&visitor, "Nothing of this is kept here").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Nothing of this is kept here"), "{report}");
        Ok(Allowed { no_storage: true, ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_tag_that_says_store_nothing_stores_nothing() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("storage-none").await?;
        write_and_agree(&visitor, "Sent and forgotten").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        let keys = visitor.script("return Object.keys(localStorage)", vec![]).await?;
        ensure!(keys == json!([]), "stored: {keys}");
        world.collector.inbox().await?.only_report().await?;
        Ok(Allowed::default())
    })
    .await
}
