//! Check and repair: what is derived, against what it is derived from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_core::error::RepositoryError;
use countersign_core::ids::{RequestId, UserId};
use countersign_core::repository::{CheckReport, Derived, Difference, Progress, Result};
use uuid::Uuid;

use crate::derived::Derivations;
use crate::directory;
use crate::link::Link;
use crate::tables::Tables;

/// How many differences are named one by one.
const NAMED: usize = 1000;

/// Everything that follows from the requests and the users.
pub(crate) fn expected(tables: &Tables) -> Result<Derivations> {
    Derivations::of(directory::administrators(tables), tables.requests.all(), tables.users.all())
}

/// Compares.
pub(crate) fn compare(tables: &Tables, progress: &Arc<dyn Progress>) -> Result<CheckReport> {
    let (requests, expected) = (begin(tables, progress), expected(tables)?);
    progress.advance(requests);
    Ok(differences(requests, &tables.derived, &expected))
}

/// Compares, and puts what is right in the place of what is kept.
pub(crate) fn repair(tables: &mut Tables, progress: &Arc<dyn Progress>) -> Result<CheckReport> {
    let (requests, expected) = (begin(tables, progress), expected(tables)?);
    progress.advance(requests);
    let report = differences(requests, &tables.derived, &expected);
    tables.derived = expected;
    Ok(CheckReport { repaired: true, ..report })
}

fn begin(tables: &Tables, progress: &Arc<dyn Progress>) -> u64 {
    let requests = tables.requests.len() as u64;
    progress.begin("checking", Some(requests));
    requests
}

/// Compares without what cannot be read: whoever asks names that.
pub(crate) fn readable(tables: &Tables, progress: &Arc<dyn Progress>) -> Result<CheckReport> {
    let requests = begin(tables, progress);
    let sound = tables.requests.all().filter(|read| !is_damaged(read));
    let users = tables.users.all().filter(|read| !is_damaged(read));
    let mut expected = Derivations::of(directory::administrators(tables), sound, users)?;
    progress.advance(requests);
    let mut stored = tables.derived.clone();
    let unreadable: Vec<Uuid> = tables.requests.ids().filter(|id| is_damaged(&tables.requests.get(*id))).collect();
    let (unknown, users) = unknown(tables, &unreadable);
    expected.forget(&unknown, &users);
    stored.forget(&unknown, &users);
    Ok(differences(requests - unreadable.len() as u64, &stored, &expected))
}

const fn is_damaged<T>(read: &Result<T>) -> bool {
    matches!(read, Err(RepositoryError::Damaged(_)))
}

/// Of what nothing can be said without these requests: they and their parents, and whoever holds tasks of theirs;
/// and the users who cannot be read themselves.
fn unknown(tables: &Tables, unreadable: &[Uuid]) -> (BTreeSet<RequestId>, BTreeSet<UserId>) {
    let mut requests: BTreeSet<RequestId> = unreadable.iter().copied().map(RequestId::from).collect();
    let tasks = tables.derived.tasks.entries().filter(|(_, request)| requests.contains(request));
    let holders = tasks.map(|((run, _), _)| run.principal.as_user());
    let users = tables.users.ids().filter(|id| is_damaged(&tables.users.get(*id))).map(UserId::from);
    let users = holders.chain(users).collect();
    for link in unreadable.iter().flat_map(|id| tables.requests.links_of(*id)) {
        if let Link::Parent(parent) = link {
            requests.insert(*parent);
        }
    }
    (requests, users)
}

/// What stands under a key in the one and in the other, where that differs.
fn differing<'a, K: Ord, V: PartialEq>(
    stored: impl Iterator<Item = (K, &'a V)>,
    expected: impl Iterator<Item = (K, &'a V)>,
) -> Vec<(K, Option<&'a V>, Option<&'a V>)> {
    let mut both: BTreeMap<K, (Option<&V>, Option<&V>)> =
        stored.map(|(key, value)| (key, (Some(value), None))).collect();
    for (key, value) in expected {
        both.entry(key).or_default().1 = Some(value);
    }
    both.into_iter()
        .filter(|(_, (stored, expected))| stored != expected)
        .map(|(key, (stored, expected))| (key, stored, expected))
        .collect()
}

fn differences(requests: u64, stored: &Derivations, expected: &Derivations) -> CheckReport {
    let mut noted = Noted(CheckReport { requests, ..CheckReport::default() });
    noted.documents(stored, expected);
    noted.indexes(stored, expected);
    let counts = differing(pairs(&stored.child_counts), pairs(&expected.child_counts));
    for (parent, ..) in counts {
        noted.note(Derived::ChildCounts, parent.as_uuid(), "are not those of its children".to_owned());
    }
    for (_, request) in stored.wakes.symmetric_difference(&expected.wakes) {
        let detail = "is not that of its tasks or its start date";
        noted.note(Derived::WakeTime, request.as_uuid(), detail.to_owned());
    }
    for user in stored.handovers.symmetric_difference(&expected.handovers) {
        let detail = "does not say whether a user who has left still holds tasks";
        noted.note(Derived::Handover, user.as_uuid(), detail.to_owned());
    }
    noted.0
}

fn pairs<K: Copy, V>(map: &BTreeMap<K, V>) -> impl Iterator<Item = (K, &V)> {
    map.iter().map(|(key, value)| (*key, value))
}

/// What was found.
struct Noted(CheckReport);

impl Noted {
    fn note(&mut self, derived: Derived, id: Uuid, detail: String) {
        self.0.differences += 1;
        if self.0.first.len() < NAMED {
            self.0.first.push(Difference { derived, id, detail });
        }
    }

    fn documents(&mut self, stored: &Derivations, expected: &Derivations) {
        for (id, stored, expected) in differing(pairs(&stored.documents), pairs(&expected.documents)) {
            let Some((stored, expected)) = stored.zip(expected) else {
                let detail = if stored.is_some() { "is there, the request is not" } else { "is missing" };
                self.note(Derived::Document, id.as_uuid(), detail.to_owned());
                continue;
            };
            if stored.readers != expected.readers {
                self.note(Derived::Readers, id.as_uuid(), "are not those whom the request names".to_owned());
            }
            if (stored.format, stored.revision, &stored.body) != (expected.format, expected.revision, &expected.body) {
                self.note(Derived::Document, id.as_uuid(), "is not what the request says".to_owned());
            }
        }
    }

    fn indexes(&mut self, stored: &Derivations, expected: &Derivations) {
        for ((run, place), stored, _) in differing(stored.access.entries(), expected.access.entries()) {
            let how = if stored.is_some() { "has a row too many, of" } else { "lacks the row of" };
            self.note(Derived::AccessIndex, place.id, format!("{how} principal {}", run.principal));
        }
        for ((_, place), stored, expected) in differing(stored.tasks.entries(), expected.tasks.entries()) {
            let how = if stored.is_some() { "has a row too many, of" } else { "lacks the row of" };
            if let Some(request) = stored.or(expected) {
                self.note(Derived::TaskIndex, request.as_uuid(), format!("{how} task {}", place.id));
            }
        }
        for ((task, user), stored, expected) in differing(pairs(&stored.barred), pairs(&expected.barred)) {
            let how = if stored.is_some() { "has a user too many," } else { "lacks the user" };
            if let Some(request) = stored.or(expected) {
                self.note(Derived::Barred, request.as_uuid(), format!("{how} {user}, on task {task}"));
            }
        }
    }
}
