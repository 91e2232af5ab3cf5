//! A few connections that only read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::{StoreError, place::Place, sql::Connection};

/// Reads that run at the same time. Each keeps a thread busy, and a small machine has few cores.
const READERS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    place: Arc<Place>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self { place, idle: Arc::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// Where the database is.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Runs `work` on one of the connections, away from the threads that answer requests. Where a connection turns out to
    /// have been cut while it lay idle (the database was started anew, the instance has moved), the work is done again on
    /// a new one: a read changes nothing.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let stopped = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| stopped(&error))?;
        let (idle, place) = (Arc::clone(&self.idle), Arc::clone(&self.place));
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let waiting = taken(&idle).pop();
            if let Some(waiting) = waiting {
                if !waiting.is_lost() {
                    let result = work.clone()(&waiting);
                    if result.is_ok() || !waiting.is_lost() {
                        taken(&idle).push(waiting);
                        return result;
                    }
                }
                // Whatever cut this one has cut the others.
                taken(&idle).clear();
            }
            let fresh = place.reading()?;
            let result = work(&fresh);
            if !fresh.is_lost() {
                taken(&idle).push(fresh);
            }
            result
        });
        task.await.map_err(|error| stopped(&error))?
    }

    /// The same for reads that belong together: all of them are of one moment, whatever is erased and sent anew meanwhile.
    pub(super) async fn read_together<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        self.read(move |connection| {
            let _moment = connection.snapshot()?;
            work(connection)
        })
        .await
    }
}

fn taken(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
