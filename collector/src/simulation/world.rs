// long: the steps and the laws read as one list, and share the world they happen in
//! The real store and blobs, the steps taken on them, and the laws.
//!
//! After each step: visitors are served their own reports, parts and files, as the model has them, and nothing that is
//! past its date, was erased, or is another's; members nothing that is restricted, objected to or taken back; a retry
//! gets the first receipt; the audit log's chain holds. What a sweep has taken was due. Who has no report left has no
//! key, and no key that is left opens what was erased or taken back. At the end, with strays noted and their hour over, rows and blobs name each other.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Display,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use candor_protocol::{
    Asked, Attachments, BrowserFacts, Consent, Contact, Correction, Effect, Form, Grants, Kind, Look, Need,
    Policy, Purpose, Right, Submission, TextMap, Timestamp,
};
use candor_rules::{
    Admitted, AdmittedFile, Content, Offer, Present, SiteTerms, admit, admit_file, default_policy,
};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    look::{Database, Row},
    model::{File, Model, Report, Sent, Site},
    step::{Dice, Step},
};
use crate::{
    audit::Actor,
    backup::{self, BackupError},
    blobs::{BlobName, Blobs},
    chance::{Clock, Rng},
    key::InstanceKey,
    retention,
    store::{
        Answer, AtEnd, Closing, FiledReport, Inserted, InsertedFile, NewFile, NewSite, PageQuery,
        ReporterHash, Role, Scope, SiteChange, Store, StoreOptions, Walk, part_about,
    },
    vault::{MASTER_KEY_FILE, MasterId, MasterKeys, Owner, Vault, Wrapped},
};

const BEGIN: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const HOUR_MS: i64 = 3_600_000;
/// Days for which a backup can be put back.
const BACKUP_DAYS: u16 = 3;
const SITES: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];
const REPORTERS: [Uuid; 3] = [
    Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001),
    Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0002),
    Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0003),
];
const MEMBER: Uuid = Uuid::from_u128(0x3e3be7);

/// A broken law, in words.
type Law = String;

fn fault(error: impl Display) -> Law {
    format!("the store failed: {error}")
}

macro_rules! hold {
    ($condition:expr, $($law:tt)+) => {
        if !$condition { return Err(format!($($law)+)); }
    };
}

/// A file that was judged and whose blob is written, but not its row.
struct Begun {
    report: Uuid,
    admitted: AdmittedFile,
    new: NewFile,
    sealed: Bytes,
    plain: Bytes,
}

pub(super) struct World {
    folder: TempDir,
    /// Always there, but while it is opened again.
    store: Option<Store>,
    /// Dropped after the store that works on it.
    database: Database,
    blobs: Blobs,
    vault: Arc<Vault>,
    rng: Rng,
    now: Timestamp,
    latest: Timestamp,
    model: Model,
    begun: Option<Begun>,
    sent: u8,
    /// The last backup, when it was made, and what there was then.
    backup: Option<(TempDir, Timestamp, Model)>,
    /// Wrapped keys that were destroyed.
    destroyed: Vec<Vec<u8>>,
    /// What was erased or taken back, as it lay there: a backup may have it still.
    gone: Vec<Sealed>,
}

/// A part as it lies in the database.
struct Sealed {
    report: Uuid,
    purpose: Purpose,
    bytes: Vec<u8>,
}

/// In memory where the system has such a place: what is tested is what was written, not when it reached a disk.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open(folder: &Path, database: &Database, rng: &Rng) -> (Store, Blobs, Arc<Vault>) {
    let masters = MasterKeys::open_or_create(folder, rng).unwrap();
    let vault = Arc::new(Vault::new(masters, Some(folder.into()), rng.clone()));
    let store = match database.address() {
        None => Store::open(folder, instance_key(), Arc::clone(&vault), StoreOptions::default()).unwrap(),
        Some(address) => Store::connect(address, instance_key(), Arc::clone(&vault)).unwrap(),
    };
    (store.with_backup_days(BACKUP_DAYS), Blobs::in_folder(folder).unwrap(), vault)
}

fn instance_key() -> InstanceKey {
    InstanceKey::new([7; 32])
}

fn form() -> Form {
    let attachments = Attachments { types: vec!["text/plain".into()], count: 3, bytes: 1000 };
    Form { attachments: Some(attachments), ..Form::default() }
}

/// Days short enough to pass within a run.
fn policy() -> Policy {
    let mut policy = default_policy();
    for terms in &mut policy.terms {
        terms.days = match terms.purpose {
            Purpose::Message => 12,
            Purpose::Contact => 8,
            Purpose::Picture => 5,
            Purpose::Attachment => 16,
            _ => 3,
        };
        if terms.need == Need::Off {
            terms.need = Need::Optional;
        }
    }
    policy
}

fn who_is(who: usize) -> ReporterHash {
    ReporterHash::of(REPORTERS[who], &instance_key())
}

fn actor(who: usize) -> Actor {
    Actor::Visitor(who_is(who).pseudonym())
}

fn purposes(number: u8) -> Vec<Purpose> {
    match Purpose::ALL.get(usize::from(number % 8)) {
        Some(purpose) => vec![*purpose],
        None => Purpose::ALL.to_vec(),
    }
}

fn is_meant(scope: Scope, report: &Report) -> bool {
    match scope {
        Scope::Everything => true,
        Scope::Report(id) => report.id() == id,
    }
}

impl Sent {
    fn submission(&self) -> Uuid {
        Uuid::from_u128(0x0e37_df36_f698_4e3c_8a4b_2b9d_1a0f_0000 + u128::from(self.number))
    }

    fn admitted(&self, now: Timestamp) -> Admitted {
        let email = format!("{}@mail.example", self.who);
        let submission = Submission {
            id: self.submission(),
            site: SITES[self.site],
            reporter: REPORTERS[self.who],
            kind: Kind::Bug,
            message: format!("words of {}", self.number),
            rating: None,
            custom: TextMap::default(),
            locale: None,
            contact: self.contact.then(|| Contact { email: Some(email), ..Contact::default() }),
            browser: self.browser.then(|| BrowserFacts { online: Some(true), ..BrowserFacts::default() }),
            consent: Consent {
                policy: self.policy.version,
                purposes: self.given(),
                given_at: BEGIN,
                asked: Asked::Panel,
                evidence: None,
            },
        };
        let terms = SiteTerms { policy: &self.policy, form: &form(), gpc: false };
        admit(submission, terms, now).unwrap()
    }
}

impl World {
    pub(super) async fn new(seed: u64) -> Self {
        let folder = folder();
        let dice = Mutex::new(Dice::new(!seed));
        let rng = Rng::new(move |bytes| {
            let mut dice = dice.lock().unwrap();
            bytes
                .chunks_mut(8)
                .for_each(|chunk| chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]));
        });
        let database = Database::fresh(folder.path());
        let (store, blobs, vault) = open(folder.path(), &database, &rng);
        for (id, name) in SITES.into_iter().zip(["at once", "on request"]) {
            let (name, origins) = (name.to_owned(), vec![format!("https://{id}.example")]);
            let site = NewSite { id, name, origins, look: Look::default(), form: form(), policy: policy() };
            store.add_site(site, BEGIN).await.unwrap();
        }
        store.add_member(MEMBER, "m@shop.example".into(), "hash".into(), BEGIN).await.unwrap();
        for site in SITES {
            store.grant(MEMBER, site, Role::Member).await.unwrap();
        }
        let site =
            Site { policy: policy(), closed_at: None, keeps_messages: false, is_anonymous_at_end: false };
        let sites = vec![site; SITES.len()];
        let slow = Grants { erase: Effect::OnRequest, correct: Effect::OnRequest };
        let change = SiteChange { grants: Some(slow), ..SiteChange::default() };
        store.change_site(SITES[1], change, BEGIN).await.unwrap();
        Self {
            folder,
            database,
            store: Some(store),
            blobs,
            vault,
            rng,
            now: BEGIN,
            latest: BEGIN,
            model: Model { sites, ..Model::default() },
            begun: None,
            sent: 0,
            backup: None,
            destroyed: Vec::new(),
            gone: Vec::new(),
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("nothing is asked while it is opened again")
    }

    fn clock(&self) -> Clock {
        let now = self.now;
        Clock::new(move || now)
    }

    fn pick(&mut self, which: u8) -> Option<&mut Report> {
        let count = self.model.reports.len();
        (count > 0).then(|| &mut self.model.reports[usize::from(which) % count])
    }

    fn set_clock(&mut self, now: Timestamp) {
        self.now = now;
        self.latest = self.latest.max(now);
    }

    /// Takes a step. What it has taken away for good is noted, to be tried with every key at the end.
    pub(super) async fn take(&mut self, step: &Step) -> Result<(), Law> {
        if !step.is_for_good() {
            return self.perform(step).await;
        }
        let (parts, keys) = self.sealed();
        self.perform(step).await?;
        for sealed in parts {
            let report = self.model.report(sealed.report);
            if report.is_some_and(|report| report.is_erased || report.taken_back.contains(&sealed.purpose)) {
                self.gone.push(sealed);
            }
        }
        let (_, left) = self.sealed();
        self.destroyed.extend(keys.difference(&left).cloned());
        Ok(())
    }

    /// All parts, and all wrapped keys.
    fn sealed(&self) -> (Vec<Sealed>, BTreeSet<Vec<u8>>) {
        let parts = self.database.look("SELECT report, purpose, body FROM part", &[], |row| {
            let (report, purpose) = (Uuid::from_bytes(row.array(0)), row.text(1));
            Sealed { report, purpose: Purpose::from_name(&purpose).unwrap(), bytes: row.bytes(2) }
        });
        let keys = self.database.look("SELECT wrapped FROM reporter_key", &[], |row| row.bytes(0));
        (parts, keys.into_iter().collect())
    }

    async fn perform(&mut self, step: &Step) -> Result<(), Law> {
        match *step {
            Step::Submit { who, site, contact, browser, files } => {
                let (who, site) = (usize::from(who) % REPORTERS.len(), usize::from(site) % SITES.len());
                let Site { policy, closed_at, .. } = &self.model.sites[site];
                if closed_at.is_some() {
                    // It is refused before the store is asked.
                    return Ok(());
                }
                let policy = policy.clone();
                self.sent += 1;
                self.submit(Sent { number: self.sent, who, site, contact, browser, files, policy }).await
            }
            Step::Retry { which } => self.retry(which).await,
            Step::BeginFile { which, is_picture, name } => self.begin_file(which, is_picture, name).await,
            Step::EndFile => self.end_file().await,
            Step::Advance { hours } => {
                self.set_clock(self.now.plus_ms(HOUR_MS * i64::from(hours)));
                Ok(())
            }
            Step::Back { hours } => {
                self.set_clock(self.now.plus_ms(-HOUR_MS * i64::from(hours)));
                Ok(())
            }
            Step::Withdraw { who, purpose } => {
                self.withdraw(usize::from(who) % REPORTERS.len(), purpose).await
            }
            Step::Restrict { which, on } => self.restrict(which, on).await,
            Step::Object { who, purpose } => self.object(usize::from(who) % REPORTERS.len(), purpose).await,
            Step::Correct { which } => self.correct(which).await,
            Step::EraseOne { which } => match self.pick(which).map(|report| (report.sent.who, report.id())) {
                Some((who, id)) => self.erase(who, Scope::Report(id)).await,
                None => Ok(()),
            },
            Step::EraseAll { who } => self.erase(usize::from(who) % REPORTERS.len(), Scope::Everything).await,
            Step::Hold { which } => self.hold(which, Some("court")).await,
            Step::Unhold { which } => self.hold(which, None).await,
            Step::Answer { which, is_done } => self.answer(which, is_done).await,
            Step::Sweep { limit, blobs } => self.sweep(limit, blobs).await,
            Step::SweepAll => {
                self.note_strays().await?;
                self.sweep_all().await
            }
            Step::Reopen => {
                self.go_on_in(None);
                self.check_log().await
            }
            Step::Crash => {
                let copy = folder();
                copy_files(self.folder.path(), copy.path());
                self.go_on_in(Some(copy));
                self.check_log().await
            }
            Step::BackUp => {
                let place = folder();
                let to = place.path().join("backup");
                let parts = (self.store(), &self.blobs);
                backup::write(parts, &to, self.now, |_, _| {}).await.map_err(fault)?;
                self.backup = Some((place, self.now, self.model.clone()));
                Ok(())
            }
            Step::Restore => self.restore().await,
            Step::Rotate { stage } => self.rotate(stage).await,
            Step::Close { site, keeps_messages } => {
                let (closed_at, grace_days) = (self.now, Site::GRACE_DAYS);
                let closing = Some(Closing { grace_days, keeps_messages });
                let change =
                    SiteChange { closed_at: Some(Some(closed_at)), closing, ..SiteChange::default() };
                let site = self.change(site, change).await?;
                site.closed_at.get_or_insert(closed_at);
                site.keeps_messages = keeps_messages;
                Ok(())
            }
            Step::Open { site } => {
                let change = SiteChange { closed_at: Some(None), ..SiteChange::default() };
                self.change(site, change).await?.closed_at = None;
                Ok(())
            }
            Step::End { site, is_anonymous } => {
                let at_end = Some(if is_anonymous { AtEnd::Anonymise } else { AtEnd::Delete });
                let change = SiteChange { at_end, ..SiteChange::default() };
                self.change(site, change).await?.is_anonymous_at_end = is_anonymous;
                Ok(())
            }
            Step::Days { site, purpose, days } => self.days(site, purpose, days.into()).await,
        }
    }

    async fn change(&mut self, site: u8, change: SiteChange) -> Result<&mut Site, Law> {
        let site = usize::from(site) % SITES.len();
        let changed = self.store().change_site(SITES[site], change, self.now).await.map_err(fault)?;
        hold!(changed.is_some(), "site {site} is not there");
        Ok(&mut self.model.sites[site])
    }

    async fn days(&mut self, site: u8, purpose: u8, days: u16) -> Result<(), Law> {
        let (at, purpose) =
            (usize::from(site) % SITES.len(), Purpose::ALL[usize::from(purpose) % Purpose::ALL.len()]);
        let mut policy = self.model.sites[at].policy.clone();
        let terms = policy.terms.iter_mut().find(|terms| terms.purpose == purpose);
        let terms = terms.ok_or("a policy without terms for a purpose")?;
        if terms.days == days {
            return Ok(());
        }
        terms.days = days;
        let change = SiteChange { policy: Some(policy.clone()), ..SiteChange::default() };
        self.change(site, change).await?.policy = Policy { version: policy.version + 1, ..policy };
        for report in
            self.model.reports.iter_mut().filter(|report| report.sent.site == at && !report.is_erased)
        {
            report.shorten(purpose, days);
            report.end_with_content();
        }
        Ok(())
    }

    /// Ends the collector, and begins again on its own files or on others.
    /// A server's database is where it was.
    fn go_on_in(&mut self, other: Option<TempDir>) {
        // The database is let go of before it is opened again.
        drop(self.store.take());
        if let Some(other) = other {
            self.folder = other;
            if self.database.address().is_none() {
                self.database = Database::of(self.folder.path());
            }
        }
        let (store, blobs, vault) = open(self.folder.path(), &self.database, &self.rng);
        (self.store, self.blobs, self.vault) = (Some(store), blobs, vault);
        self.begun = None;
    }

    async fn restore(&mut self) -> Result<(), Law> {
        let Some((place, made_at, then)) = &self.backup else { return Ok(()) };
        let (from, keys) = (place.path().join("backup"), place.path().join("keys"));
        backup::write_keys(self.store(), &instance_key(), &keys, &self.rng).await.map_err(fault)?;
        let master = fs::read_to_string(self.folder.path().join(MASTER_KEY_FILE)).unwrap();
        let vault = Vault::new(MasterKeys::parse(&master).unwrap(), None, self.rng.clone());
        let (to, chances) = (folder(), (&self.rng, self.now));
        let put =
            backup::restore((&from, &keys), (to.path(), None), &vault, Some(&master), chances, |_, _| {});
        match put.await {
            Ok(_) => {}
            Err(BackupError::Refused(_)) => {
                let oldest = self.latest.plus_ms(-24 * HOUR_MS * i64::from(BACKUP_DAYS));
                hold!(*made_at < oldest, "a backup of {made_at} was refused");
                return Ok(());
            }
            Err(error) => return Err(fault(error)),
        }
        self.model = self.model.restored(then);
        drop(self.store.take());
        // A backup becomes a file, wherever it comes from.
        self.database = Database::of(to.path());
        self.go_on_in(Some(to));
        self.check_log().await
    }

    async fn submit(&mut self, sent: Sent) -> Result<(), Law> {
        let admitted = sent.admitted(self.now);
        let (until, granted) = (admitted.expires_at(), admitted.granted().to_vec());
        let parts = admitted.parts().iter().map(|part| (part.kept.purpose, part.clone())).collect();
        let id = self.rng.uuid_v7(self.now);
        let inserted = self.store().insert(id, admitted, [sent.number; 32]).await.map_err(fault)?;
        let Inserted::Stored(receipt) = inserted else {
            return Err(format!("a new submission is {inserted:?}"));
        };
        let generation = self.model.generation((sent.site, sent.who));
        self.model.reports.push(Report {
            sent,
            receipt,
            until,
            granted,
            parts,
            files: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            generation,
            keys: Purpose::ALL.into(),
            is_erased: false,
            is_restricted: false,
            is_held: false,
        });
        Ok(())
    }

    async fn retry(&mut self, which: u8) -> Result<(), Law> {
        let (now, id) = (self.now, self.rng.uuid_v7(self.now));
        let Some(report) = self.pick(which).cloned() else { return Ok(()) };
        let again = self.store().insert(id, report.sent.admitted(now), [report.sent.number; 32]).await;
        let expected =
            if report.is_erased { Inserted::Mismatch } else { Inserted::Duplicate(report.receipt.clone()) };
        let again = again.map_err(fault)?;
        hold!(again == expected, "a retry got {again:?} instead of {expected:?}");
        Ok(())
    }

    async fn filed(&self, report: &Report, who: usize) -> Result<Option<FiledReport>, Law> {
        let (sites, submission) = (SITES.to_vec(), report.sent.submission());
        self.store().filed_report(sites, submission, REPORTERS[who], self.now).await.map_err(fault)
    }

    async fn begin_file(&mut self, which: u8, is_picture: bool, name: u8) -> Result<(), Law> {
        let now = self.now;
        let Some(report) = self.pick(which).cloned() else { return Ok(()) };
        let stranger = (report.sent.who + 1) % REPORTERS.len();
        hold!(self.filed(&report, stranger).await?.is_none(), "a stranger may add files");
        let filed = self.filed(&report, report.sent.who).await?;
        hold!(
            filed.is_some() == report.is_own(report.sent.who, now),
            "files of {filed:?}, which is {report:?}"
        );
        let Some(filed) = filed else { return Ok(()) };
        let (purpose, media_type) =
            if is_picture { (Purpose::Picture, "image/png") } else { (Purpose::Attachment, "text/plain") };
        let name = format!("{}.bin", name % 4);
        let plain = Bytes::from(format!("{name} of {} for {}", report.sent.number % 2, purpose.as_str()));
        let bytes = plain.len() as u64;
        let attachments = filed.files.iter().filter(|file| file.kept.purpose == Purpose::Attachment).count();
        let form = form();
        let present = Present { granted: &filed.granted, form: &form, files: filed.files.len(), attachments };
        let Ok(admitted) = admit_file(Offer { name: &name, purpose, media_type, bytes }, present, now) else {
            return Ok(());
        };
        let seal = self.store().file_seal(filed.id, purpose, &name).await.map_err(fault)?;
        let Some(seal) = seal else { return Err("a report that may have files has no key".into()) };
        let sealed = seal.seal(plain.clone()).await.map_err(fault)?;
        let blob = self.blobs.keep(sealed.clone()).await.map_err(fault)?;
        let fingerprint = instance_key().hash(crate::key::Use::Fingerprint, &plain);
        let new = NewFile { report: filed.id, blob, bytes, fingerprint };
        self.begun = Some(Begun { report: filed.id, admitted, new, sealed, plain });
        Ok(())
    }

    async fn end_file(&mut self) -> Result<(), Law> {
        let Some(Begun { report, admitted, new, sealed, plain }) = self.begun.take() else { return Ok(()) };
        let now = self.now;
        let inserted = self.store().insert_file(admitted.clone(), new, now).await.map_err(fault)?;
        let model = self.model.report(report);
        match inserted {
            InsertedFile::Stored(kept) => {
                if !self.blobs.has(new.blob).await.map_err(fault)? {
                    self.blobs.keep(sealed).await.map_err(fault)?;
                }
                let Some(model) = model else { return Err("a file was stored with no report".into()) };
                hold!(!model.is_erased, "a file was stored with an erased report");
                let is_granted = model.granted.contains(&kept);
                hold!(is_granted, "a file was stored as {kept:?}, and granted is {:?}", model.granted);
                model.files.insert(admitted.name().to_owned(), File { kept, plain });
                model.until = model.until.max(kept.until);
            }
            InsertedFile::Duplicate(kept) => {
                let known = model.and_then(|model| model.files.get(admitted.name()));
                let is_same = known.is_some_and(|known| known.plain == plain && known.kept == kept);
                hold!(is_same, "a file is said to be stored already, and is not");
            }
            InsertedFile::Changed => {
                let is_as_it_was = model.is_some_and(|report| {
                    let files = report.files.values().filter(|file| file.kept.until > now).count();
                    let may_have = report.until > now && report.granted.contains(&admitted.kept());
                    may_have && files == admitted.beside()
                });
                hold!(!is_as_it_was, "a report that is as it was takes no file");
            }
            InsertedFile::Mismatch | InsertedFile::Going => {}
        }
        Ok(())
    }

    async fn withdraw(&mut self, who: usize, purpose: u8) -> Result<(), Law> {
        let purposes = purposes(purpose);
        self.store().withdraw(who_is(who), purposes.clone(), actor(who), self.now).await.map_err(fault)?;
        for site in 0..SITES.len() {
            let of = |report: &mut Report| {
                let is_taken =
                    |purpose: &Purpose| purposes.contains(purpose) && !report.withdrawn.contains(purpose);
                let given = report.sent.given().into_iter().filter(|_| !report.is_held);
                given.filter(is_taken).map(|purpose| (report.id(), purpose)).collect::<Vec<_>>()
            };
            let gone: Vec<_> = self.model.theirs(who, site).flat_map(of).collect();
            self.model.destroy((site, who), &gone);
            for report in self.model.theirs(who, site) {
                report.withdrawn.extend(&purposes);
                if report.is_held {
                    report.is_restricted = true;
                    report.granted.retain(|kept| !purposes.contains(&kept.purpose));
                } else {
                    purposes.iter().for_each(|purpose| report.take_back(*purpose));
                }
            }
        }
        Ok(())
    }

    async fn restrict(&mut self, which: u8, on: bool) -> Result<(), Law> {
        let Some((who, id)) = self.pick(which).map(|report| (report.sent.who, report.id())) else {
            return Ok(());
        };
        let stranger = (who + 1) % REPORTERS.len();
        let others = self.store().restrict(who_is(stranger), id, !on, actor(stranger), self.now).await;
        hold!(others.map_err(fault)?.is_none(), "a stranger restricts a report");
        self.store().restrict(who_is(who), id, on, actor(who), self.now).await.map_err(fault)?;
        if let Some(report) = self.model.report(id).filter(|report| !report.is_erased) {
            report.is_restricted = on || report.keeps_withdrawn();
        }
        Ok(())
    }

    async fn object(&mut self, who: usize, purpose: u8) -> Result<(), Law> {
        let purposes = purposes(purpose);
        self.store().object(who_is(who), purposes.clone(), actor(who), self.now).await.map_err(fault)?;
        for site in 0..SITES.len() {
            if self.model.theirs(who, site).next().is_some() {
                let objections = purposes.iter().map(|purpose| (site, who, *purpose));
                self.model.objections.extend(objections);
            }
        }
        Ok(())
    }

    async fn correct(&mut self, which: u8) -> Result<(), Law> {
        let (now, request) = (self.now, self.rng.uuid_v7(self.now));
        let Some((who, id)) = self.pick(which).map(|report| (report.sent.who, report.id())) else {
            return Ok(());
        };
        let contact = Contact { email: Some(format!("new-{who}@mail.example")), ..Contact::default() };
        let correction =
            Correction { message: Some(format!("better words {request}")), contact: Some(contact) };
        let corrected =
            self.store().correct(who_is(who), id, correction.clone(), actor(who), request, now).await;
        let Some(report) = self.model.report(id) else { return Ok(()) };
        match corrected.map_err(fault)? {
            None => hold!(report.is_erased, "a report could not be corrected"),
            Some(outcome) => match outcome.request {
                Some(request) => drop(self.model.wanted.insert(request.id, correction)),
                None => report.correct(&correction, now),
            },
        }
        Ok(())
    }

    async fn erase(&mut self, who: usize, scope: Scope) -> Result<(), Law> {
        let request = self.rng.uuid_v7(self.now);
        let outcome =
            self.store().erase(who_is(who), scope, actor(who), request, self.now).await.map_err(fault)?;
        let mut asked = false;
        for site in 0..SITES.len() {
            let theirs: Vec<_> =
                self.model.theirs(who, site).filter(|report| is_meant(scope, report)).collect();
            if theirs.is_empty() {
                continue;
            }
            if site == 1 || theirs.iter().any(|report| report.is_held) {
                asked = true;
                continue;
            }
            self.erase_in_model(who, site, scope);
            self.after_erasure(who, site, scope)?;
        }
        hold!(
            asked == outcome.request.is_some(),
            "an erasure was asked for: {asked}, and there is {outcome:?}"
        );
        Ok(())
    }

    fn erase_in_model(&mut self, who: usize, site: usize, scope: Scope) {
        if let Scope::Report(id) = scope {
            self.model.destroy((site, who), &Purpose::ALL.map(|purpose| (id, purpose)));
        }
        self.model.theirs(who, site).filter(|report| is_meant(scope, report)).for_each(Report::erase);
    }

    /// Who has nothing left has no key.
    fn after_erasure(&mut self, who: usize, site: usize, scope: Scope) -> Result<(), Law> {
        if scope == Scope::Everything {
            self.model.objections.retain(|(of_site, of, _)| (*of_site, *of) != (site, who));
        }
        if self.model.theirs(who, site).next().is_none() {
            hold!(self.wrapped(who)[site].is_none(), "visitor {who} was erased on site {site} and has a key");
            self.model.destroy_all((site, who));
        }
        Ok(())
    }

    /// The visitor's wrapped keys, by site.
    fn wrapped(&self, who: usize) -> [Option<Vec<u8>>; SITES.len()] {
        SITES.map(|site| {
            let sql = "SELECT wrapped FROM reporter_key WHERE site = ?1 AND reporter = ?2";
            self.database.look(sql, &[site.as_bytes(), &who_is(who).0], |row| row.bytes(0)).pop()
        })
    }

    async fn hold(&mut self, which: u8, reason: Option<&str>) -> Result<(), Law> {
        let now = self.now;
        let Some((site, id)) = self.pick(which).map(|report| (SITES[report.sent.site], report.id())) else {
            return Ok(());
        };
        let (is_on, reason) = (reason.is_some(), reason.map(str::to_owned));
        let held = self.store().hold(site, id, reason, Actor::Member(MEMBER), now).await.map_err(fault)?;
        let Some(report) = self.model.report(id) else { return Ok(()) };
        hold!(held != report.is_erased, "a hold on {report:?} was {held}");
        if held {
            if report.is_held && !is_on {
                let gone: Vec<_> = report.withdrawn.iter().map(|purpose| (id, *purpose)).collect();
                let whose = (report.sent.site, report.sent.who);
                self.model.destroy(whose, &gone);
            }
            let Some(report) = self.model.report(id) else { return Ok(()) };
            report.is_held = is_on;
            if !is_on {
                let withdrawn = report.withdrawn.clone();
                withdrawn.into_iter().for_each(|purpose| report.take_back(purpose));
            }
        }
        Ok(())
    }

    async fn answer(&mut self, which: u8, is_done: bool) -> Result<(), Law> {
        let now = self.now;
        let requests = self.store().requests(MEMBER, 100).await.map_err(fault)?;
        let open: Vec<_> = requests
            .iter()
            .filter(|line| line.request.state == candor_protocol::RequestState::Open)
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let line = open[usize::from(which) % open.len()];
        let site = SITES.iter().position(|site| *site == line.site).ok_or("a request of no site")?;
        let who =
            (0..REPORTERS.len()).find(|who| who_is(*who) == line.reporter).ok_or("a request of nobody")?;
        let answer = if is_done { Answer::Do } else { Answer::Refuse("no".into()) };
        let id = line.request.id;
        let only = line.request.report;
        let is_held = self
            .model
            .theirs(who, site)
            .any(|report| report.is_held && only.is_none_or(|only| report.id() == only));
        if is_done && is_held && line.request.right == Right::Erase {
            let refused = self.store().answer(MEMBER, id, answer, now).await;
            hold!(
                matches!(refused, Err(crate::store::StoreError::Conflict(_))),
                "what is held was erased by an answer"
            );
            return Ok(());
        }
        hold!(self.store().answer(MEMBER, id, answer, now).await.map_err(fault)?, "an open request is not");
        let wanted = self.model.wanted.remove(&id);
        if !is_done {
            return Ok(());
        }
        match line.request.right {
            Right::Erase => {
                let scope = only.map_or(Scope::Everything, Scope::Report);
                self.erase_in_model(who, site, scope);
                self.after_erasure(who, site, scope)
            }
            Right::Correct => {
                let report = only.and_then(|only| self.model.report(only));
                if let (Some(report), Some(wanted)) = (report, wanted) {
                    report.correct(&wanted, now);
                }
                Ok(())
            }
            other => Err(format!("a request for {other:?}")),
        }
    }

    async fn sweep(&mut self, limit: u8, blobs: Option<u8>) -> Result<(), Law> {
        let mut walk = Walk::default();
        self.store().anonymise_due(self.now, limit.into(), &mut walk).await.map_err(fault)?;
        self.store().sweep(self.now, limit.into(), &mut walk).await.map_err(fault)?;
        if let Some(count) = blobs {
            let claimed = self.store().claim_blobs(self.now, limit.into()).await.map_err(fault)?;
            for blob in claimed.into_iter().take(count.into()) {
                self.blobs.remove(blob).await.map_err(fault)?;
            }
        }
        self.forget_swept()
    }

    async fn note_strays(&self) -> Result<(), Law> {
        retention::note_strays(self.store(), &self.blobs, &self.clock()).await.map_err(fault)
    }

    async fn sweep_all(&mut self) -> Result<(), Law> {
        let clock = self.clock();
        retention::sweep(self.store(), &self.blobs, &clock, |_| {}).await.map_err(fault)?;
        let due = self.store().due(self.now).await.map_err(fault)?;
        hold!(due.total() == due.blobs, "a whole sweep has left {due:?}");
        self.forget_swept()
    }

    /// Compares which rows there are. What a sweep has taken must have been due, and the model forgets it.
    fn forget_swept(&mut self) -> Result<(), Law> {
        let now = self.now;
        let named = |sql: &str| -> HashSet<(Uuid, String)> {
            let rows = self.database.look(sql, &[], |row| (Uuid::from_bytes(row.array(0)), row.text(1)));
            rows.into_iter().collect()
        };
        let reports = named("SELECT id, '' FROM report");
        let parts = named("SELECT report, purpose FROM part");
        let files = named("SELECT report, name FROM file");
        let mut lost = Vec::new();
        for report in &mut self.model.reports {
            let (id, is_held) = (report.id(), report.is_held);
            let is_there = reports.contains(&(id, String::new()));
            let site = &self.model.sites[report.sent.site];
            let words = report.bare_words();
            let message = report.parts.get(&Purpose::Message);
            let is_ending = site.is_anonymous_at_end && message.is_some_and(|part| part.kept.until <= now);
            let is_anonymous = !is_there && !is_held && !report.is_erased && (site.is_over(now) || is_ending);
            let objection = (report.sent.site, report.sent.who, Purpose::Message);
            let may_stay =
                (site.keeps_messages || !site.is_over(now)) && !self.model.objections.contains(&objection);
            if let Some((words, until)) = words
                && is_anonymous
                && may_stay
                && (until > now || site.is_anonymous_at_end)
            {
                self.model.anonymous.insert((report.sent.site, words));
            }
            let mut keep = |is_there: bool, until: Timestamp, what: &str| {
                if !is_there && !is_anonymous && (until > now || is_held) {
                    lost.push(format!(
                        "{what} of {id} was due at {until} and gone at {now}, held: {is_held}"
                    ));
                }
                is_there
            };
            let name = |purpose: &Purpose| (id, purpose.as_str().to_owned());
            report
                .parts
                .retain(|purpose, part| keep(parts.contains(&name(purpose)), part.kept.until, "a part"));
            report
                .files
                .retain(|name, file| keep(files.contains(&(id, name.clone())), file.kept.until, "a file"));
            keep(is_there, report.until, "the row");
        }
        let is_there = |report: &Report| reports.contains(&(report.id(), String::new()));
        let mut gone = BTreeSet::new();
        for report in std::mem::take(&mut self.model.reports) {
            if is_there(&report) {
                self.model.reports.push(report);
            } else {
                if !report.is_erased {
                    gone.insert((report.sent.site, report.sent.who));
                }
                self.model.swept.insert(report.id(), report);
            }
        }
        for (site, who) in gone {
            if self.model.theirs(who, site).next().is_none() {
                hold!(
                    self.wrapped(who)[site].is_none(),
                    "visitor {who} has nothing left on site {site} but a key"
                );
                self.model.destroy_all((site, who));
            }
        }
        for (site, id) in SITES.iter().enumerate() {
            let cleared = "SELECT count(anonymised_at) FROM site WHERE id = ?1";
            if self.database.look(cleared, &[id.as_bytes()], |row| row.number(0)) == [1] {
                self.model.objections.retain(|(of, _, _)| *of != site);
            }
        }
        lost.pop().map_or(Ok(()), Err)
    }

    async fn rotate(&mut self, stage: u8) -> Result<(), Law> {
        if stage == 3 {
            self.store().rotate_master(|_| {}).await.map_err(fault)?;
            hold!(self.vault.masters() == 1, "the old master key is still there");
            return Ok(());
        }
        if self.vault.masters() == 1 {
            self.vault.rotate().map_err(fault)?;
        }
        if stage > 0 {
            self.store().mark().await.map_err(fault)?;
            self.store().rewrap(None, u32::from(stage - 1)).await.map_err(fault)?;
        }
        Ok(())
    }

    /// The laws that hold after each step; `files` with every byte of every file.
    pub(super) async fn check(&self, files: bool) -> Result<(), Law> {
        for who in 0..REPORTERS.len() {
            self.check_own(who, files).await?;
        }
        self.check_members().await
    }

    async fn check_log(&self) -> Result<(), Law> {
        let chain = self.store().verify_audit().await.map_err(fault)?;
        hold!(chain.is_ok(), "the audit log: {chain:?}");
        Ok(())
    }

    async fn check_own(&self, who: usize, files: bool) -> Result<(), Law> {
        let now = self.now;
        let own = self.store().own(who_is(who), actor(who), now).await.map_err(fault)?;
        let mut expected: Vec<_> =
            self.model.reports.iter().filter(|report| report.is_own(who, now)).collect();
        expected.sort_by_key(|report| std::cmp::Reverse(report.id()));
        let (ids, expected_ids): (Vec<_>, Vec<_>) =
            (own.reports.iter().map(|report| report.id).collect(), expected.iter().map(|r| r.id()).collect());
        hold!(ids == expected_ids, "visitor {who} is served {ids:?} instead of {expected_ids:?}");
        for (report, expected) in own.reports.iter().zip(expected) {
            let parts: Vec<_> =
                expected.parts.values().filter(|part| part.kept.until > now).cloned().collect();
            hold!(report.parts == parts, "visitor {who} is served {:?} instead of {parts:?}", report.parts);
            let flags = (report.restricted_at.is_some(), report.held_because.is_some());
            hold!(flags == (expected.is_restricted, expected.is_held), "restricted, held: {flags:?}");
            let names: Vec<_> = report.files.iter().map(|file| file.name.as_str()).collect();
            let served = expected.files.iter().filter(|(_, file)| file.kept.until > now);
            let expected_names: Vec<_> = served.map(|(name, _)| name.as_str()).collect();
            hold!(names == expected_names, "visitor {who} has files {names:?} instead of {expected_names:?}");
            for line in report.files.iter().filter(|_| files) {
                let seal =
                    self.store().file_seal(report.id, line.kept.purpose, &line.name).await.map_err(fault)?;
                let sealed = self.blobs.open(line.blob).await.map_err(fault)?;
                let (Some(seal), Some(sealed)) = (seal, sealed) else {
                    return Err(format!("{} of {} has a row and no key or blob", line.name, report.id));
                };
                let plain = seal.open(sealed).await.map_err(fault)?;
                hold!(plain == expected.files[&line.name].plain, "{} has other bytes", line.name);
            }
        }
        let objections: BTreeSet<_> = own.objections.into_iter().collect();
        let expected = self.model.objections.iter().filter(|(_, of, _)| *of == who);
        let expected: BTreeSet<_> = expected.map(|(_, _, purpose)| *purpose).collect();
        hold!(objections == expected, "visitor {who} objects to {objections:?} instead of {expected:?}");
        Ok(())
    }

    async fn check_members(&self) -> Result<(), Law> {
        let now = self.now;
        let query = PageQuery { member: MEMBER, site: None, kind: None, before: None, limit: 1000 };
        let page = self.store().reports(query, now).await.map_err(fault)?;
        let mut expected: Vec<_> =
            self.model.reports.iter().filter(|report| report.is_seen(now)).map(Report::id).collect();
        expected.sort_by(|a, b| b.cmp(a));
        let (anonymous, named): (Vec<_>, Vec<_>) = page
            .lines
            .iter()
            .partition(|line| !self.model.reports.iter().any(|report| report.id() == line.id));
        let words = anonymous.iter().filter_map(|line| match &line.message {
            Some(Content::Message { text, .. }) => {
                Some((SITES.iter().position(|site| *site == line.site)?, text.clone()))
            }
            _ => None,
        });
        let words: BTreeSet<_> = words.collect();
        let kept = &self.model.anonymous;
        hold!(
            words == *kept && anonymous.len() == kept.len(),
            "what is nobody's is {words:?} instead of {kept:?}"
        );
        let ids: Vec<_> = named.iter().map(|line| line.id).collect();
        hold!(ids == expected, "members are served {ids:?} instead of {expected:?}");
        for report in &self.model.reports {
            let is_used = |purpose: Purpose| {
                let objection = (report.sent.site, report.sent.who, purpose);
                report.is_seen(now)
                    && !self.model.objections.contains(&objection)
                    && !report.withdrawn.contains(&purpose)
            };
            let parts: Vec<_> = report
                .parts
                .values()
                .filter(|part| part.kept.until > now && is_used(part.kept.purpose))
                .cloned()
                .collect();
            let served = self.store().report(MEMBER, report.id(), now).await.map_err(fault)?;
            hold!(served.is_some() == report.is_seen(now), "members are served {:?}", served.map(|r| r.id));
            let served = served.map(|report| report.parts).unwrap_or_default();
            hold!(served == parts, "members are served {served:?} instead of {parts:?}");
            if let Some(line) = page.lines.iter().find(|line| line.id == report.id()) {
                let content = |purpose| parts.iter().find(|part| part.kept.purpose == purpose);
                let of = |part: Option<&candor_rules::Part>| part.map(|part| part.content.clone());
                let expected: [Option<Content>; 2] =
                    [of(content(Purpose::Message)), of(content(Purpose::Contact))];
                let served = [line.message.clone(), line.contact.clone()];
                hold!(served == expected, "the list shows {served:?} instead of {expected:?}");
            }
            for (name, file) in &report.files {
                let served =
                    self.store().file(MEMBER, report.id(), name.clone(), now).await.map_err(fault)?;
                let may = file.kept.until > now && is_used(file.kept.purpose);
                hold!(served.is_some() == may, "members are served {name}: {}", served.is_some());
            }
        }
        Ok(())
    }

    /// The laws at the end, once strays have been noted and their hour is over.
    pub(super) async fn settle(&mut self) -> Result<(), Law> {
        self.begun = None;
        self.set_clock(self.latest.plus_ms(2 * HOUR_MS));
        self.note_strays().await?;
        self.set_clock(self.latest.plus_ms(2 * HOUR_MS));
        self.sweep_all().await?;
        self.check(true).await?;
        self.check_log().await?;
        self.nothing_gone_can_be_opened()?;
        let blobs: BTreeSet<_> = file_names(&self.folder.path().join("blobs"));
        let name = |row: &Row| BlobName::from_bytes(row.array(0)).to_string();
        let named: BTreeSet<_> =
            self.database.look("SELECT DISTINCT blob FROM file", &[], name).into_iter().collect();
        hold!(blobs == named, "there are blobs {blobs:?}, and rows name {named:?}");
        // A look at every byte is slow; a part of the runs is enough for it.
        if self.sent.is_multiple_of(4) { self.nothing_destroyed_is_left() } else { Ok(()) }
    }

    /// Whoever has kept a copy of what was erased or taken back has nothing that opens it.
    fn nothing_gone_can_be_opened(&self) -> Result<(), Law> {
        let keys = "SELECT site, reporter, master, wrapped FROM reporter_key";
        let keys = self.database.look(keys, &[], |row| {
            let owner = Owner { site: Uuid::from_bytes(row.array(0)), reporter: row.array(1) };
            let wrapped = Wrapped { master: MasterId(row.array(2)), bytes: row.bytes(3) };
            self.vault.unwrap(&wrapped, &owner).unwrap()
        });
        let rings = self.database.look("SELECT report, sealed FROM key_ring", &[], |row| {
            (Uuid::from_bytes(row.array(0)), row.bytes(1))
        });
        let rings: BTreeMap<_, _> = rings.into_iter().collect();
        for Sealed { report, purpose, bytes } in &self.gone {
            for key in &keys {
                let ring = rings.get(report).and_then(|ring| key.open_ring(*report, ring).ok());
                let kept = ring.and_then(|ring| ring.part(*purpose));
                let all = [key.part(*report, *purpose), key.itself()].into_iter().chain(kept);
                let opens =
                    all.into_iter().any(|key| key.open(&part_about(*report, *purpose), bytes).is_ok());
                hold!(!opens, "{} of {report} is gone and can be opened", purpose.as_str());
            }
        }
        Ok(())
    }

    /// A server keeps what it overwrites until it cleans up.
    fn nothing_destroyed_is_left(&self) -> Result<(), Law> {
        for file in ["candor.sqlite", "candor.sqlite-wal"] {
            let bytes = fs::read(self.folder.path().join(file)).unwrap_or_default();
            for key in &self.destroyed {
                let is_there = bytes.windows(key.len()).any(|window| window == key);
                hold!(!is_there, "a destroyed key is still in {file}");
            }
        }
        Ok(())
    }
}

/// The names of all files under a folder.
fn file_names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() { file_names(&entry.path()) } else { BTreeSet::from([name]) }
        })
        .collect()
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            copy_files(&from, &to);
        } else if !from.to_string_lossy().ends_with("-shm") {
            // Shared memory does not outlive the machine; the log's index is made anew.
            fs::copy(&from, &to).unwrap();
        }
    }
}
