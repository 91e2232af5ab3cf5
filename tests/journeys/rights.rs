//! What visitors do with what they sent: each right, from the panel to what the collector then holds.

use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use candor_protocol::LedgerKey;
use e2e::{Allowed, Visitor, World, journey};
use fantoccini::key::Key;
use serde_json::{Value, json};

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

/// Keeps what the page is about to save as a file, where the journey can look at it.
async fn watch_saving(visitor: &Visitor) -> Result<()> {
    let script = "window.saved = [];
        const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => (window.saved.push(blob), make.call(URL, blob));";
    visitor.script(script, vec![]).await.map(drop)
}

/// The bytes of the one file that was saved.
async fn saved(visitor: &Visitor) -> Result<Vec<u8>> {
    let bytes = visitor
        .awaits(
            "while (!window.saved.length) await new Promise((go) => setTimeout(go, 20));
             return [...new Uint8Array(await window.saved[0].arrayBuffer())]",
        )
        .await?;
    Ok(serde_json::from_value(bytes)?)
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
async fn a_visitor_takes_everything_along() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "To go, please").await?;
        watch_saving(&visitor).await?;
        visitor.click("mine-take").await?;
        let archive = saved(&visitor).await?;
        let has = |name: &str| archive.windows(name.len()).any(|part| part == name.as_bytes());
        ensure!(
            archive.starts_with(b"PK") && has("my-feedback.json") && has("README.txt"),
            "no such archive"
        );
        visitor.sees_no("mine-said").await?;
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_visitor_saves_a_receipt_that_the_collector_knows_for_its_own() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "In writing").await?;
        watch_saving(&visitor).await?;
        visitor.click("mine-receipt-1").await?;
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&saved(&visitor).await?)?;
        let path = file.path().to_str().context("a path is a text")?;
        let said = world.collector.command(&["receipt", "verify", path, "--json"])?;
        let said: Value = serde_json::from_str(&said)?;
        let number = told(world, &visitor).await?["reports"][0]["number"].clone();
        ensure!(said["ok"] == true && said["receipt"]["number"] == number, "{said}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_visitor_puts_words_right() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "The lit is loose").await?;
        visitor.click("mine-correct-1").await?;
        visitor.sees("mine-message").await?.clear().await?;
        visitor.types("mine-message", "The lid is loose").await?;
        visitor.click("mine-save").await?;
        visitor.reads_in("mine-said", "Corrected").await?;
        visitor.reads_in("mine-words-1", "The lid is loose").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("The lid is loose") && report.contains("Ada"), "{report}");
        ensure!(told(world, &visitor).await?["reports"][0]["message"] == "The lid is loose", "not corrected");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn one_message_is_erased_and_the_other_stays() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_two_and_look(&visitor).await?;
        visitor.click("mine-erase-1").await?;
        visitor.sees("mine-yes").await?;
        // Backing out by the keyboard leads back to the same button; the panel stays.
        visitor.presses(&[(Key::Escape, 1)]).await?;
        visitor.sees_no("mine-yes").await?;
        ensure!(world.collector.inbox().await?.reports().await?.len() == 2, "erased without a yes");
        visitor.presses(&[(Key::Enter, 1)]).await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "Erased").await?;
        visitor.reads_in("mine-words-1", "The first").await?;
        visitor.sees_no("mine-report-2").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("The first"), "{report}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn where_a_person_answers_the_visitor_is_told_by_when() -> Result<()> {
    journey(async |world| {
        world.collector.command(&["site", "set", "--erase", "on-request"])?;
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "Please forget me").await?;
        visitor.click("mine-erase-1").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "answers it by").await?;
        visitor.sees("mine-requests").await?;
        visitor.sees_no("mine-erase-1").await?;
        let told = told(world, &visitor).await?;
        ensure!(told["requests"][0]["right"] == "erase" && told["requests"][0]["state"] == "open", "{told}");
        let requests = world.collector.inbox().await?.page("/inbox/requests").await?;
        let number = told["reports"][0]["number"].as_str().context("a number")?;
        ensure!(requests.contains(number), "no member is asked: {requests}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn consent_that_is_taken_back_takes_what_was_kept_along() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "Nameless from now on").await?;
        visitor.click("mine-withdraw-contact").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "taken back").await?;
        visitor.sees_no("mine-withdraw-contact").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Nameless from now on") && !report.contains("Ada"), "{report}");
        let key = LedgerKey::Consent.storage_key(world.collector.site);
        let kept = visitor.script("return localStorage.getItem(arguments[0])", vec![key.into()]).await?;
        ensure!(kept.is_null(), "this browser still says yes: {kept}");
        // Without it, another message is still taken.
        visitor.click("mine-back").await?;
        visitor.click("another").await?;
        visitor.types("message", "And one more").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        ensure!(world.collector.inbox().await?.reports().await?.len() == 2, "it was not stored");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn what_is_restricted_is_kept_and_seen_by_no_member_until_it_is_free() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "Not for now").await?;
        visitor.click("mine-restrict-1").await?;
        visitor.reads_in("mine-said", "not used").await?;
        visitor.reads_in("mine-report-1", "Kept, but not used").await?;
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "a member sees it");
        ensure!(told(world, &visitor).await?["reports"][0]["message"] == "Not for now", "it is not kept");
        visitor.click("mine-restrict-1").await?;
        visitor.reads_in("mine-said", "may be used again").await?;
        ensure!(world.collector.inbox().await?.only_report().await?.contains("Not for now"), "it is gone");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn what_was_objected_to_is_kept_and_read_by_nobody() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "Read me").await?;
        visitor.click("mine-object-contact").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "objection holds").await?;
        visitor.sees_no("mine-object-contact").await?;
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Read me") && !report.contains("Ada"), "{report}");
        let told = told(world, &visitor).await?;
        ensure!(told["objections"] == json!(["contact"]), "{told}");
        ensure!(told["reports"][0]["contact"]["name"] == "Ada", "it is not kept: {told}");
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn what_this_browser_stores_is_shown_and_cleared() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        send_and_look(&visitor, "Leave no trace").await?;
        visitor.click("mine-clear").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "Cleared").await?;
        visitor.sees("mine-stored-none").await?;
        visitor.reads_in("mine-none", "no key").await?;
        let keys = visitor.script("return Object.keys(localStorage)", vec![]).await?;
        ensure!(keys == json!([]), "still there: {keys}");
        // What was sent is another matter.
        world.collector.inbox().await?.only_report().await?;
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_right_outlives_a_collector_that_is_away() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        write_and_agree(&visitor, "Before the storm").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;
        world.collector.stop().await?;
        visitor.click("mine").await?;
        visitor.sees("mine-lost").await?;
        world.collector.restart().await?;
        visitor.click("mine").await?;
        visitor.sees("mine-report-1").await?;
        world.collector.stop().await?;
        visitor.click("mine-erase-1").await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "could not be reached").await?;
        ensure!(visitor.has("mine-report-1").await?, "it says nothing is there");
        world.collector.restart().await?;
        visitor.click("mine-yes").await?;
        visitor.reads_in("mine-said", "Erased").await?;
        ensure!(world.collector.inbox().await?.reports().await?.is_empty(), "not erased");
        let console = &["ERR_CONNECTION_REFUSED", "/assets/mine-"];
        Ok(Allowed { console, ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_page_uses_the_rights_for_its_visitor() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.sees("bubble").await?;
        let said = visitor
            .awaits(
                "const before = await Candor.me.see();
                 const early = await Candor.me.erase().then(() => 'erased', (error) => error.code);
                 const send = (message) => Candor.submit({ kind: 'bug', message, purposes: ['message'] });
                 const [{ report }] = [await send('One'), await send('Two')];
                 await Candor.me.correct(report, { message: 'First' });
                 await Candor.me.restrict(report);
                 const { reports } = await Candor.me.see();
                 const { signed } = await Candor.me.receipt(report);
                 const archive = await Candor.me.export();
                 const erased = await Candor.me.erase(report);
                 await Candor.me.object(['message']);
                 const after = await Candor.me.see();
                 await Candor.me.withdraw();
                 return {
                     before, early, said: reports.map((one) => [one.message, !!one.restricted_at]),
                     signed: signed.split('.').length, zip: archive.type, erased, after: after.reports.length,
                     objections: after.objections, end: (await Candor.me.see()).reports.map((one) => one.kept.length),
                 }",
            )
            .await?;
        ensure!(said["before"] == json!({ "reports": [], "requests": [] }), "{said}");
        ensure!(said["early"] == "not-found", "{said}");
        ensure!(said["said"] == json!([["Two", false], ["First", true]]), "{said}");
        ensure!(said["signed"] == 3 && said["zip"] == "application/zip", "{said}");
        ensure!(said["erased"]["reports"] == 1 && said["after"] == 1, "{said}");
        ensure!(said["objections"] == json!(["message"]), "{said}");
        ensure!(said["end"] == json!([]) || said["end"] == json!([0]), "{said}");
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
