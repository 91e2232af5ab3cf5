//! One table of a move: which of its rows the other database lacks, and how they come there.

use sha2::{Digest as _, Sha256};

use crate::store::{
    StoreError,
    sql::{Cell, Connection, Row},
};

/// Rows in one statement.
const ROWS: usize = 32;
/// Such statements in one transaction.
const STATEMENTS: usize = 16;

/// A value that outlives its row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    fn of(cell: &Cell<'_>) -> Result<Self, StoreError> {
        Ok(match *cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text.to_owned()),
            Cell::Blob(bytes) => Self::Blob(bytes.to_vec()),
            Cell::Other => return Err(StoreError::Fault("a column holds what nothing here writes".into())),
        })
    }

    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
            Self::Blob(bytes) => Cell::Blob(bytes),
        }
    }
}

type Values = Vec<Value>;

/// A table with a key.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// All columns, as SQL says them.
    columns: Vec<String>,
    /// Which of them the key is made of, in its order.
    key: Vec<usize>,
}

impl Table {
    /// What the folder's database says of a table.
    pub(super) fn of(from: &Connection, name: &'static str) -> Result<Self, StoreError> {
        let mut statement = from.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let found = statement.query_map([name], |row| Ok((row.get::<String>(0)?, row.get::<usize>(1)?)))?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        let mut key: Vec<_> = (0..found.len()).filter(|at| found[*at].1 > 0).collect();
        key.sort_by_key(|at| found[*at].1);
        // `right` is a word of SQL's.
        let columns = found.into_iter().map(|(name, _)| format!("\"{name}\"")).collect();
        Ok(Self { name, columns, key })
    }

    /// Where a row names a blob.
    pub(super) fn blob(&self) -> Option<usize> {
        let at = self.columns.iter().position(|column| column == "\"blob\"");
        at.filter(|_| self.name == "file")
    }

    fn key_names(&self, of: &str) -> String {
        self.key.iter().map(|at| format!("{of}{}", self.columns[*at])).collect::<Vec<_>>().join(", ")
    }

    fn log_names(&self) -> String {
        ["a", "b", "c"][..self.key.len()].join(", ")
    }

    /// What writes down which of its rows change.
    pub(super) fn triggers(&self, log: &str) -> String {
        let Self { name, .. } = self;
        let note = |of: &str| {
            let (into, key) = (self.log_names(), self.key_names(of));
            format!("INSERT INTO {log} (of, {into}) VALUES ('{name}', {key});")
        };
        [("INSERT", note("NEW.")), ("UPDATE", note("OLD.") + &note("NEW.")), ("DELETE", note("OLD."))]
            .iter()
            .map(|(on, note)| {
                format!("CREATE TRIGGER {log}_{name}_{on} AFTER {on} ON {name} BEGIN {note} END;")
            })
            .collect()
    }

    /// Rows of this one that have changed since the last round, by what is left of them.
    fn changed(&self, from: &Connection) -> Result<(Vec<Values>, Vec<Values>), StoreError> {
        let sql = format!("SELECT DISTINCT {} FROM moving_log WHERE of = '{}'", self.log_names(), self.name);
        let mut keys = Vec::new();
        let mut statement = from.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            keys.push(values(&row, self.key.len())?);
        }
        let sql = format!("SELECT {} FROM {} WHERE {}", self.columns.join(", "), self.name, self.is_key());
        let mut statement = from.prepare_cached(&sql)?;
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for key in keys {
            let mut rows = statement.query(cells(&key).as_slice())?;
            match rows.next()? {
                Some(row) => there.push(values(&row, self.columns.len())?),
                None => gone.push(key),
            }
        }
        Ok((there, gone))
    }

    fn is_key(&self) -> String {
        let parts = self.key.iter().zip(1..).map(|(at, place)| format!("{} = ?{place}", self.columns[*at]));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    /// Deletes in the other database what is gone in this one, and says how many rows that were.
    pub(super) fn delete_gone(&self, from: &Connection, to: &Connection) -> Result<u64, StoreError> {
        let (_, gone) = self.changed(from)?;
        if gone.is_empty() {
            return Ok(0);
        }
        let sql = format!("DELETE FROM {} WHERE {}", self.name, self.is_key());
        to.begin()?;
        let mut statement = to.prepare_cached(&sql)?;
        for key in &gone {
            statement.execute(cells(key).as_slice())?;
        }
        drop(statement);
        to.commit()?;
        Ok(gone.len() as u64)
    }

    /// Copies the rows beyond those that are there, then those that have changed; `copied` is told of each batch once it
    /// is durable.
    pub(super) fn copy(
        &self,
        from: &Connection,
        to: &Connection,
        copied: &mut impl FnMut(&[Values]),
    ) -> Result<(), StoreError> {
        let (columns, key) = (self.columns.join(", "), self.key_names(""));
        let backwards = self.key.iter().map(|at| format!("{} DESC", self.columns[*at]));
        let backwards = backwards.collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT {key} FROM {} {} ORDER BY {backwards} LIMIT 1",
            self.name,
            without_marks(self.name)
        );
        let last = {
            let mut statement = to.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            rows.next()?.map(|row| values(&row, self.key.len())).transpose()?
        };
        let places = (1..=self.key.len()).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ");
        let sql = match &last {
            Some(_) => {
                format!("SELECT {columns} FROM {} WHERE ({key}) > ({places}) ORDER BY {key}", self.name)
            }
            None => format!("SELECT {columns} FROM {} ORDER BY {key}", self.name),
        };
        let mut statement = from.prepare(&sql)?;
        let last = last.unwrap_or_default();
        let mut rows = statement.query(cells(&last).as_slice())?;
        let mut batch = Vec::with_capacity(ROWS * STATEMENTS);
        while let Some(row) = rows.next()? {
            batch.push(values(&row, self.columns.len())?);
            if batch.len() == ROWS * STATEMENTS {
                self.write(to, &batch)?;
                copied(&batch);
                batch.clear();
            }
        }
        // Only now: what has changed may lie beyond what a move that is interrupted here would go on from.
        self.write(to, &batch)?;
        copied(&batch);
        for batch in self.changed(from)?.0.chunks(ROWS * STATEMENTS) {
            self.write(to, batch)?;
            copied(batch);
        }
        Ok(())
    }

    /// Writes rows, those that are there in the place of the old ones, in one transaction.
    fn write(&self, to: &Connection, rows: &[Values]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        to.begin()?;
        let written = rows.chunks(ROWS).try_for_each(|rows| {
            let cells: Vec<Cell<'_>> = rows.iter().flatten().map(Value::cell).collect();
            to.execute(&self.insert(rows.len()), cells.as_slice()).map(drop)
        });
        match written {
            Ok(()) => Ok(to.commit()?),
            Err(error) => {
                // The first error is the one to tell.
                let _ = to.roll_back();
                Err(error.into())
            }
        }
    }

    fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |at: usize| {
            let places: Vec<_> = (1..=width).map(|place| format!("?{}", at * width + place)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<_> = (0..rows).map(row).collect();
        let rest = (0..width).filter(|at| !self.key.contains(at)).map(|at| &self.columns[at]);
        let rest: Vec<_> = rest.map(|column| format!("{column} = excluded.{column}")).collect();
        let then = if rest.is_empty() { "NOTHING".into() } else { format!("UPDATE SET {}", rest.join(", ")) };
        format!(
            "INSERT INTO {} ({}) VALUES {} ON CONFLICT ({}) DO {then}",
            self.name,
            self.columns.join(", "),
            rows.join(", "),
            self.key_names("")
        )
    }
}

/// How many rows a table has.
pub(super) fn total(connection: &Connection, table: &str) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM {table} {}", without_marks(table));
    Ok(connection.query_row(&sql, [], |row| row.get(0))?)
}

/// The mark of the move is there before anything is copied, and is no part of what is.
fn without_marks(table: &str) -> &'static str {
    if table == "meta" { "WHERE name <> 'moving'" } else { "" }
}

/// The number of a table's rows, and a sum over the hashes of each: the same rows have the same, in whatever order. It is
/// read in a transaction that somebody else has begun.
pub(super) fn digest(connection: &Connection, table: &Table) -> Result<(u64, [u64; 4]), StoreError> {
    let (mut count, mut sum) = (0, [0_u64; 4]);
    let width = table.columns.len();
    let sql =
        format!("SELECT {} FROM {} {}", table.columns.join(", "), table.name, without_marks(table.name));
    connection.each(&sql, |row| {
        let hash: [u8; 32] = row.cells(width, |cells| {
            let mut hash = Sha256::new();
            cells.iter().for_each(|cell| add(&mut hash, cell));
            Ok(hash.finalize().into())
        })?;
        let (words, _) = hash.as_chunks::<8>();
        for (sum, word) in sum.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
        count += 1;
        Ok(())
    })?;
    Ok((count, sum))
}

/// A number counts as its eight bytes: among values of other sorts that is what it is on a server.
fn add(hash: &mut Sha256, cell: &Cell<'_>) {
    let number;
    let bytes = match cell {
        Cell::Null | Cell::Other => {
            hash.update(u64::MAX.to_le_bytes());
            return;
        }
        Cell::Int(value) => {
            number = value.to_be_bytes();
            &number[..]
        }
        Cell::Text(text) => text.as_bytes(),
        Cell::Blob(bytes) => bytes,
    };
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn values(row: &Row<'_>, width: usize) -> Result<Values, StoreError> {
    row.cells(width, |cells| Ok(cells.iter().map(Value::of).collect()))?
}

fn cells(values: &[Value]) -> Vec<Cell<'_>> {
    values.iter().map(Value::cell).collect()
}
