//! A collector to talk to, a clock to turn, and an HTTP client that may also misbehave.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
        mpsc,
    },
};

use axum::body::Bytes;
use candor_collector::{
    app::{App, Settings},
    blobs::Blobs,
    chance::{Clock, Rng},
    inbox::hash_password,
    key::InstanceKey,
    listen,
    outcome::Outcome,
    rate::Rate,
    router,
    shelf::Shelf,
    store::{NewSite, Role, Store, StoreOptions},
    vault::{MasterKeys, Vault},
};
use candor_protocol::{Form, Look, Timestamp};
use candor_rules::default_policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{bucket, bucket::Bucket, cluster};

/// The origin of the test site's pages.
pub(crate) const PAGE: &str = "https://shop.example";
/// What every member of the tests signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery";
const BEGIN: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

/// A running collector.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    pub(crate) app: Arc<App>,
    pub(crate) site: Uuid,
    pub(crate) folder: Arc<TempDir>,
    /// The address of its database, where that is on a server.
    database: Option<String>,
    /// Where its blobs are, if they are not in its folder.
    pub(crate) bucket: Option<Arc<Bucket>>,
    now: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A collector without rate limits, unless `change` sets them.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let bucket = bucket::is_asked_for().then(|| Arc::new(Bucket::start()));
        let blobs = bucket.as_ref().map(|bucket| bucket.blobs("files", None));
        Self::fresh(bucket.zip(blobs), change).await
    }

    /// A collector whose blobs are in a bucket, by a client that waits no longer for an answer than `patience`.
    pub(crate) async fn on_bucket(patience: Option<&str>) -> Self {
        let bucket = Arc::new(Bucket::start());
        let blobs = bucket.blobs("files", patience);
        Self::fresh(Some((bucket, blobs)), |_| {}).await
    }

    async fn fresh(blobs: Option<(Arc<Bucket>, Blobs)>, change: impl FnOnce(&mut Settings)) -> Self {
        let database = cluster::is_asked_for().then(cluster::fresh_database);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut collector = Self::in_folder(folder, database, blobs, change).await;
        collector.site = collector.add_site("Shop", PAGE).await;
        collector
    }

    async fn in_folder(
        folder: Arc<TempDir>,
        database: Option<String>,
        blobs: Option<(Arc<Bucket>, Blobs)>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        record_logs();
        let none = Rate { per_minute: 0, burst: 0 };
        let mut settings = Settings {
            client_rate: none,
            site_rate: none,
            file_rate: none,
            rights_rate: none,
            ..Settings::default()
        };
        change(&mut settings);
        let now = Arc::new(AtomicI64::new(BEGIN.unix_ms()));
        let (ticking, rng) = (Arc::clone(&now), rng());
        let clock = Clock::new(move || Timestamp::from_unix_ms(ticking.load(Ordering::SeqCst)));
        let key = InstanceKey::open_or_create(folder.path(), &rng).unwrap();
        let store = open(&folder, database.as_deref(), &key, &rng);
        let (bucket, blobs) = match blobs {
            Some((bucket, blobs)) => (Some(bucket), blobs),
            None => (None, Blobs::in_folder(folder.path()).unwrap()),
        };
        let app = Arc::new(App::new((store, blobs), shelf(), key, (clock, rng), settings));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = router(Arc::clone(&app));
        let task = tokio::spawn(async move {
            listen::serve(listener, router, async move { stopped.await.unwrap_or_default() }).await;
        });
        Self { address, app, site: Uuid::nil(), folder, database, bucket, now, stop: Some(stop), task }
    }

    /// Another program's look at the same data.
    pub(crate) fn store_beside(&self) -> Store {
        let rng = rng();
        let key = InstanceKey::open_or_create(self.folder.path(), &rng).unwrap();
        open(&self.folder, self.database.as_deref(), &key, &rng)
    }

    /// Ends it as SIGTERM would, and begins again on the same data.
    pub(crate) async fn restart(mut self) -> Self {
        let (site, folder, database) = (self.site, Arc::clone(&self.folder), self.database.clone());
        let blobs = self.bucket.take().map(|bucket| (bucket, self.app.blobs.clone()));
        drop(self.stop.take());
        self.task.await.unwrap();
        drop(self.app);
        let mut again = Self::in_folder(folder, database, blobs, |_| {}).await;
        again.site = site;
        again
    }

    pub(crate) async fn add_site(&self, name: &str, origin: &str) -> Uuid {
        let id = self.app.rng.uuid_v7(self.now());
        let site = NewSite {
            id,
            name: name.into(),
            origins: vec![origin.into()],
            look: Look::default(),
            form: Form::default(),
            policy: default_policy(),
        };
        self.app.store.add_site(site, self.now()).await.unwrap();
        id
    }

    pub(crate) async fn add_member(&self, email: &str, site: Uuid) {
        static HASH: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD, &rng()).unwrap());
        let id = self.app.rng.uuid_v7(self.now());
        self.app.store.add_member(id, email.into(), HASH.clone(), self.now()).await.unwrap();
        self.app.store.grant(id, site, Role::Member).await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub(crate) fn advance_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn advance_days(&self, days: i64) {
        self.advance_ms(days * 86_400_000);
    }

    /// How many submissions ended in each way.
    pub(crate) fn outcomes(&self) -> HashMap<&'static str, u64> {
        Outcome::all().map(|outcome| (outcome.as_str(), self.app.metrics.count(outcome))).collect()
    }

    /// How many files ended in each way.
    pub(crate) fn file_outcomes(&self) -> HashMap<&'static str, u64> {
        Outcome::all().map(|outcome| (outcome.as_str(), self.app.metrics.count_files(outcome))).collect()
    }

    /// Rows of the tables that a submission fills.
    pub(crate) fn rows(&self) -> [u64; 3] {
        ["report", "part", "consent"].map(|table| self.count(table))
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        exchange(self.address, &head("GET", path, headers, None), b"").await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        exchange(self.address, &head("POST", path, headers, Some(body.len())), body).await
    }

    /// Sends a submission as the widget on the site's page would.
    pub(crate) async fn submit(&self, submission: &Value) -> Answer {
        self.submit_bytes(submission.to_string().as_bytes()).await
    }

    pub(crate) async fn submit_bytes(&self, body: &[u8]) -> Answer {
        self.post("/v1/submissions", &[("Origin", PAGE), ("Content-Type", "application/json")], body).await
    }

    /// Does to the database what no request can.
    pub(crate) fn sql(&self, sql: &str) {
        match &self.database {
            None => self.file().execute_batch(sql).unwrap(),
            Some(address) => cluster::run(address, sql),
        }
    }

    /// Holds the database as another program would that is slow: nothing is stored until it is let go.
    pub(crate) fn hold_database(&self) -> Held {
        let (address, file) = (self.database.clone(), self.folder.path().join("candor.sqlite"));
        match address {
            None => hold(move |wait| {
                let held = rusqlite::Connection::open(file).unwrap();
                held.execute_batch("BEGIN IMMEDIATE").unwrap();
                wait();
                held.execute_batch("COMMIT").unwrap();
            }),
            Some(address) => hold_table(&address, "report"),
        }
    }

    /// Asks as the visitor who has this reporter id.
    pub(crate) async fn me(&self, reporter: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {reporter}");
        let mut headers = vec![("Origin", PAGE), ("Authorization", bearer.as_str())];
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let head = head(method, &format!("/v1/me{path}"), &headers, Some(body.len()));
        exchange(self.address, &head, body.as_bytes()).await
    }

    /// The folder that its blobs end in.
    pub(crate) fn blob_folder(&self) -> PathBuf {
        self.bucket.as_ref().map_or_else(|| self.folder.path().join("blobs"), |bucket| bucket.folder("files"))
    }

    /// Rows of one table.
    pub(crate) fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        match &self.database {
            None => self.file().query_row(&sql, [], |row| row.get(0)).unwrap(),
            Some(address) => number(address, &sql).try_into().unwrap(),
        }
    }

    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("candor.sqlite")).unwrap()
    }

    /// A submission with something for each purpose that a new site asks for.
    pub(crate) fn submission(&self, id: u128) -> Value {
        json!({
            "id": Uuid::from_u128(0x0e37_df36_f698_4e3c_8a4b_2b9d_1a0f_0000 + id),
            "site": self.site,
            "reporter": "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001",
            "kind": "bug",
            "message": "The basket forgets",
            "contact": { "name": "Ada", "email": "ada@mail.example" },
            "browser": { "page_url": "https://shop.example/basket", "online": true },
            "consent": {
                "policy": 1,
                "purposes": ["message", "contact", "browser"],
                "given_at": "2026-11-22T07:48:00.000Z",
                "asked": "panel",
            },
        })
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it says when to try again: after 5 seconds and within 21, each client at another moment.
    pub(crate) fn comes_back_soon(&self) -> bool {
        let seconds = self.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
        seconds.is_some_and(|seconds| (5..21).contains(&seconds))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn open(folder: &TempDir, database: Option<&str>, key: &InstanceKey, rng: &Rng) -> Store {
    let masters = MasterKeys::open_or_create(folder.path(), rng).unwrap();
    let vault = Arc::new(Vault::new(masters, Some(folder.path().into()), rng.clone()));
    match database {
        None => Store::open(folder.path(), key.clone(), vault, StoreOptions::default()).unwrap(),
        Some(address) => Store::connect(address, key.clone(), vault).unwrap(),
    }
}

/// A database that is held.
pub(crate) struct Held {
    go: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Held {
    pub(crate) fn let_go(self) {
        drop(self.go);
        self.thread.join().unwrap();
    }
}

/// Holds a table of a server's database against whoever writes to it.
pub(crate) fn hold_table(address: &str, table: &'static str) -> Held {
    let address = address.to_owned();
    hold(move |wait| {
        let mut held = postgres::Client::connect(&address, postgres::NoTls).unwrap();
        held.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE")).unwrap();
        wait();
        held.batch_execute("COMMIT").unwrap();
    })
}

/// Runs what takes hold, waits, and lets go, on a thread of its own: the server's driver must not be used where async
/// work runs.
fn hold(work: impl FnOnce(&dyn Fn()) + Send + 'static) -> Held {
    let (go, gone) = mpsc::channel::<()>();
    let (tell, holds) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        work(&|| {
            tell.send(()).unwrap();
            // Dropped is let go, too.
            gone.recv().ok();
        });
    });
    holds.recv().unwrap();
    Held { go, thread }
}

/// The number that a query finds on a server.
pub(crate) fn number(address: &str, sql: &str) -> i64 {
    cluster::with(address, |client| client.query_one(sql, &[]).unwrap().get(0))
}

/// The head of a request that asks for the connection to be closed after it.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: Option<usize>) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: collector.example\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(length) = length {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head + "\r\n"
}

/// Sends head and body, says that no more comes, and reads the answer.
pub(crate) async fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that has said no need not listen to the end.
    let _ = stream.write_all(body).await;
    let _ = stream.shutdown().await;
    answer(&mut stream).await
}

/// Reads an answer until the connection is closed.
pub(crate) async fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: bytes.split_off(end + 4) }
}

/// Runs all of them at the same time.
pub(crate) async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// A few files in the form that a build makes.
pub(crate) fn shelf_files() -> HashMap<String, Bytes> {
    let file = |name: &str| json!({ "file": name, "integrity": "sha384-AAAA" });
    let manifest = json!({
        "loader": "loader.js",
        "pinned": file("candor-0f.js"),
        "glue": file("glue-1f.js"),
        "wasm": file("candor-2f.wasm"),
        "locales": { "en": file("en-3f.json") },
        "capture": null,
    });
    let files = [
        ("manifest.json", manifest.to_string()),
        ("loader.js", "start(__CANDOR_SETTINGS__)".into()),
        ("candor-0f.js", "start(null)".into()),
        ("glue-1f.js", "export default 1".into()),
        ("glue-1f.js.br", "(brotli)".into()),
        ("glue-1f.js.gz", "(gzip)".into()),
        ("candor-2f.wasm", "\0asm".into()),
        ("en-3f.json", "{}".into()),
    ];
    files.map(|(name, text)| (name.to_owned(), text.into())).into()
}

fn shelf() -> Shelf {
    Shelf::new(shelf_files()).unwrap()
}

/// Bytes that no test can guess from another's, and that are the same in each run.
pub(crate) fn rng() -> Rng {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Rng::new(|bytes| {
        for chunk in bytes.chunks_mut(32) {
            let hash = Sha256::digest(NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    })
}

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// All that any collector of this process has logged, down to the finest level.
pub(crate) fn logged() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned()
}

fn record_logs() {
    struct Recorder;
    impl std::io::Write for Recorder {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    // What our own clients say of the buckets of other tests in this process, and those of themselves, is about servers,
    // not about visitors.
    let filter = "trace,hyper_util::client=off,reqwest=off,object_store=off,s3s=off,s3s_fs=off";
    let recorder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Recorder);
    // The first test of the process sets it for all.
    let _ = recorder.try_init();
}
