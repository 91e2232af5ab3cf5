//! A PostgreSQL of the tests' own: a server that is there while a test program runs, with a database for each test.
//!
//! `CANDOR_TEST_STORE=postgres` lets the tests of the store and of the API run on it instead of on SQLite.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Whether the tests are to run on PostgreSQL.
pub(crate) fn is_asked_for() -> bool {
    std::env::var("CANDOR_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// The address of an empty database.
pub(crate) fn fresh_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    run(&address("postgres"), &format!("CREATE DATABASE {name}"));
    address(&name)
}

/// Does to a database what no program does.
pub(crate) fn run(address: &str, sql: &str) {
    with(address, |client| client.batch_execute(sql).unwrap());
}

/// Connects to a database for what no program does.
pub(crate) fn with<T: Send>(address: &str, work: impl FnOnce(&mut postgres::Client) -> T + Send) -> T {
    // The driver must not be used on a thread that runs async work.
    std::thread::scope(|scope| {
        let working = scope.spawn(|| work(&mut postgres::Client::connect(address, postgres::NoTls).unwrap()));
        working.join().unwrap()
    })
}

fn address(database: &str) -> String {
    let folder = CLUSTER.folder.to_str().unwrap().replace('/', "%2F");
    format!("postgres://candor@{folder}/{database}")
}

static CLUSTER: LazyLock<Cluster> =
    LazyLock::new(|| Cluster::start("-c fsync=off -c listen_addresses=", PORT));

/// What a socket is named after where nothing else is said; nothing listens there.
const PORT: u16 = 5432;

/// Whom a server runs as, where that is not who runs the tests.
static USER: LazyLock<Option<(u32, u32)>> =
    LazyLock::new(|| (fs::metadata("/proc/self").unwrap().uid() == 0).then(|| (id("-u"), id("-g"))));

/// A server with its data in a folder of its own.
pub(crate) struct Cluster {
    /// Its data, and its socket.
    pub(crate) folder: PathBuf,
    /// A shell that ends the server and removes the folder when this program is gone, however it went.
    _keeper: Child,
}

impl Cluster {
    /// A server with these settings, in words of its command line, and the port after which its socket is named.
    pub(crate) fn start(settings: &str, port: u16) -> Self {
        let folder = tempfile::Builder::new().prefix("candor-pg-").tempdir().unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        give(&folder);
        let mut make = command(&folder, "initdb");
        make.args(["--no-sync", "--auth=trust", "--username=candor", "--encoding=UTF8", "--locale=C", "-D"]);
        make.arg(folder.join("data"));
        let made = make.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut keep = command(&folder, "/bin/sh");
        keep.arg("-c")
            .arg(
                "\"$1/postgres\" -D \"$2/data\" -k \"$2\" -p \"$4\" -c max_connections=300 $3 \
                 -c full_page_writes=off -c deadlock_timeout=100ms >\"$2/log\" 2>&1 & \
                 read _; \"$1/pg_ctl\" -D \"$2/data\" -m immediate -s stop; wait; cd /; rm -rf \"$2\"",
            )
            .arg("keeper")
            .arg(programs())
            .arg(&folder)
            .arg(settings)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keeper = keep.spawn().unwrap();
        while !command(&folder, "pg_isready")
            .args(["-q", "-h"])
            .arg(&folder)
            .args(["-p", &port.to_string()])
            .status()
            .unwrap()
            .success()
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { folder, _keeper: keeper }
    }
}

/// Gives a file or folder to whom a server runs as.
pub(crate) fn give(path: &Path) {
    if let Some((user, group)) = *USER {
        std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
    }
}

/// One of the server's programs, or another by its path, in a server's folder and as the user who may run it: a server
/// refuses to run as root, and its package brings a user for it.
pub(crate) fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    command.current_dir(folder);
    if let Some((user, group)) = *USER {
        command.uid(user).gid(group);
    }
    command
}

/// The newest of Debian's, or what is in the path.
fn programs() -> PathBuf {
    let of_debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest =
        of_debian.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    let in_path = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    };
    newest.or_else(in_path).expect("PostgreSQL is not installed: `cargo xtask setup` installs it")
}

fn id(which: &str) -> u32 {
    let said = Command::new("id").args([which, "postgres"]).output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().parse().expect("there is a user postgres")
}
