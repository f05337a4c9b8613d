//! Every command by everybody.

use super::cast::*;
use super::grid::{ready, sample};
use crate::lifecycle::{Command, CommandKind};
use crate::request::{CertificateRequest, Request, RequestStatus};

use CommandKind as C;
use RequestStatus as S;

const WORKER: By = By::Worker;
const FULFILLER: By = By::Fulfiller;

const fn who(id: u128) -> By {
    By::User(id)
}

/// Ben is left out: he is in Ann's group, and the tasks of these tests are Ann's own or the group's.
fn cast() -> Vec<By> {
    let people = EVERYBODY.iter().filter(|id| **id != BEN && **id != CAT).map(|id| By::User(*id));
    people.chain([WORKER, FULFILLER]).collect()
}

/// Everybody in `allowed` may give `command` to the request that `story` makes; for everybody else it
/// is not allowed, which is another answer than that the request is in the wrong state.
fn only(allowed: &[By], command: &Command, story: impl Fn() -> Story) {
    for by in cast() {
        let result = story().does(by, command.clone());
        if allowed.contains(&by) {
            assert!(result.is_ok(), "{command:?} by {by:?}: {result:?}");
        } else {
            assert!(is_not_allowed(&result), "{command:?} by {by:?}: {result:?}");
        }
    }
}

fn only_at(allowed: &[By], kind: CommandKind, status: RequestStatus, like: impl Fn() -> Request) {
    only(allowed, &sample(kind).1, || ready(status, kind, like()));
}

/// A request whose one task is Ann's own, or one that fits the command better.
fn with_a_task(kind: CommandKind) -> Story {
    match kind {
        C::Claim | C::Release => ready(S::Pending, kind, access()),
        C::Resume => {
            let mut story = Story::pending(1, &[ANN]);
            story.user(ANN, sample(C::Suspend).1).unwrap();
            story
        }
        _ => Story::pending(1, &[ANN]),
    }
}

#[test]
fn tasks_are_for_those_who_hold_them() {
    let holder: &[By] = &[who(ANN), who(PROXY)];
    let holder_or_administrator: &[By] = &[who(ANN), who(PROXY), who(ADMIN)];
    for (kind, allowed) in [
        (C::Approve, holder),
        (C::Reject, holder),
        (C::Delegate, holder),
        (C::Save, holder),
        (C::CreateSubtask, holder),
        (C::Claim, &[who(ANN)]),
        (C::Release, &[who(ANN), who(PROXY), who(ADMIN), WORKER]),
        (C::Reassign, &[who(ANN), who(PROXY), who(MANAGER), who(ADMIN), WORKER]),
        (C::Escalate, holder_or_administrator),
        (C::Suspend, holder_or_administrator),
        (C::Resume, holder_or_administrator),
        (C::Skip, &[who(ADMIN)]),
    ] {
        only(allowed, &sample(kind).1, || with_a_task(kind));
    }
}

#[test]
fn requests_are_for_those_whom_they_concern() {
    only_at(&[who(ORIGINATOR)], C::Submit, S::Draft, access);
    only_at(&[who(ORIGINATOR)], C::Edit, S::Draft, access);
    only_at(&[who(ORIGINATOR)], C::Edit, S::Pending, access);
    for status in [S::Draft, S::Pending] {
        only_at(&[who(ORIGINATOR), who(ADMIN)], C::Withdraw, status, access);
    }
    only_at(&[who(ADMIN)], C::Close, S::Pending, access);
    only_at(&[who(ADMIN)], C::Close, S::Executing, certificate);
    for status in [S::Pending, S::Approved, S::Executing] {
        only_at(&[who(ORIGINATOR), who(TARGET), who(ADMIN)], C::Cancel, status, certificate);
    }
}

#[test]
fn certificate_requests_are_executed_by_the_target_or_by_agents() {
    let by_agents = || certificate_of(CertificateRequest { agent_required: true, ..certificate_details() });
    for status in [S::Approved, S::Executing] {
        for kind in [C::Begin, C::Bind, C::Complete] {
            only_at(&[who(TARGET), WORKER, FULFILLER], kind, status, certificate);
            only_at(&[who(AGENT), WORKER, FULFILLER], kind, status, by_agents);
        }
        only_at(&[who(TARGET), who(ORIGINATOR), WORKER, FULFILLER], C::Abandon, status, certificate);
        only_at(&[who(AGENT), who(ORIGINATOR), WORKER, FULFILLER], C::Abandon, status, by_agents);
    }
    only_at(&[who(AGENT), WORKER, FULFILLER], C::Complete, S::Completed, by_agents);
}

#[test]
fn access_requests_are_carried_out_by_fulfillers_and_administrators() {
    for kind in [C::Complete, C::Fail, C::Stumble] {
        only_at(&[who(ADMIN), WORKER, FULFILLER], kind, S::Executing, access);
    }
    only_at(&[who(ADMIN)], C::Retry, S::Executing, access);
}

#[test]
fn what_is_for_certificates_alone_is_for_nobody_on_an_access_request() {
    for kind in [C::Cancel, C::Abandon, C::Begin, C::Bind] {
        only_at(&[], kind, S::Executing, access);
    }
}

#[test]
fn the_clock_is_the_workers() {
    only_at(&[WORKER], C::Wake, S::Pending, access);
    only_at(&[WORKER], C::Wake, S::Scheduled, access);
    only_at(&[WORKER], C::Recount, S::Pending, access);
    only_at(&[WORKER], C::DependencyEnded, S::AwaitingDependency, access);
    only_at(&[WORKER], C::ChildrenEnded, S::AwaitingChildren, bulk);
}

#[test]
fn holding_a_task_of_ones_own_request_gives_nothing() {
    // Ann asks, and her group approves: she may not decide, nor choose who does.
    let asked_by_ann = || Request { originator: user(ANN), stages: vec![stage(1, &[APPROVERS])], ..access() };
    for kind in
        [C::Approve, C::Reject, C::Claim, C::Reassign, C::Delegate, C::Escalate, C::Suspend, C::Save, C::CreateSubtask]
    {
        let mut story = Story::submitted(asked_by_ann());
        let command = sample(kind).1;
        assert!(is_not_allowed(&story.user(ANN, command.clone())), "{kind:?}");
        assert!(story.user(BEN, command).is_ok(), "{kind:?}");
    }
    // Nor does an administrator skip the approval of an own request.
    let asked_by_admin = Request { originator: user(ADMIN), stages: vec![stage(1, &[APPROVERS])], ..access() };
    assert!(is_not_allowed(&Story::submitted(asked_by_admin).user(ADMIN, sample(C::Skip).1)));
}
