//! What a copy keeps in its target until it is finished: of which source it is, and how far each step has come.
//! Each batch lands together with its line here, so that a copy goes on where it was broken off. As long as the
//! table is there, no server starts on the target.

use super::source::Fingerprint;
use super::table::{self, Step, TABLES};
use super::tally::{Checksum, Tally};
use crate::error::{Failure, damaged};
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, sql};

/// The line that says of which source the copy is. No step has that name.
const SOURCE: &str = "";

/// How far a step has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The key of the last row.
    pub(super) place: Option<String>,
    /// What was copied.
    pub(super) tally: Tally,
}

/// What is in a target.
pub(super) enum Found {
    /// Nothing.
    Empty,
    /// An unfinished copy: of which source, and how far each step has come. It may have been begun by a program
    /// that knew other steps.
    Unfinished(Fingerprint, Option<Vec<Progress>>),
    /// Something else, in words.
    Taken(String),
}

impl Found {
    /// Whether it is a copy that has written no row yet.
    pub(super) fn has_no_rows(&self) -> bool {
        matches!(self, Self::Unfinished(_, Some(steps)) if steps.iter().all(|step| step.tally.rows == 0))
    }
}

/// Whether an unfinished copy stands in the database.
pub(crate) fn is_unfinished(session: &mut dyn Session) -> Result<bool, Failure> {
    let found = match session.dialect() {
        Dialect::Sqlite => sql!("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'copy_progress'"),
        Dialect::Postgres => sql!("SELECT 1 WHERE to_regclass('copy_progress') IS NOT NULL"),
    };
    Ok(found.row(session)?.is_some())
}

/// Looks at a target, migrated or not.
pub(super) fn look(session: &mut dyn Session) -> Result<Found, Failure> {
    if is_unfinished(session)? {
        return unfinished(session);
    }
    for name in tables(session)? {
        let known = TABLES.iter().find(|table| table.name == name);
        let Some(table) = known else {
            if table::NOT_COPIED.iter().any(|(left, _)| *left == name) {
                continue;
            }
            return Ok(Found::Taken(format!("it has a table {name}, which is not Countersign's")));
        };
        // The table may be of an earlier migration: nothing is said of its columns.
        let some = if table.replaces {
            sql!("SELECT 1 FROM number_space WHERE next <> 1 LIMIT 1")
        } else {
            Statement::built(format!("SELECT 1 FROM {name} LIMIT 1"), Vec::new())
        };
        if some.row(session)?.is_some() {
            return Ok(Found::Taken(format!("there are rows in its table {name}")));
        }
    }
    Ok(Found::Empty)
}

/// The tables that are there, but for those of the database itself.
fn tables(session: &mut dyn Session) -> Result<Vec<String>, Failure> {
    let found = match session.dialect() {
        Dialect::Sqlite => {
            sql!(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
            )
        }
        Dialect::Postgres => sql!(
            "SELECT table_name::TEXT FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
        ),
    };
    found.rows(session)?.into_iter().map(|mut row| Ok(row.text()?)).collect()
}

fn unfinished(session: &mut dyn Session) -> Result<Found, Failure> {
    let source = sql!("SELECT place FROM copy_progress WHERE step = ?", SOURCE).row(session)?;
    let source = source.map(|mut row| row.text()).transpose()?;
    let unreadable = || damaged("the target's table copy_progress does not say of which source it is");
    let source = source.as_deref().and_then(Fingerprint::read).ok_or_else(unreadable)?;
    let mut all = Vec::new();
    for step in table::steps() {
        let found = sql!("SELECT place, copied, checksum FROM copy_progress WHERE step = ?", step.name());
        match found.row(session)? {
            Some(row) => all.push(progress(row)?),
            None => return Ok(Found::Unfinished(source, None)),
        }
    }
    Ok(Found::Unfinished(source, Some(all)))
}

fn progress(mut row: Row) -> Result<Progress, Failure> {
    let place = row.maybe_text()?;
    let rows = row.number()?;
    let checksum = Checksum::from_bytes(&row.blob()?).ok_or_else(|| damaged("a checksum has not 32 bytes"))?;
    Ok(Progress { place, tally: Tally { rows, checksum } })
}

/// Makes the table, with a line for each step.
pub(super) fn begin(session: &mut dyn Session, source: &Fingerprint) -> Result<(), Failure> {
    // Both databases understand these types.
    sql!("CREATE TABLE copy_progress (step TEXT NOT NULL PRIMARY KEY, place TEXT, copied BIGINT NOT NULL, checksum BYTEA NOT NULL)")
        .run(session)?;
    let none = Checksum::default().to_bytes();
    let first = (SOURCE.to_owned(), Some(source.to_string()));
    let steps = table::steps().into_iter().map(|step| (step.name(), None));
    for (step, place) in std::iter::once(first).chain(steps) {
        sql!(
            "INSERT INTO copy_progress (step, place, copied, checksum) VALUES (?, ?, 0, ?)",
            step,
            place,
            none.clone()
        )
        .run(session)?;
    }
    Ok(())
}

/// Moves a step from `before` on; `false` when it is not there any more. Before anything else in its transaction:
/// whoever else works on the target waits here.
pub(super) fn advance(session: &mut dyn Session, step: Step, before: u64, now: &Progress) -> Result<bool, Failure> {
    let rows = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
    let moved = sql!(
        "UPDATE copy_progress SET place = ?, copied = ?, checksum = ? WHERE step = ? AND copied = ?",
        now.place.clone(),
        rows(now.tally.rows),
        now.tally.checksum.to_bytes(),
        step.name(),
        rows(before)
    );
    Ok(moved.run(session)? == 1)
}

/// The copy is finished: the target is a database like others.
pub(super) fn finish(session: &mut dyn Session) -> Result<(), Failure> {
    forget(session)?;
    // Of servers that were there before it.
    sql!("DELETE FROM lease").run(session)?;
    Ok(())
}

/// Drops the table.
pub(super) fn forget(session: &mut dyn Session) -> Result<(), Failure> {
    sql!("DROP TABLE copy_progress").run(session)?;
    Ok(())
}
