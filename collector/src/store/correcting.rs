//! Putting words and contact right, in the place of what was sent.

use candor_protocol::{Contact, Correction, Timestamp};
use candor_rules::Content;
use uuid::Uuid;

use super::{StoreError, addresses, body, reports, seal, sql::Connection, words};
use crate::{
    key::InstanceKey,
    vault::{Owner, Vault},
};

/// What is needed to write one owner's parts.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub(super) vault: &'a Vault,
    pub(super) key: &'a InstanceKey,
    pub(super) owner: &'a Owner,
}

/// Replaces what a correction names; the dates stay as they were.
pub(super) fn put_right(
    connection: &Connection,
    hand: Hand<'_>,
    report: Uuid,
    correction: &Correction,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(sealed_under) = seal::find(connection, hand.vault, hand.owner)? else { return Ok(()) };
    for part in reports::parts(connection, Some(&sealed_under), report, now)? {
        let content = match (part.content, correction) {
            (Content::Message { custom, locale, .. }, Correction { message: Some(text), .. }) => {
                Content::Message { text: text.clone(), custom, locale }
            }
            (Content::Contact(old), Correction { contact: Some(contact), .. }) => {
                let contact = Contact { id: old.id, avatar: old.avatar, ..contact.clone() };
                addresses::put(connection, report, &contact, part.kept.until, hand.key)?;
                Content::Contact(contact)
            }
            _ => continue,
        };
        let about = seal::about(report, part.kept.purpose);
        let body = sealed_under.seal(&about, &body::encode(&content)?, hand.vault.rng());
        connection
            .prepare_cached("UPDATE part SET body = ?3 WHERE report = ?1 AND purpose = ?2")?
            .execute((report.as_bytes(), part.kept.purpose.as_str(), body))?;
        words::put(connection, hand.key, hand.owner.site, report, &content)?;
    }
    Ok(())
}
