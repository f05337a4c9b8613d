//! Reads by key that wait at the same moment share a statement. Nobody waits for others to come: what is there when
//! the thread looks is read.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::error::RepositoryError;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Result, StoredRequest};
use countersign_core::request::RequestKey;
use countersign_storage_sql::point::Requests;
use countersign_storage_sql::{AsOf, Failure, Known, Recognised, point};
use tokio::sync::{mpsc, oneshot};

use crate::connection::{self, Connections};
use crate::session::PostgresSession;
use crate::turns::Pace;

/// How many threads read.
pub(crate) const LOADERS: usize = 1;
/// How many reads may wait before callers do.
const QUEUE: usize = 4096;
/// A lost connection shows within this.
const AT_ONCE: Duration = Duration::from_secs(1);

type Reply<T> = oneshot::Sender<Result<T>>;

enum Job {
    Request(RequestId, Reply<AsOf>),
    Numbered(i64, Reply<AsOf>),
    Identity(Login, Timestamp, Reply<Recognised>),
}

/// Somebody who logs in, and as of which version of the directory they are remembered.
struct Login {
    login: String,
    version: Option<DirectoryVersion>,
}

/// What waits, by kind.
#[derive(Default)]
struct Waiting {
    requests: Vec<(RequestId, Reply<AsOf>)>,
    numbered: Vec<(i64, Reply<AsOf>)>,
    identities: Vec<(Login, Reply<Recognised>)>,
    now: Option<Timestamp>,
}

/// The way to the thread that reads, which ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Loader {
    jobs: mpsc::Sender<Job>,
    pace: Pace,
}

impl Loader {
    pub(crate) fn start(pool: &Connections, pace: Pace, most: usize) -> Result<Self> {
        let (jobs, mut queue) = mpsc::channel(QUEUE);
        let (pool, watched) = (pool.clone(), pace.clone());
        let work = move || {
            while let Some(job) = queue.blocking_recv() {
                let waiting = gather(job, &mut queue, most);
                let read = || catch_unwind(AssertUnwindSafe(|| waiting.read(&pool)));
                if watched.watch(0, read).is_err() {
                    tracing::error!("a read panicked; the loader goes on");
                }
            }
        };
        thread::Builder::new()
            .name("postgres-loader".to_owned())
            .spawn(work)
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        Ok(Self { jobs, pace })
    }

    /// The request by `key`.
    pub(crate) async fn request(&self, key: RequestKey) -> Result<AsOf> {
        match key {
            RequestKey::Id(id) => self.ask(|reply| Job::Request(id, reply)).await,
            RequestKey::Number(number) => self.ask(|reply| Job::Numbered(number.get(), reply)).await,
        }
    }

    /// Who logs in as `login`, which is without regard to case, unless that is remembered as of `version` and holds.
    pub(crate) async fn identity(
        &self,
        login: String,
        now: Timestamp,
        version: Option<DirectoryVersion>,
    ) -> Result<Recognised> {
        self.ask(|reply| Job::Identity(Login { login, version }, now, reply)).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T> {
        let stopped = || RepositoryError::Unavailable("the loader has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.jobs.send(job(reply)).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        self.pace.answer(asked).await
    }
}

fn gather(first: Job, queue: &mut mpsc::Receiver<Job>, most: usize) -> Waiting {
    let mut waiting = Waiting::default();
    waiting.add(first);
    for _ in 1..most {
        match queue.try_recv() {
            Ok(job) => waiting.add(job),
            Err(_) => break,
        }
    }
    waiting
}

impl Waiting {
    fn add(&mut self, job: Job) {
        match job {
            // Whoever gave up has been answered.
            Job::Request(_, reply) | Job::Numbered(_, reply) if reply.is_closed() => {}
            Job::Identity(_, _, reply) if reply.is_closed() => {}
            Job::Request(id, reply) => self.requests.push((id, reply)),
            Job::Numbered(number, reply) => self.numbered.push((number, reply)),
            Job::Identity(login, now, reply) => {
                self.identities.push((login, reply));
                self.now = self.now.max(Some(now));
            }
        }
    }

    fn read(self, pool: &Connections) {
        // It comes with whatever else is read.
        let version = Cell::new(None);
        if !self.requests.is_empty() {
            let read =
                |ids: Vec<RequestId>| noted(&version, again(pool, |session| point::requests(session, ids.clone())));
            answer(self.requests, read, |found| (version.get(), found));
        }
        if !self.numbered.is_empty() {
            let read = |numbers: Vec<i64>| {
                noted(&version, again(pool, |session| point::requests_by_number(session, numbers.clone())))
            };
            answer(self.numbered, read, |found| (version.get(), found));
        }
        if let Some(now) = self.now {
            let asked = changed(self.identities, version.get(), pool);
            let read = |logins: Vec<String>| {
                again(pool, |session| {
                    let found = point::identities(session, logins.clone(), now)?;
                    Ok(found.into_iter().map(|(login, known)| (login, Ok(known))).collect())
                })
            };
            answer(asked, read, |known: Option<Known>| Recognised::Anew(known.map(Box::new)));
        }
    }
}

/// Notes the version of the directory that came with requests.
fn noted<K>(version: &Cell<Option<DirectoryVersion>>, read: Result<Requests<K>>) -> Result<Found<K, StoredRequest>> {
    read.map(|(as_of, found)| {
        version.set(Some(as_of));
        found
    })
}

/// Those who are not remembered as they are now; the others are told.
fn changed(
    waiting: Vec<(Login, Reply<Recognised>)>,
    version: Option<DirectoryVersion>,
    pool: &Connections,
) -> Vec<(String, Reply<Recognised>)> {
    let is_remembered = waiting.iter().any(|(login, _)| login.version.is_some());
    let version = match version {
        None if is_remembered => again(pool, |session| point::directory_version(session)).map(Some),
        version => Ok(version),
    };
    if let Err(RepositoryError::Unavailable(reason)) = version {
        for (_, reply) in waiting {
            let _ = reply.send(Err(RepositoryError::Unavailable(reason.clone())));
        }
        return Vec::new();
    }
    // What else goes wrong shows when they are read.
    let version = version.ok().flatten();
    let mut others = Vec::new();
    for (login, reply) in waiting {
        if version.is_some() && login.version == version {
            // Nobody waits any more if the caller has gone.
            let _ = reply.send(Ok(Recognised::AsRemembered));
        } else {
            others.push((login.login, reply));
        }
    }
    others
}

type Found<K, V> = HashMap<K, Result<V>>;

/// Reads for all who wait. What cannot be read for one must not keep an answer from the others.
fn answer<K: Clone + Eq + std::hash::Hash, V: Clone, T>(
    waiting: Vec<(K, Reply<T>)>,
    read: impl Fn(Vec<K>) -> Result<Found<K, V>>,
    told: impl Fn(Option<V>) -> T,
) {
    if waiting.is_empty() {
        return;
    }
    match read(waiting.iter().map(|(key, _)| key.clone()).collect()) {
        Ok(mut found) => {
            for (key, reply) in waiting {
                let value = match found.get(&key) {
                    Some(Ok(value)) => Ok(Some(value.clone())),
                    Some(Err(_)) => found.remove(&key).transpose(),
                    None => Ok(None),
                };
                // Nobody waits any more if the caller has gone.
                let _ = reply.send(value.map(&told));
            }
        }
        Err(RepositoryError::Unavailable(reason)) => {
            for (_, reply) in waiting {
                let _ = reply.send(Err(RepositoryError::Unavailable(reason.clone())));
            }
        }
        Err(_) => {
            for (key, reply) in waiting {
                let found = read(vec![key.clone()]);
                let _ = reply.send(found.and_then(|mut found| found.remove(&key).transpose()).map(&told));
            }
        }
    }
}

/// Reads on another connection if one was lost while it lay idle, which shows at once.
fn again<T>(
    pool: &Connections,
    read: impl Fn(&mut PostgresSession<'_>) -> std::result::Result<T, Failure>,
) -> Result<T> {
    let begun = Instant::now();
    let mut tries = pool.max_size() + 1;
    loop {
        let mut connection = connection::take(pool)?;
        let error = match read(&mut PostgresSession::new(&mut connection)) {
            Ok(value) => return Ok(value),
            Err(failure) => RepositoryError::from(failure),
        };
        tries -= 1;
        if tries == 0 || begun.elapsed() > AT_ONCE || !matches!(error, RepositoryError::Unavailable(_)) {
            return Err(error);
        }
    }
}
