//! Sessions and rows on SQLite.

use countersign_storage_sql::{Cell, Dialect, Failure, Row, Session, Statement};
use diesel::RunQueryDsl;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteConnection, SqliteType};

use crate::error::failure;
use crate::statement::Prepared;

/// A connection as the statements see it.
pub(crate) struct SqliteSession<'a>(pub(crate) &'a mut SqliteConnection);

impl Session for SqliteSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, statement: &Statement) -> Result<usize, Failure> {
        Prepared::new(statement).execute(self.0).map_err(failure)
    }

    fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let rows: Vec<Columns> = Prepared::new(statement).load(self.0).map_err(failure)?;
        Ok(rows.into_iter().map(|Columns(row)| row).collect())
    }
}

struct Columns(Row);

impl QueryableByName<Sqlite> for Columns {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            let Some(raw) = field.value() else {
                cells.push(None);
                continue;
            };
            cells.push(match raw.value_type() {
                Some(SqliteType::Text) => Some(Cell::Text(<String as FromSql<Text, Sqlite>>::from_sql(raw)?)),
                Some(SqliteType::Binary) => Some(Cell::Blob(<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(raw)?)),
                Some(_) => Some(Cell::Int(<i64 as FromSql<BigInt, Sqlite>>::from_sql(raw)?)),
                None => None,
            });
        }
        Ok(Self(Row::new(cells)))
    }
}
