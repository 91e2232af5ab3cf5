//! From the bubble to the inbox.

use anyhow::{Result, ensure};
use candor_protocol::LedgerKey;
use e2e::{Allowed, Visitor, journey};
use serde_json::json;

/// What the other journeys send, too: the least that a form takes.
pub(crate) async fn write_and_agree(visitor: &Visitor, message: &str) -> Result<()> {
    visitor.click("bubble").await?;
    visitor.types("message", message).await?;
    visitor.click("consent-message").await
}

#[tokio::test]
async fn what_a_visitor_sends_is_in_the_inbox() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.sees("bubble").await?;
        let keys = visitor.script("return Object.keys(localStorage)", vec![]).await?;
        ensure!(keys == json!([]), "stored before the visitor acted: {keys}");

        visitor.click("bubble").await?;
        visitor.click("kind-bug").await?;
        visitor.click("rating-4").await?;
        visitor.types("message", "The basket loses its lid. <b>Twice</b>.").await?;
        visitor.types("name", "Ada").await?;
        visitor.types("email", "ada@example.com").await?;
        for consent in ["consent-message", "consent-contact", "consent-browser"] {
            visitor.click(consent).await?;
        }
        visitor.click("what").await?;
        visitor.sees("fact-page_title").await?;
        visitor.click("send").await?;
        let number = visitor.reads("receipt").await?;

        let report = world.collector.inbox().await?.only_report().await?;
        for sent in [
            "The basket loses its lid. &#60;b&#62;Twice",
            "Ada",
            "ada@example.com",
            "A shop",
            number.as_str(),
        ] {
            ensure!(report.contains(sent), "the report does not show {sent:?}:\n{report}");
        }
        let site = world.collector.site;
        for key in [LedgerKey::Reporter, LedgerKey::Consent] {
            let value = visitor
                .script("return localStorage.getItem(arguments[0])", vec![key.storage_key(site).into()]);
            ensure!(!value.await?.is_null(), "{} was not kept", key.as_str());
        }
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn a_fact_that_was_switched_off_is_not_sent() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        write_and_agree(&visitor, "Without my time zone, please").await?;
        visitor.click("consent-browser").await?;
        visitor.click("what").await?;
        visitor.click("fact-time_zone").await?;
        visitor.click("send").await?;
        visitor.sees("receipt").await?;

        let report = world.collector.inbox().await?.only_report().await?;
        let zone = visitor.script("return Intl.DateTimeFormat().resolvedOptions().timeZone", vec![]).await?;
        let zone = zone.as_str().unwrap_or_default();
        ensure!(report.contains("A shop"), "the page's title was to be sent:\n{report}");
        ensure!(
            !zone.is_empty() && !report.contains(&format!(">{zone}<")),
            "the time zone was sent:\n{report}"
        );
        Ok(Allowed::default())
    })
    .await
}

#[tokio::test]
async fn the_same_submission_twice_is_one_report() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        let (site, origin) = (world.collector.site, world.collector.origin().to_owned());
        // What a browser does when the answer to its first try got lost on the way.
        let script = format!(
            "const body = {{
                id: crypto.randomUUID(), site: '{site}', reporter: crypto.randomUUID(), kind: 'idea',
                message: 'Once is enough',
                consent: {{ policy: 1, purposes: ['message'], given_at: new Date().toISOString(), asked: 'panel' }},
            }};
            const send = async body => {{
                const answer = await fetch('{origin}/v1/submissions', {{
                    method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: JSON.stringify(body),
                }});
                return [answer.status, await answer.json()];
            }};
            return [await send(body), await send(body), await send({{ ...body, message: 'Something else' }})];"
        );
        let answers = visitor.awaits(&script).await?;
        ensure!(answers[0][0] == 201 && answers[1][0] == 200, "{answers}");
        ensure!(answers[0][1] == answers[1][1], "two receipts for one report: {answers}");
        ensure!(answers[2][0] == 409 && answers[2][1]["code"] == "duplicate-mismatch", "{answers}");
        let report = world.collector.inbox().await?.only_report().await?;
        ensure!(report.contains("Once is enough"), "{report}");
        Ok(Allowed { console: &["409"], ..Allowed::default() })
    })
    .await
}

#[tokio::test]
async fn a_paste_as_long_as_a_library_does_not_freeze_the_page() -> Result<()> {
    journey(async |world| {
        let visitor = world.visit("plain").await?;
        visitor.click("bubble").await?;
        visitor.types("message", "Attached: ").await?;
        let pasted = visitor
            .script(
                "const field = document.querySelector('candor-widget').shadowRoot.querySelector('[data-t=message]');
                 const carried = new DataTransfer();
                 carried.setData('text/plain', 'word '.repeat(2e6));
                 const event = new Event('paste', { bubbles: true, cancelable: true, composed: true });
                 event.clipboardData = carried;
                 field.focus();
                 field.dispatchEvent(event);
                 return [field.value.length, field.value.startsWith('Attached: word word')]",
                vec![],
            )
            .await?;
        ensure!(pasted == json!([100_010, true]), "{pasted}");
        // Ten thousand characters are a message.
        let told = "return document.querySelector('candor-widget').shadowRoot.querySelector('.count.fault')?.textContent";
        let told = visitor.script(told, vec![]).await?;
        ensure!(told.as_str().is_some_and(|told| told.contains("90010")), "{told}");
        Ok(Allowed::default())
    })
    .await
}
