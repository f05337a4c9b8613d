//! What can go wrong, free of any transport.

use std::fmt;

/// One member of an input that cannot be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The member, as the caller wrote it (`status`, `targets[2].entityKey`).
    pub field: String,
    /// The reason, in words that say what would be right.
    pub reason: String,
}

impl Invalid {
    /// A fault of `field`, for `reason`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// The fault of a name that people read: empty, or longer than 1,024 characters.
pub(crate) fn text_faults(field: &str, text: &str) -> Vec<Invalid> {
    if text.trim().is_empty() || text.chars().count() > 1024 {
        vec![Invalid::new(field, "must have 1 to 1024 characters")]
    } else {
        Vec::new()
    }
}

/// A fault for each element that stands in `values` twice.
pub(crate) fn repeated<T: Ord>(field: &str, values: &[T]) -> Vec<Invalid> {
    let mut seen = std::collections::BTreeSet::new();
    let twice = values.iter().enumerate().filter(|(_, value)| !seen.insert(*value));
    twice.map(|(index, _)| Invalid::new(format!("{field}[{index}]"), "stands in the list twice")).collect()
}

/// Why the repository could not answer. The text is for operators, not callers.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The database is locked, full or out of reach; the same call may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The schema in the database is not the one that this program needs.
    #[error("the database needs migration {missing}: run `countersign migrate`")]
    MigrationMissing {
        /// The first migration that was not run.
        missing: String,
    },
    /// A filter that no index answers goes through more than one call may.
    #[error("the filter takes too long: {clause}")]
    Budget {
        /// What the most expensive of its clauses is about, in a word (`justification`).
        clause: String,
    },
    /// Stored data that this program cannot read.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Anything else: a defect of this program.
    #[error("the repository failed: {0}")]
    Internal(String),
}
