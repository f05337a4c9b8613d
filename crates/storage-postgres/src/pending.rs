//! Statements that were put off: those of one text run together, as one statement over arrays, so that what waits
//! together costs the round trips of one.

use std::borrow::Cow;
use std::fmt::Write as _;

use countersign_storage_sql::{AS_IF_SHORT, Failure, Statement, Value};
use diesel::RunQueryDsl;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text, Untyped, Uuid as Id};
use uuid::Uuid;

use crate::error::failed;
use crate::statement::Prepared;

/// Rows of one text.
struct Group {
    text: Cow<'static, str>,
    rows: Vec<Vec<Value>>,
}

/// What waits. A part's statements run in the order in which they were put; those of another part may run
/// between them.
#[derive(Default)]
pub(crate) struct Pending {
    groups: Vec<Group>,
    /// Where the part that is being put has come to.
    reached: usize,
}

impl Pending {
    /// A new part begins.
    pub(crate) const fn part(&mut self) {
        self.reached = 0;
    }

    /// Whether nothing waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Puts a statement off.
    pub(crate) fn put(&mut self, statement: Statement) {
        let (text, values) = statement.into_parts();
        let later = self.groups.iter().skip(self.reached).position(|group| group.text == text);
        match later.and_then(|later| self.groups.get_mut(self.reached + later).map(|group| (later, group))) {
            Some((later, group)) => {
                self.reached += later;
                group.rows.push(values);
            }
            None => {
                self.reached = self.groups.len();
                self.groups.push(Group { text, rows: vec![values] });
            }
        }
    }

    /// Runs everything.
    pub(crate) fn run(&mut self, connection: &mut PgConnection) -> Result<(), Failure> {
        self.reached = 0;
        for group in std::mem::take(&mut self.groups) {
            group.run(connection)?;
        }
        Ok(())
    }
}

impl Group {
    fn run(self, connection: &mut PgConnection) -> Result<(), Failure> {
        if let [_, _, ..] = &self.rows[..]
            && let Some(many) = Many::of(&self)
        {
            return many.execute(connection).map(|_| ()).map_err(|error| failed(connection, error));
        }
        let text = self.text;
        for values in self.rows {
            let statement = (text.as_ref(), &values[..]);
            Prepared::of(statement, true).execute(connection).map_err(|error| failed(connection, error))?;
        }
        Ok(())
    }
}

/// The values that one `?` stands for, row by row.
enum Column<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<&'a [u8]>>),
    Ids(Vec<Option<Uuid>>),
}

impl<'a> Column<'a> {
    /// `None` where they are not of one type, or of one that has no arrays.
    fn of(rows: &'a [Vec<Value>], place: usize) -> Option<Self> {
        let mut column = match rows.first()?.get(place)? {
            Value::Int(_) => Self::Ints(Vec::with_capacity(rows.len())),
            Value::Text(_) => Self::Texts(Vec::with_capacity(rows.len())),
            Value::Blob(_) => Self::Blobs(Vec::with_capacity(rows.len())),
            Value::Id(_) => Self::Ids(Vec::with_capacity(rows.len())),
            Value::Key(_) | Value::Ids(_) | Value::Codes(_) | Value::Numbers(_) | Value::Texts(_) | Value::Pairs(_) => {
                return None;
            }
        };
        for row in rows {
            match (&mut column, row.get(place)?) {
                (Self::Ints(values), Value::Int(value)) => values.push(*value),
                (Self::Texts(values), Value::Text(value)) => values.push(value.as_deref()),
                (Self::Blobs(values), Value::Blob(value)) => values.push(value.as_deref()),
                (Self::Ids(values), Value::Id(value)) => values.push(*value),
                _ => return None,
            }
        }
        Some(column)
    }
}

/// One statement for many rows.
struct Many<'a> {
    /// With one `?` for all arrays.
    text: String,
    columns: Vec<Column<'a>>,
}

impl<'a> Many<'a> {
    fn of(group: &'a Group) -> Option<Self> {
        let width = group.rows.first()?.len();
        let columns = (0..width).map(|place| Column::of(&group.rows, place)).collect::<Option<_>>()?;
        Some(Self { text: over_arrays(&group.text, width)?, columns })
    }
}

/// The statement for many rows at once, whose `?` stands for `width` arrays; `None` if it is of another form than
/// ours.
fn over_arrays(text: &str, width: usize) -> Option<String> {
    let mut rows = format!("(SELECT * FROM unnest(?) {AS_IF_SHORT}) AS v (");
    for place in 1..=width {
        let comma = if place == 1 { "" } else { ", " };
        write!(rows, "{comma}c{place}").ok()?;
    }
    rows.push(')');
    let mut named = String::with_capacity(text.len() + 4 * width);
    let mut place = 0;
    for piece in text.split('?') {
        if place > 0 {
            write!(named, "v.c{place}").ok()?;
        }
        named.push_str(piece);
        place += 1;
    }
    if place != width + 1 {
        return None;
    }
    if let Some((table, rest)) = named.split_once(" VALUES (").filter(|(table, _)| table.starts_with("INSERT INTO ")) {
        let (values, rest) = rest.split_once(')')?;
        return Some(format!("{table} SELECT {values} FROM {rows}{rest}"));
    }
    let (change, condition) = named.split_once(" WHERE ")?;
    match change.split_once(' ')?.0 {
        "UPDATE" => Some(format!("{change} FROM {rows} WHERE {condition}")),
        "DELETE" => Some(format!("{change} USING {rows} WHERE {condition}")),
        _ => None,
    }
}

impl QueryFragment<Pg> for Many<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let wrong = || Error::QueryBuilderError("a statement over arrays has one place for them".into());
        let (before, after) = self.text.split_once('?').ok_or_else(wrong)?;
        out.push_sql(before);
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            match column {
                Column::Ints(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values)?,
                Column::Texts(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
                Column::Blobs(values) => out.push_bind_param::<Array<Nullable<Binary>>, _>(values)?,
                Column::Ids(values) => out.push_bind_param::<Array<Nullable<Id>>, _>(values)?,
            }
        }
        out.push_sql(after);
        Ok(())
    }
}

impl QueryId for Many<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Many<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<PgConnection> for Many<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(pending: &mut Pending, text: &'static str, value: i64) {
        pending.put(Statement::new(text, vec![value.into()]));
    }

    fn order(pending: &Pending) -> Vec<(&str, usize)> {
        pending.groups.iter().map(|group| (group.text.as_ref(), group.rows.len())).collect()
    }

    #[test]
    fn a_part_keeps_its_order_and_shares_the_statements_of_others() {
        let mut pending = Pending::default();
        for text in ["a", "b", "b", "a"] {
            put(&mut pending, text, 1);
        }
        pending.part();
        for text in ["b", "a", "c"] {
            put(&mut pending, text, 2);
        }
        pending.part();
        put(&mut pending, "c", 3);
        put(&mut pending, "a", 3);
        assert_eq!(order(&pending), [("a", 1), ("b", 3), ("a", 2), ("c", 2), ("a", 1)]);
    }

    #[test]
    fn each_form_of_ours_has_one_for_many_rows() {
        assert_eq!(
            over_arrays("INSERT INTO t (a, b, c) VALUES (?, 0, ?) ON CONFLICT (a) DO UPDATE SET b = excluded.b", 2)
                .unwrap(),
            "INSERT INTO t (a, b, c) SELECT v.c1, 0, v.c2 FROM (SELECT * FROM unnest(?) LIMIT (SELECT NULL::BIGINT)) AS v (c1, c2) ON CONFLICT (a) DO UPDATE SET \
             b = excluded.b"
        );
        assert_eq!(
            over_arrays("UPDATE t SET a = ? WHERE b = ?", 2).unwrap(),
            "UPDATE t SET a = v.c1 FROM (SELECT * FROM unnest(?) LIMIT (SELECT NULL::BIGINT)) AS v (c1, c2) WHERE b = v.c2"
        );
        assert_eq!(
            over_arrays("DELETE FROM t WHERE a = ?", 1).unwrap(),
            "DELETE FROM t USING (SELECT * FROM unnest(?) LIMIT (SELECT NULL::BIGINT)) AS v (c1) WHERE a = v.c1"
        );
        assert_eq!(over_arrays("LOCK TABLE t", 0), None);
    }
}
