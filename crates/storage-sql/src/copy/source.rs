//! The source: which one it is and how far it had come, what stands in it, and who is at work there.

use std::fmt;

use countersign_core::clock::Timestamp;

use super::feed;
use super::page::Pages;
use super::table::{self, Column, Kind, Table};
use super::tally::{Tally, digest};
use crate::error::Failure;
use crate::session::{Dialect, Session};
use crate::sql::{Row, sql};

/// Says which database it is, and how far it had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// Of its first event, in this kind of database: the order of rows is that of the database.
    origin: String,
    /// Of its last event, and of the numbers that it has given out.
    state: String,
}

impl Fingerprint {
    pub(super) fn of(session: &mut dyn Session) -> Result<Self, Failure> {
        let first =
            sql!("SELECT stream_kind, stream_id, sequence, hash FROM event ORDER BY position LIMIT 1").row(session)?;
        let last = sql!("SELECT stream_kind, stream_id, sequence, hash FROM event ORDER BY position DESC LIMIT 1");
        let last = last.row(session)?;
        let numbers = sql!("SELECT next FROM number_space WHERE space <= 4 ORDER BY space").rows(session)?;
        let mut state = vec![event(last), feed::end(session)?.to_string()];
        for mut row in numbers {
            state.push(row.int()?.to_string());
        }
        Ok(Self { origin: format!("{:?} {}", session.dialect(), event(first)), state: state.join(" ") })
    }

    /// The text that it prints.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (origin, state) = text.split_once('\n')?;
        Some(Self { origin: origin.to_owned(), state: state.to_owned() })
    }

    /// Whether it is the same database, now or at another time.
    pub(super) fn is_same_source(&self, other: &Self) -> bool {
        self.origin == other.origin
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.origin, self.state)
    }
}

/// A few digits of an event's digest.
fn event(row: Option<Row>) -> String {
    const COLUMNS: [Column; 4] = [
        Column { name: "stream_kind", kind: Kind::Int },
        Column { name: "stream_id", kind: Kind::Id },
        Column { name: "sequence", kind: Kind::Int },
        Column { name: "hash", kind: Kind::Blob },
    ];
    let Some(row) = row else { return "none".to_owned() };
    let digest = digest(&COLUMNS.iter().collect::<Vec<_>>(), &row.cells());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A snapshot is held for as long as the copy takes, and between two pages whoever holds it may wait for the other
/// side.
pub(super) fn be_patient(session: &mut dyn Session) -> Result<(), Failure> {
    if session.dialect() == Dialect::Postgres {
        sql!("SET LOCAL statement_timeout = 0").run(session)?;
        sql!("SET LOCAL idle_in_transaction_session_timeout = 0").run(session)?;
    }
    Ok(())
}

/// How many rows a table has, but for those that are not copied.
pub(super) fn count(session: &mut dyn Session, table: &Table) -> Result<u64, Failure> {
    let mut rows = 0;
    for part in table.parts {
        let condition = if part.is_empty() { String::new() } else { format!(" WHERE {part}") };
        let text = format!("SELECT count(*) FROM {}{condition}", table.name);
        let found = crate::sql::Statement::built(text, Vec::new()).row(session)?;
        rows += found.map_or(Ok(0), |mut row| row.number::<u64>())?;
    }
    Ok(rows)
}

/// Reads a whole table.
pub(super) fn tally(
    session: &mut dyn Session,
    table: &'static Table,
    most: usize,
    heard: &mut dyn FnMut(u64),
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    for step in table::steps().into_iter().filter(|step| step.table.name == table.name && !step.repeats()) {
        let mut pages = Pages::from(step, None, most)?;
        loop {
            let page = pages.next(session)?;
            if page.is_empty() {
                break;
            }
            page.iter().for_each(|row| tally.add(pages.columns(), row));
            heard(page.len() as u64);
        }
    }
    Ok(tally)
}

/// Until when somebody holds a lease at most. Where no migration has run, nobody does.
pub(super) fn busy_until(session: &mut dyn Session) -> Result<Option<Timestamp>, Failure> {
    let found = sql!("SELECT max(until) FROM lease").row(session)?;
    Ok(found.map(|mut row| row.maybe_time()).transpose()?.flatten())
}
