//! Accepting connections, and stopping without dropping what was accepted.

use std::{convert::Infallible, io, time::Duration};

use axum::{Router, extract::Request};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::app::Peer;

/// How long a connection may take to send a request's head, or stay open without one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests that were accepted may take to finish once the program is told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// What to wait when the system has no room for another connection.
const CROWDED: Duration = Duration::from_millis(50);

/// Serves until `stop` is done, then finishes what it has accepted.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut builder = http1::Builder::new();
    // A sender that has closed its half may still be told what was wrong with what it sent.
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).half_close(true);
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, address) = match accepted {
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
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that breaks is the client's affair; what it had sent whole is being stored all the same.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

async fn pause(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::warn!(cause = %error, "cannot accept a connection");
        tokio::time::sleep(CROWDED).await;
    }
}
