//! What all requests share.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::HeaderName;
use candor_protocol::{Timestamp, limits::BODY_SECONDS_MAX};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    blobs::Blobs,
    chance::{Clock, Rng},
    company::Company,
    http::LoaderCache,
    inbox::Passwords,
    key::InstanceKey,
    mail::{Errands, Postbox},
    memory::Memory,
    outcome::Metrics,
    picture::Pictures,
    rate::{Limiter, Rate},
    shares::Shares,
    shelf::Shelf,
    store::Store,
    uploads::Uploads,
    visitor::AddressHash,
};

/// Kibibytes that the bodies of submissions on their way in take together.
const BODIES_KIB_MAX: usize = 24 * 1024;

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
    /// Submissions that are being stored at the same time; one site alone gets half of it.
    pub storing_max: usize,
    /// Pictures and attachments of one client address.
    pub file_rate: Rate,
    /// Attempts to sign in from one client address, and on one account.
    pub sign_in_rate: Rate,
    /// Requests about one's own data from one client address.
    pub rights_rate: Rate,
    /// Links to one's own data that are asked for from one client address.
    pub link_rate: Rate,
    /// By which mails go out; `None` where none do.
    pub mail: Option<Postbox>,
    /// Whom to tell of a security problem: a `mailto:` or `https:` address.
    pub security_contact: Option<String>,
    /// What the collector may take of its machine.
    pub memory: Memory,
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
            storing_max: 4096,
            // A full submission has six files, and a phone on a bad line tries each of them more than once.
            file_rate: Rate { per_minute: 60, burst: 60 },
            sign_in_rate: Rate { per_minute: 6, burst: 10 },
            // A person looks at their data, and takes some of it back; a script guesses ids.
            rights_rate: Rate { per_minute: 60, burst: 40 },
            // Nobody forgets more often that a mail is on its way.
            link_rate: Rate { per_minute: 2, burst: 5 },
            mail: None,
            security_contact: None,
            memory: Memory::default(),
        }
    }
}

/// One collector: what it keeps, what it serves, what it may do.
#[derive(Debug)]
pub struct App {
    /// What is kept.
    pub store: Store,
    /// The bytes of files.
    pub blobs: Blobs,
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
    /// What the others on its database know it by, until it ends.
    pub(crate) id: Uuid,
    /// How many collectors share the limits.
    pub(crate) company: Company,
    pub(crate) clients: Limiter<AddressHash>,
    pub(crate) sites: Limiter<Uuid>,
    pub(crate) storing: Arc<Shares<Uuid>>,
    /// Kibibytes of bodies that may still be held in memory.
    pub(crate) bodies: Arc<Semaphore>,
    pub(crate) files: Limiter<AddressHash>,
    pub(crate) uploads: Arc<Uploads<AddressHash>>,
    pub(crate) pictures: Pictures,
    pub(crate) sign_ins: Limiter<[u8; 32]>,
    pub(crate) rights: Limiter<AddressHash>,
    pub(crate) links: Limiter<AddressHash>,
    pub(crate) errands: Errands,
    pub(crate) address_salt: Mutex<Option<(i64, [u8; 32])>>,
    pub(crate) loaders: LoaderCache,
    /// When the store last proved that it stores.
    pub(crate) ready_at: Mutex<Option<Timestamp>>,
    /// When the blobs last proved that they can be kept.
    pub(crate) blobs_ready_at: Mutex<Option<Timestamp>>,
    pub(crate) passwords: Passwords,
}

impl App {
    /// A collector over what it keeps.
    #[must_use]
    pub fn new(
        (store, blobs): (Store, Blobs),
        shelf: Shelf,
        key: InstanceKey,
        (clock, rng): (Clock, Rng),
        settings: Settings,
    ) -> Self {
        let company = Company::default();
        let shared = blobs.clone();
        // Files go along when the instance moves, if it says that they have.
        store.take_along(move |moved| {
            if let Some(to) = &moved.blobs {
                let there = Blobs::at(&to.address, to.variables.clone());
                shared.go_over(&there.map_err(|error| error.to_string())?);
            }
            Ok(())
        });
        Self {
            clients: Limiter::new(settings.client_rate, company.clone()),
            sites: Limiter::new(settings.site_rate, company.clone()),
            storing: Shares::new(settings.storing_max),
            bodies: Arc::new(Semaphore::new(BODIES_KIB_MAX)),
            files: Limiter::new(settings.file_rate, company.clone()),
            uploads: Uploads::new(settings.memory.uploads_bytes()),
            pictures: Pictures::new(settings.memory.decoded_pixels()),
            sign_ins: Limiter::new(settings.sign_in_rate, company.clone()),
            rights: Limiter::new(settings.rights_rate, company.clone()),
            links: Limiter::new(settings.link_rate, company.clone()),
            errands: Errands::default(),
            address_salt: Mutex::default(),
            loaders: LoaderCache::default(),
            ready_at: Mutex::default(),
            blobs_ready_at: Mutex::default(),
            passwords: Passwords::new(&rng),
            metrics: Metrics::default(),
            id: rng.uuid_v7(clock.now()),
            store,
            blobs,
            shelf,
            clock,
            rng,
            key,
            settings,
            company,
        }
    }
}

/// The address a request came from, as the connection has it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);
