//! A mail server that speaks SMTP (RFC 5321) on a loopback port, and keeps what it is given.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

/// Far longer than any mail takes: only a test that would wait for ever ends by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// One mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom it is for, as the envelope says.
    pub to: String,
    /// Head and body.
    pub text: String,
}

impl Mail {
    /// The first address on the web in it, to its end.
    #[must_use]
    pub fn link(&self) -> Option<String> {
        // Quoted-printable breaks long lines with `=` and writes `=` as `=3D`.
        let text = self.text.replace("=\r\n", "").replace("=3D", "=");
        let from = text.find("http")?;
        text.get(from..)?.split_whitespace().next().map(str::to_owned)
    }
}

/// The server. It ends with its value.
#[derive(Debug)]
pub struct Post {
    /// Where it listens.
    pub address: SocketAddr,
    came: Mutex<mpsc::UnboundedReceiver<Mail>>,
    refusals: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Post {
    /// Begins to listen on a free port.
    ///
    /// # Errors
    /// There is none.
    pub async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (put, came) = mpsc::unbounded_channel();
        let refusals = Arc::<AtomicUsize>::default();
        let refused = Arc::clone(&refusals);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that breaks off has sent no mail.
                tokio::spawn(serve(stream, put.clone(), Arc::clone(&refused)));
            }
        });
        Ok(Self { address, came: Mutex::new(came), refusals, task })
    }

    /// What a collector is told of it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Lets so many mails come to nothing, with the request to try again, in words that name whom each was for.
    pub fn refuse(&self, mails: usize) {
        self.refusals.store(mails, Ordering::SeqCst);
    }

    /// The next mail.
    ///
    /// # Panics
    /// None comes.
    #[expect(clippy::expect_used, reason = "a test that waits for a mail fails without it")]
    pub async fn next(&self) -> Mail {
        let mut came = self.came.lock().await;
        tokio::time::timeout(PATIENCE, came.recv()).await.ok().flatten().expect("a mail comes")
    }

    /// A mail that has come already, if one has.
    pub async fn waiting(&self) -> Option<Mail> {
        self.came.lock().await.try_recv().ok()
    }
}

async fn serve(
    stream: TcpStream,
    put: mpsc::UnboundedSender<Mail>,
    refusals: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 post.example ESMTP\r\n").await?;
    let (mut line, mut to) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let said = line.trim_end().to_ascii_uppercase();
        let answer = match said.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-post.example\r\n250 8BITMIME\r\n".to_owned(),
            "HELO" | "MAIL" | "RSET" | "NOOP" => "250 OK\r\n".to_owned(),
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let less = |left: usize| left.checked_sub(1);
                match refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
                    Ok(_) => format!("450 <{to}> is busy\r\n"),
                    Err(_) if to.starts_with("gone") => format!("550 nobody is called <{to}>\r\n"),
                    Err(_) => "250 OK\r\n".to_owned(),
                }
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut text).await? == 0 {
                        return Ok(());
                    }
                }
                // Whoever waits for it may be gone.
                let _ = put.send(Mail { to: to.clone(), text });
                "250 kept\r\n".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 what?\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
