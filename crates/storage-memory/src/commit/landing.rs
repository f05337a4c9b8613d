//! A change that may land, with everything that is written for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::document::Document;
use countersign_core::event::StoredEvent;
use countersign_core::ids::{GroupId, UserId};
use countersign_core::repository::{Change, Result, UserChange};
use countersign_core::request::Request;

use super::arrival::{self, Arrival};
use crate::tables::Tables;
use crate::{derived, directory, event, idempotency, webhook};

/// What a request becomes.
struct Course {
    before: Option<Arc<Request>>,
    after: Arc<Request>,
    document: Document,
}

/// Everything that a change writes. Writing it cannot fail.
pub(super) struct Landing<'a> {
    change: &'a Change,
    arrivals: Vec<Arrival<'a>>,
    events: Vec<StoredEvent>,
    courses: Vec<Course>,
    administrators: Option<GroupId>,
}

impl<'a> Landing<'a> {
    /// What the change writes; `None` if it was decided on something that is not so any more.
    pub(super) fn of(tables: &Tables, change: &'a Change) -> Result<Option<Self>> {
        let arrivals = arrival::all(tables, change)?;
        if !arrival::may_land(tables, &arrivals) {
            return Ok(None);
        }
        arrival::check_references(tables, &arrivals)?;
        let mut events = Vec::new();
        for arrival in &arrivals {
            events.extend(event::place(arrival.stream, tables.chain(arrival.stream), arrival.events)?);
        }
        let (before, after) = (directory::administrators(tables), administrators_after(tables, change));
        let mut courses = Vec::new();
        for change in &change.requests {
            let stored = tables.requests.get(change.state.id.as_uuid())?;
            courses.push(course(stored, Arc::new(change.state.clone()), after)?);
        }
        if before != after {
            courses.extend(others(tables, change, after)?);
        }
        Ok(Some(Self { change, arrivals, events, courses, administrators: before }))
    }

    /// Writes everything.
    pub(super) fn write(self, tables: &mut Tables) {
        let Self { change, arrivals, events, courses, administrators } = self;
        for arrival in arrivals {
            if let Some((space, number)) = arrival.number {
                tables.numbers.raise(space, number);
            }
            (arrival.put)(tables);
        }
        for course in &courses {
            if let Some(before) = &course.before {
                tables.derived.remove(before, administrators);
            }
        }
        let concerned = concerned(change, &courses);
        for course in courses {
            tables.derived.add(&course.after, course.document);
        }
        handovers(tables, concerned);
        secrets(tables, change);
        events.into_iter().for_each(|event| tables.append(event));
        deliveries(tables, change);
        if let Some(key) = &change.idempotency {
            idempotency::remember(&mut tables.idempotency, key);
        }
    }
}

fn course(before: Option<Arc<Request>>, after: Arc<Request>, administrators: Option<GroupId>) -> Result<Course> {
    let document = Document::of(&after, administrators)?;
    Ok(Course { before, after, document })
}

/// The requests that the change leaves alone: they get their administrators as readers.
fn others(tables: &Tables, change: &Change, administrators: Option<GroupId>) -> Result<Vec<Course>> {
    let changed: BTreeSet<_> = change.requests.iter().map(|change| change.state.id).collect();
    let mut courses = Vec::new();
    for request in tables.requests.all() {
        let request = request?;
        if !changed.contains(&request.id) {
            courses.push(course(Some(Arc::clone(&request)), request, administrators)?);
        }
    }
    Ok(courses)
}

/// The administrators once the change has landed.
fn administrators_after(tables: &Tables, change: &Change) -> Option<GroupId> {
    let mut groups = change.groups.iter().map(|change| &change.state);
    let stay = |id: &GroupId| change.groups.iter().all(|change| change.state.id != *id);
    let named = groups.find(|group| group.purpose.is_some()).map(|group| group.id);
    named.or_else(|| directory::administrators(tables).filter(stay))
}

/// The users who hold, or held, open tasks of these requests, and those who change themselves.
fn concerned(change: &Change, courses: &[Course]) -> BTreeSet<UserId> {
    let requests = courses.iter().flat_map(|course| course.before.iter().chain([&course.after]));
    let users = change.users.iter().map(|change| change.user.state.id);
    requests.flat_map(|request| derived::holders(request)).chain(users).collect()
}

fn handovers(tables: &mut Tables, users: BTreeSet<UserId>) {
    for id in users {
        // Of whom nothing can be read nothing is known.
        if let Ok(Some(user)) = tables.users.get(id.as_uuid()) {
            tables.derived.note_handover(id, user.status);
        }
    }
}

fn secrets(tables: &mut Tables, change: &Change) {
    for UserChange { user, password } in &change.users {
        if let Some(password) = password {
            tables.credentials.insert(user.state.id, password.clone());
        }
    }
    for change in &change.webhooks {
        if let Some(secret) = &change.secret {
            tables.webhook_secrets.insert(change.webhook.state.id, secret.clone());
        }
    }
}

/// A new webhook is told of what comes after its own event, another from where it is moved to.
fn deliveries(tables: &mut Tables, change: &Change) {
    let end = tables.events.last();
    for change in &change.webhooks {
        let begins = change.webhook.expected.is_none().then_some(end);
        let position = change.position.or(begins);
        if let (Some(position), Some(event)) = (position, change.webhook.events.last()) {
            webhook::tell_from(tables, change.webhook.state.id, position, event.at);
        }
    }
}
