//! Edits as somebody makes them who goes past the port.

use countersign_core::access::ListClass;
use countersign_core::approval::{TaskState, VoteOutcome};
use countersign_core::clock::Timestamp;
use countersign_core::event::{Chain, Hash, StoredEvent, StreamId, StreamKind};
use countersign_core::ids::RequestId;
use countersign_core::repository::Derived;
use countersign_core::request::{Outcome, Request, RequestState};
use countersign_storage_conformance::Tampering;
use countersign_storage_memory::{Derivations, Events, Tables, TaskRun};
use serde_json::Value;
use uuid::Uuid;

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).expect("a time")
}

/// Makes what is derived differ.
pub(crate) fn plant(kept: &mut Derivations, derived: Derived, id: Uuid) {
    let request = RequestId::from(id);
    match derived {
        Derived::Document => kept.documents.get_mut(&request).expect("a document").body = b"{}".to_vec(),
        Derived::Readers => {
            kept.documents.get_mut(&request).expect("a document").readers.drain(..18);
        }
        Derived::AccessIndex => shift_classes(kept, id),
        Derived::TaskIndex => shift_states(kept, request),
        Derived::ChildCounts => kept.child_counts.get_mut(&request).expect("a count").counts.open += 1,
        Derived::Barred => {
            let (task, user) = *kept.barred.iter().find(|(_, of)| **of == request).expect("a barred voter").0;
            kept.barred.remove(&(task, user));
            kept.barred.insert((task, task.as_uuid().into()), request);
        }
        Derived::WakeTime => {
            kept.wakes.retain(|(_, of)| *of != request);
            kept.wakes.insert((micros(7), request));
        }
        Derived::Handover => {
            if !kept.handovers.remove(&id.into()) {
                kept.handovers.insert(id.into());
            }
        }
    }
}

fn shift_classes(kept: &mut Derivations, id: Uuid) {
    let of_request = kept.access.entries().filter(|((_, place), _)| place.id == id);
    let entries: Vec<_> = of_request.map(|((run, place), roles)| (run, place, *roles)).collect();
    kept.access.retain(|_, place, _| place.id != id);
    for (mut run, place, roles) in entries {
        run.class = ListClass::from_code(run.class.code() % 6 + 1).expect("a class");
        kept.access.insert(run, place, roles);
    }
}

fn shift_states(kept: &mut Derivations, request: RequestId) {
    let of_request = kept.tasks.entries().filter(|(_, of)| **of == request);
    let entries: Vec<_> = of_request.map(|(key, _)| key).collect();
    kept.tasks.retain(|_, _, of| *of != request);
    for (run, place) in entries {
        let state = TaskState::from_code(run.state.code() % 8 + 1).expect("a state");
        kept.tasks.insert(TaskRun { state, ..run }, place, request);
    }
}

/// Makes one edit.
pub(crate) fn tamper(tables: &mut Tables, tampering: Tampering, request: RequestId) {
    let stream = StreamId { stream: StreamKind::Request, id: request.as_uuid() };
    match tampering {
        Tampering::EventPosition => {
            let position = position(&tables.events, stream, 2);
            let event = tables.events.take(position).expect("an event");
            tables.events.put(position + 1_000_000, event);
        }
        Tampering::EventKind => edit(tables, stream, 2, |event| event.stream = StreamKind::Template),
        Tampering::EventStream => edit(tables, stream, 2, |event| event.id = Uuid::nil()),
        Tampering::EventSequence => edit(tables, stream, 2, |event| event.sequence = 77),
        Tampering::EventTime => edit(tables, stream, 2, |event| event.at = micros(event.at.as_micros() + 1)),
        Tampering::EventFormat => edit(tables, stream, 2, |event| event.format = 2),
        Tampering::EventBytes => edit(tables, stream, 2, |event| event.bytes.replace_range(20..21, "~")),
        Tampering::EventHash => edit(tables, stream, 2, |event| event.hash = Hash::ZERO),
        Tampering::EventSealed => edit(tables, stream, 1, misremember),
        Tampering::DeleteEvent => {
            let position = position(&tables.events, stream, 2);
            tables.events.take(position);
        }
        Tampering::SwapEvents => swap(tables, stream),
        Tampering::AppendEvent => {
            let mut last = last(&tables.events, stream);
            last.sequence += 1;
            tables.events.push(last);
        }
        Tampering::CutTail => cut_tail(tables, stream),
        Tampering::Status => change(tables, request, |request| {
            request.state = RequestState::Ended { outcome: Outcome::Denied, at: request.created };
        }),
        Tampering::Unreadable => tables.requests.damage(stream.id, "its status does not exist"),
        Tampering::Vote => change(tables, request, turn_votes),
        Tampering::Stray => {
            let hash = "$argon2id$nobody".to_owned().try_into().expect("a hash");
            tables.credentials.insert(Uuid::nil().into(), hash);
        }
        Tampering::Document => {
            let row = tables.derived.documents.get_mut(&request).expect("a document");
            row.body = String::from_utf8(row.body.clone()).expect("a text").replace("approve", "deny").into_bytes();
        }
        Tampering::AccessRow => tables.derived.access.retain(|_, place, _| place.id != stream.id),
        Tampering::TaskRow => tables.derived.tasks.retain(|_, _, of| *of != request),
        Tampering::RemoveRequest => remove_request(tables, stream),
        Tampering::CheckpointTime => {
            let checkpoint = tables.checkpoints.get_mut(&1).expect("a checkpoint");
            checkpoint.at = micros(checkpoint.at.as_micros() + 1);
        }
        Tampering::CheckpointLeaf => {
            let checkpoint = tables.checkpoints.get_mut(&1).expect("a checkpoint");
            checkpoint.leaves.iter_mut().for_each(|leaf| leaf.length += 1);
        }
        Tampering::RemoveCheckpoint(sequence) => {
            tables.checkpoints.remove(&sequence);
        }
    }
}

fn position(events: &Events, stream: StreamId, sequence: i64) -> i64 {
    let mut found = events.of_stream(stream, sequence - 1);
    found.next().filter(|(_, event)| event.sequence == sequence).expect("an event").0
}

fn last(events: &Events, stream: StreamId) -> StoredEvent {
    events.of_stream(stream, 0).last().expect("an event").1.clone()
}

fn edit(tables: &mut Tables, stream: StreamId, sequence: i64, edit: impl FnOnce(&mut StoredEvent)) {
    let position = position(&tables.events, stream, sequence);
    let mut event = tables.events.take(position).expect("an event");
    edit(&mut event);
    tables.events.put(position, event);
}

fn misremember(event: &mut StoredEvent) {
    for sealed in &mut event.sealed {
        if let Value::String(text) = &mut sealed.value {
            *text = text.replace("lost", "last");
        }
    }
}

fn swap(tables: &mut Tables, stream: StreamId) {
    let places = [2, 3].map(|sequence| position(&tables.events, stream, sequence));
    let [mut two, mut three] = places.map(|position| tables.events.take(position).expect("an event"));
    (two.sequence, three.sequence) = (3, 2);
    tables.events.put(places[0], two);
    tables.events.put(places[1], three);
}

fn cut_tail(tables: &mut Tables, stream: StreamId) {
    let tail = last(&tables.events, stream);
    let position = position(&tables.events, stream, tail.sequence);
    tables.events.take(position);
    let end = last(&tables.events, stream);
    tables.chains.insert(stream, Chain { length: end.sequence, head: end.hash });
}

fn change(tables: &mut Tables, id: RequestId, edit: impl FnOnce(&mut Request)) {
    let mut request = Request::clone(&*tables.requests.get(id.as_uuid()).unwrap().expect("a request"));
    edit(&mut request);
    tables.requests.put(request);
}

fn turn_votes(request: &mut Request) {
    let tasks = request.stages.iter_mut().flat_map(|stage| &mut stage.tasks);
    for vote in tasks.flat_map(|task| &mut task.votes) {
        vote.outcome = match vote.outcome {
            VoteOutcome::Approve => VoteOutcome::Deny,
            VoteOutcome::Deny => VoteOutcome::Approve,
        };
    }
}

/// Everything that belongs to the request; then the events after it move up.
fn remove_request(tables: &mut Tables, stream: StreamId) {
    let request = RequestId::from(stream.id);
    tables.requests.remove(stream.id);
    tables.chains.remove(&stream);
    let derived = &mut tables.derived;
    derived.documents.remove(&request);
    derived.access.retain(|_, place, _| place.id != stream.id);
    derived.tasks.retain(|_, _, of| *of != request);
    derived.barred.retain(|_, of| *of != request);
    derived.wakes.retain(|(_, of)| *of != request);
    let mut events = Events::default();
    let others = tables.events.after(0).filter(|(_, event)| event.stream_id() != stream);
    others.for_each(|(_, event)| events.push(event.clone()));
    tables.events = events;
}
