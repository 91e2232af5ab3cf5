//! How a report comes in.

use std::sync::Arc;

use candor_protocol::{Kept, Receipt, ReceiptNumber, Timestamp};
use candor_rules::{Admitted, Content};
use uuid::Uuid;

use super::{
    ReporterHash, Store, StoreError, addresses, body, reports, seal,
    sql::{Connection, OptionalExtension as _},
    words,
};
use crate::{
    key::InstanceKey,
    vault::{Owner, ReporterKey, Vault, Wrapped},
};

/// What became of a submission that was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is a report now, and durable.
    Stored(Receipt),
    /// It was a report already; this is its receipt, the same as the first time.
    Duplicate(Receipt),
    /// Its id belongs to a report that says something else.
    Mismatch,
}

impl Store {
    /// Keeps a report and makes it durable. The same submission again is answered with the first one's receipt.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn insert(
        &self,
        report: Uuid,
        admitted: Admitted,
        fingerprint: [u8; 32],
    ) -> Result<Inserted, StoreError> {
        let reporter = ReporterHash::of(admitted.reporter(), &self.key);
        // Everything that needs no database is done before the one thread that writes is asked.
        let new = Arc::new(New::prepare((report, reporter, fingerprint), admitted, &self.key, &self.vault)?);
        let vault = Arc::clone(&self.vault);
        self.writer.write_again(move |connection| new.put(connection, &vault)).await
    }

    /// The receipt of a submission that was stored before, if this is the same.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn inserted_before(
        &self,
        site: Uuid,
        submission: Uuid,
        fingerprint: [u8; 32],
    ) -> Result<Option<Inserted>, StoreError> {
        self.readers
            .read(move |connection| {
                Ok(known(connection, site, submission)?.map(|known| known.answer(fingerprint)))
            })
            .await
    }
}

struct Known {
    receipt: Receipt,
    fingerprint: [u8; 32],
}

impl Known {
    fn answer(self, fingerprint: [u8; 32]) -> Inserted {
        if self.fingerprint == fingerprint { Inserted::Duplicate(self.receipt) } else { Inserted::Mismatch }
    }
}

/// The report of a submission.
pub(super) const KNOWN: &str =
    "SELECT id, fingerprint, received_at, policy, kept FROM report WHERE site = ?1 AND submission = ?2";

fn known(connection: &Connection, site: Uuid, submission: Uuid) -> Result<Option<Known>, StoreError> {
    type Columns = ([u8; 16], [u8; 32], i64, u32, String);
    let row: Option<Columns> = connection
        .prepare_cached(KNOWN)?
        .query_row((site.as_bytes(), submission.as_bytes()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((id, fingerprint, received_at, policy, kept)) = row else { return Ok(None) };
    let receipt = receipt(
        Uuid::from_bytes(id),
        (site, submission),
        Timestamp::from_unix_ms(received_at),
        policy,
        serde_json::from_str(&kept)?,
    );
    Ok(Some(Known { receipt, fingerprint }))
}

pub(super) fn receipt(
    report: Uuid,
    (site, submission): (Uuid, Uuid),
    stored_at: Timestamp,
    policy: u32,
    kept: Vec<Kept>,
) -> Receipt {
    Receipt {
        report,
        number: ReceiptNumber::of(report).to_string(),
        submission,
        site,
        stored_at,
        policy,
        kept,
        signed: None,
    }
}

/// A report that is ready to be written, whether or not its reporter has sent one before.
struct New {
    report: Uuid,
    fingerprint: [u8; 32],
    owner: Owner,
    admitted: Admitted,
    kept: Vec<Kept>,
    kept_text: String,
    granted_text: String,
    agreed_text: String,
    bodies: Vec<Vec<u8>>,
    address: Option<([u8; 32], Timestamp)>,
    said: Option<Vec<u8>>,
    first: First,
}

/// The same for a reporter's first report: their key, and everything sealed under it.
struct First {
    key: ReporterKey,
    wrapped: Wrapped,
    sealed: Vec<Vec<u8>>,
}

impl New {
    fn prepare(
        (report, reporter, fingerprint): (Uuid, ReporterHash, [u8; 32]),
        admitted: Admitted,
        instance: &InstanceKey,
        vault: &Vault,
    ) -> Result<Self, StoreError> {
        let parts = admitted.parts();
        let bodies: Vec<_> =
            parts.iter().map(|part| body::encode(&part.content)).collect::<Result<_, _>>()?;
        let owner = Owner { site: admitted.site(), reporter: reporter.0 };
        let key = ReporterKey::fresh(vault.rng());
        let kept: Vec<Kept> = parts.iter().map(|part| part.kept).collect();
        let address = parts.iter().find_map(|part| match &part.content {
            Content::Contact(contact) => Some((addresses::hash_of(contact, instance)?, part.kept.until)),
            _ => None,
        });
        let said = parts.iter().find_map(|part| words::of(instance, admitted.site(), &part.content));
        Ok(Self {
            report,
            fingerprint,
            owner,
            kept_text: serde_json::to_string(&kept)?,
            granted_text: serde_json::to_string(admitted.granted())?,
            agreed_text: serde_json::to_string(&admitted.consent().purposes)?,
            first: First {
                wrapped: vault.wrap(&key, &owner),
                sealed: seal_all(&key, report, &kept, &bodies, vault),
                key,
            },
            kept,
            bodies,
            address,
            said,
            admitted,
        })
    }

    fn put(&self, connection: &Connection, vault: &Vault) -> Result<Inserted, StoreError> {
        let Self { report, admitted, owner, .. } = self;
        let (site, submission) = (admitted.site(), admitted.submission());
        let consent = admitted.consent();
        let received_at = admitted.received_at();
        let is_new = connection
            .prepare_cached(
                "INSERT INTO report (id, site, submission, fingerprint, reporter, received_at, kind,
                     rating_scale, rating_value, policy, kept, until, granted, generation)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0)
                 ON CONFLICT (site, submission) DO NOTHING",
            )?
            .execute((
                report.as_bytes(),
                site.as_bytes(),
                submission.as_bytes(),
                self.fingerprint,
                owner.reporter,
                received_at.unix_ms(),
                admitted.kind().as_str(),
                admitted.rating().map(|rating| rating.scale.as_str()),
                admitted.rating().map(|rating| rating.value),
                consent.policy,
                &self.kept_text,
                admitted.expires_at().unix_ms(),
                &self.granted_text,
            ))?;
        if is_new == 0 {
            let known = known(connection, site, submission)?;
            // Another collector is just storing it, or it went meanwhile.
            return Ok(known.ok_or(StoreError::Contended)?.answer(self.fingerprint));
        }
        let later;
        let first = (&self.first.key, &self.first.wrapped);
        let sealed = match seal::put_first(connection, vault, (owner, *report), first)? {
            None => &self.first.sealed,
            Some(key) => {
                later = seal_all(&key, *report, &self.kept, &self.bodies, vault);
                &later
            }
        };
        for (kept, body) in self.kept.iter().zip(sealed) {
            connection
                .prepare_cached(
                    "INSERT INTO part (report, purpose, body, until, sealed) VALUES (?1, ?2, ?3, ?4, 1)",
                )?
                .execute((report.as_bytes(), kept.purpose.as_str(), body, kept.until.unix_ms()))?;
        }
        if let Some(said) = &self.said {
            words::put_hashes(connection, site, *report, said)?;
        }
        if let Some((hash, until)) = self.address {
            addresses::add(connection, *report, hash, until)?;
        }
        connection
            .prepare_cached(
                "INSERT INTO consent (report, site, reporter, policy, granted, given_at, asked, evidence, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                report.as_bytes(),
                site.as_bytes(),
                owner.reporter,
                consent.policy,
                &self.agreed_text,
                consent.given_at.unix_ms(),
                reports::asked_name(consent.asked),
                consent.evidence.as_deref(),
                received_at.unix_ms(),
            ))?;
        Ok(Inserted::Stored(receipt(
            *report,
            (site, submission),
            received_at,
            consent.policy,
            self.kept.clone(),
        )))
    }
}

fn seal_all(
    key: &ReporterKey,
    report: Uuid,
    kept: &[Kept],
    bodies: &[Vec<u8>],
    vault: &Vault,
) -> Vec<Vec<u8>> {
    let seal = |(kept, body): (&Kept, &Vec<u8>)| {
        key.part(report, kept.purpose).seal(&seal::about(report, kept.purpose), body, vault.rng())
    };
    kept.iter().zip(bodies).map(seal).collect()
}
