//! Which visitor a command is about.

use anyhow::{Result, bail};
use candor_collector::{
    audit::{Actor, pseudonym_text},
    key::InstanceKey,
    store::{By, ReporterHash, Store},
};
use candor_protocol::Timestamp;
use clap::Args;
use uuid::Uuid;

use super::instance;

#[derive(Debug, Args)]
pub(super) struct Person {
    /// The reporter id that their browser keeps under candor-reporter_SITE
    #[arg(long, value_name = "UUID", required_unless_present = "email", conflicts_with = "email")]
    reporter: Option<Uuid>,
    /// An e-mail address that a report of theirs carries; nobody has proven whose it is
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Only this site, by key or name [default: all]
    #[arg(long)]
    site: Option<String>,
    /// Why; the audit log keeps it
    #[arg(long)]
    reason: Option<String>,
}

impl Person {
    /// Everyone who is meant, and how far the operator reaches.
    ///
    /// # Errors
    /// Nothing of such a visitor is kept, or there is no such site.
    pub(super) async fn find(
        &self,
        store: &Store,
        key: &InstanceKey,
        now: Timestamp,
    ) -> Result<(Vec<ReporterHash>, By)> {
        let sites = match &self.site {
            Some(site) => Some(vec![instance::find_site(store, Some(site), now).await?.id]),
            None => None,
        };
        let found = match (&self.reporter, &self.email) {
            (Some(reporter), _) => vec![ReporterHash::of(*reporter, key)],
            (None, Some(email)) => store.by_address(email, now).await?,
            (None, None) => Vec::new(),
        };
        if found.is_empty() {
            bail!("no report carries this address");
        }
        Ok((found, By { actor: Actor::Operator, sites, reports: None, why: self.reason.clone() }))
    }
}

/// So many of something: `1 report`, `2 reports`.
pub(super) fn count(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// The visitor as logs and members know them.
pub(super) fn name(who: ReporterHash) -> String {
    format!("visitor {}", pseudonym_text(who.pseudonym()))
}
