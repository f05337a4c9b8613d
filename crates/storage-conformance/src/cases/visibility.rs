//! Who sees what: through groups of groups, in the place of others, after a move.

use countersign_core::bundle::Record;
use countersign_core::directory::{PrincipalName, User, UserStatus};
use countersign_core::ids::{PrincipalId, RequestId};
use countersign_core::repository::Repository;
use countersign_core::request::{RequestDetails, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{commit, create, identity, import, mim_list, user_change, walk_ids};

async fn principals(repository: &dyn Repository, login: &str) -> Vec<PrincipalId> {
    identity(repository, login).await.expect("a login").caller.principals
}

async fn sees(repository: &dyn Repository, login: &str) -> Vec<RequestId> {
    let principals = principals(repository, login).await;
    walk_ids(repository, &mim_list(&principals), 3).await
}

/// Users 1 to 6; user 3 in group 3 in group 2 in group 1; user 4 in group 4.
async fn directory(repository: &dyn Repository) {
    let mut records: Vec<_> = (1..=6).map(sample::user).map(Record::User).collect();
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.push(Record::Group(sample::group(1, &[sample::group_principal(2)])));
    records.push(Record::Group(sample::group(2, &[sample::group_principal(3)])));
    records.push(Record::Group(sample::group(3, &[sample::principal(3)])));
    records.push(Record::Group(sample::group(4, &[sample::principal(4)])));
    import(repository, records).await;
}

/// A request of user 1 for user 2 that group 1 audits and group 4 approves.
async fn audited(repository: &dyn Repository, n: u64) -> RequestId {
    let mut request = sample::certificate_request(n, 1, 2);
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.auditors = vec![sample::group_principal(1)];
    }
    request.stages = vec![sample::stage(vec![sample::task(n, sample::group_principal(4))])];
    create(repository, sample::in_status(request, RequestStatus::Pending)).await.id
}

/// A caller acts as the user and every group above, and sees what they may see: once, and nothing else.
pub async fn must_13_groups_of_groups_see(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    let shared = audited(&*repository, 1).await;
    let own = create(&*repository, sample::certificate_request(2, 3, 3)).await.id;
    let other = create(&*repository, sample::certificate_request(3, 5, 5)).await.id;
    let mut expected: Vec<_> = (1..=3).map(sample::group_principal).chain([sample::principal(3)]).collect();
    expected.sort_unstable();
    assert_eq!(principals(&*repository, "user3").await, expected);
    assert_eq!(sees(&*repository, "user1").await, [shared]);
    assert_eq!(sees(&*repository, "user2").await, [shared]);
    assert_eq!(sees(&*repository, "user3").await, [own, shared]);
    assert_eq!(sees(&*repository, "user4").await, [shared]);
    assert_eq!(sees(&*repository, "user5").await, [other]);
    assert_eq!(sees(&*repository, "user6").await, []);
}

/// Whoever may see a request in several ways sees it once.
pub async fn must_13_several_ways_show_a_request_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    let mut expected = Vec::new();
    for n in 1..=10 {
        let mut request = sample::certificate_request(n, 3, 3);
        if let RequestDetails::Certificate(certificate) = &mut request.details {
            certificate.auditors = (1..=3).map(sample::group_principal).collect();
            certificate.agents = vec![sample::principal(3)];
        }
        expected.insert(0, create(&*repository, request).await.id);
    }
    assert_eq!(sees(&*repository, "user3").await, expected);
}

/// Groups that contain each other still have an end.
pub async fn must_13_groups_in_a_circle_have_an_end(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let records = vec![
        Record::User(sample::user(1)),
        Record::Group(sample::group(1, &[sample::group_principal(2)])),
        Record::Group(sample::group(2, &[sample::group_principal(1), sample::principal(1)])),
    ];
    import(&*repository, records).await;
    let mut expected = vec![sample::principal(1), sample::group_principal(1), sample::group_principal(2)];
    expected.sort_unstable();
    assert_eq!(principals(&*repository, "user1").await, expected);
    assert_eq!(repository.rights_over(&expected, sample::user_id(1)).await.unwrap(), []);
}

/// Who acts in the place of a user who has left is known from the next read on: the stand-in,
/// else the manager, else the administrators. Nobody does for an active user, and nobody becomes
/// that user.
pub async fn must_20_a_stand_in_acts_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    import(&*repository, vec![Record::Group(sample::administrators(7, &[sample::principal(6)]))]).await;
    let before = principals(&*repository, "user5").await;
    let second = fixture.second().await;
    let mut now = sample::user(1);
    let mut assert_stood_in = async |status, stand_in, manager, expected: Option<PrincipalId>| {
        let next = User { status, stand_in, manager, revision: now.revision.next(), ..now.clone() };
        commit(&*repository, user_change(Some(now.revision), next.clone())).await;
        now = next;
        for handle in [&repository, &second] {
            let names = handle.principal_names(&[sample::principal(1)], None).await.unwrap();
            let [(_, PrincipalName::User { stand_in, .. })] = &names[..] else { panic!("{names:?}") };
            assert_eq!(*stand_in, expected, "{now:?}");
        }
    };
    let (person, group, boss) = (sample::principal(5), sample::group_principal(2), Some(sample::user_id(4)));
    let administrators = Some(sample::group_principal(7));
    assert_stood_in(UserStatus::Active, Some(person), boss, None).await;
    assert_stood_in(UserStatus::Disabled, Some(person), boss, Some(person)).await;
    assert_stood_in(UserStatus::Disabled, Some(group), None, Some(group)).await;
    assert_stood_in(UserStatus::Disabled, None, boss, Some(sample::principal(4))).await;
    assert_stood_in(UserStatus::Disabled, None, None, administrators).await;
    assert_stood_in(UserStatus::Active, None, boss, None).await;
    assert_eq!(principals(&*repository, "user5").await, before);
}

/// A member who moves to another group sees with it what that group may see, and not what the old one may.
pub async fn must_20_a_moved_member_sees_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    directory(&*repository).await;
    let approved = audited(&*repository, 1).await;
    let mut audited_by_three = sample::certificate_request(2, 5, 5);
    if let RequestDetails::Certificate(certificate) = &mut audited_by_three.details {
        certificate.auditors = vec![sample::group_principal(3)];
    }
    let audited_by_three = create(&*repository, audited_by_three).await.id;
    assert_eq!(sees(&*repository, "user4").await, [approved]);
    assert_eq!(sees(&*repository, "user3").await, [audited_by_three, approved]);
    let (from, to) = (sample::group(4, &[]).id, sample::group(3, &[]).id);
    fixture.move_member(sample::user_id(4), from, to).await;
    assert_eq!(sees(&*repository, "user4").await, [audited_by_three, approved]);
    fixture.move_member(sample::user_id(3), to, from).await;
    assert_eq!(sees(&*repository, "user3").await, [approved], "as an approver, no longer as an auditor");
}
