//! Telling clients apart for a day without knowing who they are.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use candor_protocol::{DAY_MS, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::app::{App, Peer};

/// A client address under a salt that lives in memory and changes every day: neither the address nor yesterday's
/// hash can be had from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AddressHash([u8; 16]);

impl AddressHash {
    /// The hash as a key among other keys.
    pub(crate) fn widened(self) -> [u8; 32] {
        let mut wide = [0; 32];
        wide[..16].copy_from_slice(&self.0);
        wide
    }
}

impl App {
    /// The hashed address of whoever sent a request.
    pub(crate) fn address_hash(
        &self,
        peer: Option<Peer>,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> AddressHash {
        let address = self.forwarded(headers).or(peer.map(|Peer(address)| address));
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.salt(now)).expect("HMAC takes keys of any length");
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => mac.update(&address.octets()),
            // One customer has a whole /64, so that is what counts as one client.
            Some(IpAddr::V6(address)) => mac.update(&network(address)),
            None => {}
        }
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let [first, _] = hash.as_chunks().0 else { return AddressHash([0; 16]) };
        AddressHash(*first)
    }

    /// What the trusted proxy says. It appends, so the last address is the one it saw itself.
    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let header = self.settings.client_header.as_ref()?;
        let last = headers.get_all(header).iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    }

    fn salt(&self, now: Timestamp) -> [u8; 32] {
        let today = now.unix_ms().div_euclid(DAY_MS);
        let mut salt = self.address_salt.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match *salt {
            Some((day, known)) if day == today => known,
            _ => {
                let fresh = self.rng.bytes();
                *salt = Some((today, fresh));
                fresh
            }
        }
    }
}

fn network(address: Ipv6Addr) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = address.octets();
    [a, b, c, d, e, f, g, h]
}
