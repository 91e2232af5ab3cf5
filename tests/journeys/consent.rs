//! Without consent nothing leaves the browser, and nothing is stored if it does.

use anyhow::{Result, ensure};
use e2e::{Allowed, journey};

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
