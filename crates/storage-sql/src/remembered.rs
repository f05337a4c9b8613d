//! What is remembered of the directory. Whoever asks says since which version what was true will do, and has that version
//! from the database, as of a moment in the same call: what is remembered is thus never older than the call.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use countersign_core::directory::{DirectoryVersion, PrincipalName};
use countersign_core::ids::{GroupId, PrincipalId, TemplateId};
use countersign_core::repository::Result;
use countersign_core::template::ProfileTemplate;
use quick_cache::sync::Cache;

use crate::identity::Identities;

/// How many users and groups are remembered at most, by their names: some MiB.
const NAMES: usize = 1 << 14;
/// How many profile templates are.
const TEMPLATES: usize = 1 << 8;

/// Everything that is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub(crate) identities: Identities,
    pub(crate) names: Facts<PrincipalId, PrincipalName>,
    pub(crate) templates: Facts<TemplateId, ProfileTemplate>,
    pub(crate) administrators: Facts<(), GroupId>,
}

impl Remembered {
    pub(crate) fn new() -> Self {
        Self {
            identities: Identities::new(),
            names: Facts::new(NAMES),
            templates: Facts::new(TEMPLATES),
            administrators: Facts::new(1),
        }
    }
}

/// What was found by a key, or that nothing was, and a version since which that was true at some time.
type Fact<V> = (DirectoryVersion, Option<Arc<V>>);

/// Facts by their keys.
#[derive(Clone)]
pub(crate) struct Facts<K, V>(Arc<Cache<K, Fact<V>>>);

impl<K: Copy + Eq + Hash, V> Facts<K, V> {
    fn new(capacity: usize) -> Self {
        Self(Arc::new(Cache::new(capacity)))
    }

    /// The values by `keys` that exist, in that order: of now, or what was true at some time since `since`. What is not
    /// remembered is read.
    pub(crate) async fn find<F: Future<Output = Result<Vec<(K, V)>>>>(
        &self,
        keys: &[K],
        since: Option<DirectoryVersion>,
        read: impl FnOnce(Vec<K>) -> F,
    ) -> Result<Vec<(K, Arc<V>)>> {
        let Some(since) = since else {
            let found = read(keys.to_vec()).await?;
            return Ok(found.into_iter().map(|(key, value)| (key, Arc::new(value))).collect());
        };
        let known: Vec<(K, Option<Option<Arc<V>>>)> = keys.iter().map(|key| (*key, self.get(*key, since))).collect();
        let missing: Vec<K> = known.iter().filter(|(_, fact)| fact.is_none()).map(|(key, _)| *key).collect();
        let mut found = HashMap::new();
        if !missing.is_empty() {
            found = read(missing.clone()).await?.into_iter().map(|(key, value)| (key, Arc::new(value))).collect();
            for key in missing {
                self.note(key, since, found.get(&key).cloned());
            }
        }
        let value = |key, fact: Option<Option<Arc<V>>>| fact.unwrap_or_else(|| found.get(&key).cloned());
        Ok(known.into_iter().filter_map(|(key, fact)| Some((key, value(key, fact)?))).collect())
    }

    /// What is remembered by `key`, if it was true at some time since `since`.
    fn get(&self, key: K, since: DirectoryVersion) -> Option<Option<Arc<V>>> {
        self.0.get(&key).filter(|(version, _)| *version >= since).map(|(_, value)| value)
    }

    /// Remembers what was read when the directory had `version` or a later one, unless something newer is remembered.
    fn note(&self, key: K, version: DirectoryVersion, value: Option<Arc<V>>) {
        if self.0.get(&key).is_none_or(|(other, _)| other <= version) {
            self.0.insert(key, (version, value));
        }
    }
}

impl<K, V> std::fmt::Debug for Facts<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts")
    }
}
