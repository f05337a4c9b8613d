//! What waits for the worker.

use std::collections::BTreeSet;

use countersign_core::approval::TaskState;
use countersign_core::clock::Timestamp;
use countersign_core::ids::{GrantId, RequestId};
use countersign_core::repository::{Due, Result};
use uuid::Uuid;

use crate::derived::TaskRun;
use crate::link::Link;
use crate::tables::Tables;

/// At most `limit` things, of each kind in turn: what cannot be done and so stays due must not hide the
/// other kinds.
pub(crate) fn due(tables: &Tables, now: Timestamp, limit: usize) -> Result<Vec<Due>> {
    let mut kinds: [Box<dyn Iterator<Item = Result<Due>> + '_>; 5] = [
        Box::new(requests(tables, now)),
        Box::new(parents(tables)),
        Box::new(dependents(tables)),
        Box::new(grants(tables, now)),
        Box::new(handovers(tables)),
    ];
    let mut found = Vec::new();
    loop {
        let before = found.len();
        for kind in &mut kinds {
            if found.len() >= limit {
                return Ok(found);
            }
            found.extend(kind.next().transpose()?);
        }
        if found.len() == before {
            return Ok(found);
        }
    }
}

fn requests(tables: &Tables, now: Timestamp) -> impl Iterator<Item = Result<Due>> {
    let woken = tables.derived.wakes.iter().take_while(move |(time, _)| *time <= now);
    woken.map(|(_, request)| Ok(Due::Request(*request)))
}

fn parents(tables: &Tables) -> impl Iterator<Item = Result<Due>> {
    let over = tables.derived.child_counts.iter().filter(|(_, count)| count.counts.open == 0 && count.awaited);
    over.map(|(parent, _)| Ok(Due::Parent(*parent)))
}

/// Those who wait for another that is over.
fn dependents(tables: &Tables) -> impl Iterator<Item = Result<Due>> {
    let [first, last] = [Uuid::nil(), Uuid::max()].map(|id| Link::WaitsFor(id.into()));
    tables.requests.between(first, last).filter_map(|id| match goes_on(tables, id) {
        Ok(true) => Some(Ok(Due::Dependent(RequestId::from(id)))),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    })
}

fn goes_on(tables: &Tables, id: Uuid) -> Result<bool> {
    let other = tables.requests.get(id)?.and_then(|request| request.depends_on);
    let other = other.map_or(Ok(None), |other| tables.requests.get(other.as_uuid()))?;
    Ok(other.is_some_and(|other| other.status().is_final()))
}

fn grants(tables: &Tables, now: Timestamp) -> impl Iterator<Item = Result<Due>> {
    let over = tables.grants.between(Link::Ends(None), Link::Ends(Some(now)));
    over.map(|id| Ok(Due::Grant(GrantId::from(id))))
}

fn handovers(tables: &Tables) -> impl Iterator<Item = Result<Due>> {
    tables.derived.handovers.iter().flat_map(|user| {
        let open = TaskState::ALL.iter().filter(|state| state.is_open());
        let runs = open.map(|state| TaskRun { principal: (*user).into(), state: *state });
        let requests: BTreeSet<RequestId> = runs.flat_map(|run| tables.derived.tasks.values(run)).copied().collect();
        requests.into_iter().map(|request| Ok(Due::Handover(*user, request)))
    })
}
