//! What is derived from a request in the commit that changes it: document, readers, access
//! index, task index, and the counts of its parent's children.

use std::collections::BTreeSet;

use countersign_core::access::{Acl, ListClass, Roles};
use countersign_core::approval::TaskState;
use countersign_core::clock::Timestamp;
use countersign_core::document::{Document, FORMAT};
use countersign_core::error::RepositoryError;
use countersign_core::ids::{GroupId, PrincipalId, RequestId, Revision, TaskId};
use countersign_core::repository::StoredRequest;
use countersign_core::request::{Request, RequestStatus};
use diesel::sqlite::SqliteConnection;

use crate::error::{Failure, damaged};
use crate::sql::{Row, sql};

/// A row of the access index without its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccessRow {
    pub(crate) principal: PrincipalId,
    pub(crate) class: ListClass,
    pub(crate) status: RequestStatus,
    pub(crate) created: Timestamp,
    pub(crate) roles: i16,
}

/// A row of the task index without its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskRow {
    pub(crate) principal: PrincipalId,
    pub(crate) state: TaskState,
    pub(crate) created: Timestamp,
    pub(crate) task: TaskId,
}

/// Everything that is derived from one request.
pub(crate) struct Derivation {
    pub(crate) document: Document,
    pub(crate) access: BTreeSet<AccessRow>,
    pub(crate) tasks: BTreeSet<TaskRow>,
}

pub(crate) fn access_row(acl_entry: (PrincipalId, Roles), request: &Request) -> AccessRow {
    let (principal, roles) = acl_entry;
    AccessRow {
        principal,
        class: ListClass::of(request, roles),
        status: request.status(),
        created: request.created,
        roles: roles.bits(),
    }
}

impl Derivation {
    pub(crate) fn of(request: &Request, administrators: Option<GroupId>) -> Result<Self, RepositoryError> {
        let document = Document::of(request, administrators)?;
        let readers = document.acl.readers().iter();
        let access = readers.map(|reader| access_row((reader.principal, reader.roles), request)).collect();
        let row = |task: &countersign_core::approval::ApprovalTask| TaskRow {
            principal: task.holder(),
            state: task.state,
            created: task.created,
            task: task.id,
        };
        let tasks = request.tasks().map(row).collect();
        Ok(Self { document, access, tasks })
    }
}

/// Writes what is derived from a new request.
pub(crate) fn insert(
    connection: &mut SqliteConnection,
    request: &Request,
    administrators: Option<GroupId>,
) -> Result<(), Failure> {
    let derivation = Derivation::of(request, administrators)?;
    write_document(connection, request.id, request.revision, &derivation.document)?;
    for row in &derivation.access {
        insert_access(connection, request.id, row)?;
    }
    for row in &derivation.tasks {
        insert_task(connection, request.id, row)?;
    }
    if request.has_children {
        sql!(
            "INSERT INTO child_count (parent_id, open, completed, partially_failed, failed, denied, canceled, closed) \
             VALUES (?, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (parent_id) DO NOTHING",
            request.id.as_uuid()
        )
        .run(connection)?;
    }
    if let Some(parent) = request.parent {
        count_child(connection, parent.request, request.status(), 1)?;
    }
    Ok(())
}

/// Brings what is derived from `before` to what is derived from `after`.
pub(crate) fn update(
    connection: &mut SqliteConnection,
    before: &Request,
    after: &Request,
    administrators: Option<GroupId>,
) -> Result<(), Failure> {
    let (old, new) = (Derivation::of(before, administrators)?, Derivation::of(after, administrators)?);
    write_document(connection, after.id, after.revision, &new.document)?;
    for row in old.access.difference(&new.access) {
        delete_access(connection, after.id, row)?;
    }
    for row in new.access.difference(&old.access) {
        insert_access(connection, after.id, row)?;
    }
    for row in old.tasks.difference(&new.tasks) {
        delete_task(connection, row)?;
    }
    for row in new.tasks.difference(&old.tasks) {
        insert_task(connection, after.id, row)?;
    }
    if let Some(parent) = after.parent
        && before.status() != after.status()
    {
        count_child(connection, parent.request, before.status(), -1)?;
        count_child(connection, parent.request, after.status(), 1)?;
    }
    Ok(())
}

pub(crate) fn write_document(
    connection: &mut SqliteConnection,
    id: RequestId,
    revision: Revision,
    document: &Document,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO request_document (request_id, format, revision, body, acl) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (request_id) DO UPDATE SET format = excluded.format, revision = excluded.revision, \
         body = excluded.body, acl = excluded.acl",
        id.as_uuid(),
        FORMAT,
        revision.0,
        &document.body[..],
        document.acl.to_bytes()
    )
    .run(connection)?;
    Ok(())
}

pub(crate) fn insert_access(connection: &mut SqliteConnection, id: RequestId, row: &AccessRow) -> Result<(), Failure> {
    sql!(
        "INSERT INTO request_access (principal_id, class, status, created_at, request_id, roles) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET roles = excluded.roles",
        row.principal.as_uuid(),
        row.class.code(),
        row.status.code(),
        row.created,
        id.as_uuid(),
        row.roles
    )
    .run(connection)?;
    Ok(())
}

fn delete_access(connection: &mut SqliteConnection, id: RequestId, row: &AccessRow) -> Result<(), Failure> {
    sql!(
        "DELETE FROM request_access WHERE principal_id = ? AND class = ? AND status = ? AND created_at = ? \
         AND request_id = ?",
        row.principal.as_uuid(),
        row.class.code(),
        row.status.code(),
        row.created,
        id.as_uuid()
    )
    .run(connection)?;
    Ok(())
}

pub(crate) fn insert_task(connection: &mut SqliteConnection, id: RequestId, row: &TaskRow) -> Result<(), Failure> {
    sql!(
        "INSERT INTO task_access (principal_id, state, created_at, task_id, request_id) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET request_id = excluded.request_id",
        row.principal.as_uuid(),
        row.state.code(),
        row.created,
        row.task.as_uuid(),
        id.as_uuid()
    )
    .run(connection)?;
    Ok(())
}

fn delete_task(connection: &mut SqliteConnection, row: &TaskRow) -> Result<(), Failure> {
    sql!(
        "DELETE FROM task_access WHERE principal_id = ? AND state = ? AND created_at = ? AND task_id = ?",
        row.principal.as_uuid(),
        row.state.code(),
        row.created,
        row.task.as_uuid()
    )
    .run(connection)?;
    Ok(())
}

/// Counts a child in or out under its status. The parent's revision stays (decision 10).
fn count_child(
    connection: &mut SqliteConnection,
    parent: RequestId,
    status: RequestStatus,
    by: i64,
) -> Result<(), Failure> {
    let at = |this: &[RequestStatus]| if this.contains(&status) { by } else { 0 };
    let open = if status.is_final() { 0 } else { by };
    sql!(
        "INSERT INTO child_count (parent_id, open, completed, partially_failed, failed, denied, canceled, closed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (parent_id) DO UPDATE SET open = open + excluded.open, \
         completed = completed + excluded.completed, partially_failed = partially_failed + excluded.partially_failed, \
         failed = failed + excluded.failed, denied = denied + excluded.denied, \
         canceled = canceled + excluded.canceled, closed = closed + excluded.closed",
        parent.as_uuid(),
        open,
        at(&[RequestStatus::Completed]),
        at(&[RequestStatus::PartiallyFailed]),
        at(&[RequestStatus::Failed]),
        at(&[RequestStatus::Denied]),
        at(&[RequestStatus::Canceled]),
        at(&[RequestStatus::Closed])
    )
    .run(connection)?;
    Ok(())
}

fn stored(mut row: Row) -> Result<StoredRequest, RepositoryError> {
    let id = row.id()?;
    let format: i16 = row.number()?;
    if format != FORMAT {
        return Err(damaged(format!(
            "the document of request {id} has format {format}; run `countersign check --repair`"
        )));
    }
    let revision = Revision(row.int()?);
    let body = row.blob()?;
    let acl = Acl::from_bytes(&row.blob()?);
    let acl = acl.ok_or_else(|| damaged(format!("the readers of request {id} cannot be read")))?;
    Ok(StoredRequest { id, revision, document: Document { body, acl } })
}

/// The document of a request: one row by primary key.
pub(crate) fn by_id(connection: &mut SqliteConnection, id: RequestId) -> Result<Option<StoredRequest>, Failure> {
    let found =
        sql!("SELECT request_id, format, revision, body, acl FROM request_document WHERE request_id = ?", id.as_uuid());
    Ok(found.row(connection)?.map(stored).transpose()?)
}

/// The document of the request with that number.
pub(crate) fn by_number(connection: &mut SqliteConnection, number: i64) -> Result<Option<StoredRequest>, Failure> {
    let found = sql!(
        "SELECT d.request_id, d.format, d.revision, d.body, d.acl FROM request r \
         JOIN request_document d ON d.request_id = r.id WHERE r.number = ?",
        number
    );
    Ok(found.row(connection)?.map(stored).transpose()?)
}
