//! What a transaction writes last, once for all that it changes: rows that requests have in common, so that they
//! are held as briefly as can be, and in one order.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::event::StoredEvent;
use countersign_core::ids::{PrincipalId, RequestId, UserId};
use countersign_core::repository::ChildCounts;
use countersign_core::request::RequestStatus;

use crate::error::Failure;
use crate::session::Session;
use crate::{child_count, event, number, user};

/// What is still to be written.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    children: BTreeMap<RequestId, ChildCounts>,
    holders: BTreeSet<PrincipalId>,
    numbers: BTreeMap<i64, i64>,
    events: Vec<StoredEvent>,
    writers: BTreeSet<UserId>,
}

impl Closing {
    /// Counts a child in or out under its status.
    pub(crate) fn count_child(&mut self, parent: RequestId, status: RequestStatus, by: i64) {
        child_count::count(self.children.entry(parent).or_default(), status, by);
    }

    /// Whose open tasks have changed.
    pub(crate) fn note_holders(&mut self, holders: impl IntoIterator<Item = PrincipalId>) {
        self.holders.extend(holders);
    }

    /// A number that was given out.
    pub(crate) fn note_number(&mut self, space: i64, number: i64) {
        let highest = self.numbers.entry(space).or_insert(number);
        *highest = number.max(*highest);
    }

    /// What happened.
    pub(crate) fn note_events(&mut self, events: Vec<StoredEvent>) {
        self.events.extend(events);
    }

    /// Whose doing that was.
    pub(crate) fn note_writers(&mut self, writers: impl IntoIterator<Item = UserId>) {
        self.writers.extend(writers);
    }

    /// Writes everything. The end of the feed is everybody's, so events are the last.
    pub(crate) fn write(self, connection: &mut dyn Session) -> Result<(), Failure> {
        for (parent, counts) in self.children {
            child_count::add(connection, parent, counts)?;
        }
        user::refresh_handovers(connection, self.holders)?;
        for (space, number) in self.numbers {
            number::raise(connection, space, number)?;
        }
        let writers: Vec<_> = self.writers.into_iter().map(UserId::as_uuid).collect();
        event::insert(connection, &self.events, &writers)
    }
}
