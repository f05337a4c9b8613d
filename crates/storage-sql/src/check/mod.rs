//! Check and repair: what is derived, against the tables that it is derived from.

mod children;
mod handover;
mod strays;

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::clock::Timestamp;
use countersign_core::document::FORMAT;
use countersign_core::error::RepositoryError;
use countersign_core::ids::{GroupId, RequestId};
use countersign_core::repository::{CheckReport, Derived, Difference, Progress};
use countersign_core::request::Request;
use uuid::Uuid;

use crate::derived::{self, AccessRow, BarredRow, Derivation, TaskRow};
use crate::error::{Failure, damaged};
use crate::pages::Ids;
use crate::session::Session;
use crate::sql::sql;
use crate::{directory, request};

/// How many requests or index rows are read at once.
const PAGE: i64 = 1000;
/// How many differences are named one by one.
const NAMED: usize = 1000;

pub(crate) fn run(
    connection: &mut dyn Session,
    repair: bool,
    progress: &Arc<dyn Progress>,
) -> Result<CheckReport, Failure> {
    whole(connection, repair, None, progress)
}

/// The same without repair, and without the requests that cannot be read: whoever asks names those.
pub(crate) fn readable(connection: &mut dyn Session, progress: &Arc<dyn Progress>) -> Result<CheckReport, Failure> {
    whole(connection, false, Some(BTreeSet::new()), progress)
}

fn whole(
    connection: &mut dyn Session,
    repair: bool,
    unreadable: Option<BTreeSet<RequestId>>,
    progress: &Arc<dyn Progress>,
) -> Result<CheckReport, Failure> {
    let total = sql!("SELECT count(*) FROM request").row(connection)?;
    progress.begin("checking", total.map(|mut row| row.number()).transpose()?);
    let administrators = directory::administrators(connection)?;
    let report = CheckReport { repaired: repair, ..CheckReport::default() };
    let mut check = Check { connection, administrators, repair, report, right: Right::default(), unreadable };
    check.requests(progress)?;
    check.strays()?;
    check.child_counts()?;
    check.handovers()?;
    Ok(check.report)
}

/// How many rows of each index are right, after what was repaired.
#[derive(Default)]
struct Right {
    access: i64,
    tasks: i64,
    barred: i64,
}

struct Check<'a> {
    connection: &'a mut dyn Session,
    administrators: Option<GroupId>,
    repair: bool,
    report: CheckReport,
    right: Right,
    /// The requests that cannot be read, where those are passed over.
    unreadable: Option<BTreeSet<RequestId>>,
}

impl Check<'_> {
    fn load(&mut self, id: RequestId) -> Result<Option<Request>, Failure> {
        match (request::load_request(self.connection, id), &mut self.unreadable) {
            (Err(Failure::Repository(RepositoryError::Damaged(_))), Some(unreadable)) => {
                unreadable.insert(id);
                Ok(None)
            }
            (read, _) => read,
        }
    }

    fn is_unreadable(&self, id: RequestId) -> bool {
        self.unreadable.as_ref().is_some_and(|unreadable| unreadable.contains(&id))
    }

    fn note(&mut self, derived: Derived, request: RequestId, detail: impl Into<String>) {
        self.note_of(derived, request.as_uuid(), detail);
    }

    fn note_of(&mut self, derived: Derived, id: Uuid, detail: impl Into<String>) {
        self.report.differences += 1;
        if self.report.first.len() < NAMED {
            self.report.first.push(Difference { derived, id, detail: detail.into() });
        }
    }

    fn requests(&mut self, progress: &Arc<dyn Progress>) -> Result<(), Failure> {
        let mut ids = Ids::default();
        loop {
            let page = sql!("SELECT id FROM request WHERE id >= ? ORDER BY id LIMIT ?", ids.bound(), PAGE);
            let page = ids.next(page.rows(self.connection)?)?;
            if page.is_empty() {
                return Ok(());
            }
            progress.advance(page.len() as u64);
            for id in page {
                match self.load(id.into())? {
                    Some(request) => self.request(&request)?,
                    None if self.is_unreadable(id.into()) => {}
                    None => return Err(damaged("a request vanished").into()),
                }
            }
        }
    }

    fn request(&mut self, request: &Request) -> Result<(), Failure> {
        self.report.requests += 1;
        let expected = Derivation::of(request, self.administrators)?;
        self.document(request, &expected)?;
        self.wake_time(request)?;
        for row in &expected.rows.access {
            if !self.has_access_row(request.id, row)? {
                let detail = format!("lacks the row of principal {}", row.principal);
                self.note(Derived::AccessIndex, request.id, detail);
                if !self.repair {
                    continue;
                }
                derived::insert_access(self.connection, request.id, row)?;
            }
            self.right.access += 1;
        }
        for row in &expected.rows.tasks {
            if !self.has_task_row(request.id, row)? {
                self.note(Derived::TaskIndex, request.id, format!("lacks the row of task {}", row.task));
                if !self.repair {
                    continue;
                }
                derived::insert_task(self.connection, request.id, row)?;
            }
            self.right.tasks += 1;
        }
        for row in &expected.rows.barred {
            if !self.has_barred_row(request.id, row)? {
                self.note(Derived::Barred, request.id, format!("lacks user {} on task {}", row.user, row.task));
                if !self.repair {
                    continue;
                }
                derived::insert_barred(self.connection, request.id, row)?;
            }
            self.right.barred += 1;
        }
        Ok(())
    }

    fn wake_time(&mut self, request: &Request) -> Result<(), Failure> {
        let found = sql!("SELECT wakes_at FROM request WHERE id = ?", request.id.as_uuid()).row(self.connection)?;
        let stored = found.map(|mut row| row.maybe_int()).transpose()?.flatten();
        let expected = request.wakes();
        if stored == expected.map(Timestamp::as_micros) {
            return Ok(());
        }
        self.note(Derived::WakeTime, request.id, "is not that of its tasks or its start date");
        if self.repair {
            sql!("UPDATE request SET wakes_at = ? WHERE id = ?", expected, request.id.as_uuid())
                .run(self.connection)?;
        }
        Ok(())
    }

    fn document(&mut self, request: &Request, expected: &Derivation) -> Result<(), Failure> {
        let found =
            sql!("SELECT format, revision, body, acl FROM request_document WHERE request_id = ?", request.id.as_uuid());
        let mut differs = false;
        match found.row(self.connection)? {
            None => {
                self.note(Derived::Document, request.id, "is missing");
                differs = true;
            }
            Some(mut row) => {
                let (format, revision) = (row.int()?, row.int()?);
                let body = row.blob()?;
                if format != i64::from(FORMAT) || revision != request.revision.0 || body != expected.document.body {
                    self.note(Derived::Document, request.id, "is not what the tables say");
                    differs = true;
                }
                if row.blob()? != expected.document.acl.to_bytes() {
                    self.note(Derived::Readers, request.id, "are not those whom the tables name");
                    differs = true;
                }
            }
        }
        if differs && self.repair {
            derived::write_document(self.connection, request.id, request.revision, &expected.document)?;
        }
        Ok(())
    }

    fn has_access_row(&mut self, id: RequestId, row: &AccessRow) -> Result<bool, Failure> {
        let found = sql!(
            "SELECT roles FROM request_access WHERE principal_id = ? AND class = ? AND status = ? AND created_at = ? \
             AND request_id = ?",
            row.principal.as_uuid(),
            row.class.code(),
            row.status.code(),
            row.created,
            id.as_uuid()
        );
        let roles = found.row(self.connection)?.map(|mut found| found.int()).transpose()?;
        Ok(roles == Some(i64::from(row.roles)))
    }

    fn has_task_row(&mut self, id: RequestId, row: &TaskRow) -> Result<bool, Failure> {
        let found = sql!(
            "SELECT request_id FROM task_access WHERE principal_id = ? AND state = ? AND created_at = ? AND task_id = ?",
            row.principal.as_uuid(),
            row.state.code(),
            row.created,
            row.task.as_uuid()
        );
        let request: Option<RequestId> = found.row(self.connection)?.map(|mut found| found.id()).transpose()?;
        Ok(request == Some(id))
    }

    fn has_barred_row(&mut self, id: RequestId, row: &BarredRow) -> Result<bool, Failure> {
        let found = sql!(
            "SELECT request_id FROM task_barred WHERE task_id = ? AND user_id = ?",
            row.task.as_uuid(),
            row.user.as_uuid()
        );
        let request: Option<RequestId> = found.row(self.connection)?.map(|mut found| found.id()).transpose()?;
        Ok(request == Some(id))
    }

    fn derivation(&mut self, id: RequestId) -> Result<Option<Derivation>, Failure> {
        let request = self.load(id)?;
        Ok(request.map(|request| Derivation::of(&request, self.administrators)).transpose()?)
    }
}
