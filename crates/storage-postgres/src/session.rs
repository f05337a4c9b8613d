//! Sessions and rows on PostgreSQL.

use countersign_storage_sql::{Cell, Dialect, Failure, Row, Session, Statement, Value, damaged};
use diesel::RunQueryDsl;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, SmallInt, Text};
use uuid::Uuid;

use crate::error::failed;
use crate::pending::Pending;
use crate::statement::Prepared;

/// The space of places in the feed.
const POSITIONS: &str = "UPDATE number_space SET next = next + ? WHERE space = 5 RETURNING next";
/// Likewise, and how far in the feed those have come who write there. One statement, for others wait for its end.
const POSITIONS_OF: &str = "WITH taken AS (UPDATE number_space SET next = next + ? WHERE space = 5 RETURNING next), \
    noted AS (INSERT INTO last_write (user_id, position) SELECT w.value, taken.next - 1 \
    FROM taken CROSS JOIN unnest(?) AS w (value) ORDER BY 1 \
    ON CONFLICT (user_id) DO UPDATE SET position = excluded.position) SELECT next FROM taken";

/// A connection as the statements see it.
pub(crate) struct PostgresSession<'a> {
    connection: &'a mut PgConnection,
    /// How many places in the feed are taken at once at least.
    block: i64,
    free: std::ops::Range<i64>,
    pending: Pending,
}

impl<'a> PostgresSession<'a> {
    pub(crate) fn new(connection: &'a mut PgConnection) -> Self {
        Self { connection, block: 1, free: 0..0, pending: Pending::default() }
    }

    /// For a transaction that has many events, one after the other.
    pub(crate) fn bulk(connection: &'a mut PgConnection) -> Self {
        Self { block: 4096, ..Self::new(connection) }
    }

    /// Runs what was put off.
    pub(crate) fn settle(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() { Ok(()) } else { self.pending.run(self.connection) }
    }

    /// Gives back the places that were taken and not used: the feed has no gaps.
    pub(crate) fn give_back(&mut self) -> Result<(), Failure> {
        if self.free.is_empty() {
            return Ok(());
        }
        let text = "UPDATE number_space SET next = ? WHERE space = 5";
        self.run(&Statement::new(text, vec![self.free.start.into()])).map(|_| ())
    }
}

impl Session for PostgresSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, statement: &Statement) -> Result<usize, Failure> {
        self.settle()?;
        Prepared::new(statement).execute(self.connection).map_err(|error| failed(self.connection, error))
    }

    fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        self.settle()?;
        let rows = Prepared::new(statement).load(self.connection);
        let rows: Vec<Columns> = rows.map_err(|error| failed(self.connection, error))?;
        Ok(rows.into_iter().map(|Columns(row)| row).collect())
    }

    fn put(&mut self, statement: Statement) -> Result<(), Failure> {
        self.pending.put(statement);
        Ok(())
    }

    fn part(&mut self) {
        self.pending.part();
    }

    /// Whoever takes places holds them until the end of the transaction: a later commit has later ones.
    fn positions(&mut self, count: usize, writers: &[Uuid]) -> Result<Option<i64>, Failure> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if count == 0 {
            return Ok(Some(self.free.start));
        }
        if self.free.end - self.free.start < count {
            let taken = count.max(self.block);
            let statement = if writers.is_empty() {
                Statement::new(POSITIONS, vec![taken.into()])
            } else {
                Statement::new(POSITIONS_OF, vec![taken.into(), Value::Ids(writers.to_vec())])
            };
            let mut rows = self.rows(&statement)?;
            let next = rows.pop().ok_or_else(|| damaged("a number space is missing"))?.int()?;
            self.free = next - taken..next;
        }
        let first = self.free.start;
        self.free.start += count;
        Ok(Some(first))
    }
}

struct Columns(Row);

impl QueryableByName<Pg> for Columns {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            cells.push(field.value().map(cell).transpose()?);
        }
        Ok(Self(Row::new(cells)))
    }
}

/// By the numbers that types have in every PostgreSQL.
fn cell(raw: PgValue<'_>) -> deserialize::Result<Cell> {
    Ok(match raw.get_oid().get() {
        16 => Cell::Int(<bool as FromSql<Bool, Pg>>::from_sql(raw)?.into()),
        17 => Cell::Blob(<Vec<u8> as FromSql<Binary, Pg>>::from_sql(raw)?),
        20 => Cell::Int(<i64 as FromSql<BigInt, Pg>>::from_sql(raw)?),
        21 => Cell::Int(<i16 as FromSql<SmallInt, Pg>>::from_sql(raw)?.into()),
        23 => Cell::Int(<i32 as FromSql<Integer, Pg>>::from_sql(raw)?.into()),
        2950 => Cell::Id(<Uuid as FromSql<diesel::sql_types::Uuid, Pg>>::from_sql(raw)?),
        _ => Cell::Text(<String as FromSql<Text, Pg>>::from_sql(raw)?),
    })
}
