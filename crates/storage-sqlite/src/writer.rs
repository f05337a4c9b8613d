//! The one writer: a thread that owns the writing connection and commits whatever waits as one
//! transaction, a savepoint a change, so that changes which wait together share one fsync.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use countersign_core::error::RepositoryError;
use countersign_core::repository::{Change, CommitOutcome};
use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;

use crate::commit;
use crate::connection::{self, SqliteOptions};
use crate::error::Failure;
use crate::sql::sql;

/// How many changes share one transaction at most.
const BATCH: usize = 64;
/// How many changes may wait before callers do.
const QUEUE: usize = 1024;

type Exclusive = Box<dyn FnOnce(&mut SqliteConnection) + Send>;
type Reply = oneshot::Sender<Result<CommitOutcome, RepositoryError>>;

enum Job {
    Commit(Box<Change>, Reply),
    Exclusive(Exclusive),
}

/// The way to the writer thread, which ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: SyncSender<Job>,
}

impl Writer {
    pub(crate) fn start(options: &SqliteOptions) -> Result<Self, RepositoryError> {
        let mut connection = connection::open(options)?;
        let (jobs, queue) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(&mut connection, &queue))
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        Ok(Self { jobs })
    }

    /// Commits `change`, together with whatever else waits.
    pub(crate) async fn commit(&self, change: Change) -> Result<CommitOutcome, RepositoryError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Commit(Box::new(change), reply)).await?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs `work` alone on the writing connection.
    pub(crate) async fn exclusive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> T + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: &mut SqliteConnection| {
            // Nobody waits any more if the caller has gone: the work is done all the same.
            let _ = reply.send(work(connection));
        };
        self.send(Job::Exclusive(Box::new(job))).await?;
        answer.await.map_err(|_| stopped())
    }

    async fn send(&self, job: Job) -> Result<(), RepositoryError> {
        let job = match self.jobs.try_send(job) {
            Ok(()) => return Ok(()),
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return Err(stopped()),
            Err(std::sync::mpsc::TrySendError::Full(job)) => job,
        };
        let jobs = self.jobs.clone();
        let sent = tokio::task::spawn_blocking(move || jobs.send(job)).await;
        sent.map_err(|error| RepositoryError::Internal(error.to_string()))?.map_err(|_| stopped())
    }
}

fn stopped() -> RepositoryError {
    RepositoryError::Unavailable("the writer has stopped".to_owned())
}

fn run(connection: &mut SqliteConnection, queue: &Receiver<Job>) {
    let mut waiting = None;
    while let Some(job) = waiting.take().or_else(|| queue.recv().ok()) {
        match job {
            Job::Exclusive(work) => work(connection),
            Job::Commit(change, reply) => {
                let mut batch = vec![(change, reply)];
                while batch.len() < BATCH {
                    match queue.try_recv() {
                        Ok(Job::Commit(change, reply)) => batch.push((change, reply)),
                        Ok(other) => {
                            waiting = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                commit_batch(connection, batch);
            }
        }
    }
}

/// Answers are sent after the transaction has landed, never before.
fn commit_batch(connection: &mut SqliteConnection, batch: Vec<(Box<Change>, Reply)>) {
    let outcomes = connection::write(connection, |connection| {
        let mut outcomes = Vec::with_capacity(batch.len());
        for (change, _) in &batch {
            let outcome = commit::apply(connection, change);
            // An error that ended the transaction took the neighbours with it.
            if outcome.is_err() && sql!("SAVEPOINT alive").run(connection).is_err() {
                return Err(lost());
            }
            outcomes.push(outcome.map_err(RepositoryError::from));
        }
        Ok(outcomes)
    });
    match outcomes {
        Ok(outcomes) => {
            for ((_, reply), outcome) in batch.into_iter().zip(outcomes) {
                let _ = reply.send(outcome);
            }
        }
        Err(error) => {
            let reason = error.to_string();
            for (_, reply) in batch {
                let _ = reply.send(Err(RepositoryError::Unavailable(reason.clone())));
            }
        }
    }
}

fn lost() -> Failure {
    RepositoryError::Unavailable("the transaction was rolled back by the database".to_owned()).into()
}
