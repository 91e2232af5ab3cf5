//! The counts by which the collectors on one database know of each other.

use uuid::Uuid;

use super::{Store, StoreError};

impl Store {
    /// Whether other collectors may be on the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.readers.place().is_shared()
    }

    /// Counts one beat of `own`, forgets those that have `gone` unless they have gone on counting, and says what the
    /// others' counts are.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn beat(&self, own: Uuid, gone: Vec<(Uuid, i64)>) -> Result<Vec<(Uuid, i64)>, StoreError> {
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO node (id, beats) VALUES (?1, 1)
                         ON CONFLICT (id) DO UPDATE SET beats = node.beats + 1",
                    )?
                    .execute([own.as_bytes()])?;
                let mut forget =
                    connection.prepare_cached("DELETE FROM node WHERE id = ?1 AND beats = ?2")?;
                for (id, beats) in &gone {
                    forget.execute((id.as_bytes(), *beats))?;
                }
                let mut others = connection.prepare_cached("SELECT id, beats FROM node WHERE id <> ?1")?;
                let others = others.query_map([own.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let others: Vec<([u8; 16], i64)> = others.collect::<Result<_, _>>()?;
                Ok(others.into_iter().map(|(id, beats)| (Uuid::from_bytes(id), beats)).collect())
            })
            .await
    }

    /// Ends the count of `own`.
    ///
    /// # Errors
    /// The database cannot be written; the others notice a little later.
    pub async fn end_beats(&self, own: Uuid) -> Result<(), StoreError> {
        self.writer
            .write(move |connection| {
                connection.prepare_cached("DELETE FROM node WHERE id = ?1")?.execute([own.as_bytes()])?;
                Ok(())
            })
            .await
    }
}
