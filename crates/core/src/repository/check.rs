//! What a check finds of what is derived from the tables.

use std::fmt;

use uuid::Uuid;

/// Which derived data differs from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Derived {
    /// A request document.
    Document,
    /// The readers in a document's row.
    Readers,
    /// A row of the access index.
    AccessIndex,
    /// A row of the task index.
    TaskIndex,
    /// The counts of a parent's children, and whether it waits for them.
    ChildCounts,
    /// Those who may not vote on an open task.
    Barred,
    /// When the worker looks at a request again.
    WakeTime,
    /// Whether a user who has left still holds open tasks.
    Handover,
}

impl Derived {
    /// Of what it is derived, in a word.
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Handover => "user",
            _ => "request",
        }
    }
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Readers => "readers",
            Self::AccessIndex => "access index",
            Self::TaskIndex => "task index",
            Self::ChildCounts => "child counts",
            Self::Barred => "barred voters",
            Self::WakeTime => "wake time",
            Self::Handover => "handover",
        })
    }
}

/// One difference between the tables and what is derived from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub derived: Derived,
    /// Of which request; for [`Derived::Handover`], of which user.
    pub id: Uuid,
    /// How, in words.
    pub detail: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many requests were compared.
    pub requests: u64,
    /// How many differences there are.
    pub differences: u64,
    /// The first thousand of them.
    pub first: Vec<Difference>,
    /// Whether what was found has been rebuilt.
    pub repaired: bool,
}
