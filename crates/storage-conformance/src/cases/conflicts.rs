//! Conflicts: a change that was decided on something else is refused, and changes nothing.

use countersign_core::directory::User;
use countersign_core::ids::Revision;
use countersign_core::repository::{AggregateChange, Change, CommitOutcome, Repository};
use countersign_core::request::{ParentLink, Request, RequestDetails, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{
    assert_same, assert_sound, commit, create, export, moved, new_request, next_state, only, people, user_change,
};

async fn assert_conflict(repository: &dyn Repository, change: Change) {
    let before = export(repository).await;
    assert_eq!(repository.commit(change).await.unwrap(), CommitOutcome::Conflict);
    assert_same(&export(repository).await, &before);
}

/// Another revision than the one that was read, older or newer.
pub async fn must_08_another_revision_conflicts(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let first = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let change = moved(&first, RequestStatus::Executing);
    let second = change.state.clone();
    commit(&*repository, only(change)).await;
    assert_conflict(&*repository, only(moved(&first, RequestStatus::Failed))).await;
    let ahead = Request { revision: Revision(7), ..second };
    assert_conflict(&*repository, only(moved(&ahead, RequestStatus::Failed))).await;
}

/// A request that exists although it must not, or does not although it must.
pub async fn must_08_existence_is_checked(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let again = Request { number: 77.try_into().unwrap(), ..request };
    assert_conflict(&*repository, new_request(again)).await;
    let unknown = sample::certificate_request(2, 1, 2);
    assert_conflict(&*repository, only(moved(&unknown, RequestStatus::Failed))).await;
}

/// A number, a task id or a place under a parent that another request has.
pub async fn must_08_what_a_request_must_own_alone_conflicts(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let with_task = |n, task| {
        let stages = vec![sample::stage(vec![sample::task(task, sample::principal(1))])];
        sample::in_status(Request { stages, ..sample::certificate_request(n, 1, 2) }, RequestStatus::Pending)
    };
    let first = create(&*repository, with_task(1, 1)).await;
    assert_conflict(&*repository, new_request(Request { number: first.number, ..with_task(2, 2) })).await;
    assert_conflict(&*repository, new_request(with_task(2, 1))).await;

    let parent = create(&*repository, Request { has_children: true, ..sample::access_request(3, 1, &[2]) }).await;
    let child = |n| {
        let link = ParentLink { request: parent.id, ordinal: 1 };
        Request { parent: Some(link), ..sample::certificate_request(n, 1, 2) }
    };
    create(&*repository, child(4)).await;
    assert_conflict(&*repository, new_request(child(5))).await;
    assert_sound(&*repository).await;
}

/// Users have revisions, ids, logins and numbers of their own too.
pub async fn must_08_users_conflict_too(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let (one, three) = (sample::user(1), sample::user(3));
    let next = |user: User, revision| User { revision, ..user };
    assert_conflict(&*repository, user_change(None, one.clone())).await;
    assert_conflict(&*repository, user_change(Some(Revision(2)), next(one.clone(), Revision(3)))).await;
    assert_conflict(&*repository, user_change(Some(Revision::FIRST), next(three.clone(), Revision(2)))).await;
    assert_conflict(&*repository, user_change(None, User { login: one.login.clone(), ..three.clone() })).await;
    assert_conflict(&*repository, user_change(None, User { number: one.number, ..three.clone() })).await;
    commit(&*repository, user_change(None, three)).await;
    commit(&*repository, user_change(Some(Revision::FIRST), next(one, Revision(2)))).await;
}

/// What refers to somebody or something that is not there is refused, and the next change lands.
pub async fn must_08_what_is_referred_to_must_be_there(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let nobody = sample::principal(99);
    let of_template = |template| {
        let mut request = sample::certificate_request(1, 1, 2);
        if let RequestDetails::Certificate(certificate) = &mut request.details {
            certificate.template = template;
        }
        new_request(request)
    };
    let task =
        Request { stages: vec![sample::stage(vec![sample::task(1, nobody)])], ..sample::certificate_request(1, 1, 2) };
    let child = ParentLink { request: sample::request_id(98), ordinal: 1 };
    let dangling = [
        new_request(sample::certificate_request(1, 99, 2)),
        new_request(sample::certificate_request(1, 1, 99)),
        new_request(sample::access_request(1, 1, &[2, 99])),
        of_template(sample::template(99).id),
        new_request(sample::in_status(task, RequestStatus::Pending)),
        new_request(Request { parent: Some(child), ..sample::certificate_request(1, 1, 2) }),
        user_change(None, User { manager: Some(sample::user_id(99)), ..sample::user(3) }),
        Change { groups: vec![next_state(sample::group(1, &[nobody]))], ..Change::default() },
        Change { grants: vec![next_state(sample::grant(1, 99))], ..Change::default() },
    ];
    let before = export(&*repository).await;
    for change in dangling {
        let outcome = repository.commit(change.clone()).await;
        assert!(!matches!(outcome, Ok(CommitOutcome::Committed)), "{change:?}");
        assert_same(&export(&*repository).await, &before);
    }
    commit(&*repository, of_template(sample::template(1).id)).await;
    assert_sound(&*repository).await;
}

/// The same request twice in one change: the second was decided on what the first has changed.
pub async fn must_08_a_change_names_a_request_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let before = export(&*repository).await;
    let requests: Vec<AggregateChange<Request>> =
        [RequestStatus::Executing, RequestStatus::Failed].map(|status| moved(&request, status)).to_vec();
    let outcome = repository.commit(Change { requests, ..Change::default() }).await;
    assert!(!matches!(outcome, Ok(CommitOutcome::Committed)));
    assert_same(&export(&*repository).await, &before);
}
