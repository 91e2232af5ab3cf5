//! Where a store's database is, and going over with it when its instance moves from a folder to a server.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use super::{
    StoreError, StoreOptions,
    moving::{self, HAS_MOVED, Moved},
    open,
    sql::{Address, Connection, Server},
};

/// How often it is looked whether a move that has left the folder is at its end, and what is waited between.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// What has to go along before anything is asked of the other database; or why it cannot.
type GoAlong = dyn Fn(&Moved) -> Result<(), String> + Send + Sync;

/// Where a database is.
pub(super) struct Place {
    now: RwLock<Where>,
    /// Held by whoever goes over; it may take seconds.
    going: Mutex<()>,
    along: OnceLock<Box<GoAlong>>,
}

#[derive(Clone, Debug)]
pub(super) enum Where {
    /// In a file.
    File(PathBuf, StoreOptions),
    /// On a server.
    Server(Arc<Address>),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.now()).finish()
    }
}

impl From<Where> for Place {
    fn from(place: Where) -> Self {
        Self { now: RwLock::new(place), going: Mutex::default(), along: OnceLock::new() }
    }
}

impl Place {
    /// The database at an address.
    pub(super) fn server(address: &str) -> Result<Self, StoreError> {
        Ok(Where::Server(Arc::new(Address::parse(address)?)).into())
    }

    /// What has to go along when the instance moves; it is said once.
    pub(super) fn take_along(&self, go: Box<GoAlong>) {
        // Who said it first is the collector, and there is one.
        let _ = self.along.set(go);
    }

    /// Whether it is a server's.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.now(), Where::Server(_))
    }

    /// A connection that writes.
    pub(super) fn writing(&self) -> Result<Connection, StoreError> {
        let address = match self.now() {
            Where::File(path, options) => {
                let connection = open::connect(&path, options)?;
                match moving::whither(&connection)? {
                    None => return Ok(connection),
                    Some(moved) => self.follow(&moved)?,
                }
            }
            Where::Server(address) => address,
        };
        Ok(Server::connect(&address)?.into())
    }

    /// A connection that only reads.
    pub(super) fn reading(&self) -> Result<Connection, StoreError> {
        let address = match self.now() {
            Where::File(path, _) => {
                let connection = open::connect_reading(&path)?;
                match moving::whither(&connection)? {
                    None => return Ok(connection),
                    Some(moved) => self.follow(&moved)?,
                }
            }
            Where::Server(address) => address,
        };
        let connection = Connection::from(Server::connect(&address)?);
        connection.execute_batch("SET default_transaction_read_only = on")?;
        Ok(connection)
    }

    /// Goes over to the database that the instance has moved to, once that is whole. Others who would, too, wait
    /// meanwhile.
    fn follow(&self, moved: &Moved) -> Result<Arc<Address>, StoreError> {
        let _going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        if let Where::Server(address) = self.now() {
            return Ok(address);
        }
        let address = Arc::new(Address::parse(&moved.database)?);
        let there = Connection::from(Server::connect(&address)?);
        let mut looks = 0;
        while moving::is_unfinished(&there)? {
            looks += 1;
            if looks > LOOKS {
                return Err(StoreError::Unavailable(
                    "the move has left the folder and was cut off: `candor move` again ends it".into(),
                ));
            }
            std::thread::sleep(PAUSE);
        }
        match self.along.get() {
            Some(go) => go(moved).map_err(StoreError::Unavailable)?,
            // A command that knows only the files that were.
            None if moved.blobs.is_some() => return Err(StoreError::Unavailable(HAS_MOVED.into())),
            None => {}
        }
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Where::Server(Arc::clone(&address));
        tracing::warn!(
            "the instance has moved, and this collector has gone over: say so in its settings, too \
             (CANDOR_DATABASE, and CANDOR_BLOBS if its files have moved)"
        );
        Ok(address)
    }

    fn now(&self) -> Where {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
