//! A page under the strict policy that `candor csp` prints, with Trusted Types enforced.

use anyhow::{Context as _, Result, ensure};
use e2e::{Allowed, journey};

use crate::{pictures, send::write_and_agree};

#[tokio::test]
async fn the_printed_policy_is_all_that_the_widget_needs() -> Result<()> {
    journey(async |world| {
        let printed = world.collector.command(&["csp", "--public-url", world.collector.origin()])?;
        let policy = printed.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: "));
        let policy = policy.with_context(|| format!("`candor csp` prints no policy:\n{printed}"))?;
        ensure!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
        ensure!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        world.pages.say("POLICY", policy);
        pictures::offer(world)?;

        let visitor = world.visit("strict").await?;
        let header = visitor
            .awaits("return (await fetch(location.href)).headers.get('content-security-policy')")
            .await?;
        ensure!(
            header.as_str().is_some_and(|header| header.starts_with(policy)),
            "the page is served with {header}"
        );
        write_and_agree(&visitor, "Under a strict policy").await?;
        pictures::picture(&visitor).await?;
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        pictures::all_arrive(&visitor).await?;
        let inbox = world.collector.inbox().await?;
        let report = inbox.only_report().await?;
        ensure!(report.contains("Under a strict policy"), "{report}");
        ensure!(inbox.only_files().await?.len() == 1, "the picture is not there");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_page_that_lets_no_drawing_load_has_it_painted_in_a_frame_of_the_collectors() -> Result<()> {
    journey(async |world| {
        let options = ["csp", "--frame", "--public-url", world.collector.origin()];
        let printed = world.collector.command(&options)?;
        let policy = printed.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: "));
        let policy = policy.with_context(|| format!("`candor csp` prints no policy:\n{printed}"))?;
        ensure!(policy.contains("img-src 'self';") && policy.contains("frame-src"), "{policy}");
        world.pages.say("POLICY", policy);
        pictures::offer(world)?;

        let visitor = world.visit("strict").await?;
        write_and_agree(&visitor, "Without data: images").await?;
        pictures::picture(&visitor).await?;
        visitor.click("consent-picture").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        pictures::all_arrive(&visitor).await?;
        let inbox = world.collector.inbox().await?;
        ensure!(inbox.only_files().await?.len() == 1, "the picture is not there");
        Ok(Allowed { reports: &["img-src"], console: &["img-src", "data:image/svg"], ..Allowed::default() })
    })
    .await
}
