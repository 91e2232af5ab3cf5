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

static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

struct Cluster {
    /// Its data, and its socket: it listens nowhere else.
    folder: PathBuf,
    /// A shell that ends the server and removes the folder when this program is gone, however it went.
    _keeper: Child,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("candor-pg-").tempdir().unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        // The server refuses to run as root; its package brings a user for it.
        let user = (fs::metadata("/proc/self").unwrap().uid() == 0).then(|| (id("-u"), id("-g")));
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let run_as = |command: &mut Command| {
            command.current_dir(&folder);
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
        };
        let programs = programs();
        let mut make = Command::new(programs.join("initdb"));
        make.args(["--no-sync", "--auth=trust", "--username=candor", "--encoding=UTF8", "--locale=C", "-D"]);
        make.arg(folder.join("data"));
        run_as(&mut make);
        let made = make.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut keep = Command::new("sh");
        keep.arg("-c")
            .arg(
                "\"$1/postgres\" -D \"$2/data\" -k \"$2\" -c listen_addresses= -c max_connections=300 \
                 -c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms >\"$2/log\" 2>&1 & \
                 server=$!; read _; kill -QUIT $server; wait $server; cd /; rm -rf \"$2\"",
            )
            .arg("keeper")
            .arg(&programs)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        run_as(&mut keep);
        let keeper = keep.spawn().unwrap();
        while !folder.join(".s.PGSQL.5432").exists() || !answers(&folder) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { folder, _keeper: keeper }
    }
}

fn answers(folder: &Path) -> bool {
    let ready = Command::new(programs().join("pg_isready")).arg("-q").arg("-h").arg(folder).status();
    ready.unwrap().success()
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
