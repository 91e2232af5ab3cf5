//! A tag that was copied to a page it does not belong to.

use anyhow::{Result, ensure};
use e2e::{Allowed, Pages, Visitor, journey};

use crate::send::write_and_agree;

#[tokio::test]
async fn a_page_of_another_origin_cannot_send() -> Result<()> {
    let stranger = Pages::start().await?;
    journey(async |world| {
        stranger.say("COLLECTOR", world.collector.origin());
        stranger.say("SITE", &world.collector.site.to_string());
        world.browser.client.goto(&stranger.url("plain")).await?;
        let visitor = Visitor::new(world.browser.client.clone());
        write_and_agree(&visitor, "From the wrong shop").await?;
        visitor.click("send").await?;
        visitor.sees("error").await?;
        ensure!(!visitor.has("receipt").await?, "there is a receipt");
        ensure!(visitor.value("message").await? == "From the wrong shop", "the text is gone");
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "something was stored");
        let console = &["CORS", "403", "ERR_FAILED"];
        Ok(Allowed { console, origins: vec![stranger.origin().to_owned()], ..Allowed::default() })
    })
    .await
}
