//! Reading a table in the order of its key, page by page, each from the last row on: the way to a page is a seek.

use super::cells::{self, Cells};
use super::table::{Column, Step};
use crate::error::Failure;
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, Value};

/// How many bytes of rows a page has, about.
const BYTES: usize = 2 << 20;
/// How many rows the first page of a step has at most, while nobody knows how large they are.
const FIRST: usize = 64;

/// How far a step has read.
pub(super) struct Pages {
    step: Step,
    columns: Vec<&'static Column>,
    /// The key of the last row.
    last: Option<Vec<Value>>,
    rows: usize,
    most: usize,
}

impl Pages {
    /// From a place on, in pages of at most so many rows.
    pub(super) fn from(step: Step, place: Option<&str>, most: usize) -> Result<Self, Failure> {
        let last = place.map(|place| cells::key(step.table.key(), place)).transpose()?;
        Ok(Self { step, columns: step.columns(), last, rows: FIRST.min(most), most })
    }

    pub(super) fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// The next page; without rows, the step is done.
    pub(super) fn next(&mut self, session: &mut dyn Session) -> Result<Vec<Cells>, Failure> {
        let mut page = Vec::new();
        for statement in self.statements(session.dialect()) {
            let missing = self.rows - page.len();
            if missing == 0 {
                break;
            }
            let rows = session.rows(&statement.with(missing))?;
            page.extend(rows.into_iter().map(Row::cells));
        }
        if let Some(last) = page.last() {
            let key = self.step.table.key().iter().zip(last);
            let key = key.map(|(column, cell)| cells::value(column, cell.clone()));
            self.last = Some(key.collect::<Result<_, _>>()?);
            let size: usize = page.iter().map(cells::size).sum();
            self.rows = (BYTES * page.len() / size.max(1)).clamp(1, self.most);
        }
        Ok(page)
    }

    /// What finds the rows after the last one: first those beside it, where the end of the key descends.
    fn statements(&self, dialect: Dialect) -> Vec<Text> {
        let descending = if dialect == Dialect::Sqlite { self.step.table.descending } else { 0 };
        let names: Vec<_> = self.step.table.key().iter().map(|column| column.name).collect();
        let (up, down) = names.split_at(names.len() - descending);
        let Some(last) = &self.last else { return vec![self.text(up, down, "", &[])] };
        if down.is_empty() {
            return vec![self.text(up, down, &bound(up, '>'), last)];
        }
        let (of_run, within) = last.split_at(up.len());
        let run: Vec<_> = up.iter().map(|name| format!("{name} = ?")).collect();
        let beside = format!("{} AND {}", run.join(" AND "), bound(down, '<'));
        let all = [of_run, within].concat();
        vec![self.text(&[], down, &beside, &all), self.text(up, down, &bound(up, '>'), of_run)]
    }

    fn text(&self, up: &[&str], down: &[&str], bound: &str, values: &[Value]) -> Text {
        let columns: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        let conditions: Vec<_> =
            [self.step.condition(), bound.to_owned()].into_iter().filter(|condition| !condition.is_empty()).collect();
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let order: Vec<_> =
            up.iter().map(|name| (*name).to_owned()).chain(down.iter().map(|name| format!("{name} DESC"))).collect();
        let (table, columns, order) = (self.step.table.name, columns.join(", "), order.join(", "));
        let text = format!("SELECT {columns} FROM {table}{conditions} ORDER BY {order} LIMIT ?");
        Text { text, values: values.to_vec() }
    }
}

/// A statement but for its limit.
struct Text {
    text: String,
    values: Vec<Value>,
}

impl Text {
    fn with(mut self, limit: usize) -> Statement {
        self.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        Statement::kept(self.text, self.values)
    }
}

/// `(a, b) > (?, ?)`
fn bound(names: &[&str], sign: char) -> String {
    let marks = vec!["?"; names.len()].join(", ");
    format!("({}) {sign} ({marks})", names.join(", "))
}
