//! What comes after approval.

use uuid::Uuid;

use super::cast::*;
use crate::catalog::FulfilmentMethod;
use crate::lifecycle::{Command, RequestEvent};
use crate::request::{
    AccessRequest, ApprovedBy, CertificateRequest, Fulfilment, Outcome, ParentLink, Request, RequestDetails,
    RequestState, RequestStatus,
};

use RequestStatus as S;

fn bind(profile: Option<u128>, smartcard: Option<u128>) -> Command {
    Command::Bind {
        profile: profile.map(|id| Uuid::from_u128(id).into()),
        smartcard: smartcard.map(|id| Uuid::from_u128(id).into()),
    }
}

fn after(request: Request, fulfilment: FulfilmentMethod, dependency: Option<Outcome>) -> Story {
    let mut story = Story::within(World { fulfilment, dependency, ..World::new() }, request);
    story.worker(Command::Submit { stages: Vec::new() }).unwrap();
    story
}

#[test]
fn how_it_was_approved_is_kept() {
    let automatic = Story::submitted(certificate());
    assert_eq!(automatic.request.state, RequestState::Approved { by: ApprovedBy::Automatic });
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN])], ..certificate() });
    story.user(ANN, approve()).unwrap();
    assert_eq!(story.request.state, RequestState::Approved { by: ApprovedBy::Votes });
}

#[test]
fn a_request_for_several_splits_after_its_approval() {
    let mut story = Story::submitted(Request { stages: vec![stage(1, &[ANN])], ..bulk() });
    let events = story.user(ANN, approve()).unwrap();
    assert_eq!(events.last(), Some(&RequestEvent::Split { children: 4 }));
    assert!(story.request.has_children);
    assert_eq!(story.status(), S::AwaitingChildren);
}

#[test]
fn a_request_about_ones_own_data_has_no_target_and_does_not_split() {
    let RequestDetails::Access(about) = access().details else { panic!() };
    let of = |beneficiaries| {
        let details = AccessRequest { beneficiaries, targets: Vec::new(), ..about.clone() };
        Story::submitted(Request { details: RequestDetails::Access(details), ..access() }).status()
    };
    assert_eq!(of(vec![user(TARGET)]), S::Completed);
    assert_eq!(of(vec![user(TARGET), user(STRANGER)]), S::AwaitingChildren);
}

#[test]
fn a_child_does_not_split_again() {
    let parent = Some(ParentLink { request: Uuid::from_u128(901).into(), ordinal: 1 });
    assert_eq!(Story::submitted(Request { parent, ..bulk() }).status(), S::Completed);
}

#[test]
fn the_childrens_end_is_the_parents() {
    use Outcome::{Canceled, Closed, Completed, Denied, Failed, PartiallyFailed};
    for (ended, expected) in [
        ([4, 0, 0, 0, 0, 0], Completed),
        ([1, 0, 3, 0, 0, 0], PartiallyFailed),
        ([0, 0, 2, 2, 0, 0], Failed),
        ([0, 0, 0, 4, 0, 0], Denied),
        ([0, 0, 0, 0, 4, 0], Canceled),
        ([0, 0, 0, 0, 0, 4], Closed),
    ] {
        let mut story = Story::submitted(bulk());
        story.worker(Command::ChildrenEnded { ended }).unwrap();
        assert_eq!(story.request.state.outcome(), Some(expected));
        assert!(is_state(&story.worker(Command::ChildrenEnded { ended })), "a second worker finds it done");
    }
}

#[test]
fn a_dependency_is_waited_for() {
    let depends_on = Some(Uuid::from_u128(902).into());
    let dependent = || Request { depends_on, ..access() };
    let mut story = after(dependent(), FulfilmentMethod::Immediate, None);
    assert_eq!(story.status(), S::AwaitingDependency);
    assert_eq!(story.worker(Command::DependencyEnded).unwrap(), [], "it has not ended");
    story.world.dependency = Some(Outcome::Completed);
    story.worker(Command::DependencyEnded).unwrap();
    assert_eq!(story.status(), S::Completed);
    for badly in [Outcome::Failed, Outcome::Denied, Outcome::Canceled, Outcome::Closed, Outcome::PartiallyFailed] {
        let mut story = after(dependent(), FulfilmentMethod::Immediate, None);
        story.world.dependency = Some(badly);
        story.worker(Command::DependencyEnded).unwrap();
        assert_eq!(story.status(), S::Failed, "{badly:?}");
        assert!(story.request.failure.as_ref().unwrap().contains(badly.name()));
    }
    assert_eq!(after(dependent(), FulfilmentMethod::Immediate, Some(Outcome::Denied)).status(), S::Failed);
    assert_eq!(after(dependent(), FulfilmentMethod::Manual, Some(Outcome::Completed)).status(), S::Executing);
}

#[test]
fn a_start_date_is_waited_for_after_the_dependency() {
    let mut request = Request { depends_on: Some(Uuid::from_u128(902).into()), ..access() };
    if let RequestDetails::Access(access) = &mut request.details {
        access.targets[0].start = Some(at(300));
    }
    let mut story = after(request, FulfilmentMethod::Immediate, None);
    story.world.dependency = Some(Outcome::Completed);
    assert_eq!(kinds(&story.worker(Command::DependencyEnded).unwrap()), ["scheduled"]);
    assert_eq!(story.status(), S::Scheduled);
}

#[test]
fn each_fulfilment_has_its_way() {
    for (method, state) in [
        (FulfilmentMethod::Immediate, RequestState::Ended { outcome: Outcome::Completed, at: at(0) }),
        (FulfilmentMethod::Manual, RequestState::Executing { fulfilment: Fulfilment::Manual }),
        (FulfilmentMethod::Webhook, RequestState::Executing { fulfilment: Fulfilment::Automatic }),
    ] {
        assert_eq!(after(access(), method, None).request.state, state, "{method:?}");
    }
}

#[test]
fn what_went_wrong_is_seen_and_tried_again() {
    let mut story = after(access(), FulfilmentMethod::Webhook, None);
    assert!(is_state(&story.user(ADMIN, Command::Retry)), "nothing has failed");
    story.does(By::Fulfiller, Command::Stumble { reason: "out of reach".to_owned() }).unwrap();
    assert_eq!(story.request.failure.as_deref(), Some("out of reach"));
    assert_eq!(kinds(&story.user(ADMIN, Command::Retry).unwrap()), ["retried"]);
    assert_eq!((story.status(), story.request.failure.as_deref()), (S::Executing, None));
    story.does(By::Fulfiller, Command::Stumble { reason: "again".to_owned() }).unwrap();
    story.does(By::Fulfiller, Command::Complete).unwrap();
    assert_eq!((story.status(), story.request.failure.as_deref()), (S::Completed, None));
    let mut story = after(access(), FulfilmentMethod::Manual, None);
    story.user(ADMIN, Command::Fail { reason: "no such account".to_owned() }).unwrap();
    assert_eq!((story.status(), story.request.failure.as_deref()), (S::Failed, Some("no such account")));
}

#[test]
fn trying_again_what_is_done_at_once_completes_it() {
    let mut story = after(access(), FulfilmentMethod::Webhook, None);
    story.does(By::Fulfiller, Command::Stumble { reason: "no hook".to_owned() }).unwrap();
    story.world.fulfilment = FulfilmentMethod::Immediate;
    assert_eq!(kinds(&story.user(ADMIN, Command::Retry).unwrap()), ["retried", "ended"]);
    assert_eq!(story.status(), S::Completed);
}

#[test]
fn a_certificate_request_waits_for_its_executor() {
    let mut story = after(certificate(), FulfilmentMethod::Immediate, None);
    assert_eq!(story.status(), S::Approved);
    assert_eq!(kinds(&story.user(TARGET, Command::Begin).unwrap()), ["begun"]);
    assert_eq!(story.user(TARGET, Command::Begin).unwrap(), [], "begun already");
    story.user(TARGET, bind(Some(70), None)).unwrap();
    story.user(TARGET, Command::Complete).unwrap();
    assert_eq!(story.request.certificate().unwrap().new_profile, Some(Uuid::from_u128(70).into()));
    // From Approved at once, as MIM's clients do.
    let mut story = Story::submitted(certificate());
    story.user(TARGET, Command::Complete).unwrap();
    assert_eq!(story.user(TARGET, Command::Complete).unwrap(), [], "Completed once more");
}

#[test]
fn a_card_request_is_not_carried_out_without_a_card() {
    let mut story = Story::submitted(card());
    assert!(is_state(&story.user(TARGET, Command::Begin)));
    assert!(is_state(&story.user(TARGET, Command::Complete)));
    story.user(TARGET, bind(None, Some(80))).unwrap();
    story.user(TARGET, Command::Complete).unwrap();
    assert_eq!(story.status(), S::Completed);
    // One that acts on a card has it already.
    let old_smartcard = Some(Uuid::from_u128(81).into());
    let details = CertificateRequest { smartcard: true, old_smartcard, ..certificate_details() };
    Story::submitted(certificate_of(details)).user(TARGET, Command::Complete).unwrap();
}

#[test]
fn what_is_bound_stays_bound() {
    let mut story = Story::submitted(card());
    story.user(TARGET, bind(None, Some(80))).unwrap();
    assert_eq!(story.user(TARGET, bind(None, Some(80))).unwrap(), [], "the same card once more");
    assert!(is_state(&story.user(TARGET, bind(None, Some(81)))), "another card");
    let events = story.user(TARGET, bind(Some(70), Some(80))).unwrap();
    assert_eq!(events, [RequestEvent::Bound { profile: Some(Uuid::from_u128(70).into()), smartcard: None }]);
    assert!(is_state(&story.user(TARGET, bind(Some(71), None))), "another profile");
    assert_eq!(story.user(TARGET, bind(None, None)).unwrap(), []);
    let mut story = Story::submitted(certificate());
    assert!(is_invalid(&story.user(TARGET, bind(None, Some(80))), "smartcard"));
}
