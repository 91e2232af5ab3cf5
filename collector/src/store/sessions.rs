//! Who is signed in to the inbox.

use candor_protocol::Timestamp;
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::{Store, StoreError};

/// A site as its member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSite {
    /// Its key.
    pub id: Uuid,
    /// What the owner calls it.
    pub name: String,
}

/// A member with a session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The member.
    pub member: Uuid,
    /// Their address.
    pub email: String,
    /// The sites they work for, by name.
    pub sites: Vec<MemberSite>,
}

impl Store {
    /// Remembers a session by the hash of its token.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn open_session(
        &self,
        token_hash: [u8; 32],
        member: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection.execute(
                    "INSERT INTO session (token_hash, member, created_at, until) VALUES (?1, ?2, ?3, ?4)",
                    (token_hash, member.as_bytes(), now.unix_ms(), until.unix_ms()),
                )?;
                Ok(())
            })
            .await
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn close_session(&self, token_hash: [u8; 32]) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection.execute("DELETE FROM session WHERE token_hash = ?1", [token_hash])?;
                Ok(())
            })
            .await
    }

    /// Who holds the token with this hash.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn session(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<SignedIn>, StoreError> {
        self.readers
            .read(move |connection| {
                let member: Option<([u8; 16], String)> = connection
                    .prepare_cached(
                        "SELECT member.id, member.email FROM session JOIN member ON member.id = session.member
                         WHERE token_hash = ?1 AND until > ?2",
                    )?
                    .query_row((token_hash, now.unix_ms()), |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((member, email)) = member else { return Ok(None) };
                let sites = connection
                    .prepare_cached(
                        "SELECT site.id, site.name FROM membership JOIN site ON site.id = membership.site
                         WHERE member = ?1 ORDER BY site.name, site.id",
                    )?
                    .query_map([member], |row| {
                        Ok(MemberSite { id: Uuid::from_bytes(row.get(0)?), name: row.get(1)? })
                    })?
                    .collect::<Result<_, _>>()?;
                Ok(Some(SignedIn { member: Uuid::from_bytes(member), email, sites }))
            })
            .await
    }
}
