//! The programs that are put under load, each with a folder of its own.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::Instant,
};
use uuid::Uuid;

use crate::client::{self, Client};

/// How long a program may take to say that it serves.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long it may take to end.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// What a program finds in its environment beside what we have in ours.
pub(crate) type Surroundings = BTreeMap<&'static str, String>;

/// What is put under load.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A collector: the program, and the folder of the widget's files unless they are inside it.
    Collector(PathBuf, Option<PathBuf>),
    /// This program's own [`crate::floor`].
    Floor,
}

impl Kind {
    /// What a table calls it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Collector(..) => "candor",
            Self::Floor => "floor",
        }
    }

    pub(crate) fn command(&self, data: &Path) -> Result<Command> {
        let mut command = match self {
            Self::Collector(program, assets) => {
                let mut command = Command::new(program);
                command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(data);
                command.args(["--client-header", client::FORWARDED]);
                for limit in ["--client-rate", "--site-rate", "--file-rate"] {
                    command.args([limit, "0"]);
                }
                if let Some(assets) = assets {
                    command.arg("--assets").arg(assets);
                }
                command
            }
            Self::Floor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["floor", "--data"]).arg(data);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        Ok(command)
    }

    /// Makes what has to be there before it serves, and says which site reports go to.
    pub(crate) async fn prepare(&self, data: &Path) -> Result<Uuid> {
        self.prepare_among(data, &Surroundings::default()).await
    }

    /// The same in surroundings that it is to find.
    pub(crate) async fn prepare_among(&self, data: &Path, surroundings: &Surroundings) -> Result<Uuid> {
        let Self::Collector(program, _) = self else { return Ok(Uuid::max()) };
        let run = async |arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).arg("--data").arg(data).envs(surroundings);
            let output = command.output().await?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Ok(String::from_utf8(output.stdout)?)
        };
        let site = run(&["site", "add", "--name", "Shop", "--origin", crate::visitor::PAGE]).await?;
        run(&["site", "set", "--need", "picture=optional"]).await?;
        Ok(site.trim().parse()?)
    }

    /// How many reports and pictures lie in its folder, durably or not.
    pub(crate) fn stored(&self, data: &Path) -> Result<(u64, u64)> {
        let (file, reports, pictures) = match self {
            Self::Collector(..) => ("candor.sqlite", "report", "file"),
            Self::Floor => ("floor.sqlite", "report", "picture"),
        };
        let connection = Connection::open_with_flags(data.join(file), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count = |table| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
        };
        Ok((count(reports)?.unsigned_abs(), count(pictures)?.unsigned_abs()))
    }
}

/// A program that serves. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) cold_start: Duration,
}

impl Server {
    /// Starts it over a folder and waits for its first answer.
    pub(crate) async fn start(kind: &Kind, data: &Path) -> Result<Self> {
        Self::start_among(kind, data, &Surroundings::default()).await
    }

    /// The same in surroundings that it is to find.
    pub(crate) async fn start_among(kind: &Kind, data: &Path, surroundings: &Surroundings) -> Result<Self> {
        let begun = Instant::now();
        let mut command = kind.command(data)?;
        let mut child =
            command.envs(surroundings).spawn().with_context(|| format!("cannot start {kind:?}"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut line = String::new();
        tokio::time::timeout(READY_WITHIN, BufReader::new(stdout).read_line(&mut line))
            .await
            .context("it does not say that it serves")??;
        let said: Value = serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))?;
        let address = client::address(said["origin"].as_str().context("it says where it serves")?)?;
        let answer = Client::new(address, 0).get("/healthz").await?;
        ensure!(answer.status.is_success(), "it serves, and answers {}", answer.status);
        Ok(Self { child, address, cold_start: begun.elapsed() })
    }

    /// Its process.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("it has ended by itself")
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends it as an operator would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.id()?)?), Signal::SIGTERM)?;
        let status =
            tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await.context("it does not stop")??;
        if status.success() { Ok(()) } else { bail!("it did not stop well: {status}") }
    }
}
