//! How many children of a parent are how far, and whether the parent waits for them.

use std::collections::BTreeMap;

use countersign_core::ids::RequestId;
use countersign_core::repository::ChildCounts;
use countersign_core::request::{Outcome, Request, RequestStatus};

/// What is counted of one parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCount {
    /// Its children.
    pub counts: ChildCounts,
    /// Whether it says that it has children.
    pub split: bool,
    /// Whether it waits for them.
    pub awaited: bool,
}

/// The counts of each parent's children.
pub(crate) type ByParent = BTreeMap<RequestId, ChildCount>;

/// The counts of a parent's children.
pub(crate) fn of_parent(kept: &ByParent, parent: RequestId) -> ChildCounts {
    kept.get(&parent).map_or_else(ChildCounts::default, |count| count.counts)
}

/// Counts a request in (1) or out (-1), under its parent and as one. The parent's revision stays (decision 10).
pub(crate) fn note(kept: &mut ByParent, request: &Request, by: i64) {
    if let Some(parent) = request.parent {
        change(kept, parent.request, |count| match place(request.status()) {
            Some(ended) => count.counts.ended[ended] += by,
            None => count.counts.open += by,
        });
    }
    if request.has_children {
        change(kept, request.id, |count| {
            count.split = by > 0;
            count.awaited = by > 0 && request.status() == RequestStatus::AwaitingChildren;
        });
    }
}

/// Where a status is counted among the outcomes; an open one is not.
fn place(status: RequestStatus) -> Option<usize> {
    Outcome::ALL.iter().position(|outcome| outcome.code() == status.code())
}

fn change(kept: &mut ByParent, parent: RequestId, edit: impl FnOnce(&mut ChildCount)) {
    let mut count = kept.remove(&parent).unwrap_or_default();
    edit(&mut count);
    if count != ChildCount::default() {
        kept.insert(parent, count);
    }
}
