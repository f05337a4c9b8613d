//! Enough approvers, always (decision 5).

use super::cast::*;
use crate::approval::Staffing;
use crate::lifecycle::{Command, Refusal, TaskRef};
use crate::request::{Request, RequestStatus};

use RequestStatus as S;

fn submit(world: World, request: Request) -> Result<Story, Refusal> {
    let mut story = Story::within(world, request);
    story.worker(Command::Submit { stages: Vec::new() }).map(|_| story)
}

fn asking(quorum: u16, planned: &[u128]) -> Request {
    Request { stages: vec![stage(quorum, planned)], ..access() }
}

#[test]
fn too_few_at_submission_call_the_administrators() {
    let story = submit(World::new(), asking(2, &[ANN])).unwrap();
    assert_eq!(story.request.stages[0].staffing, Staffing::AdministratorsAdded);
    let asked: Vec<_> = story.request.tasks().map(|task| task.assignee).collect();
    assert_eq!(asked, principals(&[ANN, ADMINISTRATORS]));
}

#[test]
fn too_few_even_with_the_administrators_are_a_refusal() {
    let refused = submit(World::new(), asking(3, &[ANN])).map(|_| ());
    assert!(is_invalid(&refused, "approvers"), "{refused:?}");
    // Those who may not vote do not count: Ann asks.
    let own = Request { originator: user(ANN), ..asking(3, &[APPROVERS]) };
    assert_eq!(submit(World::new(), own.clone()).unwrap().request.stages[0].staffing, Staffing::AdministratorsAdded);
    let alone = World { has_administrators: false, ..World::new() };
    assert!(is_invalid(&submit(alone, own).map(|_| ()), "approvers"));
}

#[test]
fn too_few_at_a_later_stage_are_flagged_and_lose_no_request() {
    let stages = vec![stage(1, &[ANN]), stage(3, &[BEN])];
    let mut story = submit(World::new(), Request { stages, ..access() }).unwrap();
    story.user(ANN, approve()).unwrap();
    let later = &story.request.stages[1];
    assert_eq!((story.status(), later.staffing), (S::Pending, Staffing::NobodyEligible));
    let asked: Vec<_> = later.tasks.iter().map(|task| task.assignee).collect();
    assert_eq!(asked, principals(&[BEN, ADMINISTRATORS]), "the administrators see it and may reassign");
    let task = story.id(1, 0);
    story.user(ADMIN, Command::Reassign { task, to: principals(&[BEN, CAT, MANAGER]), comment: None }).unwrap();
    for voter in [BEN, CAT, MANAGER] {
        story.user(voter, approve()).unwrap();
    }
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn who_leaves_is_missed_once() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    assert_eq!(story.worker(Command::Recount).unwrap(), []);
    story.world.left.insert(BEN);
    let events = story.worker(Command::Recount).unwrap();
    assert_eq!(kinds(&events), ["staffed"]);
    assert_eq!(story.request.stages[0].staffing, Staffing::AdministratorsAdded);
    assert_eq!(story.task(0, 2).assignee, principal(ADMINISTRATORS));
    assert_eq!(story.worker(Command::Recount).unwrap(), [], "counted already");
    story.world.left.insert(ADMIN);
    assert_eq!(kinds(&story.worker(Command::Recount).unwrap()), ["staffed"]);
    assert_eq!(story.request.stages[0].staffing, Staffing::NobodyEligible);
    assert_eq!(story.request.stages[0].tasks.len(), 3, "the administrators are asked once");
    story.world.left.clear();
    story.worker(Command::Recount).unwrap();
    assert_eq!(story.request.stages[0].staffing, Staffing::AdministratorsAdded, "help that was called stays called");
}

#[test]
fn who_has_voted_is_not_needed_any_more() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(BEN, approve()).unwrap();
    story.world.left.insert(BEN);
    assert_eq!(story.worker(Command::Recount).unwrap(), []);
    story.world.left.insert(ANN);
    assert_eq!(kinds(&story.worker(Command::Recount).unwrap()), ["staffed"]);
    story.user(ADMIN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_proxys_vote_can_use_up_two_people() {
    let mut story = Story::pending(2, &[ANN, PROXY]);
    story.user(PROXY, approve_task(story.id(0, 0))).unwrap();
    assert_eq!(kinds(&story.worker(Command::Recount).unwrap()), ["staffed"]);
    story.user(ADMIN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn nothing_to_approve_is_approved_by_itself() {
    let mut story = Story::of(certificate());
    let events = story.worker(Command::Submit { stages: Vec::new() }).unwrap();
    assert_eq!(kinds(&events), ["approved"]);
    assert_eq!(story.status(), S::Approved);
}

#[test]
fn a_draft_is_submitted_with_stages_that_can_be_passed() {
    let draft = || Story::of(Request { state: crate::request::RequestState::Draft, ..access() });
    let submit = |stages| Command::Submit { stages };
    for (faulty, field) in [(stage(1, &[]), "stages[1].tasks"), (stage(0, &[ANN]), "stages[1].quorum")] {
        let mut story = draft();
        let refused = story.user(ORIGINATOR, submit(vec![stage(1, &[ANN]), faulty]));
        assert!(is_invalid(&refused, field), "{refused:?}");
        assert_eq!(story.status(), S::Draft);
    }
    let mut story = draft();
    story.world.seconds = 60;
    let events = story.user(ORIGINATOR, submit(vec![stage(1, &[ANN])])).unwrap();
    assert_eq!(kinds(&events), ["submitted", "stageBegun"]);
    assert_eq!(story.request.created, at(60), "a request is as old as its submission");
    let title = &story.task(0, 0).title;
    assert_eq!(title, "Operational approval for Request ID 4711");
    let first = TaskRef::First;
    story.user(ANN, approve_task(first)).unwrap();
}
