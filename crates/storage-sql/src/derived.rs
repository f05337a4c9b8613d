//! What is derived from a request in the commit that changes it: document, readers, access index,
//! task index, those who may not vote, the counts of its parent's children, and which of the users
//! who have left still hold tasks.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use countersign_core::access::{Acl, ListClass, Roles};
use countersign_core::approval::{ApprovalTask, TaskState};
use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::document::{Document, FORMAT};
use countersign_core::error::RepositoryError;
use countersign_core::ids::{GroupId, PrincipalId, RequestId, Revision, TaskId, UserId};
use countersign_core::lifecycle::barred;
use countersign_core::repository::StoredRequest;
use countersign_core::request::{Request, RequestStatus};

use crate::child_count;
use crate::closing::Closing;
use crate::error::{Failure, damaged};
use crate::session::{Dialect, Session};
use crate::sql::{Row, Statement, Value, sql};

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

/// Who may not vote on an open task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BarredRow {
    pub(crate) task: TaskId,
    pub(crate) user: UserId,
}

/// The rows that are derived from one request, but for its document.
pub(crate) struct Rows {
    pub(crate) access: BTreeSet<AccessRow>,
    pub(crate) tasks: BTreeSet<TaskRow>,
    pub(crate) barred: BTreeSet<BarredRow>,
}

/// Everything that is derived from one request.
pub(crate) struct Derivation {
    pub(crate) document: Document,
    pub(crate) rows: Rows,
}

fn access_row(request: &Request, (principal, roles): (PrincipalId, Roles)) -> AccessRow {
    AccessRow {
        principal,
        class: ListClass::of(request, roles),
        status: request.status(),
        created: request.created,
        roles: roles.bits(),
    }
}

fn task_rows(task: &ApprovalTask) -> impl Iterator<Item = TaskRow> {
    task.holders().map(|principal| TaskRow { principal, state: task.state, created: task.created, task: task.id })
}

fn barred_rows(request: &Request) -> BTreeSet<BarredRow> {
    let tasks = request.stages.iter().flat_map(|stage| stage.tasks.iter().map(move |task| (stage, task)));
    let open = tasks.filter(|(_, task)| task.state.is_open());
    open.flat_map(|(stage, task)| {
        let users = barred(request, stage, task).into_iter();
        users.map(|user| BarredRow { task: task.id, user })
    })
    .collect()
}

impl Rows {
    fn of(request: &Request, acl: &Acl) -> Self {
        let readers = acl.readers().iter();
        Self {
            access: readers.map(|reader| access_row(request, (reader.principal, reader.roles))).collect(),
            tasks: request.tasks().flat_map(task_rows).collect(),
            barred: barred_rows(request),
        }
    }

    const fn none() -> Self {
        Self { access: BTreeSet::new(), tasks: BTreeSet::new(), barred: BTreeSet::new() }
    }
}

impl Derivation {
    pub(crate) fn of(request: &Request, administrators: Option<GroupId>) -> Result<Self, RepositoryError> {
        let document = Document::of(request, administrators)?;
        let rows = Rows::of(request, &document.acl);
        Ok(Self { document, rows })
    }
}

/// Writes what is derived from a new request.
pub(crate) fn insert(
    connection: &mut dyn Session,
    closing: &mut Closing,
    request: &Request,
    administrators: Option<GroupId>,
) -> Result<(), Failure> {
    let derivation = Derivation::of(request, administrators)?;
    write_document(connection, request.id, request.revision, &derivation.document)?;
    replace_rows(connection, closing, request.id, &Rows::none(), &derivation.rows)?;
    if request.has_children {
        child_count::note_parent(connection, request)?;
    }
    if let Some(parent) = request.parent {
        closing.count_child(parent.request, request.status(), 1);
    }
    Ok(())
}

/// Brings what is derived from `before` to what is derived from `after`.
pub(crate) fn update(
    connection: &mut dyn Session,
    closing: &mut Closing,
    before: &Request,
    after: &Request,
    administrators: Option<GroupId>,
) -> Result<(), Failure> {
    let old = Rows::of(before, &Acl::of(before, administrators));
    let new = Derivation::of(after, administrators)?;
    write_document(connection, after.id, after.revision, &new.document)?;
    replace_rows(connection, closing, after.id, &old, &new.rows)?;
    if after.has_children && (!before.has_children || before.status() != after.status()) {
        child_count::note_parent(connection, after)?;
    }
    if let Some(parent) = after.parent
        && before.status() != after.status()
    {
        closing.count_child(parent.request, before.status(), -1);
        closing.count_child(parent.request, after.status(), 1);
    }
    Ok(())
}

/// Brings the rows from `old` to `new`.
fn replace_rows(
    connection: &mut dyn Session,
    closing: &mut Closing,
    id: RequestId,
    old: &Rows,
    new: &Rows,
) -> Result<(), Failure> {
    for row in old.access.difference(&new.access) {
        delete_access(connection, id, row)?;
    }
    for row in new.access.difference(&old.access) {
        insert_access(connection, id, row)?;
    }
    for row in old.tasks.difference(&new.tasks) {
        delete_task(connection, row)?;
    }
    for row in new.tasks.difference(&old.tasks) {
        insert_task(connection, id, row)?;
    }
    for row in old.barred.difference(&new.barred) {
        delete_barred(connection, row)?;
    }
    for row in new.barred.difference(&old.barred) {
        insert_barred(connection, id, row)?;
    }
    let moved = old.tasks.symmetric_difference(&new.tasks).filter(|row| row.state.is_open());
    closing.note_holders(moved.map(|row| row.principal));
    Ok(())
}

pub(crate) fn write_document(
    connection: &mut dyn Session,
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
    .put(connection)
}

pub(crate) fn insert_access(connection: &mut dyn Session, id: RequestId, row: &AccessRow) -> Result<(), Failure> {
    sql!(
        "INSERT INTO request_access (principal_id, class, status, created_at, request_id, roles) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (principal_id, class, status, created_at, request_id) \
         DO UPDATE SET roles = excluded.roles",
        row.principal.as_uuid(),
        row.class.code(),
        row.status.code(),
        row.created,
        id.as_uuid(),
        row.roles
    )
    .put(connection)
}

fn delete_access(connection: &mut dyn Session, id: RequestId, row: &AccessRow) -> Result<(), Failure> {
    sql!(
        "DELETE FROM request_access WHERE principal_id = ? AND class = ? AND status = ? AND created_at = ? \
         AND request_id = ?",
        row.principal.as_uuid(),
        row.class.code(),
        row.status.code(),
        row.created,
        id.as_uuid()
    )
    .put(connection)
}

pub(crate) fn insert_task(connection: &mut dyn Session, id: RequestId, row: &TaskRow) -> Result<(), Failure> {
    sql!(
        "INSERT INTO task_access (principal_id, state, created_at, task_id, request_id) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (principal_id, state, created_at, task_id) DO UPDATE SET request_id = excluded.request_id",
        row.principal.as_uuid(),
        row.state.code(),
        row.created,
        row.task.as_uuid(),
        id.as_uuid()
    )
    .put(connection)
}

fn delete_task(connection: &mut dyn Session, row: &TaskRow) -> Result<(), Failure> {
    sql!(
        "DELETE FROM task_access WHERE principal_id = ? AND state = ? AND created_at = ? AND task_id = ?",
        row.principal.as_uuid(),
        row.state.code(),
        row.created,
        row.task.as_uuid()
    )
    .put(connection)
}

pub(crate) fn insert_barred(connection: &mut dyn Session, id: RequestId, row: &BarredRow) -> Result<(), Failure> {
    sql!(
        "INSERT INTO task_barred (task_id, user_id, request_id) VALUES (?, ?, ?) \
         ON CONFLICT (task_id, user_id) DO UPDATE SET request_id = excluded.request_id",
        row.task.as_uuid(),
        row.user.as_uuid(),
        id.as_uuid()
    )
    .put(connection)
}

fn delete_barred(connection: &mut dyn Session, row: &BarredRow) -> Result<(), Failure> {
    sql!("DELETE FROM task_barred WHERE task_id = ? AND user_id = ?", row.task.as_uuid(), row.user.as_uuid())
        .put(connection)
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
pub(crate) fn by_id(connection: &mut dyn Session, id: RequestId) -> Result<Option<StoredRequest>, Failure> {
    let found =
        sql!("SELECT request_id, format, revision, body, acl FROM request_document WHERE request_id = ?", id.as_uuid());
    Ok(found.row(connection)?.map(stored).transpose()?)
}

/// Documents by what they were asked for by, as far as they exist. One that cannot be read harms no other.
pub(crate) type Found<K> = HashMap<K, Result<StoredRequest, RepositoryError>>;

/// The documents of `ids`.
pub(crate) fn by_ids(connection: &mut dyn Session, ids: Vec<RequestId>) -> Result<Found<RequestId>, Failure> {
    let rows = of_ids(connection.dialect(), ids).rows(connection)?;
    rows.into_iter().map(|mut row| Ok((row.id()?, stored(row)))).collect()
}

/// The documents of `ids`, and the version of the directory in the same snapshot.
pub(crate) fn by_ids_with_version(
    connection: &mut dyn Session,
    ids: Vec<RequestId>,
) -> Result<(DirectoryVersion, Found<RequestId>), Failure> {
    let documents = of_ids(connection.dialect(), ids);
    with_version(connection, documents, Row::id)
}

/// The documents of the requests with `numbers`, and the version of the directory in the same snapshot.
pub(crate) fn by_numbers_with_version(
    connection: &mut dyn Session,
    numbers: Vec<i64>,
) -> Result<(DirectoryVersion, Found<i64>), Failure> {
    let text = format!(
        "SELECT r.number, d.request_id, d.format, d.revision, d.body, d.acl FROM {} \
         CROSS JOIN request r CROSS JOIN request_document d WHERE r.number = wanted.value AND d.request_id = r.id",
        connection.dialect().list("wanted"),
    );
    with_version(connection, Statement::kept(text, vec![Value::Numbers(numbers)]), Row::int)
}

fn of_ids(dialect: Dialect, ids: Vec<RequestId>) -> Statement {
    let text = format!(
        "SELECT d.request_id AS wanted_id, d.request_id, d.format, d.revision, d.body, d.acl FROM {} \
         CROSS JOIN request_document d WHERE d.request_id = {}",
        dialect.list("wanted"),
        dialect.id("wanted"),
    );
    Statement::kept(text, vec![Value::Ids(ids.into_iter().map(RequestId::as_uuid).collect())])
}

fn with_version<K: Eq + Hash>(
    connection: &mut dyn Session,
    documents: Statement,
    key: impl Fn(&mut Row) -> Result<K, RepositoryError>,
) -> Result<(DirectoryVersion, Found<K>), Failure> {
    let (text, values) = documents.into_parts();
    let text = format!(
        "SELECT version, NULL, NULL, NULL, NULL, NULL, NULL FROM directory_version WHERE id = 1 \
         UNION ALL SELECT NULL, found.* FROM ({text}) AS found"
    );
    let mut version = None;
    let mut found = HashMap::new();
    for mut row in Statement::kept(text, values).rows(connection)? {
        match row.maybe_int()? {
            Some(number) => version = Some(DirectoryVersion(number)),
            None => _ = found.insert(key(&mut row)?, stored(row)),
        }
    }
    let version = version.ok_or_else(|| damaged("the row of directory_version is missing"))?;
    Ok((version, found))
}

/// The document of the request with that number.
pub(crate) fn by_number(connection: &mut dyn Session, number: i64) -> Result<Option<StoredRequest>, Failure> {
    let found = sql!(
        "SELECT d.request_id, d.format, d.revision, d.body, d.acl FROM request r \
         JOIN request_document d ON d.request_id = r.id WHERE r.number = ?",
        number
    );
    Ok(found.row(connection)?.map(stored).transpose()?)
}

/// The document of the request that has the task.
pub(crate) fn by_task(connection: &mut dyn Session, task: TaskId) -> Result<Option<StoredRequest>, Failure> {
    let found = sql!(
        "SELECT d.request_id, d.format, d.revision, d.body, d.acl FROM approval_task t \
         JOIN request_document d ON d.request_id = t.request_id WHERE t.id = ?",
        task.as_uuid()
    );
    Ok(found.row(connection)?.map(stored).transpose()?)
}
