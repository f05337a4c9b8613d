//! What is judged, and on which content a vote was (decision 9).

use super::cast::*;
use crate::catalog::EntityType;
use crate::lifecycle::{Command, Decision, Edit, Refusal, TargetEdit, TaskRef};
use crate::request::{FormValue, Request, RequestDetails, RequestState, RequestStatus};

use RequestStatus as S;

fn dates(start: Option<i64>, end: Option<i64>) -> TargetEdit {
    let known = target("role");
    TargetEdit {
        entity_type: known.entity_type,
        entity_key: known.entity_key,
        start: start.map(at),
        end: end.map(at),
        form: Vec::new(),
    }
}

fn until(seconds: i64) -> Edit {
    Edit { targets: vec![dates(None, Some(seconds))], ..Edit::default() }
}

fn answers(name: &str, value: &str) -> Edit {
    Edit { answers: vec![answer(name, value)], ..Edit::default() }
}

fn save(edit: Edit) -> Command {
    Command::Save { task: TaskRef::First, comment: None, edit }
}

fn certificate_pending(quorum: u16, planned: &[u128]) -> Story {
    Story::submitted(Request { stages: vec![stage(quorum, planned)], ..certificate() })
}

fn values(story: &Story) -> Vec<Option<&str>> {
    let items = &story.request.certificate().unwrap().data_items;
    items.iter().map(|item| item.value.as_deref()).collect()
}

#[test]
fn only_what_is_judged_moves_the_content() {
    let mut story = Story::pending(1, &[ANN]);
    let reason = Edit { justification: Some("because".to_owned()), ..Edit::default() };
    assert_eq!(kinds(&story.user(ORIGINATOR, Command::Edit(reason.clone())).unwrap()), ["edited"]);
    assert_eq!(story.request.content_revision, 1);
    assert_eq!(story.user(ORIGINATOR, Command::Edit(reason)).unwrap(), [], "so it is already");
    story.user(ORIGINATOR, Command::Edit(until(60))).unwrap();
    assert_eq!(story.request.content_revision, 2);
    assert_eq!(story.request.justification.as_deref(), Some("because"));
    let form = vec![FormValue { name: "Cost centre".to_owned(), value: "7".to_owned() }];
    let edit = Edit { targets: vec![TargetEdit { form, ..dates(Some(30), None) }], ..Edit::default() };
    story.user(ORIGINATOR, Command::Edit(edit)).unwrap();
    assert_eq!(story.request.content_revision, 3);
    let RequestDetails::Access(access) = &story.request.details else { panic!() };
    let target = &access.targets[0];
    assert_eq!((target.start, target.end, target.form.len()), (Some(at(30)), Some(at(60)), 1));
}

#[test]
fn an_edit_that_fits_nothing_is_refused() {
    let mut story = Story::pending(1, &[ANN]);
    let mut stranger = dates(None, Some(60));
    stranger.entity_key = "another".to_owned().try_into().unwrap();
    let edit = |targets| Command::Edit(Edit { targets, ..Edit::default() });
    assert!(is_invalid(&story.user(ORIGINATOR, edit(vec![dates(None, Some(9)), stranger])), "targets[1]"));
    assert!(is_invalid(&story.user(ORIGINATOR, edit(vec![dates(Some(60), Some(30))])), "targets[0].end"));
    assert!(is_invalid(&story.user(ORIGINATOR, Command::Edit(answers("Reason", "x"))), "answers"));
    let mut story = certificate_pending(1, &[ANN]);
    assert!(is_invalid(&story.user(ORIGINATOR, Command::Edit(until(60))), "targets"));
    assert_eq!(story.events.len(), 2, "nothing has happened since the submission");
}

#[test]
fn a_template_among_the_targets_takes_no_dates() {
    let mut cart = Request { state: RequestState::Draft, ..access() };
    let mut edit = dates(None, Some(60));
    edit.entity_type = EntityType::ProfileTemplate;
    if let RequestDetails::Access(access) = &mut cart.details {
        access.targets[0].entity_type = EntityType::ProfileTemplate;
    }
    let mut story = Story::of(cart);
    let edit = Edit { targets: vec![edit], ..Edit::default() };
    assert!(is_invalid(&story.user(ORIGINATOR, Command::Edit(edit)), "targets[0]"));
}

#[test]
fn each_answers_their_own_questions() {
    let mut story = certificate_pending(1, &[ANN]);
    story.user(ORIGINATOR, Command::Edit(answers("REASON", "new laptop"))).unwrap();
    assert_eq!(values(&story), [Some("new laptop"), None]);
    for (by, command) in [
        (ORIGINATOR, Command::Edit(answers("Badge", "17"))),
        (ORIGINATOR, Command::Edit(answers("No such question", "17"))),
        (ANN, save(answers("Reason", "mine"))),
    ] {
        assert_eq!(story.user(by, command).unwrap(), []);
    }
    story.user(ANN, save(answers("badge", "17"))).unwrap();
    assert_eq!(values(&story), [Some("new laptop"), Some("17")]);
    assert_eq!(story.request.content_revision, 3);
}

#[test]
fn edits_end_at_the_first_vote() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ORIGINATOR, Command::Edit(until(60))).unwrap();
    story.user(ANN, approve()).unwrap();
    assert!(is_state(&story.user(ORIGINATOR, Command::Edit(until(90)))));
    assert!(is_not_allowed(&story.user(TARGET, Command::Edit(until(90)))));
}

#[test]
fn a_draft_is_edited_freely() {
    let mut story = Story::of(Request { state: RequestState::Draft, ..access() });
    story.user(ORIGINATOR, Command::Edit(until(60))).unwrap();
    story.user(ORIGINATOR, Command::Edit(until(90))).unwrap();
    assert_eq!((story.status(), story.request.content_revision), (S::Draft, 3));
}

#[test]
fn a_vote_is_on_the_content_that_was_seen() {
    let on = |seen| Command::Approve(Decision { seen: Some(seen), ..decision() });
    let mut story = Story::pending(2, &[APPROVERS]);
    story.user(ORIGINATOR, Command::Edit(until(60))).unwrap();
    for stale in [1, 3] {
        assert_eq!(story.user(ANN, on(stale)), Err(Refusal::Content { seen: stale, present: 2 }));
        assert!(is_not_allowed(&story.user(STRANGER, on(stale))), "who may not decide learns no more");
    }
    story.user(ANN, on(2)).unwrap();
    assert_eq!(story.task(0, 0).votes[0].content_revision, 2);
    // Another's vote in between is no other content.
    story.user(BEN, on(2)).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn an_approvers_change_of_content_voids_the_votes() {
    let mut story = Story::pending(2, &[ANN, APPROVERS]);
    story.user(ANN, approve_task(story.id(0, 0))).unwrap();
    assert_eq!(kinds(&story.user(BEN, save(until(60))).unwrap()), ["edited", "votesVoided"]);
    assert!(story.request.stages[0].votes().next().is_none());
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Pending);
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_save_that_changes_no_content_voids_nothing() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, approve()).unwrap();
    let remark = Edit { justification: Some("as discussed".to_owned()), ..Edit::default() };
    assert_eq!(kinds(&story.user(BEN, save(remark)).unwrap()), ["edited"]);
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn advice_outlives_a_change_of_content() {
    let mut story = Story::pending(2, &[ANN, BEN]);
    story.user(ANN, Command::CreateSubtask { task: TaskRef::First, to: principals(&[CAT]), comment: None }).unwrap();
    story.user(CAT, approve()).unwrap();
    assert_eq!(kinds(&story.user(ANN, save(until(60))).unwrap()), ["edited"], "advice is no vote");
    story.user(BEN, approve()).unwrap();
    assert_eq!(kinds(&story.user(ANN, save(until(90))).unwrap()), ["edited", "votesVoided"]);
    assert_eq!([1, 2].map(|task| story.task(0, task).votes.len()), [0, 1]);
    story.user(ANN, approve()).unwrap();
    story.user(BEN, approve()).unwrap();
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn answers_that_come_with_an_approval_are_content() {
    let with = |value: &str| Decision { answers: vec![answer("Badge", value)], ..decision() };
    let mut story = certificate_pending(2, &[ANN, BEN]);
    assert_eq!(kinds(&story.user(ANN, Command::Approve(with("17"))).unwrap()), ["edited", "voted"]);
    assert_eq!(story.task(0, 0).votes[0].content_revision, 2, "the vote is on one's own answers");
    // Other answers: whoever approved is asked again.
    let events = story.user(BEN, Command::Approve(with("18"))).unwrap();
    assert_eq!(kinds(&events), ["edited", "votesVoided", "voted"]);
    // The same answers: no change.
    assert_eq!(kinds(&story.user(ANN, Command::Approve(with("18"))).unwrap()), ["voted", "approved"]);
    assert_eq!((story.status(), values(&story)), (S::Approved, vec![None, Some("18")]));
    // Who denies asks nobody again.
    let mut story = certificate_pending(2, &[ANN, BEN]);
    story.user(ANN, approve()).unwrap();
    story.user(BEN, Command::Reject(with("19"))).unwrap();
    assert_eq!((story.status(), story.task(0, 0).votes.len()), (S::Denied, 1));
}
