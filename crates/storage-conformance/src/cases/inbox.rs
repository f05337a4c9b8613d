//! Inboxes: whose tasks stand in them, and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::approval::{ApprovalTask, Stage, TaskState, Vote, VoteOutcome};
use countersign_core::bundle::Record;
use countersign_core::ids::{TaskId, UserId};
use countersign_core::repository::{AggregateChange, Inbox, InboxItem, Order, Repository, Start, TaskCursor};
use countersign_core::request::{Request, RequestStatus};

use crate::fixture::Fixture;
use crate::model::World;
use crate::sample::{self, Random};
use crate::support::{assert_sound, changed, commit, create, import, moved, only, people, random_order};
use crate::world::{anyone, person};

/// The open tasks of user `n`, who is in no group and decides in nobody's place.
pub(super) fn inbox(n: u64) -> Inbox {
    Inbox {
        user: sample::user_id(n),
        principals: vec![sample::principal(n)],
        represents: Vec::new(),
        states: Some(vec![TaskState::Assigned]),
        filter: None,
        order: Order::NewestFirst,
    }
}

/// Walks an inbox to its end, in pages of `limit`, by cursors.
async fn walk(repository: &dyn Repository, inbox: &Inbox, limit: usize) -> Vec<InboxItem> {
    let (mut all, mut start) = (Vec::new(), Start::Offset(0));
    loop {
        let page = repository.inbox(inbox, start, limit).await.unwrap();
        assert!(page.items.len() <= limit, "a page of {} for a limit of {limit}", page.items.len());
        assert!(page.next.is_none() || page.items.len() == limit, "a short page says that more follows");
        all.extend(page.items);
        let Some(next) = page.next else { return all };
        start = Start::After(next);
    }
}

pub(super) async fn tasks(repository: &dyn Repository, inbox: &Inbox) -> Vec<TaskId> {
    let tasks: Vec<_> = walk(repository, inbox, 3).await.into_iter().map(|item| item.task).collect();
    assert_eq!(repository.count_inbox(inbox).await.unwrap(), tasks.len() as u64, "the count of {inbox:?}");
    tasks
}

/// Fails unless `inbox` holds what a search through everything finds: by cursor, by offset, in number.
pub(super) async fn assert_inbox(repository: &dyn Repository, world: &World, inbox: &Inbox, limit: usize) {
    let expected = world.inbox(inbox);
    let ids: Vec<_> = expected.iter().map(|(_, task)| task.id).collect();
    let found = walk(repository, inbox, limit).await;
    assert_eq!(found.iter().map(|item| item.task).collect::<Vec<_>>(), ids, "{inbox:?} by {limit}");
    for (item, (request, _)) in found.iter().zip(&expected) {
        assert_eq!(&item.request.document.request().unwrap(), *request);
    }
    assert_eq!(repository.count_inbox(inbox).await.unwrap(), ids.len() as u64, "the count of {inbox:?}");
    for offset in [1, ids.len() / 2, ids.len(), ids.len() + 5] {
        let page = repository.inbox(inbox, Start::Offset(offset as u64), limit).await.unwrap();
        let tasks: Vec<_> = page.items.iter().map(|item| item.task).collect();
        assert_eq!(tasks, ids.iter().skip(offset).take(limit).copied().collect::<Vec<_>>(), "{inbox:?} at {offset}");
        let last = page.items.last().filter(|_| ids.len() > offset + limit).map(|item| item.task);
        assert_eq!(page.next.map(|next| next.id), last, "where {inbox:?} goes on after {offset}");
    }
}

/// Somebody's inbox: as nobody else, as a member of groups, in the place of others.
pub(super) fn random_inbox(random: &mut Random) -> Inbox {
    let user = person(random);
    let mut principals: BTreeSet<_> = std::iter::once(sample::principal(user)).collect();
    principals.extend((0..random.below(3)).map(|_| sample::group_principal(1 + random.below(3))));
    let represents: BTreeSet<_> = (0..random.below(3)).map(|_| sample::user_id(person(random))).collect();
    let states = match random.below(3) {
        0 => None,
        1 => Some(vec![TaskState::Assigned]),
        _ => Some((0..random.below(4)).map(|_| *random.pick(TaskState::ALL)).collect()),
    };
    Inbox {
        user: sample::user_id(user),
        principals: principals.into_iter().collect(),
        represents: represents.into_iter().filter(|it| *it != sample::user_id(user)).collect(),
        states,
        filter: None,
        order: random_order(random),
    }
}

/// Random inboxes of a random world.
pub async fn must_21_an_inbox_is_what_a_full_scan_finds(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(21);
    let world = World::random(&mut random, 150);
    world.settle(&*repository).await;
    for n in 0..200 {
        assert_inbox(&*repository, &world, &random_inbox(&mut random), 1 + n % 40).await;
    }
    let nobody = Inbox { principals: Vec::new(), states: None, ..inbox(1) };
    assert_eq!(tasks(&*repository, &nobody).await, []);
}

/// The same after every request was changed, some of them ended.
pub async fn must_21_an_inbox_follows_changes(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(22);
    let mut world = World::random(&mut random, 80);
    world.settle(&*repository).await;
    for request in &mut world.requests {
        let change = if random.once_in(3) { closed(request) } else { decided(request, &mut random) };
        *request = change.state.clone();
        commit(&*repository, only(change)).await;
    }
    for n in 0..100 {
        assert_inbox(&*repository, &world, &random_inbox(&mut random), 1 + n % 40).await;
    }
    assert_sound(&*repository).await;
}

/// The request after an administrator ended it. Nobody has voted on a task that is closed by its claimer.
fn closed(request: &Request) -> AggregateChange<Request> {
    changed(request, |request| {
        request.stages.iter_mut().flat_map(|stage| &mut stage.tasks).for_each(|task| task.votes.clear());
        *request = sample::in_status(request.clone(), RequestStatus::Closed);
    })
}

/// The request after its tasks went to others, were claimed, released, voted on.
fn decided(request: &Request, random: &mut Random) -> AggregateChange<Request> {
    changed(request, |request| {
        for stage in &mut request.stages {
            stage.own_approval ^= random.once_in(4);
            for task in &mut stage.tasks {
                change(task, random);
            }
        }
    })
}

fn change(task: &mut ApprovalTask, random: &mut Random) {
    match random.below(6) {
        0 => task.acquired_by = Some(sample::user_id(person(random))),
        1 => task.acquired_by = None,
        2 => task.assignee = anyone(random),
        3 => task.delegate = Some(anyone(random)),
        4 => task.votes.clear(),
        _ if task.state.is_open() => {
            task.state = *random.pick(&[TaskState::Assigned, TaskState::Suspended, TaskState::Completed]);
        }
        _ => {}
    }
}

/// So many users, and group 9.
pub(super) async fn crowd(repository: &dyn Repository, count: u64) {
    people(repository, count).await;
    import(repository, vec![Record::Group(sample::group(9, &[]))]).await;
}

/// A pending request of user `originator` for user `target`, with these stages.
pub(super) async fn pending(
    repository: &dyn Repository,
    n: u64,
    originator: u64,
    target: u64,
    stages: Vec<Stage>,
) -> Request {
    let request = Request { stages, ..sample::certificate_request(n, originator, target) };
    create(repository, sample::in_status(request, RequestStatus::Pending)).await
}

fn vote(voter: u64, represented: Option<u64>) -> Vote {
    Vote {
        voter: sample::user_id(voter),
        represented: represented.map(sample::user_id),
        outcome: VoteOutcome::Approve,
        at: sample::time(100_000_000),
        content_revision: 1,
        comment: None,
    }
}

/// What somebody asked for or gets is not theirs to decide, unless the stage says so.
pub async fn must_21_ones_own_requests_are_left_out(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crowd(&*repository, 4).await;
    let group = sample::group_principal(9);
    let strict = |n| sample::stage(vec![sample::task(n, group)]);
    pending(&*repository, 1, 1, 2, vec![strict(1)]).await;
    pending(&*repository, 2, 3, 3, vec![Stage { own_approval: true, ..strict(2) }]).await;
    let see = async |user: u64| {
        tasks(&*repository, &Inbox { principals: vec![group, sample::principal(user)], ..inbox(user) }).await
    };
    let (first, second) = (sample::task_id(1), sample::task_id(2));
    assert_eq!(see(1).await, [second], "asked for the first");
    assert_eq!(see(2).await, [second], "gets the first");
    assert_eq!(see(3).await, [second, first], "asked for the second, and may decide on it");
    assert_eq!(see(4).await, [second, first]);
}

/// Who has voted is done with every task of the stage; nobody's vote counts twice, neither in one's
/// own name nor in another's.
pub async fn must_21_who_has_voted_is_done(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crowd(&*repository, 6).await;
    let group = sample::group_principal(9);
    let voted = ApprovalTask { votes: vec![vote(3, None), vote(4, Some(5))], ..sample::task(1, group) };
    let beside = sample::task(2, group);
    pending(&*repository, 1, 1, 1, vec![sample::stage(vec![voted, beside])]).await;
    pending(&*repository, 2, 1, 1, vec![sample::stage(vec![sample::task(11, group)])]).await;
    let see = async |user: u64| {
        tasks(&*repository, &Inbox { principals: vec![group, sample::principal(user)], ..inbox(user) }).await
    };
    for user in 3..=5 {
        assert_eq!(see(user).await, [sample::task_id(11)], "user {user}");
    }
    assert_eq!(see(6).await, [11, 2, 1].map(sample::task_id));
}

/// A claimed task stands under its claimer alone, until it is released. The delegate of a task has it
/// beside its assignee. Somebody who has it in several ways has it once.
pub async fn must_21_a_claimed_task_is_its_claimers(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crowd(&*repository, 5).await;
    let group = sample::group_principal(9);
    let task = ApprovalTask { delegate: Some(sample::principal(4)), ..sample::task(1, group) };
    let request = pending(&*repository, 1, 1, 1, vec![sample::stage(vec![task])]).await;
    let assert_seen = async |expected: &[u64]| {
        for user in 2..=4 {
            let (own, shared) = (inbox(user), vec![group, sample::principal(user)]);
            let seen = tasks(&*repository, &Inbox { principals: shared, ..own }).await;
            assert_eq!(!seen.is_empty(), expected.contains(&user), "user {user} sees {seen:?}");
            assert!(seen.len() <= 1);
        }
    };
    assert_seen(&[2, 3, 4]).await;
    assert_eq!(tasks(&*repository, &inbox(4)).await.len(), 1, "delegated");
    assert_eq!(tasks(&*repository, &inbox(3)).await.len(), 0, "through the group alone");
    let claim = |user: Option<u64>| {
        move |request: &mut Request| {
            let tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
            tasks.for_each(|task| task.acquired_by = user.map(sample::user_id));
        }
    };
    let claimed = changed(&request, claim(Some(3)));
    let released = changed(&claimed.state, claim(None));
    commit(&*repository, only(claimed)).await;
    assert_seen(&[3]).await;
    commit(&*repository, only(released)).await;
    assert_seen(&[2, 3, 4]).await;
}

/// Who decides in another's place has that user's own tasks, not those of the user's groups, and
/// none on which either of them may not vote.
pub async fn must_21_a_proxy_has_the_tasks_of_whom_it_represents(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crowd(&*repository, 6).await;
    let to = |n, user| sample::stage(vec![sample::task(n, sample::principal(user))]);
    pending(&*repository, 1, 1, 1, vec![to(1, 2)]).await;
    pending(&*repository, 2, 3, 3, vec![to(2, 2)]).await;
    pending(&*repository, 3, 2, 2, vec![to(3, 2)]).await;
    pending(&*repository, 4, 1, 1, vec![sample::stage(vec![sample::task(4, sample::group_principal(9))])]).await;
    pending(&*repository, 5, 1, 1, vec![to(5, 5)]).await;
    pending(&*repository, 6, 2, 2, vec![to(6, 3)]).await;
    let represents = |users: &[u64]| Inbox {
        represents: users.iter().copied().map(sample::user_id).collect::<Vec<UserId>>(),
        ..inbox(3)
    };
    assert_eq!(tasks(&*repository, &represents(&[])).await, [6].map(sample::task_id));
    let in_place_of_two = [6, 1].map(sample::task_id);
    assert_eq!(tasks(&*repository, &represents(&[2])).await, in_place_of_two, "not 2, of user 3, nor 3, of user 2");
    assert_eq!(tasks(&*repository, &represents(&[2, 5])).await, [6, 5, 1].map(sample::task_id));
}

/// Open tasks alone, newest first, whatever lies around them; the last page says that it is the last.
pub async fn must_21_closed_tasks_wait_for_nobody(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for n in 1..=6 {
        let request = pending(&*repository, n, 1, 1, vec![sample::stage(vec![sample::task(n, sample::principal(2))])]);
        let request = request.await;
        if n % 2 == 0 {
            commit(&*repository, only(moved(&request, RequestStatus::Completed))).await;
        }
    }
    assert_eq!(tasks(&*repository, &inbox(2)).await, [5, 3, 1].map(sample::task_id));
    let of = |states: Option<Vec<TaskState>>| Inbox { states, ..inbox(2) };
    assert_eq!(tasks(&*repository, &of(Some(vec![TaskState::Completed]))).await, [6, 4, 2].map(sample::task_id));
    assert_eq!(tasks(&*repository, &of(None)).await, [6, 5, 4, 3, 2, 1].map(sample::task_id));
    assert_eq!(tasks(&*repository, &of(Some(Vec::new()))).await, []);
    for (limit, more) in [(1, true), (2, true), (3, false), (4, false)] {
        let page = repository.inbox(&inbox(2), Start::Offset(0), limit).await.unwrap();
        assert_eq!((page.items.len(), page.next.is_some()), (limit.min(3), more), "limit {limit}");
    }
}

const OLD: u64 = 120;

/// Makes tasks all over the time line and ends every third old one.
async fn disturb(repository: Arc<dyn Repository>, old: Vec<Request>) {
    for (n, request) in (1..).zip(old) {
        let task = ApprovalTask {
            created: sample::time(n * 1_000_000 + 1),
            ..sample::task(10_000 + n.unsigned_abs(), sample::principal(2))
        };
        pending(&*repository, 10_000 + n.unsigned_abs(), 1, 1, vec![sample::stage(vec![task])]).await;
        if n % 3 == 0 {
            commit(&*repository, only(moved(&request, RequestStatus::Completed))).await;
        }
    }
}

/// Nothing twice, and nothing is missed that stayed open.
pub async fn must_21_a_walk_under_writes_misses_nothing_that_stayed(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut old = Vec::new();
    for n in 1..=OLD {
        let task = sample::task(n, sample::principal(2));
        old.push(pending(&*repository, n, 1, 1, vec![sample::stage(vec![task])]).await);
    }
    let writer = tokio::spawn(disturb(Arc::clone(&repository), old));
    let (mut found, mut start) = (Vec::new(), Start::Offset(0));
    loop {
        let page = repository.inbox(&inbox(2), start, 10).await.unwrap();
        found.extend(page.items.into_iter().map(|item| item.task));
        let Some(next) = page.next else { break };
        start = Start::<TaskCursor>::After(next);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    writer.await.unwrap();
    let set: BTreeSet<_> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "a task came twice");
    let stayed = (1..=OLD).filter(|n| n % 3 != 0).map(sample::task_id);
    assert!(stayed.into_iter().all(|task| set.contains(&task)), "a task that stayed was missed");
}
