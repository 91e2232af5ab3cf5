//! Opening the instance in a data folder.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use candor_collector::{
    blobs::Blobs,
    chance::Rng,
    key::{InstanceKey, KEY_FILE, KEY_VARIABLE},
    store::{Site, Store, StoreOptions},
    vault::{MASTER_KEY_FILE, MASTER_KEY_VARIABLE, MasterKeys, Vault},
};
use candor_protocol::Timestamp;

use super::settings::Settings;

/// The store of the data folder and its key; both are made where there are none, and so is the master key.
///
/// # Errors
/// They cannot be, or one is there without the other.
pub(super) fn open(settings: &Settings, rng: &Rng) -> Result<(Store, InstanceKey)> {
    let (store, key) = find(settings, rng)?;
    Ok((store.with_backup_days(settings.backup_days()), key))
}

fn find(settings: &Settings, rng: &Rng) -> Result<(Store, InstanceKey)> {
    if let Some(address) = &settings.database {
        return connect(address, &settings.data(), rng);
    }
    let folder = settings.data();
    make_folder(&folder).with_context(|| folder.display().to_string())?;
    let master = std::env::var(MASTER_KEY_VARIABLE).ok();
    let (knows_key, knows_master) = Store::knows_keys(&folder)?;
    let needed = [(KEY_FILE, knows_key), (MASTER_KEY_FILE, knows_master && master.is_none())];
    if let Some((file, _)) = needed.iter().find(|(file, needed)| *needed && !folder.join(file).exists()) {
        bail!(
            "{}: there is a database, but its {file} is missing: restore it from a backup",
            folder.display()
        );
    }
    let vault = match master {
        Some(text) => {
            let masters =
                MasterKeys::parse(&text).map_err(anyhow::Error::msg).context(MASTER_KEY_VARIABLE)?;
            Vault::new(masters, None, rng.clone())
        }
        None => Vault::new(MasterKeys::open_or_create(&folder, rng)?, Some(folder.clone()), rng.clone()),
    };
    let key = InstanceKey::open_or_create(&folder, rng)?;
    let options = StoreOptions { bytes_max: settings.database_bytes_max() };
    let store = Store::open(&folder, key.clone(), Arc::new(vault), options)
        .with_context(|| folder.display().to_string())?;
    Ok((store, key))
}

/// The store of a server that several collectors share. All of them need the same two keys, so none is made here.
fn connect(address: &str, folder: &Path, rng: &Rng) -> Result<(Store, InstanceKey)> {
    let given = |variable: &str, file: &str| -> Result<Option<String>> {
        match std::env::var(variable) {
            Ok(text) => Ok(Some(text)),
            Err(_) if folder.join(file).exists() => Ok(None),
            Err(_) => bail!(
                "collectors that share a database share their keys: give {variable}, or {}. \
                 `openssl rand -hex 32` makes one; keep a copy where the database's backups are not",
                folder.join(file).display()
            ),
        }
    };
    let key = match given(KEY_VARIABLE, KEY_FILE)? {
        Some(text) => InstanceKey::parse(&text).map_err(anyhow::Error::msg).context(KEY_VARIABLE)?,
        None => InstanceKey::open_or_create(folder, rng)?,
    };
    let vault = match given(MASTER_KEY_VARIABLE, MASTER_KEY_FILE)? {
        Some(text) => {
            let masters =
                MasterKeys::parse(&text).map_err(anyhow::Error::msg).context(MASTER_KEY_VARIABLE)?;
            Vault::new(masters, None, rng.clone())
        }
        None => Vault::new(MasterKeys::open_or_create(folder, rng)?, Some(folder.into()), rng.clone()),
    };
    // The address may hold a password, so it is not told.
    let store = Store::connect(address, key.clone(), Arc::new(vault)).context("the database")?;
    Ok((store, key))
}

/// The blobs, where the settings say: in the data folder, whose store has been opened, if they say nothing.
///
/// # Errors
/// A folder cannot be made, or an address is unfit.
pub(super) fn blobs(settings: &Settings) -> Result<Blobs> {
    match &settings.blobs {
        Some(address) => Blobs::at(address, settings.variables()).context("--blobs"),
        None => {
            let folder = settings.data();
            Blobs::in_folder(&folder).with_context(|| folder.display().to_string())
        }
    }
}

/// The same, for the program that is to write them: what one that was killed has left half written goes first.
///
/// # Errors
/// The folder cannot be made or cleared.
pub(super) fn own_blobs(settings: &Settings) -> Result<Blobs> {
    let blobs = blobs(settings)?;
    if settings.database.is_none() {
        // Else another collector may be writing it just now.
        blobs.clear_half_written().context("the folder with the blobs")?;
    }
    Ok(blobs)
}

/// The right to do with a data folder what only one program may do at a time; it ends when it is dropped, or with the
/// program. It is on the folder itself.
///
/// # Errors
/// Another program has it, or there is no such folder.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let lock = File::open(folder).with_context(|| folder.display().to_string())?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("the master key is being exchanged, or the instance moved, by another command already")
        }
        Err(TryLockError::Error(error)) => Err(error).context("the data folder's lock"),
    }
}

/// The site that somebody means: by its key, by its name, or because there is only one.
///
/// # Errors
/// There is none, or several.
pub(super) async fn find_site(store: &Store, wanted: Option<&str>, now: Timestamp) -> Result<Arc<Site>> {
    let directory = store.directory(now).await?;
    let sites = directory.sites();
    let is_meant =
        |site: &&&Arc<Site>| wanted.is_none_or(|wanted| site.id.to_string() == wanted || site.name == wanted);
    let meant: Vec<_> = sites.iter().filter(is_meant).collect();
    match (meant.as_slice(), wanted) {
        ([site], _) => Ok(Arc::clone(site)),
        ([], None) => bail!("there is no site yet: add one with `candor site add`"),
        ([], Some(wanted)) => bail!("there is no site {wanted:?}: `candor site list` shows them"),
        (_, _) => bail!("there are several such sites: name one with --site and its key"),
    }
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
