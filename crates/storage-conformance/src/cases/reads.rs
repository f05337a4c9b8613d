//! Reads: the last acknowledged write, in domain types; nothing where nothing is.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::bundle::Record;
use countersign_core::catalog::EntityType;
use countersign_core::directory::{MimRight, PrincipalName, RightOver, User, UserStatus};
use countersign_core::document::Document;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::ids::RequestNumber;
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::repository::{ChildCounts, Repository, Start};
use countersign_core::request::{ChildSummary, ParentLink, Request, RequestDetails, RequestStatus};
use countersign_core::template::CertificateOperation;
use uuid::Uuid;

use crate::fixture::Fixture;
use crate::sample::{self, Kind};
use crate::support::{commit, create, identity, import, mim_list, moved, only, people, read, stored, user_change};

/// Every record of the full sample is read back as it was given, through every read that finds it.
pub async fn must_01_what_was_imported_is_read(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let records = sample::everything();
    import(&*repository, records.clone()).await;
    for record in records {
        match record {
            Record::User(user) => {
                assert_eq!(repository.user(user.id).await.unwrap().as_ref(), Some(&user));
                assert_eq!(repository.user_by_login(&user.login).await.unwrap(), Some(user));
            }
            Record::ProfileTemplate(template) => {
                assert_eq!(repository.templates(&[template.id], None).await.unwrap(), [template]);
            }
            Record::Profile(profile) => {
                assert_eq!(repository.profile(profile.id).await.unwrap(), Some(profile));
            }
            Record::Credential(credential) => {
                let user = repository.user(credential.user).await.unwrap().unwrap();
                let identity = identity(&*repository, user.login.as_str()).await.unwrap();
                assert_eq!(identity.password, Some(credential.hash));
            }
            Record::Request(request) => {
                let expected = Document::of(&request, Some(sample::id(Kind::Group, 1).into())).unwrap();
                let found = stored(&*repository, request.id).await;
                assert_eq!((found.revision, &found.document), (request.revision, &expected));
                assert_eq!(found.document.request().unwrap(), *request);
                assert_eq!(repository.request_by_number(request.number).await.unwrap(), Some(found));
            }
            Record::Group(group) => {
                assert_eq!(repository.group_by_name(&group.name.to_lowercase()).await.unwrap(), Some(group));
            }
            Record::CatalogItem(item) => {
                let found = repository.catalog_item(item.entity_type, &item.entity_key).await.unwrap();
                assert_eq!(found, Some(item));
            }
            Record::Smartcard(card) => assert_eq!(repository.smartcard(card.id).await.unwrap(), Some(card)),
            Record::Grant(grant) => {
                assert_eq!(repository.grant(grant.id).await.unwrap().as_ref(), Some(&grant));
                assert_eq!(repository.grant_by_number(grant.number).await.unwrap(), Some(grant));
            }
            Record::ApprovalRule(rule) => assert!(repository.approval_rules().await.unwrap().contains(&rule)),
            Record::RequestRule(rule) => assert!(repository.request_rules().await.unwrap().contains(&rule)),
            Record::Webhook(webhook) => {
                let stored = repository.webhooks().await.unwrap();
                assert!(stored.iter().any(|(found, _)| *found == webhook));
            }
            Record::WebhookSecret(credential) => {
                let stored = repository.webhook_secret(credential.webhook).await.unwrap();
                assert_eq!(stored, Some(credential.secret));
            }
            Record::Header(_) | Record::Numbers(_) | Record::Event(_) => {}
        }
    }
}

/// What one handle has acknowledged, another reads at once.
pub async fn must_01_a_second_handle_reads_what_the_first_wrote(fixture: &dyn Fixture) {
    let (first, second) = (fixture.repository(), fixture.second().await);
    people(&*first, 2).await;
    let mut request = create(&*first, sample::certificate_request(1, 1, 2)).await;
    for status in RequestStatus::ALL {
        let change = moved(&request, *status);
        request = change.state.clone();
        commit(&*first, only(change)).await;
        assert_eq!(read(&*second, request.id).await, request);
        assert_eq!(read(&*first, request.id).await, request);
    }
}

/// Users are made and changed by commits, with their passwords.
pub async fn must_01_users_are_made_and_changed(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let made = sample::user(1);
    commit(&*repository, user_change(None, made.clone())).await;
    assert_eq!(repository.user(made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(identity(&*repository, "user1").await.unwrap().password, None);

    let hash: countersign_core::directory::PasswordHash = "$argon2id$v=19$x".to_owned().try_into().unwrap();
    let renamed = User { display_name: "Else".to_owned(), revision: made.revision.next(), ..made.clone() };
    let mut change = user_change(Some(made.revision), renamed.clone());
    change.users[0].password = Some(hash.clone());
    commit(&*repository, change).await;

    let disabled = User { status: UserStatus::Disabled, revision: renamed.revision.next(), ..renamed.clone() };
    commit(&*repository, user_change(Some(renamed.revision), disabled.clone())).await;
    let identity = identity(&*repository, "user1").await.unwrap();
    assert_eq!((identity.status, identity.password), (UserStatus::Disabled, Some(hash)));
    assert_eq!(repository.user_by_login(&made.login).await.unwrap(), Some(disabled));
}

/// The names of users and groups, for those ids that exist.
pub async fn must_01_principals_have_names(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    let asked = [sample::principal(1), sample::principal(77), sample::group_principal(1)];
    let names: BTreeMap<_, _> = repository.principal_names(&asked, None).await.unwrap().into_iter().collect();
    let user = repository.user(sample::user_id(1)).await.unwrap().unwrap();
    let expected = PrincipalName::User {
        number: user.number,
        login: user.login,
        display_name: user.display_name,
        manager: user.manager,
        stand_in: user.stand_in,
    };
    let group = PrincipalName::Group { name: "SYSTEM ADMINISTRATORS".to_owned() };
    assert_eq!(names, BTreeMap::from([(asked[0], expected), (asked[2], group)]));
}

/// Rights over a person come directly and through the groups that the person is in.
pub async fn must_01_rights_over_people_reach_through_groups(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let over = |right, subject| RightOver { right, subject };
    let holder = User {
        rights: vec![over(MimRight::Audit, sample::principal(3)), over(MimRight::RequestRenew, sample::principal(2))],
        ..sample::user(1)
    };
    let mut inner = sample::group(2, &[sample::principal(3)]);
    inner.rights = vec![over(MimRight::EnrollmentAgent, sample::group_principal(1))];
    let outer = sample::group(1, &[sample::group_principal(2)]);
    let records = [holder, sample::user(2), sample::user(3)].map(Record::User).into_iter();
    import(&*repository, records.chain([inner, outer].map(Record::Group)).collect()).await;

    let rights = async |holders: &[_]| -> BTreeSet<MimRight> {
        repository.rights_over(holders, sample::user_id(3)).await.unwrap().into_iter().collect()
    };
    assert_eq!(rights(&[sample::principal(1)]).await, BTreeSet::from([MimRight::Audit]));
    assert_eq!(rights(&[sample::group_principal(2)]).await, BTreeSet::from([MimRight::EnrollmentAgent]));
    let both = BTreeSet::from([MimRight::Audit, MimRight::EnrollmentAgent]);
    assert_eq!(rights(&[sample::principal(1), sample::group_principal(2)]).await, both);
    assert_eq!(rights(&[sample::principal(2)]).await, BTreeSet::new());
}

/// A user's software profiles come oldest first, cards' profiles not at all.
pub async fn must_01_profiles_come_oldest_first(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let suspended = Profile { status: ProfileStatus::Suspended, ..sample::profile(2, 1, 1) };
    let card = Profile { smartcard: Some(sample::id(Kind::Smartcard, 1).into()), ..sample::profile(4, 1, 1) };
    let profiles = [sample::profile(3, 1, 1), card, sample::profile(5, 2, 1), sample::profile(1, 1, 1), suspended];
    import(&*repository, profiles.into_iter().map(Record::Profile).collect()).await;
    let ids = async |status| -> Vec<Uuid> {
        let found = repository.profiles_of(sample::user_id(1), status).await.unwrap();
        found.into_iter().map(|profile| profile.id.as_uuid()).collect()
    };
    let profile = |n| sample::id(Kind::Profile, n);
    assert_eq!(ids(None).await, [profile(1), profile(2), profile(3)]);
    assert_eq!(ids(Some(ProfileStatus::Active)).await, [profile(1), profile(3)]);
    assert_eq!(ids(Some(ProfileStatus::Suspended)).await, [profile(2)]);
    assert_eq!(ids(Some(ProfileStatus::Retired)).await, Vec::<Uuid>::new());
}

/// A request on a profile is open while it is pending, approved or executing.
pub async fn must_01_open_operations_follow_the_status(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    import(&*repository, vec![Record::Profile(sample::profile(1, 1, 1)), Record::Profile(sample::profile(2, 1, 1))])
        .await;
    let profile = sample::profile(1, 1, 1).id;
    let mut request = sample::certificate_request(1, 1, 1);
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.operation = CertificateOperation::Renew;
        certificate.old_profile = Some(profile);
    }
    request = create(&*repository, request).await;
    for status in RequestStatus::ALL {
        let change = moved(&request, *status);
        request = change.state.clone();
        commit(&*repository, only(change)).await;
        let open = repository.open_operations(&[profile, sample::profile(2, 1, 1).id]).await.unwrap();
        let expected = !status.is_final() && *status != RequestStatus::Draft;
        let expected = if expected { vec![(profile, CertificateOperation::Renew)] } else { Vec::new() };
        assert_eq!(open, expected, "{status:?}");
    }
}

/// Children come in their order, with the status that they have now.
pub async fn must_01_children_come_in_order(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let parent = create(&*repository, Request { has_children: true, ..sample::access_request(1, 1, &[1, 2]) }).await;
    let child = |n, ordinal| {
        let link = ParentLink { request: parent.id, ordinal };
        Request { parent: Some(link), ..sample::certificate_request(n, 1, 2) }
    };
    let second = create(&*repository, child(3, 2)).await;
    let first = create(&*repository, child(4, 1)).await;
    let third = create(&*repository, child(2, 10)).await;
    commit(&*repository, only(moved(&second, RequestStatus::Failed))).await;
    let summary = |request: &Request, status| {
        let ordinal = request.parent.unwrap().ordinal;
        ChildSummary { id: request.id, ordinal, number: request.number, status }
    };
    let expected = [
        summary(&first, RequestStatus::Approved),
        summary(&second, RequestStatus::Failed),
        summary(&third, RequestStatus::Approved),
    ];
    assert_eq!(repository.children(parent.id).await.unwrap(), expected);
}

/// Whatever is asked for in an empty database, nothing comes back, and no error.
pub async fn must_02_nothing_is_no_error(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let number: RequestNumber = 1.try_into().unwrap();
    assert_eq!(identity(&*repository, "nobody").await, None);
    assert_eq!(identity(&*repository, "").await, None);
    assert_eq!(repository.user(sample::user_id(1)).await.unwrap(), None);
    assert_eq!(repository.user_by_login(&sample::login("nobody")).await.unwrap(), None);
    assert_eq!(repository.principal_names(&[], None).await.unwrap(), []);
    assert_eq!(repository.principal_names(&[sample::principal(1)], None).await.unwrap(), []);
    assert_eq!(repository.rights_over(&[], sample::user_id(1)).await.unwrap(), []);
    assert_eq!(repository.rights_over(&[sample::principal(1)], sample::user_id(1)).await.unwrap(), []);
    assert_eq!(repository.templates(&[], None).await.unwrap(), []);
    assert_eq!(repository.templates(&[sample::template_id(1)], None).await.unwrap(), []);
    assert_eq!(repository.profile(sample::profile(1, 1, 1).id).await.unwrap(), None);
    assert_eq!(repository.profiles_of(sample::user_id(1), None).await.unwrap(), []);
    assert_eq!(repository.open_operations(&[]).await.unwrap(), []);
    assert_eq!(repository.open_operations(&[sample::profile(1, 1, 1).id]).await.unwrap(), []);
    assert_eq!(repository.request(sample::request_id(1)).await.unwrap(), None);
    assert_eq!(repository.request_by_number(number).await.unwrap(), None);
    assert_eq!(repository.children(sample::request_id(1)).await.unwrap(), []);
    assert_eq!(repository.child_counts(sample::request_id(1)).await.unwrap(), ChildCounts::default());
    assert_eq!(repository.dependents(sample::request_id(1)).await.unwrap(), []);
    assert_eq!(repository.request_of_task(sample::task_id(1)).await.unwrap(), None);
    nothing_of_the_rest(&*repository).await;
    for principals in [vec![], vec![sample::principal(1)]] {
        let page = repository.requests(&mim_list(&principals), Start::Offset(0), 10).await.unwrap();
        assert_eq!((page.items, page.next), (vec![], None));
    }
    let stream = StreamId { stream: StreamKind::Request, id: Uuid::nil() };
    assert_eq!(repository.events(stream, 0, 10).await.unwrap(), []);
}

async fn nothing_of_the_rest(repository: &dyn Repository) {
    let (user, key) = (sample::user_id(1), "1".to_owned().try_into().unwrap());
    assert_eq!(repository.users_by_number(&[]).await.unwrap(), []);
    assert_eq!(repository.users_by_number(&[1.try_into().unwrap()]).await.unwrap(), []);
    assert_eq!(repository.group_by_name("").await.unwrap(), None);
    assert_eq!(repository.administrators(None).await.unwrap(), None);
    assert_eq!(repository.voters(&[sample::principal(1)], &[user], 5).await.unwrap(), []);
    assert!(!repository.belongs(user, &[]).await.unwrap());
    assert_eq!(repository.template_page(None, 5).await.unwrap(), []);
    assert_eq!(repository.catalog_item(EntityType::Role, &key).await.unwrap(), None);
    assert_eq!(repository.catalog_page(None, 5).await.unwrap(), []);
    assert_eq!(repository.approval_rules().await.unwrap(), []);
    assert_eq!(repository.request_rules().await.unwrap(), []);
    assert_eq!(repository.grants_of(user, None, None).await.unwrap(), []);
    assert_eq!(repository.grant(sample::grant(1, 1).id).await.unwrap(), None);
    assert_eq!(repository.grant_by_number(1.try_into().unwrap()).await.unwrap(), None);
    assert_eq!(repository.smartcard(sample::smartcard(1, 1, 1).id).await.unwrap(), None);
    assert_eq!(repository.profile_of_card(sample::smartcard(1, 1, 1).id).await.unwrap(), None);
    assert_eq!(repository.earlier(user, "", "", 0).await.unwrap(), None);
    assert_eq!(repository.forget_keys(sample::time(0)).await.unwrap(), 0);
    assert_eq!(repository.webhooks().await.unwrap(), []);
    assert_eq!(repository.webhook_secret(sample::webhook(1).id).await.unwrap(), None);
}
