//! Databases for the benchmark. Everything in them follows from the plan, so that a caller can be made to ask for what
//! is there without reading it first.

use std::io;
use std::path::Path;

use anyhow::ensure;
use countersign_core::bundle::{Credential, Fault, Placed, Record, RecordSource};
use countersign_core::directory::{Group, Login, User};
use countersign_core::ids::{PrincipalId, RequestId, TaskId, TemplateId};
use countersign_core::repository::Repository;
use countersign_core::request::{Request, RequestDetails, RequestStatus};
use countersign_storage_conformance::sample::{self, Random};
use countersign_storage_sqlite::SqliteOptions;

use super::{import, ordered};
use crate::password;

/// The password of every caller.
pub const PASSWORD: &str = "bench";
/// How many users call in turn.
pub const CALLERS: u64 = 1_000;
/// How many roles there are to ask for.
pub const ROLES: u64 = 200;

/// Who sees ten requests and tasks.
const FEW: u64 = CALLERS + 1;
/// Who sees a tenth of what is open.
const MANY: u64 = CALLERS + 2;
/// An administrator.
const ALL: u64 = CALLERS + 3;
/// The groups.
const ADMINISTRATORS: u64 = 1;
const READERS: u64 = 2;

/// How much to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Requests that wait for a decision.
    pub open: u64,
    /// Requests that are over.
    pub closed: u64,
    /// Users.
    pub users: u64,
}

/// Whom a list is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Somebody who sees ten requests and ten tasks.
    Few,
    /// Somebody who sees a tenth of the open requests and their tasks.
    Many,
    /// An administrator.
    All,
}

impl Sight {
    /// Every one.
    pub const EACH: [Self; 3] = [Self::Few, Self::Many, Self::All];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Few => "10",
            Self::Many => "a tenth",
            Self::All => "all",
        }
    }

    /// Their login.
    pub fn login(self) -> String {
        login(match self {
            Self::Few => FEW,
            Self::Many => MANY,
            Self::All => ALL,
        })
    }
}

impl Plan {
    /// How many requests there are.
    pub const fn requests(self) -> u64 {
        self.open + self.closed
    }

    /// The open requests are the last ones.
    const fn is_open(self, n: u64) -> bool {
        n > self.closed
    }
}

/// The login of the `n`th user.
pub fn login(n: u64) -> String {
    format!("user{n}")
}

/// The number of the `n`th user.
pub const fn user_number(n: u64) -> u64 {
    100 + n
}

/// The id of the `n`th request, from 1.
pub fn request_id(n: u64) -> RequestId {
    ordered(n, 0).into()
}

/// The number of the `n`th request.
pub const fn number(n: u64) -> u64 {
    1_000 + n
}

/// The id of the task of the `n`th request.
pub fn task_id(n: u64) -> TaskId {
    ordered(n, 1).into()
}

/// The template of every certificate.
pub fn template_id() -> TemplateId {
    sample::template(1).id
}

/// Whether the `n`th request is for a certificate; if not, it is for a role.
pub const fn is_certificate(n: u64) -> bool {
    n % 2 == 1
}

/// Makes the SQLite database at `path`, which must not exist.
pub fn make(path: &Path, plan: Plan) -> anyhow::Result<()> {
    ensure!(!path.exists(), "{} exists already", path.display());
    ensure!(plan.users > ALL, "there are {} users and more", ALL);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let repository = countersign_storage_sqlite::open(&SqliteOptions::new(path))?;
        repository.migrate().await?;
        import(&repository, Box::new(Source { people: people(plan)?, plan })).await?;
        repository.close().await?;
        Ok(())
    })
}

fn people(plan: Plan) -> anyhow::Result<Vec<Record>> {
    let user = |n| -> anyhow::Result<Record> {
        let login = Login::try_from(login(n)).map_err(anyhow::Error::msg)?;
        Ok(Record::User(User { login, ..sample::user(n) }))
    };
    let mut records: Vec<Record> = (1..=plan.users).map(user).collect::<Result<_, _>>()?;
    let hash = password::hash(PASSWORD)?;
    records.extend((1..=ALL).map(|n| Record::Credential(Credential { user: sample::user_id(n), hash: hash.clone() })));
    let readers: Vec<PrincipalId> = (1..=CALLERS).map(sample::principal).collect();
    records.push(Record::Group(sample::administrators(ADMINISTRATORS, &[sample::principal(ALL)])));
    records.push(Record::Group(Group { name: "READERS".to_owned(), ..sample::group(READERS, &readers) }));
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.extend((1..=ROLES).map(sample::catalog_item).map(Record::CatalogItem));
    Ok(records)
}

struct Source {
    people: Vec<Record>,
    plan: Plan,
}

impl RecordSource for Source {
    fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
        let plan = self.plan;
        let requests = (1..=plan.requests()).map(move |n| Record::Request(Box::new(request(n, plan))));
        let records = self.people.iter().cloned().chain(requests);
        Ok(Box::new((1..).zip(records).map(|(place, record)| Ok(Ok(Placed { place, record })))))
    }
}

/// The `n`th request. Callers read every one: as auditors of certificates, as approvers of roles. Of the open ones
/// ten have a task for [`FEW`] beside that, and every tenth one for [`MANY`]; these two are whom they are for, too.
fn request(n: u64, plan: Plan) -> Request {
    let mut random = Random::new(n);
    let mut someone = || ALL + 1 + random.below(plan.users - ALL);
    let originator = someone();
    let special = special(n, plan);
    let target = special.unwrap_or_else(someone);
    let mut tasks = vec![sample::task(n, sample::group_principal(READERS))];
    tasks.extend(special.map(|user| sample::task(n, sample::principal(user))));
    let mut request = if is_certificate(n) {
        certificate_request(n, originator, target)
    } else {
        role_request(n, originator, target)
    };
    request.justification = Some(format!("Request {n}, made to measure on, with a reason as people give it"));
    request.stages = vec![sample::stage(tasks)];
    let mut request = sample::in_status(request, status(n, plan));
    request.id = request_id(n);
    for (part, task) in (1..).zip(request.stages.iter_mut().flat_map(|stage| &mut stage.tasks)) {
        task.id = ordered(n, part).into();
    }
    request
}

fn role_request(n: u64, originator: u64, target: u64) -> Request {
    let mut request = sample::access_request(n, originator, &[target]);
    if let RequestDetails::Access(access) = &mut request.details {
        let item = sample::catalog_item(1 + n / 2 % ROLES);
        for target in &mut access.targets {
            (target.entity_key, target.entity_name) = (item.entity_key.clone(), item.name.clone());
        }
    }
    request
}

fn certificate_request(n: u64, originator: u64, target: u64) -> Request {
    let mut request = sample::certificate_request(n, originator, target);
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.auditors = vec![sample::group_principal(READERS)];
        certificate.comment = format!("Request {n}, made to measure on");
    }
    request
}

/// Who has a task of their own of the `n`th request, and gets what it is for.
fn special(n: u64, plan: Plan) -> Option<u64> {
    if !plan.is_open(n) {
        return None;
    }
    let place = n - plan.closed;
    // Every other one stands one place before: it is of the other kind.
    let tenth = plan.open / 10;
    let few = |place: u64, odd: u64| place.is_multiple_of(tenth) && place / tenth % 2 == odd;
    if few(place, 0) || few(place + 1, 1) {
        Some(FEW)
    } else if place.is_multiple_of(10) {
        Some(MANY)
    } else {
        None
    }
}

fn status(n: u64, plan: Plan) -> RequestStatus {
    const OVER: [RequestStatus; 4] =
        [RequestStatus::Completed, RequestStatus::Completed, RequestStatus::Denied, RequestStatus::Failed];
    if plan.is_open(n) { RequestStatus::Pending } else { OVER[usize::try_from(n / 2 % 4).unwrap_or_default()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { open: 200, closed: 300, users: CALLERS + 50 };

    #[test]
    fn every_record_is_sound() {
        let mut source = Source { people: people(PLAN).unwrap(), plan: PLAN };
        for record in source.open().unwrap() {
            let record = record.unwrap().unwrap().record;
            assert!(record.faults().is_empty(), "{:?}", record.faults());
        }
    }

    #[test]
    fn so_many_see_so_much() {
        let mut seen = std::collections::BTreeMap::new();
        for n in 1..=PLAN.requests() {
            let request = request(n, PLAN);
            assert_eq!(request.status() == RequestStatus::Pending, n > PLAN.closed, "{n}");
            assert_eq!(request.tasks().next().unwrap().id, task_id(n));
            assert_eq!(i64::try_from(number(n)).unwrap(), request.number.get());
            *seen.entry(special(n, PLAN)).or_insert(0) += 1;
        }
        assert_eq!((seen[&Some(FEW)], seen[&Some(MANY)]), (10, 15));
        let user = sample::user(ALL);
        assert_eq!(
            (user.number.get(), user.login.as_str()),
            (i64::try_from(user_number(ALL)).unwrap(), login(ALL).as_str())
        );
        let certificates = |n: &u64| special(*n, PLAN) == Some(FEW) && request(*n, PLAN).certificate().is_some();
        assert_eq!((1..=PLAN.requests()).filter(certificates).count(), 5);
    }
}
