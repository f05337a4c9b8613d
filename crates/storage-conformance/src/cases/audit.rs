//! Audits: what is sound has no fault, and every edit is found where it is.

use std::sync::Arc;

use countersign_core::audit::{AuditReport, Place, Trust};
use countersign_core::bundle::Record;
use countersign_core::event::{StreamId, StreamKind};
use countersign_core::ids::RequestId;
use countersign_core::repository::{Repository, Silent};

use crate::fixture::{Fixture, Tampering};
use crate::life::live;
use crate::sample;
use crate::support::{export, import, import_text};

/// What an audit without keys finds.
pub(super) async fn audit(repository: &dyn Repository) -> AuditReport {
    repository.audit(Trust::default(), Arc::new(Silent)).await.unwrap()
}

/// The faults, in words.
pub(super) fn faults(report: &AuditReport) -> Vec<String> {
    report.first.iter().map(ToString::to_string).collect()
}

/// A database with everything in it, and one request that was lived through.
pub(super) async fn populate(repository: &dyn Repository) -> RequestId {
    import(repository, sample::everything()).await;
    live(repository, 60).await.id
}

fn stream(id: RequestId) -> StreamId {
    StreamId { stream: StreamKind::Request, id: id.as_uuid() }
}

/// A sound database has no fault; the audit says how much it read, and changes nothing.
pub async fn must_28_a_sound_database_has_no_fault(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let id = populate(&*repository).await;
    let before = fixture.contents().await;
    let report = audit(&*repository).await;
    assert_eq!(faults(&report), [] as [&str; 0]);
    let aggregates = sample::everything().iter().filter(|record| !is_secret(record)).count() as u64;
    assert_eq!((report.streams, report.events), (aggregates + 1, aggregates + 8));
    assert_eq!((report.checkpoints, report.uncovered, report.erased), (0, aggregates + 8, 0));
    assert_eq!(repository.events(stream(id), 0, 100).await.unwrap().len(), 8);
    assert!(fixture.contents().await == before, "the audit has changed something");
}

const fn is_secret(record: &Record) -> bool {
    matches!(record, Record::Credential(_) | Record::WebhookSecret(_))
}

/// An empty database is read to its end, and there is nothing.
pub async fn must_28_an_empty_database_has_no_events(fixture: &dyn Fixture) {
    let report = audit(&*fixture.repository()).await;
    assert_eq!(report, AuditReport::default());
}

/// What is imported with its history is as sound as what it was exported from.
pub async fn must_28_an_imported_history_is_sound(fixture: &dyn Fixture) {
    let (repository, other) = (fixture.repository(), fixture.another().await);
    populate(&*repository).await;
    import_text(&*other.repository(), &export(&*repository).await).await;
    let (one, two) = (audit(&*repository).await, audit(&*other.repository()).await);
    assert_eq!(faults(&two), [] as [&str; 0]);
    assert_eq!((one.streams, one.events), (two.streams, two.events));
}

/// Where an edit must be found; what belongs to nothing, in the table `stray`.
fn place(tampering: Tampering, id: RequestId, stray: &str) -> Place {
    let derived = |what: &str| Place::Derived { what: what.to_owned(), of: stream(id) };
    match tampering {
        Tampering::EventSealed => Place::Event(stream(id), 1),
        Tampering::AppendEvent => Place::Event(stream(id), 9),
        Tampering::CutTail | Tampering::Status | Tampering::Unreadable | Tampering::Vote => Place::Stream(stream(id)),
        Tampering::Stray => Place::Table(stray.to_owned()),
        Tampering::Document => derived("document"),
        Tampering::AccessRow => derived("access index"),
        Tampering::TaskRow => derived("task index"),
        Tampering::EventPosition => Place::Event(stream(id), 3),
        _ => Place::Event(stream(id), 2),
    }
}

/// Each edit by itself is found where it is; looking changes nothing.
pub async fn must_28_each_edit_is_found_where_it_is(fixture: &dyn Fixture) {
    for tampering in [
        Tampering::EventPosition,
        Tampering::EventKind,
        Tampering::EventStream,
        Tampering::EventSequence,
        Tampering::EventTime,
        Tampering::EventFormat,
        Tampering::EventBytes,
        Tampering::EventHash,
        Tampering::EventSealed,
        Tampering::DeleteEvent,
        Tampering::SwapEvents,
        Tampering::AppendEvent,
        Tampering::CutTail,
        Tampering::Status,
        Tampering::Unreadable,
        Tampering::Vote,
        Tampering::Stray,
        Tampering::Document,
        Tampering::AccessRow,
        Tampering::TaskRow,
    ] {
        let fixture = fixture.another().await;
        let repository = fixture.repository();
        let id = populate(&*repository).await;
        fixture.tamper(tampering, id).await;
        let edited = fixture.contents().await;
        let report = audit(&*repository).await;
        let place = place(tampering, id, fixture.stray());
        let found = report.first.iter().any(|fault| fault.place == place);
        assert!(found, "{tampering:?} is not found at {place}: {:#?}", faults(&report));
        assert!(report.first.iter().all(|fault| !fault.detail.is_empty()));
        assert!(fixture.contents().await == edited, "the audit has changed something");
    }
}

/// Rows that cannot be read are faults, and everything else is read all the same.
pub async fn must_28_damage_does_not_end_an_audit(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let one = populate(&*repository).await;
    let two = live(&*repository, 61).await.id;
    let sound = audit(&*repository).await;
    fixture.tamper(Tampering::Unreadable, one).await;
    fixture.tamper(Tampering::EventBytes, one).await;
    fixture.tamper(Tampering::Vote, two).await;
    let report = audit(&*repository).await;
    assert_eq!((report.streams, report.events), (sound.streams, sound.events));
    for place in [Place::Stream(stream(one)), Place::Event(stream(one), 2), Place::Stream(stream(two))] {
        assert!(report.first.iter().any(|fault| fault.place == place), "{place}: {:#?}", faults(&report));
    }
}
