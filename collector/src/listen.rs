//! Accepting connections, and stopping without dropping what was accepted.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt as _;

use crate::app::Peer;

/// How long a connection may take to send a request's head, or stay open without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The same while many are open: whoever says nothing makes room for those who have something to say.
const HEAD_TIMEOUT_CROWDED: Duration = Duration::from_secs(5);
/// Connections at the same time. More wait in the system's queue until one ends.
const CONNECTIONS_MAX: usize = 10_000;
/// Files that the program needs beside its connections: the database, blobs, what it serves.
const OTHER_FILES: u64 = 128;
/// How long requests that were accepted may take to finish once the program is told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// What to wait when the system has no room for another connection.
const CROWDED: Duration = Duration::from_millis(50);

/// Serves until `stop` is done, then finishes what it has accepted.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let most = connections_max();
    let places = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause(&error).await;
                continue;
            }
        };
        // Answers are small and written at once: nothing is gained by waiting for more.
        stream.set_nodelay(true).ok();
        let router = router.clone();
        let service =
            hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(Peer(address.ip()));
                let router = router.clone();
                async move {
                    let request: Request = request.map(axum::body::Body::new);
                    router.oneshot(request).await.map_err(|never: Infallible| never)
                }
            });
        let is_crowded = places.available_permits() < most / 2;
        let mut builder = http1::Builder::new();
        // A sender that has closed its half may still be told what was wrong with what it sent.
        builder.timer(TokioTimer::new()).half_close(true);
        builder.header_read_timeout(if is_crowded { HEAD_TIMEOUT_CROWDED } else { HEAD_TIMEOUT });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks is the client's affair; what it had sent whole is being stored all the same.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// A connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, place))
}

/// As many as the system lets the program have files, and not more than memory is meant for.
fn connections_max() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).clamp(1, CONNECTIONS_MAX)
}

/// Asks the system for as many files as it gives without more rights: by default it gives fewer, for the sake of
/// programs of long ago.
pub fn take_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::info!(cause = %error, "fewer connections than there could be");
    }
}

async fn pause(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::warn!(cause = %error, "cannot accept a connection");
        tokio::time::sleep(CROWDED).await;
    }
}
