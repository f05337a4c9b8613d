//! Rows of the derived tables that no request accounts for.

use countersign_core::ids::RequestId;
use countersign_core::repository::Derived;
use uuid::Uuid;

use super::{Check, PAGE};
use crate::derived::{AccessRow, BarredRow, TaskRow};
use crate::error::{Failure, damaged};
use crate::sql::{Value, sql};

/// Principal, class, status, creation time, request.
type AccessKey = (Vec<u8>, i64, i64, i64, Vec<u8>);
/// Principal, state, creation time, task.
type TaskKey = (Vec<u8>, i64, i64, Vec<u8>);

/// Sorts after every id.
const AFTER_IDS: [u8; 17] = [0xff; 17];

fn uuid(bytes: &[u8]) -> Result<Uuid, Failure> {
    Ok(Uuid::from_slice(bytes).map_err(|_| damaged("an id has not 16 bytes"))?)
}

impl Check<'_> {
    /// Rows that no request accounts for. Every right row was counted, so when the counts agree
    /// there are no others, and the indexes need not be walked.
    pub(super) fn strays(&mut self) -> Result<(), Failure> {
        let documents = sql!(
            "SELECT d.request_id FROM request_document d WHERE NOT EXISTS (SELECT 1 FROM request r WHERE r.id = d.request_id)"
        );
        for mut row in documents.rows(self.connection)? {
            let id: RequestId = row.id()?;
            self.note(Derived::Document, id, "is there, the request is not");
            if self.repair {
                sql!("DELETE FROM request_document WHERE request_id = ?", id.as_uuid()).run(self.connection)?;
            }
        }
        let access = sql!("SELECT count(*) FROM request_access").row(self.connection)?;
        if access.map(|mut row| row.int()).transpose()? != Some(self.right.access) {
            self.stray_access()?;
        }
        let tasks = sql!("SELECT count(*) FROM task_access").row(self.connection)?;
        if tasks.map(|mut row| row.int()).transpose()? != Some(self.right.tasks) {
            self.stray_tasks()?;
        }
        let barred = sql!("SELECT count(*) FROM task_barred").row(self.connection)?;
        if barred.map(|mut row| row.int()).transpose()? != Some(self.right.barred) {
            self.stray_barred()?;
        }
        Ok(())
    }

    /// Walks the access index run by run, each in its own order. Codes are compared as they are
    /// stored: a stray row may hold one that this program does not know.
    fn stray_access(&mut self) -> Result<(), Failure> {
        let mut run = (Vec::new(), 0, 0);
        loop {
            let next = sql!(
                "SELECT principal_id, class, status FROM request_access WHERE (principal_id, class, status) > (?, ?, ?) \
                 ORDER BY principal_id, class, status LIMIT 1",
                Value::Key(run.0.to_vec()),
                run.1,
                run.2
            );
            let Some(mut row) = next.row(self.connection)? else { return Ok(()) };
            run = (row.blob()?, row.int()?, row.int()?);
            self.stray_access_run(&run)?;
        }
    }

    fn stray_access_run(&mut self, run: &(Vec<u8>, i64, i64)) -> Result<(), Failure> {
        let mut last = (i64::MAX, AFTER_IDS.to_vec());
        loop {
            let rows = sql!(
                "SELECT created_at, request_id, roles FROM request_access \
                 WHERE principal_id = ? AND class = ? AND status = ? AND (created_at, request_id) < (?, ?) \
                 ORDER BY created_at DESC, request_id DESC LIMIT ?",
                Value::Key(run.0.to_vec()),
                run.1,
                run.2,
                last.0,
                Value::Key(last.1.to_vec()),
                PAGE
            )
            .rows(self.connection)?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                last = (row.int()?, row.blob()?);
                let key = (run.0.clone(), run.1, run.2, last.0, last.1.clone());
                self.stray_access_row(&key, row.int()?)?;
            }
        }
    }

    fn stray_access_row(&mut self, key: &AccessKey, roles: i64) -> Result<(), Failure> {
        let id = RequestId::from(uuid(&key.4)?);
        let raw = |row: &AccessRow| {
            let place = (i64::from(row.class.code()), i64::from(row.status.code()), row.created.as_micros());
            row.principal.as_bytes()[..] == key.0[..] && place == (key.1, key.2, key.3) && i64::from(row.roles) == roles
        };
        if self.is_unreadable(id)
            || self.derivation(id)?.is_some_and(|derivation| derivation.rows.access.iter().any(raw))
        {
            return Ok(());
        }
        self.note(Derived::AccessIndex, id, format!("has a row too many, of principal {}", uuid(&key.0)?));
        if self.repair {
            sql!(
                "DELETE FROM request_access WHERE principal_id = ? AND class = ? AND status = ? AND created_at = ? \
                 AND request_id = ?",
                Value::Key(key.0.to_vec()),
                key.1,
                key.2,
                key.3,
                Value::Key(key.4.to_vec())
            )
            .run(self.connection)?;
        }
        Ok(())
    }

    /// Walks the task index, likewise.
    fn stray_tasks(&mut self) -> Result<(), Failure> {
        let mut run = (Vec::new(), 0);
        loop {
            let next = sql!(
                "SELECT principal_id, state FROM task_access WHERE (principal_id, state) > (?, ?) \
                 ORDER BY principal_id, state LIMIT 1",
                Value::Key(run.0.to_vec()),
                run.1
            );
            let Some(mut row) = next.row(self.connection)? else { return Ok(()) };
            run = (row.blob()?, row.int()?);
            self.stray_task_run(&run)?;
        }
    }

    fn stray_task_run(&mut self, run: &(Vec<u8>, i64)) -> Result<(), Failure> {
        let mut last = (i64::MAX, AFTER_IDS.to_vec());
        loop {
            let rows = sql!(
                "SELECT created_at, task_id, request_id FROM task_access \
                 WHERE principal_id = ? AND state = ? AND (created_at, task_id) < (?, ?) \
                 ORDER BY created_at DESC, task_id DESC LIMIT ?",
                Value::Key(run.0.to_vec()),
                run.1,
                last.0,
                Value::Key(last.1.to_vec()),
                PAGE
            )
            .rows(self.connection)?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                last = (row.int()?, row.blob()?);
                let key = (run.0.clone(), run.1, last.0, last.1.clone());
                self.stray_task_row(&key, row.id()?)?;
            }
        }
    }

    fn stray_task_row(&mut self, key: &TaskKey, id: RequestId) -> Result<(), Failure> {
        let raw = |row: &TaskRow| {
            let place = (i64::from(row.state.code()), row.created.as_micros());
            row.principal.as_bytes()[..] == key.0[..] && place == (key.1, key.2) && row.task.as_bytes()[..] == key.3[..]
        };
        if self.is_unreadable(id)
            || self.derivation(id)?.is_some_and(|derivation| derivation.rows.tasks.iter().any(raw))
        {
            return Ok(());
        }
        self.note(Derived::TaskIndex, id, format!("has a row too many, of task {}", uuid(&key.3)?));
        if self.repair {
            sql!(
                "DELETE FROM task_access WHERE principal_id = ? AND state = ? AND created_at = ? AND task_id = ?",
                Value::Key(key.0.to_vec()),
                key.1,
                key.2,
                Value::Key(key.3.to_vec())
            )
            .run(self.connection)?;
        }
        Ok(())
    }

    /// Walks those who may not vote, likewise.
    fn stray_barred(&mut self) -> Result<(), Failure> {
        let mut last = (Vec::new(), Vec::new());
        loop {
            let rows = sql!(
                "SELECT task_id, user_id, request_id FROM task_barred WHERE (task_id, user_id) > (?, ?) \
                 ORDER BY task_id, user_id LIMIT ?",
                Value::Key(last.0.to_vec()),
                Value::Key(last.1.to_vec()),
                PAGE
            )
            .rows(self.connection)?;
            if rows.is_empty() {
                return Ok(());
            }
            for mut row in rows {
                last = (row.blob()?, row.blob()?);
                self.stray_barred_row((&last.0, &last.1), row.id()?)?;
            }
        }
    }

    fn stray_barred_row(&mut self, (task, user): (&[u8], &[u8]), id: RequestId) -> Result<(), Failure> {
        let raw = |row: &BarredRow| row.task.as_bytes()[..] == *task && row.user.as_bytes()[..] == *user;
        if self.is_unreadable(id)
            || self.derivation(id)?.is_some_and(|derivation| derivation.rows.barred.iter().any(raw))
        {
            return Ok(());
        }
        self.note(Derived::Barred, id, format!("has user {} too many, on task {}", uuid(user)?, uuid(task)?));
        if self.repair {
            sql!(
                "DELETE FROM task_barred WHERE task_id = ? AND user_id = ?",
                Value::Key(task.to_vec()),
                Value::Key(user.to_vec())
            )
            .run(self.connection)?;
        }
        Ok(())
    }
}
