//! Everything that a request changes is written in the request's commit, under the same check.

use countersign_core::catalog::{CatalogItem, EntityType};
use countersign_core::directory::{Group, Proxy, User};
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::Revision;
use countersign_core::profile::{Profile, ProfileStatus, Smartcard};
use countersign_core::repository::{Change, CommitOutcome, NumberSpace, Repository, WebhookChange};
use countersign_core::request::{ParentLink, Request, RequestStatus};
use countersign_core::rule::{ApprovalRule, RequestRule};
use countersign_core::template::ProfileTemplate;
use countersign_core::webhook::Webhook;

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{
    assert_chained, assert_same, assert_sound, commit, create, export, moved, new_request, next_state, people, read,
    user_change,
};

/// A new one of everything, around request 1 of user 1.
fn everything() -> Change {
    Change {
        profiles: vec![next_state(sample::profile(1, 3, 2))],
        smartcards: vec![next_state(sample::smartcard(1, 3, 2))],
        grants: vec![next_state(sample::grant(1, 3))],
        users: user_change(None, sample::user(3)).users,
        groups: vec![
            next_state(sample::group(1, &[sample::group_principal(2)])),
            next_state(sample::group(2, &[sample::principal(3)])),
        ],
        templates: vec![next_state(sample::template(2))],
        catalog_items: vec![next_state(sample::catalog_item(1))],
        approval_rules: vec![next_state(sample::approval_rule(1))],
        request_rules: vec![next_state(sample::request_rule(2))],
        webhooks: vec![WebhookChange {
            webhook: next_state(sample::webhook(1)),
            secret: Some(sample::secret(1)),
            position: None,
        }],
        ..new_request(sample::certificate_request(1, 1, 3))
    }
}

/// The next state of everything in [`everything`] and of the request, each with something else in it.
fn everything_else(request: &Request) -> Change {
    let revision = Revision::FIRST.next();
    let user = sample::user(3);
    let group = sample::group(2, &[sample::principal(1), sample::principal(3)]);
    Change {
        requests: vec![moved(request, RequestStatus::Completed)],
        profiles: vec![next_state(Profile { status: ProfileStatus::Retired, revision, ..sample::profile(1, 3, 2) })],
        smartcards: vec![next_state(Smartcard { comment: "lost".to_owned(), revision, ..sample::smartcard(1, 3, 2) })],
        grants: vec![next_state(Grant {
            status: GrantStatus::Ended,
            end: Some(sample::time(7_000_000)),
            revision,
            ..sample::grant(1, 3)
        })],
        users: user_change(Some(Revision::FIRST), User { email: Some("a@b".to_owned()), revision, ..user }).users,
        groups: vec![next_state(Group { name: "other".to_owned(), revision, ..group })],
        templates: vec![next_state(ProfileTemplate { policies: Vec::new(), revision, ..sample::template(2) })],
        catalog_items: vec![next_state(CatalogItem { requestable: false, revision, ..sample::catalog_item(1) })],
        approval_rules: vec![next_state(ApprovalRule { stages: Vec::new(), revision, ..sample::approval_rule(1) })],
        request_rules: vec![next_state(RequestRule {
            entity_types: vec![EntityType::Role],
            revision,
            ..sample::request_rule(2)
        })],
        webhooks: vec![WebhookChange {
            webhook: next_state(Webhook { streams: vec![StreamKind::Request], revision, ..sample::webhook(1) }),
            secret: None,
            position: None,
        }],
        idempotency: None,
    }
}

/// Everything of `change` is what is stored.
async fn assert_stored(repository: &dyn Repository, change: &Change) {
    for change in &change.requests {
        assert_eq!(read(repository, change.state.id).await, change.state);
    }
    for change in &change.profiles {
        assert_eq!(repository.profile(change.state.id).await.unwrap().as_ref(), Some(&change.state));
    }
    for change in &change.smartcards {
        assert_eq!(repository.smartcard(change.state.id).await.unwrap().as_ref(), Some(&change.state));
    }
    for change in &change.grants {
        assert_eq!(repository.grant(change.state.id).await.unwrap().as_ref(), Some(&change.state));
    }
    for change in &change.users {
        assert_eq!(repository.user(change.user.state.id).await.unwrap().as_ref(), Some(&change.user.state));
    }
    for change in &change.groups {
        assert_eq!(repository.group_by_name(&change.state.name).await.unwrap().as_ref(), Some(&change.state));
    }
    for change in &change.templates {
        let found = repository.templates(&[change.state.id], None).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&change.state));
    }
    for change in &change.catalog_items {
        let found = repository.catalog_item(change.state.entity_type, &change.state.entity_key).await.unwrap();
        assert_eq!(found.as_ref(), Some(&change.state));
    }
    for change in &change.approval_rules {
        assert!(repository.approval_rules().await.unwrap().contains(&change.state));
    }
    for change in &change.request_rules {
        assert!(repository.request_rules().await.unwrap().contains(&change.state));
    }
    for change in &change.webhooks {
        let stored = repository.webhooks().await.unwrap();
        assert!(stored.iter().any(|(webhook, _)| *webhook == change.webhook.state));
    }
}

/// Each aggregate's stream, by the kind that its events have.
fn streams() -> Vec<StreamId> {
    let stream = |stream, id| StreamId { stream, id };
    vec![
        stream(StreamKind::Request, sample::request_id(1).as_uuid()),
        stream(StreamKind::Profile, sample::profile(1, 3, 2).id.as_uuid()),
        stream(StreamKind::Smartcard, sample::smartcard(1, 3, 2).id.as_uuid()),
        stream(StreamKind::Grant, sample::grant(1, 3).id.as_uuid()),
        stream(StreamKind::User, sample::user_id(3).as_uuid()),
        stream(StreamKind::Group, sample::group(2, &[]).id.as_uuid()),
        stream(StreamKind::Template, sample::template_id(2).as_uuid()),
        stream(StreamKind::CatalogItem, sample::catalog_item(1).id.as_uuid()),
        stream(StreamKind::Policy, sample::approval_rule(1).id.as_uuid()),
        stream(StreamKind::RequestRule, sample::request_rule(2).id.as_uuid()),
        stream(StreamKind::Webhook, sample::webhook(1).id.as_uuid()),
    ]
}

/// One of everything is made, then changed, in one commit each; each has its events in its stream.
pub async fn must_27_everything_lands_together(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let made = everything();
    commit(&*repository, made.clone()).await;
    assert_stored(&*repository, &made).await;
    assert_eq!(repository.webhook_secret(sample::webhook(1).id).await.unwrap(), Some(sample::secret(1)));
    let changed = everything_else(&made.requests[0].state);
    commit(&*repository, changed.clone()).await;
    assert_stored(&*repository, &changed).await;
    assert_eq!(repository.webhook_secret(sample::webhook(1).id).await.unwrap(), Some(sample::secret(1)));
    for stream in streams() {
        let events = repository.events(stream, 0, 10).await.unwrap();
        assert_eq!(events.len(), 2, "{stream:?}");
        assert_chained(&events);
    }
    assert_sound(&*repository).await;
}

/// `change` with only one of its parts.
fn parts(change: &Change) -> Vec<Change> {
    let none = Change::default;
    vec![
        Change { requests: change.requests.clone(), ..none() },
        Change { profiles: change.profiles.clone(), ..none() },
        Change { smartcards: change.smartcards.clone(), ..none() },
        Change { grants: change.grants.clone(), ..none() },
        Change { users: change.users.clone(), ..none() },
        Change { groups: change.groups.clone(), ..none() },
        Change { templates: change.templates.clone(), ..none() },
        Change { catalog_items: change.catalog_items.clone(), ..none() },
        Change { approval_rules: change.approval_rules.clone(), ..none() },
        Change { request_rules: change.request_rules.clone(), ..none() },
        Change { webhooks: change.webhooks.clone(), ..none() },
    ]
}

/// `change` again, as decided on another revision.
fn decided_on(mut change: Change, expected: Option<Revision>) -> Change {
    let revision = expected.map_or(Revision::FIRST, Revision::next);
    macro_rules! move_to {
        ($($changes:expr),+) => {$(
            for change in &mut $changes {
                change.expected = expected;
                change.state.revision = revision;
            }
        )+};
    }
    move_to!(change.requests, change.profiles, change.smartcards, change.grants, change.groups, change.templates);
    move_to!(change.catalog_items, change.approval_rules, change.request_rules);
    for change in &mut change.users {
        change.user.expected = expected;
        change.user.state.revision = revision;
    }
    for change in &mut change.webhooks {
        change.webhook.expected = expected;
        change.webhook.state.revision = revision;
        change.secret = Some(sample::secret(7));
    }
    change
}

async fn assert_conflict(repository: &dyn Repository, change: Change) {
    let before = export(repository).await;
    assert_eq!(repository.commit(change.clone()).await.unwrap(), CommitOutcome::Conflict, "{change:?}");
    assert_same(&export(repository).await, &before);
}

/// Whatever is stale, or exists although it must not, or does not although it must, stops the
/// request's change, and the request stops what comes with it.
pub async fn must_27_each_part_is_checked(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let made = everything();
    for unknown in parts(&decided_on(made.clone(), Some(Revision::FIRST))) {
        assert_conflict(&*repository, unknown).await;
    }
    commit(&*repository, made.clone()).await;
    let other = create(&*repository, sample::certificate_request(50, 1, 2)).await;
    let alive = moved(&other, RequestStatus::Executing);
    let next = everything_else(&made.requests[0].state);
    for expected in [None, Some(Revision(2)), Some(Revision(7))] {
        for part in parts(&decided_on(next.clone(), expected)) {
            let requests = [vec![alive.clone()], part.requests.clone()].concat();
            assert_conflict(&*repository, Change { requests, ..part }).await;
        }
    }
    let stale = Change { requests: decided_on(next.clone(), Some(Revision(5))).requests, ..next.clone() };
    assert_conflict(&*repository, stale).await;
    commit(&*repository, next).await;
    assert_sound(&*repository).await;
}

/// What comes without an event, or a new webhook without a key, is refused as a defect.
pub async fn must_27_no_part_comes_without_its_event(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut silent = everything();
    macro_rules! silence {
        ($($changes:expr),+) => {$($changes.iter_mut().for_each(|change| change.events.clear());)+};
    }
    silence!(silent.requests, silent.profiles, silent.smartcards, silent.grants, silent.groups, silent.templates);
    silence!(silent.catalog_items, silent.approval_rules, silent.request_rules);
    silent.users.iter_mut().for_each(|change| change.user.events.clear());
    silent.webhooks.iter_mut().for_each(|change| change.webhook.events.clear());
    let mut keyless = everything();
    keyless.webhooks.iter_mut().for_each(|change| change.secret = None);
    let before = export(&*repository).await;
    for part in parts(&silent).into_iter().chain([Change { webhooks: keyless.webhooks, ..Change::default() }]) {
        assert!(repository.commit(part.clone()).await.is_err(), "{part:?}");
        assert_same(&export(&*repository).await, &before);
    }
}

/// New things may refer to each other, in whatever order they stand in the change.
pub async fn must_27_the_order_within_a_change_is_free(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let boss = User { manager: Some(sample::user_id(5)), ..sample::user(4) };
    let proxy = Proxy { user: sample::user_id(4), start: sample::time(0), end: None };
    let mut users = user_change(
        None,
        User {
            manager: Some(sample::user_id(4)),
            stand_in: Some(sample::group_principal(1)),
            proxies: vec![proxy],
            ..sample::user(3)
        },
    )
    .users;
    users.extend(user_change(None, boss).users);
    users.extend(user_change(None, sample::user(5)).users);
    let parent = Request { has_children: true, ..sample::access_request(1, 3, &[3, 4]) };
    let child = |n, ordinal| {
        let link = ParentLink { request: parent.id, ordinal };
        Request { parent: Some(link), ..sample::access_request(n, 3, &[3]) }
    };
    let waits = Request { depends_on: Some(sample::request_id(3)), ..child(2, 1) };
    let waits = sample::in_status(waits, RequestStatus::AwaitingDependency);
    let requests = [waits, child(3, 2), sample::in_status(parent.clone(), RequestStatus::AwaitingChildren)];
    let account = Grant { entity_type: EntityType::ApplicationInstance, ..sample::grant(1, 3) };
    let lies = Grant { entity_type: EntityType::Entitlement, account: Some(account.number), ..sample::grant(2, 3) };
    let change = Change {
        users,
        groups: vec![next_state(sample::group(1, &[sample::group_principal(2)])), next_state(sample::group(2, &[]))],
        requests: requests.into_iter().flat_map(|request| new_request(request).requests).collect(),
        grants: vec![next_state(lies), next_state(account)],
        ..Change::default()
    };
    commit(&*repository, change.clone()).await;
    assert_stored(&*repository, &change).await;
    assert_eq!(repository.dependents(sample::request_id(3)).await.unwrap(), [sample::request_id(2)]);
    assert_sound(&*repository).await;
}

/// Nobody has a role twice at a time, nor an entitlement twice in one account; what is taken away
/// makes room in the same change. Numbers are given once.
pub async fn must_27_grants_are_alone_in_what_they_hold(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let give = |grant: Grant| Change { grants: vec![next_state(grant)], ..Change::default() };
    let like = |n, of: &Grant| Grant { entity_key: of.entity_key.clone(), ..sample::grant(n, 1) };
    let role = sample::grant(1, 1);
    commit(&*repository, give(role.clone())).await;
    assert_conflict(&*repository, give(like(2, &role))).await;
    assert_conflict(&*repository, give(Grant { number: role.number, ..sample::grant(2, 1) })).await;
    commit(&*repository, give(Grant { user: sample::user_id(2), ..like(2, &role) })).await;
    let ended = Grant { status: GrantStatus::Ended, end: Some(role.start), ..like(3, &role) };
    commit(&*repository, give(ended)).await;

    let account = |n| Grant { entity_type: EntityType::ApplicationInstance, ..like(n, &role) };
    commit(&*repository, give(account(4))).await;
    commit(&*repository, give(account(5))).await;
    let lies = |n, account: Option<Grant>| Grant {
        entity_type: EntityType::Entitlement,
        account: account.map(|account| account.number),
        ..like(n, &role)
    };
    for (n, place) in [(6, None), (7, Some(account(4))), (8, Some(account(5)))] {
        commit(&*repository, give(lies(n, place.clone()))).await;
        assert_conflict(&*repository, give(lies(9, place))).await;
    }

    let away =
        Grant { status: GrantStatus::Ended, end: Some(role.start), revision: role.revision.next(), ..role.clone() };
    let again = like(9, &role);
    let grants = vec![next_state(again.clone()), next_state(away)];
    commit(&*repository, Change { grants, ..Change::default() }).await;
    assert_eq!(repository.grant(again.id).await.unwrap(), Some(again));
    assert_eq!(repository.allocate_numbers(NumberSpace::Grants, 1).await.unwrap(), 10);
}

/// Names and numbers that another has conflict, whatever kind it is.
pub async fn must_27_what_must_be_unique_conflicts(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    commit(&*repository, everything()).await;
    let item = sample::catalog_item(1);
    let other = sample::catalog_item(9);
    for taken in
        [CatalogItem { number: item.number, ..other.clone() }, CatalogItem { entity_key: item.entity_key, ..other }]
    {
        assert_conflict(&*repository, Change { catalog_items: vec![next_state(taken)], ..Change::default() }).await;
    }
    let named = Group { name: "gRoUp 1".to_owned(), ..sample::group(9, &[]) };
    assert_conflict(&*repository, Change { groups: vec![next_state(named)], ..Change::default() }).await;
    let twice = Group { id: sample::user_id(3).as_uuid().into(), ..sample::group(9, &[]) };
    assert_conflict(&*repository, Change { groups: vec![next_state(twice)], ..Change::default() }).await;
}

/// Administrators who come by a commit, or change, are readers of what was there before.
pub async fn must_27_new_administrators_read_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let group = sample::administrators(7, &[sample::principal(2)]);
    for state in [
        group.clone(),
        Group { purpose: None, revision: Revision(2), ..group.clone() },
        Group { revision: Revision(3), ..group.clone() },
    ] {
        let is_administrators = state.purpose.is_some();
        commit(&*repository, Change { groups: vec![next_state(state)], ..Change::default() }).await;
        assert_eq!(repository.administrators(None).await.unwrap(), is_administrators.then_some(group.id));
        let list = crate::support::mim_list(&[group.id.into()]);
        let seen = crate::support::walk_ids(&*repository, &list, 5).await;
        assert_eq!(seen, if is_administrators { vec![request.id] } else { vec![] });
        assert_sound(&*repository).await;
    }
}
