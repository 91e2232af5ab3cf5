//! What a backup holds, what it is without today's keys, and what is refused.

use std::sync::Arc;

use bytes::Bytes;
use candor_protocol::{Asked, Consent, Contact, Form, Kind, Look, Need, Purpose, Submission, TextMap};
use candor_rules::{Offer, Present, SiteTerms, admit, admit_file, default_policy};
use rusqlite::Connection;
use uuid::Uuid;

use super::*;
use crate::{
    audit::Actor,
    store::{BACKUP_DAYS, Inserted, InsertedFile, NewFile, NewSite, ReporterHash, Scope, StoreOptions, Walk},
    vault::{MASTER_KEY_FILE, MasterKeys, Owner},
};

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const SITE: Uuid = Uuid::from_u128(1);
const ADA: Uuid = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001);
const BOB: Uuid = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0002);

fn rng() -> Rng {
    let next = std::sync::atomic::AtomicU64::new(1);
    Rng::new(move |bytes| {
        for chunk in bytes.chunks_mut(32) {
            let hash = Sha256::digest(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_le_bytes());
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    })
}

/// An instance with a report of Ada's and one of Bob's, each with a file.
struct Bench {
    place: TempDir,
    store: Store,
    blobs: Blobs,
    rng: Rng,
}

impl Bench {
    async fn new() -> Self {
        let (place, rng) = (tempfile::tempdir().unwrap(), rng());
        let data = place.path().join("data");
        fs::create_dir(&data).unwrap();
        let key = InstanceKey::open_or_create(&data, &rng).unwrap();
        let masters = MasterKeys::open_or_create(&data, &rng).unwrap();
        let vault = Arc::new(Vault::new(masters, Some(data.clone()), rng.clone()));
        let store = Store::open(&data, key, vault, StoreOptions::default()).unwrap();
        let blobs = Blobs::in_folder(&data).unwrap();
        let (name, origins) = ("Shop".to_owned(), vec!["https://shop.example".to_owned()]);
        let mut policy = default_policy();
        policy.terms.iter_mut().for_each(|terms| terms.need = Need::Optional);
        let site = NewSite { id: SITE, name, origins, look: Look::default(), form: Form::default(), policy };
        store.add_site(site, NOW).await.unwrap();
        let bench = Self { place, store, blobs, rng };
        bench.submit(1, ADA).await;
        bench.submit(2, BOB).await;
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn key(&self) -> InstanceKey {
        InstanceKey::open_or_create(&self.path("data"), &self.rng).unwrap()
    }

    fn who(&self, reporter: Uuid) -> ReporterHash {
        ReporterHash::of(reporter, &self.key())
    }

    async fn submit(&self, number: u128, reporter: Uuid) {
        let site = self.store.directory(NOW).await.unwrap();
        let site = site.site(SITE).unwrap();
        let submission = Submission {
            id: Uuid::from_u128(0x0e37_df36_f698_4e3c_8a4b_2b9d_1a0f_0000 + number),
            site: SITE,
            reporter,
            kind: Kind::Bug,
            message: format!("words of {number}"),
            rating: None,
            custom: TextMap::default(),
            locale: None,
            contact: Some(Contact { email: Some(format!("{number}@mail.example")), ..Contact::default() }),
            browser: None,
            consent: Consent {
                policy: 1,
                purposes: vec![Purpose::Message, Purpose::Contact, Purpose::Picture],
                given_at: NOW,
                asked: Asked::Panel,
                evidence: None,
            },
        };
        let terms = SiteTerms { policy: &site.policy, form: &site.form, gpc: false };
        let admitted = admit(submission, terms, NOW).unwrap();
        let granted = admitted.granted().to_vec();
        let inserted = self.store.insert(self.rng.uuid_v7(NOW), admitted, [1; 32]).await.unwrap();
        let Inserted::Stored(receipt) = inserted else { panic!("{inserted:?}") };
        let plain = Bytes::from(format!("picture of {number}"));
        let offer = Offer {
            name: "p.png",
            purpose: Purpose::Picture,
            media_type: "image/png",
            bytes: plain.len() as u64,
        };
        let present = Present { granted: &granted, form: &site.form, files: 0, attachments: 0 };
        let admitted = admit_file(offer, present, NOW).unwrap();
        let seal = self.store.file_seal(receipt.report, Purpose::Picture, "p.png").await.unwrap().unwrap();
        let blob = self.blobs.keep(seal.seal(plain.clone()).await.unwrap()).await.unwrap();
        let new = NewFile { report: receipt.report, blob, bytes: plain.len() as u64, fingerprint: [2; 32] };
        let filed = self.store.insert_file(admitted, new, NOW).await.unwrap();
        assert!(matches!(filed, InsertedFile::Stored(_)), "{filed:?}");
    }

    async fn back_up(&self) {
        write((&self.store, &self.blobs), &self.path("backup"), NOW, |_, _| {}).await.unwrap();
        self.write_keys("keys").await;
    }

    async fn write_keys(&self, name: &str) {
        write_keys(&self.store, &self.key(), &self.path(name), &self.rng).await.unwrap();
    }

    fn master(&self) -> String {
        fs::read_to_string(self.path("data").join(MASTER_KEY_FILE)).unwrap()
    }

    async fn restore_with(&self, keys: &str, to: &str, master: &str) -> Result<PutBack, BackupError> {
        let vault = Vault::new(MasterKeys::parse(master).unwrap(), None, self.rng.clone());
        let (from, keys) = (self.path("backup"), self.path(keys));
        let chances = (&self.rng, NOW);
        restore((&from, &keys), (&self.path(to), None), &vault, Some(master), chances, |_, _| {}).await
    }

    async fn restore(&self, to: &str) -> Result<PutBack, BackupError> {
        self.restore_with("keys", to, &self.master()).await
    }

    /// The store in a folder that was restored.
    fn opened(&self, name: &str) -> (Store, Blobs) {
        let data = self.path(name);
        let key = InstanceKey::open_or_create(&data, &self.rng).unwrap();
        let masters = MasterKeys::open_or_create(&data, &self.rng).unwrap();
        let vault = Arc::new(Vault::new(masters, Some(data.clone()), self.rng.clone()));
        (Store::open(&data, key, vault, StoreOptions::default()).unwrap(), Blobs::in_folder(&data).unwrap())
    }

    /// The parts in a backup's database: of which report and for what, whose, and whether a key that exists today opens
    /// them.
    fn opened_today(&self, backup: &Path) -> Vec<((Uuid, Purpose), [u8; 32], bool)> {
        let today = Connection::open(self.path("data").join(DATABASE)).unwrap();
        let mut statement =
            today.prepare("SELECT site, reporter, master, wrapped FROM reporter_key").unwrap();
        let keys = statement.query_map([], |row| {
            let owner = Owner { site: Uuid::from_bytes(row.get(0)?), reporter: row.get(1)? };
            let wrapped = Wrapped { master: MasterId(row.get(2)?), bytes: row.get(3)? };
            Ok(self.store.vault().unwrap(&wrapped, &owner).unwrap())
        });
        let keys: Vec<_> = keys.unwrap().map(Result::unwrap).collect();
        let mut statement = today.prepare("SELECT report, sealed FROM key_ring").unwrap();
        let rings = statement.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)));
        let rings: Vec<(Uuid, Vec<u8>)> = rings.unwrap().map(Result::unwrap).collect();
        let backup = Connection::open(backup).unwrap();
        let sql = "SELECT report, purpose, body, reporter FROM part JOIN report ON report.id = part.report";
        let mut statement = backup.prepare(sql).unwrap();
        let parts = statement.query_map([], |row| {
            let purpose = Purpose::from_name(&row.get::<_, String>(1)?).unwrap();
            Ok((Uuid::from_bytes(row.get(0)?), purpose, row.get::<_, Vec<u8>>(2)?, row.get(3)?))
        });
        let parts = parts.unwrap().map(Result::unwrap);
        let opened = parts.map(|(report, purpose, body, reporter)| {
            let rings = rings.iter().flat_map(|(of, ring)| {
                keys.iter().filter_map(move |key| key.open_ring(*of, ring).ok()?.part(purpose))
            });
            let made = keys.iter().flat_map(|key| [key.part(report, purpose), key.itself()]);
            let about = store::part_about(report, purpose);
            let opens = made.chain(rings).any(|key| key.open(&about, &body).is_ok());
            ((report, purpose), reporter, opens)
        });
        opened.collect()
    }

    /// What lies sealed for a visitor: their wrapped key, their parts, their blobs and their names.
    async fn traces(&self, reporter: Uuid) -> Vec<Vec<u8>> {
        let database = Connection::open(self.path("data").join(DATABASE)).unwrap();
        let who = self.who(reporter);
        let all = |sql: &str| -> Vec<Vec<u8>> {
            let mut statement = database.prepare(sql).unwrap();
            let rows = statement.query_map([who.0], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let mut traces = all("SELECT wrapped FROM reporter_key WHERE reporter = ?1");
        traces
            .extend(all("SELECT body FROM part JOIN report ON report.id = part.report WHERE reporter = ?1"));
        let blobs = all("SELECT blob FROM file JOIN report ON report.id = file.report WHERE reporter = ?1");
        for blob in &blobs {
            let name = BlobName::from_bytes(blob.as_slice().try_into().unwrap());
            traces.push(self.blobs.open(name).await.unwrap().unwrap().to_vec());
        }
        traces.extend(blobs);
        assert!(traces.len() >= 5, "{} traces", traces.len());
        traces
    }
}

/// All bytes of all files under a folder.
fn bytes_under(folder: &Path) -> Vec<u8> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { bytes_under(&path) } else { fs::read(path).unwrap() })
        .collect()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn restored_instance_has_every_report_and_every_file() {
    let bench = Bench::new().await;
    bench.back_up().await;
    let before = bench.store.own(bench.who(ADA), Actor::Operator, NOW).await.unwrap();
    assert_eq!(bench.restore("again").await.unwrap(), PutBack { reports: 2, erased: 0, keyless: 0 });
    let mode = fs::metadata(bench.path("again")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else looks into it");
    let (store, blobs) = bench.opened("again");
    let after = store.own(bench.who(ADA), Actor::Operator, NOW).await.unwrap();
    assert_eq!(after, before);
    let (report, file) = (&after.reports[0], &after.reports[0].files[0]);
    let seal = store.file_seal(report.id, Purpose::Picture, &file.name).await.unwrap().unwrap();
    let plain = seal.open(blobs.open(file.blob).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(plain, "picture of 1");
    assert!(store.verify_audit().await.unwrap().is_ok());
    let acts: Vec<_> = store.audit(None, 10).await.unwrap().into_iter().map(|row| row.act).collect();
    assert!(acts.contains(&"restored".to_owned()), "{acts:?}");
}

#[tokio::test]
async fn who_was_erased_since_is_nowhere_in_what_is_restored_and_unreadable_in_the_backup() {
    let bench = Bench::new().await;
    let (ada, bob) = (bench.traces(ADA).await, bench.traces(BOB).await);
    bench.back_up().await;
    // The next day.
    let later = NOW.plus_days(1);
    let who = bench.who(ADA);
    bench.store.erase(who, Scope::Everything, Actor::Operator, Uuid::from_u128(9), later).await.unwrap();
    bench.write_keys("keys").await;
    let put = bench.restore("again").await.unwrap();
    assert_eq!((put.reports, put.erased), (1, 1));

    let restored = bytes_under(&bench.path("again"));
    for trace in &ada {
        assert!(!holds(&restored, trace), "{} bytes of Ada's are there", trace.len());
    }
    assert!(bob.iter().all(|trace| holds(&restored, trace)), "what is searched for is found where it is");
    let (store, _) = bench.opened("again");
    assert!(store.own(who, Actor::Operator, later).await.unwrap().reports.is_empty());
    assert_eq!(store.own(bench.who(BOB), Actor::Operator, later).await.unwrap().reports.len(), 1);

    // Yesterday's backup has her words, sealed, and no key that exists today opens them.
    let mut archive = Archive::open(&bench.path("backup")).unwrap();
    let yesterday = bench.path("yesterday.sqlite");
    archive.database(&yesterday).unwrap();
    let sealed = fs::read(&yesterday).unwrap();
    assert!(holds(&sealed, &ada[1]) && !holds(&sealed, &ada[0]) && !holds(&sealed, &bob[0]));
    let opened = bench.opened_today(&yesterday);
    assert_eq!(opened.len(), 4);
    assert!(opened.into_iter().all(|(_, of, opens)| opens == (of == bench.who(BOB).0)));
}

#[tokio::test]
async fn what_one_report_said_cannot_be_read_in_yesterdays_backup_and_its_sibling_can() {
    let bench = Bench::new().await;
    let gone = bench.traces(ADA).await;
    bench.submit(3, ADA).await;
    let who = bench.who(ADA);
    let own = bench.store.own(who, Actor::Operator, NOW).await.unwrap();
    let [third, first] = [own.reports[0].id, own.reports[1].id];
    bench.back_up().await;
    let old_key = &gone[0];
    // The next day one is erased, and of the other the address is taken back.
    let (later, by) = (NOW.plus_days(1), Actor::Operator);
    bench.store.erase(who, Scope::Report(first), by.clone(), Uuid::from_u128(9), later).await.unwrap();
    bench.store.withdraw(who, vec![Purpose::Contact], by.clone(), later).await.unwrap();
    bench.submit(4, ADA).await;
    bench.write_keys("keys").await;
    assert!(
        !holds(&bytes_under(&bench.path("data")), old_key),
        "the key is nowhere but in yesterday's ledger"
    );

    let mut archive = Archive::open(&bench.path("backup")).unwrap();
    let yesterday = bench.path("yesterday.sqlite");
    archive.database(&yesterday).unwrap();
    let opened: Vec<_> =
        bench.opened_today(&yesterday).into_iter().filter(|(_, of, _)| *of == who.0).collect();
    assert_eq!(opened.len(), 4, "the backup has all of it, sealed");
    for ((report, purpose), _, opens) in opened {
        assert_eq!(opens, report == third && purpose == Purpose::Message, "{report} {purpose:?}");
    }
    // The picture that has gone lies in the backup, too, and no key is there for it; its sibling's opens.
    for (report, is_there) in [(first, false), (third, true)] {
        let seal = bench.store.file_seal(report, Purpose::Picture, "p.png").await.unwrap();
        assert_eq!(seal.is_some(), is_there);
    }

    let put = bench.restore("again").await.unwrap();
    assert_eq!((put.reports, put.erased, put.keyless), (2, 2, 0));
    let restored = bytes_under(&bench.path("again"));
    assert!(!gone.iter().any(|trace| holds(&restored, trace)), "nothing of what was erased comes back");
    let (store, blobs) = bench.opened("again");
    let own = store.own(who, by, later).await.unwrap();
    assert_eq!(own.reports.len(), 1);
    let report = &own.reports[0];
    assert_eq!(report.parts.iter().map(|part| part.kept.purpose).collect::<Vec<_>>(), [Purpose::Message]);
    let seal = store.file_seal(report.id, Purpose::Picture, "p.png").await.unwrap().unwrap();
    let sealed = blobs.open(report.files[0].blob).await.unwrap().unwrap();
    assert_eq!(seal.open(sealed).await.unwrap(), "picture of 3");
}

#[tokio::test]
async fn what_cannot_be_put_back_is_refused_and_leaves_nothing() {
    let bench = Bench::new().await;
    bench.write_keys("old").await;
    bench.back_up().await;
    let (backup, keys) = (bench.path("backup"), bench.path("keys"));
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(bench.place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (whole, whole_keys, before) = (fs::read(&backup).unwrap(), fs::read(&keys).unwrap(), names());
    let refused = |outcome: Result<PutBack, BackupError>, why: &str| {
        let error = outcome.expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(names(), before, "{why}");
    };
    refused(bench.restore("data").await, "is not empty");
    refused(bench.restore_with("keys", "again", &"ab".repeat(32)).await, "another master key");
    refused(bench.restore_with("old", "again", &bench.master()).await, "older than the backup");
    refused(bench.restore_with("backup", "again", &bench.master()).await, "no file of keys");
    fs::write(&keys, &whole_keys[..whole_keys.len() - 1]).unwrap();
    refused(bench.restore("again").await, "changed or cut off");
    fs::write(&keys, &whole_keys).unwrap();
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&backup, &whole[..cut]).unwrap();
        refused(bench.restore("again").await, "no whole backup");
    }
    for part in 1..40 {
        let mut changed = whole.clone();
        let at = whole.len() * part / 40;
        changed[at] ^= 0x55;
        fs::write(&backup, &changed).unwrap();
        // A byte that means nothing may be another; then what comes back is whole.
        if let Ok(put) = bench.restore("again").await {
            assert_eq!(put.reports, 2);
            fs::remove_dir_all(bench.path("again")).unwrap();
        }
        assert_eq!(names(), before, "byte {at}");
    }
    fs::write(&backup, &whole).unwrap();
    fs::create_dir(bench.path("again")).unwrap();
    assert_eq!(bench.restore("again").await.unwrap().reports, 2, "an empty folder is no reason");
}

#[tokio::test]
async fn backup_from_before_the_known_erasures_is_refused() {
    let bench = Bench::new().await;
    bench.back_up().await;
    let (by, later) = (Actor::Operator, NOW.plus_days(1));
    let erase = async |who, id| {
        bench.store.erase(bench.who(who), Scope::Everything, by.clone(), Uuid::from_u128(id), later).await
    };
    erase(ADA, 8).await.unwrap();
    erase(BOB, 9).await.unwrap();
    let sweep = async |days| {
        let (now, mut walk) = (NOW.plus_days(days), Walk::default());
        while !walk.is_over() {
            bench.store.anonymise_due(now, 100, &mut walk).await.unwrap();
            bench.store.sweep(now, 100, &mut walk).await.unwrap();
        }
        bench.write_keys("keys").await;
    };
    // As long as it can be put back, all that was erased since is known.
    sweep(BACKUP_DAYS).await;
    assert_eq!(bench.restore("again").await.unwrap().reports, 0);
    let later = NOW.plus_days(BACKUP_DAYS + 3);
    write((&bench.store, &bench.blobs), &bench.path("younger"), later, |_, _| {}).await.unwrap();
    sweep(BACKUP_DAYS + 3).await;
    let refused = bench.restore("too late").await;
    assert!(matches!(refused, Err(BackupError::Refused(_))), "{refused:?}");
    assert!(!bench.path("too late").exists());
    // An instance that is put back from a younger one does not forget what it does not know any more.
    fs::rename(bench.path("younger"), bench.path("backup")).unwrap();
    bench.restore("younger").await.unwrap();
    let (store, _) = bench.opened("younger");
    let ledger = store.ledger().await.unwrap();
    assert!(!ledger.reaches(NOW) && ledger.reaches(later));
}
