//! What opens, what does not, and what becomes of key files.

use std::{
    os::unix::fs::PermissionsExt as _,
    sync::atomic::{AtomicU8, Ordering},
};

use candor_protocol::Purpose;

use super::*;

const ADA: Owner = Owner { site: Uuid::from_u128(1), reporter: [1; 32] };
const BOB: Owner = Owner { reporter: [2; 32], ..ADA };

fn rng() -> Rng {
    let next = AtomicU8::new(1);
    Rng::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)))
}

fn part(rng: &Rng) -> PartKey {
    ReporterKey::fresh(rng).part(Uuid::from_u128(1), Purpose::Message)
}

fn masters(rng: &Rng) -> MasterKeys {
    MasterKeys(vec![Key(Zeroizing::new(rng.bytes()))])
}

#[test]
fn what_is_sealed_opens_in_its_own_place_and_nowhere_else() {
    let rng = rng();
    let key = part(&rng);
    let sealed = key.seal(b"report 1, message", b"It breaks", &rng);
    assert!(!sealed.windows(5).any(|window| window == b"It br"));
    assert_eq!(key.open(b"report 1, message", &sealed).unwrap(), b"It breaks");
    assert_eq!(key.open(b"report 2, message", &sealed), Err(VaultError::Spoilt));
    assert_eq!(part(&rng).open(b"report 1, message", &sealed), Err(VaultError::Spoilt));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(key.open(b"report 1, message", &changed), Err(VaultError::Spoilt), "byte {at}");
        assert_eq!(key.open(b"report 1, message", &sealed[..at]), Err(VaultError::Spoilt), "cut at {at}");
    }
}

#[test]
fn the_same_words_are_sealed_alike_only_where_a_retry_must_find_them() {
    let rng = rng();
    let key = part(&rng);
    assert_ne!(key.seal(b"", b"yes", &rng), key.seal(b"", b"yes", &rng));
    let alike = key.seal_alike(b"here", b"yes");
    assert_eq!(key.seal_alike(b"here", b"yes"), alike, "unless a retry must find it again");
    assert_eq!(key.open(b"here", &alike).unwrap(), b"yes");
    for other in [
        key.seal_alike(b"there", b"yes"),
        key.seal_alike(b"here", b"no"),
        key.seal_alike(b"herey", b"es"),
        part(&rng).seal_alike(b"here", b"yes"),
    ] {
        assert_ne!(other[..NONCE_BYTES], alike[..NONCE_BYTES]);
    }
}

#[test]
fn each_purpose_of_each_report_has_a_key_and_a_ring_holds_on_to_those_that_stay() {
    let rng = rng();
    let (old, fresh) = (ReporterKey::fresh(&rng), ReporterKey::fresh(&rng));
    let [one, two] = [1, 2].map(Uuid::from_u128);
    let sealed = old.part(one, Purpose::Message).seal(b"", b"words", &rng);
    let opens = |key: &PartKey| key.open(b"", &sealed).is_ok();
    assert!(opens(&old.part(one, Purpose::Message)), "it is made alike again");
    let others = [old.part(one, Purpose::Contact), old.part(two, Purpose::Message), old.itself()];
    assert!(!others.iter().any(opens) && !opens(&fresh.part(one, Purpose::Message)));

    let mut ring = old.ring(one);
    assert!(ring.take_off(Purpose::Contact) && !ring.take_off(Purpose::Contact));
    let bytes = fresh.seal_ring(one, &ring, &rng);
    let ring = fresh.open_ring(one, &bytes).unwrap();
    assert!(
        ring.part(Purpose::Message).is_some_and(|key| opens(&key)) && ring.part(Purpose::Contact).is_none()
    );
    assert_eq!(format!("{ring:?}").matches(',').count(), 5, "{ring:?}");
    for (key, report) in [(&fresh, two), (&old, one)] {
        assert_eq!(key.open_ring(report, &bytes).unwrap_err(), VaultError::Spoilt);
    }
}

#[test]
fn a_key_unwraps_for_its_owner_under_its_master_alone() {
    let rng = rng();
    let (masters, others) = (masters(&rng), masters(&rng));
    let key = ReporterKey::fresh(&rng);
    let wrapped = masters.wrap(&key, &ADA, &rng);
    let sealed = key.itself().seal(b"", b"words", &rng);
    assert_eq!(masters.unwrap(&wrapped, &ADA).unwrap().itself().open(b"", &sealed).unwrap(), b"words");
    assert_eq!(masters.unwrap(&wrapped, &BOB).unwrap_err(), VaultError::Spoilt);
    assert_eq!(others.unwrap(&wrapped, &ADA).unwrap_err(), VaultError::OtherMaster);
}

#[test]
fn rotation_keeps_the_old_key_until_it_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let rng = rng();
    let mut masters = MasterKeys::open_or_create(folder.path(), &rng).unwrap();
    let key = ReporterKey::fresh(&rng);
    let before = masters.wrap(&key, &ADA, &rng);
    masters.rotate(folder.path(), &rng).unwrap();
    assert_ne!(masters.current(), before.master);
    assert!(masters.unwrap(&before, &ADA).is_ok());
    let after = masters.wrap(&key, &ADA, &rng);
    let read = MasterKeys::open_or_create(folder.path(), &rng).unwrap();
    assert_eq!(read.ids(), masters.ids());
    masters.retire(folder.path(), &rng).unwrap();
    assert_eq!(masters.unwrap(&before, &ADA).unwrap_err(), VaultError::OtherMaster);
    assert!(masters.unwrap(&after, &ADA).is_ok());
    let mode = fs::metadata(folder.path().join(MASTER_KEY_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_running_vault_follows_a_rotation_by_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let rng = rng();
    let open = || {
        let masters = MasterKeys::open_or_create(folder.path(), &rng).unwrap();
        Vault::new(masters, Some(folder.path().into()), rng.clone())
    };
    let (server, command) = (open(), open());
    command.rotate().unwrap();
    let wrapped = command.wrap(&ReporterKey::fresh(&rng), &ADA);
    assert_ne!(wrapped.master, server.current());
    assert!(server.unwrap(&wrapped, &ADA).is_ok());
    assert_eq!(server.current(), command.current());
    let elsewhere = Vault::new(masters(&rng), None, rng.clone());
    assert_eq!(elsewhere.unwrap(&wrapped, &ADA).unwrap_err(), VaultError::OtherMaster);
    assert!(elsewhere.rotate().is_err());
}

#[test]
fn a_key_file_that_is_none_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(MASTER_KEY_FILE);
    let good = "ab".repeat(32);
    for (text, mode, fits) in [
        (good.clone(), 0o600, true),
        (format!("{good}\n{}\n", "cd".repeat(32)), 0o600, true),
        (good[..63].to_owned(), 0o600, false),
        (format!("{good}\n{}", "cd".repeat(31)), 0o600, false),
        (String::new(), 0o600, false),
        ("zz".repeat(32), 0o600, false),
        (good.clone(), 0o640, false),
    ] {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let outcome = MasterKeys::open_or_create(folder.path(), &rng());
        assert_eq!(outcome.is_ok(), fits, "{text:?} {mode:o}");
        if !fits {
            assert!(matches!(outcome, Err(KeyError::Unfit { .. })));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}
