//! The owner's people, and which sites they work for.

use candor_protocol::Timestamp;
use uuid::Uuid;

use super::{Store, StoreError, sql::OptionalExtension as _};

/// What a member may do on a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Reads and answers.
    #[default]
    Member,
    /// Also decides about the site, and may hold reports beyond their dates.
    Owner,
    /// Sees to privacy: also sees what is restricted, and may hold reports beyond their dates.
    Privacy,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Member, Self::Owner, Self::Privacy];

    /// The name in commands and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
            Self::Privacy => "privacy",
        }
    }

    /// The role with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether reports that their visitor had restricted are shown.
    #[must_use]
    pub const fn sees_restricted(self) -> bool {
        matches!(self, Self::Privacy)
    }

    /// Whether reports may be held beyond their dates.
    #[must_use]
    pub const fn may_hold(self) -> bool {
        matches!(self, Self::Owner | Self::Privacy)
    }
}

/// What a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The member.
    pub member: Uuid,
    /// A PHC string.
    pub password_hash: String,
}

impl Store {
    /// Adds a member.
    ///
    /// # Errors
    /// `Conflict` when the address is taken.
    pub async fn add_member(
        &self,
        member: Uuid,
        email: String,
        password_hash: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                let added = connection
                    .prepare_cached(
                        "INSERT INTO member (id, email, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((member.as_bytes(), email, password_hash, now.unix_ms()));
                match added {
                    Err(error) if error.is_conflict() => {
                        Err(StoreError::Conflict("there is a member with this address"))
                    }
                    other => Ok(other.map(drop)?),
                }
            })
            .await
    }

    /// Gives a member another password and ends all sessions that the old one opened.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn set_password(&self, member: Uuid, password_hash: String) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection.execute(
                    "UPDATE member SET password_hash = ?2 WHERE id = ?1",
                    (member.as_bytes(), password_hash),
                )?;
                connection.execute("DELETE FROM session WHERE member = ?1", [member.as_bytes()])?;
                Ok(())
            })
            .await
    }

    /// Lets a member work for a site.
    ///
    /// # Errors
    /// There is no such member or site, or the database cannot be written.
    pub async fn grant(&self, member: Uuid, site: Uuid, role: Role) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                let granted = connection.execute(
                    "INSERT INTO membership (member, site, role) VALUES (?1, ?2, ?3)
                     ON CONFLICT (member, site) DO UPDATE SET role = excluded.role",
                    (member.as_bytes(), site.as_bytes(), role.as_str()),
                );
                match granted {
                    Err(error) if error.is_conflict() => {
                        Err(StoreError::Conflict("there is no such member or site"))
                    }
                    other => Ok(other.map(drop)?),
                }
            })
            .await
    }

    /// The member with this address.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn credentials(&self, email: String) -> Result<Option<Credentials>, StoreError> {
        self.readers
            .read(move |connection| {
                let found = connection
                    .prepare_cached("SELECT id, password_hash FROM member WHERE email = ?1")?
                    .query_row([email], |row| {
                        Ok(Credentials { member: Uuid::from_bytes(row.get(0)?), password_hash: row.get(1)? })
                    })
                    .optional()?;
                Ok(found)
            })
            .await
    }
}
