//! The keys of a bundle that is being imported.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use countersign_core::bundle::{Key, KeyIndex};
use countersign_core::error::RepositoryError;
use uuid::Uuid;

use crate::tables::Tables;

/// What the bundle claims, over what was kept before it.
pub(super) struct Keys<'a> {
    pub(super) kept: &'a Tables,
    claimed: HashMap<Key, (Uuid, u64)>,
}

impl<'a> Keys<'a> {
    /// Begins with no key claimed.
    pub(super) fn new(kept: &'a Tables) -> Self {
        Self { kept, claimed: HashMap::new() }
    }

    /// Where in the bundle the key is claimed.
    pub(super) fn place(&self, key: &Key) -> Option<u64> {
        self.claimed.get(key).map(|(_, place)| *place)
    }
}

impl KeyIndex for Keys<'_> {
    fn claim(&mut self, key: &Key, owner: Uuid, place: u64) -> Result<Option<u64>, RepositoryError> {
        match self.claimed.entry(key.clone()) {
            Entry::Occupied(earlier) => Ok(Some(earlier.get().1)),
            Entry::Vacant(free) => {
                free.insert((owner, place));
                Ok(None)
            }
        }
    }

    fn holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError> {
        match self.claimed.get(key) {
            Some((owner, _)) => Ok(Some(*owner)),
            None => self.stored_holder(key),
        }
    }

    fn stored_holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError> {
        Ok(self.kept.owner(key).map(|owner| owner.id))
    }
}
