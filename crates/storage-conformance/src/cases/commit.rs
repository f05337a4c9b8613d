//! Commits: whole or not at all, durable, decided on what is still there.

use countersign_core::ids::Revision;
use countersign_core::repository::{AggregateChange, Change, CommitOutcome};
use countersign_core::request::{ParentLink, Request, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{
    assert_same, assert_sound, changed, commit, create, export, history, mim_list, moved, new_request, only, people,
    read, user_change, walk_ids,
};

/// One of several requests is stale: none of them changes.
pub async fn must_07_one_stale_request_stops_the_whole_change(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let first = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let second = create(&*repository, sample::certificate_request(2, 1, 2)).await;
    commit(&*repository, only(moved(&second, RequestStatus::Executing))).await;
    let before = export(&*repository).await;

    let stale = moved(&second, RequestStatus::Failed);
    let new = new_request(sample::certificate_request(3, 1, 2));
    let user = user_change(None, sample::user(3));
    for order in [false, true] {
        let mut requests = vec![moved(&first, RequestStatus::Completed), new.requests[0].clone(), stale.clone()];
        if order {
            requests.reverse();
        }
        let change = Change { requests, users: user.users.clone(), ..Change::default() };
        assert_eq!(repository.commit(change).await.unwrap(), CommitOutcome::Conflict);
        assert_same(&export(&*repository).await, &before);
    }
    assert_sound(&*repository).await;
}

/// Several requests and users change together.
pub async fn must_07_a_change_lands_whole(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let first = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let mut change = new_request(sample::certificate_request(2, 1, 2));
    change.requests.push(moved(&first, RequestStatus::Completed));
    change.users = user_change(None, sample::user(3)).users;
    commit(&*repository, change).await;
    assert_eq!(read(&*repository, first.id).await.status(), RequestStatus::Completed);
    assert_eq!(read(&*repository, sample::request_id(2)).await.revision, Revision::FIRST);
    assert!(repository.user(sample::user_id(3)).await.unwrap().is_some());
    assert_sound(&*repository).await;
}

/// What was acknowledged is there for whoever opens the database next.
pub async fn must_07_an_acknowledged_change_is_there_for_the_next(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for n in 1..=20 {
        create(&*repository, sample::certificate_request(n, 1, 2)).await;
        let next = fixture.second().await;
        let found = walk_ids(&*next, &mim_list(&[sample::principal(1)]), 100).await;
        assert_eq!(found.len() as u64, n);
    }
}

/// A change without an event, or with a revision that is not the next, does nothing.
pub async fn must_15_no_event_no_change(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let before = export(&*repository).await;
    let good = moved(&request, RequestStatus::Executing);
    let silent = AggregateChange { events: Vec::new(), ..good.clone() };
    let jump = changed(&request, |next| next.revision = Revision(request.revision.0 + 2));
    let stay = changed(&request, |next| next.revision = request.revision);
    let mut silent_user = user_change(None, sample::user(3));
    silent_user.users[0].user.events.clear();
    for change in [only(silent), only(jump), only(stay), silent_user] {
        let outcome = repository.commit(change.clone()).await;
        assert!(!matches!(outcome, Ok(CommitOutcome::Committed)), "{change:?}");
        assert_same(&export(&*repository).await, &before);
    }
    commit(&*repository, only(good)).await;
    assert_eq!(history(&*repository, request.id).await.len(), 2);
}

/// Whatever a change does to a request, document, readers and indexes follow in the same commit.
pub async fn must_12_what_is_derived_follows_each_commit(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 4).await;
    let mut request = sample::certificate_request(1, 1, 2);
    request.stages = vec![sample::stage(vec![sample::task(1, sample::principal(3))])];
    let mut request = create(&*repository, sample::in_status(request, RequestStatus::Pending)).await;
    let sees = async |n| !walk_ids(&*repository, &mim_list(&[sample::principal(n)]), 5).await.is_empty();
    assert!(sees(3).await && !sees(4).await);

    let reassigned = changed(&request, |next| next.stages[0].tasks[0].assignee = sample::principal(4));
    request = reassigned.state.clone();
    commit(&*repository, only(reassigned)).await;
    assert!(!sees(3).await && sees(4).await && sees(1).await && sees(2).await);
    assert_sound(&*repository).await;

    for status in RequestStatus::ALL.iter().filter(|status| **status != RequestStatus::Pending) {
        let change = moved(&request, *status);
        request = change.state.clone();
        commit(&*repository, only(change)).await;
        assert_sound(&*repository).await;
    }
}

/// A request that splits counts its children from then on, and the children that end.
pub async fn must_12_a_request_that_splits_counts_its_children(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 4).await;
    let parent = create(&*repository, sample::access_request(1, 1, &[2, 3])).await;
    let split = changed(&parent, |next| {
        next.has_children = true;
        *next = sample::in_status(next.clone(), RequestStatus::AwaitingChildren);
    });
    let child = |n, ordinal| {
        let link = ParentLink { request: parent.id, ordinal };
        new_request(Request { parent: Some(link), ..sample::access_request(n, 1, &[n]) }).requests
    };
    let requests = [vec![split], child(2, 1), child(3, 2)].concat();
    commit(&*repository, Change { requests, ..Change::default() }).await;
    assert_eq!(repository.children(parent.id).await.unwrap().len(), 2);
    assert_sound(&*repository).await;
    for (n, status) in [(2, RequestStatus::Completed), (3, RequestStatus::Denied)] {
        let child = read(&*repository, sample::request_id(n)).await;
        commit(&*repository, only(moved(&child, status))).await;
        assert_sound(&*repository).await;
    }
    assert_eq!(read(&*repository, parent.id).await.revision, parent.revision.next(), "children left it alone");
}

/// A request may lose tasks, stages, data items and readers again.
pub async fn must_12_what_a_request_loses_is_gone(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crate::support::import(&*repository, sample::everything()).await;
    for n in [1, 2] {
        let full = read(&*repository, sample::request_id(n)).await;
        let bare = sample::certificate_request(n, 2, 3);
        let change = changed(&full, |next| *next = Request { revision: next.revision, ..bare });
        let expected = change.state.clone();
        commit(&*repository, only(change)).await;
        assert_eq!(read(&*repository, expected.id).await, expected);
    }
    assert_sound(&*repository).await;
}
