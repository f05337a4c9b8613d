//! Changes of requests that wait together are written together: the round trips and the flush of one for all. A
//! change that would spoil the others is written alone.

use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use countersign_core::error::RepositoryError;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Change, CommitOutcome, Result};
use countersign_storage_sql::{Failure, commit};
use tokio::sync::{mpsc, oneshot};

use crate::change::commit_one;
use crate::connection::{self, Connections, Kind};
use crate::session::PostgresSession;
use crate::turns::Pace;

/// How many threads write: while one waits for the flush of its transaction, another fills the next.
pub(crate) const WRITERS: usize = 2;
/// How many changes may wait before callers do.
const QUEUE: usize = 1024;

struct Job {
    change: Change,
    reply: oneshot::Sender<Result<CommitOutcome>>,
}

type Queue = Arc<Mutex<mpsc::Receiver<Job>>>;

/// The way to the threads that write, which end when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    pace: Pace,
}

impl Writer {
    pub(crate) fn start(pool: &Connections, pace: Pace, most: usize) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let queue: Queue = Arc::new(Mutex::new(queue));
        for number in 0..WRITERS {
            let (pool, queue, pace) = (pool.clone(), Arc::clone(&queue), pace.clone());
            thread::Builder::new()
                .name(format!("postgres-writer-{}", number + 1))
                .spawn(move || run(&pool, &queue, &pace, Share { number, most }))
                .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        }
        Ok(Self { jobs, pace })
    }

    /// Commits a change of requests alone, together with what else waits.
    pub(crate) async fn commit(&self, change: Change) -> Result<CommitOutcome> {
        let stopped = || RepositoryError::Unavailable("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.jobs.send(Job { change, reply }).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        self.pace.answer(asked).await
    }
}

/// What one of the threads does.
#[derive(Clone, Copy)]
struct Share {
    /// Which thread it is.
    number: usize,
    /// How many changes share one transaction at most.
    most: usize,
}

fn run(pool: &Connections, queue: &Queue, pace: &Pace, share: Share) {
    let mut waiting = VecDeque::new();
    while gather(&mut waiting, queue, share.most) {
        // Whoever gave up has been answered; what was not begun by then is left.
        waiting.retain(|job: &Job| !job.reply.is_closed());
        let batch = apart(&mut waiting);
        if batch.is_empty() {
            continue;
        }
        let write = || catch_unwind(AssertUnwindSafe(|| write(pool, batch)));
        if pace.watch(share.number, write).is_err() {
            tracing::error!("a write panicked; it is rolled back, and the writer goes on");
        }
    }
}

/// Adds what waits in the queue; `false` at the queue's end. Only a thread with nothing to do waits for others: one
/// may hold the queue for as long as nobody comes.
fn gather(waiting: &mut VecDeque<Job>, queue: &Queue, most: usize) -> bool {
    let mut queue = if waiting.is_empty() {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.blocking_recv() {
            Some(job) => waiting.push_back(job),
            None => return false,
        }
        queue
    } else {
        let Ok(queue) = queue.try_lock() else { return true };
        queue
    };
    while waiting.len() < most
        && let Ok(job) = queue.try_recv()
    {
        waiting.push_back(job);
    }
    true
}

/// Takes the first of what waits and everything that changes no request of those before it.
fn apart(waiting: &mut VecDeque<Job>) -> Vec<Job> {
    let mut taken: HashSet<RequestId> = HashSet::new();
    let (mut batch, mut later) = (Vec::with_capacity(waiting.len()), VecDeque::new());
    for job in waiting.drain(..) {
        let ids = || job.change.requests.iter().map(|change| change.state.id);
        // Whoever comes later to a request that waits itself waits behind it.
        let free = ids().all(|id| !taken.contains(&id));
        taken.extend(ids());
        if free {
            batch.push(job);
        } else {
            later.push_back(job);
        }
    }
    *waiting = later;
    batch
}

/// Answers are sent after the transaction has landed, never before.
fn write(pool: &Connections, batch: Vec<Job>) {
    match together(pool, &batch) {
        Written::Landed(landed) => {
            for (job, landed) in batch.into_iter().zip(landed) {
                let outcome = if landed { Ok(CommitOutcome::Committed) } else { conflict(pool, &job.change) };
                // Nobody waits any more if the caller has gone: what is done is done.
                let _ = job.reply.send(outcome);
            }
        }
        Written::Undone => {
            for job in batch.into_iter().filter(|job| !job.reply.is_closed()) {
                let _ = job.reply.send(commit_one(pool, &job.change));
            }
        }
        Written::Unavailable(reason) => {
            for job in batch {
                let _ = job.reply.send(Err(RepositoryError::Unavailable(reason.clone())));
            }
        }
    }
}

/// What became of changes that were written together.
enum Written {
    /// Those landed for which it says so, and nothing is left of the others.
    Landed(Vec<bool>),
    /// Nothing is left of any: one of them failed.
    Undone,
    /// The database is out of reach. If that happened as the transaction ended, nobody knows what became of it.
    Unavailable(String),
}

fn together(pool: &Connections, batch: &[Job]) -> Written {
    let changes: Vec<&Change> = batch.iter().map(|job| &job.change).collect();
    let mut connection = match connection::begin(pool, Kind::Write) {
        Ok(connection) => connection,
        Err(error) => return Written::Unavailable(error.to_string()),
    };
    let mut session = PostgresSession::new(&mut connection);
    let landed = commit::together(&mut session, &changes).and_then(|landed| session.settle().map(|()| landed));
    match landed {
        Ok(landed) => match connection::end(&mut connection, true) {
            Ok(()) => Written::Landed(landed),
            Err(error) => Written::Unavailable(error.to_string()),
        },
        Err(failure) => {
            // A connection that is lost has undone it already.
            let _ = connection::end(&mut connection, false);
            match failure {
                Failure::Repository(RepositoryError::Unavailable(reason)) => Written::Unavailable(reason),
                _ => Written::Undone,
            }
        }
    }
}

/// A change that came too late may be one that was made before.
fn conflict(pool: &Connections, change: &Change) -> Result<CommitOutcome> {
    if change.idempotency.is_none() {
        return Ok(CommitOutcome::Conflict);
    }
    let earlier = connection::framed(pool, Kind::Snapshot, |session| commit::duplicate(session, change))?;
    Ok(earlier.unwrap_or(CommitOutcome::Conflict))
}
