//! From another browser: a link by mail, and one's own data behind it.

use anyhow::{Context as _, Result, ensure};
use e2e::{Allowed, Post, Visitor, journey, until};
use fantoccini::Locator;

/// Clicks the button with these words, as soon as there is one that takes a click.
async fn press(visitor: &Visitor, words: &str) -> Result<()> {
    let path = format!("//button[normalize-space()='{words}']");
    until(&format!("“{words}” takes a click"), async || {
        let Ok(button) = visitor.client().find(Locator::XPath(&path)).await else { return Ok(None) };
        if !button.is_displayed().await? || !button.is_enabled().await? {
            return Ok(None);
        }
        button.click().await?;
        Ok(Some(()))
    })
    .await
}

/// Waits until the page says this.
async fn reads(visitor: &Visitor, words: &str) -> Result<()> {
    until(&format!("“{words}” is read"), async || {
        let text = visitor.script("return document.querySelector('main').innerText", vec![]).await?;
        Ok(text.as_str().is_some_and(|text| text.contains(words)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_mailed_link_shows_what_was_sent_and_erases_it() -> Result<()> {
    journey(async |world| {
        let post = Post::open().await?;
        world.collector.stop().await?;
        world.collector.mails_by(&post.url());
        world.collector.restart().await?;
        let visitor = world.visit("plain").await?;
        visitor.click("bubble").await?;
        visitor.types("message", "Please forget me").await?;
        visitor.types("email", "ada@example.com").await?;
        visitor.click("consent-message").await?;
        visitor.click("consent-contact").await?;
        visitor.click("send").await?;
        let number = visitor.reads("receipt").await?;

        let ask = format!("{}/me?site={}", world.collector.origin(), world.collector.site);
        visitor.client().goto(&ask).await?;
        visitor.client().find(Locator::Id("email")).await?.send_keys("ada@example.com").await?;
        press(&visitor, "Mail me the link").await?;
        reads(&visitor, "a mail with a link is on its way").await?;
        let mail = post.next().await;
        ensure!(mail.to == "ada@example.com" && !mail.text.contains("forget"), "{}", mail.text);
        let link = mail.link().context("the mail has a link")?;
        ensure!(link.starts_with(&format!("{ask}&lang=en#")), "{link}");

        visitor.client().goto(&link).await?;
        press(&visitor, "Show my data").await?;
        for told in ["Please forget me", number.as_str(), "ada@example.com", "Message:"] {
            reads(&visitor, told).await?;
        }
        let address = visitor.client().current_url().await?;
        ensure!(address.fragment().is_none_or(str::is_empty), "the token is still in the address: {address}");
        press(&visitor, "Do not use it").await?;
        reads(&visitor, "Kept and not used since").await?;
        press(&visitor, "Erase everything").await?;
        press(&visitor, "Yes, erase it").await?;
        reads(&visitor, "Nothing of yours is kept here.").await?;
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "it is still in the inbox");
        press(&visitor, "Close").await?;
        reads(&visitor, "Nothing of it is left in this browser.").await?;

        // The same link once more. A page that differs in its fragment alone is not loaded anew.
        visitor.client().goto("about:blank").await?;
        visitor.client().goto(&link).await?;
        press(&visitor, "Show my data").await?;
        reads(&visitor, "This link was used already").await?;
        ensure!(!world.collector.log().contains("ada@example.com"), "the log names her");
        let origins = vec![world.collector.origin().to_owned()];
        Ok(Allowed { console: &["401"], origins, ..Allowed::default() })
    })
    .await
}
