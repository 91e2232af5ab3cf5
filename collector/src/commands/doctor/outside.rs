//! What is between the collector and people: its address, its mail.

use std::time::Duration;

use anyhow::{Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    tls,
};
use tokio::time::timeout;

use super::{Findings, Settings};

/// How long others may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a collector answers where browsers look for it.
pub(super) async fn origin(settings: &Settings, findings: &mut Findings) {
    let listen = settings.listen();
    let Some(url) = &settings.public_url else {
        let says = format!("no --public-url: links and tags say http://{listen}");
        findings.warn(
            "address",
            says,
            "set it to the origin that browsers see, such as https://feedback.example.com",
        );
        return;
    };
    if url.starts_with("http://") && !is_here(url) {
        let advice =
            "pages served over https load no widget from there, and what visitors write travels in the clear";
        findings.warn("address", format!("{url} is not encrypted"), advice);
    }
    match timeout(PATIENCE, answers(url)).await {
        Ok(Ok(())) => findings.ok("address", format!("{url} answers")),
        Ok(Err(error)) => {
            let advice =
                "is the collector running, the name known, and the proxy set to hand everything on to it?";
            findings.warn("address", format!("{url}: {error:#}"), advice);
        }
        Err(_) => {
            findings.warn("address", format!("{url} does not answer"), "look at firewall, proxy and name")
        }
    }
}

fn is_here(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
}

/// Asks an origin how it is, as whoever watches it would.
async fn answers(origin: &str) -> Result<()> {
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls::client()?).build()?;
    let answer = client.get(format!("{origin}/healthz")).send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    if status != reqwest::StatusCode::OK {
        bail!("/healthz answers {status}");
    }
    Ok(())
}

/// Whether mails go out. The server is named by its settings alone, for its address may hold a password.
pub(super) async fn mail(
    settings: &Settings,
    to: Option<&str>,
    (clock, rng): (&Clock, &Rng),
    findings: &mut Findings,
) {
    let origin = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen()));
    let postbox = match settings.postbox(&origin) {
        Ok(Some(postbox)) => postbox,
        Ok(None) => {
            let advice =
                "--mail-url and --mail-from let visitors get at their data from another browser, too";
            return findings.warn("mail", "none is sent", advice);
        }
        Err(error) => return findings.fail("mail", format!("{error:#}"), "mend --mail-url and --mail-from"),
    };
    let advice = "see that the server runs, and what --mail-url says";
    match timeout(PATIENCE, postbox.reach()).await {
        Ok(Ok(())) => findings.ok("mail", "the server answers"),
        Ok(Err(error)) => return findings.fail("mail", error, advice),
        Err(_) => return findings.fail("mail", "the server does not answer", advice),
    }
    let Some(to) = to else { return };
    match postbox.try_out(to, clock.now(), rng.uuid_v7(clock.now())).await {
        Ok(()) => findings.ok("mail", "the server took one"),
        Err(error) => findings.fail("mail", error.replace(to, "…"), advice),
    }
}
