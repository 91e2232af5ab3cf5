//! A bucket of the tests' own: a server that speaks S3 over a folder, and can be in a bad mood.
//!
//! `CANDOR_TEST_BLOBS=s3` lets the tests of the API keep their blobs in one.

use std::{
    error::Error,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
};

use axum::http::{Request, Response};
use candor_collector::blobs::Blobs;
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};

const NAME: &str = "candor";
const KEYS: (&str, &str) = ("AKEXAMPLE", "a secret of the tests");

/// Whether the tests are to keep their blobs in a bucket.
pub(crate) fn is_asked_for() -> bool {
    std::env::var("CANDOR_TEST_BLOBS").is_ok_and(|blobs| blobs == "s3")
}

/// How the server treats who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    /// As it should.
    Well,
    /// It hangs up.
    Away,
    /// It takes what comes and never answers.
    Silent,
    /// It has no room for anything new.
    Full,
    /// It takes the beginning of what comes and hangs up.
    Cutting,
    /// It does so once.
    CuttingOnce,
    /// It takes the beginning and the first part of what comes in parts, and falls silent over the second.
    SilentBetweenParts,
}

impl Mood {
    const ALL: [Self; 7] = [
        Self::Well,
        Self::Away,
        Self::Silent,
        Self::Full,
        Self::Cutting,
        Self::CuttingOnce,
        Self::SilentBetweenParts,
    ];
}

/// What the server's thread and the tests share.
struct Shared {
    service: S3Service,
    mood: AtomicU8,
    writes: AtomicU32,
}

/// A bucket and its server; both are gone when it is dropped.
pub(crate) struct Bucket {
    address: SocketAddr,
    folder: TempDir,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl Bucket {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEYS.0, KEYS.1));
        let shared = Arc::new(Shared {
            service: service.build(),
            mood: AtomicU8::new(Mood::Well as u8),
            writes: AtomicU32::new(0),
        });
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = Arc::clone(&shared);
        // On a thread of its own, for it outlives the runtime of the test that asked for it.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serve(TcpListener::from_std(listener).unwrap(), served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, folder, shared, _stop: stop }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.shared.mood.store(mood as u8, Ordering::SeqCst);
    }

    /// How many requests to write have come.
    pub(crate) fn writes(&self) -> u32 {
        self.shared.writes.load(Ordering::SeqCst)
    }

    /// What the environment says to it.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://{}", self.address);
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", KEYS.0),
            ("AWS_SECRET_ACCESS_KEY", KEYS.1),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The address of a place in it.
    pub(crate) fn place(&self, prefix: &str) -> String {
        format!("s3://{NAME}/{prefix}")
    }

    /// The blobs at a place in it, by a client that waits no longer for an answer than `patience`.
    pub(crate) fn blobs(&self, prefix: &str, patience: Option<&str>) -> Blobs {
        let patience = patience.map(|patience| ("AWS_TIMEOUT".to_owned(), patience.to_owned()));
        Blobs::at(&self.place(prefix), self.variables().into_iter().chain(patience)).unwrap()
    }

    /// Where the server has what lies at a place in it.
    pub(crate) fn folder(&self, prefix: &str) -> PathBuf {
        self.folder.path().join(NAME).join(prefix)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| treat(request, Arc::clone(&shared)));
        // A connection that breaks is what some of the tests are about.
        tokio::spawn(
            async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
        );
    }
}

async fn treat(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Body>, Box<dyn Error + Send + Sync>> {
    let mood = Mood::ALL[usize::from(shared.mood.load(Ordering::SeqCst))];
    let is_write = matches!(request.method().as_str(), "PUT" | "POST");
    if is_write {
        shared.writes.fetch_add(1, Ordering::SeqCst);
    }
    match mood {
        Mood::Away => return Err("away".into()),
        Mood::Silent => {
            request.into_body().collect().await?;
            return std::future::pending().await;
        }
        Mood::Full if is_write => {
            let said = "<Error><Code>XMinioStorageFull</Code></Error>";
            return Ok(Response::builder().status(507).body(Body::from(said.to_owned()))?);
        }
        Mood::Cutting | Mood::CuttingOnce if is_write => {
            if mood == Mood::CuttingOnce {
                shared.mood.store(Mood::Well as u8, Ordering::SeqCst);
            }
            request.into_body().frame().await;
            return Err("cut".into());
        }
        Mood::SilentBetweenParts
            if request.uri().query().is_some_and(|query| query.contains("partNumber=2")) =>
        {
            return std::future::pending().await;
        }
        Mood::Well | Mood::Full | Mood::Cutting | Mood::CuttingOnce | Mood::SilentBetweenParts => {}
    }
    Ok(shared.service.call(request.map(Body::from)).await.map_err(|error| format!("{error:?}"))?)
}
