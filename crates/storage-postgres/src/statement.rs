//! Statements as diesel takes them, which keeps them prepared by their text.

use countersign_storage_sql::{Statement, Value};
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, SmallInt, Text, Untyped};
use diesel::{QueryResult, RunQueryDsl};
use uuid::Uuid;

/// A value as PostgreSQL takes it.
enum Bind<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Blob(Option<&'a [u8]>),
    Id(Option<Uuid>),
    Ids(&'a [Uuid]),
    Codes(&'a [i16]),
    Numbers(&'a [i64]),
    Texts(&'a [String]),
    Pairs(Vec<Uuid>, Vec<Option<Uuid>>),
}

impl<'a> From<&'a Value> for Bind<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Int(value) => Self::Int(*value),
            Value::Text(value) => Self::Text(value.as_deref()),
            Value::Blob(value) => Self::Blob(value.as_deref()),
            Value::Id(id) => Self::Id(*id),
            Value::Key(bytes) => Self::Id(Some(bound(bytes))),
            Value::Ids(ids) => Self::Ids(ids),
            Value::Codes(codes) => Self::Codes(codes),
            Value::Numbers(numbers) => Self::Numbers(numbers),
            Value::Texts(texts) => Self::Texts(texts),
            Value::Pairs(pairs) => {
                let (first, second) = pairs.iter().copied().unzip();
                Self::Pairs(first, second)
            }
        }
    }
}

/// The id that sorts as `bytes` do: what is shorter comes before every id, what is longer after it.
fn bound(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_else(|_| if bytes.len() < 16 { Uuid::nil() } else { Uuid::max() })
}

/// A statement with its values.
pub(crate) struct Prepared<'a> {
    text: &'a str,
    kept: bool,
    values: Vec<Bind<'a>>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(statement: &'a Statement) -> Self {
        Self::of((statement.text(), statement.values()), statement.is_kept())
    }

    /// A text and what its `?` stand for, and whether it stays prepared.
    pub(crate) fn of((text, values): (&'a str, &'a [Value]), kept: bool) -> Self {
        Self { text, kept, values: values.iter().map(Bind::from).collect() }
    }
}

impl QueryFragment<Pg> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        use diesel::sql_types::Uuid as Id;
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
                    Some(Bind::Id(value)) => out.push_bind_param::<Nullable<Id>, _>(value)?,
                    Some(Bind::Ids(ids)) => out.push_bind_param::<Array<Id>, _>(ids)?,
                    Some(Bind::Codes(codes)) => out.push_bind_param::<Array<SmallInt>, _>(codes)?,
                    Some(Bind::Numbers(numbers)) => out.push_bind_param::<Array<BigInt>, _>(numbers)?,
                    Some(Bind::Texts(texts)) => out.push_bind_param::<Array<Text>, _>(texts)?,
                    Some(Bind::Pairs(first, second)) => {
                        out.push_bind_param::<Array<Id>, _>(first)?;
                        out.push_sql(", ");
                        out.push_bind_param::<Array<Nullable<Id>>, _>(second)?;
                    }
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

impl RunQueryDsl<PgConnection> for Prepared<'_> {}
