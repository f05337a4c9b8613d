//! What must hold after every command, whatever it was. Every story of the tests is held to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::approval::{ApprovalTask, Stage, TaskState, Vote, VoteOutcome};
use crate::clock::Timestamp;
use crate::ids::{Revision, UserId};
use crate::lifecycle::table::TRANSITIONS;
use crate::lifecycle::{Command, Decided, RequestEvent, apply};
use crate::request::{Request, RequestStatus};

/// Everything that a command did to `before` at `now`.
pub(super) fn check(before: &Request, command: &Command, decided: &Decided, now: Timestamp) {
    in_the_table(before, command, &decided.after);
    if before.status().is_final() {
        assert!(decided.events.is_empty(), "a final request changed: {command:?}");
    }
    let mut replayed = before.clone();
    if !decided.events.is_empty() {
        // The commit moves the revision once, whatever happened.
        replayed.revision = replayed.revision.next();
    }
    for event in &decided.events {
        apply(&mut replayed, event, now);
        let faults = replayed.faults();
        assert!(faults.is_empty(), "{faults:?} after {event:?} of {command:?}");
        passed_stages_were_approved(event, &replayed, command);
        as_stored(event);
    }
    replayed.revision = decided.after.revision;
    assert_eq!(replayed, decided.after, "the events are not what happened: {command:?}");
    rests_well(before, &decided.after);
}

fn in_the_table(before: &Request, command: &Command, after: &Request) {
    let known = TRANSITIONS.iter().any(|transition| {
        transition.command == command.kind()
            && transition.from.contains(&before.status())
            && transition.to.contains(&after.status())
    });
    assert!(known, "{:?} from {:?} to {:?}", command.kind(), before.status(), after.status());
}

fn decisive(stage: &Stage) -> impl Iterator<Item = &ApprovalTask> {
    stage.tasks.iter().filter(|task| task.parent.is_none())
}

fn votes(stage: &Stage) -> impl Iterator<Item = &Vote> {
    decisive(stage).flat_map(|task| &task.votes)
}

/// The request as it lies in the database between two commands.
fn rests_well(before: &Request, request: &Request) {
    let open = request.stages.iter().flat_map(decisive).filter(|task| task.state.is_open()).count();
    if request.status() == RequestStatus::Pending {
        assert!(open > 0, "nothing is left to decide, and the request waits");
    } else {
        assert_eq!(request.tasks().filter(|task| task.state.is_open()).count(), 0);
    }
    let open_stages = |request: &Request| request.stages.iter().filter(|stage| stage.is_open()).count();
    assert!(open_stages(request) <= open_stages(before).max(1));
    for stage in &request.stages {
        one_voice_a_person(stage);
        nobody_for_themselves(request, stage);
        if stage.is_open() {
            let present = request.content_revision;
            assert!(votes(stage).all(|vote| vote.content_revision == present), "a vote on other content counts");
        }
    }
}

fn one_voice_a_person(stage: &Stage) {
    let voices: Vec<UserId> = votes(stage).flat_map(|vote| [Some(vote.voter), vote.represented]).flatten().collect();
    let different: BTreeSet<_> = voices.iter().collect();
    assert_eq!(different.len(), voices.len(), "somebody counts twice");
}

fn nobody_for_themselves(request: &Request, stage: &Stage) {
    let own = |user: UserId| user == request.originator || request.beneficiaries().contains(&user);
    let of_own = stage.votes().filter(|vote| own(vote.voter) || vote.represented.is_some_and(own)).count();
    assert!(stage.own_approval || of_own == 0, "somebody decided what is their own");
}

/// No stage is passed by votes that are not there; a skipped task stands in for them.
fn passed_stages_were_approved(event: &RequestEvent, request: &Request, command: &Command) {
    let passed = match event {
        RequestEvent::StageBegun { stage, .. } => stage.checked_sub(1),
        RequestEvent::Approved { .. } => request.stages.len().checked_sub(1),
        _ => None,
    };
    let Some(stage) = passed.map(|at| &request.stages[at]) else { return };
    let approved = votes(stage).filter(|vote| vote.outcome == VoteOutcome::Approve).count();
    let skipped = decisive(stage).any(|task| task.state == TaskState::Completed && task.votes.is_empty());
    let by_skipping = skipped || matches!(command, Command::Skip { .. });
    assert!(by_skipping || approved >= usize::from(stage.quorum), "passed by {approved}: {stage:?}");
}

/// An event reads back as it was, in both orders in which its members can stand.
fn as_stored(event: &RequestEvent) {
    let written = serde_json::to_value(event).unwrap();
    let members: BTreeSet<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["data", "kind"]), "{written}");
    assert_eq!(written["kind"], event.kind().name());
    assert_eq!(written["data"], event.data());
    assert!(event.data().is_object());
    let stored: Value = json!({"data": event.data(), "kind": event.kind()});
    let placed: Value = json!({"data": event.data_at(Revision(7)), "kind": event.kind()});
    for value in [written, stored, placed] {
        assert_eq!(serde_json::from_value::<RequestEvent>(value.clone()).unwrap(), *event, "{value}");
        assert_eq!(serde_json::from_str::<RequestEvent>(&value.to_string()).unwrap(), *event, "{value}");
    }
}
