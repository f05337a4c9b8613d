//! A change in a transaction of its own.

use countersign_core::repository::{Change, CommitOutcome, Result};
use countersign_storage_sql::{Failure, commit};

use crate::connection::{self, Connections, Kind};
use crate::session::PostgresSession;

/// How often a change is begun anew after it gave way to others.
const TRIES: u32 = 16;

/// Commits a change in a transaction of its own. One that gave way to others is begun anew: nothing of it has
/// happened.
pub(crate) fn commit_one(pool: &Connections, change: &Change) -> Result<CommitOutcome> {
    let mut tries = 0;
    loop {
        let mut connection = connection::begin(pool, Kind::Write)?;
        let mut session = PostgresSession::new(&mut connection);
        let applied = commit::apply(&mut session, change).and_then(|outcome| session.settle().map(|()| outcome));
        let outcome = match applied {
            Ok(CommitOutcome::Committed) => return connection::finish(&mut connection, Ok(CommitOutcome::Committed)),
            Ok(other) => Ok(other),
            Err(Failure::Taken(_)) => Ok(CommitOutcome::Conflict),
            Err(failure) => Err(failure),
        };
        // A connection that is lost has undone it already.
        let _ = connection::end(&mut connection, false);
        drop(connection);
        match outcome {
            // Whoever was faster may have been the same call: its key comes before what it found.
            Ok(CommitOutcome::Conflict) if change.idempotency.is_some() => {
                let earlier = connection::framed(pool, Kind::Snapshot, |session| commit::duplicate(session, change))?;
                return Ok(earlier.unwrap_or(CommitOutcome::Conflict));
            }
            Err(Failure::Contended(_)) if tries < TRIES => tries += 1,
            outcome => return Ok(outcome?),
        }
    }
}
