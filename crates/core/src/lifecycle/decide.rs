//! What a command does: the one door to it, who acts, and how a request ends.

use super::apply::apply;
use super::command::Command;
use super::context::{Actor, Context};
use super::event::RequestEvent;
use super::refusal::Refusal;
use super::rollup::roll_up;
use super::table;
use crate::approval::{ApprovalTask, Stage, VoteOutcome, stage_faults};
use crate::directory::Caller;
use crate::request::{CertificateRequest, Outcome, Request, RequestStatus};

/// What a command does to a request. No event: nothing, for it is so already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What happened, in order.
    pub events: Vec<RequestEvent>,
    /// The request after that. Its revision is the one that it was decided on.
    pub after: Request,
}

/// What `command` does to `request`, or why it does nothing.
pub fn decide(request: &Request, command: &Command, context: &Context<'_>) -> Result<Decided, Refusal> {
    if !table::allows(request.status(), command.kind()) {
        return Err(Refusal::State { status: request.status(), reason: "the command means nothing in this state" });
    }
    let mut course = Course { request: request.clone(), events: Vec::new(), context };
    course.run(command)?;
    Ok(Decided { events: course.events, after: course.request })
}

/// A decision under way: each event is applied as it happens.
pub(super) struct Course<'a> {
    pub(super) request: Request,
    events: Vec<RequestEvent>,
    pub(super) context: &'a Context<'a>,
}

pub(super) type Outcomes = Result<(), Refusal>;

impl Course<'_> {
    pub(super) fn happen(&mut self, event: RequestEvent) {
        apply(&mut self.request, &event, self.context.now);
        self.events.push(event);
    }

    fn run(&mut self, command: &Command) -> Outcomes {
        match command {
            Command::Submit { stages } => self.submit(stages),
            Command::Edit(edit) => self.edit(edit),
            Command::Approve(decision) => self.vote(decision, VoteOutcome::Approve),
            Command::Reject(decision) => self.vote(decision, VoteOutcome::Deny),
            Command::Withdraw { reason } => self.withdraw(reason.clone()),
            Command::Cancel { reason } => self.cancel(reason.clone()),
            Command::Close { reason } => self.close(reason.clone()),
            Command::Abandon { .. }
            | Command::Begin
            | Command::Bind { .. }
            | Command::Complete
            | Command::Fail { .. }
            | Command::Stumble { .. }
            | Command::Retry => self.execute(command),
            Command::Wake | Command::DependencyEnded | Command::ChildrenEnded { .. } | Command::Recount => {
                self.work(command)
            }
            of_task => self.on_task(of_task),
        }
    }

    /// What the worker does.
    fn work(&mut self, command: &Command) -> Outcomes {
        if !matches!(self.context.actor, Actor::Worker) {
            return Err(Refusal::NotAllowed("only the worker does that"));
        }
        match command {
            Command::Wake => self.wake(),
            Command::DependencyEnded => self.go_on(),
            Command::ChildrenEnded { ended } => self.end(roll_up(ended), None),
            _ => self.recount(),
        }
        Ok(())
    }

    // Who acts.

    pub(super) fn caller(&self) -> Result<&'_ Caller, Refusal> {
        match self.context.actor {
            Actor::Person(caller) => Ok(caller),
            Actor::Worker | Actor::Fulfiller => Err(Refusal::NotAllowed("only a person decides that")),
        }
    }

    pub(super) fn is_administrator(&self) -> bool {
        self.context.people.is_administrator(&self.context.actor)
    }

    pub(super) fn only_administrator(&self, reason: &'static str) -> Outcomes {
        if self.is_administrator() { Ok(()) } else { Err(Refusal::NotAllowed(reason)) }
    }

    pub(super) fn is_originator(&self) -> bool {
        self.context.actor.user() == Some(self.request.originator)
    }

    pub(super) fn only_originator(&self, reason: &'static str) -> Outcomes {
        if self.is_originator() { Ok(()) } else { Err(Refusal::NotAllowed(reason)) }
    }

    pub(super) fn only_certificate(&self, reason: &'static str) -> Result<&CertificateRequest, Refusal> {
        self.request.certificate().ok_or(Refusal::NotAllowed(reason))
    }

    pub(super) const fn refuse(&self, reason: &'static str) -> Refusal {
        Refusal::State { status: self.request.status(), reason }
    }

    // Beginning and ending.

    fn submit(&mut self, stages: &[Stage]) -> Outcomes {
        if self.request.status() == RequestStatus::Draft {
            self.only_originator("only whoever made the draft submits it")?;
            self.happen(RequestEvent::Submitted { stages: stages.to_vec() });
        }
        if let Some(fault) = stage_faults(&self.request.stages).into_iter().next() {
            return Err(Refusal::Invalid(fault));
        }
        self.advance(true)
    }

    fn withdraw(&mut self, reason: Option<String>) -> Outcomes {
        if !self.is_administrator() {
            self.only_originator("only whoever asked, and administrators, take a request back")?;
        }
        self.end(Outcome::Canceled, reason);
        Ok(())
    }

    fn cancel(&mut self, reason: Option<String>) -> Outcomes {
        let target =
            self.only_certificate("only a certificate request is canceled; an access request is withdrawn")?.target;
        let own = self.is_originator() || self.context.actor.user() == Some(target);
        if !own && !self.is_administrator() {
            return Err(Refusal::NotAllowed("only whoever asked, whoever it is for, and administrators cancel it"));
        }
        self.end(Outcome::Canceled, reason);
        Ok(())
    }

    fn close(&mut self, reason: Option<String>) -> Outcomes {
        self.only_administrator("only administrators close a request")?;
        self.end(Outcome::Closed, reason);
        Ok(())
    }

    pub(super) fn end(&mut self, outcome: Outcome, reason: Option<String>) {
        let open: Vec<ApprovalTask> = self.request.tasks().filter(|task| task.state.is_open()).cloned().collect();
        self.end_tasks(&open);
        // A clock that was set back does not end a request before it began.
        let at = self.context.now.max(self.request.created);
        self.happen(RequestEvent::Ended { outcome, at, reason });
    }
}
