//! Writing rows: many to a statement, each statement prepared once.

use super::cells::{self, Cells};
use super::table::{Pass, Step};
use crate::error::Failure;
use crate::session::Session;
use crate::sql::{Statement, Value};

/// How many values a statement has, about.
const VALUES: usize = 600;

/// Writes the rows of a page.
pub(super) fn write(session: &mut dyn Session, step: Step, rows: Vec<Cells>) -> Result<(), Failure> {
    match step.pass {
        Pass::Rows(_) => insert(session, step, rows),
        Pass::Later => complete(session, step, rows),
    }
}

fn insert(session: &mut dyn Session, step: Step, rows: Vec<Cells>) -> Result<(), Failure> {
    let columns = step.columns();
    let many = (VALUES / columns.len()).max(1);
    let text = insertion(step, many);
    let mut values = Vec::with_capacity(many * columns.len());
    let mut held = 0;
    for row in rows {
        for (column, cell) in columns.iter().zip(row) {
            let cell = if step.leaves_out(column) { None } else { cell };
            values.push(cells::value(column, cell)?);
        }
        held += 1;
        if held == many {
            session.run(&Statement::kept(text.clone(), std::mem::take(&mut values)))?;
            held = 0;
        }
    }
    if held > 0 {
        session.run(&Statement::built(insertion(step, held), values))?;
    }
    Ok(())
}

fn insertion(step: Step, rows: usize) -> String {
    let table = step.table;
    let columns: Vec<_> = table.columns.iter().map(|column| column.name).collect();
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let rows = vec![row; rows].join(", ");
    let mut text = format!("INSERT INTO {} ({}) VALUES {rows}", table.name, columns.join(", "));
    if table.replaces {
        let (key, rest) = columns.split_at(table.keys);
        let set: Vec<_> = rest.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        text.push_str(&format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", ")));
    }
    text
}

/// Fills in what was left empty.
fn complete(session: &mut dyn Session, step: Step, rows: Vec<Cells>) -> Result<(), Failure> {
    let table = step.table;
    let columns = step.columns();
    let (key, later) = columns.split_at(table.keys);
    let assignments = |columns: &[&super::table::Column], between: &str| {
        columns.iter().map(|column| format!("{} = ?", column.name)).collect::<Vec<_>>().join(between)
    };
    let text = format!("UPDATE {} SET {} WHERE {}", table.name, assignments(later, ", "), assignments(key, " AND "));
    for row in rows {
        let values = columns.iter().zip(row).map(|(column, cell)| cells::value(column, cell));
        let mut values: Vec<Value> = values.collect::<Result<_, _>>()?;
        values.rotate_left(table.keys);
        session.run(&Statement::kept(text.clone(), values))?;
    }
    Ok(())
}
