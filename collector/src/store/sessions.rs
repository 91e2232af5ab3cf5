//! Who is signed in to the inbox.

use candor_protocol::Timestamp;
use uuid::Uuid;

use super::{
    Role, Store, StoreError,
    rights::unknown,
    sql::{Connection, OptionalExtension as _},
};

/// A site as its member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSite {
    /// Its key.
    pub id: Uuid,
    /// What the owner calls it.
    pub name: String,
    /// What the member may do on it.
    pub role: Role,
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
    /// Requests about these sites that wait for an answer.
    pub open_requests: u32,
}

impl SignedIn {
    /// What the member may do on a site, where they work for it.
    #[must_use]
    pub fn role(&self, site: Uuid) -> Option<Role> {
        self.sites.iter().find(|known| known.id == site).map(|known| known.role)
    }

    /// What the member knows a site by.
    #[must_use]
    pub fn site_name(&self, site: Uuid) -> &str {
        self.sites.iter().find(|known| known.id == site).map_or("", |known| &known.name)
    }
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
                        "SELECT site.id, site.name, role FROM membership JOIN site ON site.id = membership.site
                         WHERE member = ?1 ORDER BY site.name, site.id",
                    )?
                    .query_map([member], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .map(|row| {
                        let (id, name, role): ([u8; 16], String, String) = row?;
                        let role = Role::from_name(&role).ok_or_else(|| unknown("role"))?;
                        Ok(MemberSite { id: Uuid::from_bytes(id), name, role })
                    })
                    .collect::<Result<_, StoreError>>()?;
                let open_requests = connection
                    .prepare_cached(
                        "SELECT count(*) FROM request WHERE state = 'open'
                           AND site IN (SELECT site FROM membership WHERE member = ?1)",
                    )?
                    .query_row([member], |row| row.get(0))?;
                Ok(Some(SignedIn { member: Uuid::from_bytes(member), email, sites, open_requests }))
            })
            .await
    }
}

/// The member's sites, or one of them, and whether they see there what was restricted.
pub(super) fn sites_of(
    connection: &Connection,
    member: Uuid,
    only: Option<Uuid>,
) -> Result<Vec<(Uuid, bool)>, StoreError> {
    let mut sites = connection.prepare_cached(
        "SELECT site, role = 'privacy' FROM membership WHERE member = ?1 AND site = coalesce(?2, site)",
    )?;
    let sites = sites.query_map((member.as_bytes(), only.map(Uuid::into_bytes)), |row| {
        Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?))
    })?;
    Ok(sites.collect::<Result<_, _>>()?)
}
