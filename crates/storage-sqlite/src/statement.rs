//! Statements as diesel takes them.
//!
//! diesel never caches `sql_query`, nor typed updates. A fragment of its own is cached by its text, so
//! that a statement is prepared once a connection.

use countersign_storage_sql::{Statement, Value};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Nullable, Text, Untyped};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{QueryResult, RunQueryDsl};
use uuid::Uuid;

/// A value as SQLite takes it: ids are their bytes, lists JSON texts.
enum Bind<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Blob(Option<&'a [u8]>),
    Json(String),
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Int(value) => Self::Int(*value),
            Value::Text(value) => Self::Text(value.as_deref()),
            Value::Blob(value) => Self::Blob(value.as_deref()),
            Value::Id(id) => Self::Blob(id.as_ref().map(|id| &id.as_bytes()[..])),
            Value::Key(bytes) => Self::Blob(Some(bytes)),
            Value::Ids(ids) => Self::Json(json(ids.iter().map(|id| hex(*id)))),
            Value::Codes(codes) => Self::Json(json(codes.iter().map(ToString::to_string))),
            Value::Numbers(numbers) => Self::Json(json(numbers.iter().map(ToString::to_string))),
            Value::Texts(texts) => Self::Json(serde_json::Value::from(texts.clone()).to_string()),
            Value::Pairs(pairs) => Self::Json(json(pairs.iter().map(|(first, second)| {
                let second = second.map_or_else(|| "null".to_owned(), hex);
                format!("[{},{second}]", hex(*first))
            }))),
        }
    }
}

fn hex(id: Uuid) -> String {
    format!("\"{}\"", id.simple())
}

fn json(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

/// A statement with its values.
pub(crate) struct Prepared<'a> {
    text: &'a str,
    kept: bool,
    values: Vec<Bind<'a>>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(statement: &'a Statement) -> Self {
        let values = statement.values().iter().map(Bind::from).collect();
        Self { text: statement.text(), kept: statement.is_kept(), values }
    }
}

impl QueryFragment<Sqlite> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        if !self.kept {
            out.unsafe_to_cache_prepared();
        }
        let mut values = self.values.iter();
        for (index, piece) in self.text.split('?').enumerate() {
            if index > 0 {
                match values.next() {
                    Some(Bind::Int(value)) => out.push_bind_param::<Nullable<BigInt>, _>(value)?,
                    Some(Bind::Text(value)) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                    Some(Bind::Blob(value)) => out.push_bind_param::<Nullable<Binary>, _>(value)?,
                    Some(Bind::Json(value)) => out.push_bind_param::<Text, _>(value)?,
                    None => return Err(diesel::result::Error::QueryBuilderError("a value is missing".into())),
                }
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl QueryId for Prepared<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<SqliteConnection> for Prepared<'_> {}
