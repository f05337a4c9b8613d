//! Who holds a task, and which task a command means.

use super::command::TaskRef;
use super::refusal::Refusal;
use crate::approval::{ApprovalTask, Stage, TaskState, Vote};
use crate::directory::Caller;
use crate::ids::{PrincipalId, UserId};
use crate::request::Request;

/// In whose place an actor holds a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    /// `None` is one's own.
    pub(super) represented: Option<UserId>,
}

/// Who may not vote on a task, whoever they are otherwise (decisions 5, 7 and 8): those who asked
/// and those whom it is for, unless the stage allows it, and those who have voted.
pub fn barred(request: &Request, stage: &Stage, task: &ApprovalTask) -> Vec<UserId> {
    let mut barred: Vec<UserId> = Vec::new();
    if !stage.own_approval {
        barred.extend(concerned(request));
    }
    barred.extend(votes_beside(stage, task).flat_map(voices));
    barred.sort_unstable();
    barred.dedup();
    barred
}

/// Who asked, and whom it is for.
pub(super) fn concerned(request: &Request) -> impl Iterator<Item = UserId> {
    [request.originator].into_iter().chain(request.beneficiaries().iter().copied())
}

/// The votes that count together with one on `task`: those of its stage, and for advice those on
/// the subtask alone.
fn votes_beside<'a>(stage: &'a Stage, task: &'a ApprovalTask) -> impl Iterator<Item = &'a Vote> {
    let together = move |other: &&ApprovalTask| match task.parent {
        Some(_) => other.id == task.id,
        None => other.parent.is_none(),
    };
    stage.tasks.iter().filter(together).flat_map(|task| &task.votes)
}

/// Whose word a vote is: whoever acted, and whoever was represented (decision 8).
pub(super) fn voices(vote: &Vote) -> impl Iterator<Item = UserId> {
    [Some(vote.voter), vote.represented].into_iter().flatten()
}

/// The ways in which the caller holds the task, the own one first.
fn holdings(task: &ApprovalTask, caller: &Caller) -> Vec<Holding> {
    let holders: Vec<PrincipalId> = task.holders().collect();
    let own = caller.is_among(&holders).then_some(Holding { represented: None });
    let represented = caller.represents.iter().filter(|user| holders.contains(&PrincipalId::from(**user)));
    own.into_iter().chain(represented.map(|user| Holding { represented: Some(*user) })).collect()
}

/// Whether the caller would hold the task, had nobody claimed it.
fn lost_to_a_claimer(task: &ApprovalTask, caller: &Caller) -> bool {
    task.acquired_by.is_some() && !holdings(&ApprovalTask { acquired_by: None, ..task.clone() }, caller).is_empty()
}

/// A task at its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) at: usize,
    pub(super) stage: &'a Stage,
    pub(super) task: &'a ApprovalTask,
}

fn placed(request: &Request) -> impl Iterator<Item = Placed<'_>> {
    let stages = request.stages.iter().enumerate();
    stages.flat_map(|(at, stage)| stage.tasks.iter().map(move |task| Placed { at, stage, task }))
}

/// The task that a command means, by an actor who may act on those that `may` takes.
pub(super) fn find<'a>(
    request: &'a Request,
    which: TaskRef,
    may: impl Fn(&Placed<'a>) -> Result<(), Refusal>,
) -> Result<Placed<'a>, Refusal> {
    match which {
        TaskRef::Id(id) => {
            let found = placed(request).find(|placed| placed.task.id == id).ok_or(Refusal::NoTask)?;
            may(&found)?;
            Ok(found)
        }
        TaskRef::First => first(request, may),
    }
}

/// Lowest stage, then oldest; if none can be acted on, why the first that is open cannot.
fn first<'a>(request: &'a Request, may: impl Fn(&Placed<'a>) -> Result<(), Refusal>) -> Result<Placed<'a>, Refusal> {
    let mut candidates: Vec<Placed<'a>> = placed(request).collect();
    candidates.sort_by_key(|placed| (!placed.task.state.is_open(), placed.at, placed.task.created));
    let mut refused = None;
    for candidate in candidates {
        let Err(refusal) = may(&candidate) else { return Ok(candidate) };
        // "Somebody else was faster" says more than "not yours".
        let better = matches!(refusal, Refusal::State { .. }) && matches!(refused, Some(Refusal::NotAllowed(_)));
        if refused.is_none() || better {
            refused = Some(refusal);
        }
    }
    Err(refused.unwrap_or(Refusal::NoTask))
}

/// How the caller acts on the task as one who holds it and may decide it.
pub(super) fn may_act(request: &Request, placed: &Placed<'_>, caller: &Caller) -> Result<Holding, Refusal> {
    let refuse = |reason| Err(Refusal::State { status: request.status(), reason });
    let held = holdings(placed.task, caller);
    if held.is_empty() {
        return if lost_to_a_claimer(placed.task, caller) {
            refuse("somebody else has claimed the task")
        } else {
            Err(Refusal::NotAllowed("the task is not yours"))
        };
    }
    if !placed.task.state.is_open() {
        return refuse("the task is over");
    }
    let barred = barred(request, placed.stage, placed.task);
    let free = |user: UserId| barred.binary_search(&user).is_err();
    let found = held.iter().find(|holding| holding.represented.is_none_or(free)).filter(|_| free(caller.user));
    if let Some(holding) = found {
        return Ok(*holding);
    }
    let voted = |user: UserId| votes_beside(placed.stage, placed.task).flat_map(voices).any(|voice| voice == user);
    if voted(caller.user) || held.iter().filter_map(|holding| holding.represented).any(voted) {
        refuse("you have voted already")
    } else {
        Err(Refusal::NotAllowed("nobody decides what they asked for or what is for them"))
    }
}

/// How the caller votes on the task.
pub(super) fn may_vote(request: &Request, placed: &Placed<'_>, caller: &Caller) -> Result<Holding, Refusal> {
    let holding = may_act(request, placed, caller)?;
    let refuse = |reason| Err(Refusal::State { status: request.status(), reason });
    if placed.task.state != TaskState::Assigned {
        return refuse("the task is put aside");
    }
    if placed.stage.tasks.iter().any(|task| task.parent == Some(placed.task.id) && task.state.is_open()) {
        return refuse("the task waits for its subtasks");
    }
    Ok(holding)
}
