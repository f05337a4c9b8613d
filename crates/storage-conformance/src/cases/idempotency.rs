//! The same key has one effect (decision 13).

use countersign_core::repository::{Change, CommitOutcome, Idempotency};
use countersign_core::request::RequestStatus;
use futures_util::future::join_all;

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{assert_same, commit, create, export, moved, new_request, only, people, read};

fn promise(key: &str, result: &str) -> Idempotency {
    Idempotency {
        caller: sample::user_id(1),
        operation: "mim_create_request".to_owned(),
        key: key.to_owned(),
        element: 0,
        command: [result.len().to_le_bytes()[0]; 32],
        result: result.as_bytes().to_vec(),
        at: sample::time(1),
    }
}

fn keyed(change: Change, idempotency: Idempotency) -> Change {
    Change { idempotency: Some(idempotency), ..change }
}

fn duplicate(of: &Idempotency) -> CommitOutcome {
    CommitOutcome::Duplicate { command: of.command, result: of.result.clone() }
}

/// A change that is sent again, or another one with its key, gets the first one's result and does nothing.
pub async fn must_10_a_key_gives_back_the_first_result(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let first = promise("k-%_", "first");
    let change = keyed(new_request(sample::certificate_request(1, 1, 2)), first.clone());
    commit(&*repository, change.clone()).await;
    let before = export(&*repository).await;
    let second = fixture.second().await;
    let other = keyed(new_request(sample::certificate_request(2, 1, 2)), promise("k-%_", "another"));
    for again in [change, other] {
        assert_eq!(second.commit(again).await.unwrap(), duplicate(&first));
    }
    assert_same(&export(&*repository).await, &before);
    assert_eq!(repository.request(sample::request_id(2)).await.unwrap(), None);
}

/// A change that has become stale by its own first sending is a duplicate, not a conflict.
pub async fn must_10_a_key_comes_before_the_revision(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let first = promise("k", "done");
    let change = keyed(only(moved(&request, RequestStatus::Executing)), first.clone());
    commit(&*repository, change.clone()).await;
    assert_eq!(repository.commit(change).await.unwrap(), duplicate(&first));
}

/// Another caller, operation, element or key in another case is another promise.
pub async fn must_10_keys_of_others_are_independent(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let first = promise("key", "x");
    let others = [
        first.clone(),
        Idempotency { caller: sample::user_id(2), ..first.clone() },
        Idempotency { operation: "oig_create_requests".to_owned(), ..first.clone() },
        Idempotency { element: 1, ..first.clone() },
        Idempotency { key: "KEY".to_owned(), ..first.clone() },
        Idempotency { key: "key ".to_owned(), ..first },
    ];
    for (n, promise) in (1..).zip(others) {
        commit(&*repository, keyed(new_request(sample::certificate_request(n, 1, 2)), promise)).await;
    }
}

/// A refused change keeps no promise: its key is still free.
pub async fn must_10_a_refused_change_keeps_no_promise(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    commit(&*repository, only(moved(&request, RequestStatus::Executing))).await;
    let stale = keyed(only(moved(&request, RequestStatus::Failed)), promise("k", "stale"));
    assert_eq!(repository.commit(stale).await.unwrap(), CommitOutcome::Conflict);
    let now = read(&*repository, request.id).await;
    commit(&*repository, keyed(only(moved(&now, RequestStatus::Failed)), promise("k", "fresh"))).await;
}

/// Sent sixteen times at once, it has one effect.
pub async fn must_10_a_key_holds_in_a_race(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    people(&*handles[0], 2).await;
    let sent = promise("k", "x");
    let race = (1..=16u64).map(|n| {
        let change = keyed(new_request(sample::certificate_request(n, 1, 2)), sent.clone());
        let repository = &handles[usize::from(n % 2 == 0)];
        repository.commit(change)
    });
    let outcomes = join_all(race).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let count = |wanted| outcomes.iter().flatten().filter(|outcome| **outcome == wanted).count();
    assert_eq!(count(CommitOutcome::Committed), 1);
    assert_eq!(count(duplicate(&sent)), 15);
}

/// What was done under a key can be asked for, by its caller, operation, key and element alone.
pub async fn must_10_a_key_can_be_asked_for(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let done = Idempotency { element: 3, ..promise("k", "done") };
    commit(&*repository, keyed(new_request(sample::certificate_request(1, 1, 2)), done.clone())).await;
    let earlier = async |caller, operation: &str, key: &str, element| {
        fixture.second().await.earlier(sample::user_id(caller), operation, key, element).await.unwrap()
    };
    let operation = done.operation.as_str();
    assert_eq!(earlier(1, operation, "k", 3).await, Some((done.command, done.result)));
    for (caller, operation, key, element) in
        [(2, operation, "k", 3), (1, "other", "k", 3), (1, operation, "K", 3), (1, operation, "k", 0)]
    {
        assert_eq!(earlier(caller, operation, key, element).await, None);
    }
}

/// Keys older than a moment are forgotten, and counted; the others hold.
pub async fn must_10_old_keys_are_forgotten(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for n in 1..=5 {
        let at = sample::time(i64::try_from(n).unwrap());
        let done = Idempotency { at, ..promise(&n.to_string(), "done") };
        commit(&*repository, keyed(new_request(sample::certificate_request(n, 1, 2)), done)).await;
    }
    for (before, forgotten) in [(1, 0), (3, 2), (3, 0), (5, 2)] {
        assert_eq!(repository.forget_keys(sample::time(before)).await.unwrap(), forgotten);
    }
    for n in 1..=5 {
        let found = repository.earlier(sample::user_id(1), "mim_create_request", &n.to_string(), 0).await.unwrap();
        assert_eq!(found.is_some(), n == 5, "{n}");
    }
}
