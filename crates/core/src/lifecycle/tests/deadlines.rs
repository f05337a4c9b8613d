//! Deadlines and start dates.

use super::cast::*;
use crate::approval::{Deadline, DeadlineAction, Stage, TaskState};
use crate::lifecycle::{Command, TaskRef};
use crate::request::{Request, RequestDetails, RequestStatus};

use RequestStatus as S;

fn timed(then: DeadlineAction, renewals: u16, planned: &[u128]) -> Story {
    let deadline = Some(Deadline { seconds: 100, then, renewals });
    Story::submitted(Request { stages: vec![Stage { deadline, ..stage(1, planned) }], ..access() })
}

fn wake(story: &mut Story, seconds: i64) -> Vec<&'static str> {
    story.world.seconds = seconds;
    kinds(&story.worker(Command::Wake).unwrap())
}

#[test]
fn nothing_happens_before_its_time() {
    let mut story = timed(DeadlineAction::Expire, 0, &[ANN, BEN]);
    assert_eq!(story.request.wakes(), Some(at(100)));
    assert!(wake(&mut story, 99).is_empty());
    assert_eq!(story.status(), S::Pending);
    let mut without = Story::pending(1, &[ANN]);
    assert_eq!(without.request.wakes(), None);
    assert!(wake(&mut without, 1_000_000).is_empty());
}

#[test]
fn a_task_that_nobody_decides_denies_the_request() {
    let mut story = timed(DeadlineAction::Expire, 0, &[ANN, BEN]);
    assert_eq!(wake(&mut story, 100), ["expired", "taskEnded", "ended"]);
    assert_eq!(story.status(), S::Denied);
    assert_eq!([0, 1].map(|task| story.task(0, task).state), [TaskState::Expired, TaskState::Withdrawn]);
    assert!(story.request.failure.is_some(), "the reason is visible");
    assert_eq!(story.request.state.ended(), Some(at(100)));
}

#[test]
fn a_deadline_escalates_to_the_manager_then_to_the_administrators_and_no_further() {
    let mut story = timed(DeadlineAction::Escalate, 0, &[ANN]);
    assert_eq!(wake(&mut story, 100), ["escalated"]);
    assert_eq!((story.task(0, 0).assignee, story.task(0, 0).expires), (principal(MANAGER), Some(at(200))));
    assert!(wake(&mut story, 199).is_empty());
    assert_eq!(wake(&mut story, 250), ["escalated"]);
    assert_eq!((story.task(0, 0).assignee, story.task(0, 0).expires), (principal(ADMINISTRATORS), None));
    assert!(wake(&mut story, 1_000_000).is_empty());
    story.user(ADMIN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_deadline_that_cannot_escalate_expires() {
    let mut story = timed(DeadlineAction::Escalate, 0, &[ADMINISTRATORS]);
    assert_eq!(wake(&mut story, 100), ["expired", "ended"]);
    assert_eq!(story.status(), S::Denied);
}

#[test]
fn a_deadline_is_renewed_as_often_as_it_says() {
    let mut story = timed(DeadlineAction::Renew, 2, &[ANN]);
    assert_eq!(wake(&mut story, 120), ["renewed"]);
    assert_eq!(story.task(0, 0).expires, Some(at(220)));
    assert_eq!(wake(&mut story, 220), ["renewed"]);
    assert_eq!(wake(&mut story, 320), ["expired", "ended"]);
    assert_eq!(story.status(), S::Denied);
}

#[test]
fn several_deadlines_come_at_once() {
    let mut story = timed(DeadlineAction::Renew, 1, &[ANN, BEN, CAT]);
    assert_eq!(wake(&mut story, 100), ["renewed", "renewed", "renewed"]);
    assert_eq!(wake(&mut story, 200), ["expired", "taskEnded", "taskEnded", "ended"]);
}

#[test]
fn putting_aside_stops_the_clock() {
    let mut story = timed(DeadlineAction::Expire, 0, &[ANN]);
    story.world.seconds = 40;
    story.user(ANN, Command::Suspend { task: TaskRef::First, comment: None }).unwrap();
    assert_eq!(story.request.wakes(), None);
    assert!(wake(&mut story, 500).is_empty());
    story.user(ANN, Command::Resume { task: TaskRef::First, comment: None }).unwrap();
    assert_eq!(story.task(0, 0).expires, Some(at(560)), "the 60 seconds that were left");
    assert!(wake(&mut story, 559).is_empty());
    assert_eq!(wake(&mut story, 560), ["expired", "ended"]);
}

#[test]
fn a_clock_that_was_set_back_brings_no_deadline_nearer() {
    let mut story = timed(DeadlineAction::Expire, 0, &[ANN]);
    story.world.seconds = 40;
    story.user(ANN, Command::Suspend { task: TaskRef::First, comment: None }).unwrap();
    story.world.seconds = 10;
    story.user(ANN, Command::Resume { task: TaskRef::First, comment: None }).unwrap();
    assert_eq!(story.task(0, 0).expires, Some(at(100)));
    story.world.seconds = -10;
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.request.state.ended(), Some(at(0)), "nothing ends before it began");
}

#[test]
fn a_subtasks_time_is_its_parents() {
    let mut story = timed(DeadlineAction::Expire, 0, &[ANN]);
    story.user(ANN, Command::CreateSubtask { task: TaskRef::First, to: principals(&[BEN]), comment: None }).unwrap();
    let subtask = story.id(0, 1);
    story.user(BEN, Command::Escalate { task: subtask, comment: None }).unwrap();
    story.user(MANAGER, Command::Reassign { task: subtask, to: principals(&[CAT, STRANGER]), comment: None }).unwrap();
    assert_eq!([1, 2].map(|at| story.task(0, at).expires), [None, None]);
    assert_eq!(story.task(0, 2).parent, Some(story.task(0, 0).id));
    assert_eq!(wake(&mut story, 100), ["expired", "taskEnded", "taskEnded", "ended"]);
}

#[test]
fn later_tasks_have_later_deadlines() {
    let deadline = Some(Deadline { seconds: 100, then: DeadlineAction::Expire, renewals: 0 });
    let second = Stage { deadline, ..stage(1, &[BEN]) };
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN]), second], ..access() });
    story.world.seconds = 1000;
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.request.wakes(), Some(at(1100)));
}

fn starting(seconds: i64) -> Request {
    let mut request = access();
    if let RequestDetails::Access(access) = &mut request.details {
        access.targets[0].start = Some(at(seconds));
    }
    request
}

#[test]
fn a_start_date_is_waited_for_once() {
    let mut story = Story::submitted(starting(300));
    assert_eq!((story.status(), story.request.wakes()), (S::Scheduled, Some(at(300))));
    assert!(wake(&mut story, 299).is_empty());
    assert_eq!(wake(&mut story, 300), ["begun", "ended"]);
    assert_eq!(story.status(), S::Completed);
    assert!(is_state(&story.worker(Command::Wake)), "a second worker finds it done");
}

#[test]
fn a_start_date_in_the_past_means_now() {
    assert_eq!(Story::submitted(starting(-300)).status(), S::Completed);
    assert_eq!(Story::submitted(starting(0)).status(), S::Completed);
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN])], ..starting(300) });
    story.world.seconds = 400;
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed, "approved after the date: at once");
}
