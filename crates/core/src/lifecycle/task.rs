//! What is done with a task besides deciding it.

use std::collections::BTreeSet;

use super::command::{Command, Edit, TaskRef};
use super::context::Actor;
use super::deadline::later;
use super::decide::{Course, Outcomes};
use super::edit::Editor;
use super::event::RequestEvent;
use super::holding::{Placed, barred, concerned, find, may_act, may_vote};
use super::refusal::Refusal;
use crate::approval::{ApprovalTask, TaskState};
use crate::clock::Timestamp;
use crate::ids::{PrincipalId, TaskId, UserId};

/// Who acts on a task beside the one who holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nobody,
    Administrators,
    AdministratorsAndWorker,
}

/// What stands in the way of a command on a task in its present state.
type Fits = fn(&ApprovalTask) -> Result<(), &'static str>;

const fn open(_: &ApprovalTask) -> Result<(), &'static str> {
    Ok(())
}

fn assigned(task: &ApprovalTask) -> Result<(), &'static str> {
    if task.state == TaskState::Assigned { Ok(()) } else { Err("the task is put aside") }
}

fn aside(task: &ApprovalTask) -> Result<(), &'static str> {
    if task.state == TaskState::Assigned { Err("the task is not put aside") } else { Ok(()) }
}

fn claimed(task: &ApprovalTask) -> Result<(), &'static str> {
    if task.acquired_by.is_some() { Ok(()) } else { Err("nobody has claimed the task") }
}

impl Course<'_> {
    pub(super) fn on_task(&mut self, command: &Command) -> Outcomes {
        match command {
            Command::Claim { task } => self.claim(*task),
            Command::Release { task } => self.release(*task),
            Command::Reassign { task, to, comment } => self.reassign(*task, to, comment.clone()),
            Command::Delegate { task, to, comment } => self.delegate(*task, to, comment.clone()),
            Command::Escalate { task, comment } => {
                let task = self.to_act(*task, Beside::Administrators, assigned)?.task.clone();
                self.escalate(&task, comment.clone())
            }
            Command::Suspend { task, comment } => self.suspend(*task, comment.clone()),
            Command::Resume { task, comment } => self.resume(*task, comment.clone()),
            Command::Save { task, comment, edit } => self.save(*task, comment.clone(), edit),
            Command::CreateSubtask { task, to, comment } => self.create_subtask(*task, to, comment.clone()),
            Command::Skip { task, comment } => self.skip(*task, comment.clone()),
            _ => Ok(()),
        }
    }

    fn is_open(&self, placed: &Placed<'_>) -> Outcomes {
        if placed.task.state.is_open() { Ok(()) } else { Err(self.refuse("the task is over")) }
    }

    /// The task that the actor acts on, as one who holds it or beside them.
    fn to_act(&self, which: TaskRef, beside: Beside, fits: Fits) -> Result<Placed<'_>, Refusal> {
        let privileged = match self.context.actor {
            Actor::Worker => beside == Beside::AdministratorsAndWorker,
            Actor::Person(_) => beside != Beside::Nobody && self.is_administrator(),
            Actor::Fulfiller => false,
        };
        let caller = if privileged { None } else { Some(self.caller()?) };
        let request = &self.request;
        find(request, which, |placed| {
            match caller {
                Some(caller) => may_act(request, placed, caller).map(|_| ())?,
                None => self.is_open(placed)?,
            }
            fits(placed.task).map_err(|reason| self.refuse(reason))
        })
    }

    /// A claim by somebody's proxy is a claim in that person's name.
    fn claim(&mut self, which: TaskRef) -> Outcomes {
        let caller = self.caller()?;
        let request = &self.request;
        let placed = find(request, which, |placed| may_vote(request, placed, caller).map(|_| ()))?;
        let by = may_vote(request, &placed, caller)?.represented.unwrap_or(caller.user);
        if placed.task.acquired_by == Some(by) {
            return Ok(());
        }
        if !self.context.people.groups.contains(&placed.task.assignee) && placed.task.delegate.is_none() {
            return Err(self.refuse("only the task of several can be claimed"));
        }
        let task = placed.task.id;
        self.happen(RequestEvent::Claimed { task, by });
        Ok(())
    }

    fn release(&mut self, which: TaskRef) -> Outcomes {
        let task = self.to_act(which, Beside::AdministratorsAndWorker, claimed)?.task.id;
        self.happen(RequestEvent::Released { task });
        Ok(())
    }

    /// A task that is put aside too: it must not stay with somebody who has left.
    fn reassign(&mut self, which: TaskRef, to: &[PrincipalId], comment: Option<String>) -> Outcomes {
        let placed = match self.to_act(which, Beside::AdministratorsAndWorker, open) {
            Ok(placed) => placed,
            Err(refusal) => self.managed(which).ok_or(refusal)?,
        };
        self.check_assignees(&placed, to)?;
        let Some((first, rest)) = to.split_first() else { return Ok(()) };
        let like = |assignee: &PrincipalId| self.task_beside(&placed, placed.task.parent, *assignee);
        let further = rest.iter().map(like).collect();
        let task = placed.task.id;
        self.happen(RequestEvent::Reassigned { task, assignee: *first, further, comment });
        Ok(())
    }

    /// A task whose holder reports to the caller.
    fn managed(&self, which: TaskRef) -> Option<Placed<'_>> {
        let caller = self.caller().ok()?;
        let reports = |holder| self.context.people.manager_of(holder) == Some(caller.user);
        let found = find(&self.request, which, |placed| {
            self.is_open(placed)?;
            if placed.task.holders().any(reports) { Ok(()) } else { Err(Refusal::NoTask) }
        });
        found.ok()
    }

    /// A new task of the same stage; a subtask's time is its parent's.
    fn task_beside(&self, placed: &Placed<'_>, parent: Option<TaskId>, assignee: PrincipalId) -> ApprovalTask {
        let task = self.new_task(placed.stage, assignee);
        let expires = task.expires.filter(|_| parent.is_none());
        ApprovalTask { parent, expires, ..task }
    }

    fn check_assignees(&self, placed: &Placed<'_>, to: &[PrincipalId]) -> Outcomes {
        if to.is_empty() {
            return Err(Refusal::invalid("assignees", "must name somebody"));
        }
        let barred = barred(&self.request, placed.stage, placed.task);
        if to.iter().any(|principal| barred.binary_search(&principal.as_user()).is_ok()) {
            return Err(Refusal::invalid("assignees", "names somebody who may not decide this request"));
        }
        let different: BTreeSet<_> = to.iter().collect();
        if different.len() < to.len() {
            return Err(Refusal::invalid("assignees", "names somebody twice"));
        }
        Ok(())
    }

    fn delegate(&mut self, which: TaskRef, to: &[PrincipalId], comment: Option<String>) -> Outcomes {
        let placed = self.to_act(which, Beside::Nobody, assigned)?;
        let [delegate] = to[..] else {
            return Err(Refusal::invalid("assignees", "a task is delegated to one user or group"));
        };
        self.check_assignees(&placed, to)?;
        let task = placed.task.id;
        self.happen(RequestEvent::Delegated { task, delegate, comment });
        Ok(())
    }

    pub(super) fn escalate(&mut self, task: &ApprovalTask, comment: Option<String>) -> Outcomes {
        let Some(stage) = self.request.stages.iter().find(|stage| stage.tasks.iter().any(|other| other.id == task.id))
        else {
            return Err(Refusal::NoTask);
        };
        let holder = task.acquired_by.map_or(task.assignee, PrincipalId::from);
        let barred = barred(&self.request, stage, task);
        let may = |user: &UserId| barred.binary_search(user).is_err();
        let deadline = stage.deadline.filter(|_| task.parent.is_none());
        let (assignee, expires) = match self.context.people.manager_of(holder).filter(may) {
            Some(manager) => (manager.into(), deadline.and_then(|deadline| later(self.context.now, deadline.seconds))),
            // Beyond the administrators there is nobody: their task has no deadline.
            None => match self.administrators().filter(|group| *group != holder) {
                Some(group) => (group, None),
                None => return Err(self.refuse("there is nobody to escalate the task to")),
            },
        };
        self.happen(RequestEvent::Escalated { task: task.id, assignee, expires, comment });
        Ok(())
    }

    fn suspend(&mut self, which: TaskRef, comment: Option<String>) -> Outcomes {
        let task = self.to_act(which, Beside::Administrators, assigned)?.task.id;
        let at = self.context.now;
        self.happen(RequestEvent::Suspended { task, at, comment });
        Ok(())
    }

    /// An imported task may be put aside without a date: its deadline is where it was.
    fn resume(&mut self, which: TaskRef, comment: Option<String>) -> Outcomes {
        let task = self.to_act(which, Beside::Administrators, aside)?.task;
        let now = self.context.now;
        let stood = task.suspended.map_or(0, |since| (now.as_micros() - since.as_micros()).max(0));
        let moved = |expires: Timestamp| Timestamp::from_micros(expires.as_micros() + stood).unwrap_or(expires);
        let (task, expires) = (task.id, task.expires.map(moved));
        self.happen(RequestEvent::Resumed { task, expires, comment });
        Ok(())
    }

    fn save(&mut self, which: TaskRef, comment: Option<String>, edit: &Edit) -> Outcomes {
        let placed = self.to_act(which, Beside::Nobody, assigned)?;
        let (task, at) = (placed.task.id, placed.at);
        if comment.is_some() {
            self.happen(RequestEvent::Saved { task, comment });
        }
        if self.change_content(edit, Editor::Approver)? {
            self.void_votes(at);
        }
        Ok(())
    }

    fn create_subtask(&mut self, which: TaskRef, to: &[PrincipalId], comment: Option<String>) -> Outcomes {
        let placed = self.to_act(which, Beside::Nobody, assigned)?;
        self.check_assignees(&placed, to)?;
        let task = placed.task.id;
        let subtasks = to.iter().map(|assignee| self.task_beside(&placed, Some(task), *assignee)).collect();
        self.happen(RequestEvent::SubtaskCreated { task, subtasks, comment });
        Ok(())
    }

    /// Skipping decides without a vote, so it is not for those whom the request concerns either.
    fn skip(&mut self, which: TaskRef, comment: Option<String>) -> Outcomes {
        self.only_administrator("only administrators skip a task")?;
        let placed = self.to_act(which, Beside::Administrators, assigned)?;
        let (task, at, is_subtask) = (placed.task.id, placed.at, placed.task.parent.is_some());
        let own = concerned(&self.request).any(|user| self.context.actor.user() == Some(user));
        if own && !placed.stage.own_approval {
            return Err(Refusal::NotAllowed("nobody decides what they asked for or what is for them"));
        }
        self.happen(RequestEvent::Skipped { task, comment });
        self.end_subtasks(task);
        if is_subtask { Ok(()) } else { self.pass(at) }
    }

    /// Ends what a task waited for, now that it is over.
    pub(super) fn end_subtasks(&mut self, parent: TaskId) {
        let mut over = BTreeSet::from([parent]);
        let mut open = Vec::new();
        for task in self.request.tasks() {
            if task.parent.is_some_and(|parent| over.contains(&parent)) {
                over.insert(task.id);
                if task.state.is_open() {
                    open.push(task.clone());
                }
            }
        }
        self.end_tasks(&open);
    }
}
