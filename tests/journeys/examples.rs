//! The pages of `examples/`, as an owner would copy them.

use anyhow::{Context as _, Result, ensure};
use e2e::{Allowed, Visitor, World, journey, until};
use fantoccini::Locator;

use crate::send::write_and_agree;

/// Opens an example with this collector and this site in place of the placeholders.
async fn example(world: &World, case: &str) -> Result<Visitor> {
    let origin = world.collector.origin();
    let tag = world.collector.command(&["snippet", "--pinned", "--public-url", origin])?;
    let quoted = |attribute: &str| -> Result<String> {
        let rest =
            tag.split_once(&format!("{attribute}=\"")).with_context(|| format!("no {attribute} in {tag}"))?.1;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    };
    let pages = &world.pages;
    pages.stand_in("https://feedback.example.com/candor-HASH.js", &quoted("src")?);
    pages.stand_in("sha384-INTEGRITY", &quoted("integrity")?);
    pages.stand_in("https://feedback.example.com", origin);
    pages.stand_in("SITE", &world.collector.site.to_string());
    world.visit(case).await
}

async fn arrives(world: &World, words: &str) -> Result<Allowed> {
    let report = world.collector.inbox().await?.only_report().await?;
    ensure!(report.contains(words), "{report}");
    Ok(Allowed::default())
}

#[tokio::test]
async fn the_bubble_of_the_script_tag_sends() -> Result<()> {
    journey(async |world| {
        let visitor = example(world, "script-tag").await?;
        write_and_agree(&visitor, "By the bubble").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        arrives(world, "By the bubble").await
    })
    .await
}

#[tokio::test]
async fn a_button_of_the_page_opens_the_panel_and_there_is_no_bubble() -> Result<()> {
    journey(async |world| {
        let visitor = example(world, "own-button").await?;
        until("the widget is there", async || Ok(visitor.has("bubble").await?.then_some(()))).await?;
        visitor.sees_no("bubble").await?;
        visitor.client().find(Locator::Css("[data-candor-open]")).await?.click().await?;
        visitor.types("message", "By a button of the page").await?;
        visitor.click("consent-message").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        arrives(world, "By a button of the page").await
    })
    .await
}

#[tokio::test]
async fn a_form_of_the_page_sends_without_the_panel() -> Result<()> {
    journey(async |world| {
        let visitor = example(world, "own-form").await?;
        until("the widget is there", async || Ok(visitor.has("bubble").await?.then_some(()))).await?;
        let client = visitor.client();
        client.find(Locator::Css("textarea")).await?.send_keys("By a form of the page").await?;
        client.find(Locator::Css("[name=agree]")).await?.click().await?;
        client.find(Locator::Css("button")).await?.click().await?;
        until("the page shows the receipt", async || {
            let said = client.find(Locator::Css("output")).await?.text().await?;
            Ok(said.contains("Receipt").then_some(()))
        })
        .await?;
        arrives(world, "By a form of the page").await
    })
    .await
}

#[tokio::test]
async fn the_pinned_loader_passes_its_integrity_check_and_sends() -> Result<()> {
    journey(async |world| {
        let visitor = example(world, "pinned").await?;
        write_and_agree(&visitor, "By a loader with a fixed hash").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        arrives(world, "By a loader with a fixed hash").await
    })
    .await
}
