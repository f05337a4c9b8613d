//! The stages of a request's approval, with their tasks and votes. A decision moves one task and adds
//! one vote, so an update writes only what differs.

use countersign_core::approval::{ApprovalTask, Staffing, Stage, TaskState, Vote, VoteOutcome};
use countersign_core::error::RepositoryError;
use countersign_core::ids::{PrincipalId, RequestId, TaskId, UserId};
use uuid::Uuid;

use crate::deadline;
use crate::error::{Failure, damaged};
use crate::parts::Parts;
use crate::session::Session;
use crate::sql::{Row, sql};

/// The rows of the approvals of some requests.
pub(super) struct Approvals {
    stages: Parts<0>,
    planned: Parts<1>,
    tasks: Parts<1>,
    votes: Parts<2>,
}

impl Approvals {
    pub(super) fn read(connection: &mut dyn Session, requests: &[Uuid]) -> Result<Self, Failure> {
        let stage = [
            "ordinal",
            "name",
            "stage_index",
            "quorum",
            "title",
            "own_approval",
            "deadline_seconds",
            "deadline_action",
            "deadline_renewals",
            "staffing",
        ];
        let task = [
            "ordinal",
            "id",
            "title",
            "assignee_id",
            "state",
            "acquired_by_id",
            "created_at",
            "expires_at",
            "delegate_id",
            "parent_task_id",
            "suspended_at",
            "renewals",
        ];
        let vote = ["voter_id", "represented_id", "outcome", "voted_at", "content_revision", "comment"];
        Ok(Self {
            stages: Parts::read(connection, requests, "stage", [], &stage)?,
            planned: Parts::read(connection, requests, "stage_planned", ["stage"], &["principal_id", "manager"])?,
            tasks: Parts::read(connection, requests, "approval_task", ["stage"], &task)?,
            votes: Parts::read(connection, requests, "vote", ["stage", "task"], &vote)?,
        })
    }

    /// The stages of a request.
    pub(super) fn stages(&mut self, request: Uuid) -> Result<Vec<Stage>, RepositoryError> {
        self.stages.take(request, []).into_iter().map(|row| self.stage(request, row)).collect()
    }

    fn stage(&mut self, request: Uuid, mut row: Row) -> Result<Stage, RepositoryError> {
        let ordinal = row.int()?;
        let (planned, managers_of) = planned(self.planned.take(request, [ordinal]))?;
        let out_of_range = |_| damaged("an index is out of range");
        Ok(Stage {
            name: row.text()?,
            index: row.maybe_int()?.map(i32::try_from).transpose().map_err(out_of_range)?,
            quorum: row.number()?,
            title: row.text()?,
            own_approval: row.flag()?,
            deadline: deadline::read(&mut row)?,
            staffing: row.code(Staffing::from_code)?,
            planned,
            managers_of,
            tasks: self.tasks(request, ordinal)?,
        })
    }

    fn tasks(&mut self, request: Uuid, stage: i64) -> Result<Vec<ApprovalTask>, RepositoryError> {
        self.tasks.take(request, [stage]).into_iter().map(|row| self.task(request, stage, row)).collect()
    }

    fn task(&mut self, request: Uuid, stage: i64, mut row: Row) -> Result<ApprovalTask, RepositoryError> {
        let votes = self.votes.take(request, [stage, row.int()?]);
        Ok(ApprovalTask {
            id: row.id()?,
            title: row.text()?,
            assignee: row.id()?,
            state: row.code(TaskState::from_code)?,
            acquired_by: row.maybe_id()?,
            created: row.time()?,
            expires: row.maybe_time()?,
            delegate: row.maybe_id()?,
            parent: row.maybe_id()?,
            suspended: row.maybe_time()?,
            renewals: row.number()?,
            votes: votes.into_iter().map(vote).collect::<Result<_, _>>()?,
        })
    }
}

fn planned(rows: Vec<Row>) -> Result<(Vec<PrincipalId>, Vec<UserId>), RepositoryError> {
    let (mut planned, mut managers_of) = (Vec::new(), Vec::new());
    for mut row in rows {
        let principal: PrincipalId = row.id()?;
        if row.flag()? {
            managers_of.push(principal.as_user());
        } else {
            planned.push(principal);
        }
    }
    Ok((planned, managers_of))
}

fn vote(mut row: Row) -> Result<Vote, RepositoryError> {
    Ok(Vote {
        voter: row.id()?,
        represented: row.maybe_id()?,
        outcome: row.code(VoteOutcome::from_code)?,
        at: row.time()?,
        content_revision: row.int()?,
        comment: row.maybe_text()?,
    })
}

/// Writes what differs between `before` and `after`.
pub(super) fn write_stages(
    connection: &mut dyn Session,
    id: RequestId,
    before: &[Stage],
    after: &[Stage],
) -> Result<(), Failure> {
    if !only_grows(before, after) {
        delete_stages(connection, id)?;
        return write_stages(connection, id, &[], after);
    }
    for (at, (stage, old)) in (0_i64..).zip(after.iter().zip(padded(before))) {
        if old != Some(stage) {
            write_stage(connection, id, at, old, stage)?;
        }
    }
    Ok(())
}

/// The elements, then none for ever.
fn padded<T>(elements: &[T]) -> impl Iterator<Item = Option<&T>> {
    elements.iter().map(Some).chain(std::iter::repeat(None))
}

/// Whether each stage and task of `before` is in `after` at its place, so that rows can be written
/// over. Otherwise an id may have to leave one row before it can come to another.
fn only_grows(before: &[Stage], after: &[Stage]) -> bool {
    fn ids(stage: &Stage) -> impl Iterator<Item = TaskId> {
        stage.tasks.iter().map(|task| task.id)
    }
    let kept = |(old, new): (&Stage, &Stage)| ids(old).eq(ids(new).take(old.tasks.len()));
    before.len() <= after.len() && before.iter().zip(after).all(kept)
}

fn delete_stages(connection: &mut dyn Session, id: RequestId) -> Result<(), Failure> {
    for statement in [
        sql!("DELETE FROM vote WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM approval_task WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM stage_planned WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM stage WHERE request_id = ?", id.as_uuid()),
    ] {
        statement.put(connection)?;
    }
    Ok(())
}

fn write_stage(
    connection: &mut dyn Session,
    id: RequestId,
    at: i64,
    old: Option<&Stage>,
    stage: &Stage,
) -> Result<(), Failure> {
    let row =
        |stage: &Stage| Stage { planned: Vec::new(), managers_of: Vec::new(), tasks: Vec::new(), ..stage.clone() };
    if old.map(row) != Some(row(stage)) {
        let [seconds, action, renewals] = deadline::columns(stage.deadline);
        sql!(
            "INSERT INTO stage (request_id, ordinal, name, stage_index, quorum, title, own_approval, \
             deadline_seconds, deadline_action, deadline_renewals, staffing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (request_id, ordinal) DO UPDATE SET \
             name = excluded.name, stage_index = excluded.stage_index, quorum = excluded.quorum, title = \
             excluded.title, own_approval = excluded.own_approval, deadline_seconds = excluded.deadline_seconds, \
             deadline_action = excluded.deadline_action, deadline_renewals = excluded.deadline_renewals, staffing \
             = excluded.staffing",
            id.as_uuid(),
            at,
            stage.name.as_str(),
            stage.index,
            i64::from(stage.quorum),
            stage.title.as_str(),
            stage.own_approval,
            seconds,
            action,
            renewals,
            stage.staffing.code()
        )
        .put(connection)?;
    }
    let planned = |stage: &Stage| (stage.planned.clone(), stage.managers_of.clone());
    if old.map(planned).unwrap_or_default() != planned(stage) {
        write_planned(connection, id, at, stage)?;
    }
    let tasks = padded(old.map_or(&[][..], |old| &old.tasks));
    for (ordinal, (task, old)) in (0_i64..).zip(stage.tasks.iter().zip(tasks)) {
        if old != Some(task) {
            write_task(connection, id, (at, ordinal), old, task)?;
        }
    }
    Ok(())
}

fn write_planned(connection: &mut dyn Session, id: RequestId, at: i64, stage: &Stage) -> Result<(), Failure> {
    sql!("DELETE FROM stage_planned WHERE request_id = ? AND stage = ?", id.as_uuid(), at).put(connection)?;
    let planned = stage.planned.iter().map(|principal| (*principal, false));
    let managed = stage.managers_of.iter().map(|user| (PrincipalId::from(*user), true));
    for (ordinal, (principal, manager)) in (0_i64..).zip(planned.chain(managed)) {
        sql!(
            "INSERT INTO stage_planned (request_id, stage, ordinal, principal_id, manager) VALUES (?, ?, ?, ?, ?)",
            id.as_uuid(),
            at,
            ordinal,
            principal.as_uuid(),
            manager
        )
        .put(connection)?;
    }
    Ok(())
}

fn write_task(
    connection: &mut dyn Session,
    id: RequestId,
    (stage, at): (i64, i64),
    old: Option<&ApprovalTask>,
    task: &ApprovalTask,
) -> Result<(), Failure> {
    let row = |task: &ApprovalTask| ApprovalTask { votes: Vec::new(), ..task.clone() };
    match old {
        None => insert_task(connection, id, (stage, at), task)?,
        Some(old) if row(old) != row(task) => update_task(connection, task)?,
        Some(_) => {}
    }
    let votes = old.map_or(&[][..], |old| &old.votes);
    let added = match task.votes.strip_prefix(votes) {
        Some(added) => added,
        None => {
            sql!("DELETE FROM vote WHERE request_id = ? AND stage = ? AND task = ?", id.as_uuid(), stage, at)
                .put(connection)?;
            &task.votes[..]
        }
    };
    for (ordinal, vote) in (task.votes.len() - added.len()..).zip(added) {
        insert_vote(connection, id, (stage, at, ordinal), vote)?;
    }
    Ok(())
}

fn insert_task(
    connection: &mut dyn Session,
    id: RequestId,
    (stage, at): (i64, i64),
    task: &ApprovalTask,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO approval_task (request_id, stage, ordinal, id, title, assignee_id, state, acquired_by_id, \
         created_at, expires_at, delegate_id, parent_task_id, suspended_at, renewals) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id.as_uuid(),
        stage,
        at,
        task.id.as_uuid(),
        task.title.as_str(),
        task.assignee.as_uuid(),
        task.state.code(),
        task.acquired_by.map(UserId::as_uuid),
        task.created,
        task.expires,
        task.delegate.map(PrincipalId::as_uuid),
        task.parent.map(TaskId::as_uuid),
        task.suspended,
        i64::from(task.renewals)
    )
    .put(connection)
}

fn update_task(connection: &mut dyn Session, task: &ApprovalTask) -> Result<(), Failure> {
    sql!(
        "UPDATE approval_task SET title = ?, assignee_id = ?, state = ?, acquired_by_id = ?, created_at = ?, \
         expires_at = ?, delegate_id = ?, parent_task_id = ?, suspended_at = ?, renewals = ? WHERE id = ?",
        task.title.as_str(),
        task.assignee.as_uuid(),
        task.state.code(),
        task.acquired_by.map(UserId::as_uuid),
        task.created,
        task.expires,
        task.delegate.map(PrincipalId::as_uuid),
        task.parent.map(TaskId::as_uuid),
        task.suspended,
        i64::from(task.renewals),
        task.id.as_uuid()
    )
    .put(connection)
}

fn insert_vote(
    connection: &mut dyn Session,
    id: RequestId,
    (stage, task, at): (i64, i64, usize),
    vote: &Vote,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO vote (request_id, stage, task, ordinal, voter_id, represented_id, outcome, voted_at, \
         content_revision, comment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id.as_uuid(),
        stage,
        task,
        i64::try_from(at).unwrap_or(i64::MAX),
        vote.voter.as_uuid(),
        vote.represented.map(UserId::as_uuid),
        vote.outcome.code(),
        vote.at,
        vote.content_revision,
        vote.comment.clone()
    )
    .put(connection)
}
