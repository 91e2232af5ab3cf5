//! What a visitor wrote outlives the failure to send it.

use anyhow::{Result, ensure};
use e2e::{Allowed, Setup, journey, journey_with};

use crate::send::write_and_agree;

#[tokio::test]
async fn a_text_survives_a_collector_that_is_down_and_is_sent_by_a_retry() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        write_and_agree(&visitor, "Written before the storm").await?;
        world.collector.stop().await?;
        visitor.click("send").await?;
        visitor.sees("error").await?;
        ensure!(!visitor.has("receipt").await?, "there is a receipt for what was not stored");
        ensure!(visitor.value("message").await? == "Written before the storm", "the text is gone");
        visitor.sees("copy").await?;

        world.collector.restart().await?;
        visitor.click("retry").await?;
        visitor.sees("receipt").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Written before the storm"), "{report}");
        Ok(Allowed { console: &["ERR_CONNECTION_REFUSED"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        write_and_agree(&visitor, "Durable before the thanks").await?;
        visitor.click("send").await?;
        let number = visitor.reads("receipt").await?;
        world.collector.kill();
        world.collector.restart().await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Durable before the thanks") && report.contains(&number), "{report}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn the_panel_opens_on_a_page_whose_sheets_never_come_and_whose_timers_never_rest() -> Result<()> {
    journey_with(Setup { impatient: true, ..Setup::default() }, async |world| {
        let visitor = world.visit("restless").await?;
        visitor.sees("bubble").await?;
        visitor.script("Candor.open()", vec![]).await?;
        visitor.sees("message").await?;
        Ok(Allowed::default())
    })
    .await
}
