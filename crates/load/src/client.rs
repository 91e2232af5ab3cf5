//! One visitor's browser: a connection that is kept open, and what comes back on it.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::visitor::{PAGE, Picture, Visitor};

/// The header in which a proxy names its client.
pub(crate) const FORWARDED: &str = "x-forwarded-for";

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    host: HeaderValue,
    /// The address that a proxy would name.
    of: HeaderValue,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The problem's code; the status where there is none.
    pub(crate) fn code(&self) -> String {
        let problem: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let code = problem.as_ref().and_then(|problem| problem["code"].as_str());
        code.map_or_else(|| self.status.to_string(), str::to_owned)
    }
}

impl Client {
    /// A connection, made with the first request, of the visitor with this number: each has an address of their own.
    pub(crate) fn new(address: SocketAddr, number: usize) -> Self {
        let header = |text: String| HeaderValue::from_str(&text).expect("an address is a header");
        let host = header(address.to_string());
        let of = header(format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255));
        Self { address, host, of, sender: None }
    }

    /// Sends one request, over a fresh connection if the last one has ended.
    pub(crate) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                sender
            }
        };
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(FORWARDED, self.of.clone());
        sender.ready().await?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.sender = Some(sender);
        Ok(Answer { status: head.status, body })
    }

    /// Sends a report.
    pub(crate) async fn report(&mut self, report: Bytes) -> Result<Answer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/v1/submissions")
            .header(CONTENT_TYPE, "application/json")
            .header(ORIGIN, PAGE)
            .body(Full::new(report))?;
        self.send(request).await
    }

    /// Sends the picture that follows a report.
    pub(crate) async fn picture(&mut self, visitor: Visitor, picture: &Picture) -> Result<Answer> {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/v1/submissions/{}/files/page.png?purpose=picture", visitor.submission))
            .header(CONTENT_TYPE, "image/png")
            .header(ORIGIN, PAGE)
            .header(AUTHORIZATION, format!("Bearer {}", visitor.reporter))
            .header("repr-digest", &picture.digest)
            .body(Full::new(picture.bytes.clone()))?;
        self.send(request).await
    }

    /// Fetches a page.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = Request::builder().uri(path).body(Full::default())?;
        self.send(request).await
    }
}

/// The address of an origin that a program has printed.
pub(crate) fn address(origin: &str) -> Result<SocketAddr> {
    origin.trim_start_matches("http://").parse().with_context(|| format!("{origin} is no address"))
}
