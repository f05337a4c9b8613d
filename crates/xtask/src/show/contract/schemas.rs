//! Finds the schemas and the examples of an OpenAPI document, wherever they stand.

use serde_json::Value;

/// A schema with its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<'a> {
    /// A JSON pointer into the document.
    pub(super) place: String,
    /// What stands there.
    pub(super) schema: &'a Value,
}

/// An example with the schema that it must fit.
#[derive(Clone, Debug)]
pub(super) struct Example<'a> {
    /// A JSON pointer into the document.
    pub(super) place: String,
    /// The example's value.
    pub(super) value: &'a Value,
    /// The schema beside it.
    pub(super) schema: &'a Value,
}

/// Members that hold data rather than parts of the description.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];
/// Schema members that hold one schema.
const ONE: [&str; 9] = [
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];
/// Schema members that hold a list of schemas.
const LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Schema members that hold named schemas.
const NAMED: [&str; 4] = ["$defs", "dependentSchemas", "patternProperties", "properties"];

/// Every schema of the document, those inside others included.
pub(super) fn schemas(document: &Value) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    if let Some(named) = document.pointer("/components/schemas").and_then(Value::as_object) {
        for (name, schema) in named {
            collect(schema, &format!("/components/schemas/{}", escape(name)), &mut found);
        }
    }
    for carrier in carriers(document) {
        collect(&carrier.value["schema"], &format!("{}/schema", carrier.place), &mut found);
    }
    found
}

fn collect<'a>(schema: &'a Value, place: &str, found: &mut Vec<Placed<'a>>) {
    found.push(Placed { place: place.to_owned(), schema });
    let Some(members) = schema.as_object() else { return };
    for (name, member) in members {
        let here = format!("{place}/{}", escape(name));
        if ONE.contains(&name.as_str()) && member.is_object() {
            collect(member, &here, found);
        } else if LIST.contains(&name.as_str()) {
            let elements = member.as_array().into_iter().flatten().enumerate();
            elements.for_each(|(index, element)| collect(element, &format!("{here}/{index}"), found));
        } else if NAMED.contains(&name.as_str()) {
            let named = member.as_object().into_iter().flatten();
            named.for_each(|(key, inner)| collect(inner, &format!("{here}/{}", escape(key)), found));
        }
    }
}

/// Every example: beside a schema (bodies, parameters, headers) and inside one.
pub(super) fn examples(document: &Value) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    for carrier in carriers(document) {
        let schema = &carrier.value["schema"];
        if let Some(value) = carrier.value.get("example") {
            found.push(Example { place: format!("{}/example", carrier.place), value, schema });
        }
        for (name, example) in carrier.value.get("examples").and_then(Value::as_object).into_iter().flatten() {
            let place = format!("{}/examples/{}", carrier.place, escape(name));
            if let Some(value) = resolve(document, example).get("value") {
                found.push(Example { place, value, schema });
            }
        }
    }
    for Placed { place, schema } in schemas(document) {
        if let Some(value) = schema.get("example") {
            found.push(Example { place: format!("{place}/example"), value, schema });
        }
        for (index, value) in schema.get("examples").and_then(Value::as_array).into_iter().flatten().enumerate() {
            found.push(Example { place: format!("{place}/examples/{index}"), value, schema });
        }
    }
    found
}

/// What a `$ref` of `value` leads to, or `value` itself.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

struct Carrier<'a> {
    place: String,
    value: &'a Value,
}

/// The objects that have a member `schema`: media types, parameters, headers.
fn carriers(document: &Value) -> Vec<Carrier<'_>> {
    let mut found = Vec::new();
    carry(document, String::new(), &mut found);
    found
}

fn carry<'a>(value: &'a Value, place: String, found: &mut Vec<Carrier<'a>>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("schema") {
                found.push(Carrier { place: place.clone(), value });
            }
            for (name, member) in members {
                let schemas = name == "schema" || (place == "/components" && name == "schemas");
                if !schemas && !DATA.contains(&name.as_str()) {
                    carry(member, format!("{place}/{}", escape(name)), found);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                carry(element, format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A member's name as a part of a JSON pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_are_found_where_they_stand_and_data_is_not_taken_for_one() {
        let document = json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
                "example": {"schema": {"not": "a schema"}},
            }}}}}}},
            "components": {"schemas": {"A": {"type": "object", "properties": {"example": {"type": "string"}}}}},
        });
        let places: Vec<_> = schemas(&document).into_iter().map(|found| found.place).collect();
        let media = "/paths/~1a/get/responses/200/content/application~1json/schema";
        assert_eq!(
            places,
            [
                "/components/schemas/A".to_owned(),
                "/components/schemas/A/properties/example".to_owned(),
                media.to_owned(),
                format!("{media}/items"),
            ]
        );
    }

    #[test]
    fn examples_are_found_beside_schemas_inside_them_and_by_reference() {
        let document = json!({
            "paths": {"/a": {"get": {
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}, "example": "x"}],
                "responses": {"200": {"content": {"application/json": {
                    "schema": {"type": "integer", "examples": [1, 2]},
                    "examples": {"one": {"value": 3}, "two": {"$ref": "#/components/examples/Four"}},
                }}}},
            }}},
            "components": {"examples": {"Four": {"value": 4}}},
        });
        let mut values: Vec<_> = examples(&document).iter().map(|example| example.value.to_string()).collect();
        values.sort();
        assert_eq!(values, ["\"x\"", "1", "2", "3", "4"]);
    }
}
