//! Inboxes: the runs of the task index that a user's principals, and those in whose place the user decides,
//! have, merged. Tasks on which nobody of them may vote are left out as the index is read, so that pages
//! and count agree (decision 7).

use countersign_core::approval::TaskState;
use countersign_core::bundle::Key;
use countersign_core::error::RepositoryError;
use countersign_core::ids::{PrincipalId, RequestId, TaskId, UserId};
use countersign_core::repository::{Inbox, InboxItem, Page, Result, Start, TaskCursor};

use crate::derived::TaskRun;
use crate::filter;
use crate::merge::{self, Merge};
use crate::run::Place;
use crate::tables::Tables;

pub(crate) fn page(
    tables: &Tables,
    inbox: &Inbox,
    start: Start<TaskCursor>,
    limit: usize,
) -> Result<Page<InboxItem, TaskCursor>> {
    let (skip, after) = match start {
        Start::Offset(skip) => (skip, None),
        Start::After(cursor) => (0, Some(Place { created: cursor.created, id: cursor.id.as_uuid() })),
    };
    let (places, next) = merge::page(places(tables, inbox, after), skip, limit)?;
    let items = places.into_iter().map(|place| item(tables, place.id.into())).collect::<Result<_>>()?;
    let cursor = |place: Place| TaskCursor { created: place.created, id: place.id.into() };
    Ok(Page { items, next: next.map(cursor) })
}

/// How many tasks the inbox holds.
pub(crate) fn count(tables: &Tables, inbox: &Inbox) -> Result<u64> {
    merge::count(places(tables, inbox, None))
}

/// The request that has the task.
pub(crate) fn request_of(tables: &Tables, task: TaskId) -> Option<RequestId> {
    tables.requests.holder(&Key::Task(task.as_uuid())).map(RequestId::from)
}

fn lost(task: TaskId) -> RepositoryError {
    RepositoryError::Damaged(format!("task {task} is listed and has no request"))
}

fn item(tables: &Tables, task: TaskId) -> Result<InboxItem> {
    let request = request_of(tables, task).ok_or_else(|| lost(task))?;
    Ok(InboxItem { task, request: tables.derived.listed(request)? })
}

/// The inbox from behind `after`.
fn places<'a>(tables: &'a Tables, inbox: &'a Inbox, after: Option<Place>) -> impl Iterator<Item = Result<Place>> + 'a {
    let states = inbox.states.as_deref().unwrap_or(TaskState::ALL);
    let own = inbox.principals.iter().map(|principal| (*principal, inbox.user));
    let holders = own.chain(inbox.represents.iter().map(|user| (PrincipalId::from(*user), *user)));
    let runs = holders.flat_map(|(principal, voter)| {
        states.iter().map(move |state| {
            let walk = tables.derived.tasks.walk(TaskRun { principal, state: *state }, inbox.order, after);
            let may = move |place: &Place| may_vote(tables, inbox.user, *place) && may_vote(tables, voter, *place);
            Box::new(walk.filter(may)) as Box<dyn Iterator<Item = Place>>
        })
    });
    Merge::new(runs.collect(), inbox.order).filter_map(|place| match is_kept(tables, inbox, place.id.into()) {
        Ok(kept) => kept.then_some(Ok(place)),
        Err(error) => Some(Err(error)),
    })
}

fn may_vote(tables: &Tables, user: UserId, place: Place) -> bool {
    !tables.derived.barred.contains_key(&(place.id.into(), user))
}

fn is_kept(tables: &Tables, inbox: &Inbox, id: TaskId) -> Result<bool> {
    let Some(wanted) = &inbox.filter else { return Ok(true) };
    let request = tables.requests.by_key(&Key::Task(id.as_uuid()))?.ok_or_else(|| lost(id))?;
    let task = request.tasks().find(|task| task.id == id).ok_or_else(|| lost(id))?;
    filter::meets(wanted, &|clause| filter::task(tables, &request, task, clause))
}
