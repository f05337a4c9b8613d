//! Free-form schemas: those that take JSON that nobody described.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde_json::Value;

use super::schemas::schemas;

/// Members that say nothing about which values a schema takes.
const REMARKS: [&str; 6] = ["deprecated", "description", "example", "examples", "title", "$comment"];
/// Members that leave what an object or array holds to other schemas.
const ELSEWHERE: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const"];

/// The places of the free-form schemas of `document`.
pub(super) fn free_form(document: &Value) -> BTreeSet<String> {
    let free = schemas(document).into_iter().filter(|found| is_free_form(found.schema));
    free.map(|found| found.place).collect()
}

/// Compares them with the reviewed list: a pointer a line, `#` begins a remark.
pub(super) fn check(found: &BTreeSet<String>, reviewed: &str) -> anyhow::Result<()> {
    let lines = reviewed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let listed: BTreeSet<String> = lines.map(str::to_owned).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(found).collect();
    ensure!(unlisted.is_empty(), "free-form schemas that are not on the reviewed list: {unlisted:?}");
    ensure!(gone.is_empty(), "the reviewed list names schemas that are not free-form or not there: {gone:?}");
    Ok(())
}

fn is_free_form(schema: &Value) -> bool {
    let Some(members) = schema.as_object() else { return schema == &Value::Bool(true) };
    if members.keys().all(|name| REMARKS.contains(&name.as_str())) {
        return true;
    }
    let open = members.get("additionalProperties").is_some_and(|additional| {
        additional == &Value::Bool(true) || additional.as_object().is_some_and(serde_json::Map::is_empty)
    });
    if open {
        return true;
    }
    let described = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    if described(&ELSEWHERE) {
        return false;
    }
    (has_type(schema, "object") && !described(&["properties", "additionalProperties", "patternProperties"]))
        || (has_type(schema, "array") && !described(&["items", "prefixItems"]))
}

fn has_type(schema: &Value, wanted: &str) -> bool {
    match &schema["type"] {
        Value::String(name) => name == wanted,
        Value::Array(names) => names.iter().any(|name| name == wanted),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_takes_anything_is_free_form() {
        for schema in [
            json!({}),
            json!(true),
            json!({"description": "anything"}),
            json!({"type": "object"}),
            json!({"type": ["object", "null"]}),
            json!({"type": "array"}),
            json!({"type": "object", "additionalProperties": true}),
            json!({"type": "object", "properties": {}, "additionalProperties": {}}),
        ] {
            assert!(is_free_form(&schema), "{schema}");
        }
    }

    #[test]
    fn what_is_described_is_not() {
        for schema in [
            json!({"type": "string"}),
            json!({"$ref": "#/components/schemas/A"}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ] {
            assert!(!is_free_form(&schema), "{schema}");
        }
    }

    #[test]
    fn the_list_must_name_each_and_no_other() {
        let document = json!({"components": {"schemas": {"A": {"type": "object"}}}});
        let found = free_form(&document);
        check(&found, "# why\n/components/schemas/A\n").unwrap();
        assert!(check(&found, "# nothing\n").is_err());
        assert!(check(&found, "/components/schemas/A\n/components/schemas/B\n").is_err());
    }
}
