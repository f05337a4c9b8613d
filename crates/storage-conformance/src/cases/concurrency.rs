//! Many writers and readers at once.

use std::sync::Arc;

use countersign_core::directory::User;
use countersign_core::ids::{RequestId, UserId};
use countersign_core::repository::{AggregateChange, Change, CommitOutcome, Repository, RequestList, Start};
use countersign_core::request::{Request, RequestDetails, RequestStatus};
use futures_util::future::{join_all, join3};
use tokio::task::JoinSet;

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{
    assert_chained, assert_sound, changed, commit, create, history, identity, mim_list, moved, new_request, only,
    people, read, stored, user_change,
};

const WRITERS: u64 = 32;
const ROUNDS: u64 = 25;
const CROSSINGS: u64 = 12;

fn count_of(request: &Request) -> u64 {
    request.justification.as_deref().unwrap_or("0").parse().expect("a count")
}

fn counted(request: &Request) -> AggregateChange<Request> {
    changed(request, |next| {
        next.justification = Some((count_of(request) + 1).to_string());
        if let RequestDetails::Certificate(certificate) = &mut next.details {
            certificate.comment = (count_of(request) + 1).to_string();
        }
    })
}

/// Reads, decides and commits until it lands, so many times.
async fn count_up(repository: Arc<dyn Repository>, id: RequestId, rounds: u64) {
    for _ in 0..rounds {
        loop {
            let change = only(counted(&read(&*repository, id).await));
            match repository.commit(change).await.unwrap() {
                CommitOutcome::Committed => break,
                CommitOutcome::Conflict => tokio::task::yield_now().await,
                CommitOutcome::Duplicate { .. } => panic!("no key was given"),
            }
        }
    }
}

/// 32 writers on two handles count one request up, 25 times each. Nothing is lost.
pub async fn must_09_many_writers_lose_nothing(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    people(&*handles[0], 2).await;
    let request = create(&*handles[0], sample::certificate_request(1, 1, 2)).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let repository = Arc::clone(&handles[usize::from(writer % 4 == 0)]);
        writers.spawn(count_up(repository, request.id, ROUNDS));
    }
    writers.join_all().await;
    let end = read(&*handles[0], request.id).await;
    assert_eq!(count_of(&end), WRITERS * ROUNDS);
    assert_eq!(end.revision.0.unsigned_abs(), WRITERS * ROUNDS + 1);
    let events = history(&*handles[0], request.id).await;
    assert_eq!(events.len() as u64, WRITERS * ROUNDS + 1);
    assert_chained(&events);
    assert_sound(&*handles[0]).await;
}

/// Counts two users up in their names, both in one change and in this order, until it lands, so many times.
async fn count_both_up(repository: Arc<dyn Repository>, ids: [UserId; 2], rounds: u64) {
    for _ in 0..rounds {
        loop {
            let mut change = Change::default();
            for id in ids {
                let user = repository.user(id).await.unwrap().expect("a user that was made");
                let display_name = (user.display_name.parse::<u64>().unwrap_or(0) + 1).to_string();
                let next = User { display_name, revision: user.revision.next(), ..user.clone() };
                change.users.extend(user_change(Some(user.revision), next).users);
            }
            match repository.commit(change).await.unwrap() {
                CommitOutcome::Committed => break,
                CommitOutcome::Conflict => tokio::task::yield_now().await,
                CommitOutcome::Duplicate { .. } => panic!("no key was given"),
            }
        }
    }
}

/// Changes of the same two users that begin at different ends and meet in the middle: each lands or is told that
/// it comes too late, and nobody waits for ever.
pub async fn must_09_changes_that_cross_give_way(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    people(&*handles[0], 2).await;
    let [one, two] = [1, 2].map(sample::user_id);
    let mut writers = JoinSet::new();
    for (handle, ids) in [(0, [one, two]), (1, [two, one]), (0, [two, one]), (1, [one, two])] {
        writers.spawn(count_both_up(Arc::clone(&handles[handle]), ids, CROSSINGS));
    }
    writers.join_all().await;
    for id in [one, two] {
        let user = handles[0].user(id).await.unwrap().expect("a user that was made");
        assert_eq!(user.display_name, (4 * CROSSINGS).to_string());
    }
}

/// Of several that race to make the same thing, one does.
pub async fn must_09_one_of_many_makes_it(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    people(&*handles[0], 2).await;
    let race = (0..16usize).map(|n| handles[n % 2].commit(new_request(sample::certificate_request(1, 1, 2))));
    let outcomes: Vec<_> = join_all(race).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Committed).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Conflict).count(), 15);
}

/// Changes that wait together: each is judged alone. The stale, the taken and the eventless
/// ones are refused, and every sound neighbour lands.
pub async fn must_11_a_failing_change_harms_no_neighbour(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut requests = Vec::new();
    for n in 1..=60 {
        requests.push(create(&*repository, sample::certificate_request(n, 1, 2)).await);
    }
    let stale = requests[0].clone();
    commit(&*repository, only(moved(&stale, RequestStatus::Executing))).await;

    let changes: Vec<Change> = (1..60)
        .map(|n| match n % 5 {
            0 => only(moved(&stale, RequestStatus::Failed)),
            1 => new_request(Request { number: stale.number, ..sample::certificate_request(500 + n as u64, 1, 2) }),
            2 => {
                let mut change = only(moved(&requests[n], RequestStatus::Failed));
                change.requests[0].events.clear();
                change
            }
            3 => {
                let mut change = only(moved(&requests[n], RequestStatus::Failed));
                change.requests.push(moved(&stale, RequestStatus::Failed));
                change
            }
            _ => only(moved(&requests[n], RequestStatus::Completed)),
        })
        .collect();
    let outcomes = join_all(changes.into_iter().map(|change| repository.commit(change))).await;

    for (n, outcome) in (1..60).zip(outcomes) {
        let landed = matches!(outcome, Ok(CommitOutcome::Committed));
        assert_eq!(landed, n % 5 == 4, "change {n}: {outcome:?}");
        let status = read(&*repository, requests[n].id).await.status();
        let expected = if n % 5 == 4 { RequestStatus::Completed } else { RequestStatus::Approved };
        assert_eq!(status, expected, "request {n}");
    }
    assert_sound(&*repository).await;
}

/// Reads that wait together: who asks for what is not there hears so, and everybody else gets what they asked for.
pub async fn must_02_what_is_missing_harms_no_neighbour(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for n in (1..=60).filter(|n| n % 3 == 0) {
        create(&*repository, sample::certificate_request(n, 1, 2)).await;
    }
    let read = |n: u64| {
        let repository = &repository;
        async move {
            let Request { id, number, .. } = sample::certificate_request(n, 1, 2);
            let login = sample::user(n).login;
            let (by_id, by_number, caller) = join3(
                repository.request(id),
                repository.request_by_number(number),
                identity(&**repository, login.as_str()),
            )
            .await;
            let ids = [by_id.unwrap(), by_number.unwrap()].map(|found| found.map(|stored| stored.id));
            (n, ids, caller.map(|identity| identity.caller.user))
        }
    };
    for (n, ids, caller) in join_all((1..=60).map(read)).await {
        let request = (n % 3 == 0).then(|| sample::request_id(n));
        assert_eq!(ids, [request; 2], "request {n}");
        assert_eq!(caller, (n <= 2).then(|| sample::user_id(n)), "user {n}");
    }
}

/// Whoever reads while others write sees one state whole: document, revision and events fit.
pub async fn must_03_a_read_sees_one_snapshot(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let writers = (0..4).map(|_| tokio::spawn(count_up(Arc::clone(&repository), request.id, 40)));
    let mut writers: Vec<_> = writers.collect();
    let reader = fixture.second().await;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let found = stored(&*reader, request.id).await;
        let now = found.document.request().unwrap();
        assert_eq!(found.revision, now.revision);
        assert_eq!(count_of(&now), now.revision.0.unsigned_abs() - 1);
        assert_eq!(now.certificate().unwrap().comment, now.justification.clone().unwrap_or_default());
        let events = history(&*reader, request.id).await;
        assert_chained(&events);
        assert!(events.len() as u64 >= found.revision.0.unsigned_abs());
        tokio::task::yield_now().await;
    }
    for writer in &mut writers {
        writer.await.unwrap();
    }
}

/// The same with a count more, in the other of two statuses.
fn carried_on(request: &Request) -> AggregateChange<Request> {
    let mut change = counted(request);
    let next =
        if request.status() == RequestStatus::Approved { RequestStatus::Executing } else { RequestStatus::Approved };
    change.state = sample::in_status(change.state, next);
    change
}

/// Two requests change their count and status together, always: a page of both shows both, with the same count, and a
/// page of a status shows both or none, in that status.
pub async fn must_03_a_page_sees_one_snapshot(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut pair = Vec::new();
    for n in 1..=2 {
        let request = sample::in_status(sample::certificate_request(n, 1, 2), RequestStatus::Approved);
        pair.push(create(&*repository, request).await);
    }
    let writing = Arc::clone(&repository);
    let writer = tokio::spawn(async move {
        for _ in 0..150 {
            let requests: Vec<_> = pair.iter().map(carried_on).collect();
            pair = requests.iter().map(|change| change.state.clone()).collect();
            commit(&*writing, Change { requests, ..Change::default() }).await;
        }
    });
    let both = mim_list(&[sample::principal(1), sample::principal(2)]);
    let approved = RequestList { statuses: Some(vec![RequestStatus::Approved]), ..both.clone() };
    while !writer.is_finished() {
        let page = listed(&*repository, &both).await;
        assert_eq!(page.len(), 2);
        assert_eq!(count_of(&page[0]), count_of(&page[1]));
        let page = listed(&*repository, &approved).await;
        assert!([0, 2].contains(&page.len()), "{} of two", page.len());
        assert!(page.iter().all(|request| request.status() == RequestStatus::Approved));
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

async fn listed(repository: &dyn Repository, list: &RequestList) -> Vec<Request> {
    let page = repository.requests(list, Start::Offset(0), 10).await.unwrap();
    page.items.iter().map(|stored| stored.document.request().unwrap()).collect()
}
