//! The audit log: who did what to whose data, when and why, each row chained to the one before.
//!
//! A row's hash is keyed and covers the row and its predecessor's hash, so that a row cannot be changed, taken out or
//! moved without the chain telling. The chain's head is kept apart, so that the last rows cannot be cut off either.
//! Old rows leave at the other end: a checkpoint holds the hash on which the rest still stands.

use candor_protocol::Timestamp;
use uuid::Uuid;

use crate::key::{InstanceKey, Use};

/// Days that a row is kept.
pub const KEPT_DAYS: u16 = 3 * 365;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A visitor, by the first bytes of the keyed hash of their reporter id.
    Visitor([u8; 4]),
    /// A member.
    Member(Uuid),
    /// Whoever may run commands on the collector's machine.
    Operator,
    /// The collector by itself: the sweep, the closing of a site.
    Collector,
}

impl Actor {
    /// As it stands in the log.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Visitor(pseudonym) => format!("visitor:{}", pseudonym_text(*pseudonym)),
            Self::Member(id) => format!("member:{id}"),
            Self::Operator => "operator".into(),
            Self::Collector => "collector".into(),
        }
    }
}

/// The short name under which members know a visitor.
#[must_use]
pub fn pseudonym_text(pseudonym: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(pseudonym))
}

macro_rules! acts {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// What was done. The list is closed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Act {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Act {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

acts! {
    /// A list of reports, with the beginnings of their words, was shown.
    Listed = "listed";
    /// A report was shown.
    Read = "read";
    /// A picture or an attachment was handed out.
    FileRead = "file-read";
    /// Somebody was searched for.
    Searched = "searched";
    /// Data was handed out as a file.
    Exported = "exported";
    /// The visitor looked at their own data.
    Accessed = "accessed";
    /// Words or contact were replaced.
    Corrected = "corrected";
    /// A report, or all of a visitor's, were erased.
    Erased = "erased";
    /// Consent was taken back, and what was held by it erased.
    Withdrawn = "withdrawn";
    /// A report is kept and not used.
    Restricted = "restricted";
    /// A report may be used again.
    Released = "released";
    /// The visitor objected to purposes.
    Objected = "objected";
    /// A right was asked for that a person answers.
    Requested = "requested";
    /// A request was done or refused.
    Answered = "answered";
    /// A request was put off.
    Extended = "extended";
    /// A report is held beyond its dates.
    Held = "held";
    /// The hold has ended.
    Unheld = "unheld";
    /// A link to one's own data was sent to an address.
    LinkSent = "link-sent";
    /// Such a link was used.
    LinkUsed = "link-used";
    /// A site's policy was replaced.
    PolicyChanged = "policy-changed";
    /// A site was closed.
    SiteClosed = "site-closed";
    /// A closed site was opened again.
    SiteReopened = "site-reopened";
    /// It was said what becomes of a closed site's messages.
    ClosingDecided = "closing-decided";
    /// A closed site's visitors were made anonymous.
    SiteAnonymised = "site-anonymised";
    /// The master key was exchanged.
    KeyRotated = "key-rotated";
    /// A backup was put back.
    Restored = "restored";
    /// Old erasures are no longer known, and backups from before cannot be put back.
    ErasuresForgotten = "erasures-forgotten";
    /// The instance moved to another database.
    Moved = "moved";
}

/// One thing that was done. It names people by pseudonyms and ids alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What.
    pub act: Act,
    /// On which site.
    pub site: Option<Uuid>,
    /// To which report, visitor, purpose or page of a list; no content.
    pub subject: String,
    /// Why, where a reason was asked for.
    pub why: Option<String>,
}

/// A row of the log as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Counts up from 1 without a gap.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as [`Actor::text`] says.
    pub actor: String,
    /// What, as [`Act::as_str`] says.
    pub act: String,
    /// On which site.
    pub site: Option<Uuid>,
    /// To what.
    pub subject: String,
    /// Why.
    pub why: Option<String>,
    /// What the chain says it must be.
    pub hash: [u8; 32],
}

/// One end of the chain: the number and the hash of a row, and a keyed hash over both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The row's number; 0 before the first.
    pub seq: u64,
    /// The row's hash; zeros before the first.
    pub hash: [u8; 32],
}

/// Which end an [`End`] is: one cannot stand in for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The last row that was written.
    Head,
    /// The last row that has left.
    Checkpoint,
}

/// What is wrong with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The row is not what was written, or not after what it was written after.
    #[error("row {0} was changed, or what stood before it is gone")]
    Row(u64),
    /// A row is missing.
    #[error("row {0} is missing")]
    Gap(u64),
    /// The chain does not reach as far as it was written.
    #[error("the log ends at row {found}, but was written up to row {head}")]
    Cut {
        /// The last row that is there.
        found: u64,
        /// The last one that was written.
        head: u64,
    },
    /// The kept end was not written by this instance.
    #[error("the log's {0} was changed")]
    End(&'static str),
}

impl End {
    /// As it is kept: number, hash, and the proof that this instance wrote it.
    #[must_use]
    pub fn sealed(&self, side: Side, key: &InstanceKey) -> Vec<u8> {
        let mut bytes = self.seq.to_be_bytes().to_vec();
        bytes.extend(self.hash);
        bytes.extend(self.proof(side, key));
        bytes
    }

    /// An end as it was kept.
    ///
    /// # Errors
    /// It was changed.
    pub fn unsealed(bytes: &[u8], side: Side, key: &InstanceKey) -> Result<Self, Broken> {
        let parsed = (|| {
            let (seq, rest) = bytes.split_first_chunk::<8>()?;
            let (hash, proof) = rest.split_first_chunk::<32>()?;
            let end = Self { seq: u64::from_be_bytes(*seq), hash: *hash };
            (end.proof(side, key) == proof).then_some(end)
        })();
        parsed.ok_or(Broken::End(side.as_str()))
    }

    fn proof(&self, side: Side, key: &InstanceKey) -> [u8; 32] {
        let bytes = [side.as_str().as_bytes(), &self.seq.to_be_bytes(), &self.hash].concat();
        key.hash(Use::Audit, &bytes)
    }

    /// The end after one more entry.
    #[must_use]
    pub fn then(&self, entry: &Entry, key: &InstanceKey) -> Self {
        let seq = self.seq + 1;
        let fields = Fields {
            seq,
            at: entry.at,
            actor: &entry.actor.text(),
            act: entry.act.as_str(),
            site: entry.site,
            subject: &entry.subject,
            why: entry.why.as_deref(),
        };
        Self { seq, hash: fields.hash(&self.hash, key) }
    }
}

impl Side {
    /// The name under which it is kept.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Walks the chain row by row.
#[derive(Debug)]
pub struct Verifier<'a> {
    key: &'a InstanceKey,
    last: End,
}

impl<'a> Verifier<'a> {
    /// Begins after the checkpoint.
    #[must_use]
    pub const fn after(checkpoint: End, key: &'a InstanceKey) -> Self {
        Self { key, last: checkpoint }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// It is not the one that was written here.
    pub fn row(&mut self, row: &Row) -> Result<(), Broken> {
        if row.seq != self.last.seq + 1 {
            return Err(Broken::Gap(self.last.seq + 1));
        }
        let fields = Fields {
            seq: row.seq,
            at: row.at,
            actor: &row.actor,
            act: &row.act,
            site: row.site,
            subject: &row.subject,
            why: row.why.as_deref(),
        };
        if fields.hash(&self.last.hash, self.key) != row.hash {
            return Err(Broken::Row(row.seq));
        }
        self.last = End { seq: row.seq, hash: row.hash };
        Ok(())
    }

    /// Ends where the chain was last written.
    ///
    /// # Errors
    /// Rows are missing at the end.
    pub fn end(self, head: End) -> Result<End, Broken> {
        if self.last == head { Ok(head) } else { Err(Broken::Cut { found: self.last.seq, head: head.seq }) }
    }
}

struct Fields<'a> {
    seq: u64,
    at: Timestamp,
    actor: &'a str,
    act: &'a str,
    site: Option<Uuid>,
    subject: &'a str,
    why: Option<&'a str>,
}

impl Fields<'_> {
    /// Every field goes in with its length, so that no two rows read alike.
    fn hash(&self, previous: &[u8; 32], key: &InstanceKey) -> [u8; 32] {
        let mut bytes = previous.to_vec();
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.at.unix_ms().to_be_bytes());
        let site = self.site.map(Uuid::into_bytes);
        let site = site.as_ref().map_or(&[][..], |site| &site[..]);
        let why = self.why.map_or(vec![], |why| [b"=", why.as_bytes()].concat());
        for field in [self.actor.as_bytes(), self.act.as_bytes(), site, self.subject.as_bytes(), &why] {
            bytes.extend((field.len() as u64).to_be_bytes());
            bytes.extend(field);
        }
        key.hash(Use::Audit, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> InstanceKey {
        InstanceKey::new([5; 32])
    }

    fn entry(n: u64) -> Entry {
        Entry {
            at: Timestamp::from_unix_ms(1_795_000_000_000 + n as i64),
            actor: Actor::Member(Uuid::from_u128(n.into())),
            act: Act::ALL[n as usize % Act::ALL.len()],
            site: n.is_multiple_of(2).then(|| Uuid::from_u128(7)),
            subject: format!("report:{n}"),
            why: n.is_multiple_of(3).then(|| "a court asked".into()),
        }
    }

    fn chain(rows: u64) -> (Vec<Row>, Vec<End>) {
        let mut ends = vec![End::default()];
        let mut log = Vec::new();
        for n in 1..=rows {
            let entry = entry(n);
            let end = ends[ends.len() - 1].then(&entry, &key());
            log.push(Row {
                seq: end.seq,
                at: entry.at,
                actor: entry.actor.text(),
                act: entry.act.as_str().into(),
                site: entry.site,
                subject: entry.subject,
                why: entry.why,
                hash: end.hash,
            });
            ends.push(end);
        }
        (log, ends)
    }

    fn verify(rows: &[Row], checkpoint: End, head: End) -> Result<End, Broken> {
        let key = key();
        let mut verifier = Verifier::after(checkpoint, &key);
        rows.iter().try_for_each(|row| verifier.row(row))?;
        verifier.end(head)
    }

    #[test]
    fn an_honest_chain_holds_from_the_start_and_from_any_checkpoint() {
        let (rows, ends) = chain(12);
        for from in 0..=12 {
            assert_eq!(verify(&rows[from..], ends[from], ends[12]), Ok(ends[12]), "from {from}");
        }
    }

    #[test]
    fn every_change_removal_and_reordering_is_found() {
        let (rows, ends) = chain(6);
        let broken = |change: &dyn Fn(&mut Vec<Row>)| {
            let mut rows = rows.clone();
            change(&mut rows);
            verify(&rows, ends[0], ends[6]).unwrap_err()
        };
        for at in 0..6 {
            let n = at as u64 + 1;
            assert_eq!(broken(&|rows| rows[at].at = Timestamp::from_unix_ms(0)), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].actor.push('x')), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].act = "nothing".into()), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].site = Some(Uuid::from_u128(8))), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].subject.clear()), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].why = Some(String::new())), Broken::Row(n));
            assert_eq!(broken(&|rows| rows[at].hash[0] ^= 1), Broken::Row(n));
            let gone = if at == 5 { Broken::Cut { found: 5, head: 6 } } else { Broken::Gap(n) };
            assert_eq!(broken(&|rows| drop(rows.remove(at))), gone);
        }
        assert_eq!(broken(&|rows| rows.swap(1, 2)), Broken::Gap(2));
        // Renumbered as well, it is still not what was written.
        let renumbered = |rows: &mut Vec<Row>| {
            rows.swap(1, 2);
            (rows[1].seq, rows[2].seq) = (2, 3);
        };
        assert_eq!(broken(&renumbered), Broken::Row(2));
        assert_eq!(broken(&|rows| rows.truncate(3)), Broken::Cut { found: 3, head: 6 });
        assert_eq!(broken(&|rows| rows.clear()), Broken::Cut { found: 0, head: 6 });
    }

    #[test]
    fn an_end_that_somebody_else_wrote_is_no_end() {
        let end = End { seq: 3, hash: [9; 32] };
        let sealed = end.sealed(Side::Head, &key());
        assert_eq!(End::unsealed(&sealed, Side::Head, &key()), Ok(end));
        assert_eq!(End::unsealed(&sealed, Side::Checkpoint, &key()), Err(Broken::End("checkpoint")));
        assert_eq!(End::unsealed(&sealed[..40], Side::Head, &key()), Err(Broken::End("head")));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(End::unsealed(&changed, Side::Head, &key()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn no_two_acts_share_a_name() {
        let names: std::collections::HashSet<_> = Act::ALL.iter().map(|act| act.as_str()).collect();
        assert_eq!(names.len(), Act::ALL.len());
    }
}
