//! Several collectors on one PostgreSQL and one folder of blobs: together they keep the promises of one.

mod balanced;
mod balancer;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    cluster,
    harness::{Answer, PAGE, PASSWORD, exchange, head, number},
    inbox::{FORM, HERE},
    program::{address, candor},
};

const NODES: usize = 3;

/// A few programs on one database, asked in turn as a balancer would.
struct Nodes {
    database: String,
    site: String,
    limits: Vec<&'static str>,
    running: Vec<(Mutex<Child>, String)>,
    turn: AtomicUsize,
    folder: TempDir,
}

impl Nodes {
    async fn start() -> Self {
        Self::with(["--client-rate", "0", "--site-rate", "0", "--file-rate", "0"].into()).await
    }

    async fn with(limits: Vec<&'static str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = cluster::fresh_database();
        let (site, running, turn) = (String::new(), Vec::new(), AtomicUsize::new(0));
        let mut nodes = Self { database, site, limits, running, turn, folder };
        assert!(nodes.says(&["migrate"]).contains("as this version needs it"));
        nodes.says(&["site", "add", "--name", "Shop", "--origin", PAGE]);
        let site: Value = serde_json::from_str(&nodes.says(&["site", "list", "--json"])).unwrap();
        nodes.site = site["site"].as_str().or(site["id"].as_str()).unwrap().to_owned();
        let mut member = nodes.command(&["member", "add", "--email", "m@shop.example", "--password-stdin"]);
        let mut member = member.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(member.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(member.wait().unwrap().success());
        nodes.running = (0..NODES).map(|node| nodes.serve(&free(node))).collect();
        nodes
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command(self.folder.path(), &self.database, arguments)
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self, listen: &str) -> (Mutex<Child>, String) {
        let mut serve = self.command(
            &[
                &["serve", "--listen", listen, "--json", "--client-header", "x-forwarded-for"][..],
                &self.limits,
            ]
            .concat(),
        );
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        (Mutex::new(child), line["origin"].as_str().unwrap().to_owned())
    }

    /// Ends a node in the middle of whatever it does; `revive` lets it serve again where it did.
    fn kill(&self, node: usize) {
        let mut child = self.running[node].0.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks a node to end, and waits until it has.
    fn stop(&self, node: usize) {
        let mut child = self.running[node].0.lock().unwrap();
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn revive(&self, node: usize) {
        let (running, origin) = &self.running[node];
        let (child, _) = self.serve(&address(origin).to_string());
        *running.lock().unwrap() = child.into_inner().unwrap();
    }

    async fn ask(
        &self,
        node: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        // Everybody has an address of their own.
        let [_, _, c, d] = u32::try_from(self.turn.fetch_add(1, Ordering::Relaxed)).unwrap().to_be_bytes();
        let client = format!("10.0.{c}.{d}");
        let headers = [headers, &[("X-Forwarded-For", &*client)]].concat();
        let head = head(method, path, &headers, Some(body.len()));
        exchange(address(&self.running[node].1), &head, body.as_bytes()).await
    }

    fn next(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % NODES
    }

    fn submission(&self, id: u32, reporter: u32) -> Value {
        json!({
            "id": Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(id)),
            "site": self.site,
            "reporter": reporter_id(reporter),
            "kind": "bug",
            "message": format!("The basket forgets {id}"),
            "contact": { "email": format!("v{reporter}@mail.example") },
            "consent": { "policy": 1, "purposes": ["message", "contact"], "given_at": "2026-11-22T07:48:00Z", "asked": "panel" },
        })
    }

    async fn submit(&self, node: usize, id: u32, reporter: u32) -> Answer {
        let body = self.submission(id, reporter);
        let headers = [("Origin", PAGE), ("Content-Type", "application/json")];
        self.ask(node, "POST", "/v1/submissions", &headers, &body.to_string()).await
    }

    async fn me(&self, node: usize, method: &str, reporter: u32) -> Answer {
        let bearer = format!("Bearer {}", reporter_id(reporter));
        self.ask(node, method, "/v1/me", &[("Origin", PAGE), ("Authorization", &bearer)], "").await
    }

    /// A figure of a node's own.
    async fn figure(&self, node: usize, of: &str) -> u64 {
        let text = self.ask(node, "GET", "/metrics", &[], "").await.text();
        let lines = text.lines().filter(|line| line.starts_with(of));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    fn count(&self, of: &str) -> i64 {
        number(&self.database, &format!("SELECT count(*) FROM {of}"))
    }

    /// What holds whatever happened: no report that nobody can read, and a chain without a break.
    fn check(&self) {
        assert_eq!(
            self.count(
                "report WHERE erased_at IS NULL AND NOT EXISTS (SELECT 1 FROM reporter_key
                     WHERE reporter_key.reporter = report.reporter AND reporter_key.site = report.site)"
            ),
            0,
            "a report whose key is gone"
        );
        assert_eq!(
            self.count("report WHERE NOT EXISTS (SELECT 1 FROM consent WHERE consent.report = report.id)"),
            0
        );
        self.says(&["audit", "verify"]);
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for (child, _) in &self.running {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A node has an address of its own on the loopback, so that no client takes its port while it is away.
fn free(node: usize) -> String {
    format!("127.0.0.{}:0", node + 2)
}

fn command(folder: &Path, database: &str, arguments: &[&str]) -> Command {
    let mut command = candor(folder);
    command
        .env("CANDOR_DATABASE", database)
        .env("CANDOR_INSTANCE_KEY", "07".repeat(32))
        .env("CANDOR_MASTER_KEY", "08".repeat(32))
        .args(arguments);
    command
}

fn reporter_id(reporter: u32) -> Uuid {
    Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_0000_0000 + u128::from(reporter))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_submission_that_reaches_all_nodes_at_once_is_one_report() {
    let nodes = Nodes::start().await;
    for id in 0..25 {
        // A new visitor each time, so that their key is made by all nodes at once as well.
        let (a, b, c) =
            tokio::join!(nodes.submit(0, id, id), nodes.submit(1, id, id), nodes.submit(2, id, id));
        let mut statuses = [a.status, b.status, c.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 201], "{} {} {}", a.text(), b.text(), c.text());
        let number = |answer: &Answer| answer.json()["number"].clone();
        assert!(number(&a) == number(&b) && number(&b) == number(&c));
    }
    assert_eq!((nodes.count("report"), nodes.count("reporter_key")), (25, 25));
    nodes.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_sent_while_it_is_erased_elsewhere_is_readable_or_gone() {
    let nodes = Arc::new(Nodes::start().await);
    let mut tasks = Vec::new();
    for worker in 0..6_u32 {
        let nodes = Arc::clone(&nodes);
        tasks.push(tokio::spawn(async move {
            for round in 0..20 {
                let reporter = round % 3;
                if worker % 3 == 0 {
                    let answer = nodes.me(nodes.next(), "DELETE", reporter).await;
                    assert!([200, 204].contains(&answer.status), "{} {}", answer.status, answer.text());
                } else {
                    let answer = nodes.submit(nodes.next(), worker * 100 + round, reporter).await;
                    assert_eq!(answer.status, 201, "{}", answer.text());
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(nodes.count("report"), 80, "none is lost, though some are erased");
    nodes.check();
    // What is left is read alike everywhere.
    for reporter in 0..3 {
        let mut own = Vec::new();
        for node in 0..NODES {
            own.push(nodes.me(node, "GET", reporter).await.json()["reports"].clone());
        }
        assert!(own.iter().all(|reports| *reports == own[0]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_a_node_dies_and_the_database_hangs_up() {
    let mut nodes = Nodes::start().await;
    // It is asked by nobody in this test: that it dies holding connections is what the others must bear.
    let (victim, _) = nodes.running.remove(2);
    let spare = nodes.serve(&free(2));
    nodes.running.push(spare);
    let nodes = Arc::new(nodes);
    let (stop, acknowledged, refused) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut tasks = Vec::new();
    for worker in 0..4_u32 {
        let (nodes, stop) = (Arc::clone(&nodes), Arc::clone(&stop));
        let (acknowledged, refused) = (Arc::clone(&acknowledged), Arc::clone(&refused));
        tasks.push(tokio::spawn(async move {
            let mut kept = Vec::new();
            for round in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let id = worker * 100_000 + round;
                // As the widget does: the same again, until it is stored.
                loop {
                    let answer = nodes.submit(nodes.next(), id, id % 50).await;
                    match answer.status {
                        200 | 201 => break,
                        503 => {
                            refused.fetch_add(1, Ordering::SeqCst);
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        other => panic!("{other}: {}", answer.text()),
                    }
                }
                kept.push(id);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            kept
        }));
    }
    let until = async |more: u32| {
        let goal = acknowledged.load(Ordering::SeqCst) + more;
        while acknowledged.load(Ordering::SeqCst) < goal {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    until(20).await;
    {
        let mut victim = victim.lock().unwrap();
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
    for _ in 0..4 {
        until(20).await;
        cluster::run(
            &nodes.database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
    until(20).await;
    stop.store(true, Ordering::SeqCst);
    let mut kept = 0;
    for task in tasks {
        kept += task.await.unwrap().len();
    }
    assert_eq!(nodes.count("report"), i64::try_from(kept).unwrap(), "acknowledged is stored, once");
    nodes.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn backup_of_a_server_is_put_back_into_a_folder_without_who_was_erased_since() {
    let nodes = Arc::new(Nodes::start().await);
    for id in 0..30 {
        assert_eq!(nodes.submit(nodes.next(), id, id).await.status, 201);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (nodes, stop) = (Arc::clone(&nodes), Arc::clone(&stop));
        async move {
            for id in 1000.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                assert_eq!(nodes.submit(nodes.next(), id, id).await.status, 201);
            }
        }
    });
    let path = |name: &str| nodes.folder.path().join(name).to_str().unwrap().to_owned();
    let (to, keys) = (path("backup.zip"), path("candor.keys"));
    let backup = Arc::clone(&nodes);
    let arguments = ["backup".to_owned(), "--to".into(), to.clone(), "--keys".into(), keys.clone()];
    let backed_up = tokio::task::spawn_blocking(move || {
        backup.says(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    });
    backed_up.await.unwrap();
    stop.store(true, Ordering::SeqCst);
    load.await.unwrap();
    assert_eq!(nodes.me(0, "DELETE", 7).await.status, 200);
    nodes.says(&["backup", "--keys", &keys]);

    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut restored = candor(home.path());
        let output = restored.env("CANDOR_MASTER_KEY", "08".repeat(32)).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = run(&["restore", "--from", &to, "--keys", &keys]);
    assert!(said.contains("1 were erased since the backup, and 0 have no key"), "{said}");
    run(&["audit", "verify"]);
    assert!(run(&["site", "list"]).contains("Shop"));
    let database = rusqlite::Connection::open(home.path().join("data/candor.sqlite")).unwrap();
    let reports = "SELECT count(*) FROM report WHERE erased_at IS NULL";
    let reports: i64 = database.query_row(reports, [], |row| row.get(0)).unwrap();
    assert!(reports >= 29, "{reports}");
    drop(database);
    let export = |reporter: u32| {
        let file = home.path().join(format!("{reporter}.zip"));
        let id = reporter_id(reporter).to_string();
        let mut export = candor(home.path());
        export
            .env("CANDOR_MASTER_KEY", "08".repeat(32))
            .args(["export", "--reporter", &id, "--to"])
            .arg(&file);
        let output = export.output().unwrap();
        (output.status.success() && file.exists(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(export(8).0, "{}", export(8).1);
    assert!(!export(7).0, "whoever was erased is nowhere in it");

    // And back onto a server it does not go by itself.
    let refused = nodes.command(&["restore", "--from", &to, "--keys", &keys]).output().unwrap();
    assert!(
        !refused.status.success()
            && String::from_utf8_lossy(&refused.stderr).contains("leave --database out")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn session_of_one_node_is_a_session_of_all_and_ends_on_all() {
    let nodes = Nodes::start().await;
    let body = format!("email=m@shop.example&password={}", PASSWORD.replace(' ', "+"));
    let answer = nodes.ask(0, "POST", "/inbox/sign-in", &[HERE, FORM], &body).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let open = async |node| nodes.ask(node, "GET", "/inbox", &[("Cookie", &cookie)], "").await;
    let mut token = String::new();
    for node in 0..NODES {
        let page = open(node).await;
        assert_eq!(page.status, 200);
        token =
            page.text().split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().into();
    }
    let headers = [("Cookie", cookie.as_str()), FORM, HERE];
    let out = nodes.ask(1, "POST", "/inbox/sign-out", &headers, &format!("token={token}")).await;
    assert_eq!(out.status, 303, "{}", out.text());
    for node in 0..NODES {
        assert_eq!(open(node).await.status, 303, "signed out on node {node}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn change_of_policy_reaches_every_node_within_its_bound() {
    let nodes = Nodes::start().await;
    let version = async |node| {
        let path = format!("/v1/sites/{}", nodes.site);
        nodes.ask(node, "GET", &path, &[("Origin", PAGE)], "").await.json()["policy"]["version"].clone()
    };
    for node in 0..NODES {
        assert_eq!(version(node).await, 1);
    }
    nodes.says(&["site", "set", "--days", "message=20"]);
    // The bound is a second, by the nodes' own clocks.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for node in 0..NODES {
        assert_eq!(version(node).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sweeps_at_the_same_moment_take_everything_once() {
    let nodes = Nodes::start().await;
    for id in 0..60 {
        assert_eq!(nodes.submit(nodes.next(), id, id).await.status, 201);
    }
    cluster::run(&nodes.database, "UPDATE part SET until = 1; UPDATE report SET until = 1");
    let sweeps: Vec<_> = (0..NODES)
        .map(|_| {
            nodes.command(&["sweep", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut gone = [0, 0];
    for sweep in sweeps {
        let output = sweep.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let rows = serde_json::from_slice::<Value>(&output.stdout).unwrap()["rows"].clone();
        for (sum, of) in gone.iter_mut().zip(["message", "report"]) {
            *sum += rows[of].as_i64().unwrap();
        }
    }
    assert_eq!(gone, [60, 60]);
    assert_eq!([nodes.count("part"), nodes.count("report"), nodes.count("reporter_key")], [0, 0, 0]);
    nodes.check();
}
