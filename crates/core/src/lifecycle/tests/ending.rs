//! Taking back, closing, giving up.

use super::cast::*;
use crate::approval::TaskState;
use crate::catalog::FulfilmentMethod;
use crate::lifecycle::Command;
use crate::request::{Request, RequestState, RequestStatus};

use RequestStatus as S;

fn because(reason: &str) -> Option<String> {
    Some(reason.to_owned())
}

#[test]
fn a_request_is_withdrawn_while_its_approval_is_open() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, approve()).unwrap();
    let events = story.user(ORIGINATOR, Command::Withdraw { reason: because("not needed any more") }).unwrap();
    assert_eq!(kinds(&events), ["taskEnded", "ended"]);
    assert_eq!(story.status(), S::Canceled);
    assert_eq!([0, 1].map(|task| story.task(0, task).state), [TaskState::Completed, TaskState::Withdrawn]);
    assert_eq!(story.request.failure.as_deref(), Some("not needed any more"));
    assert!(is_state(&story.user(BEN, approve())));
}

#[test]
fn whom_it_is_for_may_look_and_no_more() {
    let mut story = Story::pending(1, &[ANN]);
    assert!(is_not_allowed(&story.user(TARGET, Command::Withdraw { reason: None })));
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN])], ..certificate() });
    assert!(is_not_allowed(&story.user(TARGET, Command::Withdraw { reason: None })));
    story.user(TARGET, Command::Cancel { reason: None }).unwrap();
    assert_eq!(story.status(), S::Canceled, "but a certificate request is canceled by its target");
}

#[test]
fn a_draft_is_thrown_away() {
    let mut story = Story::of(Request { state: RequestState::Draft, ..access() });
    assert_eq!(kinds(&story.user(ORIGINATOR, Command::Withdraw { reason: None }).unwrap()), ["ended"]);
    assert_eq!(story.status(), S::Canceled);
}

#[test]
fn what_is_being_carried_out_is_canceled_but_not_withdrawn() {
    for executing in [false, true] {
        let mut story = Story::submitted(certificate());
        if executing {
            story.user(TARGET, Command::Begin).unwrap();
        }
        assert!(is_state(&story.user(ORIGINATOR, Command::Withdraw { reason: None })));
        story.user(ORIGINATOR, Command::Cancel { reason: None }).unwrap();
        assert_eq!(story.status(), S::Canceled);
    }
}

#[test]
fn an_access_request_is_withdrawn_and_never_canceled() {
    let mut story = Story::pending(1, &[ANN]);
    for by in [ORIGINATOR, ADMIN] {
        assert!(is_not_allowed(&story.user(by, Command::Cancel { reason: None })));
    }
}

#[test]
fn an_administrator_closes_whatever_is_not_over() {
    let mut waiting = Story::of(Request { depends_on: Some(uuid::Uuid::from_u128(902).into()), ..access() });
    waiting.worker(Command::Submit { stages: Vec::new() }).unwrap();
    let mut executing = Story::within(World { fulfilment: FulfilmentMethod::Manual, ..World::new() }, access());
    executing.worker(Command::Submit { stages: Vec::new() }).unwrap();
    for (mut story, from) in [
        (Story::pending(1, &[ANN]), S::Pending),
        (Story::submitted(bulk()), S::AwaitingChildren),
        (Story::submitted(certificate()), S::Approved),
        (waiting, S::AwaitingDependency),
        (executing, S::Executing),
    ] {
        assert_eq!(story.status(), from);
        story.user(ADMIN, Command::Close { reason: because("tidying up") }).unwrap();
        assert_eq!((story.status(), story.request.failure.as_deref()), (S::Closed, Some("tidying up")));
        assert!(is_state(&story.user(ADMIN, Command::Close { reason: None })));
    }
}

#[test]
fn what_was_abandoned_has_failed_with_a_reason() {
    for (reason, expected) in [(None, "abandoned"), (because("card was lost"), "card was lost")] {
        let mut story = Story::submitted(certificate());
        story.user(ORIGINATOR, Command::Abandon { reason: reason.clone() }).unwrap();
        assert_eq!((story.status(), story.request.failure.as_deref()), (S::Failed, Some(expected)));
        assert!(is_state(&story.user(ORIGINATOR, Command::Abandon { reason })), "a second time");
    }
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN])], ..certificate() });
    assert!(is_state(&story.user(ORIGINATOR, Command::Abandon { reason: None })), "not before it is approved");
}
