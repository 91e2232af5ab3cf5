//! What a column may hold, and how Rust's types go in and come out.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::{Error, Result};

/// One value on its way into the database or out of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) enum Cell<'a> {
    /// Nothing.
    Null,
    /// A number; also yes (1) and no (0).
    Int(i64),
    /// Words.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// Something that nothing here writes.
    Other,
}

impl<'a> From<ValueRef<'a>> for Cell<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Int(number),
            ValueRef::Text(text) => std::str::from_utf8(text).map_or(Self::Other, Self::Text),
            ValueRef::Blob(bytes) => Self::Blob(bytes),
            ValueRef::Real(_) => Self::Other,
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null | Self::Other => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A type that can be read from a column; `None` when it holds something else.
pub(in crate::store) trait Column: Sized {
    /// See the trait.
    fn of(cell: Cell<'_>) -> Option<Self>;
}

/// A type that can be written into a column.
pub(in crate::store) trait Bind {
    /// See the trait.
    fn cell(&self) -> Result<Cell<'_>>;
}

impl<T: Column> Column for Option<T> {
    fn of(cell: Cell<'_>) -> Option<Self> {
        if cell == Cell::Null { Some(None) } else { T::of(cell).map(Some) }
    }
}

impl<T: Bind> Bind for Option<T> {
    fn cell(&self) -> Result<Cell<'_>> {
        self.as_ref().map_or(Ok(Cell::Null), Bind::cell)
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn cell(&self) -> Result<Cell<'_>> {
        (**self).cell()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Column for $number {
            fn of(cell: Cell<'_>) -> Option<Self> {
                if let Cell::Int(number) = cell { number.try_into().ok() } else { None }
            }
        }

        impl Bind for $number {
            fn cell(&self) -> Result<Cell<'_>> {
                i64::try_from(*self).map(Cell::Int).map_err(|_| Error::Number)
            }
        }
    )*};
}
numbers!(i64, i32, u8, u16, u32, u64, usize);

/// A number that stands among values of other sorts: a server's column has one type, so it is eight bytes there.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Counter(pub(in crate::store) i64);

impl Column for Counter {
    fn of(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(number) => Some(Self(number)),
            Cell::Blob(bytes) => bytes.try_into().ok().map(|bytes| Self(i64::from_be_bytes(bytes))),
            _ => None,
        }
    }
}

impl Bind for Counter {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Int(self.0))
    }
}

impl Column for bool {
    fn of(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Int(number) = cell { Some(number != 0) } else { None }
    }
}

impl Bind for bool {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Int((*self).into()))
    }
}

impl Column for String {
    fn of(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text.to_owned()) } else { None }
    }
}

impl Bind for String {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Text(self))
    }
}

impl Bind for str {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Text(self))
    }
}

impl Bind for Cow<'_, str> {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Text(self))
    }
}

impl Column for Vec<u8> {
    fn of(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Blob(bytes) = cell { Some(bytes.to_vec()) } else { None }
    }
}

impl Bind for Vec<u8> {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Blob(self))
    }
}

impl Bind for [u8] {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Blob(self))
    }
}

impl<const N: usize> Column for [u8; N] {
    fn of(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Blob(bytes) = cell { bytes.try_into().ok() } else { None }
    }
}

impl<const N: usize> Bind for [u8; N] {
    fn cell(&self) -> Result<Cell<'_>> {
        Ok(Cell::Blob(self))
    }
}

/// A statement's parameters: a tuple, or an array where all are of one type.
pub(in crate::store) trait Params {
    /// Hands them on as cells.
    fn bind<T>(&self, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T>;
}

impl Params for &[Cell<'_>] {
    fn bind<T>(&self, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T> {
        run(self)
    }
}

impl Params for [(); 0] {
    fn bind<T>(&self, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T> {
        run(&[])
    }
}

impl<B: Bind> Params for [B; 1] {
    fn bind<T>(&self, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T> {
        run(&[self[0].cell()?])
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: Bind),*> Params for ($($name,)*) {
            fn bind<T>(&self, run: impl FnOnce(&[Cell<'_>]) -> Result<T>) -> Result<T> {
                run(&[$(self.$at.cell()?),*])
            }
        }
    )*};
}
tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
}
