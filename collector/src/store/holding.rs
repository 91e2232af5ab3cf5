//! Legal holds: a report stays beyond its dates for a reason, and for that alone.

use uuid::Uuid;

use candor_protocol::Timestamp;

use super::{ReporterHash, Store, StoreError, audit, erasing, seal, sql::OptionalExtension as _};
use crate::{
    audit::{Act, Actor, Entry},
    vault::Owner,
};

impl Store {
    /// Holds a report beyond its dates for a reason, or ends that; then what was taken back meanwhile is erased.
    /// `false` when there is no such report on this site.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn hold(
        &self,
        site: Uuid,
        report: Uuid,
        reason: Option<String>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, vault) = (self.key.clone(), self.vault.clone());
        let held = self.writer.write(move |connection| {
            let known: Option<([u8; 32], bool)> = connection
                .prepare_cached(
                    "SELECT reporter, held_because IS NOT NULL FROM report
                     WHERE id = ?1 AND site = ?2 AND erased_at IS NULL",
                )?
                .query_row((report.as_bytes(), site.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((reporter, was_held)) = known else { return Ok(false) };
            erasing::lock_visitor(connection, ReporterHash(reporter))?;
            let withdrawn = match reason {
                None if was_held => erasing::withdrawn(connection, report)?,
                _ => Vec::new(),
            };
            let gone: Vec<_> = withdrawn.iter().map(|purpose| (report, *purpose)).collect();
            seal::destroy_parts(connection, &vault, &Owner { site, reporter }, &gone)?;
            let changed = connection
                .prepare_cached(
                    "UPDATE report SET held_because = ?3 WHERE id = ?1 AND site = ?2 AND erased_at IS NULL",
                )?
                .execute((report.as_bytes(), site.as_bytes(), &reason))?;
            if changed == 0 {
                // It was erased meanwhile, and nothing of it is left to be held.
                return Ok(false);
            }
            for purpose in withdrawn {
                erasing::purpose(connection, site, report, purpose, now)?;
            }
            let act = if reason.is_some() { Act::Held } else { Act::Unheld };
            let subject = format!("report:{report}");
            audit::append(
                connection,
                &Entry { at: now, actor, act, site: Some(site), subject, why: reason },
                &key,
            )?;
            Ok(true)
        });
        let held = held.await?;
        self.writer.forget_log().await;
        Ok(held)
    }
}
