//! Paging while others write.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::access::ListClass;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Repository, RequestList};
use countersign_core::request::{Request, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{commit, create, list, mim_list, moved, only, people, start};

const OLD: u64 = 200;

/// Makes requests all over the time line and moves every third old one to another status.
async fn disturb(repository: Arc<dyn Repository>, old: Vec<Request>) {
    for (n, request) in (1..).zip(old) {
        let created = sample::time(request.created.as_micros() - sample::time(0).as_micros() + 1);
        create(&*repository, Request { created, ..sample::certificate_request(10_000 + n, 1, 2) }).await;
        if n % 3 == 0 {
            commit(&*repository, only(moved(&request, RequestStatus::Completed))).await;
        }
    }
}

/// Reads a list page by page while `disturb` writes.
async fn read_disturbed(repository: Arc<dyn Repository>, list: &RequestList, old: Vec<Request>) -> Vec<RequestId> {
    let writer = tokio::spawn(disturb(Arc::clone(&repository), old));
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = repository.requests(list, start(after), 10).await.unwrap();
        ids.extend(page.items.into_iter().map(|stored| stored.id));
        match page.next {
            None => break,
            next => after = next,
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    writer.await.unwrap();
    ids
}

async fn old(repository: &dyn Repository) -> Vec<Request> {
    people(repository, 2).await;
    let mut old = Vec::new();
    for n in 1..=OLD {
        old.push(create(repository, sample::certificate_request(n, 1, 2)).await);
    }
    old
}

fn assert_none_twice(ids: &[RequestId]) {
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "a request came twice");
}

/// Of all statuses: nothing twice, and nothing that was there before is missed.
pub async fn must_13_a_walk_under_writes_misses_nothing(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let old = old(&*repository).await;
    let list = mim_list(&[sample::principal(1), sample::principal(2)]);
    let ids = read_disturbed(Arc::clone(&repository), &list, old.clone()).await;
    assert_none_twice(&ids);
    let found: BTreeSet<_> = ids.into_iter().collect();
    assert!(old.iter().all(|request| found.contains(&request.id)), "an old request was missed");
}

/// Of one status: nothing twice, and nothing is missed that kept the status.
pub async fn must_13_a_filtered_walk_under_writes_misses_nothing_that_stayed(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let old = old(&*repository).await;
    let principals = [sample::principal(1), sample::principal(2)];
    let list = list(&principals, ListClass::MIM_ALL, Some(vec![RequestStatus::Approved]));
    let ids = read_disturbed(Arc::clone(&repository), &list, old.clone()).await;
    assert_none_twice(&ids);
    let found: BTreeSet<_> = ids.into_iter().collect();
    let stayed = (1..).zip(&old).filter(|(n, _)| n % 3 != 0);
    assert!(stayed.into_iter().all(|(_, request)| found.contains(&request.id)), "one that stayed was missed");
}
