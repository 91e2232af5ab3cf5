//! Moving an instance from its folder's database to a server's, while reports come in.
//!
//! Rows are copied in the order of their keys, so what a move that was interrupted has copied tells where to go on. In
//! the folder's database triggers write down which rows change meanwhile; the collector that runs there knows nothing
//! of it. Each round takes over one moment of it: the rows beyond those that are there, and those that have changed. The
//! last round holds the folder's writer, and ends with triggers that refuse every write from then on.

mod rows;

use std::{fmt, path::Path};

use candor_protocol::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    StoreError, audit, copy, migrate, open,
    sql::{Address, Cell, Connection, OptionalExtension as _, Server},
};
use crate::{
    audit::{Act, Actor, Entry},
    blobs::BlobName,
    chance::Rng,
    key::InstanceKey,
};

use rows::{Table, digest, total};

/// What belongs to a copy that is to live on, and to no other: each table after those that it refers to.
const BESIDE: [&str; 5] = ["session", "reporter_key", "key_ring", "receipt_key", "words"];
/// Few rows, some without a key of their own: copied all at once at the end.
const WHOLE: [&str; 2] = ["link", "link_opens"];
/// In the folder's database: which move is under way. In the other: the same, as long as it is not whole.
pub(super) const MARK: &str = "moving";
/// In the folder's database, once it has moved: which move that was.
const MOVED: &str = "moved";
/// The same: where to, for the collector that runs there, and for the next one that is started on the folder.
pub(super) const MOVED_TO: &str = "moved_to";
/// Where changes are written down, and what the names of the triggers begin with.
const LOG: &str = "moving_log";
const GUARD: &str = "moved_guard";
/// With more rows, the last round counts them and leaves it at the digests that were compared before it.
const DIGESTS_ROWS_MAX: u64 = 200_000;

/// What a folder's database says to every write once it has moved.
pub(super) const HAS_MOVED: &str = "this instance has moved to another database: start the collector with it";

/// Where an instance is, once it has moved. It lies in the folder's database, for its owner alone, beside both keys.
#[derive(Clone, Serialize, Deserialize)]
pub struct Moved {
    /// The address of the database, with its password.
    pub database: String,
    /// Where the files are, if they have moved, too.
    pub blobs: Option<BlobsMoved>,
}

/// Where an instance's files are, once they have moved.
#[derive(Clone, Serialize, Deserialize)]
pub struct BlobsMoved {
    /// The folder, or the bucket's address.
    pub address: String,
    /// What the environment said to it: its server, and keys.
    pub variables: Vec<(String, String)>,
}

impl fmt::Debug for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither password nor keys.
        f.debug_struct("Moved").finish_non_exhaustive()
    }
}

/// What a round took over.
#[derive(Debug, Default)]
pub struct Round {
    /// Rows that were written or deleted.
    pub rows: u64,
    /// The blobs of files among them.
    pub blobs: Vec<BlobName>,
}

/// A move that is under way.
#[derive(Debug)]
pub struct Move {
    from: Connection,
    to: Connection,
    tables: Vec<Table>,
    id: [u8; 16],
}

/// What there is to be done.
#[derive(Debug)]
pub enum Begun {
    /// All of it, or what an interrupted move has left.
    Going(Box<Move>),
    /// Nothing any more: an interrupted move was at its very end.
    Ended,
}

impl Move {
    /// Begins to move the database of `folder` to the one at an address, or goes on with it. The other database is
    /// brought to this program's schema.
    ///
    /// # Errors
    /// There is no such database, the other one has something in it that is not of this move, or the folder's has moved
    /// elsewhere already.
    pub fn begin(
        folder: &Path,
        address: &str,
        key: &InstanceKey,
        (now, rng): (Timestamp, &Rng),
    ) -> Result<Begun, StoreError> {
        let path = folder.join(open::DATABASE_FILE);
        if !path.exists() {
            return Err(StoreError::Conflict("there is no database in the data folder"));
        }
        let from = open::connect(&path, open::StoreOptions::default())?;
        let moved = meta(&from, MOVED)?;
        if moved.is_none() {
            migrate::run(&from)?;
            open::recognise(&from, key)?;
        }
        let to = Connection::from(Server::connect(&Address::parse(address)?)?);
        migrate::run(&to)?;
        let (ours, theirs) = (meta(&from, MARK)?, meta(&to, MARK)?);
        if let Some(moved) = moved {
            if theirs != Some(moved) {
                return Err(StoreError::Conflict(HAS_MOVED));
            }
            end(&to, key, now)?;
            return Ok(Begun::Ended);
        }
        let tables = copy::TABLES.iter().chain(&BESIDE).map(|name| Table::of(&from, name));
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        let id = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => ours,
            _ if is_empty(&to)? => begin_anew(&from, &to, &tables, rng.bytes())?,
            _ => {
                return Err(StoreError::Conflict(
                    "the database to move to has something in it: give an empty one",
                ));
            }
        };
        Ok(Begun::Going(Box::new(Self { from, to, tables, id })))
    }

    /// Forgets a move of this folder's database that is not to be gone on with. The other database keeps what is in it.
    ///
    /// # Errors
    /// The database cannot be written, or has moved.
    pub fn give_up(folder: &Path) -> Result<(), StoreError> {
        let from = open::connect(&folder.join(open::DATABASE_FILE), open::StoreOptions::default())?;
        if meta(&from, MOVED)?.is_some() {
            return Err(StoreError::Conflict(HAS_MOVED));
        }
        forget(&from)
    }

    /// How many rows there are to move.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn rows(&self) -> Result<u64, StoreError> {
        self.tables.iter().map(|table| total(&self.from, table.name)).sum()
    }

    /// The blobs of all files whose names begin with this byte.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn blobs(&self, shard: u8) -> Result<Vec<BlobName>, StoreError> {
        let sql = "SELECT DISTINCT blob FROM file WHERE blob >= ?1 AND blob <= ?2";
        let mut statement = self.from.prepare_cached(sql)?;
        let (mut first, mut last) = ([0; 32], [u8::MAX; 32]);
        (first[0], last[0]) = (shard, shard);
        let found = statement.query_map((first, last), |row| row.get(0))?;
        Ok(found.map(|blob| blob.map(BlobName::from_bytes)).collect::<Result<_, _>>()?)
    }

    /// Takes over one moment of the folder's database and compares all of it with the other: row counts and digests.
    /// `copied` is told of rows as they are copied.
    ///
    /// # Errors
    /// It is not there, and the same again goes on with it.
    pub fn first(&mut self, copied: impl FnMut(u64)) -> Result<Round, StoreError> {
        self.round("BEGIN", copied, Check::Digests)
    }

    /// Takes over what has changed since.
    ///
    /// # Errors
    /// As [`Move::first`].
    pub fn again(&mut self) -> Result<Round, StoreError> {
        self.round("BEGIN", |_| {}, Check::Nothing)
    }

    fn round(&mut self, begin: &str, copied: impl FnMut(u64), check: Check) -> Result<Round, StoreError> {
        self.from.execute_batch(begin)?;
        let done = self.take_over(copied, check);
        // It was only read; a connection that cannot end that says so at its next use.
        let _ = self.from.roll_back();
        let (round, upto) = done?;
        self.from.execute(&format!("DELETE FROM {LOG} WHERE seq <= ?1"), [upto])?;
        Ok(round)
    }

    /// Holds the folder's writer: whoever wants to write there waits, and is answered `unavailable` after five seconds.
    /// Takes over the rest.
    ///
    /// # Errors
    /// The hold has ended.
    pub fn hold(&mut self) -> Result<Round, StoreError> {
        self.from.begin()?;
        let is_small = self.rows().map(|rows| rows <= DIGESTS_ROWS_MAX);
        let check = is_small.map(|is_small| if is_small { Check::Digests } else { Check::Counts });
        let held = check.and_then(|check| self.take_over(|_| {}, check)).and_then(|(round, _)| {
            self.links()?;
            Ok(round)
        });
        if held.is_err() {
            self.release();
        }
        held
    }

    /// Ends the hold: the move is not done, and may be gone on with.
    pub fn release(&mut self) {
        // The first error is the one to tell.
        let _ = self.from.roll_back();
    }

    /// Ends the hold and the move: the folder's database takes no write any more, the other is whole, and who has the
    /// folder's open goes over `to` it, if that is said. A crash in between leaves a move whose next attempt is at its
    /// end.
    ///
    /// # Errors
    /// The folder's database takes writes as before, or refuses them and the other is not opened: the same again ends it.
    pub fn finish(mut self, to: Option<&Moved>, key: &InstanceKey, now: Timestamp) -> Result<(), StoreError> {
        let left = self.leave(to);
        if left.is_err() {
            self.release();
        }
        left?;
        end(&self.to, key, now)
    }

    fn leave(&self, to: Option<&Moved>) -> Result<(), StoreError> {
        drop_log(&self.from)?;
        self.from.execute("DELETE FROM meta WHERE name = ?1", [MARK])?;
        let note = "INSERT INTO meta (name, value) VALUES (?1, ?2)";
        self.from.execute(note, (MOVED, self.id))?;
        if let Some(to) = to {
            self.from.execute(note, (MOVED_TO, serde_json::to_vec(to)?))?;
        }
        for name in self.tables.iter().map(|table| table.name).chain(WHOLE) {
            for on in ["INSERT", "UPDATE", "DELETE"] {
                self.from.execute_batch(&format!(
                    "CREATE TRIGGER {GUARD}_{name}_{on} BEFORE {on} ON {name}
                     BEGIN SELECT RAISE(ABORT, 'moved'); END"
                ))?;
            }
        }
        Ok(self.from.commit()?)
    }

    /// In a transaction on the folder's database: what the other lacks of what this one shows. The last change that it
    /// covers comes with it.
    fn take_over(&self, mut copied: impl FnMut(u64), check: Check) -> Result<(Round, i64), StoreError> {
        let sql = format!("SELECT coalesce(max(seq), 0) FROM {LOG}");
        let upto: i64 = self.from.query_row(&sql, [], |row| row.get(0))?;
        let mut round = Round::default();
        // Whoever refers to others goes before them and comes after them.
        for table in self.tables.iter().rev() {
            round.rows += table.delete_gone(&self.from, &self.to)?;
        }
        for table in &self.tables {
            table.copy(&self.from, &self.to, &mut |rows| {
                round.rows += rows.len() as u64;
                if let Some(at) = table.blob() {
                    round.blobs.extend(rows.iter().filter_map(|row| match row[at].cell() {
                        Cell::Blob(name) => name.try_into().ok().map(BlobName::from_bytes),
                        _ => None,
                    }));
                }
                copied(round.rows);
            })?;
        }
        for table in &self.tables {
            let differs = match check {
                Check::Nothing => false,
                Check::Counts => total(&self.from, table.name)? != total(&self.to, table.name)?,
                Check::Digests => {
                    digest(&self.from, table)? != {
                        let snapshot = self.to.snapshot()?;
                        digest(&snapshot, table)?
                    }
                }
            };
            if differs {
                return Err(StoreError::Fault(format!("the copy of {} is not the same", table.name)));
            }
        }
        Ok((round, upto))
    }

    fn links(&self) -> Result<(), StoreError> {
        self.to.begin()?;
        let copied = WHOLE
            .iter()
            .rev()
            .try_for_each(|name| self.to.execute(&format!("DELETE FROM {name}"), []).map(drop));
        let copied = copied
            .map_err(StoreError::from)
            .and_then(|()| WHOLE.iter().try_for_each(|name| copy::rows((&self.from, &self.to), name)));
        match copied {
            Ok(()) => Ok(self.to.commit()?),
            Err(error) => {
                self.to.roll_back()?;
                Err(error)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Check {
    Nothing,
    Counts,
    Digests,
}

/// Whether a database is one that a move has not ended in.
pub(super) fn is_unfinished(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.is_shared() && meta(connection, MARK)?.is_some())
}

/// Where the instance of a folder's database is now, if it has moved and says where to.
pub(super) fn whither(connection: &Connection) -> Result<Option<Moved>, StoreError> {
    let is_there = "SELECT 1 FROM sqlite_schema WHERE name = 'meta'";
    if connection.is_shared() || !connection.prepare(is_there)?.exists([])? {
        return Ok(None);
    }
    let sql = "SELECT value FROM meta WHERE name = ?1";
    let said: Option<Vec<u8>> = connection.query_row(sql, [MOVED_TO], |row| row.get(0)).optional()?;
    Ok(said.map(|said| serde_json::from_slice(&said)).transpose()?)
}

/// Takes the marks of a move out of a folder's database, or a copy of one.
pub(super) fn forget(connection: &Connection) -> Result<(), StoreError> {
    connection.begin()?;
    drop_log(connection)?;
    connection.execute("DELETE FROM meta WHERE name = ?1", [MARK])?;
    Ok(connection.commit()?)
}

fn drop_log(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'moving_log%'";
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    drop(statement);
    for name in names {
        connection.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    Ok(connection.execute_batch(&format!("DROP TABLE IF EXISTS {LOG}"))?)
}

fn begin_anew(
    from: &Connection,
    to: &Connection,
    tables: &[Table],
    id: [u8; 16],
) -> Result<[u8; 16], StoreError> {
    to.begin()?;
    to.execute("DELETE FROM meta", [])?;
    to.execute("INSERT INTO meta (name, value) VALUES (?1, ?2)", (MARK, id))?;
    to.commit()?;
    from.begin()?;
    drop_log(from)?;
    from.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (MARK, id),
    )?;
    from.execute_batch(&format!(
        "CREATE TABLE {LOG} (seq INTEGER PRIMARY KEY, of TEXT NOT NULL, a ANY, b ANY, c ANY) STRICT"
    ))?;
    for table in tables {
        from.execute_batch(&table.triggers(LOG))?;
    }
    from.commit()?;
    Ok(id)
}

/// The other database is whole: it may be opened from now on.
fn end(to: &Connection, key: &InstanceKey, now: Timestamp) -> Result<(), StoreError> {
    to.begin()?;
    for table in ["erasure", "receipt_key"] {
        // The numbers that come next go on after those that came along.
        to.execute_batch(&format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"
        ))?;
    }
    to.execute("DELETE FROM meta WHERE name = ?1", [MARK])?;
    let reports: u64 = to.query_row("SELECT count(*) FROM report", [], |row| row.get(0))?;
    let subject = format!("reports:{reports}");
    let entry = Entry { at: now, actor: Actor::Operator, act: Act::Moved, site: None, subject, why: None };
    audit::append(to, &entry, key)?;
    Ok(to.commit()?)
}

fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    for table in ["site", "member", "audit"] {
        if total(connection, table)? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn meta(connection: &Connection, name: &str) -> Result<Option<[u8; 16]>, StoreError> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    Ok(connection.query_row(sql, [name], |row| row.get(0)).optional()?)
}
