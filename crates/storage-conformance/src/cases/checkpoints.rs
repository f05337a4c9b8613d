//! Checkpoints: they follow one another, cover every event, and show what was edited to fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::audit::{AuditKey, AuditReport, Checkpoint, Place, Trust};
use countersign_core::event::{Hash, StreamId, StreamKind};
use countersign_core::repository::{Repository, Silent};
use futures_util::future::join_all;

use super::audit::{faults, populate};
use crate::fixture::{Fixture, Tampering};
use crate::life::live;
use crate::sample;

fn key() -> AuditKey {
    AuditKey::from_seed(&[7; 32])
}

/// Makes one checkpoint over at most so many events.
async fn make(repository: &dyn Repository, limit: usize) -> Option<Checkpoint> {
    let span = repository.uncovered(limit).await.unwrap();
    if span.is_empty() {
        return None;
    }
    let checkpoint = span.sign(sample::time(1), &key());
    assert!(repository.keep_checkpoint(checkpoint.clone()).await.unwrap());
    Some(checkpoint)
}

/// Makes checkpoints until every event is covered.
async fn make_all(repository: &dyn Repository, limit: usize) -> Vec<Checkpoint> {
    let mut made = Vec::new();
    while let Some(checkpoint) = make(repository, limit).await {
        made.push(checkpoint);
    }
    made
}

async fn audit(repository: &dyn Repository, published: Option<Vec<Checkpoint>>) -> AuditReport {
    let published = published.map(|published| Box::new(published.into_iter().map(Ok)) as _);
    repository.audit(Trust { keys: vec![key().public()], published }, Arc::new(Silent)).await.unwrap()
}

/// Each event is in the span of one checkpoint, and the leaves say how far its stream had come.
pub async fn must_29_checkpoints_cover_every_event_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    assert!(repository.uncovered(10).await.unwrap().is_empty());
    assert_eq!(repository.checkpoint(0).await.unwrap(), None);
    populate(&*repository).await;
    let made = make_all(&*repository, 7).await;
    live(&*repository, 61).await;
    let made: Vec<Checkpoint> = made.into_iter().chain(make_all(&*repository, 1000).await).collect();
    let feed = repository.event_feed(0, 10_000).await.unwrap();
    assert_eq!(made.len(), (feed.len() - 8).div_ceil(7) + 1);
    let mut events = feed.iter();
    let mut heads: BTreeMap<StreamId, (i64, Hash)> = BTreeMap::new();
    for (n, checkpoint) in (1..).zip(&made) {
        assert_eq!(checkpoint.sequence, n);
        let seen: Vec<_> = events.as_slice().iter().take_while(|event| event.position <= checkpoint.position).collect();
        events = events.as_slice()[seen.len()..].iter();
        let touched: BTreeMap<_, _> =
            seen.iter().map(|placed| (placed.event.stream_id(), (placed.event.sequence, placed.event.hash))).collect();
        let leaves: BTreeMap<_, _> =
            checkpoint.leaves.iter().map(|leaf| (leaf.stream_id(), (leaf.length, leaf.head))).collect();
        assert_eq!(leaves, touched);
        heads.extend(leaves);
        assert_eq!(repository.checkpoint(n - 1).await.unwrap().as_ref(), Some(checkpoint));
    }
    assert_eq!(events.len(), 0);
    assert_eq!(repository.checkpoint(made.len() as i64).await.unwrap(), None);
    let report = audit(&*repository, Some(made.clone())).await;
    assert_eq!(faults(&report), [] as [&str; 0]);
    assert_eq!((report.checkpoints, report.uncovered), (made.len() as u64, 0));
    assert_eq!(heads.len() as u64, report.streams);
}

/// Of several that follow the same checkpoint one is kept; one that follows another is not.
pub async fn must_29_a_checkpoint_follows_the_last_one(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    populate(&*handles[0]).await;
    let first = make(&*handles[0], 5).await.unwrap();
    assert!(!handles[1].keep_checkpoint(first.clone()).await.unwrap(), "it is there already");
    let mut spans = Vec::new();
    for n in 0..10 {
        spans.push(handles[n % 2].uncovered(5 + n).await.unwrap());
    }
    let kept = join_all(spans.into_iter().enumerate().map(|(n, span)| {
        let (handle, signed) = (&handles[n % 2], span.sign(sample::time(2), &key()));
        async move { handle.keep_checkpoint(signed).await.unwrap() }
    }))
    .await;
    assert_eq!(kept.into_iter().filter(|kept| *kept).count(), 1);
    let mut forged = handles[0].uncovered(5).await.unwrap().sign(sample::time(3), &key());
    forged.previous = Hash([1; 32]);
    assert!(!handles[0].keep_checkpoint(forged).await.unwrap(), "it follows another");
    let report = audit(&*handles[1], Some(vec![first])).await;
    assert_eq!((report.checkpoints, faults(&report)), (2, Vec::new()));
}

/// A cut tail and a removed request, with everything made to fit, are named by stream.
pub async fn must_29_what_was_removed_to_fit_is_found(fixture: &dyn Fixture) {
    for tampering in [Tampering::CutTail, Tampering::RemoveRequest] {
        let fixture = fixture.another().await;
        let repository = fixture.repository();
        let id = populate(&*repository).await;
        live(&*repository, 61).await;
        make_all(&*repository, 10).await;
        fixture.tamper(tampering, id).await;
        if tampering == Tampering::RemoveRequest {
            let blind = repository.audit(Trust::default(), Arc::new(Silent)).await.unwrap();
            let elsewhere = blind.first.iter().all(|fault| !matches!(fault.place, Place::Order | Place::Stream(_)));
            assert!(elsewhere, "it does not fit: {:#?}", faults(&blind));
        }
        let stream = StreamId { stream: StreamKind::Request, id: id.as_uuid() };
        let report = audit(&*repository, None).await;
        let named = report
            .first
            .iter()
            .any(|fault| fault.place == Place::Event(stream, 8) && fault.detail.contains("checkpoint"));
        assert!(named, "{tampering:?}: {:#?}", faults(&report));
    }
}

/// Checkpoints that were edited, or removed in between, are named.
pub async fn must_29_edited_checkpoints_are_found(fixture: &dyn Fixture) {
    for (tampering, place) in [
        (Tampering::CheckpointTime, 1),
        (Tampering::CheckpointLeaf, 1),
        (Tampering::RemoveCheckpoint(1), 1),
        (Tampering::RemoveCheckpoint(2), 2),
    ] {
        let fixture = fixture.another().await;
        let repository = fixture.repository();
        let id = populate(&*repository).await;
        make_all(&*repository, 10).await;
        fixture.tamper(tampering, id).await;
        let report = audit(&*repository, None).await;
        let found = report.first.iter().any(|fault| fault.place == Place::Checkpoint(place));
        assert!(found, "{tampering:?}: {:#?}", faults(&report));
    }
}

/// A checkpoint that was removed at the end shows beside an export alone; what it saw is held all the same.
pub async fn must_29_exported_checkpoints_must_be_there(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let id = populate(&*repository).await;
    let made = make_all(&*repository, 10).await;
    let last = made.len() as i64;
    fixture.tamper(Tampering::CutTail, id).await;
    fixture.tamper(Tampering::RemoveCheckpoint(last), id).await;
    let at = |report: &AuditReport, place: &Place| report.first.iter().any(|fault| fault.place == *place);
    let stream = StreamId { stream: StreamKind::Request, id: id.as_uuid() };
    let (gone, cut) = (Place::Checkpoint(last), Place::Event(stream, 8));
    let blind = audit(&*repository, None).await;
    assert!(!at(&blind, &gone) && !at(&blind, &cut), "{:#?}", faults(&blind));
    let report = audit(&*repository, Some(made)).await;
    assert!(at(&report, &gone) && at(&report, &cut), "{:#?}", faults(&report));
}
