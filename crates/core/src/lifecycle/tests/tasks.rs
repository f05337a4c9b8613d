//! What is done with tasks besides deciding them.

use super::cast::*;
use crate::approval::TaskState;
use crate::lifecycle::{Command, Edit, Refusal, RequestEvent, TaskRef};
use crate::request::RequestStatus;

use RequestStatus as S;

const FIRST: TaskRef = TaskRef::First;

fn claim() -> Command {
    Command::Claim { task: FIRST }
}

fn release() -> Command {
    Command::Release { task: FIRST }
}

fn reassign(to: &[u128]) -> Command {
    Command::Reassign { task: FIRST, to: principals(to), comment: None }
}

fn delegate(to: &[u128]) -> Command {
    Command::Delegate { task: FIRST, to: principals(to), comment: None }
}

fn subtask(to: &[u128]) -> Command {
    Command::CreateSubtask { task: FIRST, to: principals(to), comment: None }
}

fn skip(task: TaskRef) -> Command {
    Command::Skip { task, comment: None }
}

fn suspend() -> Command {
    Command::Suspend { task: FIRST, comment: None }
}

#[test]
fn a_claimed_task_is_the_claimers_until_it_is_released() {
    let mut story = Story::pending(1, &[APPROVERS]);
    story.user(ANN, claim()).unwrap();
    assert_eq!(story.task(0, 0).acquired_by, Some(user(ANN)));
    assert_eq!(story.user(ANN, claim()).unwrap(), [], "claimed already");
    for command in [claim(), approve(), reject(), release(), delegate(&[CAT])] {
        assert!(is_state(&story.user(BEN, command.clone())), "{command:?}");
    }
    assert!(is_not_allowed(&story.user(STRANGER, approve())));
    story.user(ANN, release()).unwrap();
    assert!(is_state(&story.user(ANN, release())), "nobody has claimed it");
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_claim_ends_with_the_claimers_vote() {
    let mut story = Story::pending(2, &[APPROVERS]);
    story.user(ANN, claim()).unwrap();
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.task(0, 0).acquired_by, None);
    story.user(BEN, claim()).unwrap();
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn only_what_several_hold_is_claimed() {
    assert!(is_state(&Story::pending(1, &[ANN]).user(ANN, claim())));
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, delegate(&[BEN])).unwrap();
    story.user(BEN, claim()).unwrap();
    assert!(is_state(&story.user(ANN, approve())));
    assert!(is_state(&story.user(PROXY, approve())), "somebody else has claimed what Ann's proxy could decide");
}

#[test]
fn a_proxys_claim_is_in_the_name_of_whom_it_is_for() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, delegate(&[CAT])).unwrap();
    story.user(PROXY, claim()).unwrap();
    assert_eq!(story.task(0, 0).acquired_by, Some(user(ANN)));
    assert_eq!(story.user(PROXY, claim()).unwrap(), []);
    story.user(PROXY, approve()).unwrap();
    assert_eq!(story.task(0, 0).votes[0].represented, Some(user(ANN)));
}

#[test]
fn a_task_is_reassigned_to_one_or_several() {
    let mut story = Story::pending(2, &[APPROVERS]);
    story.user(ANN, claim()).unwrap();
    story.user(ANN, reassign(&[STRANGER, MANAGER])).unwrap();
    let holders: Vec<_> = story.request.tasks().map(|task| (task.assignee, task.acquired_by)).collect();
    assert_eq!(holders, [(principal(STRANGER), None), (principal(MANAGER), None)]);
    assert!(is_not_allowed(&story.user(ANN, approve())), "who gave it away has lost it");
    story.user(STRANGER, approve()).unwrap();
    story.user(MANAGER, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_task_goes_to_nobody_who_may_not_decide_it() {
    let mut story = Story::pending(3, &[ANN, BEN, CAT]);
    story.user(BEN, approve()).unwrap();
    for to in [&[][..], &[ORIGINATOR], &[TARGET], &[BEN], &[STRANGER, STRANGER], &[STRANGER, TARGET]] {
        for command in [reassign(to), subtask(to), delegate(to)] {
            assert!(is_invalid(&story.user(ANN, command.clone()), "assignees"), "{command:?}");
        }
    }
    assert!(is_invalid(&story.user(ANN, delegate(&[STRANGER, MANAGER])), "assignees"), "one delegate");
}

#[test]
fn a_manager_takes_a_task_from_a_report_who_claimed_it() {
    let mut story = Story::pending(1, &[APPROVERS]);
    assert!(is_not_allowed(&story.user(MANAGER, reassign(&[MANAGER]))), "the group has no manager");
    story.user(ANN, claim()).unwrap();
    story.user(MANAGER, reassign(&[MANAGER])).unwrap();
    story.user(MANAGER, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_delegate_decides_beside_the_one_who_delegated() {
    for voter in [ANN, STRANGER] {
        let mut story = Story::pending(1, &[ANN]);
        story.user(ANN, delegate(&[STRANGER])).unwrap();
        story.user(voter, approve()).unwrap();
        assert_eq!(story.status(), S::Completed, "{voter}");
    }
    // A claim would shut the delegate out.
    let mut story = Story::pending(1, &[APPROVERS]);
    story.user(ANN, claim()).unwrap();
    story.user(ANN, delegate(&[STRANGER])).unwrap();
    story.user(STRANGER, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_task_is_escalated_to_the_manager_then_to_the_administrators() {
    let escalate = || Command::Escalate { task: FIRST, comment: Some("too large for me".to_owned()) };
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, escalate()).unwrap();
    assert_eq!(story.task(0, 0).assignee, principal(MANAGER));
    assert!(is_not_allowed(&story.user(ANN, approve())));
    story.user(MANAGER, escalate()).unwrap();
    assert_eq!(story.task(0, 0).assignee, principal(ADMINISTRATORS));
    assert!(is_state(&story.user(ADMIN, escalate())), "there is nobody above");
    // Cat's manager is whoever asks, and may not decide.
    let mut story = Story::pending(1, &[CAT]);
    story.user(CAT, escalate()).unwrap();
    assert_eq!(story.task(0, 0).assignee, principal(ADMINISTRATORS));
    // A claimed task goes to the claimer's manager.
    let mut story = Story::pending(1, &[APPROVERS]);
    story.user(BEN, claim()).unwrap();
    story.user(BEN, escalate()).unwrap();
    assert_eq!((story.task(0, 0).assignee, story.task(0, 0).acquired_by), (principal(MANAGER), None));
}

#[test]
fn what_is_put_aside_waits_until_it_is_taken_up() {
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, suspend()).unwrap();
    for command in [approve(), reject(), suspend(), delegate(&[BEN]), subtask(&[BEN])] {
        assert!(is_state(&story.user(ANN, command.clone())), "{command:?}");
    }
    assert!(is_state(&story.user(ADMIN, skip(FIRST))));
    story.user(ANN, Command::Resume { task: FIRST, comment: None }).unwrap();
    assert!(is_state(&story.user(ANN, Command::Resume { task: FIRST, comment: None })));
    story.user(ANN, approve()).unwrap();
}

#[test]
fn what_is_put_aside_can_be_taken_over() {
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, suspend()).unwrap();
    story.worker(reassign(&[MANAGER])).unwrap();
    story.user(MANAGER, Command::Resume { task: FIRST, comment: None }).unwrap();
    story.user(MANAGER, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn states_that_only_imports_have_lead_back_to_a_decision() {
    for state in [TaskState::Suspended, TaskState::Alerted, TaskState::InformationRequired] {
        let mut story = Story::pending(1, &[ANN]);
        story.request.stages[0].tasks[0].state = state;
        assert!(is_state(&story.user(ANN, approve())), "{state:?}");
        story.user(ANN, Command::Resume { task: FIRST, comment: None }).unwrap();
        story.user(ANN, approve()).unwrap();
        assert_eq!(story.status(), S::Completed);
    }
}

#[test]
fn a_task_waits_for_its_subtasks_and_takes_them_as_advice() {
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, subtask(&[BEN, APPROVERS])).unwrap();
    assert!(is_state(&story.user(ANN, approve_task(story.id(0, 0)))));
    let (to_ben, to_group) = (story.id(0, 1), story.id(0, 2));
    assert_eq!(
        kinds(&story.user(BEN, Command::Reject(crate::lifecycle::Decision { task: to_ben, ..decision() })).unwrap()),
        ["voted"]
    );
    assert_eq!(story.status(), S::Pending, "advice against it is no denial");
    assert!(is_state(&story.user(ANN, approve_task(story.id(0, 0)))), "the group has not answered");
    // Ben may say more than one thing: none of them counts.
    story.user(BEN, approve_task(to_group)).unwrap();
    story.user(ANN, approve_task(story.id(0, 0))).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn who_gave_advice_may_still_vote() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, subtask(&[BEN])).unwrap();
    story.user(BEN, approve_task(story.id(0, 2))).unwrap();
    story.user(BEN, approve_task(story.id(0, 1))).unwrap();
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn subtasks_end_with_what_waits_for_them() {
    let mut story = Story::pending(2, &[ANN, BEN, CAT]);
    story.user(ANN, subtask(&[STRANGER])).unwrap();
    story.user(STRANGER, subtask(&[MANAGER])).unwrap();
    let events = story.user(ADMIN, skip(story.id(0, 0))).unwrap();
    assert_eq!(kinds(&events), ["skipped", "taskEnded", "taskEnded"]);
    assert!(is_state(&story.user(STRANGER, approve())));
    let mut story = Story::pending(1, &[ANN, BEN]);
    story.user(ANN, subtask(&[STRANGER])).unwrap();
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
    assert_eq!(
        [0, 1, 2].map(|at| story.task(0, at).state),
        [TaskState::Withdrawn, TaskState::Completed, TaskState::Withdrawn]
    );
}

#[test]
fn a_skipped_task_counts_as_decided() {
    let mut story = Story::pending(2, &[APPROVERS]);
    assert_eq!(kinds(&story.user(ADMIN, skip(FIRST)).unwrap()), ["skipped", "approved", "begun", "ended"]);
    // One of two: the other still decides, before or after.
    for before in [true, false] {
        let mut story = Story::pending(2, &[ANN, BEN]);
        if before {
            story.user(ADMIN, skip(story.id(0, 0))).unwrap();
            assert_eq!(story.status(), S::Pending);
            story.user(BEN, approve()).unwrap();
        } else {
            story.user(BEN, approve()).unwrap();
            story.user(ADMIN, skip(story.id(0, 0))).unwrap();
        }
        assert_eq!(story.status(), S::Completed);
    }
    // A subtask that is skipped sets its parent free.
    let mut story = Story::pending(1, &[ANN]);
    story.user(ANN, subtask(&[BEN])).unwrap();
    story.user(ADMIN, skip(story.id(0, 1))).unwrap();
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_remark_is_kept_with_its_command() {
    let mut story = Story::pending(1, &[ANN]);
    let saved = Command::Save { task: FIRST, comment: Some("asked Ben".to_owned()), edit: Edit::default() };
    let events = story.user(ANN, saved).unwrap();
    let task = story.task(0, 0).id;
    assert_eq!(events, [RequestEvent::Saved { task, comment: Some("asked Ben".to_owned()) }]);
    let nothing = Command::Save { task: FIRST, comment: None, edit: Edit::default() };
    assert_eq!(story.user(ANN, nothing).unwrap(), []);
}

#[test]
fn a_task_that_is_not_there_is_not_found() {
    let mut story = Story::pending(1, &[ANN]);
    let task = TaskRef::Id(uuid::Uuid::from_u128(5).into());
    for (by, command) in [(ANN, Command::Claim { task }), (ADMIN, Command::Release { task }), (ADMIN, skip(task))] {
        assert_eq!(story.user(by, command), Err(Refusal::NoTask));
    }
}
