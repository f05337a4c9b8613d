//! Events and numbers: gapless, chained, never given out twice.

use std::collections::BTreeSet;

use countersign_core::bundle::Record;
use countersign_core::event::Channel;
use countersign_core::event::{EventKind, NewEvent, Sealed, StreamId, StreamKind, sealed_digest, state_data};
use countersign_core::repository::{AggregateChange, Change, NumberSpace, Repository};
use countersign_core::request::{Request, RequestStatus};
use futures_util::future::join_all;

use crate::fixture::Fixture;
use crate::sample::{self, Random};
use crate::support::{
    assert_chained, changed, commit, create, export, history, import, import_text, moved, new_request, only, people,
    with_comment,
};

const SPACES: [NumberSpace; 4] =
    [NumberSpace::Requests, NumberSpace::Users, NumberSpace::CatalogItems, NumberSpace::Grants];

/// Each commit's events follow those before, with gapless numbers and hashes that chain.
pub async fn must_15_events_chain(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut requests = Vec::new();
    for n in 1..=3 {
        requests.push(create(&*repository, sample::certificate_request(n, 1, 2)).await);
    }
    for status in RequestStatus::ALL {
        let changes: Vec<AggregateChange<Request>> = requests
            .iter()
            .map(|request| {
                let mut change = moved(request, *status);
                change.events.push(sample::event(&with_comment(change.state.clone(), "second event")));
                change
            })
            .collect();
        requests = changes.iter().map(|change| change.state.clone()).collect();
        commit(&*repository, Change { requests: changes, ..Change::default() }).await;
    }
    for request in requests {
        let events = history(&*repository, request.id).await;
        assert_eq!(events.len(), 1 + 2 * RequestStatus::ALL.len());
        assert_chained(&events);
    }
}

/// An event is stored to the byte, with the values beside it.
pub async fn must_15_events_are_stored_to_the_byte(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = with_comment(sample::certificate_request(1, 1, 2), "5 % 'off' \u{1F600}");
    let event = NewEvent::seal(
        EventKind::Created,
        sample::time(123_457),
        None,
        Channel::Worker,
        state_data(&request),
        &mut Random::new(5),
    );
    assert!(!event.sealed.is_empty());
    let mut change = new_request(request.clone());
    change.requests[0].events = vec![event.clone()];
    commit(&*repository, change).await;
    let stored = history(&*repository, request.id).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].bytes.as_bytes(), event.bytes);
    assert_eq!((stored[0].at, &stored[0].sealed), (event.at, &event.sealed));
    let body: serde_json::Value = serde_json::from_str(&stored[0].bytes).unwrap();
    for Sealed { pointer, salt, value } in &stored[0].sealed {
        let digest = body["data"].pointer(pointer).unwrap();
        assert_eq!(digest["sealed"], sealed_digest(*salt, value).to_string());
    }
}

/// A stream is read in order, from anywhere, as far as asked.
pub async fn must_15_a_stream_is_read_in_pages(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    for n in 0..11 {
        let change = changed(&request, |next| next.justification = Some(n.to_string()));
        request = change.state.clone();
        commit(&*repository, only(change)).await;
    }
    let stream = StreamId { stream: StreamKind::Request, id: request.id.as_uuid() };
    let all = history(&*repository, request.id).await;
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = repository.events(stream, after, 5).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.sequence;
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(all.len(), 12);
    let user = StreamId { stream: StreamKind::User, ..stream };
    assert_eq!(repository.events(user, 0, 5).await.unwrap(), []);
}

/// What comes in without a history begins with one event that holds its whole state.
pub async fn must_15_what_is_imported_begins_with_an_event(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let records = sample::everything();
    import(&*repository, records.clone()).await;
    for record in &records {
        let Some(stream) = stream_of(record) else { continue };
        let events = repository.events(stream, 0, 10).await.unwrap();
        assert_eq!(events.len(), 1, "{}", record.name());
        assert_chained(&events);
        let body: serde_json::Value = serde_json::from_str(&events[0].bytes).unwrap();
        assert_eq!(body["kind"], "imported");
        assert_eq!(body["data"]["id"], stream.id.to_string(), "{}", record.name());
    }
}

fn stream_of(record: &Record) -> Option<StreamId> {
    let (stream, id) = match record {
        Record::User(user) => (StreamKind::User, user.id.as_uuid()),
        Record::Group(group) => (StreamKind::Group, group.id.as_uuid()),
        Record::ProfileTemplate(template) => (StreamKind::Template, template.id.as_uuid()),
        Record::CatalogItem(item) => (StreamKind::CatalogItem, item.id.as_uuid()),
        Record::Profile(profile) => (StreamKind::Profile, profile.id.as_uuid()),
        Record::Smartcard(card) => (StreamKind::Smartcard, card.id.as_uuid()),
        Record::Request(request) => (StreamKind::Request, request.id.as_uuid()),
        Record::ApprovalRule(rule) => (StreamKind::Policy, rule.id.as_uuid()),
        Record::RequestRule(rule) => (StreamKind::RequestRule, rule.id.as_uuid()),
        Record::Grant(grant) => (StreamKind::Grant, grant.id.as_uuid()),
        Record::Webhook(webhook) => (StreamKind::Webhook, webhook.id.as_uuid()),
        Record::Header(_)
        | Record::Numbers(_)
        | Record::Credential(_)
        | Record::WebhookSecret(_)
        | Record::Event(_) => return None,
    };
    Some(StreamId { stream, id })
}

/// Many ask for numbers at once, through two handles; each gets its own.
pub async fn must_14_numbers_are_given_out_once(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    let asked = (0..60u32).map(|n| (usize::from(n % 2 == 0), 1 + n % 7));
    let given = join_all(asked.clone().map(|(handle, count)| {
        let repository = &handles[handle];
        async move { repository.allocate_numbers(NumberSpace::Requests, count).await.unwrap() }
    }))
    .await;
    let all: Vec<i64> =
        given.iter().zip(asked).flat_map(|(first, (_, count))| *first..first + i64::from(count)).collect();
    assert!(all.iter().all(|number| *number >= 1));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

/// Each space counts by itself, from where the imports ended.
pub async fn must_14_numbers_lie_above_what_was_imported(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let highest = async |space| highest(&*repository, space).await;
    let before = highest(NumberSpace::CatalogItems).await;
    people(&*repository, 2).await;
    let request = Request { number: 70_000.try_into().unwrap(), ..sample::certificate_request(1, 1, 2) };
    let user = countersign_core::directory::User { number: 5_000_000_000.try_into().unwrap(), ..sample::user(9) };
    import(&*repository, vec![Record::Request(Box::new(request)), Record::User(user)]).await;
    assert_eq!(highest(NumberSpace::Requests).await, 70_001);
    assert_eq!(highest(NumberSpace::Users).await, 5_000_000_001);
    assert_eq!(highest(NumberSpace::CatalogItems).await, before + 1);
    let low = Request { number: 6.try_into().unwrap(), ..sample::certificate_request(2, 1, 2) };
    import(&*repository, vec![Record::Request(Box::new(low))]).await;
    assert_eq!(highest(NumberSpace::Requests).await, 70_002);
    let item = countersign_core::catalog::CatalogItem { number: 400.try_into().unwrap(), ..sample::catalog_item(1) };
    import(&*repository, vec![Record::CatalogItem(item)]).await;
    assert_eq!(highest(NumberSpace::CatalogItems).await, 401);
    import(&*repository, vec![Record::Grant(sample::grant(900, 1))]).await;
    assert_eq!(highest(NumberSpace::Grants).await, 901);
}

/// What was given out is not given out again after an export and an import, used or not.
pub async fn must_14_numbers_survive_an_export(fixture: &dyn Fixture) {
    let (repository, other) = (fixture.repository(), fixture.another().await);
    import(&*repository, sample::everything()).await;
    for space in SPACES {
        repository.allocate_numbers(space, 500).await.unwrap();
    }
    import_text(&*other.repository(), &export(&*repository).await).await;
    for space in SPACES {
        assert_eq!(highest(&*other.repository(), space).await, highest(&*repository, space).await);
    }
}

async fn highest(repository: &dyn Repository, space: NumberSpace) -> i64 {
    repository.allocate_numbers(space, 1).await.unwrap()
}
