//! Lists: the runs of the access index that a caller's principals have, merged newest first.
//!
//! One index row stands for a principal and request, under its class and status. A principal's
//! existing statuses in a class are found by a loose scan, one seek a status; each is then a run in
//! list order. The cost of a page depends on the runs and the page, not on what lies in them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use countersign_core::ids::PrincipalId;
use countersign_core::repository::{Page, RequestCursor, RequestList, StoredRequest};
use countersign_core::request::RequestStatus;
use diesel::sqlite::SqliteConnection;

use crate::derived;
use crate::error::{Failure, damaged};
use crate::sql::sql;

/// How many entries of a run are read at once at most.
const CHUNK: i64 = 256;

/// One run of the index and what was read ahead of it.
struct Run {
    principal: PrincipalId,
    class: i16,
    status: i16,
    ahead: VecDeque<RequestCursor>,
    /// Where to read on; `None` once the run is exhausted.
    after: Option<RequestCursor>,
    started: bool,
}

pub(crate) fn page(
    connection: &mut SqliteConnection,
    list: &RequestList,
    after: Option<RequestCursor>,
    limit: usize,
) -> Result<Page<StoredRequest>, Failure> {
    let cursors = merge(connection, list, after, limit.saturating_add(1))?;
    let mut items = Vec::with_capacity(cursors.len().min(limit));
    for cursor in cursors.iter().take(limit) {
        let stored = derived::by_id(connection, cursor.id)?;
        items.push(stored.ok_or_else(|| damaged(format!("request {} is listed and has no document", cursor.id)))?);
    }
    let next = if cursors.len() > limit { cursors.get(limit.wrapping_sub(1)).copied() } else { None };
    Ok(Page { items, next })
}

/// The first `count` entries of all runs together, each request once.
fn merge(
    connection: &mut SqliteConnection,
    list: &RequestList,
    after: Option<RequestCursor>,
    count: usize,
) -> Result<Vec<RequestCursor>, Failure> {
    let mut runs = runs(connection, list, after)?;
    // Each run gives its part of the page; what is read ahead beyond that is read again for the next.
    let part = 2 * count / runs.len().max(1);
    let chunk = i64::try_from(part.min(count)).unwrap_or(CHUNK).clamp(16, CHUNK);
    let mut heap = BinaryHeap::with_capacity(runs.len());
    for (index, run) in runs.iter_mut().enumerate() {
        heap.extend(run.next(connection, chunk)?.map(|cursor| (cursor, Reverse(index))));
    }
    let mut merged: Vec<RequestCursor> = Vec::with_capacity(count.min(1024));
    while let Some((cursor, Reverse(index))) = heap.pop() {
        if merged.last() != Some(&cursor) {
            merged.push(cursor);
            if merged.len() == count {
                break;
            }
        }
        if let Some(run) = runs.get_mut(index) {
            heap.extend(run.next(connection, chunk)?.map(|cursor| (cursor, Reverse(index))));
        }
    }
    Ok(merged)
}

/// The runs that exist for the list's principals, in its classes and statuses. A principal's next
/// status is one seek: the bound is on one column, for SQLite walks over what equals a bound on several.
fn runs(
    connection: &mut SqliteConnection,
    list: &RequestList,
    after: Option<RequestCursor>,
) -> Result<Vec<Run>, Failure> {
    let mut runs = Vec::new();
    for principal in &list.principals {
        for class in list.classes {
            let mut status = 0_i16;
            loop {
                let found = sql!(
                    "SELECT status FROM request_access WHERE principal_id = ? AND class = ? AND status > ? \
                     ORDER BY status LIMIT 1",
                    principal.as_uuid(),
                    class.code(),
                    status
                );
                let Some(mut row) = found.row(connection)? else { break };
                status = row.number()?;
                if is_wanted(list, status) {
                    let ahead = VecDeque::new();
                    runs.push(Run { principal: *principal, class: class.code(), status, ahead, after, started: false });
                }
            }
        }
    }
    Ok(runs)
}

fn is_wanted(list: &RequestList, status: i16) -> bool {
    let status = RequestStatus::from_code(status);
    status.is_some_and(|status| list.statuses.as_ref().is_none_or(|wanted| wanted.contains(&status)))
}

impl Run {
    /// The next entry of the run; reads `chunk` entries ahead when none is left.
    fn next(&mut self, connection: &mut SqliteConnection, chunk: i64) -> Result<Option<RequestCursor>, Failure> {
        if self.ahead.is_empty() && (!self.started || self.after.is_some()) {
            self.read_ahead(connection, chunk)?;
        }
        Ok(self.ahead.pop_front())
    }

    fn read_ahead(&mut self, connection: &mut SqliteConnection, chunk: i64) -> Result<(), Failure> {
        let statement = match self.after {
            None => sql!(
                "SELECT created_at, request_id FROM request_access \
                 WHERE principal_id = ? AND class = ? AND status = ? \
                 ORDER BY created_at DESC, request_id DESC LIMIT ?",
                self.principal.as_uuid(),
                self.class,
                self.status,
                chunk
            ),
            Some(after) => sql!(
                "SELECT created_at, request_id FROM request_access \
                 WHERE principal_id = ? AND class = ? AND status = ? AND (created_at, request_id) < (?, ?) \
                 ORDER BY created_at DESC, request_id DESC LIMIT ?",
                self.principal.as_uuid(),
                self.class,
                self.status,
                after.created,
                after.id.as_uuid(),
                chunk
            ),
        };
        let rows = statement.rows(connection)?;
        let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == chunk;
        for mut row in rows {
            self.ahead.push_back(RequestCursor { created: row.time()?, id: row.id()? });
        }
        self.started = true;
        self.after = if full { self.ahead.back().copied() } else { None };
        Ok(())
    }
}
