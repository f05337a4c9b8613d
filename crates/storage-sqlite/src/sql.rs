//! Statements as text with bound values, and rows as values.
//!
//! diesel never caches `sql_query`, nor typed updates. A fragment of its own is cached by
//! its text, so every statement of this crate is prepared once a connection. No text is
//! ever built from input: values are bound. Texts of filters are built from closed sets of
//! clauses; there are too many of them to be kept.

use std::borrow::Cow;

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Untyped};
use diesel::sqlite::{Sqlite, SqliteConnection, SqliteType};
use diesel::{QueryResult, RunQueryDsl};

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use uuid::Uuid;

use crate::error::damaged;

type Result<T> = std::result::Result<T, RepositoryError>;

/// A value that is bound or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i16> for Value {
    fn from(value: i16) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_micros())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Blob(value.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement with its values.
pub(crate) struct Statement {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// Makes a [`Statement`]: `sql!("… WHERE id = ?", id)`.
macro_rules! sql {
    ($text:literal $(, $value:expr)* $(,)?) => {
        $crate::sql::Statement::new($text, vec![$($crate::sql::Value::from($value)),*])
    };
}
pub(crate) use sql;

impl Statement {
    pub(crate) const fn new(text: &'static str, values: Vec<Value>) -> Self {
        Self { text: Cow::Borrowed(text), values }
    }

    /// A statement whose text was put together: it is prepared each time that it runs.
    pub(crate) const fn built(text: String, values: Vec<Value>) -> Self {
        Self { text: Cow::Owned(text), values }
    }

    /// Runs it; returns how many rows changed.
    pub(crate) fn run(self, connection: &mut SqliteConnection) -> QueryResult<usize> {
        self.execute(connection)
    }

    /// All its rows.
    pub(crate) fn rows(self, connection: &mut SqliteConnection) -> QueryResult<Vec<Row>> {
        self.load(connection)
    }

    /// Its only row, if there is one.
    pub(crate) fn row(self, connection: &mut SqliteConnection) -> QueryResult<Option<Row>> {
        Ok(self.load(connection)?.into_iter().next())
    }
}

impl QueryFragment<Sqlite> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        if matches!(self.text, Cow::Owned(_)) {
            out.unsafe_to_cache_prepared();
        }
        let mut values = self.values.iter();
        for (index, piece) in self.text.split('?').enumerate() {
            if index > 0 {
                match values.next() {
                    Some(Value::Int(value)) => out.push_bind_param::<BigInt, _>(value)?,
                    Some(Value::Text(value)) => out.push_bind_param::<Text, _>(value)?,
                    Some(Value::Blob(value)) => out.push_bind_param::<Binary, _>(value)?,
                    Some(Value::Null) | None => out.push_bind_param::<Nullable<BigInt>, _>(&None::<i64>)?,
                }
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl RunQueryDsl<SqliteConnection> for Statement {}

/// A row that is read from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            let value = match field.value() {
                None => Value::Null,
                Some(raw) => match raw.value_type() {
                    Some(SqliteType::Text) => Value::Text(<String as FromSql<Text, Sqlite>>::from_sql(raw)?),
                    Some(SqliteType::Binary) => Value::Blob(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(raw)?),
                    Some(_) => Value::Int(<i64 as FromSql<BigInt, Sqlite>>::from_sql(raw)?),
                    None => Value::Null,
                },
            };
            values.push(value);
        }
        Ok(Self(values.into_iter()))
    }
}

impl Row {
    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Null)
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        self.maybe_int()?.ok_or_else(|| damaged("a number is missing"))
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>> {
        match self.next() {
            Value::Int(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(damaged("a column is no number")),
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

    pub(crate) fn text(&mut self) -> Result<String> {
        self.maybe_text()?.ok_or_else(|| damaged("a text is missing"))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>> {
        match self.next() {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(damaged("a column is no text")),
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
            Value::Blob(value) => Ok(value),
            _ => Err(damaged("a column is no blob")),
        }
    }

    pub(crate) fn id<T: From<Uuid>>(&mut self) -> Result<T> {
        self.maybe_id()?.ok_or_else(|| damaged("an id is missing"))
    }

    pub(crate) fn maybe_id<T: From<Uuid>>(&mut self) -> Result<Option<T>> {
        match self.next() {
            Value::Null => Ok(None),
            Value::Blob(bytes) => match Uuid::from_slice(&bytes) {
                Ok(id) => Ok(Some(id.into())),
                Err(_) => Err(damaged("an id has not 16 bytes")),
            },
            _ => Err(damaged("a column is no id")),
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
