//! Reads of what can be asked for, of rules, grants, cards and children, and of webhooks.

use countersign_core::bundle::{Record, WebhookCredential};
use countersign_core::catalog::EntityType;
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::repository::{Change, ChildCounts, Delivery, WebhookChange};
use countersign_core::request::{Outcome, ParentLink, Request, RequestStatus};
use countersign_core::rule::ApprovalRule;

use crate::fixture::Fixture;
use crate::sample::{self, Kind};
use crate::support::{commit, create, import, moved, next_state, only, people, read, stored};

/// Templates come in pages by id, catalog items by number.
pub async fn must_01_pages_hold_everything_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut templates: Vec<_> = (1..=7).map(sample::template).collect();
    let items: Vec<_> = (1..=7).map(sample::catalog_item).collect();
    let mut records: Vec<_> = templates.iter().cloned().map(Record::ProfileTemplate).collect();
    records.extend(items.iter().rev().cloned().map(Record::CatalogItem));
    import(&*repository, records).await;
    templates.sort_by_key(|template| template.id);
    for limit in 1..=8 {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = repository.template_page(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found, templates);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = repository.catalog_page(after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.number);
            found.extend(page);
        }
        assert_eq!(found, items);
    }
}

/// An entity is found by its type and its whole key.
pub async fn must_01_entities_are_found_by_type_and_key(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let item = |n, entity_type, key: &str| countersign_core::catalog::CatalogItem {
        entity_type,
        entity_key: key.to_owned().try_into().unwrap(),
        ..sample::catalog_item(n)
    };
    let items = [
        item(1, EntityType::Role, "a_b"),
        item(2, EntityType::Role, "A_B"),
        item(3, EntityType::Entitlement, "a_b"),
        item(4, EntityType::Role, "12"),
    ];
    import(&*repository, items.clone().map(Record::CatalogItem).to_vec()).await;
    for item in &items {
        let found = repository.catalog_item(item.entity_type, &item.entity_key).await.unwrap();
        assert_eq!(found.as_ref(), Some(item));
    }
    for key in ["axb", "a%", "012", "1", "a_b2"] {
        let key = key.to_owned().try_into().unwrap();
        assert_eq!(repository.catalog_item(EntityType::Role, &key).await.unwrap(), None);
    }
}

/// Approval rules come in the order in which they are asked, request rules by id; users by number.
pub async fn must_01_rules_and_users_are_found(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let rule = |n, ordinal| ApprovalRule { ordinal, ..sample::approval_rule(n) };
    let mut rules = [rule(1, 5), rule(2, -1), rule(3, 5), rule(4, 0), rule(5, -1)];
    let mut asking: Vec<_> = (6..=9).map(sample::request_rule).collect();
    let mut records: Vec<_> = rules.iter().cloned().map(Record::ApprovalRule).collect();
    records.extend(asking.iter().cloned().map(Record::RequestRule));
    records.extend((1..=3).map(sample::user).map(Record::User));
    import(&*repository, records).await;
    rules.sort_by_key(|rule| (rule.ordinal, rule.id));
    asking.sort_by_key(|rule| rule.id);
    assert_eq!(repository.approval_rules().await.unwrap(), rules);
    assert_eq!(repository.request_rules().await.unwrap(), asking);
    let numbers = [103, 7, 101].map(|number: i64| number.try_into().unwrap());
    let mut users = repository.users_by_number(&numbers).await.unwrap();
    users.sort_by_key(|user| user.number);
    assert_eq!(users, [sample::user(1), sample::user(3)]);
}

/// What a user has or had, oldest first, of every type, of one, of one thing; when it ends, if ever, moves nothing.
pub async fn must_01_grants_come_oldest_first(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let at = |micros, grant: Grant| Grant { start: sample::time(micros), ..grant };
    let key = |text: &str| text.to_owned().try_into().unwrap();
    let ended = Grant { status: GrantStatus::Ended, end: Some(sample::time(90)), ..at(5, sample::grant(4, 1)) };
    let account = Grant { entity_type: EntityType::ApplicationInstance, ..at(20, sample::grant(1, 1)) };
    let grants = [
        ended.clone(),
        account.clone(),
        at(10, sample::grant(2, 1)),
        Grant { entity_key: key("1"), end: Some(sample::time(40)), ..at(30, sample::grant(3, 1)) },
        at(1, sample::grant(5, 2)),
    ];
    import(&*repository, grants.clone().map(Record::Grant).to_vec()).await;
    let found = async |entity_type, text: Option<&str>| {
        let key = text.map(key);
        let found = repository.grants_of(sample::user_id(1), entity_type, key.as_ref()).await.unwrap();
        found.into_iter().map(|grant| grant.number.get()).collect::<Vec<_>>()
    };
    assert_eq!(found(None, None).await, [4, 2, 1, 3]);
    assert_eq!(found(Some(EntityType::Role), None).await, [4, 2, 3]);
    assert_eq!(found(Some(EntityType::Role), Some("1")).await, [3]);
    assert_eq!(found(Some(EntityType::ApplicationInstance), Some("1")).await, [1]);
    assert!(found(Some(EntityType::Entitlement), None).await.is_empty());
    assert_eq!(found(None, Some("1")).await, [1, 3]);
}

/// On a card lies the profile in use, or else the newest.
pub async fn must_01_a_card_has_its_profile(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let card = |n| sample::smartcard(n, 1, 1).id;
    let on = |n, card, status| Profile { smartcard: Some(card), status, ..sample::profile(n, 1, 1) };
    let profiles = [
        on(1, card(1), ProfileStatus::Retired),
        on(2, card(1), ProfileStatus::Active),
        on(3, card(1), ProfileStatus::Disabled),
        on(4, card(2), ProfileStatus::Retired),
        on(5, card(2), ProfileStatus::Retired),
        sample::profile(6, 1, 1),
    ];
    import(&*repository, profiles.clone().map(Record::Profile).to_vec()).await;
    for (n, expected) in [(1, Some(1)), (2, Some(4)), (3, None)] {
        let found = repository.profile_of_card(card(n)).await.unwrap();
        assert_eq!(found.as_ref(), expected.map(|at: usize| &profiles[at]));
    }
}

/// The counts of children follow each child; a task leads to its request; who waits is known.
pub async fn must_01_families_are_counted(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 4).await;
    let parent = Request { has_children: true, ..sample::access_request(1, 1, &[2, 3]) };
    let parent = create(&*repository, sample::in_status(parent, RequestStatus::AwaitingChildren)).await;
    let mut expected = ChildCounts::default();
    assert_eq!(repository.child_counts(parent.id).await.unwrap(), expected);
    for (n, outcome) in (2..).zip(Outcome::ALL) {
        let link = ParentLink { request: parent.id, ordinal: i32::try_from(n).unwrap() };
        let stages = vec![sample::stage(vec![sample::task(n, sample::principal(4))])];
        let child = Request { parent: Some(link), stages, ..sample::access_request(n, 1, &[2]) };
        let child = create(&*repository, sample::in_status(child, RequestStatus::Pending)).await;
        expected.open += 1;
        assert_eq!(repository.child_counts(parent.id).await.unwrap(), expected);
        let found = repository.request_of_task(sample::task_id(n)).await.unwrap();
        assert_eq!(found, Some(stored(&*repository, child.id).await));
        let status = RequestStatus::from_code(outcome.code()).unwrap();
        commit(&*repository, only(moved(&child, status))).await;
        expected.open -= 1;
        let place = Outcome::ALL.iter().position(|known| known == outcome).unwrap();
        expected.ended[place] += 1;
        assert_eq!(repository.child_counts(parent.id).await.unwrap(), expected);
        assert_eq!(repository.request_of_task(sample::task_id(n)).await.unwrap().unwrap().id, child.id);
    }
    let waits = |n, status| {
        let request = Request { depends_on: Some(sample::request_id(2)), ..sample::access_request(n, 1, &[2]) };
        sample::in_status(request, status)
    };
    create(&*repository, waits(50, RequestStatus::AwaitingDependency)).await;
    create(&*repository, waits(51, RequestStatus::Executing)).await;
    assert_eq!(repository.dependents(sample::request_id(2)).await.unwrap(), [sample::request_id(50)]);
    let goes_on = read(&*repository, sample::request_id(50)).await;
    commit(&*repository, only(moved(&goes_on, RequestStatus::Executing))).await;
    assert_eq!(repository.dependents(sample::request_id(2)).await.unwrap(), []);
}

/// A webhook is told from its beginning on, and as far as was noted; its key changes by itself.
pub async fn must_01_webhooks_know_how_far_they_are(fixture: &dyn Fixture) {
    let (repository, second) = (fixture.repository(), fixture.second().await);
    people(&*repository, 2).await;
    let end = async || repository.event_feed(0, 1000).await.unwrap().last().unwrap().position;
    let before = end().await;
    let made =
        |n| WebhookChange { webhook: next_state(sample::webhook(n)), secret: Some(sample::secret(n)), position: None };
    commit(&*repository, Change { webhooks: vec![made(1), made(2)], ..Change::default() }).await;
    for (webhook, delivery) in second.webhooks().await.unwrap() {
        assert_eq!(delivery.webhook, webhook.id);
        assert!((before..=end().await).contains(&delivery.position), "it does not begin here");
        assert_eq!((delivery.attempts, delivery.error), (0, None));
    }
    let noted = Delivery {
        webhook: sample::webhook(2).id,
        position: 1_000_000_007,
        attempts: 3,
        next_attempt: sample::time(77),
        error: Some("503 % '".to_owned()),
    };
    let began = repository.webhooks().await.unwrap();
    let began = began.iter().find(|(webhook, _)| webhook.id == noted.webhook).unwrap().1.position;
    assert!(!repository.note_delivery(&noted, began + 1).await.unwrap(), "it is not there");
    assert!(repository.note_delivery(&noted, began).await.unwrap());
    assert!(!repository.note_delivery(&noted, began).await.unwrap(), "it has moved on");
    let told = async |n| {
        let all = second.webhooks().await.unwrap();
        all.into_iter().find(|(webhook, _)| webhook.id == sample::webhook(n).id).unwrap().1
    };
    assert_eq!(told(2).await, noted);
    assert_ne!(told(1).await.position, noted.position);
    let revision = sample::webhook(2).revision.next();
    let webhook = next_state(countersign_core::webhook::Webhook { revision, ..sample::webhook(2) });
    let secret = Some(sample::secret(9));
    let webhooks = vec![WebhookChange { webhook, secret, position: None }];
    commit(&*repository, Change { webhooks, ..Change::default() }).await;
    assert_eq!(told(2).await, noted, "a change of the webhook moves it");
    assert_eq!(second.webhook_secret(sample::webhook(2).id).await.unwrap(), Some(sample::secret(9)));
    assert_eq!(second.webhook_secret(sample::webhook(1).id).await.unwrap(), Some(sample::secret(1)));
    let calm = Delivery { error: None, attempts: 0, ..noted };
    assert!(repository.note_delivery(&calm, calm.position).await.unwrap());
    assert_eq!(told(2).await, calm);
    assert!(repository.note_delivery(&noted, calm.position).await.unwrap());
    let revision = revision.next();
    let webhook = next_state(countersign_core::webhook::Webhook { revision, ..sample::webhook(2) });
    let anew = Delivery { position: began, next_attempt: webhook.events[0].at, ..calm };
    let webhooks = vec![WebhookChange { webhook, secret: None, position: Some(began) }];
    commit(&*repository, Change { webhooks, ..Change::default() }).await;
    assert_eq!(told(2).await, anew, "it is told anew in the commit that says so");
    assert_ne!(told(1).await.position, noted.position);
}

/// A webhook that is imported hears of what happens after the import.
pub async fn must_16_an_imported_webhook_begins_at_the_end(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let credential = WebhookCredential { webhook: sample::webhook(1).id, secret: sample::secret(1) };
    let records = vec![
        Record::WebhookSecret(credential.clone()),
        Record::Webhook(sample::webhook(1)),
        Record::User(sample::user(1)),
        Record::ProfileTemplate(sample::template(1)),
    ];
    import(&*repository, records).await;
    let (_, delivery) = repository.webhooks().await.unwrap().remove(0);
    assert_eq!(repository.event_feed(delivery.position, 10).await.unwrap(), []);
    assert_eq!(repository.webhook_secret(credential.webhook).await.unwrap(), Some(credential.secret));
    let request = create(&*repository, sample::certificate_request(1, 1, 1)).await;
    let heard = repository.event_feed(delivery.position, 10).await.unwrap();
    assert_eq!(heard.iter().map(|placed| placed.event.id).collect::<Vec<_>>(), [request.id.as_uuid()]);
    let other = vec![Record::Webhook(sample::webhook(2)), Record::Grant(sample::grant(1, 1))];
    import(&*repository, other).await;
    let webhooks = repository.webhooks().await.unwrap();
    let told = |n| webhooks.iter().find(|(webhook, _)| webhook.id == sample::webhook(n).id).unwrap().1.position;
    assert_eq!(told(1), delivery.position);
    assert_eq!(repository.event_feed(told(2), 10).await.unwrap(), []);
    assert_eq!(repository.webhook_secret(sample::id(Kind::Webhook, 2).into()).await.unwrap(), None);
}
