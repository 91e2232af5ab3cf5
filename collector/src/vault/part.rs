//! The key of what one report holds for one purpose.
//!
//! It is made from its reporter's key whenever it is needed, so nothing has to be kept of it. When one of them is to be
//! destroyed, the reporter's key is, and the others that were made from it are kept one by one, each report's on a
//! [`KeyRing`] that lies under the reporter's next key.

use std::{collections::BTreeMap, fmt};

use candor_protocol::Purpose;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, NONCE_BYTES, ReporterKey, VaultError};
use crate::chance::Rng;

/// What one report holds for one purpose lies under this key: a part, files, and what a waiting correction says.
#[derive(Clone)]
pub struct PartKey(Key);

/// The keys of one report that are still there.
#[derive(Clone, Default)]
pub struct KeyRing(BTreeMap<Purpose, PartKey>);

impl ReporterKey {
    /// The key of what a report holds for a purpose.
    #[must_use]
    pub fn part(&self, report: Uuid, purpose: Purpose) -> PartKey {
        let made = mac(&self.0, &[b"candor part key", report.as_bytes(), purpose.as_str().as_bytes()]);
        PartKey(Key(made))
    }

    /// The reporter's key itself: under it lies what a version wrote that knew no keys of purposes.
    #[must_use]
    pub fn itself(&self) -> PartKey {
        PartKey(self.0.clone())
    }

    /// All keys of a report.
    #[must_use]
    pub fn ring(&self, report: Uuid) -> KeyRing {
        KeyRing(Purpose::ALL.map(|purpose| (purpose, self.part(report, purpose))).into())
    }

    /// A report's ring, sealed under this key.
    #[must_use]
    pub fn seal_ring(&self, report: Uuid, ring: &KeyRing, rng: &Rng) -> Vec<u8> {
        let mut plain = Zeroizing::new(Vec::with_capacity(ring.0.len() * (1 + KEY_BYTES)));
        for (purpose, PartKey(key)) in &ring.0 {
            plain.push(mark(*purpose));
            plain.extend_from_slice(&*key.0);
        }
        self.0.seal(&about(report), &plain, rng.bytes())
    }

    /// A report's ring as it was before it was sealed.
    ///
    /// # Errors
    /// It is another report's, under another key, or was changed.
    pub fn open_ring(&self, report: Uuid, sealed: &[u8]) -> Result<KeyRing, VaultError> {
        let plain = Zeroizing::new(self.0.open(&about(report), sealed)?);
        let (keys, rest) = plain.as_chunks::<{ 1 + KEY_BYTES }>();
        let key = |[first, key @ ..]: &[u8; 1 + KEY_BYTES]| {
            let purpose = Purpose::ALL.into_iter().find(|purpose| mark(*purpose) == *first);
            purpose.map(|purpose| (purpose, PartKey(Key(Zeroizing::new(*key)))))
        };
        let ring = keys.iter().map(key).collect::<Option<_>>().filter(|_| rest.is_empty());
        ring.map(KeyRing).ok_or(VaultError::Spoilt)
    }
}

impl KeyRing {
    /// The key of a purpose, unless it was destroyed.
    #[must_use]
    pub fn part(&self, purpose: Purpose) -> Option<PartKey> {
        self.0.get(&purpose).cloned()
    }

    /// Takes a key off; `false` when there was none.
    pub fn take_off(&mut self, purpose: Purpose) -> bool {
        self.0.remove(&purpose).is_some()
    }
}

impl PartKey {
    /// `plain`, sealed. It opens only with the same `about`, which says what it is and where it belongs.
    #[must_use]
    pub fn seal(&self, about: &[u8], plain: &[u8], rng: &Rng) -> Vec<u8> {
        self.0.seal(about, plain, rng.bytes())
    }

    /// `plain`, sealed so that the same in the same place is sealed alike: a retry then finds what it wrote before. That
    /// two are the same is all that it tells, and only about one place.
    #[must_use]
    pub fn seal_alike(&self, about: &[u8], plain: &[u8]) -> Vec<u8> {
        // A nonce that is a keyed hash of all that is sealed never meets another plain text (RFC 5297's idea).
        let length = (about.len() as u64).to_be_bytes();
        let hash = mac(&self.0, &[b"candor nonce", &length, about, plain]);
        let (nonce, _) = hash.split_first_chunk::<NONCE_BYTES>().expect("12 bytes are fewer than 32");
        self.0.seal(about, plain, *nonce)
    }

    /// What was sealed.
    ///
    /// # Errors
    /// It was changed, moved, or sealed under another key.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.0.open(about, sealed)
    }
}

impl fmt::Debug for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartKey(…)")
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a report's ring is bound to.
fn about(report: Uuid) -> Vec<u8> {
    [&b"ring "[..], report.as_bytes()].concat()
}

/// How a ring names a purpose. What is written stays: a purpose that comes later gets the next number.
const fn mark(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Message => 1,
        Purpose::Contact => 2,
        Purpose::Picture => 3,
        Purpose::Attachment => 4,
        Purpose::Browser => 5,
        Purpose::Diagnostics => 6,
        Purpose::FollowUp => 7,
    }
}

fn mac(key: &Key, pieces: &[&[u8]]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key.0).expect("HMAC takes keys of any length");
    pieces.iter().for_each(|piece| mac.update(piece));
    Zeroizing::new(mac.finalize().into_bytes().into())
}
