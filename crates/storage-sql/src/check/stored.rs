//! What is stored of what is derived from requests.

use countersign_core::request::Request;
use uuid::Uuid;

use crate::derived::{BarredRow, Derivation};
use crate::error::Failure;
use crate::parts::{look_up, of_each};
use crate::session::Session;
use crate::sql::{Row, Value};

/// What is stored of what is derived from one request.
pub(super) struct Stored {
    /// Format, revision, body and readers of its document.
    pub(super) document: Option<Row>,
    /// When it wakes, in microseconds.
    pub(super) wakes: Option<i64>,
    /// Which of the rows of the access index that it should have are there.
    pub(super) access: Vec<bool>,
    /// Likewise of the task index.
    pub(super) tasks: Vec<bool>,
    /// Likewise of those who may not vote.
    pub(super) barred: Vec<bool>,
}

impl Stored {
    /// Reads it for each of `requests`, in their order.
    pub(super) fn read(connection: &mut dyn Session, requests: &[(Request, Derivation)]) -> Result<Vec<Self>, Failure> {
        let ids: Vec<Uuid> = requests.iter().map(|(request, _)| request.id.as_uuid()).collect();
        let mut documents =
            of_each(connection, ("request_document", "request_id"), &["format", "revision", "body", "acl"], &ids)?;
        let mut wakes = of_each(connection, ("request", "id"), &["wakes_at"], &ids)?;
        let mut access = access(connection, requests)?.into_iter();
        let mut tasks = tasks(connection, requests)?.into_iter();
        let mut barred = barred(connection, requests)?.into_iter();
        let stored = requests.iter().zip(ids).map(|((_, expected), id)| {
            Ok(Self {
                document: documents.remove(&id),
                wakes: wakes.remove(&id).map(|mut row| row.maybe_int()).transpose()?.flatten(),
                access: access.by_ref().take(expected.rows.access.len()).collect(),
                tasks: tasks.by_ref().take(expected.rows.tasks.len()).collect(),
                barred: barred.by_ref().take(expected.rows.barred.len()).collect(),
            })
        });
        stored.collect()
    }
}

fn access(connection: &mut dyn Session, requests: &[(Request, Derivation)]) -> Result<Vec<bool>, Failure> {
    let key = &["principal_id", "class", "status", "created_at", "request_id", "roles"];
    let rows = requests.iter().flat_map(|(request, expected)| {
        expected.rows.access.iter().map(|row| {
            vec![
                row.principal.as_uuid().into(),
                row.class.code().into(),
                row.status.code().into(),
                row.created.into(),
                request.id.as_uuid().into(),
                row.roles.into(),
            ]
        })
    });
    are_there(connection, "request_access", key, &rows.collect::<Vec<_>>())
}

fn tasks(connection: &mut dyn Session, requests: &[(Request, Derivation)]) -> Result<Vec<bool>, Failure> {
    let key = &["principal_id", "state", "created_at", "task_id", "request_id"];
    let rows = requests.iter().flat_map(|(request, expected)| {
        expected.rows.tasks.iter().map(|row| {
            vec![
                row.principal.as_uuid().into(),
                row.state.code().into(),
                row.created.into(),
                row.task.as_uuid().into(),
                request.id.as_uuid().into(),
            ]
        })
    });
    are_there(connection, "task_access", key, &rows.collect::<Vec<_>>())
}

fn barred(connection: &mut dyn Session, requests: &[(Request, Derivation)]) -> Result<Vec<bool>, Failure> {
    let key = &["task_id", "user_id", "request_id"];
    let rows = requests.iter().flat_map(|(request, expected)| {
        let row =
            |row: &BarredRow| vec![row.task.as_uuid().into(), row.user.as_uuid().into(), request.id.as_uuid().into()];
        expected.rows.barred.iter().map(row).collect::<Vec<_>>()
    });
    are_there(connection, "task_barred", key, &rows.collect::<Vec<_>>())
}

fn are_there(
    connection: &mut dyn Session,
    table: &str,
    key: &[&str],
    rows: &[Vec<Value>],
) -> Result<Vec<bool>, Failure> {
    let found = look_up(connection, (table, key, &[]), rows)?;
    Ok(found.iter().map(Option::is_some).collect())
}
