//! An instance on a server's database and a bucket: how it moves there from a folder while its collector runs, and that
//! it needs no folder there.

use std::{
    io::{BufRead as _, BufReader, Cursor, Read as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    bucket::Bucket,
    cluster,
    harness::{Answer, Held, exchange, head, hold_table, number},
    program::{Demo, address, candor, put, run, says},
};

const ADA: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";

/// What a page sends to a collector that is there, or no answer.
async fn submit(origin: &str, page: &str, site: &str, id: u32) -> Answer {
    submit_granting(origin, page, site, (id, &["message"])).await
}

async fn submit_granting(origin: &str, page: &str, site: &str, (id, purposes): (u32, &[&str])) -> Answer {
    let body = json!({
        "id": submission(id),
        "site": site,
        "reporter": ADA,
        "kind": "bug",
        "message": format!("The basket forgets {id}"),
        "consent": { "policy": 1, "purposes": purposes, "given_at": "2026-11-22T07:48:00Z", "asked": "panel" },
    })
    .to_string();
    let headers = [("Origin", page.trim_end_matches('/')), ("Content-Type", "application/json")];
    let head = head("POST", "/v1/submissions", &headers, Some(body.len()));
    exchange(address(origin), &head, body.as_bytes()).await
}

fn submission(id: u32) -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(id))
}

async fn send(demo: &Demo, id: u32) -> Answer {
    submit(demo.text("origin"), demo.text("page"), demo.text("site"), id).await
}

/// The command that moves what is in a folder.
fn moving(folder: &Path, database: &str, bucket: &Bucket) -> Command {
    let mut command = candor(folder);
    command.args(["move", "--to", database, "--blobs-to", &bucket.place("moved")]).envs(bucket.variables());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// The program on a server's database and a bucket, with the keys in a folder, if it has some.
fn on_server(folder: &Path, database: &str, bucket: &Bucket) -> Command {
    let mut command = candor(folder);
    command
        .env("CANDOR_DATABASE", database)
        .env("CANDOR_BLOBS", bucket.place("moved"))
        .envs(bucket.variables());
    command
}

/// A collector and where it listens; killed when dropped.
struct Served(Child, String);

impl Served {
    /// A collector on a server's database and a bucket.
    fn start(folder: &Path, database: &str, bucket: &Bucket) -> Self {
        Self::run(on_server(folder, database, bucket))
    }

    fn run(mut candor: Command) -> Self {
        candor.args(["serve", "--listen", "127.0.0.1:0", "--json", "--client-rate", "0"]);
        let mut child = candor.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        Self(child, line["origin"].as_str().unwrap().to_owned())
    }

    async fn mine(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {ADA}");
        exchange(address(&self.1), &head("GET", path, &[("Authorization", &bearer)], None), b"").await
    }

    /// Whether a file that says this is among what the visitor may take along.
    async fn exports(&self, said: &str) -> bool {
        let mut export = zip::ZipArchive::new(Cursor::new(self.mine("/v1/me/export").await.body)).unwrap();
        (0..export.len()).any(|at| {
            let mut bytes = Vec::new();
            export.by_index(at).unwrap().read_to_end(&mut bytes).unwrap();
            bytes == said.as_bytes()
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends one report after the other until it is told to stop; says which were acknowledged.
async fn keep_sending(demo: Arc<Demo>, mut id: u32, stop: Arc<AtomicBool>) -> Vec<u32> {
    let mut stored = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let answer = send(&demo, id).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        stored.push(id);
        id += 1;
    }
    stored
}

fn messages(mine: &Answer) -> Vec<String> {
    let reports = mine.json()["reports"].as_array().unwrap().clone();
    reports.iter().map(|report| report["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instance_moves_while_reports_come_in_and_its_collector_goes_over_without_refusing_one() {
    let (folder, database, bucket) =
        (tempfile::tempdir().unwrap(), cluster::fresh_database(), Bucket::start());
    let demo = Arc::new(Demo::start_without_limits(folder.path()));
    assert_eq!(demo.submit_granting("Kept", &["message", "attachment"]).await.status, 201);
    assert_eq!(demo.put("log.txt", "kept").await.status, 201);
    for id in 0..40 {
        assert_eq!(send(&demo, id).await.status, 201);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let sending: Vec<_> =
        [1000, 500_000].map(|id| tokio::spawn(keep_sending(Arc::clone(&demo), id, Arc::clone(&stop)))).into();
    while number_of_reports(folder.path()) < 45 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut command = moving(folder.path(), &database, &bucket);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let left_behind = number_of_reports(folder.path());
    // The same collector goes on, with the other database and the other place for files.
    assert_eq!(send(&demo, 999_999).await.status, 201);
    assert_eq!(demo.put("late.txt", "late").await.status, 201);
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged: Vec<_> = (0..40).chain([999_999]).collect();
    for sending in sending {
        acknowledged.extend(sending.await.unwrap());
    }
    assert_eq!(number_of_reports(folder.path()), left_behind, "something was stored where nobody looks");
    let there = messages(&demo.mine().await);
    for id in &acknowledged {
        let times = there.iter().filter(|said| **said == format!("The basket forgets {id}")).count();
        assert_eq!(times, 1, "{id} was acknowledged");
    }
    let stored = number(&database, "SELECT count(*) FROM report");
    assert_eq!(usize::try_from(stored).unwrap(), acknowledged.len() + 1);
    assert!(stored > left_behind);
    assert_eq!(bucket_files(&bucket), 2);
    drop(demo);

    // Another one that is told of the new place, and one that is started on the folder as before.
    let elsewhere = Served::start(folder.path(), &database, &bucket);
    assert!(elsewhere.exports("kept").await && elsewhere.exports("late").await);
    let as_before = Demo::start_without_limits(folder.path());
    assert_eq!(messages(&as_before.mine().await).len(), acknowledged.len() + 1);
    assert_eq!(send(&as_before, 1).await.status, 200, "the same submission again is answered as it was");
    assert_eq!(send(&as_before, 1_000_000).await.status, 201);
    assert_eq!(number_of_reports(folder.path()), left_behind);
    assert_eq!(number(&database, "SELECT count(*) FROM report"), stored + 1);
    assert!(says(&folder, &["audit", "verify"]).contains("rows hold"));
    let again = moving(folder.path(), &database, &bucket).output().unwrap();
    assert!(text(&again).contains("has moved to another database"), "{}", text(&again));
}

#[tokio::test]
async fn collector_that_is_not_told_where_to_sends_away_whoever_comes() {
    let (folder, database) = (tempfile::tempdir().unwrap(), cluster::fresh_database());
    let demo = Demo::start_without_limits(folder.path());
    assert_eq!(send(&demo, 1).await.status, 201);
    says(&folder, &["move", "--to", &database, "--leave-no-address"]);
    let late = send(&demo, 2).await;
    assert_eq!((late.status, late.comes_back_soon()), (503, true), "{}", late.text());
    let refused = run(&folder, &["site", "list"]);
    assert!(text(&refused).contains("has moved to another database"), "{}", text(&refused));
    let file = std::fs::read(folder.path().join("data/candor.sqlite")).unwrap();
    assert!(!file.windows(11).any(|window| window == b"postgres://"));
}

fn bucket_files(bucket: &Bucket) -> usize {
    let shards = std::fs::read_dir(bucket.folder("moved")).unwrap().map(|shard| shard.unwrap().path());
    shards.filter(|shard| shard.is_dir()).map(|shard| std::fs::read_dir(shard).unwrap().count()).sum()
}

fn number_of_reports(folder: &Path) -> i64 {
    let file = rusqlite::Connection::open(folder.join("data/candor.sqlite")).unwrap();
    file.query_row("SELECT count(*) FROM report", [], |row| row.get(0)).unwrap()
}

/// Lets a move come as far as the first of two tables, holds the second against it, and kills it.
async fn kill_at(mut command: Command, database: &str, (first, second): (&str, &'static str)) -> Held {
    let mut migrate = Command::new(command.get_program());
    // The schema has to be there before anything in it is held. Keys of its own are none of the move's.
    let home = tempfile::tempdir().unwrap();
    migrate.env_clear().current_dir(home.path()).arg("migrate").arg("--data").arg(home.path());
    migrate.env("CANDOR_DATABASE", database);
    migrate.env("CANDOR_INSTANCE_KEY", "07".repeat(32)).env("CANDOR_MASTER_KEY", "08".repeat(32));
    assert!(migrate.output().unwrap().status.success());
    let held = hold_table(database, second);
    let mut killed = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while number(database, &format!("SELECT count(*) FROM {first}")) == 0 {
        assert!(killed.try_wait().unwrap().is_none(), "it ended before it was held");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    held
}

#[tokio::test]
async fn move_that_is_killed_between_two_tables_is_gone_on_with() {
    let (folder, database, bucket) =
        (tempfile::tempdir().unwrap(), cluster::fresh_database(), Bucket::start());
    let demo = Demo::start_without_limits(folder.path());
    assert_eq!(demo.submit_granting("Kept", &["message", "attachment"]).await.status, 201);
    assert_eq!(demo.put("log.txt", "kept").await.status, 201);
    for id in 0..20 {
        assert_eq!(send(&demo, id).await.status, 201);
    }
    let held = kill_at(moving(folder.path(), &database, &bucket), &database, ("report", "consent")).await;
    held.let_go();
    // What nobody may open yet.
    let early =
        candor(folder.path()).args(["site", "list"]).env("CANDOR_DATABASE", &database).output().unwrap();
    assert!(text(&early).contains("an instance is moving into this database"), "{}", text(&early));
    // Meanwhile things come, change and go.
    for id in 20..25 {
        assert_eq!(send(&demo, id).await.status, 201);
    }
    says(&folder, &["site", "set", "--name", "Renamed"]);
    says(&folder, &["member", "add", "--email", "late@shop.example"]);
    let backup = folder.path().join("backup.zip");
    says(&folder, &["backup", "--to", backup.to_str().unwrap()]);
    let output = moving(folder.path(), &database, &bucket).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(number(&database, "SELECT count(*) FROM report"), 26);
    assert_eq!(number(&database, "SELECT count(*) FROM site WHERE name = 'Renamed'"), 1);
    assert_eq!(number(&database, "SELECT count(*) FROM member"), 2);
    let there = Served::start(folder.path(), &database, &bucket);
    assert_eq!(there.mine("/v1/me").await.json()["reports"].as_array().unwrap().len(), 26);
}

#[tokio::test]
async fn what_was_erased_meanwhile_does_not_come_along() {
    let (folder, database) = (tempfile::tempdir().unwrap(), cluster::fresh_database());
    let demo = Demo::start_without_limits(folder.path());
    assert_eq!(demo.submit_granting("Gone", &["message", "attachment"]).await.status, 201);
    assert_eq!(demo.put("log.txt", "gone").await.status, 201);
    let mut command = candor(folder.path());
    command.args(["move", "--to", &database]);
    kill_at(command, &database, ("reporter_key", "words")).await.let_go();
    says(&folder, &["erase", "--reporter", ADA, "--yes"]);
    let output = candor(folder.path()).args(["move", "--to", &database]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    for table in ["reporter_key", "part", "file", "words"] {
        assert_eq!(number(&database, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[tokio::test]
async fn only_an_empty_database_is_moved_to_and_only_a_folder_moves() {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Bucket::start());
    let another = cluster::fresh_database();
    says(&folder, &["site", "add", "--name", "Shop", "--origin", "https://shop.example"]);
    let mut add = candor(folder.path());
    add.args(["site", "add", "--name", "Shop", "--origin", "https://shop.example"]);
    assert!(add.env("CANDOR_DATABASE", &another).output().unwrap().status.success());
    let refused = moving(folder.path(), &another, &bucket).output().unwrap();
    assert!(!refused.status.success() && text(&refused).contains("give an empty one"), "{}", text(&refused));
    assert_eq!(number(&another, "SELECT count(*) FROM site"), 1);
    for (arguments, said) in [
        (&["move", "--to", "mysql://x"][..], "no address of a PostgreSQL database"),
        (&["move", "--to", "postgres://candor@127.0.0.1:1/x"], "Connection refused"),
        (&["move", "--to", &another, "--database", &another], "leave --database out"),
        (&["move", "--to", &another, "--blobs-to", "s3://"], "lacks its bucket"),
    ] {
        let refused = run(&folder, arguments);
        assert!(!refused.status.success() && text(&refused).contains(said), "{}", text(&refused));
    }
    // Nothing of it is left in the folder's database.
    says(&folder, &["move", "--give-up"]);
    assert!(says(&folder, &["site", "list"]).contains("Shop"));
}

#[tokio::test]
async fn collectors_on_a_database_and_a_bucket_share_all_and_need_no_folder() {
    const SHOP: &str = "https://shop.example";
    let (database, bucket) = (cluster::fresh_database(), Bucket::start());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let command = |at: usize| {
        let mut command = on_server(folders[at].path(), &database, &bucket);
        command.env("CANDOR_INSTANCE_KEY", "07".repeat(32)).env("CANDOR_MASTER_KEY", "08".repeat(32));
        command
    };
    let add = ["site", "add", "--name", "Shop", "--origin", SHOP, "--attach", "text/plain"];
    let added = command(0).args(add).args(["--need", "attachment=optional"]).output().unwrap();
    assert!(added.status.success(), "{}", text(&added));
    let list = command(1).args(["site", "list", "--json"]).output().unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    let site = list["site"].as_str().or(list["id"].as_str()).unwrap();
    let [first, second] = [0, 1].map(|at| Served::run(command(at)));
    let sent = submit_granting(&first.1, SHOP, site, (1, &["message", "attachment"])).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let kept = put(&first.1, SHOP, &submission(1).to_string(), ("log.txt", "kept")).await;
    assert_eq!(kept.status, 201, "{}", kept.text());
    assert!(second.exports("kept").await);
    let ready = exchange(address(&second.1), &head("GET", "/readyz", &[], None), b"").await;
    assert_eq!(ready.text(), "ready\n");
    assert!(folders.iter().all(|folder| !folder.path().join("data").exists()));
}
