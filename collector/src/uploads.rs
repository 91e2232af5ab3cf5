//! How many files may be on their way in at the same time.
//!
//! Each is held in memory until it is kept, so a bound on their number is a bound on what they take. A client has a
//! bound of its own, so that one that sends slowly on purpose leaves room for the others.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// From everybody together.
const UPLOADS_MAX: usize = 48;
/// From one client. A submission has six files, and an office shares one address.
const OF_ONE_CLIENT_MAX: usize = 12;

/// The files on their way in, by client.
#[derive(Debug)]
pub(crate) struct Uploads<K>(Mutex<HashMap<K, usize>>);

/// A place among them; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place<K: Copy + Eq + Hash> {
    uploads: Arc<Uploads<K>>,
    client: K,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// This client has as many as it may.
    ByClient,
    /// All together do.
    ByAll,
}

impl<K> Default for Uploads<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Uploads<K> {
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
        Ok(Place { uploads: Arc::clone(self), client })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
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
        let uploads = Arc::new(Uploads::default());
        let mut places: Vec<_> = (0..OF_ONE_CLIENT_MAX).map(|_| uploads.begin(0).unwrap()).collect();
        assert_eq!(uploads.begin(0).err(), Some(Crowded::ByClient));
        places.extend((OF_ONE_CLIENT_MAX..UPLOADS_MAX).map(|client| uploads.begin(client).unwrap()));
        assert_eq!(uploads.begin(99).err(), Some(Crowded::ByAll));
        places.pop();
        assert!(uploads.begin(99).is_ok());
        drop(places);
        assert!(uploads.lock().is_empty(), "nobody is remembered");
    }
}
