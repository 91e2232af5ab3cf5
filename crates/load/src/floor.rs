//! The least that a server can do that answers once it is durable: the same database, one writer that commits what has
//! gathered, pictures at the end of one file. Nothing is parsed, checked, sealed or found again.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post, put},
};
use rusqlite::Connection;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
};

/// Rows that may wait.
const QUEUE_MAX: usize = 4096;
/// Rows in one commit.
const BATCH_MAX: usize = 512;
const PICTURE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where it keeps everything
    #[arg(long)]
    data: PathBuf,
}

enum Row {
    Report(Bytes),
    Picture(Bytes),
}

type Queue = mpsc::Sender<(Row, oneshot::Sender<bool>)>;

/// Serves until it is told to stop.
///
/// # Errors
/// The folder or an address cannot be had.
pub async fn run(options: &Options) -> Result<()> {
    let mut disk = Disk::open(&options.data)?;
    let (queue, mut gathered): (Queue, _) = mpsc::channel(QUEUE_MAX);
    let writer = std::thread::spawn(move || {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while gathered.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            let stored = disk.write(batch.iter().map(|(row, _)| row)).is_ok();
            for (_, reply) in batch.drain(..) {
                let _ = reply.send(stored);
            }
        }
    });
    let router = Router::new()
        .route("/v1/submissions", post(|State(queue), body| keep(queue, Row::Report(body))))
        .route(
            "/v1/submissions/{submission}/files/{name}",
            put(|State(queue), body| keep(queue, Row::Picture(body))),
        )
        .route("/healthz", get(|| async { StatusCode::OK }))
        .layer(DefaultBodyLimit::max(PICTURE_BYTES_MAX))
        .with_state(Arc::new(queue));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let line = json!({ "origin": format!("http://{}", listener.local_addr()?) });
    writeln!(std::io::stdout(), "{line}")?;
    let mut stop = signal(SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.recv().await.unwrap_or_default() })
        .await?;
    writer.join().ok().context("the writer ended well")
}

async fn keep(queue: Arc<Queue>, row: Row) -> (StatusCode, Body) {
    let (reply, answer) = oneshot::channel();
    let is_queued = queue.send((row, reply)).await.is_ok();
    if is_queued && answer.await.unwrap_or(false) {
        (StatusCode::CREATED, Body::from("{}"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Body::empty())
    }
}

struct Disk {
    database: Connection,
    pack: fs::File,
    pack_bytes: u64,
    /// Counts up, as the time in a UUID of version 7 does.
    last: u64,
}

impl Disk {
    fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let database = Connection::open(folder.join("floor.sqlite"))?;
        database.pragma_update(None, "page_size", 16_384)?;
        database.pragma_update(None, "journal_mode", "wal")?;
        database.pragma_update(None, "synchronous", "full")?;
        database.execute_batch(
            "CREATE TABLE IF NOT EXISTS report (id BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS picture (id BLOB PRIMARY KEY, at INTEGER NOT NULL, bytes INTEGER NOT NULL)
                 STRICT, WITHOUT ROWID;",
        )?;
        let mut pack =
            fs::OpenOptions::new().create(true).append(true).open(folder.join("floor.pictures"))?;
        let pack_bytes = pack.seek(SeekFrom::End(0))?;
        Ok(Self { database, pack, pack_bytes, last: 0 })
    }

    /// One commit, and one flush of the pictures before it.
    fn write<'a>(&mut self, rows: impl Iterator<Item = &'a Row>) -> Result<()> {
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        let mut has_pictures = false;
        for row in rows {
            let mut id = [0; 16];
            getrandom::fill(&mut id[8..]).context("the system has randomness")?;
            self.last += 1;
            id[..8].copy_from_slice(&self.last.to_be_bytes());
            match row {
                Row::Report(body) => {
                    self.database
                        .prepare_cached("INSERT INTO report (id, body) VALUES (?1, ?2)")?
                        .execute((id, &body[..]))?;
                }
                Row::Picture(body) => {
                    self.pack.write_all(body)?;
                    self.database
                        .prepare_cached("INSERT INTO picture (id, at, bytes) VALUES (?1, ?2, ?3)")?
                        .execute((id, self.pack_bytes.cast_signed(), body.len().cast_signed()))?;
                    self.pack_bytes += body.len() as u64;
                    has_pictures = true;
                }
            }
        }
        if has_pictures {
            self.pack.sync_data()?;
        }
        Ok(self.database.execute_batch("COMMIT")?)
    }
}
