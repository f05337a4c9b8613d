//! Answers to a policy's questions, in each of the forms in which clients send them
//! (`spec/mim-cm.md` A.2, G6).

use countersign_core::lifecycle::Answer;
use serde_json::{Map, Value};

use super::read;
use crate::dialect::Fault;

const FIELD: &str = "datacollection";

/// The answers that `value` holds: an array of objects, one of names and answers, or either as JSON
/// in a text. An answer that is null is none.
pub(super) fn answers(value: &Value) -> Result<Vec<Answer>, Fault> {
    match value {
        Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        Value::String(text) => match read::json(text.as_bytes()) {
            Ok(Value::String(_)) => Err(unfit(FIELD)),
            Ok(value) => answers(&value),
            Err(error) => Err(Fault::invalid(FIELD, format!("is not JSON: {error}"))),
        },
        Value::Array(elements) => {
            let read = (0..).zip(elements).map(|(index, element)| of_element(index, element));
            read.filter_map(Result::transpose).collect()
        }
        Value::Object(members) => {
            let read = members.iter().map(|(name, value)| answer(&format!("{FIELD}.{name}"), name, value));
            read.filter_map(Result::transpose).collect()
        }
        Value::Null => Ok(Vec::new()),
        Value::Bool(_) | Value::Number(_) => Err(unfit(FIELD)),
    }
}

fn unfit(field: &str) -> Fault {
    Fault::invalid(field, "must be an array of objects that each name an item and its value")
}

/// `{name: value}`, or `{"Name": name, "Value": value}`.
fn of_element(index: usize, element: &Value) -> Result<Option<Answer>, Fault> {
    let field = format!("{FIELD}[{index}]");
    let Value::Object(members) = element else { return Err(unfit(&field)) };
    let only = members.iter().next().filter(|_| members.len() == 1);
    match (only, member(members, "name"), member(members, "value")) {
        (Some((name, value)), ..) => answer(&field, name, value),
        (None, Some(Value::String(name)), Some(value)) => answer(&field, name, value),
        _ => Err(unfit(&field)),
    }
}

fn member<'a>(members: &'a Map<String, Value>, wanted: &str) -> Option<&'a Value> {
    members.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn answer(field: &str, name: &str, value: &Value) -> Result<Option<Answer>, Fault> {
    let value = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => {
            return Err(Fault::invalid(field, "must be a text, a number, true, false or null"));
        }
    };
    if value.contains('\0') {
        return Err(Fault::invalid(field, "must not hold a NUL character"));
    }
    Ok(Some(Answer { name: name.to_owned(), value }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Vec<(String, String)> {
        answers(value).unwrap().into_iter().map(|answer| (answer.name, answer.value)).collect()
    }

    fn field(value: &Value) -> String {
        match answers(value) {
            Err(Fault::Invalid(invalid)) => invalid.field,
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn every_form_gives_the_same_answers() {
        let expected = [("Request Reason".to_owned(), "VPN".to_owned()), ("name".to_owned(), "pavle".to_owned())];
        for form in [
            json!([{"Request Reason": "VPN"}, {"name": "pavle"}]),
            json!([{"Name": "Request Reason", "Value": "VPN"}, {"value": "pavle", "name": "name", "Type": "String"}]),
            json!({"Request Reason": "VPN", "name": "pavle"}),
        ] {
            assert_eq!(read(&form), expected, "{form}");
            assert_eq!(read(&json!(form.to_string())), expected, "{form} as text");
        }
        assert_eq!(read(&json!(r#"[{"Request Reason":"VPN",},{"name":"pavle"},]"#)), expected);
    }

    #[test]
    fn nothing_is_no_answer() {
        for form in [json!(""), json!(" "), json!("[]"), json!([]), json!("{}"), json!({}), json!("null")] {
            assert!(read(&form).is_empty(), "{form}");
        }
        assert!(read(&json!([{"a": null}, {"Name": "b", "Value": null}])).is_empty());
    }

    #[test]
    fn numbers_and_truth_values_become_text() {
        let expected = [("a", "5"), ("b", "true"), ("c", "1.50")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(read(&json!([{"a": 5}, {"b": true}, {"Name": "c", "Value": "1.50"}])), expected);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (form, expected) in [
            (json!(7), "datacollection"),
            (json!("[{\u{201c}Request Reason\u{201d}:\u{201c}VPN\u{201d}}]"), "datacollection"),
            (json!("\"[]\""), "datacollection"),
            (json!("["), "datacollection"),
            (json!([{"a": "1"}, "b"]), "datacollection[1]"),
            (json!([{}]), "datacollection[0]"),
            (json!([{"a": "1", "b": "2"}]), "datacollection[0]"),
            (json!([{"Name": 1, "Value": "2"}]), "datacollection[0]"),
            (json!([{"a": ["1"]}]), "datacollection[0]"),
            (json!("[{\"a\":\"\\u0000\"}]"), "datacollection[0]"),
            (json!({"a": "1", "b": {}}), "datacollection.b"),
        ] {
            assert_eq!(field(&form), expected, "{form}");
        }
    }
}
