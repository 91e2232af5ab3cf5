//! The program itself: its commands, and what survives when it is killed.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    bucket::{Bucket, Mood},
    harness::{Answer, exchange, head, shelf_files},
};

/// A `candor demo` of our own; killed when dropped.
pub(crate) struct Demo {
    child: Child,
    line: Value,
}

impl Demo {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_without_limits(folder: &Path) -> Self {
        Self::start_with(folder, &["--client-rate", "0", "--file-rate", "0"])
    }

    pub(crate) fn start_with(folder: &Path, flags: &[&str]) -> Self {
        let mut demo = candor(folder);
        demo.args(flags);
        Self::spawn(demo)
    }

    fn spawn(mut demo: Command) -> Self {
        demo.args(["demo", "--port", "0", "--json"]);
        let mut child = demo.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, line: serde_json::from_str(&line).unwrap() }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.line[name].as_str().unwrap()
    }

    pub(crate) async fn submit(&self, message: &str) -> Answer {
        self.submit_granting(message, &["message"]).await
    }

    pub(crate) async fn submit_granting(&self, message: &str, purposes: &[&str]) -> Answer {
        let body = json!({
            "id": "0e37df36-f698-4e3c-8a4b-2b9d1a0f0002",
            "site": self.text("site"),
            "reporter": "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001",
            "kind": "bug",
            "message": message,
            "consent": { "policy": 1, "purposes": purposes, "given_at": "2026-11-22T07:48:00Z", "asked": "panel" },
        })
        .to_string();
        let headers =
            [("Origin", self.text("page").trim_end_matches('/')), ("Content-Type", "application/json")];
        let head = head("POST", "/v1/submissions", &headers, Some(body.len()));
        exchange(address(self.text("origin")), &head, body.as_bytes()).await
    }
}

impl Demo {
    /// Sends a text file after the submission.
    pub(crate) async fn put(&self, name: &str, text: &str) -> Answer {
        put(self.text("origin"), self.text("page"), "0e37df36-f698-4e3c-8a4b-2b9d1a0f0002", (name, text))
            .await
    }

    /// Asks as the visitor who has submitted.
    pub(crate) async fn mine(&self) -> Answer {
        let bearer = [("Authorization", "Bearer 8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001")];
        exchange(address(self.text("origin")), &head("GET", "/v1/me", &bearer, None), b"").await
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a text file after a submission, from a page to a collector.
pub(crate) async fn put(origin: &str, page: &str, submission: &str, (name, text): (&str, &str)) -> Answer {
    let digest = STANDARD.encode(Sha256::digest(text));
    let headers = [
        ("Origin", page.trim_end_matches('/')),
        ("Content-Type", "text/plain"),
        ("Authorization", "Bearer 8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001"),
        ("Repr-Digest", &format!("sha-256=:{digest}:")),
    ];
    let path = format!("/v1/submissions/{submission}/files/{name}?purpose=attachment");
    let head = head("PUT", &path, &headers, Some(text.len()));
    exchange(address(origin), &head, text.as_bytes()).await
}

pub(crate) fn address(origin: &str) -> std::net::SocketAddr {
    origin.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}

/// The program, with its data and a few widget files in `folder`.
pub(crate) fn candor(folder: &Path) -> Command {
    let assets = folder.join("assets");
    if !assets.exists() {
        std::fs::create_dir(&assets).unwrap();
        for (name, bytes) in shelf_files() {
            std::fs::write(assets.join(name), bytes).unwrap();
        }
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_candor"));
    command
        .current_dir(folder)
        .env_clear()
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--assets")
        .arg(assets);
    command
}

pub(crate) fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    candor(folder.path()).args(arguments).output().unwrap()
}

pub(crate) fn says(folder: &TempDir, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn report_survives_the_program_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path());
    let first = demo.submit("Kept").await;
    assert_eq!(first.status, 201);
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    drop(demo);

    let again = Demo::start(folder.path());
    let answer = again.submit("Kept").await;
    assert_eq!((answer.status, answer.json()), (200, first.json()));
    assert_eq!(again.submit("Changed").await.json()["code"], "duplicate-mismatch");
}

#[tokio::test]
async fn file_survives_the_program_being_killed_and_half_of_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    assert_eq!(demo.submit_granting("Kept", &["message", "attachment"]).await.status, 201);
    let first = demo.put("log.txt", "kept").await;
    assert_eq!(first.status, 201, "{}", first.text());
    demo.kill();
    // What it leaves when it is killed while it writes, and before it writes the row.
    let shard = std::fs::read_dir(folder.path().join("data/blobs")).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read_dir(&shard).unwrap().next().unwrap().unwrap().path();
    let sealed = std::fs::read(&kept).unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"kept"), "it lies there for all to read");
    let name = kept.file_name().unwrap().to_str().unwrap().to_owned();
    let half = kept.with_file_name(format!("{name}#1"));
    let stray = kept.with_file_name(format!("{}00", &name[..62]));
    std::fs::write(&half, "ke").unwrap();
    std::fs::write(&stray, "no row").unwrap();

    let again = Demo::start(folder.path());
    assert!(!half.exists(), "half a file is nobody's");
    says(&folder, &["sweep"]);
    assert!(stray.exists(), "it might be about to get its row");
    assert_eq!(std::fs::read(&kept).unwrap(), sealed);
    let answer = again.put("log.txt", "kept").await;
    assert_eq!((answer.status, answer.json()), (200, first.json()));
    let dry_run = says(&folder, &["sweep", "--dry-run", "--json"]);
    let dry_run: Value = serde_json::from_str(&dry_run).unwrap();
    assert_eq!((&dry_run["rows"]["attachment"], &dry_run["rows"]["blob"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_blob_in_a_bucket_is_none_when_the_program_was_killed_between_its_parts() {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Bucket::start());
    let start = || {
        let mut demo = candor(folder.path());
        demo.args(["--file-rate", "0", "--blobs", &bucket.place("files")]).envs(bucket.variables());
        Demo::spawn(demo)
    };
    let demo = start();
    says(&folder, &["site", "set", "--attach", "text/plain", "--attach-bytes", "10000000"]);
    assert_eq!(demo.submit_granting("Kept", &["message", "attachment"]).await.status, 201);
    let large = "large ".repeat(1_500_000);
    bucket.set(Mood::SilentBetweenParts);
    let before = bucket.writes();
    let (origin, page) = (demo.text("origin").to_owned(), demo.text("page").to_owned());
    let (sent, id) = (large.clone(), "0e37df36-f698-4e3c-8a4b-2b9d1a0f0002");
    let putting = tokio::spawn(async move { put(&origin, &page, id, ("log.txt", &sent)).await });
    // The beginning, the first part, and the second.
    while bucket.writes() < before + 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    demo.kill();
    // Nobody has answered.
    assert!(putting.await.is_err());
    bucket.set(Mood::Well);
    let blobs = bucket.blobs("files", None);
    let count = async || {
        let mut count = 0;
        for shard in 0..=u8::MAX {
            count += blobs.names(shard).await.unwrap().len();
        }
        count
    };
    assert_eq!(count().await, 0, "half a blob is none");

    let again = start();
    assert!(!again.mine().await.text().contains("log.txt"), "no row names it");
    assert_eq!(again.put("log.txt", &large).await.status, 201);
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn demo_page_is_of_another_origin_under_the_printed_policy() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    assert_ne!(demo.text("page").trim_end_matches('/'), demo.text("origin"));
    let page = exchange(address(demo.text("page")), &head("GET", "/", &[], None), b"").await;
    let tag =
        format!("<script async src=\"{}/s/{}/candor.js\"></script>", demo.text("origin"), demo.text("site"));
    assert!(page.text().contains(&tag) && page.text().contains("data-candor-open"));
    let printed = says(&folder, &["csp", "--public-url", demo.text("origin")]);
    let policy = format!("Content-Security-Policy: {}", page.header("content-security-policy").unwrap());
    assert!(printed.lines().any(|line| line == policy), "{policy} in {printed}");
}

#[tokio::test]
async fn program_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path());
    assert_eq!(demo.submit("Kept").await.status, 201);
    let asked = Command::new("kill").args(["-TERM", &demo.child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert!(demo.child.wait().unwrap().success());
}

#[test]
fn site_is_added_listed_set_closed_and_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let id = says(&folder, &["site", "add", "--name", "Shop", "--origin", "https://Shop.example/"]);
    let list = says(&folder, &["site", "list"]);
    assert_eq!(list, format!("{}  Shop  https://shop.example\n", id.trim()));
    let path = folder.path().join("policy.json");
    let policy = |days: u32| {
        json!({ "terms": [{ "purpose": "message", "need": "required", "days": days }] }).to_string()
    };
    std::fs::write(&path, policy(10)).unwrap();
    let set = ["site", "set", "--policy", path.to_str().unwrap()];
    assert!(says(&folder, &set).contains("version 2"));
    std::fs::write(&path, policy(100_000)).unwrap();
    let refused = run(&folder, &set);
    assert_eq!(refused.status.code(), Some(1));
    let look = folder.path().join("look.json");
    std::fs::write(&look, json!({ "accent": "#b00", "theem": "dark" }).to_string()).unwrap();
    let mistyped = run(&folder, &["site", "set", "--look", look.to_str().unwrap()]);
    assert!(String::from_utf8(mistyped.stderr).unwrap().contains("there is no setting theem"));
    let asked = ["site", "set", "--need", "picture=optional", "--need", "attachment=optional"];
    assert!(
        says(&folder, &[&asked[..], &["--attach", "image/*", "--attach-count", "2"]].concat())
            .contains("version 3")
    );
    let set = says(&folder, &["site", "list", "--json"]);
    let set: Value = serde_json::from_str(&set).unwrap();
    assert_eq!(set["form"]["attachments"], json!({ "types": ["image/*"], "count": 2, "bytes": 5_242_880 }));
    assert_eq!(set["policy"]["terms"][1], json!({ "purpose": "picture", "need": "optional", "days": 90 }));
    for (flags, fault) in [
        (["--attach", "*/*"], "media types such as"),
        (["--attach-bytes", "99999999"], "10485760 bytes"),
        (["--need", "picture=often"], "purposes are message"),
    ] {
        let refused = run(&folder, &[&["site", "set"][..], &flags].concat());
        assert!(!refused.status.success());
        assert!(String::from_utf8(refused.stderr).unwrap().contains(fault), "{flags:?}");
    }
    says(&folder, &["site", "set", "--no-attachments"]);
    assert!(!says(&folder, &["site", "list", "--json"]).contains("image/*"));
    says(&folder, &["site", "close"]);
    assert!(says(&folder, &["site", "list"]).contains("(closed)"));
    says(&folder, &["site", "reopen"]);
    assert!(!says(&folder, &["site", "list"]).contains("(closed)"));
    assert!(says(&folder, &["snippet", "--public-url", "https://f.example"]).contains(id.trim()));
    assert!(
        says(&folder, &["snippet", "--pinned", "--public-url", "https://f.example"])
            .contains("integrity=\"sha384-")
    );
    assert!(says(&folder, &["member", "add", "--email", "a@b.example"]).contains("password: "));
    assert!(says(&folder, &["sweep", "--dry-run"]).contains("would go"));
}

#[test]
fn faults_are_said_in_a_sentence_with_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["snippet", "--public-url", "https://f.example"][..], "there is no site yet"),
        (&["site", "add", "--name", "a", "--origin", "shop.example"], "--origin shop.example"),
        (&["serve", "--assets", "/nowhere"], "/nowhere"),
        (&["serve", "--public-url", "https://f.example/path"], "--public-url"),
    ] {
        let output = run(&folder, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("candor: ") && said.contains(expected), "{arguments:?}: {said}");
    }
    assert_eq!(run(&folder, &["sing"]).status.code(), Some(2));
}

#[test]
fn database_without_its_key_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    says(&folder, &["site", "list"]);
    let key = folder.path().join("data/instance.key");
    std::fs::remove_file(&key).unwrap();
    let output = run(&folder, &["site", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("instance.key is missing"));
    assert!(!key.exists());
}

#[test]
fn another_and_a_cut_off_master_key_are_refused_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    says(&folder, &["site", "add", "--name", "Shop", "--origin", "https://shop.example"]);
    let data = folder.path().join("data");
    let path = data.join("master.key");
    let good = std::fs::read_to_string(&path).unwrap();
    let bytes = || ["candor.sqlite", "instance.key"].map(|file| std::fs::read(data.join(file)).unwrap());
    let before = bytes();
    let another = "ab".repeat(32);
    for (key, said) in
        [(another.as_str(), "another master key"), (&good[..40], "master.key"), ("", "master.key")]
    {
        std::fs::write(&path, key).unwrap();
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["sweep"], &["site", "list"]] {
            let output = run(&folder, command);
            assert_eq!(output.status.code(), Some(1), "{command:?} with {key:?}");
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.contains(said) && !told.contains("panicked"), "{told}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
        assert!(bytes() == before, "the database was written with {key:?}");
    }
    std::fs::write(&path, good).unwrap();
    assert!(says(&folder, &["site", "list"]).contains("Shop"));
}
