use countersign_core::error::{Invalid, RepositoryError};
use countersign_core::template::CertificateOperation;
use serde_json::json;

use super::*;
use crate::dialect::mim::read;

const TEMPLATE: &str = "12bd5120-86a2-4ee1-8d05-131066871578";
const CARD: &str = "17cf063d-e337-4aa9-a822-346554ddd3c9";
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

fn read_order(body: &Value) -> Result<CertificateOrder, Fault> {
    order(&read::body(body.to_string().as_bytes())?)
}

fn placed(body: &Value) -> CertificateOrder {
    read_order(body).unwrap()
}

fn id<T: From<Uuid>>(text: &str) -> T {
    Uuid::try_parse(text).unwrap().into()
}

fn field<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Invalid(invalid)) => invalid.field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_least_order_is_for_the_caller_as_the_policy_says() {
    let expected = CertificateOrder {
        operation: CertificateOperation::Enroll,
        template: Some(id(TEMPLATE)),
        profile: None,
        smartcard: None,
        target: None,
        priority: None,
        comment: String::new(),
        answers: Vec::new(),
        justification: None,
        draft: false,
    };
    assert_eq!(placed(&json!({"type": "enroll", "profiletemplateuuid": TEMPLATE})), expected);
    let empty = json!({"TYPE": "ENROLL", "ProfileTemplateUuid": format!(" {{{}}} ", TEMPLATE.to_uppercase()),
        "profile": ZEROS, "smartcarduuid": ZEROS, "target": ZEROS, "comment": null, "priority": null,
        "datacollection": "", "unknown": {"a": []}});
    assert_eq!(placed(&empty), expected);
}

#[test]
fn a_subject_has_two_names_that_must_agree() {
    for (names, of) in [
        (["smartcard", "smartcarduuid"], (|order| order.smartcard.map(|id| id.as_uuid())) as fn(CertificateOrder) -> _),
        (["profile", "profileuuid"], |order| order.profile.map(|id| id.as_uuid())),
    ] {
        for name in names {
            assert_eq!(of(placed(&json!({"type": "Renew", name: CARD}))), Some(id(CARD)), "{name}");
        }
        let both = |second: &str| read_order(&json!({"type": "Renew", names[0]: CARD, names[1]: second}));
        assert_eq!(of(both(&CARD.to_uppercase()).unwrap()), Some(id(CARD)));
        assert_eq!(field(both(TEMPLATE)), names[1]);
    }
}

#[test]
fn priorities_are_numbers_or_texts() {
    for (sent, expected) in
        [(json!(0), 0), (json!(255), 255), (json!("4"), 4), (json!(" 255 "), 255), (json!("007"), 7)]
    {
        assert_eq!(placed(&json!({"type": "Enroll", "priority": sent})).priority, Some(expected), "{sent}");
    }
    for sent in [json!(-1), json!(256), json!(4.5), json!(4.0), json!("256"), json!("-1"), json!("+4"), json!("")] {
        assert_eq!(field(read_order(&json!({"type": "Enroll", "priority": sent}))), "priority", "{sent}");
    }
    for sent in [json!("four"), json!(true), json!([4]), json!({"a": 4}), json!("99999999999999999999999")] {
        assert_eq!(field(read_order(&json!({"type": "Enroll", "priority": sent}))), "priority", "{sent}");
    }
}

#[test]
fn what_cannot_be_ordered_is_named() {
    for (body, expected) in [
        (json!({}), "type"),
        (json!({"type": null}), "type"),
        (json!({"type": "junk"}), "type"),
        (json!({"type": 1}), "type"),
        (json!({"type": "Enroll", "profiletemplateuuid": ""}), "profiletemplateuuid"),
        (json!({"type": "Enroll", "profiletemplateuuid": 5}), "profiletemplateuuid"),
        (json!({"type": "Enroll", "smartcard": "x"}), "smartcard"),
        (json!({"type": "Enroll", "profileuuid": "x"}), "profileuuid"),
        (json!({"type": "Enroll", "target": "requester"}), "target"),
        (json!({"type": "Enroll", "comment": ["a"]}), "comment"),
        (json!({"type": "Enroll", "comment": "a\u{0}b"}), "comment"),
        (json!({"type": "Enroll", "datacollection": [1]}), "datacollection[0]"),
    ] {
        assert_eq!(field(read_order(&body)), expected, "{body}");
    }
}

#[test]
fn three_words_end_a_request() {
    let read = |word: &str| command(&wire::StatusChange { status: Some(word.to_owned()) });
    for (word, expected) in [
        ("Completed", Command::Complete),
        ("CANCELED", Command::Cancel { reason: None }),
        ("abandoned", Command::Abandon { reason: None }),
    ] {
        assert_eq!(read(word).unwrap(), expected);
    }
    for word in ["", "Approved", "Denied", "Failed", "Executing", "Cancelled", "Complete", "8"] {
        assert_eq!(field(read(word)), "status", "{word}");
    }
    assert_eq!(field(command(&wire::StatusChange { status: None })), "status");
}

#[test]
fn certificate_requests_are_der_in_base64() {
    let read = |body: Value| certificate_data(&read::body(body.to_string().as_bytes())?);
    let data = read(json!({"pfxpassword": "", "certificaterequests": ["MAA=", "MAMC\r\nAQA=\r\n"], "Comments": "x"}));
    let expected = CertificateData { requests: vec![vec![0x30, 0], vec![0x30, 3, 2, 1, 0]], comment: Some("x".into()) };
    assert_eq!(data.unwrap(), expected);
    let empty = CertificateData { requests: Vec::new(), comment: None };
    assert_eq!(read(json!({"certificaterequests": []})).unwrap(), empty);
    for (body, expected) in [
        (json!({}), "certificaterequests"),
        (json!({"certificaterequests": "MAA="}), "certificaterequests"),
        (json!({"certificaterequests": ["MAA=", 1]}), "certificaterequests[1]"),
        (json!({"certificaterequests": ["MAA=", ""]}), "certificaterequests[1]"),
        (json!({"certificaterequests": ["AAAA"]}), "certificaterequests[0]"),
        (json!({"certificaterequests": ["MA"]}), "certificaterequests[0]"),
        (json!({"certificaterequests": ["-----BEGIN NEW CERTIFICATE REQUEST-----\r\nMAA="]}), "certificaterequests[0]"),
        (json!({"certificaterequests": [], "pfxpassword": 1}), "pfxpassword"),
        (json!({"certificaterequests": [], "comments": "\u{0}"}), "comments"),
    ] {
        assert_eq!(field(read(body.clone())), expected, "{body}");
    }
}

#[test]
fn the_core_is_told_in_the_documents_words() {
    let of = |field: &str| fault(Refusal::Invalid(Invalid::new(field, "why")).into());
    assert!(matches!(of("answers"), Fault::Invalid(invalid) if invalid.field == "datacollection"));
    assert!(matches!(of("smartcard"), Fault::Invalid(invalid) if invalid.field == "smartcard"));
    // That a policy has too few approvers is no fault of the input.
    assert!(matches!(of("approvers"), Fault::Forbidden(reason) if reason == "why"));
    assert!(matches!(fault(ServiceError::NotFound), Fault::Absent(_)));
    assert!(matches!(fault(RepositoryError::Internal("x".into()).into()), Fault::Broken(_)));
}
