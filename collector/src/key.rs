//! The instance's own secret, under which reporter ids and contents are hashed.

use std::{
    fmt, fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::chance::Rng;

/// The file's name in the data folder.
pub const KEY_FILE: &str = "instance.key";
/// Holds the key where it is not to lie in the data folder: 64 hexadecimal digits.
pub const KEY_VARIABLE: &str = "CANDOR_INSTANCE_KEY";
const NO_KEY: &str = "a key is 64 hexadecimal digits";

/// 32 secret bytes. Without them the hashes in the database say nothing about anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct InstanceKey([u8; 32]);

/// What a hash is for; two hashes of the same bytes for different uses have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A visitor's reporter id.
    Reporter,
    /// What a submission says, to tell a retry from another submission under the same id.
    Fingerprint,
    /// The token that a form in the inbox carries.
    Form,
    /// The value by which the database recognises its key.
    Check,
    /// The chain of the audit log.
    Audit,
    /// An e-mail address, to find its reports again.
    Address,
    /// A word of a report, to find it again.
    Word,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is there and cannot be used; it is left as it is.
    #[error("{}: {fault}", path.display())]
    Unfit {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl InstanceKey {
    /// A key from bytes that somebody else keeps.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key from its text: 64 hexadecimal digits.
    ///
    /// # Errors
    /// It says something else.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = text.trim().as_bytes();
        let mut key = [0; 32];
        if digits.len() != 64 {
            return Err(NO_KEY);
        }
        for (byte, two) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(two[at]).to_digit(16);
            let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(NO_KEY) };
            *byte = u8::try_from(high * 16 + low).map_err(|_| NO_KEY)?;
        }
        Ok(Self(key))
    }

    /// Reads the key of the data folder; makes one, readable by its owner alone, where there is none.
    ///
    /// Two programs that start at the same moment get the same key. An existing file is never overwritten.
    ///
    /// # Errors
    /// The file cannot be read or made, does not hold 32 bytes, or others may read it.
    pub fn open_or_create(folder: &Path, rng: &Rng) -> Result<Self, KeyError> {
        let path = folder.join(KEY_FILE);
        match read(&path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                private::create(folder, KEY_FILE, &rng.bytes::<32>(), rng)?;
                read(&path)
            }
            other => other,
        }
    }

    /// The secret itself, to be kept sealed.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A keyed hash of `data` for one use.
    #[must_use]
    pub fn hash(&self, to: Use, data: &[u8]) -> [u8; 32] {
        self.hasher(to).hash(data)
    }

    /// What hashes many values for one use; the work that they have in common is done once.
    pub(crate) fn hasher(&self, to: Use) -> Hasher {
        let label: &[u8] = match to {
            Use::Reporter => b"reporter",
            Use::Fingerprint => b"fingerprint",
            Use::Form => b"form",
            Use::Check => b"check",
            Use::Audit => b"audit",
            Use::Address => b"address",
            Use::Word => b"word",
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(label);
        mac.update(&[0]);
        Hasher(mac)
    }
}

/// Hashes for one use; see [`InstanceKey::hash`].
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// The keyed hash of `data`.
    pub(crate) fn hash(&self, data: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(data);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceKey(…)")
    }
}

fn read(path: &Path) -> Result<InstanceKey, KeyError> {
    private::check(path)?;
    let bytes = fs::read(path).map_err(|source| KeyError::Io { path: path.to_path_buf(), source })?;
    let unfit = |fault| KeyError::Unfit { path: path.to_path_buf(), fault };
    let bytes =
        bytes.try_into().map_err(|_| unfit("this is no key of 32 bytes: restore it from a backup"))?;
    Ok(InstanceKey(bytes))
}

/// Files with secrets: for their owner's eyes alone, and never seen half written.
pub(crate) mod private {
    use super::*;

    /// Whether nobody but its owner may read the file.
    pub(crate) fn check(path: &Path) -> Result<(), KeyError> {
        let io = |source| KeyError::Io { path: path.to_path_buf(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode();
        if mode & 0o077 != 0 {
            let fault = "others may read this key: run `chmod 600` on it";
            return Err(KeyError::Unfit { path: path.to_path_buf(), fault });
        }
        Ok(())
    }

    /// Writes beside, then links: the name appears at once with all its bytes, or not at all. Whoever was faster has
    /// made the file; theirs is left as it is.
    pub(crate) fn create(folder: &Path, name: &str, bytes: &[u8], rng: &Rng) -> Result<(), KeyError> {
        beside(folder, name, bytes, rng, |beside, path| {
            let linked = fs::hard_link(beside, path);
            fs::remove_file(beside)?;
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            }
        })
    }

    /// Writes beside, then renames: the name means the old bytes or the new ones, and never neither.
    pub(crate) fn replace(folder: &Path, name: &str, bytes: &[u8], rng: &Rng) -> Result<(), KeyError> {
        beside(folder, name, bytes, rng, |beside, path| fs::rename(beside, path))
    }

    fn beside(
        folder: &Path,
        name: &str,
        bytes: &[u8],
        rng: &Rng,
        then: impl FnOnce(&Path, &Path) -> io::Result<()>,
    ) -> Result<(), KeyError> {
        let path = folder.join(name);
        let beside = folder.join(format!("{name}.{:x}", u64::from_le_bytes(rng.bytes())));
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        let written = write().and_then(|()| then(&beside, &path));
        if written.is_err() {
            // What is beside it is of no use, and the first error is the one to tell.
            let _ = fs::remove_file(&beside);
        }
        written
            .and_then(|()| fs::File::open(folder)?.sync_all())
            .map_err(|source| KeyError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    fn rng() -> Rng {
        let next = AtomicU8::new(1);
        Rng::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let rng = rng();
        let key = InstanceKey::open_or_create(folder.path(), &rng).unwrap();
        assert_eq!(InstanceKey::open_or_create(folder.path(), &rng).unwrap(), key);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn truncated_or_open_key_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        let attempt = |bytes: &[u8], mode| {
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let outcome = InstanceKey::open_or_create(folder.path(), &rng());
            assert_eq!(fs::read(&path).unwrap(), bytes);
            outcome
        };
        assert!(attempt(&[7; 32], 0o600).is_ok());
        assert!(matches!(attempt(&[7; 31], 0o600), Err(KeyError::Unfit { .. })));
        assert!(matches!(attempt(&[7; 32], 0o644), Err(KeyError::Unfit { .. })));
    }

    #[test]
    fn hashes_for_different_uses_have_nothing_in_common() {
        let key = InstanceKey::new([9; 32]);
        assert_ne!(key.hash(Use::Reporter, b"x"), key.hash(Use::Fingerprint, b"x"));
        assert_ne!(key.hash(Use::Reporter, b"x"), InstanceKey::new([8; 32]).hash(Use::Reporter, b"x"));
    }
}
