//! Backups: one file with the database and all blobs, and beside it the newest keys, without which it cannot be read.
//!
//! The backup is a ZIP of what lies sealed anyway, so that old ones may be kept and copied about. The file of keys holds
//! the reporters' keys and all erasures, sealed under the master key, and is only ever replaced: keeping an old one
//! would keep those readable who were erased since.

use std::{
    fs, io,
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use candor_protocol::Timestamp;
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{
    blobs::{BlobError, BlobName, Blobs},
    chance::Rng,
    key::{InstanceKey, KEY_FILE, KeyError, private},
    store::{self, Ledger, PutBack, Store, StoreError},
    vault::{MasterId, Vault, Wrapped},
};

/// What the file of keys begins with.
const MAGIC: &[u8; 16] = b"candor keys v1\r\n";
/// What the file of keys is bound to.
const ABOUT: &[u8] = b"candor keys";
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "candor.sqlite";
const FORMAT: u32 = 1;
/// Bytes that are copied at once.
const CHUNK: usize = 64 * 1024;
/// More than any file has, sealed: an entry that goes on and on is none of ours.
const BLOB_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why there is no backup, or why one was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The backup, or the file of keys, is not what was written.
    #[error("{}: {fault}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// It may not be done here.
    #[error("{0}")]
    Refused(&'static str),
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    seq: i64,
    made_at: Timestamp,
    database: [u8; 32],
    blobs: u64,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    instance: [u8; 32],
    ledger: Ledger,
}

/// Writes a backup while the collector runs; `copied` is told of how many blobs, and how many are done. The file
/// appears when it is whole.
///
/// # Errors
/// There is no such file, or the old one is still there.
pub async fn write(
    (store, blobs): (&Store, &Blobs),
    to: &Path,
    now: Timestamp,
    mut copied: impl FnMut(u64, u64),
) -> Result<(), BackupError> {
    let io = |source| BackupError::Io { path: to.to_path_buf(), source };
    let beside = private_folder(".candor-backup-", parent(to)).map_err(io)?;
    let (database, archive) = (beside.path().join(DATABASE), beside.path().join("archive"));
    let copy = store.copy_into(&database).await?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&archive).map_err(io)?;
    let mut zip = ZipWriter::new(io::BufWriter::new(file));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    let unzip =
        |error: zip::result::ZipError| BackupError::Io { path: to.to_path_buf(), source: error.into() };
    let total = copy.blobs.len() as u64;
    let mut gone = Vec::new();
    for (done, blob) in copy.blobs.iter().enumerate() {
        match blobs.open(*blob).await? {
            Some(bytes) => {
                // What is sealed does not get smaller.
                zip.start_file(format!("blobs/{blob}"), plain).map_err(unzip)?;
                zip.write_all(&bytes).map_err(io)?;
            }
            None => gone.push(*blob),
        }
        copied(done as u64 + 1, total);
    }
    store::drop_gone(&database, &gone)?;
    let hash = hash_of(&database).map_err(io)?;
    let manifest = Manifest {
        format: FORMAT,
        seq: copy.seq,
        made_at: now,
        database: hash,
        blobs: total - gone.len() as u64,
    };
    zip.start_file(DATABASE, packed).map_err(unzip)?;
    io::copy(&mut fs::File::open(&database).map_err(io)?, &mut zip).map_err(io)?;
    zip.start_file(MANIFEST, packed).map_err(unzip)?;
    zip.write_all(&serde_json::to_vec(&manifest).map_err(StoreError::from)?).map_err(io)?;
    let file = zip.finish().map_err(unzip)?.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)?;
    fs::rename(&archive, to).and_then(|()| fs::File::open(parent(to))?.sync_all()).map_err(io)
}

/// Writes the file of keys; an older one is replaced.
///
/// # Errors
/// The old one is still there.
pub async fn write_keys(store: &Store, key: &InstanceKey, to: &Path, rng: &Rng) -> Result<(), BackupError> {
    let io = |source| BackupError::Io { path: to.to_path_buf(), source };
    // With many reporters each of these is large, so each goes before the next but one is made.
    let keys = Keys { instance: *key.bytes(), ledger: store.ledger().await? };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    serde_json::to_writer(&mut packed, &keys).map_err(StoreError::from)?;
    drop(keys);
    let packed = packed.finish().map_err(io)?;
    let sealed = store.vault().seal(ABOUT, &packed);
    drop(packed);
    let bytes = [&MAGIC[..], &sealed.master.0, &sealed.bytes].concat();
    let name = to.file_name().and_then(|name| name.to_str());
    let name = name.ok_or(BackupError::Refused("the file of keys needs a name"))?;
    Ok(private::replace(parent(to), name, &bytes, rng)?)
}

/// Makes of a backup and the newest keys an instance again, in `data`, which is empty or not there; its blobs go there,
/// too, or `elsewhere`. It appears when it is whole.
///
/// # Errors
/// Nothing is there; what blobs went elsewhere is found there by the same attempt again.
pub async fn restore(
    (from, keys): (&Path, &Path),
    (data, elsewhere): (&Path, Option<&Blobs>),
    vault: &Vault,
    master: Option<&str>,
    (rng, now): (&Rng, Timestamp),
    mut copied: impl FnMut(u64, u64),
) -> Result<PutBack, BackupError> {
    let io = |source| BackupError::Io { path: data.to_path_buf(), source };
    if data.exists() && fs::read_dir(data).map_err(io)?.next().is_some() {
        return Err(BackupError::Refused("the data folder is not empty: restore into an empty one"));
    }
    let Keys { instance, ledger } = read_keys(keys, vault)?;
    let key = InstanceKey::new(instance);
    // In the same file system, so that it can take the folder's place in one step; gone, whatever happens before.
    let home = parent(data);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(io)?;
    let beside = private_folder(".candor-restore-", home).map_err(io)?;
    let mut archive = Archive::open(from)?;
    if !ledger.reaches(archive.manifest.made_at) {
        return Err(BackupError::Refused(
            "the backup is older than --backup-days: what was erased soon after it is not known any more, and would \
             come back",
        ));
    }
    archive.database(&beside.path().join(DATABASE))?;
    let (put, blobs) = store::put_back(beside.path(), &ledger, (&key, vault), now)?;
    let total = blobs.len() as u64;
    let kept = match elsewhere {
        Some(elsewhere) => elsewhere.clone(),
        None => Blobs::in_folder(beside.path())?,
    };
    for (done, blob) in blobs.into_iter().enumerate() {
        let bytes = archive.blob(blob)?;
        kept.keep(bytes.into()).await?;
        copied(done as u64 + 1, total);
    }
    private::create(beside.path(), KEY_FILE, &instance, rng)?;
    if let Some(master) = master {
        private::create(beside.path(), crate::vault::MASTER_KEY_FILE, master.as_bytes(), rng)?;
    }
    let whole = beside.keep();
    let placed = fs::rename(&whole, data).and_then(|()| fs::File::open(home)?.sync_all());
    if placed.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&whole);
    }
    placed.map_err(io)?;
    Ok(put)
}

fn read_keys(path: &Path, vault: &Vault) -> Result<Keys, BackupError> {
    let damaged = |fault| BackupError::Damaged { path: path.to_path_buf(), fault };
    let bytes = fs::read(path).map_err(|source| BackupError::Io { path: path.to_path_buf(), source })?;
    let sealed = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<8>());
    let (master, bytes) = sealed.ok_or_else(|| damaged("this is no file of keys"))?;
    let sealed = Wrapped { master: MasterId(*master), bytes: bytes.to_vec() };
    let packed = vault.open(ABOUT, &sealed).map_err(|error| match error {
        crate::vault::VaultError::OtherMaster => {
            damaged("it is sealed under another master key: give the one that belongs to it")
        }
        crate::vault::VaultError::Spoilt => damaged("it was changed or cut off"),
    })?;
    serde_json::from_reader(io::BufReader::new(ZlibDecoder::new(packed.as_slice())))
        .map_err(|_| damaged("another version of candor wrote it"))
}

/// A backup that is being read.
struct Archive {
    path: PathBuf,
    zip: ZipArchive<io::BufReader<fs::File>>,
    manifest: Manifest,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, BackupError> {
        let io = |source| BackupError::Io { path: path.to_path_buf(), source };
        let damaged = |fault| BackupError::Damaged { path: path.to_path_buf(), fault };
        let file = fs::File::open(path).map_err(io)?;
        let mut zip =
            ZipArchive::new(io::BufReader::new(file)).map_err(|_| damaged("this is no whole backup"))?;
        let mut text = String::new();
        let entry = zip.by_name(MANIFEST).map_err(|_| damaged("this is no backup of candor"))?;
        entry.take(CHUNK as u64).read_to_string(&mut text).map_err(|_| damaged("it is damaged"))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|_| damaged("another version of candor wrote it"))?;
        if manifest.format != FORMAT {
            return Err(damaged("another version of candor wrote it"));
        }
        Ok(Self { path: path.to_path_buf(), zip, manifest })
    }

    fn damaged(&self, fault: &'static str) -> BackupError {
        BackupError::Damaged { path: self.path.clone(), fault }
    }

    fn database(&mut self, to: &Path) -> Result<(), BackupError> {
        let hash = self.extract(DATABASE, to)?;
        if hash == self.manifest.database { Ok(()) } else { Err(self.damaged("its database is damaged")) }
    }

    fn blob(&mut self, blob: BlobName) -> Result<Vec<u8>, BackupError> {
        let path = self.path.clone();
        let damaged = |fault| BackupError::Damaged { path, fault };
        let Ok(entry) = self.zip.by_name(&format!("blobs/{blob}")) else {
            return Err(damaged("something is missing in it"));
        };
        let mut bytes = Vec::new();
        if entry.take(BLOB_BYTES_MAX).read_to_end(&mut bytes).is_err() {
            return Err(damaged("it is damaged"));
        }
        if Sha256::digest(&bytes)[..] == blob.as_bytes()[..] {
            Ok(bytes)
        } else {
            Err(damaged("one of its files is damaged"))
        }
    }

    /// Writes an entry to a file, durably, and says what it hashes to.
    fn extract(&mut self, name: &str, to: &Path) -> Result<[u8; 32], BackupError> {
        let io = |source| BackupError::Io { path: to.to_path_buf(), source };
        let path = self.path.clone();
        let damaged = |fault| BackupError::Damaged { path, fault };
        let Ok(mut entry) = self.zip.by_name(name) else { return Err(damaged("something is missing in it")) };
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(io)?;
        let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
        loop {
            let Ok(read) = entry.read(&mut chunk) else { return Err(damaged("it is damaged")) };
            if read == 0 {
                break;
            }
            hash.update(&chunk[..read]);
            file.write_all(&chunk[..read]).map_err(io)?;
        }
        file.sync_all().map_err(io)?;
        Ok(hash.finalize().into())
    }
}

fn hash_of(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = fs::File::open(path)?;
    file.rewind()?;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&chunk[..read]);
    }
}

/// A folder for its owner's eyes alone, gone when it is dropped.
fn private_folder(prefix: &str, home: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(fs::Permissions::from_mode(0o700)).tempdir_in(home)
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests;
