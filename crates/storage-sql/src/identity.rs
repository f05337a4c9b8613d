//! Callers that are remembered, each as of a version of the directory: whoever asks compares that with the version in
//! the database, which triggers count up in the transaction that changes a user, a proxy, a password or a group. What
//! is remembered is thus never older than the last commit, whichever process made it.

use std::sync::Arc;

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::repository::Identity;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;

/// How much is remembered at most, in principals and users: some MiB.
const CAPACITY: u64 = 1 << 18;
/// How many callers are expected.
const CALLERS: usize = 4096;
/// What a caller weighs without anybody around: the names and the password hash.
const CALLER: u64 = 16;

/// A caller as found in one snapshot.
#[derive(Clone, Debug)]
pub struct Known {
    pub(crate) identity: Identity,
    /// When it was found, and the next time at which somebody's proxy begins or ends.
    pub(crate) from: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

impl Known {
    /// The version as of which the caller is known.
    pub const fn version(&self) -> DirectoryVersion {
        self.identity.caller.directory
    }

    fn holds_at(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What a look at the database says of a caller.
#[derive(Clone, Debug)]
pub enum Recognised {
    /// What is remembered holds.
    AsRemembered,
    /// The caller as they are now, if there is one.
    Anew(Option<Box<Known>>),
}

#[derive(Clone)]
struct BySize;

impl Weighter<String, Arc<Known>> for BySize {
    fn weight(&self, _: &String, known: &Arc<Known>) -> u64 {
        let caller = &known.identity.caller;
        CALLER + u64::try_from(caller.principals.len() + caller.represents.len()).unwrap_or(CAPACITY)
    }
}

/// Callers by their logins, without regard to case.
#[derive(Clone)]
pub(crate) struct Identities(Arc<Cache<String, Arc<Known>, BySize>>);

impl Identities {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Cache::with_weighter(CALLERS, CAPACITY, BySize)))
    }

    /// What is remembered, if it can hold at `now`.
    pub(crate) fn remembered(&self, login: &str, now: Timestamp) -> Option<Arc<Known>> {
        self.0.get(login).filter(|known| known.holds_at(now))
    }

    /// Remembers a caller, unless somebody newer is remembered already.
    pub(crate) fn remember(&self, login: String, known: Known) {
        if self.0.get(&login).is_none_or(|other| (other.version(), other.from) <= (known.version(), known.from)) {
            self.0.insert(login, Arc::new(known));
        }
    }
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Identities").field(&self.0.len()).finish()
    }
}

/// The version of the directory.
pub(crate) fn version(connection: &mut dyn Session) -> Result<DirectoryVersion, Failure> {
    let row = sql!("SELECT version FROM directory_version WHERE id = 1").row(connection)?;
    let missing = || damaged("the row of directory_version is missing");
    Ok(DirectoryVersion(row.ok_or_else(missing)?.int()?))
}
