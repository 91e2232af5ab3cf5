//! A proxy on the loopback interface that notes what a browser asks for, and lets us hear what its pages say, where
//! its driver does neither.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// More than any head that a browser or a collector of ours writes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Goes into every page before anything of its own: keeps what is an error, where [`HEARD`] finds it. A symbol is in
/// no list of the page's globals.
const LISTENER: &str = "
    const heard = window[Symbol.for('candor-e2e')] = [];
    const { error } = console;
    console.error = (...said) => (heard.push(said.map(String).join(' ')), error.apply(console, said));
    const tell = event => heard.push(String(event.reason ?? event.message ?? event.target?.src ?? event.target?.href));
    addEventListener('error', tell, true);
    addEventListener('unhandledrejection', tell);
";
/// The page's errors so far, asked for in the page.
pub(crate) const HEARD: &str = "return window[Symbol.for('candor-e2e')] ?? []";
/// A policy has to name the script above. No policy of ours uses nonces, so this one lets in nothing else.
const NONCE: &str = "candor-e2e";

/// The proxy. It reaches this machine alone: whatever a page asks of anybody else is noted and refused.
#[derive(Debug)]
pub(crate) struct Wire {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<String>,
    cookies: Vec<String>,
}

impl Wire {
    /// Starts on a free port.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                // A connection that fails is closed: to the browser that is a server which does not answer.
                tokio::spawn(async move { pass(browser, &seen).await.ok() });
            }
        });
        Ok(Self { port, seen, serving })
    }

    /// What a browser is told to use as its proxy.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The URL of every request so far; of an encrypted one the origin alone.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().map(|seen| seen.requests.clone()).unwrap_or_default()
    }

    /// The value of every `Set-Cookie` so far.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.seen.lock().map(|seen| seen.cookies.clone()).unwrap_or_default()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request and its answer; then both connections end, so that the next request is seen, too.
async fn pass(mut browser: TcpStream, seen: &Mutex<Seen>) -> Result<()> {
    let (head, rest) = head(&mut browser).await?;
    let (line, fields) = head.split_once("\r\n").context("a head has a first line")?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().context("a method")?, words.next().context("a target")?);
    let url = if method == "CONNECT" { format!("https://{target}/") } else { target.to_owned() };
    if let Ok(mut seen) = seen.lock() {
        seen.requests.push(url.clone());
    }
    let url: Url = url.parse()?;
    ensure!(url.scheme() == "http", "nothing on this machine is encrypted");
    ensure!(["localhost", "127.0.0.1"].contains(&url.host_str().unwrap_or_default()), "not on this machine");
    let port = url.port_or_known_default().context("http has a port")?;
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;

    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let is_page = field(fields, "accept").is_some_and(|accept| accept.contains("text/html"));
    let mut asked = format!("{method} {path} HTTP/1.1\r\n");
    asked.push_str(&without(fields, &["connection", "proxy-connection", "keep-alive", "accept-encoding"]));
    asked.push_str("Connection: close\r\n\r\n");
    server.write_all(asked.as_bytes()).await?;
    server.write_all(&rest).await?;

    let (mut from_browser, mut to_browser) = browser.split();
    let (mut from_server, mut to_server) = server.split();
    let answer = async {
        let (mut head, mut rest) = self::head(&mut from_server).await?;
        if let Ok(mut seen) = seen.lock() {
            seen.cookies.extend(field(&head, "set-cookie").map(str::to_owned));
        }
        if is_page && field(&head, "content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            from_server.read_to_end(&mut rest).await?;
            (head, rest) = listening(&head, &rest)?;
        }
        to_browser.write_all(head.as_bytes()).await?;
        to_browser.write_all(b"\r\n").await?;
        to_browser.write_all(&rest).await?;
        tokio::io::copy(&mut from_server, &mut to_browser).await?;
        anyhow::Ok(())
    };
    let question = async {
        tokio::io::copy(&mut from_browser, &mut to_server).await.ok();
        // The browser has said all; the answer may still be on its way.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answered = answer => answered,
        () = question => Ok(()),
    }
}

/// A message's head, up to and with the line end before its empty line, and what of its body came along.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            bytes.truncate(end + 2);
            return Ok((String::from_utf8(bytes)?, rest));
        }
        ensure!(bytes.len() < HEAD_BYTES_MAX, "the head does not end");
        ensure!(stream.read_buf(&mut bytes).await? > 0, "the connection ended within a head");
    }
}

/// A page's answer with the listener in it, and a policy that names it.
fn listening(head: &str, body: &[u8]) -> Result<(String, Vec<u8>)> {
    ensure!(field(head, "transfer-encoding").is_none(), "a page in pieces");
    let page = String::from_utf8(body.to_vec())?;
    let script = format!("<script nonce=\"{NONCE}\">{LISTENER}</script>");
    // After the doctype: before it, the page would be in quirks mode.
    let at = if page.to_ascii_lowercase().starts_with("<!doctype") {
        page.find('>').map_or(0, |end| end + 1)
    } else {
        0
    };
    let page = format!("{}{script}{}", &page[..at], &page[at..]);
    let mut head = without(head, &["content-length"]);
    if let Some(policy) = field(&head, "content-security-policy").map(str::to_owned) {
        let named = policy.replacen("script-src", &format!("script-src 'nonce-{NONCE}'"), 1);
        head = head.replacen(&policy, &named, 1);
    }
    head.push_str(&format!("Content-Length: {}\r\n", page.len()));
    Ok((head, page.into_bytes()))
}

/// The value of a head's first field of this name.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The lines of a head, less the fields of these names.
fn without(head: &str, names: &[&str]) -> String {
    let kept = head.split("\r\n").filter(|line| !line.is_empty()).filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !names.iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
    });
    kept.flat_map(|line| [line, "\r\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends this through the proxy and returns what comes back until the connection ends.
    async fn through(wire: &Wire, request: &str) -> Result<String> {
        let mut stream = TcpStream::connect(wire.address()).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_request_passes_and_is_noted_with_the_cookie_of_its_answer() -> Result<()> {
        let server = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = server.local_addr()?.port();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await?;
            let (asked, mut body) = head(&mut stream).await?;
            while body.len() < 4 {
                stream.read_buf(&mut body).await?;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nhello").await?;
            anyhow::Ok((asked, body))
        });
        let wire = Wire::start().await?;
        let request = format!(
            "POST http://localhost:{port}/x?y=1 HTTP/1.1\r\nProxy-Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbody"
        );
        let answer = through(&wire, &request).await?;
        let (asked, body) = answering.await??;
        assert!(asked.starts_with("POST /x?y=1 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("Connection: close") && !asked.contains("Proxy-Connection"), "{asked}");
        assert_eq!(body, b"body");
        assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
        assert_eq!(wire.requests(), [format!("http://localhost:{port}/x?y=1")]);
        assert_eq!(wire.cookies(), ["a=b"]);
        Ok(())
    }

    #[tokio::test]
    async fn what_goes_to_another_machine_is_noted_and_goes_nowhere() -> Result<()> {
        let wire = Wire::start().await?;
        assert_eq!(through(&wire, "GET http://cdn.example/x.js HTTP/1.1\r\n\r\n").await?, "");
        assert_eq!(through(&wire, "CONNECT cdn.example:443 HTTP/1.1\r\n\r\n").await?, "");
        assert_eq!(wire.requests(), ["http://cdn.example/x.js", "https://cdn.example:443/"]);
        Ok(())
    }

    #[test]
    fn a_page_gets_a_listener_that_its_policy_names() -> Result<()> {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Length: 23\r\nContent-Security-Policy: script-src a; img-src b\r\n";
        let (head, page) = listening(head, b"<!doctype html><p>hello")?;
        let page = String::from_utf8(page)?;
        assert!(page.starts_with("<!doctype html><script nonce="), "{page}");
        assert!(page.ends_with("</script><p>hello"), "{page}");
        assert!(head.contains("script-src 'nonce-candor-e2e' a; img-src b\r\n"), "{head}");
        assert_eq!(field(&head, "content-length"), Some(page.len().to_string().as_str()));
        Ok(())
    }
}
