//! The program's backups and receipts, beside a collector that runs.

use std::fs;

use crate::{
    harness::{exchange, head},
    program::{Demo, address, run, says},
};

#[tokio::test]
async fn backup_is_written_beside_a_running_collector_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let demo = Demo::start(folder.path());
    assert_eq!(demo.submit_granting("Zebrafinkenfutter", &["message"]).await.status, 201);
    let (backup, keys, again) = (path("backup.zip"), path("keys"), tempfile::tempdir().unwrap());
    says(&folder, &["backup", "--to", &backup, "--keys", &keys]);
    demo.kill();

    let master = path("data/master.key");
    let restore = ["restore", "--from", &backup, "--keys", &keys, "--master-key", &master];
    let told = says(&again, &restore);
    assert!(told.contains(": 1 reports; 0 were erased"), "{told}");
    let refused = run(&again, &restore);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is not empty"));
    assert!(says(&again, &["audit", "verify"]).contains("rows hold"));
    // The key that signed before is still published.
    let rotated = says(&again, &["receipt", "rotate"]);
    assert!(rotated.contains("2 public keys"), "{rotated}");
}

#[tokio::test]
async fn receipt_is_checked_by_a_command_with_nothing_but_the_published_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let demo = Demo::start(folder.path());
    let receipt = demo.submit_granting("It breaks", &["message"]).await.text();
    let keys_at = head("GET", "/.well-known/candor-receipt-keys.json", &[], None);
    let published = exchange(address(demo.text("origin")), &keys_at, b"").await.text();
    demo.kill();
    let (file, changed, keys) = (path("receipt"), path("changed"), path("jwks"));
    let nowhere = tempfile::tempdir().unwrap();
    fs::write(&file, &receipt).unwrap();
    fs::write(&keys, published).unwrap();
    let told = says(&nowhere, &["receipt", "verify", &file, "--keys", &keys]);
    assert!(told.starts_with("genuine") && told.contains("message until"), "{told}");
    assert!(!nowhere.path().join("data").exists(), "offline, and without an instance");
    assert!(says(&folder, &["receipt", "verify", &file]).starts_with("genuine"), "with the instance's own");
    let at = receipt.find("\"signed\":\"").unwrap() + 60;
    let letter = if receipt.as_bytes()[at] == b'A' { "B" } else { "A" };
    fs::write(&changed, [&receipt[..at], letter, &receipt[at + 1..]].concat()).unwrap();
    let refused = run(&folder, &["receipt", "verify", &changed, "--keys", &keys]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("genuine"));
}
