//! What the collector has stored: the database, its sites, its log, its sweep; the blobs.

use candor_collector::{
    chance::{Clock, Rng},
    store::{Checkup, Store},
};
use candor_protocol::Purpose;

use super::{Findings, Settings, size};
use crate::commands::instance;

/// Milliseconds since the last sweep after which something is wrong: a running collector sweeps every few minutes.
const SWEPT_WITHIN_MS: i64 = 3_600_000;
/// How much of its bound a database may have used before it is told.
const NEARLY_FULL: u64 = 9;

/// Whether there is a database that this program can open as it is.
pub(super) fn database(settings: &Settings, findings: &mut Findings) -> bool {
    let found = match Store::examine(&settings.data(), settings.database.as_deref()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            findings.warn("database", "there is none yet", "`candor serve` or `candor site add` makes it");
            return false;
        }
        Err(error) => {
            // The address may hold a password, so it is not told.
            let advice = if settings.database.is_some() {
                "see that the server runs, and what --database says"
            } else {
                "restore it from a backup if it is damaged: `candor restore`"
            };
            findings.fail("database", error.to_string(), advice);
            return false;
        }
    };
    let Checkup { engine, version, newest, bytes, faults } = found;
    if !faults.is_empty() {
        let advice = "stop the collector, keep a copy of the folder, and restore the last backup";
        findings.fail("database", format!("{engine}: {}", faults.join("; ")), advice);
        return false;
    }
    let bytes_said = bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
    let says = format!("{engine}, whole, {version} of {newest} migrations{bytes_said}");
    if version > newest {
        findings.fail("database", says, "a newer candor made it: run that one");
        return false;
    }
    if version < newest {
        findings.warn("database", says, "`candor migrate`, or the next start, brings it up to date");
        return false;
    }
    match (bytes, settings.database_bytes_max()) {
        (Some(bytes), Some(most)) if bytes >= most / 10 * NEARLY_FULL => findings.warn(
            "database",
            format!("{says} of {}", size(most)),
            "raise --database-mib, or keep things for fewer days",
        ),
        _ => findings.ok("database", says),
    }
    true
}

/// Looks into a database that is whole and of this version.
pub(super) async fn contents(settings: &Settings, clock: &Clock, rng: &Rng, findings: &mut Findings) {
    let store = match instance::open(settings, rng) {
        Ok((store, _)) => store,
        Err(error) => {
            let advice = "restore the keys that belong to this database";
            return findings.fail("database", format!("{error:#}"), advice);
        }
    };
    if let Err(error) = look_into(&store, clock, findings).await {
        findings.fail("database", error.to_string(), "see what the log of the collector says");
    }
}

async fn look_into(store: &Store, clock: &Clock, findings: &mut Findings) -> anyhow::Result<()> {
    store.probe().await?;
    let now = clock.now();
    match store.swept_at().await? {
        None => findings.warn("sweep", "none has run yet", "a running collector sweeps by itself; or `candor sweep`"),
        Some(at) if now.ms_since(at) > SWEPT_WITHIN_MS => findings.warn(
            "sweep",
            format!("the last one ended at {at}"),
            "is the collector running? It sweeps every few minutes. What is due is served to nobody meanwhile",
        ),
        Some(at) if now.ms_since(at) < -SWEPT_WITHIN_MS => {
            findings.warn("clock", format!("a sweep ended at {at}, which is to come"), "set the clock right");
        }
        Some(at) => findings.ok("sweep", format!("the last one ended at {at}")),
    }
    match store.verify_audit().await? {
        Ok((rows, head)) => findings.ok("audit", format!("{rows} rows hold, up to row {}", head.seq)),
        Err(broken) => findings.fail(
            "audit",
            broken.to_string(),
            "somebody changed the log: find out who could; `candor audit verify` says where",
        ),
    }
    if store.is_behind_with_words().await? {
        findings.warn(
            "search",
            "older messages are not found yet",
            "a running collector sees to it by itself",
        );
    }
    sites(store, clock, findings).await
}

async fn sites(store: &Store, clock: &Clock, findings: &mut Findings) -> anyhow::Result<()> {
    let directory = store.directory(clock.now()).await?;
    let mut sites = directory.sites();
    sites.retain(|site| site.closed_at.is_none());
    sites.sort_by_key(|site| site.id);
    if sites.is_empty() {
        findings.warn("sites", "there is no open one", "candor site add --name NAME --origin https://…");
    }
    for site in sites {
        let (name, id) = (site.name.escape_debug(), site.id);
        let mut trouble = Vec::new();
        if site.origins.is_empty() {
            trouble.push((
                "no page may send anything to it",
                format!("candor site set --site {id} --origin https://…"),
            ));
        }
        if !store.has_members(site.id).await? {
            let advice = format!("candor member add --email … --site {id}");
            trouble.push(("nobody may read what is sent to it", advice));
        }
        if site.policy.url.is_none() {
            let advice = format!(
                "`candor notice` writes its paragraphs; then put its \"url\" into the policy: candor site set --site {id} --policy FILE"
            );
            trouble.push(("its policy names no privacy page", advice));
        }
        if site.policy.terms(Purpose::Message).is_none() {
            let advice = format!("candor site set --site {id} --need message=required");
            trouble.push(("its policy takes no messages", advice));
        }
        if trouble.is_empty() {
            findings.ok("sites", format!("{name}: policy {}", site.policy.version));
        }
        for (says, advice) in trouble {
            findings.warn("sites", format!("{name}: {says}"), advice);
        }
    }
    Ok(())
}

/// Whether a blob can be written, read and taken away.
pub(super) async fn blobs(settings: &Settings, rng: &Rng, findings: &mut Findings) {
    let tried = async {
        let blobs = instance::blobs(settings)?;
        let bytes = rng.bytes::<64>().to_vec();
        let name = blobs.keep(bytes.clone().into()).await?;
        let read = blobs.open(name).await?;
        // Nobody else can mean these bytes.
        blobs.remove(name).await?;
        anyhow::Ok(read.is_some_and(|read| read == bytes))
    };
    let advice = "without them no picture is taken and none is shown; messages are";
    match tried.await {
        Ok(true) => findings.ok("blobs", "one was written, read and taken away"),
        Ok(false) => findings.fail("blobs", "what was written was not what was read", advice),
        Err(error) => findings.fail("blobs", format!("{error:#}"), advice),
    }
}
