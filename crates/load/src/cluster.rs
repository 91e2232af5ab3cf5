//! A PostgreSQL of our own, that may be treated badly.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};

/// A server that flushes what it says is durable. It listens on a socket in its folder, and on a port of the loopback.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    /// Where its socket is.
    folder: PathBuf,
    data: PathBuf,
    port: u16,
    /// The user that it runs as, where it refuses to run as ours.
    user: Option<(u32, u32)>,
    /// A shell that ends it when this program is gone, however it went.
    keeper: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It was killed, perhaps, and there is nothing more to end then.
        let _ = self.keeper.wait();
    }
}

impl Cluster {
    /// Makes one whose data lie in `data`, an empty folder, and whose socket lies in `folder`. `None` where PostgreSQL is
    /// not installed.
    pub(crate) fn start(folder: &Path, data: &Path) -> Result<Option<Self>> {
        let Some(programs) = programs() else { return Ok(None) };
        let user = if fs::metadata("/proc/self")?.uid() == 0 { Some((id("-u")?, id("-g")?)) } else { None };
        for place in [folder, data] {
            fs::set_permissions(place, fs::Permissions::from_mode(0o700))?;
            if let Some((user, group)) = user {
                chown(place, Some(user), Some(group))?;
            }
        }
        // Nobody else gets it: the server takes it in a moment, on an address of its own.
        let port = std::net::TcpListener::bind((HOST, 0))?.local_addr()?.port();
        let mut keep = Command::new("sh");
        keep.arg("-c").arg("read _; \"$1/pg_ctl\" stop -s -m immediate -D \"$2\"").arg("keeper");
        keep.arg(&programs).arg(data).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        as_user(&mut keep, user).current_dir("/").process_group(0);
        let cluster =
            Self { folder: folder.into(), data: data.into(), port, user, keeper: keep.spawn()?, programs };
        cluster.run(
            "initdb",
            &["--no-sync", "--auth=trust", "--username=candor", "--encoding=UTF8", "--locale=C"],
        )?;
        cluster.begin()?;
        cluster.ask("postgres", "CREATE DATABASE candor")?;
        Ok(Some(cluster))
    }

    /// Starts the server over its data.
    pub(crate) fn begin(&self) -> Result<()> {
        let options = format!(
            "-k {} -p {} -c listen_addresses={HOST} -c max_connections=100",
            self.folder.display(),
            self.port
        );
        // A disk that lost power still names the server that it ran under, whose number may be anybody's by now.
        match fs::remove_file(self.data.join("postmaster.pid")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let log = self.folder.join("log");
        self.run("pg_ctl", &["start", "-s", "-w", "-o", &options, "-l", &log.to_string_lossy()])
    }

    /// Ends the server at once, in the middle of whatever it does.
    pub(crate) fn end(&self) -> Result<()> {
        self.run("pg_ctl", &["stop", "-s", "-m", "immediate"])
    }

    /// The address of the database, as collectors take it.
    pub(crate) fn address(&self) -> String {
        format!("postgres://candor@{HOST}:{}/candor", self.port)
    }

    /// Where the server listens.
    pub(crate) fn listens(&self) -> (&'static str, u16) {
        (HOST, self.port)
    }

    /// What a query answers, a line for each row.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let mut ask = Command::new(self.programs.join("psql"));
        ask.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", "candor", "-h"]).arg(&self.folder);
        ask.args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        let output = ask.output().context("psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(&self.data).args(arguments).current_dir(&self.folder);
        // It is not to hold a pipe of ours open for as long as the server runs.
        let said = self.folder.join("said");
        let out = fs::File::create(&said)?;
        command.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out);
        let status = as_user(&mut command, self.user).status().with_context(|| program.to_owned())?;
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        ensure!(status.success(), "{program}: {} {}", read(said), read(self.folder.join("log")));
        Ok(())
    }
}

/// An address from which no client of ours calls, so that none takes the server's port while it is away.
const HOST: &str = "127.0.0.9";

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// The newest of Debian's, or what is in the path.
fn programs() -> Option<PathBuf> {
    let of_debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        of_debian.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()))
}

fn id(which: &str) -> Result<u32> {
    let said = Command::new("id").args([which, "postgres"]).output()?;
    String::from_utf8(said.stdout)?.trim().parse().context("there is no user postgres")
}
