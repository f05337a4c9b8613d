//! Votes: who has one, what they add up to.

use super::cast::*;
use crate::approval::{Stage, TaskState};
use crate::lifecycle::{Command, Refusal, TaskRef, approvals};
use crate::request::{Request, RequestStatus};

use RequestStatus as S;

#[test]
fn two_of_one_group_make_a_quorum_of_two() {
    let mut story = Story::pending(2, &[APPROVERS]);
    assert_eq!(kinds(&story.user(ANN, approve()).unwrap()), ["voted"]);
    assert_eq!((story.status(), story.task(0, 0).state), (S::Pending, TaskState::Assigned));
    assert!(is_state(&story.user(ANN, approve())), "the same person twice");
    assert_eq!(approvals(&story.request.stages[0]), 1);
    let events = story.user(BEN, approve()).unwrap();
    assert_eq!(kinds(&events), ["voted", "taskEnded", "approved", "begun", "ended"]);
    assert_eq!(story.status(), S::Completed);
    assert_eq!(story.task(0, 0).state, TaskState::Completed);
}

#[test]
fn a_person_has_one_vote_however_many_tasks() {
    // Ann is asked alone and with her group.
    let mut story = Story::pending(2, &[ANN, APPROVERS]);
    story.user(ANN, approve_task(story.id(0, 0))).unwrap();
    let again = approve_task(story.id(0, 1));
    assert!(is_state(&story.user(ANN, again)));
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_vote_ends_every_claim_of_the_voter_in_the_stage() {
    let mut story = Story::pending(2, &[ANN, APPROVERS]);
    let (own, group) = (story.id(0, 0), story.id(0, 1));
    story.user(ANN, Command::Claim { task: group }).unwrap();
    assert_eq!(kinds(&story.user(ANN, approve_task(own)).unwrap()), ["voted", "released"]);
    // Otherwise nobody could decide it: Ann has voted, and the others had lost it to her.
    story.user(BEN, approve_task(group)).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_proxy_votes_once_for_each_of_both() {
    let mut story = Story::pending(2, &[ANN, PROXY, APPROVERS]);
    let (ann, proxy, group) = (story.id(0, 0), story.id(0, 1), story.id(0, 2));
    story.user(PROXY, approve_task(ann)).unwrap();
    let vote = &story.task(0, 0).votes[0];
    assert_eq!((vote.voter, vote.represented), (user(PROXY), Some(user(ANN))));
    assert!(is_state(&story.user(PROXY, approve_task(proxy))), "has acted already");
    assert!(is_state(&story.user(ANN, approve_task(group))), "was represented already");
    assert_eq!(approvals(&story.request.stages[0]), 1);
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn an_own_vote_comes_before_one_as_proxy() {
    let mut story = Story::pending(3, &[ANN, PROXY, BEN]);
    story.user(PROXY, approve_task(story.id(0, 2))).unwrap();
    assert_eq!(story.task(0, 2).votes[0].represented, None);
    let for_ann = approve_task(story.id(0, 0));
    assert!(is_state(&story.user(PROXY, for_ann)), "one person, one vote, in whosever place");
    story.user(ANN, approve()).unwrap();
}

#[test]
fn a_proxy_does_not_decide_what_is_the_proxys_own() {
    for (originator, expected) in [(PROXY, false), (ANN, false), (ORIGINATOR, true)] {
        let stages = vec![stage(1, &[ANN, BEN])];
        let mut story = Story::submitted(Request { originator: user(originator), stages, ..access() });
        let result = story.user(PROXY, approve());
        assert_eq!(result.is_ok(), expected, "asked by {originator}: {result:?}");
        assert_eq!(is_not_allowed(&result), !expected);
    }
}

#[test]
fn nobody_decides_what_is_their_own_unless_the_stage_says_so() {
    let open = |own_approval| Request {
        originator: user(ANN),
        stages: vec![Stage { own_approval, ..stage(1, &[ANN, TARGET, BEN]) }],
        ..access()
    };
    for own in [ANN, TARGET] {
        assert!(is_not_allowed(&Story::submitted(open(false)).user(own, approve())), "{own}");
        assert!(is_not_allowed(&Story::submitted(open(false)).user(own, reject())), "{own}");
        assert!(Story::submitted(open(true)).user(own, approve()).is_ok(), "{own}");
    }
    // Every beneficiary of a request for several.
    let request = Request { stages: vec![stage(1, &[TARGET, STRANGER, BEN])], ..bulk() };
    assert!(is_not_allowed(&Story::submitted(request.clone()).user(STRANGER, approve())));
    assert!(is_not_allowed(&Story::submitted(request).user(TARGET, approve())));
}

#[test]
fn one_denial_ends_everything() {
    let mut story = Story::pending(2, &[APPROVERS, MANAGER]);
    story.user(ANN, approve()).unwrap();
    let mut command = decision();
    command.comment = Some("not needed".to_owned());
    let events = story.user(MANAGER, Command::Reject(command)).unwrap();
    assert_eq!(kinds(&events), ["voted", "taskEnded", "ended"]);
    assert_eq!(story.status(), S::Denied);
    assert_eq!(story.request.failure.as_deref(), Some("not needed"));
    assert_eq!([0, 1].map(|at| story.task(0, at).state), [TaskState::Completed, TaskState::Completed]);
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(BEN, reject()).unwrap();
    assert_eq!([0, 1].map(|at| story.task(0, at).state), [TaskState::Withdrawn, TaskState::Completed]);
    assert!(is_state(&story.user(ANN, approve())));
}

#[test]
fn stages_come_one_after_the_other() {
    let stages = vec![stage(1, &[ANN]), stage(2, &[APPROVERS])];
    let mut story = Story::submitted(Request { stages, ..certificate() });
    assert!(story.request.stages[1].tasks.is_empty(), "nobody is asked before their time");
    assert!(is_not_allowed(&story.user(BEN, approve())));
    assert_eq!(kinds(&story.user(ANN, approve()).unwrap()), ["voted", "stageBegun"]);
    assert_eq!(story.status(), S::Pending);
    // A vote in one stage is none in another.
    story.user(ANN, approve()).unwrap();
    let events = story.user(CAT, approve()).unwrap();
    assert_eq!(kinds(&events), ["voted", "taskEnded", "approved"]);
    assert_eq!(story.status(), S::Approved);
    assert_eq!(story.request.wakes(), None);
}

#[test]
fn without_a_task_the_first_that_one_can_decide_is_meant() {
    let mut story = Story::pending(2, &[ANN, BEN, APPROVERS]);
    assert_eq!(kinds(&story.user(BEN, approve()).unwrap()), ["voted"]);
    assert_eq!([0, 1, 2].map(|at| story.task(0, at).votes.len()), [0, 1, 0]);
    // The oldest, wherever it stands.
    let mut imported = Story::pending(2, &[ANN, BEN, APPROVERS]);
    imported.request.stages[0].tasks[0].created = at(5);
    imported.user(ANN, approve()).unwrap();
    assert_eq!([0, 1, 2].map(|task| imported.task(0, task).votes.len()), [0, 0, 1]);
    let unknown = approve_task(TaskRef::Id(uuid::Uuid::from_u128(5).into()));
    assert_eq!(story.user(CAT, unknown), Err(Refusal::NoTask));
}

#[test]
fn a_task_that_is_over_is_no_longer_decided() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, approve()).unwrap();
    let over = approve_task(story.id(0, 0));
    assert!(is_state(&story.user(ANN, over.clone())));
    assert!(is_not_allowed(&story.user(STRANGER, over)));
}

#[test]
fn handing_a_groups_task_to_oneself_does_not_lower_the_quorum() {
    let mut story = Story::pending(2, &[APPROVERS]);
    let task = TaskRef::First;
    story.user(ANN, Command::Reassign { task, to: principals(&[ANN]), comment: None }).unwrap();
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Pending);
    assert_eq!(story.task(0, 0).state, TaskState::Assigned, "the last task stays open until there are enough");
    // Who may help is counted anew, and the administrators are called.
    assert_eq!(kinds(&story.worker(Command::Recount).unwrap()), ["staffed"]);
    story.user(ADMIN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn stages_that_were_imported_side_by_side_are_all_decided() {
    let mut story = Story::pending(1, &[ANN]);
    let mut other = Story::pending(1, &[BEN]).request.stages.remove(0);
    other.tasks[0].id = uuid::Uuid::from_u128(77).into();
    story.request.stages.push(other);
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Pending);
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn what_was_imported_with_two_votes_of_one_person_counts_one() {
    let mut story = Story::pending(2, &[ANN, BEN, CAT]);
    story.user(ANN, approve()).unwrap();
    let vote = story.request.stages[0].tasks[0].votes[0].clone();
    story.request.stages[0].tasks[1].votes.push(vote);
    assert_eq!(approvals(&story.request.stages[0]), 1);
}
