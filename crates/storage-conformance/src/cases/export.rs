//! Exports: one snapshot, in order, and everything that there is.

use std::io;
use std::sync::Arc;

use countersign_core::bundle::Record;
use countersign_core::repository::{Change, ExportError, ExportOptions, NumberSpace, RecordSink, Repository, Silent};
use countersign_core::request::{Request, RequestStatus};

use crate::fixture::{Column, Fixture};
use crate::sample;
use crate::support::{
    assert_same, assert_sound, changed, commit, create, export, export_with, import, import_text, moved, only, read,
};

/// The full sample, with some history that was made here.
async fn lived_in(repository: &dyn Repository) {
    import(repository, sample::everything()).await;
    for n in [1, 2, 3] {
        let request = read(repository, sample::request_id(n)).await;
        commit(repository, only(changed(&request, |next| next.justification = Some("later".to_owned())))).await;
    }
    let number = repository.allocate_numbers(NumberSpace::Requests, 1).await.unwrap().try_into().unwrap();
    let new = create(repository, Request { number, ..sample::certificate_request(60, 4, 5) }).await;
    commit(repository, only(moved(&new, RequestStatus::Canceled))).await;
}

/// Export, import into an empty database, export: the same bytes, events and credentials included.
pub async fn must_17_an_export_imports_to_the_same_export(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    lived_in(&*repository).await;
    let other = fixture.another().await;
    let first = export(&*repository).await;
    import_text(&*other.repository(), &first).await;
    assert_same(&export(&*other.repository()).await, &first);
    assert_sound(&*other.repository()).await;
    import_text(&*other.repository(), &first).await;
    assert_same(&export(&*other.repository()).await, &first);
    assert_same(&export(&*repository).await, &first);
}

/// After export and import every column of every table holds what it held, but for those on
/// the adapter's list; and the sample fills every one of them, so that none is compared empty.
pub async fn must_17_an_export_leaves_nothing_out_without_a_reason(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    lived_in(&*repository).await;
    let other = fixture.another().await;
    import_text(&*other.repository(), &export(&*repository).await).await;
    let (before, after) = (fixture.contents().await, other.contents().await);
    assert!(!before.is_empty(), "the fixture reports no column");
    let left_out = fixture.left_out();
    let on_the_list = |column: &Column| {
        left_out.iter().any(|entry| entry.table == column.table && ["*", &column.column].contains(&entry.column))
    };
    for (held, holds) in before.iter().zip(&after).filter(|(held, _)| !on_the_list(held)) {
        let name = format!("{}.{}", held.table, held.column);
        assert_eq!((&held.table, &held.column), (&holds.table, &holds.column));
        assert!(!held.values.is_empty(), "the sample leaves {name} empty: fill it, or list the column with its reason");
        assert_eq!(held.values, holds.values, "{name} does not survive export and import");
    }
    for entry in left_out {
        assert!(entry.reason.len() > 10, "{}.{} is left out without a reason", entry.table, entry.column);
        let exists =
            before.iter().any(|column| entry.table == column.table && ["*", &column.column].contains(&entry.column));
        assert!(exists, "{}.{} is on the list and not in the schema", entry.table, entry.column);
    }
}

/// The header comes first; then records by kind and id, events last and in order.
pub async fn must_17_records_are_ordered(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    lived_in(&*repository).await;
    let text = export(&*repository).await;
    let records: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(matches!(records[0], Record::Header(_)));
    let keys: Vec<_> = records.iter().map(order).collect();
    assert!(keys.is_sorted(), "an export is ordered by kind and id");
    assert_eq!(keys.iter().filter(|(kind, ..)| *kind == 0).count(), 1);
    let given = sample::everything().len() + 1;
    assert_eq!(keys.iter().filter(|(kind, ..)| (2..15).contains(kind)).count(), given);
}

fn order(record: &Record) -> (u8, i16, uuid::Uuid, i64) {
    let by_id = |kind, id| (kind, 0, id, 0);
    match record {
        Record::Header(_) => by_id(0, uuid::Uuid::nil()),
        Record::Numbers(_) => by_id(1, uuid::Uuid::nil()),
        Record::User(user) => by_id(2, user.id.as_uuid()),
        Record::Credential(credential) => by_id(3, credential.user.as_uuid()),
        Record::Group(group) => by_id(4, group.id.as_uuid()),
        Record::ProfileTemplate(template) => by_id(5, template.id.as_uuid()),
        Record::CatalogItem(item) => by_id(6, item.id.as_uuid()),
        Record::ApprovalRule(rule) => by_id(7, rule.id.as_uuid()),
        Record::RequestRule(rule) => by_id(8, rule.id.as_uuid()),
        Record::Profile(profile) => by_id(9, profile.id.as_uuid()),
        Record::Smartcard(card) => by_id(10, card.id.as_uuid()),
        Record::Request(request) => by_id(11, request.id.as_uuid()),
        Record::Grant(grant) => by_id(12, grant.id.as_uuid()),
        Record::Webhook(webhook) => by_id(13, webhook.id.as_uuid()),
        Record::WebhookSecret(credential) => by_id(14, credential.webhook.as_uuid()),
        Record::Event(event) => (15, event.stream.code(), event.id, event.sequence),
    }
}

/// Password hashes and webhooks' keys come out on demand alone.
pub async fn must_17_credentials_come_on_demand(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    let secret = export_with(&*repository, ExportOptions { credentials: true }).await;
    let public = export_with(&*repository, ExportOptions { credentials: false }).await;
    for text in ["$argon2id$", sample::secret(2).expose()] {
        assert!(secret.contains(text) && !public.contains(text), "{text}");
    }
    // The header counts the records, so it differs.
    let is_secret =
        |line: &&str| [r#""kind":"credential""#, r#""kind":"webhookSecret""#].iter().any(|kind| line.contains(kind));
    let others: Vec<_> = secret.lines().skip(1).filter(|line| !is_secret(line)).collect();
    assert_eq!(public.lines().skip(1).collect::<Vec<_>>(), others);
}

/// While two requests change together, an export holds both as they were at one moment, with as many events.
pub async fn must_17_an_export_is_one_snapshot(fixture: &dyn Fixture) {
    struct Slow(sample::Lines);
    impl RecordSink for Slow {
        fn take(&mut self, record: &Record) -> io::Result<()> {
            std::thread::sleep(std::time::Duration::from_millis(1));
            self.0.take(record)
        }
    }
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    let mut pair: Vec<Request> = Vec::new();
    for n in [90, 91] {
        pair.push(create(&*repository, sample::certificate_request(n, 2, 3)).await);
    }
    let ids: Vec<_> = pair.iter().map(|request| request.id).collect();
    let writing = Arc::clone(&repository);
    let writer = tokio::spawn(async move {
        for n in 0..100 {
            let requests: Vec<_> =
                pair.iter().map(|request| changed(request, |next| next.justification = Some(n.to_string()))).collect();
            pair = requests.iter().map(|change| change.state.clone()).collect();
            commit(&*writing, Change { requests, ..Change::default() }).await;
        }
    });
    while !writer.is_finished() {
        let lines = sample::Lines::default();
        let options = ExportOptions { credentials: false };
        let outcome = repository.export(options, Box::new(Slow(lines.clone())), Arc::new(Silent)).await;
        assert!(outcome.is_ok());
        let records: Vec<Record> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let revisions = records.iter().filter_map(|record| match record {
            Record::Request(request) if ids.contains(&request.id) => Some(request.revision.0),
            _ => None,
        });
        let revisions: Vec<_> = revisions.collect();
        assert_eq!(revisions.len(), 2);
        assert_eq!(revisions[0], revisions[1], "two requests of one change are exported at different revisions");
        let events = records.iter().filter(|record| match record {
            Record::Event(event) => ids[0].as_uuid() == event.id,
            _ => false,
        });
        assert_eq!(i64::try_from(events.count()).unwrap(), revisions[0]);
    }
    writer.await.unwrap();
}

/// A sink that fails ends the export with its error, and the repository goes on.
pub async fn must_17_a_failing_sink_ends_the_export(fixture: &dyn Fixture) {
    struct Full(u32);
    impl RecordSink for Full {
        fn take(&mut self, _: &Record) -> io::Result<()> {
            self.0 += 1;
            if self.0 > 5 { Err(io::Error::other("the disk is full")) } else { Ok(()) }
        }
    }
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    for _ in 0..20 {
        let options = ExportOptions { credentials: false };
        let outcome = repository.export(options, Box::new(Full(0)), Arc::new(Silent)).await;
        assert!(matches!(outcome, Err(ExportError::Sink(_))));
    }
    assert_sound(&*repository).await;
}
