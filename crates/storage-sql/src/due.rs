//! What waits for the worker. Each kind has an index that holds nothing but what waits.

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::repository::Due;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::{Row, Statement, sql};

/// At most `limit` things, of each kind in turn: what cannot be done and so stays due must not hide
/// the other kinds.
pub(crate) fn due(connection: &mut dyn Session, now: Timestamp, limit: usize) -> Result<Vec<Due>, Failure> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut kinds = [
        requests(connection, now, most)?.into_iter(),
        parents(connection, most)?.into_iter(),
        dependents(connection, most)?.into_iter(),
        grants(connection, now, most)?.into_iter(),
        handovers(connection, most)?.into_iter(),
    ];
    let mut found = Vec::new();
    loop {
        let before = found.len();
        found.extend(kinds.iter_mut().filter_map(Iterator::next));
        if found.len() == before || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

fn all(
    connection: &mut dyn Session,
    statement: Statement,
    read: impl Fn(Row) -> Result<Due, RepositoryError>,
) -> Result<Vec<Due>, Failure> {
    Ok(statement.rows(connection)?.into_iter().map(read).collect::<Result<_, _>>()?)
}

fn requests(connection: &mut dyn Session, now: Timestamp, most: i64) -> Result<Vec<Due>, Failure> {
    let found = sql!("SELECT id FROM request WHERE wakes_at <= ? ORDER BY wakes_at, id LIMIT ?", now, most);
    all(connection, found, |mut row| Ok(Due::Request(row.id()?)))
}

fn parents(connection: &mut dyn Session, most: i64) -> Result<Vec<Due>, Failure> {
    let found =
        sql!("SELECT parent_id FROM child_count WHERE open = 0 AND awaited = 1 ORDER BY parent_id LIMIT ?", most);
    all(connection, found, |mut row| Ok(Due::Parent(row.id()?)))
}

/// Status 6 waits for another request; those from 9 on are final. The numbers stand in the text
/// because a partial index serves no bound value.
fn dependents(connection: &mut dyn Session, most: i64) -> Result<Vec<Due>, Failure> {
    let found = sql!(
        "SELECT w.id FROM request AS w CROSS JOIN request AS d \
         WHERE d.id = w.depends_on_id AND w.status = 6 AND w.depends_on_id IS NOT NULL AND d.status >= 9 ORDER BY w.depends_on_id, w.id LIMIT ?",
        most
    );
    all(connection, found, |mut row| Ok(Due::Dependent(row.id()?)))
}

/// Statuses from 3 on are those of grants that were taken away, or are about to be.
fn grants(connection: &mut dyn Session, now: Timestamp, most: i64) -> Result<Vec<Due>, Failure> {
    let found =
        sql!("SELECT id FROM grant_held WHERE end_at <= ? AND status < 3 ORDER BY end_at, id LIMIT ?", now, most);
    all(connection, found, |mut row| Ok(Due::Grant(row.id()?)))
}

/// The open states of tasks are 1, 3, 7 and 8.
fn handovers(connection: &mut dyn Session, most: i64) -> Result<Vec<Due>, Failure> {
    let found = sql!(
        "SELECT DISTINCT u.id, a.request_id FROM app_user AS u CROSS JOIN task_access AS a \
         WHERE a.principal_id = u.id AND u.handover = 1 AND a.state IN (1, 3, 7, 8) LIMIT ?",
        most
    );
    all(connection, found, |mut row| Ok(Due::Handover(row.id()?, row.id()?)))
}
