//! A bubble that somebody sent away.

use anyhow::Result;
use candor_protocol::LedgerKey;
use e2e::{Allowed, journey, until};

#[tokio::test]
async fn a_dismissed_bubble_stays_away() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.hovers("bubble").await?;
        visitor.sees("bubble-dismiss").await?;
        visitor.click("bubble-dismiss").await?;
        visitor.sees_no("bubble").await?;
        let key = LedgerKey::BubbleHiddenAt.storage_key(world.collector.site);
        until("the ledger remembers", async || {
            let value =
                visitor.script("return localStorage.getItem(arguments[0])", vec![key.clone().into()]).await?;
            Ok((!value.is_null()).then_some(()))
        })
        .await?;
        visitor.client().refresh().await?;
        until("the widget is there again", async || Ok(visitor.has("bubble").await?.then_some(()))).await?;
        visitor.sees_no("bubble").await?;
        Ok(Allowed::default())
    })
    .await
}
