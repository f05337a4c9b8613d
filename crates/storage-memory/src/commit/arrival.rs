//! The aggregates of a change, whatever kind they are of, and whether they may land.

use std::collections::HashSet;

use countersign_core::bundle::Key;
use countersign_core::error::RepositoryError;
use countersign_core::event::{NewEvent, StreamId, StreamKind};
use countersign_core::ids::Revision;
use countersign_core::repository::{AggregateChange, Change, NumberSpace, Result};
use uuid::Uuid;

use crate::link::Link;
use crate::tabled::Tabled;
use crate::tables::Tables;

/// Puts an aggregate into its table.
type Put<'a> = Box<dyn FnOnce(&mut Tables) + 'a>;

/// One aggregate on its way.
pub(super) struct Arrival<'a> {
    pub(super) stream: StreamId,
    pub(super) number: Option<(NumberSpace, i64)>,
    pub(super) events: &'a [NewEvent],
    pub(super) put: Put<'a>,
    expected: Option<Revision>,
    stored: Option<Revision>,
    claims: Vec<Key>,
    given_up: Vec<Key>,
    references: Vec<Key>,
}

impl<'a> Arrival<'a> {
    fn of<T: Tabled>(tables: &Tables, change: &'a AggregateChange<T>) -> Result<Self> {
        let state = &change.state;
        let stored = T::table(tables).get(state.id())?;
        let claims = state.claims();
        let mut given_up = stored.as_ref().map(|stored| stored.claims()).unwrap_or_default();
        given_up.retain(|key| !claims.contains(key));
        Ok(Self {
            stream: state.stream(),
            number: state.number(),
            events: &change.events,
            put: Box::new(|tables| T::table_mut(tables).put(state.clone())),
            expected: change.expected,
            stored: stored.map(|stored| stored.revision()),
            claims,
            given_up,
            references: state.references(),
        })
    }
}

/// Every aggregate of a change.
pub(super) fn all<'a>(tables: &Tables, change: &'a Change) -> Result<Vec<Arrival<'a>>> {
    let mut arrivals = Vec::new();
    add(tables, &mut arrivals, change.users.iter().map(|change| &change.user))?;
    add(tables, &mut arrivals, &change.groups)?;
    add(tables, &mut arrivals, &change.templates)?;
    add(tables, &mut arrivals, &change.catalog_items)?;
    add(tables, &mut arrivals, &change.approval_rules)?;
    add(tables, &mut arrivals, &change.request_rules)?;
    add(tables, &mut arrivals, &change.profiles)?;
    add(tables, &mut arrivals, &change.smartcards)?;
    add(tables, &mut arrivals, change.webhooks.iter().map(|change| &change.webhook))?;
    add(tables, &mut arrivals, &change.requests)?;
    add(tables, &mut arrivals, &change.grants)?;
    Ok(arrivals)
}

fn add<'a, T: Tabled>(
    tables: &Tables,
    arrivals: &mut Vec<Arrival<'a>>,
    changes: impl IntoIterator<Item = &'a AggregateChange<T>>,
) -> Result<()> {
    for change in changes {
        arrivals.push(Arrival::of(tables, change)?);
    }
    Ok(())
}

/// Whether each is there once, at the revision on which its change was decided, and claims nothing that
/// another has and keeps.
pub(super) fn may_land(tables: &Tables, arrivals: &[Arrival<'_>]) -> bool {
    let mut streams = HashSet::new();
    let mut claimed = HashSet::new();
    let in_time = |arrival: &Arrival<'_>| arrival.expected == arrival.stored;
    arrivals.iter().all(|arrival| in_time(arrival) && streams.insert(arrival.stream))
        && arrivals.iter().all(|arrival| {
            let is_free = |key: &Key| {
                let owner = tables.owner(key);
                // Whoever has it and arrives too either gives it up or claims it as well.
                owner.is_none_or(|owner| owner == arrival.stream || streams.contains(&owner))
            };
            arrival.claims.iter().all(|key| is_free(key) && claimed.insert(key))
        })
}

/// Fails when something would refer to nothing. Whoever decided the change read what it refers to, so it is a
/// defect and no conflict.
pub(super) fn check_references(tables: &Tables, arrivals: &[Arrival<'_>]) -> Result<()> {
    let claimed: HashSet<&Key> = arrivals.iter().flat_map(|arrival| &arrival.claims).collect();
    let given_up: HashSet<&Key> = arrivals.iter().flat_map(|arrival| &arrival.given_up).collect();
    let is_there = |key: &&Key| claimed.contains(key) || (tables.owner(key).is_some() && !given_up.contains(key));
    if let Some(missing) = arrivals.iter().flat_map(|arrival| &arrival.references).find(|key| !is_there(key)) {
        return Err(RepositoryError::Internal(format!("a change refers to {missing}, which is not there")));
    }
    let streams: HashSet<StreamId> = arrivals.iter().map(|arrival| arrival.stream).collect();
    let stays = |id: Uuid| !streams.contains(&StreamId { stream: StreamKind::Grant, id });
    // The only key that others refer to and that may be given up.
    let is_needed = |key: &&&Key| match key {
        Key::GrantNumber(number) => tables.grants.linked(Link::Account(*number)).any(stays),
        _ => false,
    };
    match given_up.iter().find(is_needed) {
        Some(key) => Err(RepositoryError::Internal(format!("{key} is given up, and grants lie in it"))),
        None => Ok(()),
    }
}
