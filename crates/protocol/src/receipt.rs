//! What a visitor gets back once a report is durable.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Purpose, Timestamp};

/// What is kept for one purpose, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The purpose it is kept for.
    pub purpose: Purpose,
    /// From this moment on it is not served, and the sweep removes it.
    pub until: Timestamp,
}

/// The answer to a stored submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The report's id, version 7, made by the collector.
    pub report: Uuid,
    /// The same for people: short, and free of look-alike letters.
    pub number: String,
    /// The submission it answers.
    pub submission: Uuid,
    /// The site that keeps it.
    pub site: Uuid,
    /// When it became durable.
    pub stored_at: Timestamp,
    /// The policy under which it is kept.
    pub policy: u32,
    /// What is kept, by purpose.
    pub kept: Vec<Kept>,
    /// The same with the fields of ISO/IEC TS 27560, as a compact JWS signed with Ed25519: what the visitor may keep as
    /// proof. The keys are at `/.well-known/candor-receipt-keys.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

/// A report's id as people read it aloud: eight letters and digits of Crockford's base 32, `7K3F-9QXM`.
///
/// It is drawn from the last 40 bits of the id, which are random in a version 7 UUID: it names a report within one
/// site for people, and is no key to anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptNumber(u64);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl ReceiptNumber {
    /// The number of the report with this id.
    #[must_use]
    pub const fn of(report: Uuid) -> Self {
        Self((report.as_u128() & 0xff_ffff_ffff) as u64)
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for place in (0..8).rev() {
            f.write_char(char::from(ALPHABET[(self.0 >> (place * 5)) as usize & 31]))?;
            if place == 4 {
                f.write_char('-')?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_short_and_has_no_look_alikes() {
        assert_eq!(ReceiptNumber::of(Uuid::from_u128(0)).to_string(), "0000-0000");
        assert_eq!(ReceiptNumber::of(Uuid::from_u128(u128::MAX)).to_string(), "ZZZZ-ZZZZ");
        assert_eq!(ReceiptNumber::of(Uuid::from_u128(0x21)).to_string(), "0000-0011");
        assert!(ALPHABET.iter().all(|letter| !b"ILOU".contains(letter)));
    }
}
