//! What whoever runs the collector does on its machine, beside the collector that runs there.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Answer, exchange, head},
    program::{Demo, address, run, says},
};

const ADA: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";
const BOB: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0002";

impl Demo {
    /// Sends words and an address as this reporter.
    async fn send(&self, reporter: &str, id: u128, message: &str) {
        let body = json!({
            "id": Uuid::from_u128(0x0e37_df36_f698_4e3c_8a4b_2b9d_1a0f_0000 + id),
            "site": self.text("site"),
            "reporter": reporter,
            "kind": "bug",
            "message": message,
            "contact": { "email": format!("{}@mail.example", if reporter == ADA { "ada" } else { "bob" }) },
            "consent": { "policy": 1, "purposes": ["message", "contact"], "given_at": "2026-11-22T07:48:00Z",
                "asked": "panel" },
        })
        .to_string();
        let headers =
            [("Origin", self.text("page").trim_end_matches('/')), ("Content-Type", "application/json")];
        let head = head("POST", "/v1/submissions", &headers, Some(body.len()));
        let answer = exchange(address(self.text("origin")), &head, body.as_bytes()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    async fn me(&self, reporter: &str) -> Answer {
        let bearer = format!("Bearer {reporter}");
        let head = head("GET", "/v1/me", &[("Authorization", &bearer)], None);
        exchange(address(self.text("origin")), &head, b"").await
    }

    /// The words of all that this reporter has.
    async fn words(&self, reporter: &str) -> Vec<String> {
        let answer = self.me(reporter).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let reports = answer.json()["reports"].as_array().unwrap().clone();
        reports.iter().map(|report| report["message"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn master_key_is_exchanged_beside_a_collector_that_goes_on_taking_reports() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    demo.send(ADA, 1, "before").await;
    let master = folder.path().join("data/master.key");
    let before = std::fs::read_to_string(&master).unwrap();
    assert!(says(&folder, &["key", "rotate"]).starts_with("1 reporters' keys"));
    let after = std::fs::read_to_string(&master).unwrap();
    assert!(!after.contains(before.trim()) && after.lines().count() == 1);
    // The collector still has the old key in memory. Whoever comes now must not be lost with it.
    demo.send(BOB, 2, "after").await;
    assert_eq!((demo.words(ADA).await, demo.words(BOB).await), (vec!["before".into()], vec!["after".into()]));
    demo.kill();
    let demo = Demo::start(folder.path());
    assert_eq!((demo.words(ADA).await, demo.words(BOB).await), (vec!["before".into()], vec!["after".into()]));
    assert!(says(&folder, &["audit", "list"]).contains("operator  key-rotated  1 reporters' keys"));
}

#[tokio::test]
async fn an_exchange_of_the_master_key_that_was_interrupted_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    demo.send(ADA, 1, "before").await;
    let master = folder.path().join("data/master.key");
    let old = std::fs::read_to_string(&master).unwrap();
    // Killed as soon as the fresh key was in the file.
    let fresh = "a7".repeat(32);
    std::fs::write(&master, format!("{fresh}\n{old}")).unwrap();
    demo.send(BOB, 2, "between").await;
    says(&folder, &["key", "rotate"]);
    assert_eq!(std::fs::read_to_string(&master).unwrap().trim(), fresh);
    demo.kill();
    let demo = Demo::start(folder.path());
    assert_eq!(demo.words(ADA).await, ["before"]);
    assert_eq!(demo.words(BOB).await, ["between"]);
}

#[test]
fn master_key_of_the_environment_is_exchanged_there() {
    let folder = tempfile::tempdir().unwrap();
    let (old, fresh) = ("a7".repeat(32), "b8".repeat(32));
    let rotate = |keys: &str| {
        let mut command = crate::program::candor(folder.path());
        let output = command.args(["key", "rotate"]).env("CANDOR_MASTER_KEY", keys).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    std::fs::create_dir(folder.path().join("data")).unwrap();
    assert!(rotate(&old).contains("put the new one before it"));
    assert!(rotate(&format!("{fresh},{old}")).contains("Take the old key out of CANDOR_MASTER_KEY"));
    assert!(rotate(&old).contains("made with another master key"));
}

#[tokio::test]
async fn log_is_proven_and_printed_and_a_change_to_it_ends_with_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    assert!(says(&folder, &["audit", "verify"]).starts_with("0 rows hold\nhead 0000"));
    let demo = Demo::start(folder.path());
    demo.send(ADA, 1, "words").await;
    for _ in 0..3 {
        demo.me(ADA).await;
    }
    drop(demo);
    let said = says(&folder, &["audit", "verify"]);
    assert!(said.starts_with("3 rows hold, up to row 3\nhead "), "{said}");
    let head = said.trim().rsplit(' ').next().unwrap().to_owned();
    let json: Value = serde_json::from_str(&says(&folder, &["audit", "verify", "--json"])).unwrap();
    assert_eq!(json, json!({ "ok": true, "rows": 3, "head": { "row": 3, "hash": head } }));
    let list = says(&folder, &["audit", "list", "--limit", "2"]);
    let lines: Vec<_> = list.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("2  ") && lines[1].contains("accessed"), "{list}");
    let rows = says(&folder, &["audit", "list", "--json", "--before", "2"]);
    let row: Value = serde_json::from_str(rows.trim()).unwrap();
    assert_eq!((&row["row"], &row["act"]), (&json!(1), &json!("accessed")));

    let database = rusqlite::Connection::open(folder.path().join("data/candor.sqlite")).unwrap();
    database.execute("UPDATE audit SET subject = 'nobody' WHERE seq = 2", []).unwrap();
    drop(database);
    let output = run(&folder, &["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["ok"], false);
    assert!(String::from_utf8(output.stderr).unwrap().contains("row 2 was changed"));
}

#[tokio::test]
async fn operator_hands_out_and_erases_what_is_kept_of_somebody_beside_a_running_collector() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    demo.send(ADA, 1, "first").await;
    demo.send(ADA, 2, "second").await;
    demo.send(BOB, 3, "another's").await;
    let to = folder.path().join("ada.zip");
    let to = to.to_str().unwrap();
    let said = says(&folder, &["export", "--email", "Ada@mail.example", "--to", to]);
    assert!(said.ends_with("ada.zip: 2 reports\n"), "{said}");
    let mut archive = zip::ZipArchive::new(std::fs::File::open(to).unwrap()).unwrap();
    let document: Value = serde_json::from_reader(archive.by_name("my-feedback.json").unwrap()).unwrap();
    assert_eq!(
        (&document["reports"][0]["message"], &document["reports"][1]["message"]),
        (&json!("second"), &json!("first"))
    );
    assert!(!run(&folder, &["export", "--reporter", ADA, "--to", to]).status.success(), "the file is there");

    let output = run(&folder, &["erase", "--email", "ada@mail.example"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("Say --yes"), "nobody is there to be asked");
    assert_eq!(demo.words(ADA).await.len(), 2);
    let said = says(&folder, &["erase", "--email", "ada@mail.example", "--yes", "--reason", "a letter"]);
    assert!(said.contains(": 2 reports erased"), "{said}");
    assert_eq!((demo.words(ADA).await.len(), demo.words(BOB).await.len()), (0, 1));
    let log = says(&folder, &["audit", "list"]);
    assert!(
        log.contains("operator  exported  visitor:") && log.contains("operator  erased  visitor:"),
        "{log}"
    );
    assert!(log.contains("(a letter)") && !log.contains("mail.example"), "{log}");
    let nobody = run(&folder, &["erase", "--email", "ada@mail.example", "--yes"]);
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("no report carries this address"));
    // Erasing by the id twice is no mistake.
    assert!(says(&folder, &["erase", "--reporter", ADA, "--yes"]).contains(": 0 reports erased"));
}

#[tokio::test]
async fn files_of_somebody_who_is_erased_leave_the_disk_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    assert_eq!(demo.submit_granting("Kept", &["message", "attachment"]).await.status, 201);
    assert_eq!(demo.put("log.txt", "kept").await.status, 201);
    let said = says(&folder, &["erase", "--reporter", ADA, "--site", demo.text("site"), "--yes"]);
    assert!(said.contains(": 1 report erased\n1 file removed from disk"), "{said}");
    let shards = std::fs::read_dir(folder.path().join("data/blobs")).unwrap();
    let left: usize =
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).map_or(0, Iterator::count)).sum();
    assert_eq!(left, 0);
}

#[test]
fn owner_chooses_which_rights_wait_for_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    says(
        &folder,
        &["site", "add", "--name", "Shop", "--origin", "https://shop.example", "--erase", "on-request"],
    );
    assert!(says(&folder, &["site", "list"]).ends_with("https://shop.example  erase on request\n"));
    says(&folder, &["site", "set", "--correct", "on-request", "--erase", "at-once"]);
    let list: Value = serde_json::from_str(&says(&folder, &["site", "list", "--json"])).unwrap();
    assert_eq!(list["grants"], json!({ "erase": "at_once", "correct": "on_request" }));
    says(&folder, &["site", "set", "--name", "Boutique"]);
    assert!(says(&folder, &["site", "list"]).contains("correct on request"));
    assert_eq!(run(&folder, &["site", "set", "--erase", "never"]).status.code(), Some(2));
}

#[tokio::test]
async fn every_policy_that_was_in_force_can_be_read_and_no_days_are_over_the_ceiling() {
    let folder = tempfile::tempdir().unwrap();
    let origin = ["site", "add", "--name", "Shop", "--origin", "https://shop.example"];
    says(&folder, &[&origin[..], &["--days", "picture=30", "--need", "picture=optional"]].concat());
    assert!(says(&folder, &["site", "set", "--days", "message=20"]).contains("version 2"));
    assert!(
        says(&folder, &["site", "set", "--days", "message=20"]).contains("version 2"),
        "nothing has changed"
    );
    let told = says(&folder, &["site", "policies"]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("2  ") && lines[0].contains("message required 20 days"), "{told}");
    assert!(lines[1].starts_with("1  ") && lines[1].contains("message required 365 days"), "{told}");
    assert!(told.lines().all(|line| line.contains("picture optional 30 days")), "{told}");
    let first = says(&folder, &["site", "policies", "--json"]);
    let first: Value = serde_json::from_str(first.lines().last().unwrap()).unwrap();
    assert_eq!(first["policy"]["version"], 1);

    let refused = run(&folder, &["site", "set", "--days", "message=9999"]);
    assert!(!refused.status.success());
    let refused = run(&folder, &["site", "set", "--days", "words=3"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("such as picture=30"));
    says(&folder, &["site", "close", "--all"]);
    assert!(says(&folder, &["site", "list"]).contains("(closed)"));
    assert!(says(&folder, &["site", "reopen", "--all"]).contains("Shop is open"));
}
