//! What waits for the worker: found once its time has come, and until it is done.

use std::collections::BTreeSet;

use countersign_core::approval::{ApprovalTask, TaskState};
use countersign_core::bundle::Record;
use countersign_core::directory::{User, UserStatus};
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::Revision;
use countersign_core::repository::{Change, Due, Repository};
use countersign_core::request::{ParentLink, Request, RequestDetails, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{changed, commit, create, import, moved, next_state, only, people, user_change};

/// Everything that is due, in any order.
async fn due(repository: &dyn Repository, micros: i64) -> BTreeSet<Due> {
    let found = repository.due(sample::time(micros), 1000).await.unwrap();
    let set: BTreeSet<_> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "something is due twice: {found:?}");
    set
}

/// A request with an open task that expires so many microseconds after the beginning.
fn expiring(n: u64, micros: i64) -> Request {
    let task = ApprovalTask { expires: Some(sample::time(micros)), ..sample::task(n, sample::principal(2)) };
    let request = Request { stages: vec![sample::stage(vec![task])], ..sample::certificate_request(n, 1, 1) };
    sample::in_status(request, RequestStatus::Pending)
}

fn starting(n: u64, micros: i64) -> Request {
    let mut request = sample::access_request(n, 1, &[1]);
    if let RequestDetails::Access(access) = &mut request.details {
        access.targets.iter_mut().for_each(|target| target.start = Some(sample::time(micros)));
    }
    sample::in_status(request, RequestStatus::Scheduled)
}

/// A request is due at its first deadline or its start date, not a microsecond earlier, and until
/// neither waits any more.
pub async fn must_23_a_request_is_due_at_its_time(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let pending = create(&*repository, expiring(1, 100)).await;
    let scheduled = create(&*repository, starting(2, 200)).await;
    create(&*repository, sample::in_status(sample::certificate_request(3, 1, 1), RequestStatus::Pending)).await;
    let [first, second] = [&pending, &scheduled].map(|request| Due::Request(request.id));
    assert_eq!(due(&*repository, 99).await, [].into());
    assert_eq!(due(&*repository, 100).await, [first].into());
    assert_eq!(due(&*repository, 199).await, [first].into());
    assert_eq!(due(&*repository, 200).await, [first, second].into());
    let suspended = changed(&pending, |request| {
        let tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
        tasks.for_each(|task| task.state = TaskState::Suspended);
    });
    let now = suspended.state.clone();
    commit(&*repository, only(suspended)).await;
    assert_eq!(due(&*repository, 900).await, [second].into(), "a suspended task's deadline stands still");
    let later = changed(&now, |request| {
        let tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
        tasks.for_each(|task| (task.state, task.expires) = (TaskState::Assigned, Some(sample::time(500))));
    });
    commit(&*repository, only(later)).await;
    assert_eq!(due(&*repository, 499).await, [second].into());
    assert_eq!(due(&*repository, 500).await, [first, second].into());
    commit(&*repository, only(moved(&scheduled, RequestStatus::Completed))).await;
    assert_eq!(due(&*repository, 900).await, [first].into());
}

/// The oldest first, so that a short look finds them.
pub async fn must_23_the_oldest_comes_first(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for (n, micros) in [(1, 300), (2, 100), (3, 200), (4, 900)] {
        create(&*repository, expiring(n, micros)).await;
    }
    let found = repository.due(sample::time(500), 2).await.unwrap();
    assert_eq!(found, [2, 3].map(|n| Due::Request(sample::request_id(n))));
    assert_eq!(repository.due(sample::time(500), 0).await.unwrap(), []);
}

/// A parent is due when the last of its children is over, and until it is itself.
pub async fn must_23_a_parent_is_due_when_its_children_are_over(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let parent = Request { has_children: true, ..sample::access_request(1, 1, &[1, 2]) };
    let parent = create(&*repository, sample::in_status(parent, RequestStatus::AwaitingChildren)).await;
    let mut children = Vec::new();
    for (n, ordinal) in [(2, 1), (3, 2)] {
        let link = Some(ParentLink { request: parent.id, ordinal });
        let child = Request { parent: link, ..sample::access_request(n, 1, &[1]) };
        children.push(create(&*repository, sample::in_status(child, RequestStatus::Executing)).await);
    }
    assert_eq!(due(&*repository, 0).await, [].into());
    commit(&*repository, only(moved(&children[0], RequestStatus::Completed))).await;
    assert_eq!(due(&*repository, 0).await, [].into());
    commit(&*repository, only(moved(&children[1], RequestStatus::Failed))).await;
    assert_eq!(due(&*repository, 0).await, [Due::Parent(parent.id)].into());
    commit(&*repository, only(moved(&parent, RequestStatus::PartiallyFailed))).await;
    assert_eq!(due(&*repository, 0).await, [].into());
}

/// A request that waits for another is due when that one is over, however it ended.
pub async fn must_23_a_dependent_is_due_when_the_other_is_over(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let other = create(&*repository, sample::certificate_request(1, 1, 1)).await;
    let waiting = |n| {
        let request = Request { depends_on: Some(sample::request_id(1)), ..sample::access_request(n, 1, &[1]) };
        sample::in_status(request, RequestStatus::AwaitingDependency)
    };
    let first = create(&*repository, waiting(2)).await;
    let second = create(&*repository, waiting(3)).await;
    let approved = Request { state: other.state, ..waiting(4) };
    create(&*repository, approved).await;
    assert_eq!(due(&*repository, 0).await, [].into());
    commit(&*repository, only(moved(&other, RequestStatus::Denied))).await;
    assert_eq!(due(&*repository, 0).await, [Due::Dependent(first.id), Due::Dependent(second.id)].into());
    commit(&*repository, only(moved(&first, RequestStatus::Executing))).await;
    assert_eq!(due(&*repository, 0).await, [Due::Dependent(second.id)].into());
    commit(&*repository, only(moved(&second, RequestStatus::Failed))).await;
    assert_eq!(due(&*repository, 0).await, [].into());
}

fn grant(n: u64, status: GrantStatus, end: Option<i64>) -> Grant {
    Grant { status, start: sample::time(0), end: end.map(sample::time), ..sample::grant(n, 1) }
}

/// A grant is due at its end, switched off or not, and until it was taken away.
pub async fn must_23_a_grant_is_due_at_its_end(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    let grants = [
        grant(1, GrantStatus::Active, Some(100)),
        grant(2, GrantStatus::Active, None),
        grant(3, GrantStatus::Disabled, Some(200)),
        grant(4, GrantStatus::Ended, Some(50)),
        grant(5, GrantStatus::Ending, Some(50)),
    ];
    import(&*repository, grants.iter().cloned().map(Record::Grant).collect()).await;
    let [first, third] = [0, 2].map(|at: usize| Due::Grant(grants[at].id));
    assert_eq!(due(&*repository, 99).await, [].into());
    assert_eq!(due(&*repository, 100).await, [first].into());
    assert_eq!(due(&*repository, 200).await, [first, third].into());
    let ended = Grant { status: GrantStatus::Ended, revision: Revision::FIRST.next(), ..grants[0].clone() };
    commit(&*repository, Change { grants: vec![next_state(ended)], ..Change::default() }).await;
    assert_eq!(due(&*repository, 200).await, [third].into());
}

/// The open tasks of somebody who has left are due until they are somebody else's.
pub async fn must_23_a_leavers_tasks_are_due(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 4).await;
    let to = |n: u64, user: u64| {
        let stages = vec![sample::stage(vec![sample::task(n, sample::principal(user))])];
        let request = Request { stages, ..sample::certificate_request(n, 1, 1) };
        sample::in_status(request, RequestStatus::Pending)
    };
    let first = create(&*repository, to(1, 2)).await;
    let second = create(&*repository, to(2, 2)).await;
    create(&*repository, to(3, 3)).await;
    create(&*repository, sample::in_status(to(4, 2), RequestStatus::Completed)).await;
    assert_eq!(due(&*repository, 0).await, [].into());
    let revision = Revision::FIRST.next();
    for n in [2, 4] {
        let gone = User { status: UserStatus::Disabled, revision, ..sample::user(n) };
        commit(&*repository, user_change(Some(Revision::FIRST), gone)).await;
    }
    let [one, two] = [&first, &second].map(|request| Due::Handover(sample::user_id(2), request.id));
    assert_eq!(due(&*repository, 0).await, [one, two].into());
    let reassigned = changed(&first, |request| {
        let tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
        tasks.for_each(|task| task.assignee = sample::principal(3));
    });
    commit(&*repository, only(reassigned)).await;
    assert_eq!(due(&*repository, 0).await, [two].into());
    commit(&*repository, only(moved(&second, RequestStatus::Closed))).await;
    assert_eq!(due(&*repository, 0).await, [].into());
    let third = create(&*repository, to(5, 2)).await;
    assert_eq!(due(&*repository, 0).await, [Due::Handover(sample::user_id(2), third.id)].into(), "one that came later");
}

/// What cannot be done, and so stays due, hides no other kind.
pub async fn must_23_no_kind_hides_another(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 3).await;
    for n in 1..=10 {
        create(&*repository, expiring(n, 1)).await;
    }
    let other = sample::in_status(sample::certificate_request(11, 1, 1), RequestStatus::Completed);
    create(&*repository, other).await;
    let waiting = Request { depends_on: Some(sample::request_id(11)), ..sample::access_request(12, 1, &[1]) };
    create(&*repository, sample::in_status(waiting, RequestStatus::AwaitingDependency)).await;
    import(&*repository, vec![Record::Grant(grant(1, GrantStatus::Active, Some(1)))]).await;
    let gone = User { status: UserStatus::Disabled, revision: Revision::FIRST.next(), ..sample::user(2) };
    commit(&*repository, user_change(Some(Revision::FIRST), gone)).await;
    let found = repository.due(sample::time(5), 4).await.unwrap();
    assert_eq!(found.len(), 4);
    assert!(found.iter().any(|due| matches!(due, Due::Request(_))), "{found:?}");
    assert!(found.iter().any(|due| matches!(due, Due::Dependent(_))), "{found:?}");
    assert!(found.iter().any(|due| matches!(due, Due::Grant(_))), "{found:?}");
    assert!(found.iter().any(|due| matches!(due, Due::Handover(..))), "{found:?}");
}
