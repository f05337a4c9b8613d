use countersign_core::event::Channel;
use countersign_core::ids::{Revision, UserId};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::request::{ApprovedBy, Outcome, RequestDetails, RequestState};
use countersign_core::template::CertificateOperation;
use serde_json::{Value, json};

use super::*;

const REQUESTS: &str = include_str!("../../openapi/examples/mim_get_request.json");
const PROFILES: &str = include_str!("../../openapi/examples/mim_list_profiles.json");

fn vector(name: &str) -> Value {
    let vectors: Value = serde_json::from_str(REQUESTS).unwrap();
    vectors[name]["value"].clone()
}

fn id<T: From<Uuid>>(text: &str) -> T {
    Uuid::try_parse(text).unwrap().into()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The documents' first request, from the facts that they give of it.
fn enroll() -> Request {
    let user: UserId = id("8f1590dc-d932-4b66-8e68-2e91c5880780");
    let descriptor = vector("enroll")["SecurityDescriptor"].as_str().unwrap().to_owned();
    Request {
        id: id("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099"),
        number: 1.try_into().unwrap(),
        state: RequestState::Approved { by: ApprovedBy::Automatic },
        details: RequestDetails::Certificate(CertificateRequest {
            operation: CertificateOperation::Enroll,
            template: id("a039b4d0-5ce8-4eff-8651-181c6576fda3"),
            smartcard: true,
            agent_required: false,
            target: user,
            priority: 0,
            comment: String::new(),
            data_items: Vec::new(),
            old_profile: None,
            new_profile: None,
            old_smartcard: None,
            new_smartcard: None,
            agents: Vec::new(),
            auditors: Vec::new(),
            security_descriptor: Some(descriptor + "\0\0\0\0\0\0\0\0\0"),
        }),
        originator: user,
        created: at("2015-07-07T23:36:21.930999Z"),
        modified: None,
        channel: Channel::Import,
        justification: None,
        parent: None,
        has_children: false,
        depends_on: None,
        failure: None,
        stages: Vec::new(),
        revision: Revision::FIRST,
        content_revision: 1,
    }
}

fn certificate(request: &mut Request) -> &mut CertificateRequest {
    match &mut request.details {
        RequestDetails::Certificate(certificate) => certificate,
        RequestDetails::Access(_) => unreachable!(),
    }
}

fn unblock() -> Request {
    let mut request = enroll();
    request.id = id("0c96d73f-967b-420e-854a-43ad2a1504bc");
    request.created = at("2015-07-07T23:40:33.133Z");
    let details = certificate(&mut request);
    details.operation = CertificateOperation::Unblock;
    details.data_items = vec![item("Sample Data Item", None, DataProvider::Subscriber)];
    details.old_profile = Some(id("b99ff38c-6653-471f-ae3c-325bb351a6bc"));
    details.new_profile = details.old_profile;
    details.old_smartcard = Some(id("17cf063d-e337-4aa9-a822-346554ddd3c9"));
    details.new_smartcard = details.old_smartcard;
    details.security_descriptor = Some(vector("unblock")["SecurityDescriptor"].as_str().unwrap().to_owned());
    request
}

fn item(name: &str, value: Option<&str>, provider: DataProvider) -> DataItem {
    DataItem { name: name.to_owned(), value: value.map(str::to_owned), provider }
}

/// The text that is sent, so that the order of members counts too.
fn sent(request: &Request) -> String {
    serde_json::to_string(&super::request(request).unwrap()).unwrap()
}

#[test]
fn the_documents_requests_are_sent_member_for_member() {
    assert_eq!(sent(&enroll()), vector("enroll").to_string());
    assert_eq!(sent(&unblock()), vector("unblock").to_string());
}

#[test]
fn a_completed_request_tells_when() {
    let mut request = enroll();
    let completed = RequestState::Ended { outcome: Outcome::Completed, at: at("2015-07-07T23:37:37.767Z") };
    request.state = completed;
    let sent: Value = serde_json::from_str(&sent(&request)).unwrap();
    assert_eq!((&sent["Status"], &sent["Completed"]), (&json!(8), &json!("2015-07-07T23:37:37.767Z")));
    assert_eq!(sent["IsDataCollectionComplete"], json!(false));
}

#[test]
fn a_software_request_with_an_agent_has_the_agents_bit() {
    let mut request = enroll();
    certificate(&mut request).smartcard = false;
    certificate(&mut request).agent_required = true;
    let sent = super::request(&request).unwrap();
    assert_eq!((sent.flags, sent.is_smartcard, sent.is_enrollment_agent), (1, false, true));
}

#[test]
fn data_is_complete_when_both_have_answered() {
    use DataProvider::{CertificateManager, Subscriber};
    for (items, expected) in [
        (vec![], 32),
        (vec![item("a", Some("x"), Subscriber)], 48),
        (vec![item("a", Some("x"), Subscriber), item("b", None, Subscriber)], 32),
        (vec![item("a", Some("x"), Subscriber), item("m", None, CertificateManager)], 16),
        (vec![item("m", Some("x"), CertificateManager)], 32),
    ] {
        assert_eq!(data_collection_flags(&items), expected, "{items:?}");
    }
}

#[test]
fn times_are_cut_and_trimmed() {
    for (text, expected) in [
        ("2015-07-07T23:36:21.93Z", "2015-07-07T23:36:21.93Z"),
        ("2015-07-07T23:36:21Z", "2015-07-07T23:36:21Z"),
        ("2015-07-07T23:36:21.0009Z", "2015-07-07T23:36:21Z"),
        ("2015-07-07T23:36:21.007999Z", "2015-07-07T23:36:21.007Z"),
        ("0987-07-07T23:36:21.5Z", "0987-07-07T23:36:21.5Z"),
    ] {
        assert_eq!(time(at(text)), expected);
    }
}

#[test]
fn the_documents_first_profile_is_sent_member_for_member() {
    let vectors: Value = serde_json::from_str(PROFILES).unwrap();
    let view = ProfileView {
        profile: Profile {
            id: id("c0dd5c7d-ec35-4346-baca-3ad711e9722f"),
            smartcard: None,
            status: ProfileStatus::Active,
            flags: 1,
            parent: Some(id("1c9e2606-fea2-4048-a6ac-b014e54c22df")),
            primary: None,
            assigned_user: id("0378a33b-8650-4713-a727-efd233903643"),
            template: id("8f31803f-8afc-49bb-911d-402ec264b589"),
            template_version: 8,
            comment: String::new(),
            created: at("2015-07-07T23:36:21.93Z"),
            revision: Revision::FIRST,
        },
        operations: vec![CertificateOperation::Renew, CertificateOperation::Disable, CertificateOperation::Recover],
    };
    let sent = serde_json::to_string(&profile(&view)).unwrap();
    assert_eq!(sent, vectors["active"]["value"][0].to_string());
}
