//! Reads by key that wait at the same moment share a statement. Nobody waits for others to come: what is there when
//! the thread looks is read.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Identity, Result, StoredRequest};
use countersign_storage_sql::point;
use tokio::sync::mpsc;

use crate::connection::{Alone, Connections};
use crate::line::{Line, Reply, line};

/// How many threads read.
pub(crate) const LOADERS: u32 = 1;
/// How many reads share one statement at most.
const BATCH: usize = 256;
/// How many reads may wait before callers do.
const QUEUE: usize = 4096;

enum Job {
    Request(RequestId, Reply<Option<StoredRequest>>),
    Identity(String, Timestamp, Reply<Option<Identity>>),
}

/// What waits, by kind.
#[derive(Default)]
struct Waiting {
    requests: Vec<(RequestId, Reply<Option<StoredRequest>>)>,
    identities: Vec<(String, Reply<Option<Identity>>)>,
    now: Option<Timestamp>,
}

/// The way to the thread that reads, which ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Loader(Line<Job>);

impl Loader {
    /// `wait` is how long a call waits at most.
    pub(crate) fn start(pool: &Connections, wait: Duration) -> Result<Self> {
        let (line, mut queue, stuck) = line(QUEUE, wait);
        let pool = pool.clone();
        let work = move || {
            while let Some(job) = queue.blocking_recv() {
                let waiting = gather(job, &mut queue);
                if catch_unwind(AssertUnwindSafe(|| waiting.read(&pool))).is_err() {
                    tracing::error!("a read panicked; the loader goes on");
                }
                stuck.is_over();
            }
        };
        thread::Builder::new()
            .name("postgres-loader".to_owned())
            .spawn(work)
            .map_err(|error| RepositoryError::Unavailable(error.to_string()))?;
        Ok(Self(line))
    }

    /// The request by that id.
    pub(crate) async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>> {
        self.0.ask(|reply| Job::Request(id, reply)).await
    }

    /// Who logs in as `login`, which is without regard to case.
    pub(crate) async fn identity(&self, login: String, now: Timestamp) -> Result<Option<Identity>> {
        self.0.ask(|reply| Job::Identity(login, now, reply)).await
    }
}

fn gather(first: Job, queue: &mut mpsc::Receiver<Job>) -> Waiting {
    let mut waiting = Waiting::default();
    waiting.add(first);
    for _ in 1..BATCH {
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
            Job::Request(id, reply) => self.requests.push((id, reply)),
            Job::Identity(login, now, reply) => {
                self.identities.push((login, reply));
                self.now = self.now.max(Some(now));
            }
        }
    }

    fn read(self, pool: &Connections) {
        if let Some(now) = self.now {
            let read = |logins: Vec<String>| {
                let found = point::identities(&mut Alone::new(pool), logins, now)?;
                Ok(found.into_iter().map(|(login, identity)| (login, Ok(identity))).collect())
            };
            answer(self.identities, read);
        }
        if !self.requests.is_empty() {
            answer(self.requests, |ids: Vec<RequestId>| Ok(point::requests(&mut Alone::new(pool), ids)?));
        }
    }
}

type Found<K, V> = HashMap<K, Result<V>>;

/// Reads for all who wait. What cannot be read for one must not keep an answer from the others.
fn answer<K: Clone + Eq + std::hash::Hash, V: Clone>(
    waiting: Vec<(K, Reply<Option<V>>)>,
    read: impl Fn(Vec<K>) -> Result<Found<K, V>>,
) {
    match read(waiting.iter().map(|(key, _)| key.clone()).collect()) {
        Ok(mut found) => {
            for (key, reply) in waiting {
                let value = match found.get(&key) {
                    Some(Ok(value)) => Ok(Some(value.clone())),
                    Some(Err(_)) => found.remove(&key).transpose(),
                    None => Ok(None),
                };
                // Nobody waits any more if the caller has gone.
                let _ = reply.send(value);
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
                let _ = reply.send(found.and_then(|mut found| found.remove(&key).transpose()));
            }
        }
    }
}
