//! Approval: how a stage begins, what a vote does, when a stage is over.

use std::collections::BTreeSet;

use super::command::{Decision, Edit};
use super::deadline::later;
use super::decide::{Course, Outcomes};
use super::edit::Editor;
use super::event::RequestEvent;
use super::holding::{Holding, Placed, find, may_vote, voices};
use super::refusal::Refusal;
use crate::approval::{ApprovalTask, Staffing, Stage, TaskState, Vote, VoteOutcome};
use crate::ids::{PrincipalId, TaskId, UserId};
use crate::request::{ApprovedBy, Outcome, Request};

/// How many different people have approved in the stage.
pub fn approvals(stage: &Stage) -> usize {
    let votes = decisive(stage).flat_map(|task| &task.votes);
    let voters: BTreeSet<UserId> =
        votes.filter(|vote| vote.outcome == VoteOutcome::Approve).map(|vote| vote.voter).collect();
    voters.len()
}

/// The tasks whose votes count: a subtask's are advice.
pub(super) fn decisive(stage: &Stage) -> impl Iterator<Item = &ApprovalTask> {
    stage.tasks.iter().filter(|task| task.parent.is_none())
}

fn undecided(stage: &Stage) -> usize {
    decisive(stage).filter(|task| task.state.is_open()).count()
}

/// How many tasks of an open stage were skipped: they count as decided without a vote.
fn skipped(stage: &Stage) -> usize {
    decisive(stage).filter(|task| task.state == TaskState::Completed && task.votes.is_empty()).count()
}

/// Whether the stage has what it needs: enough people, or nothing left to decide. A vote that is
/// not enough leaves something to decide ([`closes`]), so nothing is left only after skipping.
fn is_passed(stage: &Stage) -> bool {
    approvals(stage) >= usize::from(stage.quorum) || undecided(stage) == 0
}

/// Whether one more approval, on a user's own task, decides that task. The last open one stays open
/// until there are enough votes: whoever voted may not again, but others can be asked.
fn closes(stage: &Stage) -> bool {
    let others = undecided(stage) > 1;
    others || approvals(stage) + 1 + skipped(stage) >= usize::from(stage.quorum)
}

/// The stage that is open.
fn open_stage(request: &Request) -> Option<(usize, &Stage)> {
    request.stages.iter().enumerate().find(|(_, stage)| stage.is_open())
}

/// In which state an open task ends when the request moves on without it.
const fn ending(task: &ApprovalTask) -> TaskState {
    if task.votes.is_empty() { TaskState::Withdrawn } else { TaskState::Completed }
}

impl Course<'_> {
    /// Begins the next stage, or goes on when there is none. At submission, too few people who may
    /// vote are a refusal; later they are flagged, for the request must not get lost (decision 5).
    pub(super) fn advance(&mut self, submission: bool) -> Outcomes {
        let next = self.request.stages.iter().position(|stage| !stage.has_begun());
        if let Some(at) = next {
            return self.begin_stage(at, submission);
        }
        let by = if self.request.stages.is_empty() { ApprovedBy::Automatic } else { ApprovedBy::Votes };
        self.happen(RequestEvent::Approved { by });
        self.split_or_go_on();
        Ok(())
    }

    fn begin_stage(&mut self, at: usize, submission: bool) -> Outcomes {
        let Some(stage) = self.request.stages.get(at) else { return Ok(()) };
        let staffing = self.staffing(at, stage);
        if staffing == Staffing::NobodyEligible && submission {
            return Err(Refusal::invalid(
                "approvers",
                format!("stage {} needs {} who may approve, and there are fewer", stage.name, stage.quorum),
            ));
        }
        let mut assignees = self.context.people.asked(stage);
        if staffing != Staffing::Enough {
            assignees.extend(self.administrators());
        }
        if assignees.is_empty() {
            // The managers have left, and there are no administrators: somebody has to see it.
            assignees.push(self.request.originator.into());
        }
        assignees.sort_unstable();
        assignees.dedup();
        let tasks = assignees.into_iter().map(|assignee| self.new_task(stage, assignee)).collect();
        self.happen(RequestEvent::StageBegun { stage: at, tasks, staffing });
        Ok(())
    }

    pub(super) fn administrators(&self) -> Option<PrincipalId> {
        self.context.people.administrators.map(PrincipalId::from)
    }

    /// Whether enough people may vote in a stage, less those who have.
    fn staffing(&self, at: usize, stage: &Stage) -> Staffing {
        let needed = usize::from(stage.quorum).saturating_sub(approvals(stage));
        let voters = self.context.people.voters.get(&at).copied().unwrap_or_default();
        if voters.named >= needed {
            Staffing::Enough
        } else if voters.with_administrators >= needed {
            Staffing::AdministratorsAdded
        } else {
            Staffing::NobodyEligible
        }
    }

    pub(super) fn new_task(&self, stage: &Stage, assignee: PrincipalId) -> ApprovalTask {
        let title = if stage.title.is_empty() { "Approval" } else { &stage.title };
        ApprovalTask {
            id: self.context.ids.next().into(),
            title: format!("{title} for Request ID {}", self.request.number),
            assignee,
            state: TaskState::Assigned,
            acquired_by: None,
            created: self.context.now,
            expires: stage.deadline.and_then(|deadline| later(self.context.now, deadline.seconds)),
            delegate: None,
            parent: None,
            suspended: None,
            renewals: 0,
            votes: Vec::new(),
        }
    }

    pub(super) fn vote(&mut self, decision: &Decision, outcome: VoteOutcome) -> Outcomes {
        let voter = self.caller()?.user;
        let (placed, holding) = self.to_vote(decision)?;
        let (at, task, is_subtask) = (placed.at, placed.task.id, placed.task.parent.is_some());
        if let Some(seen) = decision.seen.filter(|seen| *seen != self.request.content_revision) {
            return Err(Refusal::Content { seen, present: self.request.content_revision });
        }
        self.take_answers(at, decision, outcome)?;
        let vote = Vote {
            voter,
            represented: holding.represented,
            outcome,
            at: self.context.now,
            content_revision: self.request.content_revision,
            comment: decision.comment.clone(),
        };
        let state = self.voted_on(at, task, outcome);
        self.happen(RequestEvent::Voted { task, vote, state });
        match outcome {
            _ if is_subtask => Ok(()),
            VoteOutcome::Approve => {
                self.end_claims(at);
                self.pass(at)
            }
            VoteOutcome::Deny => {
                self.end(Outcome::Denied, decision.comment.clone());
                Ok(())
            }
        }
    }

    /// Whoever has voted can decide nothing more in the stage, so that what they have claimed there
    /// goes back to the others (decision 8).
    fn end_claims(&mut self, at: usize) {
        let Some(stage) = self.request.stages.get(at) else { return };
        let voices: BTreeSet<UserId> = decisive(stage).flat_map(|task| &task.votes).flat_map(voices).collect();
        let kept =
            |task: &&ApprovalTask| task.state.is_open() && task.acquired_by.is_some_and(|by| voices.contains(&by));
        let claimed: Vec<TaskId> = decisive(stage).filter(kept).map(|task| task.id).collect();
        for task in claimed {
            self.happen(RequestEvent::Released { task });
        }
    }

    fn to_vote(&self, decision: &Decision) -> Result<(Placed<'_>, Holding), Refusal> {
        let caller = self.caller()?;
        let request = &self.request;
        let found = find(request, decision.task, |placed| may_vote(request, placed, caller).map(|_| ()))?;
        let holding = may_vote(request, &found, caller)?;
        Ok((found, holding))
    }

    /// The voter's answers are content like any other (decision 9): who approved before them is
    /// asked again. Who denies ends the request, and nobody is.
    fn take_answers(&mut self, at: usize, decision: &Decision, outcome: VoteOutcome) -> Outcomes {
        if decision.answers.is_empty() {
            return Ok(());
        }
        let edit = Edit { answers: decision.answers.clone(), ..Edit::default() };
        if self.change_content(&edit, Editor::Approver)? && outcome == VoteOutcome::Approve {
            self.void_votes(at);
        }
        Ok(())
    }

    pub(super) fn void_votes(&mut self, at: usize) {
        let stage = self.request.stages.get(at);
        if stage.is_some_and(|stage| decisive(stage).any(|task| !task.votes.is_empty())) {
            self.happen(RequestEvent::VotesVoided { stage: at });
        }
    }

    /// The state of a task after a vote on it. A group's task stays open until the stage is over:
    /// others of the group vote on it too.
    fn voted_on(&self, at: usize, task: TaskId, outcome: VoteOutcome) -> TaskState {
        let stage = self.request.stages.get(at);
        let found = stage.and_then(|stage| stage.tasks.iter().find(|other| other.id == task).map(|task| (stage, task)));
        let closed = found.is_none_or(|(stage, task)| {
            let personal = !self.context.people.groups.contains(&task.assignee);
            task.parent.is_some() || outcome == VoteOutcome::Deny || (personal && closes(stage))
        });
        if closed { TaskState::Completed } else { TaskState::Assigned }
    }

    /// Goes on if the stage has what it needs.
    pub(super) fn pass(&mut self, at: usize) -> Outcomes {
        let Some(stage) = self.request.stages.get(at).filter(|stage| is_passed(stage)) else { return Ok(()) };
        let open: Vec<_> = stage.tasks.iter().filter(|task| task.state.is_open()).cloned().collect();
        self.end_tasks(&open);
        // An imported request may have stages that run side by side.
        if open_stage(&self.request).is_some() {
            return Ok(());
        }
        self.advance(false)
    }

    pub(super) fn end_tasks(&mut self, open: &[ApprovalTask]) {
        for task in open {
            self.happen(RequestEvent::TaskEnded { task: task.id, state: ending(task) });
        }
    }

    pub(super) fn recount(&mut self) {
        let Some((at, stage)) = open_stage(&self.request) else { return };
        let staffing = self.staffing(at, stage);
        let has = |principal| decisive(stage).any(|task| task.state.is_open() && task.assignee == principal);
        let missing = self.administrators().filter(|group| staffing != Staffing::Enough && !has(*group));
        // Help that was called stays called: the flag says that the administrators were added.
        let staffing = match (stage.staffing, staffing) {
            (Staffing::AdministratorsAdded | Staffing::NobodyEligible, Staffing::Enough) => {
                Staffing::AdministratorsAdded
            }
            (_, now) => now,
        };
        if missing.is_some() || staffing != stage.staffing {
            let tasks = missing.map(|group| self.new_task(stage, group)).into_iter().collect();
            self.happen(RequestEvent::Staffed { stage: at, tasks, staffing });
        }
    }
}
