//! Finding a visitor by an address without keeping the address: by its keyed hash.

use candor_protocol::{Contact, Timestamp};
use uuid::Uuid;

use super::{ReporterHash, Store, StoreError, sql::Connection};
use crate::key::{InstanceKey, Use};

impl Store {
    /// The visitors whose reports on these sites carry this address, as far as it has not expired.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn by_address(&self, email: &str, now: Timestamp) -> Result<Vec<ReporterHash>, StoreError> {
        let (email, key) = (email.to_owned(), self.key.clone());
        self.readers.read(move |connection| find(connection, &email, &key, now)).await
    }
}

/// See [`Store::by_address`].
pub(super) fn find(
    connection: &Connection,
    email: &str,
    key: &InstanceKey,
    now: Timestamp,
) -> Result<Vec<ReporterHash>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT reporter FROM address JOIN report ON report.id = address.report
         WHERE hash = ?1 AND address.until > ?2 AND report.until > ?2 AND erased_at IS NULL",
    )?;
    let found = statement.query_map((hash(email, key), now.unix_ms()), |row| row.get(0))?;
    Ok(found.map(|hash| hash.map(ReporterHash)).collect::<Result<_, _>>()?)
}

/// The same on one site.
pub(super) fn find_on(
    connection: &Connection,
    site: Uuid,
    address: [u8; 32],
    now: Timestamp,
) -> Result<Vec<ReporterHash>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT reporter FROM address JOIN report ON report.id = address.report
         WHERE hash = ?1 AND site = ?2 AND address.until > ?3 AND report.until > ?3 AND erased_at IS NULL",
    )?;
    let found = statement.query_map((address, site.as_bytes(), now.unix_ms()), |row| row.get(0))?;
    Ok(found.map(|hash| hash.map(ReporterHash)).collect::<Result<_, _>>()?)
}

/// The keyed hash by which an address is found again. Addresses that differ in case alone are one person's.
pub(super) fn hash(email: &str, key: &InstanceKey) -> [u8; 32] {
    key.hash(Use::Address, email.trim().to_lowercase().as_bytes())
}

/// Writes down whose report an address belongs to.
pub(super) fn put(
    connection: &Connection,
    report: Uuid,
    contact: &Contact,
    until: Timestamp,
    key: &InstanceKey,
) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM address WHERE report = ?1")?.execute([report.as_bytes()])?;
    match hash_of(contact, key) {
        Some(hash) => add(connection, report, hash, until),
        None => Ok(()),
    }
}

/// The keyed hash of the address that somebody gave, if they did.
pub(super) fn hash_of(contact: &Contact, key: &InstanceKey) -> Option<[u8; 32]> {
    let email = contact.email.as_deref().filter(|email| !email.is_empty())?;
    Some(hash(email, key))
}

/// Writes down whose address a fresh report carries.
pub(super) fn add(
    connection: &Connection,
    report: Uuid,
    hash: [u8; 32],
    until: Timestamp,
) -> Result<(), StoreError> {
    connection.prepare_cached("INSERT INTO address (hash, report, until) VALUES (?1, ?2, ?3)")?.execute((
        hash,
        report.as_bytes(),
        until.unix_ms(),
    ))?;
    Ok(())
}
