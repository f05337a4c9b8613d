//! What belongs to many aggregates, read by one statement a table: a statement of its own for each would cost
//! more than what it reads.

use std::collections::HashMap;

use uuid::Uuid;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::{Row, Statement, Value};

/// How many keys are looked up by one statement.
const LOOKUPS: usize = 64;

/// The rows of one table that belong to some requests, each under `N` ordinals of what it belongs to there.
pub(crate) struct Parts<const N: usize>(HashMap<(Uuid, [i64; N]), Vec<Row>>);

impl<const N: usize> Parts<N> {
    /// Reads the `columns` of the rows of `requests`, in the order of `ordinal` where there are several.
    pub(crate) fn read(
        connection: &mut dyn Session,
        requests: &[Uuid],
        table: &str,
        under: [&str; N],
        columns: &[&str],
    ) -> Result<Self, Failure> {
        let places = under.iter().map(|column| format!("t.{column}, ")).collect::<String>();
        let columns = columns.iter().map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        let dialect = connection.dialect();
        let text = format!(
            "SELECT t.request_id, {places}{columns} FROM {} CROSS JOIN {table} t WHERE t.request_id = {} \
             ORDER BY t.request_id, {places}t.ordinal",
            dialect.list("wanted"),
            dialect.id("wanted"),
        );
        let rows = Statement::kept(text, vec![Value::Ids(requests.to_vec())]).rows(connection)?;
        let mut parts: HashMap<_, Vec<Row>> = HashMap::new();
        for mut row in rows {
            let request = row.id()?;
            let mut place = [0; N];
            for ordinal in &mut place {
                *ordinal = row.int()?;
            }
            parts.entry((request, place)).or_default().push(row);
        }
        Ok(Self(parts))
    }

    /// No rows of any request.
    pub(crate) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Takes the rows out that stand there.
    pub(crate) fn take(&mut self, request: Uuid, under: [i64; N]) -> Vec<Row> {
        self.0.remove(&(request, under)).unwrap_or_default()
    }
}

/// The `columns` of the one row of each of `ids` that a table has, where it stands under `id`.
pub(crate) fn of_each(
    connection: &mut dyn Session,
    (table, id): (&str, &str),
    columns: &[&str],
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Row>, Failure> {
    let columns = columns.iter().map(|column| format!(", t.{column}")).collect::<String>();
    let dialect = connection.dialect();
    let text = format!(
        "SELECT t.{id}{columns} FROM {} CROSS JOIN {table} t WHERE t.{id} = {}",
        dialect.list("wanted"),
        dialect.id("wanted"),
    );
    let rows = Statement::kept(text, vec![Value::Ids(ids.to_vec())]).rows(connection)?;
    rows.into_iter().map(|mut row| Ok((row.id()?, row))).collect()
}

/// A table, the columns of a key, and columns that are wanted.
pub(crate) type Lookup<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// For each of `keys`, which are values of the columns `key`, whether there is a row, and its columns `wanted`.
pub(crate) fn look_up(
    connection: &mut dyn Session,
    (table, key, wanted): Lookup<'_>,
    keys: &[Vec<Value>],
) -> Result<Vec<Option<Row>>, Failure> {
    let line = format!("({})", vec!["?"; key.len() + 1].join(", "));
    let lines = vec![line; LOOKUPS].join(", ");
    let same = |(at, column): (usize, &&str)| format!("t.{column} = w.column{}", at + 2);
    let same = key.iter().enumerate().map(same).collect::<Vec<_>>().join(" AND ");
    let wanted = wanted.iter().map(|column| format!(", t.{column}")).collect::<String>();
    let text = format!("SELECT w.column1{wanted} FROM (VALUES {lines}) AS w CROSS JOIN {table} t WHERE {same}");
    let mut found: Vec<Option<Row>> = keys.iter().map(|_| None).collect();
    for (chunk, found) in keys.chunks(LOOKUPS).zip(found.chunks_mut(LOOKUPS)) {
        // One text serves every chunk: a short one repeats its last key.
        let padded =
            chunk.iter().enumerate().chain(std::iter::repeat(chunk.len() - 1).map(|last| (last, &chunk[last])));
        let values = padded.take(LOOKUPS).flat_map(|(at, key)| {
            let at = i64::try_from(at).unwrap_or_default();
            std::iter::once(Value::from(at)).chain(key.iter().cloned())
        });
        for mut row in Statement::kept(text.clone(), values.collect()).rows(connection)? {
            let at: usize = row.number()?;
            found[at] = Some(row);
        }
    }
    Ok(found)
}
