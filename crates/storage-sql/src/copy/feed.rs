//! The end of the feed: the last position that was ever given out. Each database keeps it in its own way.

use crate::error::Failure;
use crate::session::{Dialect, Session};
use crate::sql::sql;

/// The last position; 0 where no event ever was.
pub(super) fn end(session: &mut dyn Session) -> Result<i64, Failure> {
    let found = match session.dialect() {
        Dialect::Sqlite => sql!("SELECT seq FROM sqlite_sequence WHERE name = 'event'"),
        Dialect::Postgres => sql!("SELECT next - 1 FROM number_space WHERE space = 5"),
    };
    Ok(found.row(session)?.map_or(Ok(0), |mut row| row.int())?)
}

/// Puts the end there.
pub(super) fn set_end(session: &mut dyn Session, end: i64) -> Result<(), Failure> {
    match session.dialect() {
        Dialect::Postgres => {
            sql!("UPDATE number_space SET next = ? WHERE space = 5", end + 1).run(session)?;
        }
        Dialect::Sqlite => {
            if sql!("UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'", end).run(session)? == 0 {
                sql!("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)", end).run(session)?;
            }
        }
    }
    Ok(())
}
