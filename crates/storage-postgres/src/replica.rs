//! A copy of the database that follows it, and may lag behind: lists may be read from it by whoever finds there what
//! they have written themselves. It is a help, never a need: where it cannot serve, the database does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::error::RepositoryError;
use countersign_core::ids::UserId;
use countersign_core::repository::Result;
use countersign_storage_sql::{Failure, Session, Statement, damaged};

use crate::connection::{self, Connections, Kind, PostgresOptions};
use crate::turns::Turns;

/// How long a list waits for a turn at the replica.
const TURN: Duration = Duration::from_millis(100);
/// How long it waits for a connection.
const CONNECTION: Duration = Duration::from_secs(1);
/// How long it waits in all: somewhat longer than a filter may take.
const WORK: Duration = Duration::from_millis(2500);
/// How long nobody asks a replica that failed; then one list tries it.
const REST: Duration = Duration::from_secs(5);

/// A replica. A clone shares its connections with its original.
#[derive(Clone)]
pub(crate) struct Replica {
    pool: Connections,
    turns: Turns,
    /// Since it failed last: when it may be asked again.
    rests_until: Arc<Mutex<Option<Instant>>>,
}

impl Replica {
    /// The replica that the options name, which is connected to when it is needed.
    pub(crate) fn of(options: &PostgresOptions) -> Option<Self> {
        let url = options.replica_url.as_deref()?;
        let options = PostgresOptions { connection_timeout: CONNECTION, statement_timeout: WORK, ..options.clone() };
        let pool = connection::pool(url, &options);
        let turns = Turns::new(usize::try_from(pool.max_size()).unwrap_or(1), TURN, WORK);
        Some(Self { pool, turns, rests_until: Arc::new(Mutex::new(None)) })
    }

    /// What `read` finds in a snapshot that holds everything up to `position` of the feed; `None` when there is no
    /// such snapshot to be had now.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        position: i64,
        read: impl FnOnce(&mut dyn Session) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Option<Result<T>> {
        if !self.may_be_asked() {
            return None;
        }
        let pool = self.pool.clone();
        let work = move || {
            connection::framed(&pool, Kind::Snapshot, |session| {
                if has_reached(session, position)? { read(session).map(Some) } else { Ok(None) }
            })
        };
        match self.turns.answer_if_free(work).await {
            Ok(Some(found)) => {
                self.note(None);
                found.map(Ok)
            }
            // It is busy, which is no failure.
            Ok(None) => None,
            // The database would say the same.
            Err(error @ RepositoryError::Budget { .. }) => Some(Err(error)),
            Err(error) => {
                tracing::warn!("the replica does not serve, the database does: {error}");
                self.note(Some(Instant::now() + REST));
                None
            }
        }
    }

    /// Of those who come when it has rested, one finds out for all.
    fn may_be_asked(&self) -> bool {
        let mut rests_until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                *rests_until = Some(now + REST);
                true
            }
        }
    }

    fn note(&self, rests_until: Option<Instant>) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = rests_until;
    }
}

/// The last place in the feed that something has which `user` did; 0 if there is nothing. Of the database itself.
pub(crate) fn last_write(session: &mut dyn Session, user: UserId) -> std::result::Result<i64, Failure> {
    let text = "SELECT position FROM last_write WHERE user_id = ?";
    let found = session.rows(&Statement::new(text, vec![user.as_uuid().into()]))?.pop();
    Ok(found.map_or(Ok(0), |mut row| row.int())?)
}

/// Places in the feed become visible in their order: whoever has this one has all before it.
fn has_reached(session: &mut dyn Session, position: i64) -> std::result::Result<bool, Failure> {
    let text = "SELECT next FROM number_space WHERE space = 5";
    let found = session.rows(&Statement::new(text, Vec::new()))?.pop();
    Ok(found.ok_or_else(|| damaged("a number space is missing"))?.int()? > position)
}
