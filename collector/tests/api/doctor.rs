//! `candor doctor`: what it finds, what it advises, and what it keeps to itself.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Demo, candor, says};

/// What it says, and whether the exit code is 0.
fn doctor(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> (Value, bool) {
    let mut command = candor(folder.path());
    command.args(["doctor", "--json"]).args(arguments).envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (value, output.status.success())
}

/// How the things of this name are, the worst last, and everything that is said of them.
fn of(found: &Value, check: &str) -> (Vec<String>, String) {
    let findings = found["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    let text = |finding: &Value, field| finding[field].as_str().unwrap_or_default().to_owned();
    let states = findings.clone().map(|finding| text(finding, "state")).collect();
    (states, findings.map(|finding| text(finding, "says") + "; " + &text(finding, "advice") + "\n").collect())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn doctor_finds_nothing_to_mend_beside_a_running_collector() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    says(&folder, &["sweep"]);
    let origin = demo.text("origin").trim_end_matches('/');
    let (found, is_fine) = doctor(&folder, &["--public-url", origin], &[]);
    assert!(is_fine && found["ok"] == true && found["failed"] == 0, "{found:#}");
    for check in [
        "settings", "widget", "clock", "folder", "disk", "keys", "database", "sweep", "audit", "blobs",
        "address",
    ] {
        let (states, said) = of(&found, check);
        assert!(!states.is_empty() && states.iter().all(|state| state == "ok"), "{check}: {states:?} {said}");
    }
    let before = fs::read_dir(folder.path().join("data")).unwrap().count();
    doctor(&folder, &[], &[]);
    assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), before, "it leaves nothing behind");
}

#[tokio::test]
async fn doctor_makes_nothing_where_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let (found, is_fine) = doctor(&folder, &[], &[]);
    assert!(is_fine, "{found:#}");
    assert!(!folder.path().join("data").exists());
    let (states, said) = of(&found, "database");
    assert!(states == ["warn"] && said.contains("none yet"), "{said}");
}

#[tokio::test]
async fn doctor_says_what_is_broken_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    says(&folder, &["site", "add", "--name", "Shop", "--origin", "https://shop.example"]);
    let data = folder.path().join("data");
    let (found, is_fine) = doctor(&folder, &[], &[("CANDOR_DATABSE", "x"), ("CANDOR_LOG", "warn")]);
    assert!(is_fine, "{found:#}");
    let (states, said) = of(&found, "settings");
    assert!(
        states == ["ok", "warn"] && said.contains("CANDOR_DATABSE: no such") && said.contains("CANDOR_LOG"),
        "{said}"
    );
    let (states, said) = of(&found, "sites");
    assert!(
        states == ["warn", "warn"] && said.contains("nobody may read") && said.contains("no privacy page"),
        "{said}"
    );
    assert!(of(&found, "sweep").1.contains("none has run yet"));

    set_mode(&data.join("master.key"), 0o644);
    let (found, is_fine) = doctor(&folder, &[], &[]);
    assert!(!is_fine && of(&found, "keys").1.contains("chmod 600"), "{found:#}");
    fs::remove_file(data.join("master.key")).unwrap();
    let (found, is_fine) = doctor(&folder, &[], &[]);
    let (states, said) = of(&found, "keys");
    assert!(!is_fine && states == ["ok", "fail"], "{found:#}");
    assert!(said.contains("master.key is not there") && said.contains("restore it"), "{said}");
    assert!(!data.join("master.key").exists(), "a key that is missing is not replaced");

    // A page in the middle is gone.
    let database = data.join("candor.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    bytes[16_384 * 2..16_384 * 4].fill(0xa7);
    fs::write(&database, bytes).unwrap();
    let (found, is_fine) = doctor(&folder, &[], &[]);
    let (states, said) = of(&found, "database");
    assert!(!is_fine && states == ["fail"] && said.contains("restore"), "{found:#}");
}

#[tokio::test]
async fn doctor_tells_no_secret_and_nobodys_address() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    let environment = [
        ("CANDOR_MAIL_URL", "smtp://user:hunter2@127.0.0.1:1"),
        ("CANDOR_MAIL_FROM", "Shop <feedback@shop.example>"),
    ];
    let (found, is_fine) = doctor(&folder, &["--mail-to", "ada@mail.example"], &environment);
    assert!(!is_fine && of(&found, "mail").0 == ["fail"], "{found:#}");
    let master = fs::read_to_string(folder.path().join("data/master.key")).unwrap();
    let text = found.to_string();
    for secret in
        [master.trim(), "hunter2", "feedback@shop.example", "ada@mail.example", demo.text("password")]
    {
        assert!(!text.contains(secret), "{secret}");
    }
}
