//! Check and repair: what is derived, against the tables that it is derived from.

mod children;
mod handover;
mod stored;
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

use self::stored::Stored;
use crate::derived::{self, Derivation};
use crate::error::{Failure, damaged};
use crate::pages::Ids;
use crate::session::Session;
use crate::sql::{Row, sql};
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
    /// What is derived from the request, if it is there and can be read.
    fn derivation(&mut self, id: RequestId) -> Result<Option<Derivation>, Failure> {
        let read = request::load_requests(self.connection, &[id])?.remove(&id);
        let request = read.map(|read| self.readable(id, read)).transpose()?.flatten();
        Ok(request.map(|request| Derivation::of(&request, self.administrators)).transpose()?)
    }

    /// The request, unless it cannot be read and those are passed over.
    fn readable(&mut self, id: RequestId, read: Result<Request, RepositoryError>) -> Result<Option<Request>, Failure> {
        match (read, &mut self.unreadable) {
            (Err(RepositoryError::Damaged(_)), Some(unreadable)) => {
                unreadable.insert(id);
                Ok(None)
            }
            (read, _) => Ok(Some(read?)),
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
            let page: Vec<RequestId> = page.into_iter().map(RequestId::from).collect();
            let mut read = request::load_requests(self.connection, &page)?;
            let mut requests = Vec::with_capacity(page.len());
            for id in page {
                let read = read.remove(&id).ok_or_else(|| damaged("a request vanished"))?;
                if let Some(request) = self.readable(id, read)? {
                    let expected = Derivation::of(&request, self.administrators)?;
                    requests.push((request, expected));
                }
            }
            let stored = Stored::read(self.connection, &requests)?;
            for ((request, expected), stored) in requests.iter().zip(stored) {
                self.request(request, expected, stored)?;
            }
        }
    }

    fn request(&mut self, request: &Request, expected: &Derivation, stored: Stored) -> Result<(), Failure> {
        self.report.requests += 1;
        self.document(request, expected, stored.document)?;
        self.wake_time(request, stored.wakes)?;
        for (row, there) in expected.rows.access.iter().zip(stored.access) {
            if !there {
                let detail = format!("lacks the row of principal {}", row.principal);
                self.note(Derived::AccessIndex, request.id, detail);
                if !self.repair {
                    continue;
                }
                derived::insert_access(self.connection, request.id, row)?;
            }
            self.right.access += 1;
        }
        for (row, there) in expected.rows.tasks.iter().zip(stored.tasks) {
            if !there {
                self.note(Derived::TaskIndex, request.id, format!("lacks the row of task {}", row.task));
                if !self.repair {
                    continue;
                }
                derived::insert_task(self.connection, request.id, row)?;
            }
            self.right.tasks += 1;
        }
        for (row, there) in expected.rows.barred.iter().zip(stored.barred) {
            if !there {
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

    fn wake_time(&mut self, request: &Request, stored: Option<i64>) -> Result<(), Failure> {
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

    fn document(&mut self, request: &Request, expected: &Derivation, stored: Option<Row>) -> Result<(), Failure> {
        let mut differs = false;
        match stored {
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
}
