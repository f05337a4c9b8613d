//! What a request is after an event.

use super::event::RequestEvent;
use crate::approval::{ApprovalTask, TaskState};
use crate::clock::Timestamp;
use crate::ids::TaskId;
use crate::request::{Outcome, Request, RequestDetails, RequestState};

/// The request after `event`, which happened at `at`. Total: an event that does not fit, which
/// [`super::decide`] never makes, changes what it can.
pub fn apply(request: &mut Request, event: &RequestEvent, at: Timestamp) {
    match event {
        RequestEvent::Imported(state) | RequestEvent::Created(state) => {
            *request = (**state).clone();
            return;
        }
        RequestEvent::Submitted { stages } => {
            request.stages.clone_from(stages);
            request.state = RequestState::Submitted;
            request.created = at;
            request.modified = None;
            return;
        }
        RequestEvent::Edited { details, justification, content } => {
            request.details = (**details).clone();
            request.justification.clone_from(justification);
            request.content_revision += i64::from(*content);
        }
        RequestEvent::Approved { by } => request.state = RequestState::Approved { by: *by },
        RequestEvent::Split { .. } => {
            request.has_children = true;
            request.state = RequestState::AwaitingChildren;
        }
        RequestEvent::Waiting { on } => {
            request.depends_on = Some(*on);
            request.state = RequestState::AwaitingDependency;
        }
        RequestEvent::Scheduled { .. } => request.state = RequestState::Scheduled,
        RequestEvent::Begun { fulfilment } => request.state = RequestState::Executing { fulfilment: *fulfilment },
        RequestEvent::Bound { profile, smartcard } => bind(request, *profile, *smartcard),
        RequestEvent::Stumbled { reason } => request.failure = Some(reason.clone()),
        RequestEvent::Retried {} => request.failure = None,
        RequestEvent::Ended { outcome, at, reason } => {
            request.state = match (request.state, outcome) {
                (RequestState::Draft, Outcome::Canceled) => RequestState::Discarded { at: *at },
                _ => RequestState::Ended { outcome: *outcome, at: *at },
            };
            request.failure.clone_from(reason);
        }
        approval => apply_approval(request, approval),
    }
    // What happens in the moment of submission is part of it.
    if at > request.created {
        request.modified = Some(at);
    }
}

fn apply_approval(request: &mut Request, event: &RequestEvent) {
    match event {
        RequestEvent::StageBegun { stage, tasks, staffing } => {
            request.state = RequestState::Pending;
            if let Some(stage) = request.stages.get_mut(*stage) {
                stage.planned.clear();
                stage.managers_of.clear();
                stage.tasks.clone_from(tasks);
                stage.staffing = *staffing;
            }
        }
        RequestEvent::Staffed { stage, tasks, staffing } => {
            if let Some(stage) = request.stages.get_mut(*stage) {
                stage.tasks.extend(tasks.iter().cloned());
                stage.staffing = *staffing;
            }
        }
        RequestEvent::VotesVoided { stage } => {
            let tasks = request.stages.get_mut(*stage).into_iter().flat_map(|stage| &mut stage.tasks);
            // What subtasks said is advice, no vote: it stays.
            for task in tasks.filter(|task| task.parent.is_none()) {
                if !task.votes.is_empty() && task.state == TaskState::Completed {
                    task.state = TaskState::Assigned;
                }
                task.votes.clear();
            }
        }
        RequestEvent::Reassigned { task, assignee, further, .. } => {
            add_beside(request, *task, further);
            change(request, *task, |task| {
                task.assignee = *assignee;
                task.acquired_by = None;
                task.delegate = None;
            });
        }
        RequestEvent::SubtaskCreated { task, subtasks, .. } => add_beside(request, *task, subtasks),
        of_task => apply_to_task(request, of_task),
    }
}

fn apply_to_task(request: &mut Request, event: &RequestEvent) {
    match event {
        RequestEvent::Voted { task, vote, state } => change(request, *task, |task| {
            task.votes.push(vote.clone());
            task.acquired_by = None;
            task.state = *state;
        }),
        RequestEvent::Claimed { task, by } => change(request, *task, |task| task.acquired_by = Some(*by)),
        RequestEvent::Released { task } => change(request, *task, |task| task.acquired_by = None),
        RequestEvent::Delegated { task, delegate, .. } => {
            change(request, *task, |task| {
                // A claim would shut the delegate out.
                task.acquired_by = None;
                task.delegate = Some(*delegate);
            });
        }
        RequestEvent::Escalated { task, assignee, expires, .. } => change(request, *task, |task| {
            task.assignee = *assignee;
            task.acquired_by = None;
            task.delegate = None;
            task.expires = *expires;
        }),
        RequestEvent::Suspended { task, at, .. } => change(request, *task, |task| {
            task.state = TaskState::Suspended;
            task.suspended = Some(*at);
        }),
        RequestEvent::Resumed { task, expires, .. } => change(request, *task, |task| {
            task.state = TaskState::Assigned;
            task.suspended = None;
            task.expires = *expires;
        }),
        RequestEvent::Skipped { task, .. } => change(request, *task, |task| end(task, TaskState::Completed)),
        RequestEvent::Expired { task } => change(request, *task, |task| end(task, TaskState::Expired)),
        RequestEvent::TaskEnded { task, state } => change(request, *task, |task| end(task, *state)),
        RequestEvent::Renewed { task, expires } => change(request, *task, |task| {
            task.expires = Some(*expires);
            task.renewals += 1;
        }),
        _ => {}
    }
}

fn end(task: &mut ApprovalTask, state: TaskState) {
    task.state = state;
    task.suspended = None;
}

fn change(request: &mut Request, id: TaskId, change: impl FnOnce(&mut ApprovalTask)) {
    let mut tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
    if let Some(task) = tasks.find(|task| task.id == id) {
        change(task);
    }
}

/// Adds tasks to the stage that has the task `beside`.
fn add_beside(request: &mut Request, beside: TaskId, tasks: &[ApprovalTask]) {
    let stage = request.stages.iter_mut().find(|stage| stage.tasks.iter().any(|task| task.id == beside));
    if let Some(stage) = stage {
        stage.tasks.extend(tasks.iter().cloned());
    }
}

fn bind(request: &mut Request, profile: Option<crate::ids::ProfileId>, smartcard: Option<crate::ids::SmartcardId>) {
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.new_profile = profile.or(certificate.new_profile);
        certificate.new_smartcard = smartcard.or(certificate.new_smartcard);
    }
}
