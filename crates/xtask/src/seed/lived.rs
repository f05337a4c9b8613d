//! A database in which everything is: records of every kind, requests in every status with stages, tasks, votes and
//! children, lives of several events, keys of repeated calls, counters, credentials and webhooks.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use countersign_core::bundle::{Fault, Placed, Record, RecordSource};
use countersign_core::repository::{Change, Idempotency, NumberSpace, Repository};
use countersign_core::request::{ParentLink, Request, RequestStatus};
use countersign_storage_conformance::life;
use countersign_storage_conformance::sample::{self, Random};
use countersign_storage_conformance::support::commit;
use countersign_storage_sqlite::SqliteOptions;
use uuid::Uuid;

use super::source::SHOWN;
use super::{import, ordered};

/// The requests of the sample have the numbers below it.
const FIRST: u64 = 1_000;
/// The users of the sample have the numbers up to this one.
const SAMPLE_USERS: u64 = 5;
/// So many requests are made of one family, of two that stand alone, and of others.
const BLOCK: u64 = 10;
/// The groups of the sample.
const GROUP: u64 = 2;

/// How much to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lives {
    /// How many requests, about.
    pub requests: u64,
    /// How many more are made and decided step by step, in eight events each.
    pub lived: u64,
    /// How many keys of calls that may be sent again.
    pub keys: u64,
}

impl Lives {
    /// How many users there are.
    fn users(self) -> u64 {
        (self.requests / 4).clamp(2 * SAMPLE_USERS, 500)
    }
}

/// Makes the database at `path`, which must not exist.
pub fn make(path: &Path, lives: Lives) -> anyhow::Result<()> {
    ensure!(!path.exists(), "{} exists already", path.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(fill(path, lives))
}

async fn fill(path: &Path, lives: Lives) -> anyhow::Result<()> {
    let repository = countersign_storage_sqlite::open(&SqliteOptions::new(path))?;
    repository.migrate().await?;
    import(&repository, Box::new(Source { lives })).await?;
    let (repository, users): (Arc<dyn Repository>, _) = (Arc::new(repository), lives.users());
    side_by_side(lives.lived, |n| {
        let repository = Arc::clone(&repository);
        async move {
            life::live(&*repository, FIRST + lives.requests + n).await;
        }
    })
    .await?;
    side_by_side(lives.keys, |n| {
        let repository = Arc::clone(&repository);
        async move { commit(&*repository, key(n, users)).await }
    })
    .await?;
    // Numbers that were given out and belong to nothing.
    for space in [NumberSpace::Requests, NumberSpace::Users, NumberSpace::CatalogItems, NumberSpace::Grants] {
        repository.allocate_numbers(space, 7).await?;
    }
    repository.close().await?;
    Ok(())
}

/// Does `work` for each number, many at a time: the writer takes together what waits together.
async fn side_by_side<F>(count: u64, work: impl Fn(u64) -> F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for n in 1..=count {
        running.spawn(work(n));
        if running.len() >= 64 {
            running.join_next().await.transpose()?;
        }
    }
    while let Some(done) = running.join_next().await {
        done?;
    }
    Ok(())
}

/// A call that changed nothing and promised its answer.
fn key(n: u64, users: u64) -> Change {
    let mut random = Random::new(n);
    let promise = Idempotency {
        caller: sample::user_id(1 + random.below(users)),
        operation: format!("operation “{}”", random.below(20)),
        key: format!("Ä-{n}"),
        element: i32::try_from(random.below(3)).unwrap_or_default(),
        command: [u8::try_from(n % 256).unwrap_or_default(); 32],
        result: format!("{{\"number\":{n}}}").into_bytes(),
        at: sample::time(i64::try_from(n).unwrap_or_default()),
    };
    Change { idempotency: Some(promise), ..Change::default() }
}

struct Source {
    lives: Lives,
}

impl RecordSource for Source {
    fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
        let (blocks, users) = (self.lives.requests / BLOCK, self.lives.users());
        let people = (SAMPLE_USERS + 1..=users).map(sample::user).map(Record::User);
        let requests =
            (0..blocks).flat_map(move |at| block(at, users)).map(|request| Record::Request(Box::new(request)));
        let records = sample::everything().into_iter().chain(people).chain(requests);
        Ok(Box::new((1..).zip(records).map(|(place, record)| Ok(Ok(Placed { place, record })))))
    }
}

/// A family of a parent and three children, and six requests that stand alone. In every other block the parent's id
/// comes after those of its children.
fn block(block: u64, users: u64) -> Vec<Request> {
    let first = FIRST + block * BLOCK;
    let mut random = Random::new(first);
    let mut someone = move || 1 + random.below(users);
    let (parent_id, children_ids) = if block.is_multiple_of(2) { (first, first + 1) } else { (first + 3, first) };
    let parent = Request { has_children: true, ..sample::access_request(first, someone(), &[someone()]) };
    let parent = identified(sample::in_status(parent, RequestStatus::AwaitingChildren), parent_id);
    let mut requests = vec![parent];
    for ordinal in 1..=3 {
        let n = first + ordinal;
        let child = sample::access_request(n, someone(), &[someone()]);
        let link = ParentLink { request: requests[0].id, ordinal: i32::try_from(ordinal).unwrap_or_default() };
        let status = if ordinal == 1 { RequestStatus::Completed } else { RequestStatus::Executing };
        let depends_on = (ordinal == 3).then(|| requests[1].id);
        let child = Request { parent: Some(link), depends_on, ..sample::in_status(child, status) };
        requests.push(identified(child, children_ids + ordinal - 1));
    }
    requests.extend((4..BLOCK).map(|at| alone(first + at, [someone(), someone(), someone()])));
    requests
}

/// A certificate request in some status, whose tasks somebody may have claimed and decided.
fn alone(n: u64, [originator, target, approver]: [u64; 3]) -> Request {
    let mut random = Random::new(n ^ 0xff_0000);
    let mut claimed = sample::task(2 * n, sample::group_principal(GROUP));
    claimed.acquired_by = Some(sample::user_id(approver));
    let waiting = sample::task(2 * n + 1, sample::group_principal(GROUP));
    let mut request = sample::certificate_request(n, originator, target);
    request.justification = random.once_in(2).then(|| format!("“{n}” for Zoë & O'Brien"));
    request.stages = vec![sample::stage(vec![claimed, waiting])];
    identified(sample::in_status(request, *random.pick(SHOWN)), n)
}

/// Ids in the order of `n`, as those that a server makes.
fn identified(mut request: Request, n: u64) -> Request {
    request.id = ordered(n, 0).into();
    for (part, task) in (1..).zip(request.stages.iter_mut().flat_map(|stage| &mut stage.tasks)) {
        let id: Uuid = ordered(n, part);
        task.id = id.into();
    }
    request
}
