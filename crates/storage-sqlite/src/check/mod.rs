//! Check and repair: what is derived, against the tables that it is derived from.

mod strays;

use std::sync::Arc;

use countersign_core::document::FORMAT;
use countersign_core::ids::{GroupId, RequestId};
use countersign_core::repository::{CheckReport, Derived, Difference, Progress};
use countersign_core::request::Request;
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::derived::{self, AccessRow, Derivation, TaskRow};
use crate::error::{Failure, damaged};
use crate::sql::sql;
use crate::{directory, request};

/// How many requests or index rows are read at once.
const PAGE: i64 = 1000;
/// How many differences are named one by one.
const NAMED: usize = 1000;

pub(crate) fn run(
    connection: &mut SqliteConnection,
    repair: bool,
    progress: &Arc<dyn Progress>,
) -> Result<CheckReport, Failure> {
    let total = sql!("SELECT count(*) FROM request").row(connection)?;
    progress.begin("checking", total.map(|mut row| row.number()).transpose()?);
    let administrators = directory::administrators(connection)?;
    let report = CheckReport { repaired: repair, ..CheckReport::default() };
    let mut check = Check { connection, administrators, repair, report, access: 0, tasks: 0 };
    check.requests(progress)?;
    check.strays()?;
    check.child_counts()?;
    Ok(check.report)
}

struct Check<'a> {
    connection: &'a mut SqliteConnection,
    administrators: Option<GroupId>,
    repair: bool,
    report: CheckReport,
    /// How many index rows are right, after what was repaired.
    access: i64,
    tasks: i64,
}

impl Check<'_> {
    fn note(&mut self, derived: Derived, request: RequestId, detail: impl Into<String>) {
        self.report.differences += 1;
        if self.report.first.len() < NAMED {
            self.report.first.push(Difference { derived, request, detail: detail.into() });
        }
    }

    fn requests(&mut self, progress: &Arc<dyn Progress>) -> Result<(), Failure> {
        let mut last = Vec::new();
        loop {
            let rows = sql!("SELECT id FROM request WHERE id > ? ORDER BY id LIMIT ?", &last[..], PAGE)
                .rows(self.connection)?;
            if rows.is_empty() {
                return Ok(());
            }
            progress.advance(rows.len() as u64);
            for mut row in rows {
                let id: Uuid = row.id()?;
                last = id.as_bytes().to_vec();
                let request = request::load_request(self.connection, id.into())?;
                self.request(&request.ok_or_else(|| damaged("a request vanished"))?)?;
            }
        }
    }

    fn request(&mut self, request: &Request) -> Result<(), Failure> {
        self.report.requests += 1;
        let expected = Derivation::of(request, self.administrators)?;
        self.document(request, &expected)?;
        for row in &expected.access {
            if self.has_access_row(request.id, row)? {
                self.access += 1;
                continue;
            }
            self.note(Derived::AccessIndex, request.id, format!("lacks the row of principal {}", row.principal));
            if self.repair {
                derived::insert_access(self.connection, request.id, row)?;
                self.access += 1;
            }
        }
        for row in &expected.tasks {
            if self.has_task_row(request.id, row)? {
                self.tasks += 1;
                continue;
            }
            self.note(Derived::TaskIndex, request.id, format!("lacks the row of task {}", row.task));
            if self.repair {
                derived::insert_task(self.connection, request.id, row)?;
                self.tasks += 1;
            }
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

    fn derivation(&mut self, id: RequestId) -> Result<Option<Derivation>, Failure> {
        let request = request::load_request(self.connection, id)?;
        Ok(request.map(|request| Derivation::of(&request, self.administrators)).transpose()?)
    }

    fn child_counts(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "WITH counted AS ( \
                 SELECT p.id AS parent_id, \
                     count(CASE WHEN c.status < 9 THEN 1 END) AS open, \
                     count(CASE WHEN c.status = 9 THEN 1 END) AS completed, \
                     count(CASE WHEN c.status = 10 THEN 1 END) AS partially_failed, \
                     count(CASE WHEN c.status = 11 THEN 1 END) AS failed, \
                     count(CASE WHEN c.status = 12 THEN 1 END) AS denied, \
                     count(CASE WHEN c.status = 13 THEN 1 END) AS canceled, \
                     count(CASE WHEN c.status = 14 THEN 1 END) AS closed \
                 FROM request p LEFT JOIN request c ON c.parent_id = p.id WHERE p.has_children = 1 GROUP BY p.id \
             ) \
             SELECT t.* FROM counted t WHERE NOT EXISTS ( \
                 SELECT 1 FROM child_count n WHERE n.parent_id = t.parent_id AND n.open = t.open \
                 AND n.completed = t.completed AND n.partially_failed = t.partially_failed AND n.failed = t.failed \
                 AND n.denied = t.denied AND n.canceled = t.canceled AND n.closed = t.closed)"
        )
        .rows(self.connection)?;
        self.stray_child_counts()?;
        for mut row in rows {
            let id: RequestId = row.id()?;
            self.note(Derived::ChildCounts, id, "are not those of its children");
            if self.repair {
                sql!(
                    "INSERT INTO child_count (parent_id, open, completed, partially_failed, failed, denied, canceled, \
                     closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent_id) DO UPDATE SET \
                     open = excluded.open, completed = excluded.completed, \
                     partially_failed = excluded.partially_failed, failed = excluded.failed, \
                     denied = excluded.denied, canceled = excluded.canceled, closed = excluded.closed",
                    id.as_uuid(),
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?,
                    row.int()?
                )
                .run(self.connection)?;
            }
        }
        Ok(())
    }

    fn stray_child_counts(&mut self) -> Result<(), Failure> {
        let rows = sql!(
            "SELECT n.parent_id FROM child_count n WHERE NOT EXISTS ( \
             SELECT 1 FROM request p WHERE p.id = n.parent_id AND p.has_children = 1)"
        )
        .rows(self.connection)?;
        for mut row in rows {
            let id: RequestId = row.id()?;
            self.note(Derived::ChildCounts, id, "are there, though it has no children");
            if self.repair {
                sql!("DELETE FROM child_count WHERE parent_id = ?", id.as_uuid()).run(self.connection)?;
            }
        }
        Ok(())
    }
}
