//! A collector of its own for each journey: the real binary, an empty data folder, one site, one member.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{inbox::Inbox, process::Process};

/// Who reads the inbox.
const EMAIL: &str = "owner@shop.example";
/// Long enough for any rule about passwords; the collector is gone a minute later.
const PASSWORD: &str = "correct horse battery staple";

/// A collector, running or stopped.
#[derive(Debug)]
pub struct Collector {
    /// The site that pages show the widget for.
    pub site: Uuid,
    origin: String,
    mail: Option<String>,
    serving: Option<Process>,
    data: TempDir,
}

impl Collector {
    /// Makes an instance with one site, whose pages are at `origin`, and serves it on a free port.
    ///
    /// # Errors
    /// The binary or its assets are not built (`cargo xtask e2e` builds them), or it does not serve.
    pub async fn start(page_origin: &str) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("candor-data-").tempdir()?;
        let site = said_by(data.path(), &["site", "add", "--name", "Shop", "--origin", page_origin], None)?;
        let site = site.trim().parse().with_context(|| format!("`site add` said {site:?}"))?;
        said_by(data.path(), &["member", "add", "--email", EMAIL, "--password-stdin"], Some(PASSWORD))?;
        let mut collector = Self { site, origin: String::new(), mail: None, serving: None, data };
        collector.serve("127.0.0.1:0").await?;
        Ok(collector)
    }

    /// Scheme, host and port; the same after a restart.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Stops it as an operator would: what was accepted is finished first.
    ///
    /// # Errors
    /// It does not stop, or says that it failed.
    pub async fn stop(&mut self) -> Result<()> {
        match self.serving.take() {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.serving = None;
    }

    /// Serves the same data on the same port again.
    ///
    /// # Errors
    /// It does not serve, or somebody has taken its port meanwhile.
    pub async fn restart(&mut self) -> Result<()> {
        ensure!(self.serving.is_none(), "it is running");
        let address = self.origin.trim_start_matches("http://").to_owned();
        self.serve(&address).await
    }

    /// Lets it send mails by this server, from its next start on.
    pub fn mails_by(&mut self, url: &str) {
        self.mail = Some(url.to_owned());
    }

    /// What another command of the program says about the same data.
    ///
    /// # Errors
    /// The command fails.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        let assets = from_environment("CANDOR_E2E_ASSETS")?;
        let assets = assets.to_str().context("the assets' path is text")?;
        said_by(self.data.path(), &[arguments, &["--assets", assets]].concat(), None)
    }

    /// The inbox, signed in.
    ///
    /// # Errors
    /// It does not let its member in.
    pub async fn inbox(&self) -> Result<Inbox> {
        Inbox::sign_in(&self.origin, EMAIL, PASSWORD).await
    }

    /// Everything it has logged since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        self.serving.as_ref().map(Process::said).unwrap_or_default()
    }

    async fn serve(&mut self, address: &str) -> Result<()> {
        let mut command = Command::new(program()?);
        command.args(["serve", "--json", "--listen", address, "--data"]).arg(self.data.path());
        command.arg("--assets").arg(from_environment("CANDOR_E2E_ASSETS")?);
        if let Some(url) = &self.mail {
            command.args(["--mail-url", url, "--mail-from", "Shop <feedback@shop.example>"]);
        }
        let (process, origin) = Process::start(command, |line| {
            let said: Value = serde_json::from_str(line).ok()?;
            Some(said["origin"].as_str()?.to_owned())
        })
        .await?;
        self.serving = Some(process);
        self.origin = origin;
        Ok(())
    }
}

/// Runs a command of the program to its end.
fn said_by(data: &Path, arguments: &[&str], input: Option<&str>) -> Result<String> {
    use std::io::Write as _;
    let mut child = Command::new(program()?)
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    if let Some(input) = input {
        writeln!(stdin, "{input}")?;
    }
    drop(stdin);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("candor {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn program() -> Result<PathBuf> {
    from_environment("CANDOR_E2E_COLLECTOR")
}

fn from_environment(name: &str) -> Result<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .with_context(|| format!("{name} is not set: run `cargo xtask e2e`"))
}
