//! A table: the aggregates of one kind by id, with the keys that each is alone in having and the links by
//! which several are found.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;

/// One aggregate as it is kept. An edit behind the port's back may leave something that cannot be read.
#[derive(Clone, Debug)]
struct Row<T> {
    state: std::result::Result<Arc<T>, String>,
    claims: Vec<Key>,
    links: Vec<Link>,
}

/// The aggregates of one kind.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: BTreeMap<Uuid, Row<T>>,
    claimed: HashMap<Key, Uuid>,
    linked: BTreeSet<(Link, Uuid)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), claimed: HashMap::new(), linked: BTreeSet::new() }
    }
}

fn readable<T>(id: Uuid, row: &Row<T>) -> Result<Arc<T>> {
    row.state.clone().map_err(|reason| RepositoryError::Damaged(format!("{id} cannot be read: {reason}")))
}

impl<T: Aggregate> Table<T> {
    /// The aggregate by that id.
    pub fn get(&self, id: Uuid) -> Result<Option<Arc<T>>> {
        self.rows.get(&id).map(|row| readable(id, row)).transpose()
    }

    /// Puts an aggregate in the place of what has its id.
    pub fn put(&mut self, state: T) {
        let id = state.id();
        self.remove(id);
        let row = Row { claims: state.claims(), links: state.links(), state: Ok(Arc::new(state)) };
        self.claimed.extend(row.claims.iter().cloned().map(|key| (key, id)));
        self.linked.extend(row.links.iter().map(|link| (*link, id)));
        self.rows.insert(id, row);
    }

    /// Removes the aggregate by that id, if it is there.
    pub fn remove(&mut self, id: Uuid) {
        let Some(row) = self.rows.remove(&id) else { return };
        for key in row.claims {
            // Whoever was put first may have taken over what this one gave up.
            if self.claimed.get(&key) == Some(&id) {
                self.claimed.remove(&key);
            }
        }
        for link in row.links {
            self.linked.remove(&(link, id));
        }
    }

    /// Makes the aggregate by that id one that cannot be read, for `reason`.
    pub fn damage(&mut self, id: Uuid, reason: &str) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.state = Err(reason.to_owned());
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether something has that id, readable or not.
    pub fn has(&self, id: Uuid) -> bool {
        self.rows.contains_key(&id)
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.rows.keys().copied()
    }

    /// Every aggregate, ordered by id.
    pub fn all(&self) -> impl Iterator<Item = Result<Arc<T>>> {
        self.rows.iter().map(|(id, row)| readable(*id, row))
    }

    /// The aggregates after that id, in order.
    pub(crate) fn after(&self, id: Option<Uuid>) -> impl Iterator<Item = Result<Arc<T>>> {
        let first = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((first, Bound::Unbounded)).map(|(id, row)| readable(*id, row))
    }

    /// Who is alone in having the key.
    pub(crate) fn holder(&self, key: &Key) -> Option<Uuid> {
        self.claimed.get(key).copied()
    }

    /// The aggregate that is alone in having the key.
    pub(crate) fn by_key(&self, key: &Key) -> Result<Option<Arc<T>>> {
        self.holder(key).map_or(Ok(None), |id| self.get(id))
    }

    /// The ids of those with the link, in order.
    pub(crate) fn linked(&self, link: Link) -> impl Iterator<Item = Uuid> {
        self.between(link, link)
    }

    /// The ids of those with a link from `first` to `last`, in the order of the links.
    pub(crate) fn between(&self, first: Link, last: Link) -> impl Iterator<Item = Uuid> {
        self.linked.range(first.until(last)).map(|(_, id)| *id)
    }

    /// The ids of those with a link behind this one, in the order of the links.
    pub(crate) fn beyond(&self, link: Link) -> impl Iterator<Item = Uuid> {
        self.linked.range((Bound::Excluded((link, Uuid::max())), Bound::Unbounded)).map(|(_, id)| *id)
    }

    /// The aggregates with the link, ordered by id.
    pub(crate) fn all_linked(&self, link: Link) -> impl Iterator<Item = Result<Arc<T>>> {
        self.linked(link).filter_map(|id| self.get(id).transpose())
    }

    /// The links of what has that id, readable or not.
    pub(crate) fn links_of(&self, id: Uuid) -> &[Link] {
        self.rows.get(&id).map_or(&[], |row| &row.links)
    }
}
