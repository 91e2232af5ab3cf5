//! The bytes of files, outside the database: named by what they hash to, durable before they are named anywhere.
//!
//! Whoever keeps a file writes its blob first and then the row that names it; whoever removes one, the row first. What
//! happens in between leaves at worst a blob that no row names, and [`crate::retention`] takes those away.
//!
//! What comes here is sealed already ([`crate::store::Store::file_seal`]): a name is that of the sealed bytes, and says
//! nothing about the file.
//!
//! Writing the same bytes again writes the same blob, so a write needs no condition that a store may not know, and a
//! blob that was damaged is mended by it.

mod place;

use std::{
    error::Error,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path as Key,
};
use sha2::{Digest as _, Sha256};

pub use place::PlaceError;

use place::Place;

/// The folder's name in the data folder.
const FOLDER: &str = "blobs";
/// What the names of files in the making have at their end, before a number.
const IN_THE_MAKING: char = '#';
/// Beside all blobs: what is written to prove that they can be.
const PROOF: &str = "proof";
/// A larger blob goes to a bucket in parts, so that a line that breaks costs one of them.
const WHOLE_MAX: usize = 8 * 1024 * 1024;
/// What a part has; S3 takes no less.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// How long a bucket may take for one blob, whatever happens on the way: a visitor waits for it.
const PATIENCE: Duration = Duration::from_secs(12);

/// A blob's name: the SHA-256 of its bytes. The same bytes are kept once, however many rows name them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName([u8; 32]);

/// Why blobs cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no room left.
    #[error("no room left for blobs")]
    Full,
    /// It cannot be done now and may be done later.
    #[error("blobs cannot be used at the moment: {0}")]
    Unavailable(String),
}

/// The blobs, wherever they are. Its clones are of the same place, and go over to another together.
#[derive(Clone, Debug)]
pub struct Blobs(Arc<RwLock<Shelved>>);

/// One place for blobs.
#[derive(Clone, Debug)]
struct Shelved {
    store: Arc<dyn ObjectStore>,
    /// Where they are files.
    folder: Option<PathBuf>,
}

impl Blobs {
    /// The blobs of a data folder, made where there are none. Every write is on disk, with its folder's entry, when it
    /// is answered.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn in_folder(data: &Path) -> Result<Self, BlobError> {
        Self::in_files(data.join(FOLDER))
    }

    /// The blobs at an address: a folder, or `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, with
    /// what the environment (`variables`) says to it: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on. Nothing is asked
    /// of a server yet.
    ///
    /// # Errors
    /// The address or the environment is unfit, or a folder cannot be made.
    pub fn at(
        address: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, PlaceError> {
        match place::find(address, variables)? {
            Place::Folder(folder) => Ok(Self::in_files(folder)?),
            Place::Bucket(store) => Ok(Self::of(Shelved { store, folder: None })),
        }
    }

    fn in_files(folder: PathBuf) -> Result<Self, BlobError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| BlobError::Unavailable(format!("{}: {error}", folder.display())))?;
        // Its entry in the folder around it has to last as long as what goes into it.
        let around = folder.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = fs::File::open(around).and_then(|around| around.sync_all());
        synced.map_err(|error| BlobError::Unavailable(format!("{}: {error}", around.display())))?;
        let store = Arc::new(LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true));
        Ok(Self::of(Shelved { store, folder: Some(folder) }))
    }

    fn of(shelved: Shelved) -> Self {
        Self(Arc::new(RwLock::new(shelved)))
    }

    /// Goes over to where `others` are now, with all that has begun and asks again.
    pub fn go_over(&self, others: &Self) {
        let there = others.now();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = there;
    }

    fn now(&self) -> Shelved {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        self.now().store
    }

    /// Keeps bytes, durably, and says under which name. Keeping what is there already is no mistake.
    ///
    /// # Errors
    /// Nothing can be relied on.
    pub async fn keep(&self, bytes: Bytes) -> Result<BlobName, BlobError> {
        let name = name_of(bytes.clone()).await?;
        self.put(&name.key(), bytes).await?;
        Ok(name)
    }

    /// Writes something small beside the blobs, durably.
    ///
    /// # Errors
    /// Blobs cannot be kept at the moment.
    pub async fn probe(&self) -> Result<(), BlobError> {
        self.put(&Key::from(PROOF), Bytes::from_static(b"ok")).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<(), BlobError> {
        let Shelved { store, folder } = self.now();
        if folder.is_some() {
            store.put(key, bytes.into()).await?;
            return Ok(());
        }
        if bytes.len() <= WHOLE_MAX {
            return in_time(async { store.put(key, bytes.into()).await.map(drop) }).await;
        }
        let mut upload = in_time(store.put_multipart(key)).await?;
        let put = in_time(put_parts(upload.as_mut(), bytes)).await;
        if put.is_err() {
            // The first error is the one to tell; what stays is what the bucket's own rule removes.
            let _ = in_time(upload.abort()).await;
        }
        put
    }

    /// The bytes of a blob; `None` where there are none.
    ///
    /// # Errors
    /// They cannot be read at the moment.
    pub async fn open(&self, name: BlobName) -> Result<Option<Bytes>, BlobError> {
        match self.store().get(&name.key()).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a blob is there.
    ///
    /// # Errors
    /// That cannot be told at the moment.
    pub async fn has(&self, name: BlobName) -> Result<bool, BlobError> {
        match self.store().head(&name.key()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob; one that is not there is removed.
    ///
    /// # Errors
    /// It may still be there.
    pub async fn remove(&self, name: BlobName) -> Result<(), BlobError> {
        match self.store().delete(&name.key()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of all blobs that begin with this byte: a walk over all 256 is a walk over all blobs.
    ///
    /// # Errors
    /// They cannot be listed at the moment.
    pub async fn names(&self, shard: u8) -> Result<Vec<BlobName>, BlobError> {
        let listed = self.store().list_with_delimiter(Some(&shard_key(shard))).await?;
        Ok(listed.objects.iter().filter_map(|object| BlobName::parse(object.location.filename()?)).collect())
    }

    /// Removes what a collector that was killed has left half written, where blobs are files; a bucket shows none. To be
    /// called where no other program writes there.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn clear_half_written(&self) -> io::Result<u64> {
        let Some(folder) = self.now().folder else { return Ok(0) };
        let mut removed = 0;
        for shard in fs::read_dir(folder)? {
            let shard = shard?.path();
            if !shard.is_dir() {
                continue;
            }
            for file in fs::read_dir(shard)? {
                let file = file?;
                if file.file_name().to_string_lossy().contains(IN_THE_MAKING) {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// No more time than a visitor has.
async fn in_time<T>(work: impl Future<Output = Result<T, object_store::Error>>) -> Result<T, BlobError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(BlobError::Unavailable("the bucket takes too long".into())),
    }
}

async fn put_parts(upload: &mut dyn MultipartUpload, mut bytes: Bytes) -> object_store::Result<()> {
    while !bytes.is_empty() {
        let part = bytes.split_to(PART_BYTES.min(bytes.len()));
        upload.put_part(PutPayload::from(part)).await?;
    }
    upload.complete().await.map(drop)
}

/// The name of bytes, found away from the threads that answer requests.
async fn name_of(bytes: Bytes) -> Result<BlobName, BlobError> {
    let hash = tokio::task::spawn_blocking(move || BlobName(Sha256::digest(&bytes).into())).await;
    hash.map_err(|error| BlobError::Unavailable(error.to_string()))
}

fn shard_key(shard: u8) -> Key {
    Key::from(format!("{shard:02x}"))
}

impl BlobName {
    /// The name that a row holds.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What a row holds of it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn key(self) -> Key {
        shard_key(self.0[0]).join(self.to_string())
    }

    fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut name = [0; 32];
        if pairs.len() != name.len() {
            return None;
        }
        for (byte, [high, low]) in name.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(name))
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
                return Self::Full;
            }
            cause = error.source();
        }
        let said = error.to_string();
        // What buckets say whose owner has no room left; there is no code for it that all agree on.
        if ["507 Insufficient Storage", "StorageFull", "QuotaExceeded"].iter().any(|full| said.contains(full))
        {
            return Self::Full;
        }
        Self::Unavailable(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(blobs: &Blobs) -> Vec<BlobName> {
        let mut all = Vec::new();
        for shard in 0..=u8::MAX {
            all.extend(blobs.names(shard).await.unwrap());
        }
        all
    }

    #[tokio::test]
    async fn what_is_kept_is_had_listed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let name = blobs.keep(Bytes::from_static(b"a")).await.unwrap();
        assert_eq!(blobs.keep(Bytes::from_static(b"a")).await.unwrap(), name);
        let other = blobs.keep(Bytes::from_static(b"b")).await.unwrap();
        assert_eq!(name.to_string(), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
        let again = Blobs::in_folder(folder.path()).unwrap();
        assert_eq!(again.open(name).await.unwrap().as_deref(), Some(&b"a"[..]));
        let mut both = [name, other];
        both.sort();
        assert_eq!(
            {
                let mut found = all(&again).await;
                found.sort();
                found
            },
            both
        );
        again.remove(name).await.unwrap();
        again.remove(name).await.unwrap();
        assert_eq!((again.open(name).await.unwrap(), again.has(name).await.unwrap()), (None, false));
        assert!(again.has(other).await.unwrap());
    }

    #[tokio::test]
    async fn half_written_files_are_no_blobs_and_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let name = blobs.keep(Bytes::from_static(b"a")).await.unwrap();
        let half = folder.path().join(format!("blobs/ca/{name}#1"));
        fs::write(&half, b"half").unwrap();
        assert_eq!(all(&blobs).await, [name]);
        assert_eq!(blobs.clear_half_written().unwrap(), 1);
        assert!(!half.exists() && blobs.has(name).await.unwrap());
    }

    #[tokio::test]
    async fn folder_that_is_away_is_said_and_its_return_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let (here, away) = (folder.path().join("blobs"), folder.path().join("away"));
        fs::rename(&here, &away).unwrap();
        fs::write(&here, b"not a folder").unwrap();
        let refused = blobs.keep(Bytes::from_static(b"a")).await;
        assert!(matches!(refused, Err(BlobError::Unavailable(_))), "{refused:?}");
        fs::remove_file(&here).unwrap();
        fs::rename(&away, &here).unwrap();
        let name = blobs.keep(Bytes::from_static(b"a")).await.unwrap();
        assert!(blobs.has(name).await.unwrap());
    }

    #[test]
    fn full_disk_is_told_from_one_that_is_away() {
        let error =
            |kind| object_store::Error::Generic { store: "disk", source: Box::new(io::Error::from(kind)) };
        assert!(matches!(BlobError::from(error(io::ErrorKind::StorageFull)), BlobError::Full));
        assert!(matches!(BlobError::from(error(io::ErrorKind::NotConnected)), BlobError::Unavailable(_)));
    }
}
