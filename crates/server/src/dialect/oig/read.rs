//! Reading the bodies of writes: a fault names the member in the caller's words.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::dialect::{Fault, json};

/// What a body says.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    element("body", &json::value(bytes)?)
}

/// What a body of several elements says, each of which is still to be read: one that cannot be taken does not
/// stand in the way of the others.
pub(super) fn bulk<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    json::object("body", &json::value(bytes)?)
}

/// What a part of a body says; `name` is the part's own.
pub(super) fn element<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Fault> {
    json::storable(name, value)
}

/// A body that may come and means nothing: it is taken off the connection, which can then be used again.
pub(super) struct Discarded;

impl FromRequest for Discarded {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fault>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move { bytes.await.map(|_| Self).map_err(|error| Fault::of_actix(&error)) })
    }
}

/// How the elements of a bulk call are counted: there is at least one, and no more than `most`.
pub(super) fn check_count(elements: &[Value], most: usize) -> Result<(), Fault> {
    if (1..=most).contains(&elements.len()) {
        return Ok(());
    }
    Err(Fault::invalid("requests", format!("must have 1 to {most} elements, not {}", elements.len())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dialect::oig::wire_write::{CreateRequest, UpdateRequest, UpdateRequests};

    fn named<T>(result: Result<T, Fault>) -> String {
        match result {
            Err(Fault::Invalid(invalid)) => invalid.field,
            _ => "nothing is wrong".to_owned(),
        }
    }

    #[test]
    fn whatever_is_no_such_body_is_named() {
        for bytes in [&b""[..], b"{", b"{} {}", b"\xff", b"{\"requests\":[\"\\ud800\"]}", &b"[".repeat(9999)] {
            assert_eq!(named(body::<UpdateRequests>(bytes)), "body");
        }
        for (value, field) in [
            (json!([]), "body"),
            (json!([[{"id": "1"}]]), "body"),
            (json!({}), "body"),
            (json!({"requests": {}}), "requests"),
            (json!({"requests": ["\0"]}), "body"),
        ] {
            assert_eq!(named(body::<UpdateRequests>(value.to_string().as_bytes())), field, "{value}");
        }
        let some = bulk::<UpdateRequests>(br#"{"requests": [{"id": "1"}, {"id": "\u0000"}, ["1"]]}"#).unwrap();
        let read = |element: &Value| named(super::element::<UpdateRequest>("requests", element));
        let read: Vec<_> = some.requests.iter().map(read).collect();
        assert_eq!(read, ["nothing is wrong", "requests", "requests"]);
    }

    #[test]
    fn a_member_of_another_kind_is_named_by_its_path() {
        for (value, field) in [
            (json!("7"), "element"),
            (json!({"reqTargetEntities": [{"entityId": "1"}]}), "reqTargetEntities[0]"),
            (json!({"reqTargetEntities": [{"entityId": [], "entityType": "role"}]}), "reqTargetEntities[0].entityId"),
            (json!({"reqBenefiiciaryList": [{"id": {}}]}), "reqBenefiiciaryList[0].id"),
            (json!({"reqJustification": 7}), "reqJustification"),
        ] {
            assert_eq!(named(element::<CreateRequest>("element", &value)), field, "{value}");
        }
        let value = json!({"id": 7, "requestId": null, "unknown": [1], "assignees": [{"id": 12}]});
        let read: UpdateRequest = element("element", &value).unwrap();
        assert_eq!(read.id.unwrap().0, "7");
        assert!(read.request_id.is_none());
    }

    #[test]
    fn a_bulk_call_has_elements_and_not_too_many() {
        let elements = [json!({}), json!({}), json!({})];
        assert!(check_count(&elements, 3).is_ok());
        for (elements, most) in [(&elements[..], 2), (&[], 2)] {
            assert_eq!(named(check_count(elements, most)), "requests");
        }
    }
}
