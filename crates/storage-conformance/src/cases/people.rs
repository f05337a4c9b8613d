//! Who acts for whom, who may vote, who belongs where.

use countersign_core::bundle::Record;
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Proxy, User, UserStatus};
use countersign_core::ids::{PrincipalId, UserId};
use countersign_core::repository::Repository;
use countersign_core::request::{Request, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{assert_sound, changed, commit, create, import, moved, only, user_change};

/// In whose place the user decides.
async fn represents(repository: &dyn Repository, login: &str, now: Timestamp) -> Vec<UserId> {
    repository.identity(login, now).await.unwrap().expect("a login").caller.represents
}

/// Users 1 to `count`, template 1, and the administrators: user 9.
async fn people(repository: &dyn Repository, count: u64) {
    let mut records: Vec<_> = (1..=count.max(9)).map(sample::user).map(Record::User).collect();
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.push(Record::Group(sample::administrators(9, &[sample::principal(9)])));
    import(repository, records).await;
}

/// The user as changed by `edit`.
async fn change_user(repository: &dyn Repository, id: UserId, edit: impl FnOnce(&mut User)) {
    let before = repository.user(id).await.unwrap().unwrap();
    let mut after = User { revision: before.revision.next(), ..before.clone() };
    edit(&mut after);
    commit(repository, user_change(Some(before.revision), after)).await;
}

async fn disable(repository: &dyn Repository, id: UserId, stand_in: Option<PrincipalId>) {
    change_user(repository, id, |user| {
        user.status = UserStatus::Disabled;
        user.stand_in = stand_in;
    })
    .await;
}

/// A pending request of user 1 with a task for `assignee`.
async fn asked(repository: &dyn Repository, n: u64, assignee: PrincipalId) -> Request {
    let stages = vec![sample::stage(vec![sample::task(n, assignee)])];
    let request = Request { stages, ..sample::certificate_request(n, 1, 1) };
    create(repository, sample::in_status(request, RequestStatus::Pending)).await
}

/// A proxy decides from the first microsecond to the one before the end; nobody else does.
pub async fn must_20_a_proxy_decides_within_its_dates(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 9).await;
    let proxy = |n, start, end: Option<i64>| Proxy {
        user: sample::user_id(n),
        start: sample::time(start),
        end: end.map(sample::time),
    };
    change_user(&*repository, sample::user_id(1), |user| {
        user.proxies = vec![proxy(3, 100, Some(200)), proxy(4, 150, None), proxy(3, 300, Some(301))];
    })
    .await;
    change_user(&*repository, sample::user_id(2), |user| user.proxies = vec![proxy(3, 0, None)]).await;
    let (one, two) = (sample::user_id(1), sample::user_id(2));
    let second = fixture.second().await;
    for (login, now, expected) in [
        ("user3", -1, vec![]),
        ("user3", 0, vec![two]),
        ("user3", 99, vec![two]),
        ("user3", 100, vec![one, two]),
        ("user3", 199, vec![one, two]),
        ("user3", 200, vec![two]),
        ("user3", 300, vec![one, two]),
        ("user3", 301, vec![two]),
        ("user4", 149, vec![]),
        ("user4", 150, vec![one]),
        ("user4", 9_000_000_000_000_000, vec![one]),
        ("user1", 150, vec![]),
        ("user5", 150, vec![]),
    ] {
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(represents(&*second, login, sample::time(now)).await, expected, "{login} at {now}");
    }
    change_user(&*repository, one, |user| user.proxies.clear()).await;
    assert_eq!(represents(&*second, "user4", sample::time(150)).await, []);
}

/// Whoever acts for a user who has left decides in that user's place for as long as the user holds
/// open tasks: from the next read after the user left, or after such a task came.
pub async fn must_20_a_leaver_is_represented_while_tasks_are_open(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 9).await;
    let (leaver, now) = (sample::user_id(2), sample::time(0));
    let for_five = async || represents(&*repository, "user5", now).await;
    let request = asked(&*repository, 1, leaver.into()).await;
    assert_eq!(for_five().await, []);
    disable(&*repository, leaver, Some(sample::principal(5))).await;
    assert_eq!(for_five().await, [leaver]);
    assert_sound(&*repository).await;

    let reassigned = changed(&request, |next| next.stages[0].tasks[0].assignee = sample::principal(3));
    let request = reassigned.state.clone();
    commit(&*repository, only(reassigned)).await;
    assert_eq!(for_five().await, []);
    assert_sound(&*repository).await;

    let delegated = changed(&request, |next| next.stages[0].tasks[0].delegate = Some(leaver.into()));
    let request = delegated.state.clone();
    commit(&*repository, only(delegated)).await;
    assert_eq!(for_five().await, [leaver]);
    let again = asked(&*repository, 2, leaver.into()).await;
    commit(&*repository, only(moved(&request, RequestStatus::Denied))).await;
    assert_eq!(for_five().await, [leaver], "another task is open");
    assert_sound(&*repository).await;
    commit(&*repository, only(moved(&again, RequestStatus::Denied))).await;
    assert_eq!(for_five().await, []);

    asked(&*repository, 3, leaver.into()).await;
    assert_eq!(for_five().await, [leaver]);
    change_user(&*repository, leaver, |user| user.status = UserStatus::Active).await;
    assert_eq!(for_five().await, []);
    assert_sound(&*repository).await;
}

/// The stand-in goes before the manager, the manager before the administrators; a group acts
/// through its members.
pub async fn must_20_one_of_three_acts_for_a_leaver(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 9).await;
    let groups = [sample::group(1, &[sample::group_principal(2)]), sample::group(2, &[sample::principal(6)])];
    import(&*repository, groups.map(Record::Group).to_vec()).await;
    let (leaver, now) = (sample::user_id(2), sample::time(0));
    asked(&*repository, 1, leaver.into()).await;
    let (person, group, boss) =
        (Some(sample::principal(5)), Some(sample::group_principal(1)), Some(sample::user_id(4)));
    for (stand_in, manager, expected) in
        [(person, boss, "user5"), (group, boss, "user6"), (None, boss, "user4"), (None, None, "user9")]
    {
        change_user(&*repository, leaver, |user| {
            *user = User { status: UserStatus::Disabled, stand_in, manager, ..user.clone() };
        })
        .await;
        for n in 1..=9 {
            let login = format!("user{n}");
            let found = represents(&*repository, &login, now).await;
            assert_eq!(found, if login == expected { vec![leaver] } else { vec![] }, "{login}, not {expected}");
        }
    }
}

/// Voters are the active people behind principals, each once, through groups of groups.
pub async fn must_20_voters_are_active_people(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 9).await;
    let groups = [
        sample::group(1, &[sample::principal(1), sample::group_principal(2)]),
        sample::group(2, &[sample::principal(2), sample::principal(3), sample::group_principal(1)]),
    ];
    import(&*repository, groups.map(Record::Group).to_vec()).await;
    let voters = async |principals: &[PrincipalId], excluding: &[u64], limit| {
        let excluding: Vec<_> = excluding.iter().map(|n| sample::user_id(*n)).collect();
        let mut found = repository.voters(principals, &excluding, limit).await.unwrap();
        found.sort_unstable();
        found
    };
    let users = |ns: &[u64]| {
        let mut ids: Vec<_> = ns.iter().map(|n| sample::user_id(*n)).collect();
        ids.sort_unstable();
        ids
    };
    let (one, group) = (sample::principal(1), sample::group_principal(1));
    assert_eq!(voters(&[], &[], 9).await, []);
    assert_eq!(voters(&[sample::principal(77)], &[], 9).await, []);
    assert_eq!(voters(&[one], &[], 9).await, users(&[1]));
    assert_eq!(voters(&[group, one, sample::principal(5)], &[], 9).await, users(&[1, 2, 3, 5]));
    assert_eq!(voters(&[group], &[2], 9).await, users(&[1, 3]));
    assert_eq!(voters(&[group, one], &[1, 2, 3], 9).await, []);
    for limit in 0..=4 {
        let found = voters(&[one, group], &[3], limit).await;
        assert_eq!(found.len(), limit.min(2));
        assert!(found.iter().all(|user| users(&[1, 2]).contains(user)));
    }

    for excluding in [&[1][..], &[2], &[3], &[1, 2], &[1, 3], &[2, 3]] {
        assert_eq!(voters(&[group], excluding, 1).await.len(), 1, "without {excluding:?}");
        assert_eq!(voters(&[sample::principal(1), group], excluding, 3).await.len(), 3 - excluding.len());
    }

    disable(&*repository, sample::user_id(2), Some(sample::principal(6))).await;
    assert_eq!(voters(&[group], &[], 9).await, users(&[1, 3]), "a member's stand-in has not the group's tasks");
    assert_eq!(voters(&[sample::principal(2)], &[], 9).await, users(&[6]));
    assert_eq!(voters(&[sample::principal(2)], &[2], 9).await, [], "who may not vote is not represented");
    assert_eq!(voters(&[sample::principal(2)], &[6], 9).await, []);
    disable(&*repository, sample::user_id(6), None).await;
    assert_eq!(voters(&[sample::principal(2)], &[], 9).await, [], "a stand-in who has left decides nothing");
    disable(&*repository, sample::user_id(2), None).await;
    assert_eq!(voters(&[sample::principal(2)], &[], 9).await, users(&[9]), "the administrators");
    disable(&*repository, sample::user_id(2), Some(group)).await;
    assert_eq!(voters(&[sample::principal(2)], &[3], 9).await, users(&[1]));
}

/// A user belongs to themselves and to the groups around them, and to no other.
pub async fn must_20_who_belongs_follows_the_groups(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 9).await;
    let groups = [sample::group(1, &[sample::group_principal(2)]), sample::group(2, &[sample::principal(1)])];
    import(&*repository, groups.map(Record::Group).to_vec()).await;
    let belongs = async |n, among: &[PrincipalId]| repository.belongs(sample::user_id(n), among).await.unwrap();
    let (inner, outer) = (sample::group_principal(2), sample::group_principal(1));
    for among in [&[sample::principal(1)][..], &[inner], &[outer], &[sample::principal(5), outer]] {
        assert!(belongs(1, among).await, "{among:?}");
        assert!(!belongs(2, among).await, "{among:?}");
    }
    assert!(!belongs(1, &[]).await && !belongs(1, &[sample::principal(2)]).await);
    fixture.move_member(sample::user_id(1), sample::group(2, &[]).id, sample::administrators(9, &[]).id).await;
    assert!(!belongs(1, &[inner, outer]).await && belongs(1, &[sample::group_principal(9)]).await);
}
