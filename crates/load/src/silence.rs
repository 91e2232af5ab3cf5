//! What connections cost that are open and say nothing, and whether somebody who speaks is heard beside them.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{net::TcpStream, time::Instant};

use crate::{
    client::Client,
    measure::memory_bytes,
    server::{Kind, Server},
};

/// Connections that say nothing: as many as a collector takes at the same time.
const SILENT: usize = 10_000;
/// The time that it has to take note of the last of them.
const SETTLED_AFTER: Duration = Duration::from_millis(300);
/// Within which time somebody who speaks is heard.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// Connections that the server held when its memory was looked at.
    pub(crate) connections: u64,
    /// Memory for all of them.
    pub(crate) bytes: u64,
    /// Until somebody was answered who came after them.
    pub(crate) heard_after: Duration,
}

/// Opens them, looks at the server's memory, and speaks.
///
/// # Errors
/// The server does not do as it should, or this program may not have so many connections.
pub(crate) async fn keep(kind: &Kind, data: &Path) -> Result<Silence> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    kind.prepare(data).await?;
    let server = Server::start(kind, data).await?;
    let process = server.id()?;
    let (before, files) = (memory_bytes(process)?.0, open_files(process)?);
    let mut silent = Vec::with_capacity(SILENT);
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(server.address).await.context("a connection that says nothing")?);
    }
    tokio::time::sleep(SETTLED_AFTER).await;
    let connections = open_files(process)?.saturating_sub(files);
    let bytes = memory_bytes(process)?.0.saturating_sub(before);
    let begun = Instant::now();
    let mut client = Client::new(server.address, 0);
    let answer =
        tokio::time::timeout(HEARD_WITHIN, client.get("/healthz")).await.context("nobody is heard")??;
    ensure!(answer.status.is_success(), "it answers {} beside connections that say nothing", answer.status);
    let heard_after = begun.elapsed();
    drop(silent);
    server.stop().await?;
    Ok(Silence { connections, bytes, heard_after })
}

fn open_files(process: u32) -> Result<u64> {
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64)
}
