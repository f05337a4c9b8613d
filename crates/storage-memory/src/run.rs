//! An index in runs: within one, entries are ordered by creation time and id, as lists are.

use std::collections::BTreeMap;
use std::ops::Bound;

use countersign_core::clock::Timestamp;
use countersign_core::repository::Order;
use uuid::Uuid;

/// A place in a list: when something was made, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was made.
    pub created: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// Entries with a value each, in runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs<R, V>(BTreeMap<R, BTreeMap<Place, V>>);

impl<R, V> Default for Runs<R, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<R: Ord + Copy, V> Runs<R, V> {
    /// Puts an entry at its place.
    pub fn insert(&mut self, run: R, place: Place, value: V) {
        self.0.entry(run).or_default().insert(place, value);
    }

    /// Removes the entry at a place.
    pub fn remove(&mut self, run: R, place: Place) -> Option<V> {
        let entries = self.0.get_mut(&run)?;
        let value = entries.remove(&place);
        if entries.is_empty() {
            self.0.remove(&run);
        }
        value
    }

    /// Every entry.
    pub fn entries(&self) -> impl Iterator<Item = ((R, Place), &V)> {
        self.0.iter().flat_map(|(run, entries)| entries.iter().map(|(place, value)| ((*run, *place), value)))
    }

    /// Keeps the entries that `keep` says.
    pub fn retain(&mut self, mut keep: impl FnMut(R, Place, &V) -> bool) {
        self.0.retain(|run, entries| {
            entries.retain(|place, value| keep(*run, *place, value));
            !entries.is_empty()
        });
    }

    /// Whether anything stands in the run.
    pub(crate) fn has(&self, run: R) -> bool {
        self.0.contains_key(&run)
    }

    /// The values of a run.
    pub(crate) fn values(&self, run: R) -> impl Iterator<Item = &V> {
        self.0.get(&run).into_iter().flat_map(BTreeMap::values)
    }

    /// Goes along a run from one end, from behind `after`.
    pub(crate) fn walk(&self, run: R, order: Order, after: Option<Place>) -> Box<dyn Iterator<Item = Place> + '_> {
        let Some(entries) = self.0.get(&run) else { return Box::new(std::iter::empty()) };
        let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
        match order {
            Order::NewestFirst => Box::new(entries.range((Bound::Unbounded, behind)).rev().map(|(place, _)| *place)),
            Order::OldestFirst => Box::new(entries.range((behind, Bound::Unbounded)).map(|(place, _)| *place)),
        }
    }
}
