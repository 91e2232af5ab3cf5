//! Putting words and contact right, in the place of what was sent.

use candor_protocol::{Contact, Correction, Purpose, Timestamp};
use candor_rules::Content;
use uuid::Uuid;

use super::{
    StoreError, addresses, body, reports,
    seal::{self, ReportKeys},
    sql::Connection,
    words,
};
use crate::{chance::Rng, key::InstanceKey, vault::Vault};

/// What is needed to write parts of one site's.
#[derive(Clone, Copy)]
pub(super) struct Hand<'a> {
    pub(super) vault: &'a Vault,
    pub(super) key: &'a InstanceKey,
    pub(super) site: Uuid,
}

/// A correction that waits for an answer, as it lies in its request: each half is sealed under the key of the purpose
/// that it is about, and is taken back with it.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    message: Vec<u8>,
    contact: Vec<u8>,
}

impl Waiting {
    pub(super) fn seal(
        correction: &Correction,
        request: Uuid,
        keys: &ReportKeys,
        rng: &Rng,
    ) -> Result<Self, StoreError> {
        let seal = |purpose, half: Option<Vec<u8>>| {
            let key = keys.part(purpose);
            key.zip(half).map(|(key, half)| key.seal(&about(request), &half, rng)).unwrap_or_default()
        };
        let words = correction.message.as_ref().map(serde_json::to_vec).transpose()?;
        let contact = correction.contact.as_ref().map(serde_json::to_vec).transpose()?;
        Ok(Self { message: seal(Purpose::Message, words), contact: seal(Purpose::Contact, contact) })
    }

    /// What is still to be put right.
    pub(super) fn open(&self, request: Uuid, keys: &ReportKeys) -> Result<Correction, StoreError> {
        let open = |purpose, half: &Vec<u8>| -> Result<Option<Vec<u8>>, StoreError> {
            let key = keys.part(purpose).filter(|_| !half.is_empty());
            Ok(key.map(|key| key.open(&about(request), half)).transpose()?)
        };
        let words = open(Purpose::Message, &self.message)?;
        let contact = open(Purpose::Contact, &self.contact)?;
        Ok(Correction {
            message: words.map(|words| serde_json::from_slice(&words)).transpose()?,
            contact: contact.map(|contact| serde_json::from_slice(&contact)).transpose()?,
        })
    }

    /// Drops what is about a purpose.
    pub(super) fn forget(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Message => self.message.clear(),
            Purpose::Contact => self.contact.clear(),
            _ => {}
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.message.is_empty() && self.contact.is_empty()
    }

    /// The halves, one behind the other, with the first one's length before both.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.message.len()).expect("a message is a few kilobytes").to_be_bytes();
        [&length, &*self.message, &self.contact].concat()
    }

    /// What [`Self::to_bytes`] wrote; nothing where something else did.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let halves = bytes.split_first_chunk().and_then(|(length, rest)| {
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
        });
        halves.map_or_else(Self::default, |(message, contact)| Self {
            message: message.to_vec(),
            contact: contact.to_vec(),
        })
    }
}

/// What the body of a request is bound to.
fn about(request: Uuid) -> Vec<u8> {
    [&b"request "[..], request.as_bytes()].concat()
}

/// Replaces what a correction names; the dates stay as they were.
pub(super) fn put_right(
    connection: &Connection,
    hand: Hand<'_>,
    report: Uuid,
    correction: &Correction,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(keys) = seal::keys(connection, hand.vault, report)? else { return Ok(()) };
    for part in reports::parts(connection, hand.vault, report, now)? {
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
        let Some(key) = keys.part(part.kept.purpose) else { continue };
        let about = seal::about(report, part.kept.purpose);
        let body = key.seal(&about, &body::encode(&content)?, hand.vault.rng());
        connection
            .prepare_cached("UPDATE part SET body = ?3 WHERE report = ?1 AND purpose = ?2")?
            .execute((report.as_bytes(), part.kept.purpose.as_str(), body))?;
        words::put(connection, hand.key, hand.site, report, &content)?;
    }
    Ok(())
}
