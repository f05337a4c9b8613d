//! Bodies, read as generously as MIM CM reads them (`spec/mim-cm.md` A.0, G18).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::dialect::Fault;

/// The object that a body holds. Members are named in any case, unknown ones are ignored, and null
/// is as good as missing; of members that stand there twice the last one counts.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let value = json(bytes).map_err(|error| Fault::invalid("body", format!("is not JSON: {error}")))?;
    let Value::Object(members) = value else { return Err(Fault::invalid("body", "must be a JSON object")) };
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    let members: Map<String, Value> = present.map(|(name, value)| (name.to_lowercase(), value)).collect();
    serde_path_to_error::deserialize(Value::Object(members))
        .map_err(|error| Fault::invalid(&error.path().to_string(), error.inner().to_string()))
}

/// JSON, in which a comma may stand behind the last element.
pub(super) fn json(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(&without_trailing_commas(bytes))
}

/// A blank in the place of each comma that stands behind a value and before `}` or `]`: positions
/// in what the parser says of the rest stay true.
fn without_trailing_commas(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut comma = None;
    let mut last = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' => {
                let behind_a_value = !matches!(last, None | Some(b'{' | b'[' | b',' | b':'));
                comma = behind_a_value.then_some(at);
                last = Some(byte);
            }
            _ => {
                if let (b'}' | b']', Some(comma)) = (byte, comma) {
                    bytes[comma] = b' ';
                }
                comma = None;
                last = Some(byte);
                if byte == b'"' {
                    at = end_of_text(&bytes, at);
                }
            }
        }
        at += 1;
    }
    bytes
}

/// Where the text that begins at `start` has its closing quotation mark.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        status: Option<String>,
        list: Option<Vec<u8>>,
    }

    fn field(text: &str) -> String {
        match body::<Sample>(text.as_bytes()) {
            Err(Fault::Invalid(invalid)) => invalid.field,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_comma_behind_the_last_element_is_overlooked() {
        for (text, expected) in [
            (r#"{"a":1,}"#, json!({"a": 1})),
            ("{\"a\":[1,2 ,\r\n\t],\n}", json!({"a": [1, 2]})),
            (r#"[{"a":"x,",},]"#, json!([{"a": "x,"}])),
            (r#"[[],{},]"#, json!([[], {}])),
            // Texts are left alone, whatever they look like.
            (r#"{"a":",}","b":"\",]","c":"\\",}"#, json!({"a": ",}", "b": "\",]", "c": "\\"})),
        ] {
            assert_eq!(json(text.as_bytes()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn no_other_comma_is() {
        for text in
            ["[,]", "{,}", "[1,,]", "[,1]", r#"{"a":,}"#, r#"{"a":1,,}"#, "1,", ",", "[1,", r#"["a,]"#, r#"["a\"#]
        {
            assert!(json(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn positions_are_those_of_what_was_sent() {
        let error = json(b"{\"a\":[1,],\n x}").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 2));
    }

    #[test]
    fn names_have_no_case_and_unknown_or_empty_members_do_not_count() {
        let read = |text: &str| body::<Sample>(text.as_bytes()).unwrap();
        for text in [r#"{"STATUS":"x"}"#, r#"{"Status":"x","more":{"a":1}}"#, r#"{"status":"y","sTatus":"x"}"#] {
            assert_eq!(read(text).status.as_deref(), Some("x"), "{text}");
        }
        assert_eq!(read(r#"{"status":null,"List":[1,2,],}"#).list, Some(vec![1, 2]));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for text in ["", " ", "{", "[]", "null", "\"x\"", "{}{}", "{\u{201c}status\u{201d}:1}", "{'status':'x'}"] {
            assert_eq!(field(text), "body", "{text}");
        }
        assert_eq!(field(r#"{"Status":1}"#), "status");
        assert_eq!(field(r#"{"list":[1,"2"]}"#), "list[1]");
        assert_eq!(field(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))), "body");
        assert!(body::<Sample>(b"{\"status\":\"\xff\"}").is_err());
    }
}
