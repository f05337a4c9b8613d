//! The one writer: a thread that owns the writing connection and commits whatever waits as one
//! transaction, a savepoint a change, so that changes which wait together share one fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use countersign_core::error::RepositoryError;
use countersign_core::repository::{Change, CommitOutcome};
use countersign_storage_sql::{Failure, Session, commit};
use diesel::sqlite::SqliteConnection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::connection::{self, SqliteOptions};
use crate::session::SqliteSession;

/// How many changes may wait before callers do.
const QUEUE: usize = 1024;
/// How long a caller waits, which is as long as SQLite waits for somebody else's lock: behind whoever waits for
/// that, the next would have to wait as long again.
const PATIENCE: Duration = Duration::from_secs(10);

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
        connection::tell(&mut connection)?;
        let (jobs, queue) = sync_channel(QUEUE);
        let most = options.batch;
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || run(&mut connection, &queue, most))
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        Ok(Self { jobs })
    }

    /// Commits `change`, together with whatever else waits.
    pub(crate) async fn commit(&self, change: Change) -> Result<CommitOutcome, RepositoryError> {
        let (reply, answer) = oneshot::channel();
        in_time(async {
            self.send(Job::Commit(Box::new(change), reply)).await?;
            answer.await.map_err(|_| stopped())?
        })
        .await
    }

    /// Runs `work` alone on the writing connection, for a call that waits a bounded time.
    pub(crate) async fn brief<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        in_time(async { self.exclusive(work).await? }).await
    }

    /// Runs `work` alone on the writing connection, however long it takes.
    pub(crate) async fn exclusive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> T + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let (reply, answer) = oneshot::channel();
        let job = move |connection: &mut SqliteConnection| {
            // Whoever gave up has been answered; what was not begun by then is left.
            if !reply.is_closed() {
                let _ = reply.send(work(connection));
            }
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

/// What is not over in time may still land, if it was begun: nobody knows.
async fn in_time<T>(answer: impl Future<Output = Result<T, RepositoryError>>) -> Result<T, RepositoryError> {
    let late = || RepositoryError::Unavailable("the writer does not come to it in time".to_owned());
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(late()))
}

fn stopped() -> RepositoryError {
    RepositoryError::Unavailable("the writer has stopped".to_owned())
}

fn run(connection: &mut SqliteConnection, queue: &Receiver<Job>, most: usize) {
    let mut waiting = None;
    while let Some(job) = waiting.take().or_else(|| queue.recv().ok()) {
        let work = || match job {
            Job::Exclusive(work) => {
                work(connection);
                None
            }
            Job::Commit(change, reply) => {
                let (batch, next) = gather((change, reply), queue, most);
                commit_batch(connection, batch);
                next
            }
        };
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(next) => waiting = next,
            Err(_) => {
                tracing::error!("a write panicked; it is rolled back, and the writer goes on");
                // Nothing to roll back is an error too.
                let _ = connection::run(&mut SqliteSession(connection), "ROLLBACK");
            }
        }
    }
}

type Batch = Vec<(Box<Change>, Reply)>;

/// `first` and the changes that wait behind it, up to the next job of another kind, and `most` in all.
fn gather(first: (Box<Change>, Reply), queue: &Receiver<Job>, most: usize) -> (Batch, Option<Job>) {
    let mut batch = vec![first];
    while batch.len() < most {
        match queue.try_recv() {
            Ok(Job::Commit(change, reply)) => batch.push((change, reply)),
            Ok(other) => return (batch, Some(other)),
            Err(_) => break,
        }
    }
    (batch, None)
}

/// Answers are sent after the transaction has landed, never before. Whoever gave up has been answered; what was not
/// begun by then is left.
fn commit_batch(connection: &mut SqliteConnection, mut batch: Batch) {
    batch.retain(|(_, reply)| !reply.is_closed());
    if batch.is_empty() {
        return;
    }
    let outcomes = connection::write(connection, |connection| {
        let mut outcomes = Vec::with_capacity(batch.len());
        for (change, _) in &batch {
            match apart(connection, change) {
                Applied::Alone(outcome) => outcomes.push(outcome),
                Applied::Lost(failure) => return Err(failure),
            }
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

/// What became of a change inside a batch.
enum Applied {
    /// It left everything or nothing, and harmed no neighbour.
    Alone(Result<CommitOutcome, RepositoryError>),
    /// The database ended the transaction, and the neighbours went with it.
    Lost(Failure),
}

/// Applies `change` between savepoints.
fn apart(connection: &mut dyn Session, change: &Change) -> Applied {
    if let Err(failure) = connection::run(connection, "SAVEPOINT change") {
        return Applied::Lost(failure);
    }
    let outcome = match commit::apply(connection, change) {
        Err(Failure::Taken(_)) => Ok(CommitOutcome::Conflict),
        other => other,
    };
    let landed = matches!(outcome, Ok(CommitOutcome::Committed));
    // A savepoint that is gone shows that the database has rolled back on its own.
    let undone = if landed { Ok(()) } else { connection::run(connection, "ROLLBACK TO change") };
    match undone.and_then(|()| connection::run(connection, "RELEASE change")) {
        Ok(()) => Applied::Alone(outcome.map_err(RepositoryError::from)),
        Err(failure) => Applied::Lost(outcome.err().unwrap_or(failure)),
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::clock::Timestamp;
    use countersign_core::directory::{User, UserStatus};
    use countersign_core::event::{Channel, Entropy, EventKind, NewEvent};
    use countersign_core::ids::{Revision, UserNumber};
    use countersign_core::repository::{AggregateChange, UserChange};
    use uuid::Uuid;

    use countersign_storage_sql::{Statement, Value};

    use super::*;
    use crate::migration::migrate;

    struct Zeros;

    impl Entropy for Zeros {
        fn bytes(&mut self) -> [u8; 16] {
            [0; 16]
        }
    }

    fn new_user(n: u128, letters: usize) -> Change {
        let at = Timestamp::from_micros(0).unwrap();
        let data = serde_json::json!({});
        let user = User {
            id: Uuid::from_u128(n).into(),
            number: UserNumber::try_from(i64::try_from(n).unwrap()).unwrap(),
            login: format!("user{n}").try_into().unwrap(),
            display_name: "x".repeat(letters),
            email: None,
            manager: None,
            status: UserStatus::Active,
            stand_in: None,
            proxies: Vec::new(),
            rights: Vec::new(),
            revision: Revision::FIRST,
        };
        let event = NewEvent::seal(EventKind::Created, at, None, Channel::Command, data, &mut Zeros);
        let change = UserChange { user: AggregateChange::new(user, vec![event]), password: None };
        Change { users: vec![change], ..Change::default() }
    }

    fn writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::TempDir::new().unwrap();
        let writer = Writer::start(&SqliteOptions::new(folder.path().join("test.db"))).unwrap();
        (folder, writer)
    }

    fn number(connection: &mut SqliteConnection, text: &'static str, values: Vec<Value>) -> i64 {
        SqliteSession(connection).rows(&Statement::new(text, values)).unwrap().remove(0).int().unwrap()
    }

    async fn is_stored(writer: &Writer, n: u128) -> bool {
        let id = Uuid::from_u128(n);
        let found = move |connection: &mut SqliteConnection| {
            number(connection, "SELECT count(*) FROM app_user WHERE id = ?", vec![Value::from(id)])
        };
        writer.exclusive(found).await.unwrap() == 1
    }

    /// A full database ends the transaction of a whole batch: nobody in it may hear that it landed.
    #[tokio::test]
    async fn what_is_acknowledged_is_stored_when_the_database_fills_up() {
        let (_folder, writer) = writer();
        writer.exclusive(migrate).await.unwrap().unwrap();
        writer
            .exclusive(|connection| {
                let pages = number(connection, "PRAGMA page_count", Vec::new());
                assert!(pages > 0);
                // Room for the small changes and not for the large one.
                diesel::connection::SimpleConnection::batch_execute(
                    connection,
                    &format!("PRAGMA max_page_count = {}", pages + 40),
                )
                .unwrap();
            })
            .await
            .unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let blocker = tokio::spawn({
            let writer = writer.clone();
            async move { writer.exclusive(move |_| held.recv()).await }
        });
        tokio::task::yield_now().await;
        let waiting: Vec<_> = (1..=9)
            .map(|n| {
                let writer = writer.clone();
                tokio::spawn(async move { writer.commit(new_user(n, if n == 5 { 1_000_000 } else { 10 })).await })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        hold.send(()).unwrap();
        blocker.await.unwrap().unwrap().unwrap();
        for (n, outcome) in (1_u128..).zip(waiting) {
            let landed = matches!(outcome.await.unwrap(), Ok(CommitOutcome::Committed));
            assert_eq!(landed, is_stored(&writer, n).await, "change {n}");
            assert!(n != 5 || !landed, "the large change cannot land");
        }
        assert_eq!(writer.commit(new_user(20, 10)).await.unwrap(), CommitOutcome::Committed);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun() {
        let (_folder, writer) = writer();
        writer.exclusive(migrate).await.unwrap().unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let blocker = tokio::spawn({
            let writer = writer.clone();
            async move { writer.exclusive(move |_| held.recv()).await }
        });
        tokio::task::yield_now().await;
        let given_up = timeout(Duration::from_millis(50), writer.commit(new_user(1, 10))).await;
        assert!(given_up.is_err());
        hold.send(()).unwrap();
        blocker.await.unwrap().unwrap().unwrap();
        assert_eq!(writer.commit(new_user(2, 10)).await.unwrap(), CommitOutcome::Committed);
        assert!(!is_stored(&writer, 1).await);
    }

    #[tokio::test]
    async fn a_panic_in_a_write_leaves_nothing_and_the_writer_goes_on() {
        let (_folder, writer) = writer();
        writer.exclusive(migrate).await.unwrap().unwrap();
        let panicking = writer.exclusive(|connection| {
            connection::write(connection, |session| -> Result<(), Failure> {
                connection::run(session, "UPDATE readiness SET checks = 77")?;
                panic!("on purpose");
            })
        });
        assert!(panicking.await.is_err());
        let checks = |connection: &mut SqliteConnection| number(connection, "SELECT checks FROM readiness", Vec::new());
        assert_eq!(writer.exclusive(checks).await.unwrap(), 0);
        assert_eq!(writer.commit(new_user(1, 10)).await.unwrap(), CommitOutcome::Committed);
    }
}
