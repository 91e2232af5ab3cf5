//! What all requests share.

use std::{net::IpAddr, sync::Mutex, time::Duration};

use axum::http::HeaderName;
use candor_protocol::{Timestamp, limits::BODY_SECONDS_MAX};
use uuid::Uuid;

use crate::{
    chance::{Clock, Rng},
    http::LoaderCache,
    inbox::Passwords,
    key::InstanceKey,
    outcome::Metrics,
    rate::{Limiter, Rate},
    shelf::Shelf,
    store::Store,
    visitor::AddressHash,
};

/// What may be set about a running collector.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The collector's origin as browsers see it, `https://feedback.example.com`; `None` believes the `Host` header.
    pub public_origin: Option<String>,
    /// The header in which a trusted proxy says who it speaks for; its last address counts.
    pub client_header: Option<HeaderName>,
    /// Within which time a body must have arrived.
    pub body_timeout: Duration,
    /// Submissions of one client address.
    pub client_rate: Rate,
    /// Submissions to one site.
    pub site_rate: Rate,
    /// Attempts to sign in from one client address, and on one account.
    pub sign_in_rate: Rate,
    /// Whom to tell of a security problem: a `mailto:` or `https:` address.
    pub security_contact: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_origin: None,
            client_header: None,
            body_timeout: Duration::from_secs(BODY_SECONDS_MAX),
            // An office behind one address sends less than this, a script that floods sends more.
            client_rate: Rate { per_minute: 30, burst: 20 },
            site_rate: Rate { per_minute: 6_000, burst: 2_000 },
            sign_in_rate: Rate { per_minute: 6, burst: 10 },
            security_contact: None,
        }
    }
}

/// One collector: what it keeps, what it serves, what it may do.
#[derive(Debug)]
pub struct App {
    /// What is kept.
    pub store: Store,
    /// The widget's files.
    pub shelf: Shelf,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// The instance's secret.
    pub key: InstanceKey,
    /// The figures.
    pub metrics: Metrics,
    /// What is set.
    pub settings: Settings,
    pub(crate) clients: Limiter<AddressHash>,
    pub(crate) sites: Limiter<Uuid>,
    pub(crate) sign_ins: Limiter<[u8; 32]>,
    pub(crate) address_salt: Mutex<Option<(i64, [u8; 32])>>,
    pub(crate) loaders: LoaderCache,
    /// When the store last proved that it stores.
    pub(crate) ready_at: Mutex<Option<Timestamp>>,
    pub(crate) passwords: Passwords,
}

impl App {
    /// A collector over an open store.
    #[must_use]
    pub fn new(
        store: Store,
        shelf: Shelf,
        key: InstanceKey,
        (clock, rng): (Clock, Rng),
        settings: Settings,
    ) -> Self {
        Self {
            clients: Limiter::new(settings.client_rate),
            sites: Limiter::new(settings.site_rate),
            sign_ins: Limiter::new(settings.sign_in_rate),
            address_salt: Mutex::default(),
            loaders: LoaderCache::default(),
            ready_at: Mutex::default(),
            passwords: Passwords::new(&rng),
            metrics: Metrics::default(),
            store,
            shelf,
            clock,
            rng,
            key,
            settings,
        }
    }
}

/// The address a request came from, as the connection has it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);
