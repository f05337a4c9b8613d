//! What is stored of what happened.

use serde_json::json;

use super::cast::*;
use crate::event::{Channel, Entropy, NewEvent};
use crate::lifecycle::{Command, Decision, RequestEvent, TaskRef, apply};
use crate::request::{Outcome, Request};

struct Fixed;

impl Entropy for Fixed {
    fn bytes(&mut self) -> [u8; 16] {
        [7; 16]
    }
}

/// A request's whole life, with a remark at every step.
fn life() -> Story {
    let stages = vec![stage(1, &[APPROVERS]), stage(1, &[MANAGER])];
    let mut story = Story::of(Request { state: crate::request::RequestState::Draft, ..access() });
    story.user(ORIGINATOR, Command::Submit { stages }).unwrap();
    let comment = || Some("a remark".to_owned());
    let task = TaskRef::First;
    story.user(ANN, Command::Suspend { task, comment: comment() }).unwrap();
    story.world.seconds = 5;
    story.user(ANN, Command::Resume { task, comment: comment() }).unwrap();
    story.user(ANN, Command::Approve(Decision { comment: comment(), ..decision() })).unwrap();
    story.world.seconds = 9;
    story.user(MANAGER, approve()).unwrap();
    story
}

#[test]
fn a_request_is_what_its_events_make_of_it() {
    let story = life();
    let mut events = story.events.iter();
    let Some((RequestEvent::Created(state), _)) = events.next() else { panic!("a story begins with its making") };
    let mut replayed = Request { number: 1.try_into().unwrap(), ..(**state).clone() };
    for (event, at) in &story.events {
        apply(&mut replayed, event, *at);
    }
    replayed.revision = story.request.revision;
    assert_eq!(replayed, story.request);
    assert_eq!(replayed.modified, Some(at(9)));
    let kinds: Vec<_> = story.events.iter().map(|(event, _)| event.kind().name()).collect();
    let expected = [
        "created",
        "submitted",
        "stageBegun",
        "suspended",
        "resumed",
        "voted",
        "taskEnded",
        "stageBegun",
        "voted",
        "approved",
        "begun",
        "ended",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn remarks_are_sealed_and_can_be_erased() {
    for (event, at) in life().events {
        let sealed = NewEvent::seal(event.kind(), at, None, Channel::Oig, event.data(), &mut Fixed);
        let text = String::from_utf8(sealed.bytes).unwrap();
        assert!(!text.contains("a remark"), "{text}");
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["kind"], event.kind().name());
        let remarks = sealed.sealed.iter().filter(|sealed| sealed.value == json!("a remark")).count();
        let expected = ["suspended", "resumed", "voted"].contains(&event.kind().name())
            && event.data().to_string().contains("a remark");
        assert_eq!(remarks, usize::from(expected), "{text}");
    }
}

#[test]
fn an_event_without_data_reads_back() {
    let retried = RequestEvent::Retried {};
    assert_eq!(retried.data(), json!({}));
    for text in [r#"{"kind":"retried","data":{}}"#, r#"{"data":{},"kind":"retried"}"#] {
        assert_eq!(serde_json::from_str::<RequestEvent>(text).unwrap(), retried);
    }
}

#[test]
fn events_that_no_command_makes_read_back_too() {
    let imported = RequestEvent::Imported(Box::new(access()));
    let ended = RequestEvent::Ended { outcome: Outcome::Failed, at: at(3), reason: None };
    for event in [imported, ended] {
        let value = json!({"data": event.data(), "kind": event.kind()});
        assert_eq!(serde_json::from_value::<RequestEvent>(value).unwrap(), event);
    }
}

#[test]
fn an_event_that_fits_nothing_changes_what_it_can() {
    let before = Story::pending(1, &[ANN]).request;
    let mut request = before.clone();
    let task = uuid::Uuid::from_u128(5).into();
    for event in [
        RequestEvent::Released { task },
        RequestEvent::Skipped { task, comment: None },
        RequestEvent::VotesVoided { stage: 7 },
        RequestEvent::Bound { profile: Some(uuid::Uuid::from_u128(6).into()), smartcard: None },
    ] {
        apply(&mut request, &event, at(0));
    }
    assert_eq!(request, before);
}
