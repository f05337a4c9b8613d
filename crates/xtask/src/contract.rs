//! The contract: the OpenAPI document that a server gives of itself, closed, so that an answer
//! may hold nothing that it does not describe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};

use crate::answer::Answer;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// By media type, what checks a body; nothing where no schema describes it.
type MediaTypes = BTreeMap<String, Option<Arc<jsonschema::Validator>>>;

/// What the document says of an operation's answers.
#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    segments: Vec<String>,
    /// By status (`200`, `default`), then by media type; a status without a body has no media type.
    answers: BTreeMap<String, MediaTypes>,
}

/// A described API, and which of its operations and answers were seen.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Operation>,
    seen: Mutex<BTreeSet<(String, u16)>>,
}

impl Contract {
    /// Reads a document.
    pub fn new(document: &Value) -> anyhow::Result<Self> {
        let mut components = document["components"].clone();
        for schema in members(components.get_mut("schemas")) {
            close(schema);
        }
        let mut validators = Validators { components: &components, made: BTreeMap::new() };
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().context("the document has no paths")? {
            for method in METHODS {
                let operation = &item[method];
                if operation.is_object() {
                    let operation = Operation::new(method, path, operation, &mut validators);
                    operations.push(operation.with_context(|| format!("{method} {path}"))?);
                }
            }
        }
        ensure!(!operations.is_empty(), "the document describes no operation");
        Ok(Self { operations, seen: Mutex::default() })
    }

    /// The ids of all operations.
    pub fn operations(&self) -> BTreeSet<&str> {
        self.operations.iter().map(|operation| operation.id.as_str()).collect()
    }

    /// The operations that were answered, each with the statuses that it was answered with.
    pub fn seen(&self) -> BTreeSet<(String, u16)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The id of the operation behind a method and a path.
    pub fn operation(&self, method: &str, path: &str) -> Option<&str> {
        self.find(method, path).map(|operation| operation.id.as_str())
    }

    /// Fails unless the answer is described: its status, its media type, its body, no member more.
    /// What has no operation is not described and passes, if it is an error.
    pub fn check(&self, method: &str, path: &str, answer: &Answer) -> anyhow::Result<()> {
        let Some(operation) = self.find(method, path) else {
            let derived = ["HEAD", "OPTIONS"].contains(&method);
            ensure!(
                answer.status >= 400 || derived || undescribed(path),
                "{} of no described operation",
                answer.status
            );
            return Ok(());
        };
        let id = &operation.id;
        let status = answer.status.to_string();
        let Some(types) = operation.answers.get(&status) else { bail!("{id} does not declare the status {status}") };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert((id.clone(), answer.status));
        if types.is_empty() {
            ensure!(answer.body.is_empty(), "{id} declares no body for {status}");
            return Ok(());
        }
        let sent = answer.header("content-type").with_context(|| format!("{id} {status} has no content type"))?;
        let media = sent.split(';').next().unwrap_or(sent).trim().to_ascii_lowercase();
        let schema = types.get(&media).with_context(|| format!("{id} {status} does not declare {sent}"))?;
        let Some(schema) = schema else { return Ok(()) };
        let body = if media.ends_with("json") { answer.json()? } else { Value::String(answer.text()) };
        let faults: Vec<_> =
            schema.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        ensure!(faults.is_empty(), "the body of {id} {status} is not as described: {faults:#?}");
        Ok(())
    }

    fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let segments = segments(path);
        let fits = |operation: &&Operation| {
            operation.method.eq_ignore_ascii_case(method)
                && operation.segments.len() == segments.len()
                && operation.segments.iter().zip(&segments).all(|(wanted, found)| {
                    // Literals have no case: MIM's have none, and no two operations differ in it.
                    wanted.starts_with('{') || wanted.eq_ignore_ascii_case(found)
                })
        };
        // A literal is nearer than a parameter: /a/b before /a/{id}.
        let near = |operation: &&Operation| operation.segments.iter().filter(|name| name.starts_with('{')).count();
        self.operations.iter().filter(fits).min_by_key(near)
    }
}

/// What a server may answer beside its API: the document itself and its browser.
fn undescribed(path: &str) -> bool {
    path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/") || path == "/"
}

fn segments(path: &str) -> Vec<String> {
    path.trim_matches('/').split('/').map(str::to_owned).collect()
}

impl Operation {
    fn new(method: &str, path: &str, operation: &Value, validators: &mut Validators<'_>) -> anyhow::Result<Self> {
        let id = operation["operationId"].as_str().context("no operationId")?.to_owned();
        let mut answers = BTreeMap::new();
        for (status, response) in operation["responses"].as_object().context("no responses")? {
            answers.insert(status.clone(), validators.media_types(response)?);
        }
        Ok(Self { id, method: method.to_owned(), segments: segments(path), answers })
    }
}

/// The validators that were made, by their schemas: many answers share one, and each takes long to make.
struct Validators<'a> {
    components: &'a Value,
    made: BTreeMap<String, Arc<jsonschema::Validator>>,
}

impl Validators<'_> {
    fn media_types(&mut self, response: &Value) -> anyhow::Result<MediaTypes> {
        let mut types = BTreeMap::new();
        let response = resolve(response, self.components);
        for (media, content) in response["content"].as_object().unwrap_or(&Map::new()) {
            let mut schema = content["schema"].clone();
            let validator = if schema.is_null() {
                None
            } else {
                close(&mut schema);
                Some(self.validator(&schema)?)
            };
            types.insert(media.to_ascii_lowercase(), validator);
        }
        Ok(types)
    }

    /// A validator of `schema`, whose references lead to the components.
    fn validator(&mut self, schema: &Value) -> anyhow::Result<Arc<jsonschema::Validator>> {
        let key = schema.to_string();
        if let Some(made) = self.made.get(&key) {
            return Ok(Arc::clone(made));
        }
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.components,
            "allOf": [schema],
        });
        let validator = Arc::new(jsonschema::options().should_validate_formats(true).build(&whole)?);
        self.made.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

/// The component that `value` refers to, or `value` itself.
fn resolve<'a>(value: &'a Value, components: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components"));
    target.and_then(|pointer| components.pointer(pointer)).unwrap_or(value)
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    value.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
}

/// Forbids members that a schema does not name, wherever it names some.
fn close(schema: &mut Value) {
    close_parts(schema);
    let Some(object) = schema.as_object_mut() else { return };
    let open = !object.contains_key("additionalProperties") && !object.contains_key("unevaluatedProperties");
    if !open {
        return;
    }
    if object.contains_key("allOf") {
        object.insert("unevaluatedProperties".to_owned(), json!(false));
    } else if object.contains_key("properties") {
        object.insert("additionalProperties".to_owned(), json!(false));
    }
}

fn close_parts(schema: &mut Value) {
    for keyword in ["properties", "patternProperties", "$defs"] {
        members(schema.get_mut(keyword)).for_each(close);
    }
    for keyword in ["oneOf", "anyOf", "prefixItems"] {
        schema.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten().for_each(close);
    }
    for keyword in ["items", "additionalProperties", "not"] {
        schema.get_mut(keyword).into_iter().for_each(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> Contract {
        let document = json!({
            "paths": {
                "/things/{id}": {"get": {"operationId": "get_thing", "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "204": {"description": "nothing"},
                }}},
                "/things/own": {"get": {"operationId": "get_own", "responses": {"204": {}}}},
            },
            "components": {"schemas": {"Thing": {
                "type": "object", "required": ["id"],
                "properties": {"id": {"type": "string"}, "part": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            }}},
        });
        Contract::new(&document).unwrap()
    }

    fn answer(status: u16, media: &str, body: &str) -> Answer {
        Answer { status, headers: vec![("content-type".to_owned(), media.to_owned())], body: body.into() }
    }

    #[test]
    fn a_described_answer_passes_and_is_noted() {
        let contract = contract();
        let good = answer(200, "application/json; charset=utf-8", r#"{"id":"1","part":{"n":1}}"#);
        contract.check("GET", "/Things/1", &good).unwrap();
        contract.check("GET", "/things/1/", &answer(204, "", "")).unwrap();
        contract.check("GET", "/things/own", &answer(204, "", "")).unwrap();
        assert_eq!(contract.operation("GET", "/things/own"), Some("get_own"));
        assert_eq!(contract.seen().len(), 3);
    }

    #[test]
    fn whatever_is_not_described_fails() {
        let contract = contract();
        for wrong in [
            answer(200, "application/json", "{}"),
            answer(200, "application/json", r#"{"id":1}"#),
            answer(200, "application/json", r#"{"id":"1","more":1}"#),
            answer(200, "application/json", r#"{"id":"1","part":{"m":1}}"#),
            answer(200, "text/plain", r#"{"id":"1"}"#),
            answer(200, "application/json", "not JSON"),
            answer(204, "application/json", "{}"),
            answer(404, "application/json", "{}"),
        ] {
            assert!(contract.check("GET", "/things/1", &wrong).is_err(), "{wrong:?}");
        }
        assert!(contract.check("GET", "/elsewhere", &answer(200, "application/json", "{}")).is_err());
        contract.check("GET", "/elsewhere", &answer(404, "application/json", "{}")).unwrap();
    }
}
