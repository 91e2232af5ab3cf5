//! Mails to visitors: written and sent in the background, so that no answer tells whether one goes out, and logged
//! without saying to whom.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use candor_protocol::{DAY_MS, LINK_MINUTES, Timestamp};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use crate::{
    app::App,
    language::Language,
    store::{ReporterHash, StoreError},
};

/// Errands that may wait.
const QUEUE_MAX: usize = 256;
/// Mails on their way at the same time.
const AT_ONCE: usize = 4;
/// How long a mail server may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);
/// Days for which a link to an answer can be opened.
const ANSWER_DAYS: u16 = 3;
const MINUTE_MS: i64 = 60_000;

/// Where visitors ask for a link to their own data, and where it leads.
pub(crate) const PAGE: &str = "/me";

/// The address of [`PAGE`] for what was sent to a site, of a collector with this origin.
#[must_use]
pub(crate) fn page(origin: &str, site: Uuid, language: &str) -> String {
    format!("{origin}{PAGE}?site={site}&lang={language}")
}

/// By which server mails go out, and what they say of themselves.
#[derive(Clone)]
pub struct Postbox {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    origin: String,
    waits: Vec<Duration>,
}

impl fmt::Debug for Postbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The server's address may hold a password.
        write!(f, "Postbox({}, {})", self.from, self.origin)
    }
}

/// Why no mail can be sent with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostboxFault {
    /// The server.
    #[error("this is no smtps://[USER:PASSWORD@]HOST[:PORT] and no smtp://…?tls=required")]
    Server,
    /// The server's address would send links in the clear.
    #[error(
        "links would travel in the clear: use smtps:// or smtp://…?tls=required, or a server on this machine"
    )]
    Clear,
    /// The sender.
    #[error("this is no sender: NAME <ADDRESS>, or an address")]
    From,
}

impl Postbox {
    /// A postbox for the server of this URL. `origin` is the collector's as browsers see it: links begin with it.
    ///
    /// # Errors
    /// One of them is unfit, or mails would leave this machine in the clear.
    pub fn new(server: &str, from: &str, origin: String) -> Result<Self, PostboxFault> {
        let is_sealed = server.starts_with("smtps://")
            || server
                .split_once('?')
                .is_some_and(|(before, query)| query == "tls=required" && !before.contains('#'));
        if !is_sealed && !is_here(server) {
            return Err(if server.starts_with("smtp://") {
                PostboxFault::Clear
            } else {
                PostboxFault::Server
            });
        }
        let builder =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(server).map_err(|_| PostboxFault::Server)?;
        Ok(Self {
            transport: builder.timeout(Some(PATIENCE)).build(),
            from: from.parse().map_err(|_| PostboxFault::From)?,
            origin,
            waits: [2, 15, 60].map(Duration::from_secs).to_vec(),
        })
    }

    /// The same with other pauses between attempts; there is one more attempt than pauses.
    #[must_use]
    pub fn with_waits(self, waits: Vec<Duration>) -> Self {
        Self { waits, ..self }
    }

    /// Asks the server whether it is there and lets this program in.
    ///
    /// # Errors
    /// It does not; why, without what was said to it.
    pub async fn reach(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the server hangs up".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Sends one mail that says where it came from, and nothing about anybody: for an owner who wants to see it work.
    ///
    /// # Errors
    /// The server does not take it; in the server's words, for they are told to whoever wrote the address.
    pub async fn try_out(&self, to: &str, now: Timestamp, id: Uuid) -> Result<(), String> {
        let to = to.parse::<Mailbox>().map_err(|error| error.to_string())?;
        let body =
            format!("This mail came from the collector at {}. Mails to visitors will, too.\n", self.origin);
        let message = self.message(to, "Candor sends mail", body, now, id).ok_or("this cannot be sent")?;
        self.transport.send(message).await.map(drop).map_err(|error| error.to_string())
    }

    fn message(&self, to: Mailbox, subject: &str, body: String, now: Timestamp, id: Uuid) -> Option<Message> {
        let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.unix_ms()).ok()?);
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .date(at)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted)
            .body(body);
        message.ok()
    }
}

/// Whether the server is on this machine.
fn is_here(server: &str) -> bool {
    let rest = server.strip_prefix("smtp://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    matches!(name, "localhost" | "127.0.0.1") || name.starts_with("[::1]")
}

/// Tells other programs not to answer by themselves (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// What is to be written to whom.
pub(crate) enum Errand {
    /// A link, if anything on the site carries the address.
    Link {
        /// The site.
        site: Uuid,
        /// Who says to be it.
        email: String,
        /// In which language.
        language: Language,
    },
    /// That a request was answered.
    Answered {
        /// The site.
        site: Uuid,
        /// Who asked.
        who: ReporterHash,
        /// Where they are to be found.
        email: String,
        /// In which language.
        language: Language,
    },
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errand")
    }
}

/// Errands on their way to the postbox.
#[derive(Debug)]
pub(crate) struct Errands {
    queue: mpsc::Sender<Errand>,
    waiting: Mutex<Option<mpsc::Receiver<Errand>>>,
}

impl Default for Errands {
    fn default() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        Self { queue, waiting: Mutex::new(Some(waiting)) }
    }
}

impl Errands {
    /// Takes an errand; `false` when too many wait.
    pub(crate) fn take(&self, errand: Errand) -> bool {
        self.queue.try_send(errand).is_ok()
    }
}

/// Runs errands for as long as the collector runs. What still waits when it ends is not sent; whoever waits for it asks
/// again.
pub async fn keep_sent(app: Arc<App>) {
    let waiting = app.errands.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut waiting) = waiting else { return };
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(errand) = waiting.recv().await {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            if let Err(cause) = run(&app, errand).await {
                tracing::warn!(%cause, "a mail was not sent");
            }
            drop(turn);
        });
    }
}

/// Why a mail was not sent, without a word of what the server said: it may repeat the address.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the address or the text is not fit for a mail")]
    Unfit,
    #[error("the server refuses it ({0})")]
    Refused(String),
    #[error("the server cannot be reached, or breaks off")]
    Away,
}

async fn run(app: &App, errand: Errand) -> Result<(), NotSent> {
    let Some(postbox) = &app.settings.mail else { return Ok(()) };
    let token: [u8; 32] = app.rng.bytes();
    let (hash, now) = (Sha256::digest(token).into(), app.clock.now());
    let (site, email, language, text) = match errand {
        Errand::Link { site, email, language } => {
            let until = now.plus_ms(i64::from(LINK_MINUTES) * MINUTE_MS);
            if !app.store.link_to_address(site, email.clone(), hash, until, now).await? {
                return Ok(());
            }
            (site, email, language, "mail_link")
        }
        Errand::Answered { site, who, email, language } => {
            let until = now.plus_ms(i64::from(ANSWER_DAYS) * DAY_MS);
            app.store.link_to(site, who, hash, until, now).await?;
            (site, email, language, "mail_answered")
        }
    };
    let directory = app.store.directory(now).await?;
    let name = directory.site(site).map(|site| site.name.clone()).unwrap_or_default();
    let (minutes, days) = (LINK_MINUTES.to_string(), ANSWER_DAYS.to_string());
    let values = [("site", name.as_str()), ("minutes", &minutes), ("days", &days)];
    let link = page(&postbox.origin, site, language.tag());
    let link = format!("{link}#{}", URL_SAFE_NO_PAD.encode(token));
    let mut body = format!("{}\n\n{link}\n", language.say(text, &values));
    if text == "mail_link" {
        body.push_str(&format!("\n{}\n", language.say("mail_link_else", &values)));
    }
    let to = Mailbox::new(None, email.parse().map_err(|_| NotSent::Unfit)?);
    let subject = language.say("mail_subject", &values);
    let id = app.rng.uuid_v7(now);
    let message = postbox.message(to, &subject, body, now, id).ok_or(NotSent::Unfit)?;
    deliver(postbox, message).await
}

/// Hands a mail to the server, again after a while when that is away or asks for it.
async fn deliver(postbox: &Postbox, message: Message) -> Result<(), NotSent> {
    let mut waits = postbox.waits.iter();
    loop {
        let Err(error) = postbox.transport.send(message.clone()).await else { return Ok(()) };
        let cause = cause(&error);
        match waits.next() {
            Some(wait) if !error.is_permanent() => {
                tracing::info!(%cause, "a mail has to wait");
                tokio::time::sleep(*wait).await;
            }
            _ => return Err(cause),
        }
    }
}

fn cause(error: &smtp::Error) -> NotSent {
    error.status().map_or(NotSent::Away, |code| NotSent::Refused(code.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mail_leaves_this_machine_in_the_clear() {
        let fault = |server| Postbox::new(server, "a@shop.example", String::new()).err();
        for server in [
            "smtps://user:pass%2Fword@mail.example",
            "smtp://mail.example?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost",
            "smtp://[::1]:25",
        ] {
            assert_eq!(fault(server), None, "{server}");
        }
        for server in [
            "smtp://mail.example",
            "smtp://mail.example:25/localhost",
            "smtp://localhost@mail.example",
            "smtp://mail.example?tls=opportunistic",
            "smtp://user:tls=required@mail.example",
            "smtp://mail.example#?tls=required",
        ] {
            assert_eq!(fault(server), Some(PostboxFault::Clear), "{server}");
        }
        for server in ["mail.example", "http://mail.example", "", "smtps://"] {
            assert_eq!(fault(server), Some(PostboxFault::Server), "{server}");
        }
        let from = Postbox::new("smtp://localhost", "nobody", String::new()).err();
        assert_eq!(from, Some(PostboxFault::From));
    }

    #[test]
    fn settings_are_printed_without_their_password() {
        let postbox =
            Postbox::new("smtps://user:secret@mail.example", "Shop <a@shop.example>", "https://x".into());
        assert!(!format!("{:?}", postbox.unwrap()).contains("secret"));
    }
}
