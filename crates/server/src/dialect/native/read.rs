//! Reading bodies and path segments: a fault names the member.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use countersign_core::clock::Timestamp;
use countersign_core::ids::CatalogNumber;
use countersign_core::request::RequestKey;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::dialect::{Fault, JsonBody, json};

/// What a body says. Its type must be named, for what browsers send on behalf of other sites names none.
pub(super) fn body<T: DeserializeOwned>(request: &HttpRequest, body: &JsonBody) -> Result<T, Fault> {
    if !request.headers().contains_key(CONTENT_TYPE) {
        return Err(Fault::MediaType);
    }
    parse(body)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    json::storable("body", &json::value(bytes)?)
}

/// A record as `T`; the fault names the member.
pub(super) fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    json::object("body", value)
}

/// A request by its GUID or its number. What is neither names none.
pub(super) fn request_key(text: &str) -> Result<RequestKey, Fault> {
    if let Ok(number) = text.parse() {
        return Ok(RequestKey::Number(number));
    }
    id(text).map(|id| RequestKey::Id(id.into()))
}

/// Something by its GUID. What is none names nothing.
pub(super) fn id(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::Absent("there is nothing by this identifier".to_owned()))
}

/// A catalog item by its number. What is none names nothing.
pub(super) fn number(text: &str) -> Result<CatalogNumber, Fault> {
    text.parse().map_err(|_| Fault::Absent("there is nothing by this identifier".to_owned()))
}

/// A point in time.
pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    let fault =
        || Fault::invalid(field, "must be a time with an offset, as 2026-01-31T12:00:00Z, in the years 1 to 9999");
    text.map(|text| Timestamp::parse(text).ok_or_else(fault)).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dialect::native::wire_write::NewRequest;

    fn named<T>(result: Result<T, Fault>) -> String {
        match result {
            Err(Fault::Invalid(invalid)) => invalid.field,
            _ => "nothing is wrong".to_owned(),
        }
    }

    #[test]
    fn whatever_is_no_such_body_is_named() {
        for bytes in [&b""[..], b"{", b"{} {}", b"\xff", b"[]", &b"[".repeat(9999)] {
            assert_eq!(named(parse::<NewRequest>(bytes)), "body");
        }
        for (value, field) in [
            (json!([[{"login": "a"}], [], null]), "body"),
            (json!({"targets": "x"}), "targets"),
            (json!({"targets": [{"entityType": "Rule", "entityKey": "1"}]}), "targets[0].entityType"),
            (json!({"targets": [], "beneficiaries": [{"login": 7}]}), "beneficiaries[0].login"),
            (json!({"targets": [], "comment": "x"}), "comment"),
            (json!({"targets": [], "justification": "a\0b"}), "body"),
        ] {
            assert_eq!(named(parse::<NewRequest>(value.to_string().as_bytes())), field, "{value}");
        }
    }

    #[test]
    fn a_request_has_two_names() {
        assert!(matches!(request_key("2029"), Ok(RequestKey::Number(_))));
        assert!(matches!(request_key("0c96d73f-967b-420e-854a-43ad2a1504bc"), Ok(RequestKey::Id(_))));
        for text in ["", "0", "-1", "x", "9007199254740992"] {
            assert!(matches!(request_key(text), Err(Fault::Absent(_))), "{text}");
        }
    }
}
