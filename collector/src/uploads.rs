//! How many files may be on their way in at the same time, and how many bytes of them.
//!
//! Each is held in memory until it is kept. A client has a bound of its own, so that one that sends slowly on purpose
//! leaves room for the others; and what counts of a file is what has arrived, so that one that only announces much takes
//! nothing from them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// From everybody together.
const UPLOADS_MAX: usize = 48;
/// From one client. A submission has six files, and an office shares one address.
const OF_ONE_CLIENT_MAX: usize = 12;

/// The files on their way in.
#[derive(Debug)]
pub(crate) struct Uploads<K> {
    by_client: Mutex<HashMap<K, usize>>,
    /// Bytes that have arrived, of all together.
    bytes: AtomicUsize,
    bytes_max: usize,
}

/// A place among them; dropping it gives it back, with what has arrived.
#[derive(Debug)]
pub(crate) struct Place<K: Copy + Eq + Hash> {
    uploads: Arc<Uploads<K>>,
    client: K,
    bytes: usize,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// This client has as many as it may.
    ByClient,
    /// All together do.
    ByAll,
}

impl<K: Copy + Eq + Hash> Uploads<K> {
    /// None yet, with room for so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { by_client: Mutex::default(), bytes: AtomicUsize::new(0), bytes_max })
    }

    /// Takes a place for one file of `client`.
    pub(crate) fn begin(self: &Arc<Self>, client: K) -> Result<Place<K>, Crowded> {
        let mut clients = self.lock();
        if clients.get(&client).is_some_and(|count| *count >= OF_ONE_CLIENT_MAX) {
            return Err(Crowded::ByClient);
        }
        if clients.values().sum::<usize>() >= UPLOADS_MAX {
            return Err(Crowded::ByAll);
        }
        *clients.entry(client).or_insert(0) += 1;
        Ok(Place { uploads: Arc::clone(self), client, bytes: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.by_client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Place<K> {
    /// Makes room for so many more bytes of this file.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Crowded> {
        let before = self.uploads.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before + bytes > self.uploads.bytes_max { Err(Crowded::ByAll) } else { Ok(()) }
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        self.uploads.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        let mut clients = self.uploads.lock();
        if let Some(count) = clients.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_leaves_room_for_others_and_all_have_an_end() {
        let uploads = Uploads::new(0);
        let mut places: Vec<_> = (0..OF_ONE_CLIENT_MAX).map(|_| uploads.begin(0).unwrap()).collect();
        assert_eq!(uploads.begin(0).err(), Some(Crowded::ByClient));
        places.extend((OF_ONE_CLIENT_MAX..UPLOADS_MAX).map(|client| uploads.begin(client).unwrap()));
        assert_eq!(uploads.begin(99).err(), Some(Crowded::ByAll));
        places.pop();
        assert!(uploads.begin(99).is_ok());
        drop(places);
        assert!(uploads.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn what_has_arrived_counts_until_its_place_is_given_back() {
        let uploads = Uploads::new(100);
        let (mut first, mut second) = (uploads.begin(1).unwrap(), uploads.begin(2).unwrap());
        assert_eq!((first.grow(60), first.grow(30)), (Ok(()), Ok(())));
        assert_eq!(second.grow(11), Err(Crowded::ByAll));
        drop(second);
        let mut third = uploads.begin(3).unwrap();
        assert_eq!(third.grow(10), Ok(()));
        drop((first, third));
        assert_eq!(uploads.bytes.load(Ordering::Relaxed), 0);
    }
}
