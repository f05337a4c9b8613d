//! The order of all events. Positions are given in the transaction that commits the events, and leave no gap: a
//! rolled back transaction gives its positions back. So a gap is a row that was removed, or moved.

use countersign_core::audit::Place;

use super::{Audit, PAGE};
use crate::error::Failure;
use crate::session::Dialect;
use crate::sql::sql;

impl Audit<'_> {
    pub(super) fn order(&mut self) -> Result<(), Failure> {
        let row = sql!("SELECT count(*), coalesce(min(position), 1), coalesce(max(position), 0) FROM event");
        let Some(mut row) = row.row(self.connection)? else { return Ok(()) };
        let (count, first, last) = (row.int()?, row.int()?, row.int()?);
        let given = match self.connection.dialect() {
            Dialect::Sqlite => sql!("SELECT seq FROM sqlite_sequence WHERE name = 'event'"),
            Dialect::Postgres => sql!("SELECT next - 1 FROM number_space WHERE space = 5"),
        };
        let row = given.row(self.connection)?;
        let given = row.map(|mut row| row.int()).transpose()?.unwrap_or(0);
        if first > 1 {
            self.gap(1, first - 1);
        }
        if first < 1 {
            self.report.note(Place::Order, format!("position {first} was never given out"));
        }
        if last - first + 1 != count {
            self.gaps()?;
        }
        if given > last {
            self.gap(last + 1, given);
        } else if given < last {
            self.report.note(Place::Order, format!("position {last} was never given out: the last one is {given}"));
        }
        Ok(())
    }

    fn gaps(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "SELECT e.position, (SELECT min(n.position) FROM event n WHERE n.position > e.position) FROM event e \
             WHERE NOT EXISTS (SELECT 1 FROM event n WHERE n.position = e.position + 1) ORDER BY e.position LIMIT ?",
            PAGE
        )
        .rows(self.connection)?;
        for mut row in rows {
            if let (before, Some(after)) = (row.int()?, row.maybe_int()?) {
                self.gap(before + 1, after - 1);
            }
        }
        Ok(())
    }

    fn gap(&mut self, first: i64, last: i64) {
        let detail = if first == last {
            format!("no event stands at position {first}")
        } else {
            format!("no events stand at the positions {first} to {last}")
        };
        self.report.note(Place::Order, detail);
    }
}
