//! The vault: personal data lies sealed under a key of its reporter's own, and that key under the instance's master key.
//!
//! Destroying a reporter's key makes all that was sealed under it unreadable, wherever copies of it may lie. The
//! master key can be exchanged without touching what is sealed: only the reporters' keys are wrapped anew.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::part::{KeyRing, PartKey};
use crate::{
    chance::Rng,
    key::{KeyError, private},
};

/// Holds the master key where it is not to lie in the data folder: 64 hexadecimal digits, several with commas between.
pub const MASTER_KEY_VARIABLE: &str = "CANDOR_MASTER_KEY";
/// The file's name in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Bytes of a key for AES-256.
const KEY_BYTES: usize = 32;
/// Bytes of GCM's nonce. They are random: far below 2³² values are ever sealed under one reporter's key.
const NONCE_BYTES: usize = 12;

/// Which master key wrapped something: the first bytes of the key's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MasterId(pub [u8; 8]);

/// Why something could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was wrapped under a master key that is not here.
    #[error("this is sealed under another master key: restore the one that belongs to it")]
    OtherMaster,
    /// It is not what was sealed, not here, or not under this key.
    #[error("what is sealed here was changed or belongs elsewhere")]
    Spoilt,
}

/// Whose key it is. It is bound into what is wrapped, so that a row moved to another reporter does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The site; nothing crosses from one to another.
    pub site: Uuid,
    /// The keyed hash of the reporter id.
    pub reporter: [u8; 32],
}

impl Owner {
    fn bytes(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(self.site.as_bytes());
        bytes[16..].copy_from_slice(&self.reporter);
        bytes
    }
}

/// One key, of a reporter or the instance.
#[derive(Clone)]
struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    fn seal(&self, about: &[u8], plain: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let cipher = Aes256Gcm::new((&*self.0).into());
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: about })
            .expect("GCM seals up to 64 GiB, and nothing comes near that");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Spoilt)?;
        Aes256Gcm::new((&*self.0).into())
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: about })
            .map_err(|_| VaultError::Spoilt)
    }
}

/// The key of one reporter on one site. Nothing lies under it but the keys of their reports' purposes, which come from
/// it: see [`PartKey`].
#[derive(Clone)]
pub struct ReporterKey(Key);

impl ReporterKey {
    /// A fresh key.
    #[must_use]
    pub fn fresh(rng: &Rng) -> Self {
        Self(Key(Zeroizing::new(rng.bytes())))
    }
}

impl fmt::Debug for ReporterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReporterKey(…)")
    }
}

/// A reporter's key as it lies in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The master key it is under.
    pub master: MasterId,
    /// The sealed key.
    pub bytes: Vec<u8>,
}

/// The instance's master keys: the first wraps, all unwrap. There is more than one only during a rotation.
#[derive(Clone)]
pub struct MasterKeys(Vec<Key>);

impl MasterKeys {
    /// Keys from their text: one of 64 hexadecimal digits a line, the newest first; blank lines do not count.
    ///
    /// # Errors
    /// A line says something else, or there is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let lines = text.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty());
        let keys: Vec<Key> = lines.map(key).collect::<Option<_>>().ok_or("a key is 64 hexadecimal digits")?;
        if keys.is_empty() { Err("there is no key in it") } else { Ok(Self(keys)) }
    }

    /// Reads the keys of the data folder; makes one, readable by its owner alone, where there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, does not hold keys, or others may read it.
    pub fn open_or_create(folder: &Path, rng: &Rng) -> Result<Self, KeyError> {
        let path = folder.join(MASTER_KEY_FILE);
        match read(&path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let fresh = Self(vec![Key(Zeroizing::new(rng.bytes()))]);
                private::create(folder, MASTER_KEY_FILE, fresh.text().as_bytes(), rng)?;
                read(&path)
            }
            other => other,
        }
    }

    /// Puts a fresh key before the others, in the file first.
    ///
    /// # Errors
    /// The file cannot be written; the old one is still there.
    pub fn rotate(&mut self, folder: &Path, rng: &Rng) -> Result<(), KeyError> {
        let mut keys = vec![Key(Zeroizing::new(rng.bytes()))];
        keys.extend(self.0.iter().cloned());
        self.replace(folder, keys, rng)
    }

    /// Forgets all keys but the first: for when nothing is wrapped under them any more.
    ///
    /// # Errors
    /// The file cannot be written; the old one is still there.
    pub fn retire(&mut self, folder: &Path, rng: &Rng) -> Result<(), KeyError> {
        self.replace(folder, self.0.iter().take(1).cloned().collect(), rng)
    }

    fn replace(&mut self, folder: &Path, keys: Vec<Key>, rng: &Rng) -> Result<(), KeyError> {
        let next = Self(keys);
        private::replace(folder, MASTER_KEY_FILE, next.text().as_bytes(), rng)?;
        *self = next;
        Ok(())
    }

    /// The key that wraps.
    #[must_use]
    pub fn current(&self) -> MasterId {
        self.0.first().map_or(MasterId([0; 8]), id)
    }

    /// All of them, the wrapping one first.
    #[must_use]
    pub fn ids(&self) -> Vec<MasterId> {
        self.0.iter().map(id).collect()
    }

    /// A reporter's key, made fit to be kept.
    #[must_use]
    pub fn wrap(&self, key: &ReporterKey, owner: &Owner, rng: &Rng) -> Wrapped {
        let master =
            self.0.first().expect("there is a key in every set: `parse` and `open_or_create` see to it");
        Wrapped { master: id(master), bytes: master.seal(&owner.bytes(), &*key.0.0, rng.bytes()) }
    }

    /// A reporter's key as it was before it was wrapped.
    ///
    /// # Errors
    /// Its master key is not here, or it is not this owner's.
    pub fn unwrap(&self, wrapped: &Wrapped, owner: &Owner) -> Result<ReporterKey, VaultError> {
        let master = self.0.iter().find(|key| id(key) == wrapped.master).ok_or(VaultError::OtherMaster)?;
        let bytes = Zeroizing::new(master.open(&owner.bytes(), &wrapped.bytes)?);
        let bytes = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| VaultError::Spoilt)?;
        Ok(ReporterKey(Key(Zeroizing::new(bytes))))
    }

    /// `plain`, sealed under the instance itself: for what belongs to no reporter.
    #[must_use]
    pub fn seal(&self, about: &[u8], plain: &[u8], rng: &Rng) -> Wrapped {
        let master = self.0.first().expect("as in `wrap`");
        Wrapped { master: id(master), bytes: master.seal(about, plain, rng.bytes()) }
    }

    /// What was sealed under the instance.
    ///
    /// # Errors
    /// Its master key is not here, or it was changed.
    pub fn open(&self, about: &[u8], sealed: &Wrapped) -> Result<Vec<u8>, VaultError> {
        let master = self.0.iter().find(|key| id(key) == sealed.master).ok_or(VaultError::OtherMaster)?;
        master.open(about, &sealed.bytes)
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * (2 * KEY_BYTES + 1)));
        for key in &self.0 {
            for byte in key.0.iter() {
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from_digit(digit.into(), 16).expect("four bits are one digit"));
                }
            }
            text.push('\n');
        }
        text
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({} of them)", self.0.len())
    }
}

/// The master keys of a running instance, where several threads need them and a command may exchange them meanwhile.
#[derive(Debug)]
pub struct Vault {
    masters: RwLock<MasterKeys>,
    /// The folder whose file holds the keys; `None` where the environment does.
    home: Option<PathBuf>,
    rng: Rng,
}

impl Vault {
    /// A vault over keys that lie in `home`, or nowhere.
    #[must_use]
    pub const fn new(masters: MasterKeys, home: Option<PathBuf>, rng: Rng) -> Self {
        Self { masters: RwLock::new(masters), home, rng }
    }

    /// Randomness for nonces and keys.
    #[must_use]
    pub const fn rng(&self) -> &Rng {
        &self.rng
    }

    /// The key that wraps now.
    #[must_use]
    pub fn current(&self) -> MasterId {
        self.read().current()
    }

    /// See [`MasterKeys::wrap`].
    #[must_use]
    pub fn wrap(&self, key: &ReporterKey, owner: &Owner) -> Wrapped {
        self.read().wrap(key, owner, &self.rng)
    }

    /// See [`MasterKeys::unwrap`]. A key that another program has wrapped under a newer master key is found, too.
    ///
    /// # Errors
    /// As there.
    pub fn unwrap(&self, wrapped: &Wrapped, owner: &Owner) -> Result<ReporterKey, VaultError> {
        match self.read().unwrap(wrapped, owner) {
            Err(VaultError::OtherMaster) => {}
            other => return other,
        }
        self.reload();
        self.read().unwrap(wrapped, owner)
    }

    /// See [`MasterKeys::seal`].
    #[must_use]
    pub fn seal(&self, about: &[u8], plain: &[u8]) -> Wrapped {
        self.read().seal(about, plain, &self.rng)
    }

    /// See [`MasterKeys::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, about: &[u8], sealed: &Wrapped) -> Result<Vec<u8>, VaultError> {
        match self.read().open(about, sealed) {
            Err(VaultError::OtherMaster) => {}
            other => return other,
        }
        self.reload();
        self.read().open(about, sealed)
    }

    /// Exchanges the master key: from now on a fresh one wraps, and the old ones still unwrap.
    ///
    /// # Errors
    /// The keys do not lie in a file, or it cannot be written.
    pub fn rotate(&self) -> Result<(), KeyError> {
        self.change(MasterKeys::rotate)
    }

    /// Forgets all master keys but the one that wraps.
    ///
    /// # Errors
    /// As [`Vault::rotate`].
    pub fn retire(&self) -> Result<(), KeyError> {
        self.change(MasterKeys::retire)
    }

    /// How many master keys there are: more than one while a rotation is under way.
    #[must_use]
    pub fn masters(&self) -> usize {
        self.read().ids().len()
    }

    /// Whether the keys lie in a file, where they can be exchanged, and not in the environment.
    #[must_use]
    pub const fn has_home(&self) -> bool {
        self.home.is_some()
    }

    /// Makes sure of the master key of this id, which another program may have put into the file meanwhile. `false`
    /// when it is not there either.
    #[must_use]
    pub fn knows(&self, master: MasterId) -> bool {
        let is_here = || self.read().ids().contains(&master);
        if is_here() {
            return true;
        }
        self.reload();
        is_here()
    }

    fn change(
        &self,
        change: fn(&mut MasterKeys, &Path, &Rng) -> Result<(), KeyError>,
    ) -> Result<(), KeyError> {
        let home = self.home.as_ref().ok_or_else(|| KeyError::Unfit {
            path: MASTER_KEY_VARIABLE.into(),
            fault: "the environment holds the master key: put the new one before it there, separated by a comma",
        })?;
        let mut masters = self.masters.write().unwrap_or_else(PoisonError::into_inner);
        // What the file holds is what counts: another program may have changed it since it was read.
        *masters = read(&home.join(MASTER_KEY_FILE))?;
        change(&mut masters, home, &self.rng)
    }

    fn read(&self) -> RwLockReadGuard<'_, MasterKeys> {
        self.masters.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self) {
        let Some(home) = &self.home else { return };
        // A file that cannot be read leaves the keys as they are: what they open they still open.
        let Ok(fresh) = read(&home.join(MASTER_KEY_FILE)) else { return };
        let mut masters = self.masters.write().unwrap_or_else(PoisonError::into_inner);
        // A thread that is just reading may hold a row from before the exchange, so the old keys stay in memory.
        let fresh_ids = fresh.ids();
        let old: Vec<_> = masters.0.drain(..).filter(|key| !fresh_ids.contains(&id(key))).collect();
        *masters = fresh;
        masters.0.extend(old);
    }
}

fn id(key: &Key) -> MasterId {
    let hash: [u8; 32] = Sha256::digest([b"candor master key ", &key.0[..]].concat()).into();
    let ([first, ..], _) = hash.as_chunks() else { return MasterId([0; 8]) };
    MasterId(*first)
}

fn key(text: &str) -> Option<Key> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    if text.len() != 2 * KEY_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(Key(bytes))
}

fn read(path: &PathBuf) -> Result<MasterKeys, KeyError> {
    let unfit = |fault| KeyError::Unfit { path: path.clone(), fault };
    private::check(path)?;
    let text = fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => unfit("this is no key file: restore it from where you keep it"),
        _ => KeyError::Io { path: path.clone(), source },
    })?;
    MasterKeys::parse(&Zeroizing::new(text)).map_err(|_| {
        unfit("this is no key file of 64 hexadecimal digits a line: restore it from where you keep it")
    })
}

mod part;
#[cfg(test)]
mod tests;
