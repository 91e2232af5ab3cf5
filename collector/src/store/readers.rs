//! A few connections that only read.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::{StoreError, open::Place, sql::Connection};

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

    /// Whether the database is a server's.
    pub(super) fn is_shared(&self) -> bool {
        matches!(*self.place, Place::Server(_))
    }

    /// Runs `work` on one of the connections, away from the threads that answer requests.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let stopped = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| stopped(&error))?;
        let (idle, place) = (Arc::clone(&self.idle), Arc::clone(&self.place));
        let task = tokio::task::spawn_blocking(move || {
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match waiting {
                Some(connection) => connection,
                None => place.reading()?,
            };
            let result = work(&connection);
            let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
            if connection.is_lost() {
                // Whatever cut this one has cut the others.
                idle.clear();
            } else {
                idle.push(connection);
            }
            drop(idle);
            drop(turn);
            result
        });
        task.await.map_err(|error| stopped(&error))?
    }

    /// The same for reads that belong together: all of them are of one moment, whatever is erased and sent anew meanwhile.
    pub(super) async fn read_together<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.read(move |connection| {
            let _moment = connection.snapshot()?;
            work(connection)
        })
        .await
    }
}
