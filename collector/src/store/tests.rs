// long: the contract reads as one list, over one bench
//! The contract of the store, whatever engine is under it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use candor_protocol::{
    Asked, BrowserFacts, Consent, Contact, Form, Kind, Look, Purpose, Receipt, Submission, TextMap, Timestamp,
};
use candor_rules::{Admitted, Content, SiteTerms, admit, default_policy};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    audit::Actor,
    chance::Rng,
    key::InstanceKey,
    vault::{MasterKeys, Vault},
};

mod beside;
mod plans;

pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
pub(super) const REPORTER: Uuid = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001);
pub(super) const SITE: Uuid = Uuid::from_u128(1);
pub(super) const MEMBER: Uuid = Uuid::from_u128(2);

pub(super) struct Bench {
    pub(super) store: Store,
    rng: Rng,
    pub(super) folder: TempDir,
    /// The database's, where it is on a server.
    address: Option<String>,
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::with(StoreOptions::default()).await
    }

    async fn with(options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = cluster::is_asked_for().then(cluster::fresh_database);
        let store = open((folder.path(), address.as_deref()), [7; 32], vault(), options).unwrap();
        let bench = Self { store, rng: counting_rng(), folder, address };
        bench.add_site(SITE, "Shop").await;
        bench.store.add_member(MEMBER, "m@shop.example".into(), "hash".into(), NOW).await.unwrap();
        bench.store.grant(MEMBER, SITE, Role::Member).await.unwrap();
        bench
    }

    /// A store whose master key lies in a file, so that it can be exchanged.
    pub(super) async fn with_key_file() -> Self {
        let mut bench = Self::new().await;
        let (home, rng) = (bench.folder.path().to_path_buf(), counting_rng());
        fs::write(home.join("master.key"), "07".repeat(32)).unwrap();
        fs::set_permissions(home.join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let masters = MasterKeys::open_or_create(&home, &rng).unwrap();
        let vault = Arc::new(Vault::new(masters, Some(home), rng));
        bench.store = bench.open(vault);
        bench
    }

    /// The same database, opened again.
    pub(super) fn reopened(mut self) -> Self {
        self.store = self.open(vault());
        self
    }

    pub(super) fn open(&self, vault: Arc<Vault>) -> Store {
        self.try_open([7; 32], vault).unwrap()
    }

    pub(super) fn try_open(&self, key: [u8; 32], vault: Arc<Vault>) -> Result<Store, StoreError> {
        open((self.folder.path(), self.address.as_deref()), key, vault, StoreOptions::default())
    }

    /// Whether the database is a file of ours; what a test says of files says nothing of a server.
    pub(super) fn is_file(&self) -> bool {
        self.address.is_none()
    }

    pub(super) async fn add_site(&self, id: Uuid, name: &str) {
        let site = NewSite {
            id,
            name: name.into(),
            origins: vec![format!("https://{id}.example")],
            look: Look::default(),
            form: Form::default(),
            policy: default_policy(),
        };
        self.store.add_site(site, NOW).await.unwrap();
    }

    pub(super) async fn insert(&self, admitted: Admitted) -> Result<Inserted, StoreError> {
        let fingerprint = [u8::try_from(admitted.parts().len()).unwrap(); 32];
        let id = self.rng.uuid_v7(admitted.received_at());
        self.store.insert(id, admitted, fingerprint).await
    }

    pub(super) async fn stored(&self, admitted: Admitted) -> Receipt {
        match self.insert(admitted).await.unwrap() {
            Inserted::Stored(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn page(&self, now: Timestamp) -> Page {
        self.store.reports(all(), now).await.unwrap()
    }

    /// The database, for what no method of the store does.
    pub(super) fn database(&self) -> sql::Connection {
        match self.address.clone() {
            None => rusqlite::Connection::open(self.folder.path().join("candor.sqlite")).unwrap().into(),
            Some(address) => sql::Server::connect(&sql::Address::parse(&address).unwrap()).unwrap().into(),
        }
    }

    /// Every byte of the database and what lies beside it; of a server, what its rows say.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut bytes: Vec<u8> = entries.flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        if !self.is_file() {
            bytes.extend(self.asked(|database| {
                let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
                let mut tables = database.prepare(tables).unwrap();
                let tables = tables.query_map([], |row| row.get::<String>(0)).unwrap();
                let rows = tables.map(|table| {
                    let sql = format!("SELECT string_agg(t::text, ' ') FROM {} t", table.unwrap());
                    database.query_row(&sql, [], |row| row.get::<Option<String>>(0)).unwrap()
                });
                rows.flatten().collect::<String>().into_bytes()
            }));
        }
        bytes
    }

    pub(super) fn holds(&self, needle: &[u8]) -> bool {
        let bytes = self.bytes();
        let hex: String = needle.iter().map(|byte| format!("{byte:02x}")).collect();
        [needle, hex.as_bytes()]
            .iter()
            .any(|needle| bytes.windows(needle.len()).any(|found| found == *needle))
    }

    /// Asks the database what no method of the store tells.
    pub(super) fn asked<T: Send>(&self, ask: impl FnOnce(&sql::Connection) -> T + Send) -> T {
        // A server's driver must not be used on a thread that runs async work.
        std::thread::scope(|scope| scope.spawn(|| ask(&self.database())).join().unwrap())
    }

    pub(super) fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.asked(|database| database.query_row(&sql, [], |row| row.get(0)).unwrap())
    }
}

fn open(
    (folder, address): (&Path, Option<&str>),
    key: [u8; 32],
    vault: Arc<Vault>,
    options: StoreOptions,
) -> Result<Store, StoreError> {
    let key = InstanceKey::new(key);
    match address {
        None => Store::open(folder, key, vault, options),
        Some(address) => Store::connect(address, key, vault),
    }
}

pub(super) fn vault() -> Arc<Vault> {
    let masters = MasterKeys::parse(&"07".repeat(32)).unwrap();
    Arc::new(Vault::new(masters, None, counting_rng()))
}

fn counting_rng() -> Rng {
    let next = AtomicU64::new(1);
    Rng::new(move |bytes| {
        for byte in bytes.iter_mut() {
            *byte = (next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
    })
}

fn all() -> PageQuery {
    PageQuery { member: MEMBER, site: None, kind: None, before: None, limit: 100 }
}

pub(super) fn admitted(id: u128, message: &str, at: Timestamp) -> Admitted {
    admitted_from(REPORTER, id, message, at)
}

pub(super) fn admitted_from(reporter: Uuid, id: u128, message: &str, at: Timestamp) -> Admitted {
    let submission = Submission {
        id: Uuid::from_u128(id),
        site: SITE,
        reporter,
        kind: Kind::Bug,
        message: message.into(),
        rating: None,
        custom: TextMap::from([("order", "A-17")]),
        locale: Some("en".into()),
        contact: Some(Contact { email: Some("a@b.example".into()), ..Contact::default() }),
        browser: Some(BrowserFacts { online: Some(true), ..BrowserFacts::default() }),
        consent: Consent {
            policy: 1,
            purposes: vec![Purpose::Message, Purpose::Contact, Purpose::Browser],
            given_at: at,
            asked: Asked::Page,
            evidence: Some("cmp-1".into()),
        },
    };
    let terms = SiteTerms { policy: &default_policy(), form: &Form::default(), gpc: false };
    admit(submission, terms, at).unwrap()
}

#[tokio::test]
async fn report_is_read_as_it_was_admitted() {
    let bench = Bench::new().await;
    let sent = admitted(1, "It «breaks» 🙂", NOW);
    let receipt = bench.stored(sent.clone()).await;
    let report = bench.store.report(MEMBER, receipt.report, NOW).await.unwrap().unwrap();
    assert_eq!(report.parts, sent.parts());
    assert_eq!(report.consent, *sent.consent());
    assert_eq!((report.kind, report.rating, report.received_at), (sent.kind(), sent.rating(), NOW));
    assert_eq!(report.kept, receipt.kept);
    assert_eq!(bench.page(NOW).await.lines.len(), 1);
}

#[tokio::test]
async fn same_submission_gets_the_same_receipt_and_another_one_is_refused() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "a", NOW)).await;
    let later = admitted(1, "a", NOW.plus_days(1));
    assert_eq!(bench.insert(later).await.unwrap(), Inserted::Duplicate(receipt));
    let other = bench.store.insert(Uuid::from_u128(99), admitted(1, "b", NOW), [0; 32]).await.unwrap();
    assert_eq!(other, Inserted::Mismatch);
    assert_eq!(bench.count("report"), 1);
}

#[tokio::test]
async fn reporter_id_is_nowhere_in_the_files() {
    let bench = Bench::new().await;
    let sent = admitted(1, "a", NOW);
    let (raw, text) = (*sent.reporter().as_bytes(), sent.reporter().to_string());
    bench.stored(sent).await;
    assert!(!bench.holds(&raw) && !bench.holds(text.as_bytes()));
    assert!(bench.holds(&ReporterHash::of(Uuid::from_bytes(raw), &bench.store.key).0));
}

#[tokio::test]
async fn one_unit_that_fails_takes_no_neighbour_with_it() {
    let bench = Bench::new().await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    // The first unit holds the writer until the others have gathered behind it, so that they share a commit.
    let wait = Arc::new(Mutex::new(wait));
    let first = bench.store.writer.write(move |_| wait.lock().unwrap().recv().map_err(|_| StoreError::Full));
    let second = bench.insert(admitted(1, "a", NOW));
    let bad = bench.store.writer.write(|connection| {
        connection.execute("DELETE FROM part", [])?;
        let sql = "INSERT INTO part (report, purpose, body, until) VALUES (?1, 'p', ?1, 0)";
        Ok(connection.execute(sql, [[0_u8]])?)
    });
    let panicking = bench.store.writer.write(|_| -> Result<(), StoreError> { panic!("on purpose") });
    let third = bench.insert(admitted(2, "b", NOW));
    let release = async {
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    let (first, second, bad, panicking, third, ()) =
        tokio::join!(first, second, bad, panicking, third, release);
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert!(matches!(bad, Err(StoreError::Fault(_))), "a part without a report breaks a foreign key");
    assert!(matches!(panicking, Err(StoreError::Fault(_))));
    assert_eq!(bench.count("report"), 2);
}

#[tokio::test]
async fn reports_that_share_a_commit_without_savepoints_fail_each_alone() {
    let bench = Bench::new().await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(Some(wait));
    // The first unit holds the writer until the others have gathered behind it.
    let first = bench.store.writer.write_again(move |_| {
        let wait = wait.lock().unwrap().take();
        Ok(wait.map(|wait| wait.recv()))
    });
    let second = bench.insert(admitted(1, "a", NOW));
    let bad = bench.store.writer.write_again(|connection| {
        connection.execute("UPDATE report SET kind = 'bad'", [])?;
        let sql = "INSERT INTO part (report, purpose, body, until) VALUES (?1, 'p', ?1, 0)";
        Ok(connection.execute(sql, [[0_u8]])?)
    });
    let third = bench.insert(admitted(2, "b", NOW));
    // A reporter's second report in one commit, and the same submission again.
    let again = bench.insert(admitted(2, "b", NOW));
    let release = async {
        tokio::task::yield_now().await;
        go.send(()).unwrap();
    };
    let (first, second, bad, third, again, ()) = tokio::join!(first, second, bad, third, again, release);
    assert!(first.is_ok() && second.is_ok());
    assert!(matches!(bad, Err(StoreError::Fault(_))));
    let (Ok(Inserted::Stored(stored)), Ok(Inserted::Duplicate(known))) = (third, again) else { panic!() };
    assert_eq!(stored, known);
    let page = bench.page(NOW).await;
    assert_eq!(page.lines.len(), 2);
    for line in &page.lines {
        assert_eq!(line.kind, Kind::Bug, "what the bad one changed is taken back");
        assert!(line.message.is_some(), "it opens under its reporter's key");
    }
}

#[test]
fn database_whose_program_was_killed_in_the_middle_of_a_change_says_whether_it_knows_its_keys() {
    let [live, killed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let database = rusqlite::Connection::open(live.path().join("candor.sqlite")).unwrap();
    // As it is before the write-ahead log is switched on: a journal beside the file says how to take back.
    database
        .execute_batch(
            "PRAGMA cache_size = 5; CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('key_check', x'00');
             CREATE TABLE filling (bytes); BEGIN; UPDATE meta SET name = 'other';
             WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 100)
             INSERT INTO filling SELECT zeroblob(4000) FROM count;",
        )
        .unwrap();
    for file in ["candor.sqlite", "candor.sqlite-journal"] {
        fs::copy(live.path().join(file), killed.path().join(file)).unwrap();
    }
    assert_eq!(Store::knows_keys(killed.path()).unwrap(), (true, false));
}

#[tokio::test]
async fn what_has_expired_is_not_read_though_no_sweep_ran() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "a", NOW)).await;
    let purposes_after = async |days| {
        let report = bench.store.report(MEMBER, receipt.report, NOW.plus_days(days)).await.unwrap();
        report.map(|report| report.parts.iter().map(|part| part.kept.purpose).collect::<Vec<_>>())
    };
    assert_eq!(purposes_after(29).await.unwrap(), [Purpose::Message, Purpose::Contact, Purpose::Browser]);
    assert_eq!(purposes_after(30).await.unwrap(), [Purpose::Message, Purpose::Contact]);
    assert_eq!(purposes_after(180).await.unwrap(), [Purpose::Message]);
    assert_eq!(purposes_after(365).await, None);
    let line = &bench.page(NOW.plus_days(180)).await.lines[0];
    assert!(
        line.contact.is_none() && matches!(&line.message, Some(Content::Message { text, .. }) if text == "a")
    );
    assert!(bench.page(NOW.plus_days(365)).await.lines.is_empty());
    assert_eq!(bench.count("part"), 3, "no sweep ran");
}

#[tokio::test]
async fn sweep_deletes_what_is_due_and_nothing_else() {
    let bench = Bench::new().await;
    for id in 1..=7 {
        bench.stored(admitted(id, "a", NOW)).await;
    }
    let young = bench.stored(admitted(8, "b", NOW.plus_days(1))).await;
    let at = NOW.plus_days(365);
    let due = bench.store.due(at).await.unwrap();
    assert_eq!((due.parts, due.reports, due.consents), ([7, 8, 0, 0, 8, 0, 0], 7, 0));
    let mut swept = Due::default();
    loop {
        let batch = bench.store.sweep(at, 3, &mut Walk::default()).await.unwrap();
        if batch.total() == 0 {
            break;
        }
        swept = swept.plus(batch);
    }
    assert_eq!(swept, due, "the dry run tells what the sweep does");
    assert_eq!((bench.count("report"), bench.count("part"), bench.count("consent")), (1, 1, 8));
    assert!(bench.store.report(MEMBER, young.report, at).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sweep_comes_past_what_stays_however_much_it_is() {
    let bench = Bench::new().await;
    let held = bench.stored(admitted(1, "held", NOW)).await.report;
    for id in 2..=6 {
        bench.stored(admitted(id, "due", NOW.plus_ms(1))).await;
    }
    bench.store.hold(SITE, held, Some("a dispute".into()), Actor::Operator, NOW).await.unwrap();
    // The oldest rows stay, and are all that one batch looks at.
    let at = NOW.plus_days(366);
    let (mut walk, mut batches, mut swept) = (Walk::default(), 0, Due::default());
    while !walk.is_over() {
        bench.store.anonymise_due(at, 2, &mut walk).await.unwrap();
        swept = swept.plus(bench.store.sweep(at, 2, &mut walk).await.unwrap());
        batches += 1;
    }
    assert_eq!((swept.reports, bench.count("report"), bench.count("part")), (5, 1, 3));
    assert!(batches <= 24, "{batches} batches for 18 parts, 6 reports and their addresses");
}

#[tokio::test]
async fn consent_outlives_its_report_until_three_years_after_the_last_one() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "a", NOW)).await;
    bench.stored(admitted(2, "b", NOW.plus_days(200))).await;
    let consents_after = async |days| {
        while bench.store.sweep(NOW.plus_days(days), 100, &mut Walk::default()).await.unwrap().total() > 0 {}
        bench.count("consent")
    };
    assert_eq!(consents_after(1095).await, 2, "the younger one keeps the older one");
    assert_eq!(bench.count("report"), 0);
    assert_eq!(consents_after(1294).await, 2);
    assert_eq!(consents_after(1295).await, 0);
}

#[tokio::test]
async fn full_store_refuses_and_recovers_once_there_is_room() {
    let bench = Bench::with(StoreOptions { bytes_max: Some(1024 * 1024) }).await;
    if !bench.is_file() {
        // How much a server may hold is set on the server.
        return;
    }
    let big = "x".repeat(9_000);
    let mut stored = 0;
    let error = loop {
        match bench.insert(admitted(100 + stored, &big, NOW)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1000, "it never got full");
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert_eq!(u128::from(bench.count("report")), stored, "what was refused left nothing behind");
    while bench.store.sweep(NOW.plus_days(365), 10, &mut Walk::default()).await.unwrap().total() > 0 {}
    bench.stored(admitted(1, &big, NOW.plus_days(365))).await;
}

#[tokio::test]
async fn pages_go_from_new_to_old_without_gap_or_repeat() {
    let bench = Bench::new().await;
    for n in 0..25 {
        bench.stored(admitted(n + 1, "a", NOW.plus_ms(i64::try_from(n).unwrap()))).await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = bench.store.reports(PageQuery { before, limit: 10, ..all() }, NOW).await.unwrap();
        seen.extend(page.lines.iter().map(|line| line.received_at));
        before = page.lines.last().map(|line| line.id);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn member_reads_only_reports_of_their_sites() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "a", NOW)).await;
    let stranger = Uuid::from_u128(3);
    bench.add_site(Uuid::from_u128(9), "Other").await;
    bench.store.add_member(stranger, "s@other.example".into(), "hash".into(), NOW).await.unwrap();
    bench.store.grant(stranger, Uuid::from_u128(9), Role::Owner).await.unwrap();
    assert_eq!(bench.store.report(stranger, receipt.report, NOW).await.unwrap(), None);
    let asked = PageQuery { member: stranger, site: Some(SITE), ..all() };
    assert!(bench.store.reports(asked, NOW).await.unwrap().lines.is_empty());
}

#[tokio::test]
async fn change_of_policy_makes_a_version_and_no_change_makes_none() {
    let bench = Bench::new().await;
    let mut policy = default_policy();
    policy.terms[0].days = 100;
    let set = async |policy| {
        let change = SiteChange { policy: Some(policy), ..SiteChange::default() };
        bench.store.change_site(SITE, change, NOW).await.unwrap().unwrap().policy.version
    };
    assert_eq!(set(policy.clone()).await, 2);
    assert_eq!(set(policy).await, 2);
    assert_eq!(set(default_policy()).await, 3);
    assert_eq!(bench.store.directory(NOW).await.unwrap().site(SITE).unwrap().policy.version, 3);
    assert_eq!(bench.count("policy"), 3);
}

#[tokio::test]
async fn another_programs_change_is_seen_after_a_second() {
    let bench = Bench::new().await;
    let name = async |now| bench.store.directory(now).await.unwrap().site(SITE).unwrap().name.clone();
    assert_eq!(name(NOW).await, "Shop");
    let other = bench.open(vault());
    let change = SiteChange { name: Some("Boutique".into()), ..SiteChange::default() };
    other.change_site(SITE, change, NOW).await.unwrap();
    assert_eq!(name(NOW.plus_ms(1000)).await, "Boutique");
}

#[tokio::test]
async fn database_is_not_opened_with_another_key() {
    let bench = Bench::new().await;
    assert!(matches!(bench.try_open([8; 32], vault()), Err(StoreError::Conflict(_))));
    assert!(bench.try_open([7; 32], vault()).is_ok());
}

#[tokio::test]
async fn many_at_once_with_one_id_make_one_report() {
    let bench = Arc::new(Bench::new().await);
    let tries = (0..64).map(|_| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.insert(admitted(1, "a", NOW)).await.unwrap() })
    });
    let mut stored = 0;
    for each in tries.collect::<Vec<_>>() {
        stored += usize::from(matches!(each.await.unwrap(), Inserted::Stored(_)));
    }
    assert_eq!((stored, bench.count("report")), (1, 1));
}
