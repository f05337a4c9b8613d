//! What a manager sees through those who report to the manager.

use countersign_core::access::ListClass;
use countersign_core::directory::User;
use countersign_core::ids::Revision;
use countersign_core::repository::{Order, Repository, RequestList};
use countersign_core::request::{Request, RequestStatus};

use super::filter::{assert_list, random_list};
use crate::fixture::Fixture;
use crate::model::World;
use crate::sample::{self, Random};
use crate::support::{commit, create, moved, only, people, user_change, walk_ids};

const NOTHING: [u64; 0] = [];

/// What user `manager` sees, who is in no group, through reports too.
fn of(manager: u64) -> RequestList {
    RequestList {
        principals: vec![sample::principal(manager)],
        through_reports: Some(sample::user_id(manager)),
        classes: ListClass::OIG_TRACK,
        statuses: None,
        filter: None,
        order: Order::NewestFirst,
        reader: None,
    }
}

async fn sees(repository: &dyn Repository, list: &RequestList) -> Vec<u64> {
    let found = walk_ids(repository, list, 2).await;
    assert_eq!(repository.count_requests(list).await.unwrap(), found.len() as u64, "the count of {list:?}");
    let number = |id| (1..1000).find(|n| sample::request_id(*n) == id).expect("a request of the case");
    found.into_iter().map(number).collect()
}

/// Sets the manager of user `n`, who has been changed `times` times.
async fn report(repository: &dyn Repository, n: u64, manager: Option<u64>, times: i64) {
    let revision = Revision(1 + times);
    let user = User { manager: manager.map(sample::user_id), revision: revision.next(), ..sample::user(n) };
    commit(repository, user_change(Some(revision), user)).await;
}

/// Users 1 to 6. Users 2 and 3 report to user 1, user 4 to user 2.
async fn directory(repository: &dyn Repository) {
    people(repository, 6).await;
    report(repository, 2, Some(1), 0).await;
    report(repository, 3, Some(1), 0).await;
    report(repository, 4, Some(2), 0).await;
}

/// What a report asked for, and what is for a report: one level, each once.
pub async fn must_26_a_manager_sees_what_reports_ask_for_and_get(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    create(&*repository, sample::access_request(1, 2, &[5])).await;
    create(&*repository, sample::access_request(2, 5, &[3, 6])).await;
    create(&*repository, sample::access_request(3, 2, &[3, 2])).await;
    create(&*repository, sample::access_request(4, 4, &[4])).await;
    create(&*repository, sample::access_request(5, 5, &[6])).await;
    create(&*repository, sample::access_request(6, 1, &[2])).await;
    create(&*repository, sample::certificate_request(7, 5, 2)).await;
    assert_eq!(sees(&*repository, &of(1)).await, [7, 6, 3, 2, 1]);
    assert_eq!(sees(&*repository, &of(2)).await, [7, 6, 4, 3, 1], "of user 2 itself, and through user 4");
    assert_eq!(sees(&*repository, &of(4)).await, [4]);
    let own = RequestList { through_reports: None, ..of(1) };
    assert_eq!(sees(&*repository, &own).await, [6]);
    let certificates = RequestList { classes: ListClass::MIM_TARGET, ..of(1) };
    assert_eq!(sees(&*repository, &certificates).await, [7], "the list's classes hold for reports too");
}

/// What a report decides, audits or puts into a cart is the report's own affair.
pub async fn must_26_carts_and_tasks_of_reports_stay_theirs(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    let cart = sample::in_status(sample::access_request(1, 2, &[2]), RequestStatus::Draft);
    create(&*repository, cart.clone()).await;
    let stages = vec![sample::stage(vec![sample::task(2, sample::principal(2))])];
    let decided = Request { stages, ..sample::access_request(2, 5, &[6]) };
    create(&*repository, sample::in_status(decided, RequestStatus::Pending)).await;
    let all = RequestList { classes: ListClass::ALL, ..of(1) };
    assert_eq!(sees(&*repository, &all).await, NOTHING);
    assert_eq!(sees(&*repository, &RequestList { statuses: Some(vec![RequestStatus::Draft]), ..of(1) }).await, NOTHING);
    let thrown_out = sample::discarded(sample::access_request(3, 2, &[2, 3]));
    create(&*repository, thrown_out).await;
    assert_eq!(sees(&*repository, &all).await, NOTHING);
    assert_eq!(sees(&*repository, &of(3)).await, NOTHING, "whom it was for");
    assert_eq!(sees(&*repository, &of(2)).await, [3, 1]);
    commit(&*repository, only(moved(&cart, RequestStatus::Submitted))).await;
    assert_eq!(sees(&*repository, &all).await, [1]);
}

/// Who is somebody's manager counts at the next read.
pub async fn must_26_a_new_manager_sees_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    create(&*repository, sample::access_request(1, 2, &[2])).await;
    assert_eq!(sees(&*repository, &of(1)).await, [1]);
    report(&*repository, 2, Some(6), 1).await;
    assert_eq!(sees(&*repository, &of(1)).await, NOTHING);
    assert_eq!(sees(&*repository, &of(6)).await, [1]);
    report(&*repository, 2, None, 2).await;
    assert_eq!(sees(&*repository, &of(6)).await, NOTHING);
    assert_eq!(sees(&*repository, &of(2)).await, [1]);
}

/// Random lists through reports, against a search through everything.
pub async fn must_26_lists_through_reports_are_what_a_full_scan_finds(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(27);
    let world = World::random(&mut random, 200);
    world.settle(&*repository).await;
    for n in 0..80 {
        let manager = sample::user_id(1 + random.below(3));
        let list = RequestList { through_reports: Some(manager), ..random_list(&mut random) };
        assert_list(&*repository, &world, &list, 1 + n % 60).await;
    }
}
