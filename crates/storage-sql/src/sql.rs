//! Statements as text with bound values, and rows as values.
//!
//! Values are bound: no text is ever built from input. Texts of filters are built from closed sets of
//! clauses; there are too many of them to be kept prepared.

use std::borrow::Cow;

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use uuid::Uuid;

use crate::error::damaged;

type Result<T> = std::result::Result<T, RepositoryError>;

/// A value that is bound or read. What is missing has a type too: some databases ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, a code, a time in microseconds, or a flag as 0 or 1.
    Int(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Blob(Option<Vec<u8>>),
    /// An id.
    Id(Option<Uuid>),
    /// The bytes in an id's column, or a bound of it: where a database takes anything for an id, they
    /// need not be one.
    Key(Vec<u8>),
    /// Any number of ids.
    Ids(Vec<Uuid>),
    /// Any number of codes.
    Codes(Vec<i16>),
    /// Any number of numbers.
    Numbers(Vec<i64>),
    /// Any number of texts.
    Texts(Vec<String>),
    /// Ids, each with another or none.
    Pairs(Vec<(Uuid, Option<Uuid>)>),
}

/// What can be bound.
pub trait Bound {
    /// The value; `None` is what is missing.
    fn bound(this: Option<Self>) -> Value
    where
        Self: Sized;
}

macro_rules! bound {
    ($($type:ty => $variant:ident, $make:expr;)+) => {$(
        impl Bound for $type {
            fn bound(this: Option<Self>) -> Value {
                Value::$variant(this.map($make))
            }
        }

        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Bound::bound(Some(value))
            }
        }
    )+};
}

bound! {
    i64 => Int, |value| value;
    i32 => Int, i64::from;
    i16 => Int, i64::from;
    bool => Int, i64::from;
    Timestamp => Int, |value: Timestamp| value.as_micros();
    &str => Text, str::to_owned;
    String => Text, |value| value;
    Uuid => Id, |value| value;
    &[u8] => Blob, <[u8]>::to_vec;
    Vec<u8> => Blob, |value| value;
}

impl<T: Bound> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        T::bound(value)
    }
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
    kept: bool,
}

/// Makes a [`Statement`]: `sql!("… WHERE id = ?", id)`.
macro_rules! sql {
    ($text:literal $(, $value:expr)* $(,)?) => {
        $crate::sql::Statement::new($text, vec![$($crate::sql::Value::from($value)),*])
    };
}
pub(crate) use sql;

impl Statement {
    /// A statement in which each `?` stands for one of `values`.
    pub const fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self { text: Cow::Borrowed(text), values, kept: true }
    }

    /// A statement whose text was put together, one of a few that there are: it is kept prepared.
    pub(crate) const fn kept(text: String, values: Vec<Value>) -> Self {
        Self { text: Cow::Owned(text), values, kept: true }
    }

    /// A statement whose text was put together: it is prepared each time that it runs.
    pub(crate) const fn built(text: String, values: Vec<Value>) -> Self {
        Self { text: Cow::Owned(text), values, kept: false }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What its `?` stand for.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether it will run again with the same text, so that it is worth keeping prepared.
    pub const fn is_kept(&self) -> bool {
        self.kept
    }

    /// The text, with the values that its `?` stand for.
    pub fn into_parts(self) -> (Cow<'static, str>, Vec<Value>) {
        (self.text, self.values)
    }
}

/// A row that is read from left to right.
#[derive(Debug)]
pub struct Row(std::vec::IntoIter<Option<Cell>>);

/// What stands in a column of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes, those of an id among them.
    Blob(Vec<u8>),
    /// An id.
    Id(Uuid),
}

impl Row {
    /// A row of these columns; `None` is a null.
    pub fn new(cells: Vec<Option<Cell>>) -> Self {
        Self(cells.into_iter())
    }

    /// The columns that were not read yet.
    pub(crate) fn cells(self) -> Vec<Option<Cell>> {
        self.0.collect()
    }

    fn next(&mut self) -> Option<Cell> {
        self.0.next().flatten()
    }

    /// A number.
    pub fn int(&mut self) -> Result<i64> {
        self.maybe_int()?.ok_or_else(|| damaged("a number is missing"))
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>> {
        match self.next() {
            Some(Cell::Int(value)) => Ok(Some(value)),
            None => Ok(None),
            Some(_) => Err(damaged("a column is no number")),
        }
    }

    /// A number of any smaller type.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self) -> Result<T> {
        T::try_from(self.int()?).map_err(|_| damaged("a number is out of range"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    /// An enumeration by its code.
    pub(crate) fn code<T>(&mut self, from_code: impl Fn(i16) -> Option<T>) -> Result<T> {
        let code: i16 = self.number()?;
        from_code(code).ok_or_else(|| damaged(format!("{code} is no code of {}", std::any::type_name::<T>())))
    }

    /// An enumeration by its code, where there is one.
    pub(crate) fn maybe_code<T>(&mut self, from_code: impl Fn(i16) -> Option<T>) -> Result<Option<T>> {
        let Some(code) = self.maybe_int()? else { return Ok(None) };
        let known = i16::try_from(code).ok().and_then(from_code);
        known.map(Some).ok_or_else(|| damaged(format!("{code} is no code of {}", std::any::type_name::<T>())))
    }

    /// A text.
    pub fn text(&mut self) -> Result<String> {
        self.maybe_text()?.ok_or_else(|| damaged("a text is missing"))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>> {
        match self.next() {
            Some(Cell::Text(value)) => Ok(Some(value)),
            None => Ok(None),
            Some(_) => Err(damaged("a column is no text")),
        }
    }

    /// A text of a stricter type.
    pub(crate) fn parsed<T: TryFrom<String>>(&mut self) -> Result<T>
    where
        T::Error: std::fmt::Display,
    {
        T::try_from(self.text()?).map_err(|error| damaged(error.to_string()))
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>> {
        match self.next() {
            Some(Cell::Blob(value)) => Ok(value),
            Some(Cell::Id(id)) => Ok(id.as_bytes().to_vec()),
            _ => Err(damaged("a column is no blob")),
        }
    }

    pub(crate) fn id<T: From<Uuid>>(&mut self) -> Result<T> {
        self.maybe_id()?.ok_or_else(|| damaged("an id is missing"))
    }

    pub(crate) fn maybe_id<T: From<Uuid>>(&mut self) -> Result<Option<T>> {
        match self.next() {
            None => Ok(None),
            Some(Cell::Id(id)) => Ok(Some(id.into())),
            Some(Cell::Blob(bytes)) => match Uuid::from_slice(&bytes) {
                Ok(id) => Ok(Some(id.into())),
                Err(_) => Err(damaged("an id has not 16 bytes")),
            },
            Some(_) => Err(damaged("a column is no id")),
        }
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp> {
        self.maybe_time()?.ok_or_else(|| damaged("a time is missing"))
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>> {
        let Some(micros) = self.maybe_int()? else { return Ok(None) };
        Timestamp::from_micros(micros).map(Some).ok_or_else(|| damaged("a time is out of range"))
    }
}
