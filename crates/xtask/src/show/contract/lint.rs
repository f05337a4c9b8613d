//! The lint of an OpenAPI document: the rules that are checked here, and Spectral's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::schemas::{escape, resolve};

/// The linter and its version; `.ci/run` runs the same.
const SPECTRAL: &str = "@stoplight/spectral-cli@6.16.3";
const METHODS: [&str; 8] = ["delete", "get", "head", "options", "patch", "post", "put", "trace"];

/// The operations of the document with their places.
pub(super) fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(path, item)| {
        let there = item.as_object().into_iter().flatten();
        there.map(move |(method, operation)| (path, method, operation))
    });
    let operations = methods.filter(|(_, method, _)| METHODS.contains(&method.as_str()));
    operations.map(|(path, method, operation)| (format!("/paths/{}/{method}", escape(path)), operation)).collect()
}

/// What is missing, by the rules that need no other program.
pub(super) fn findings(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for (place, operation) in operations(document) {
        for member in ["operationId", "summary", "description"] {
            if is_blank(&operation[member]) {
                found.push(format!("{place}: {member} is missing"));
            }
        }
        if operation["tags"].as_array().is_none_or(Vec::is_empty) {
            found.push(format!("{place}: has no tag"));
        }
        if let Some(id) = operation["operationId"].as_str()
            && let Some(earlier) = ids.insert(id, place.clone())
        {
            found.push(format!("{place}: operationId {id} is also that of {earlier}"));
        }
        found.extend(response_findings(document, &place, operation));
    }
    found
}

fn response_findings(document: &Value, place: &str, operation: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let responses = operation["responses"].as_object();
    if responses.is_none_or(serde_json::Map::is_empty) {
        found.push(format!("{place}: has no response"));
    }
    for (status, response) in responses.into_iter().flatten() {
        let place = format!("{place}/responses/{status}");
        let response = resolve(document, response);
        if is_blank(&response["description"]) {
            found.push(format!("{place}: description is missing"));
        }
        for (kind, media) in response["content"].as_object().into_iter().flatten() {
            if !media["schema"].is_object() {
                found.push(format!("{place}: {kind} has no schema"));
            }
            if media.get("example").is_none() && media["examples"].as_object().is_none_or(serde_json::Map::is_empty) {
                found.push(format!("{place}: {kind} has no example"));
            }
        }
    }
    found
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.trim().is_empty())
}

/// What Spectral finds in `file` under the rules of `ruleset`. Needs npx; install scripts stay off.
pub(super) fn spectral(file: &Path, ruleset: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("npx")
        .args(["--yes", "--ignore-scripts", SPECTRAL, "lint", "--quiet", "--format", "json", "--ruleset"])
        .args([ruleset, file])
        .output()
        .context("npx cannot be run; the lint needs node and npm")?;
    let results = serde_json::from_slice(&output.stdout);
    let stderr = || String::from_utf8_lossy(&output.stderr).into_owned();
    let results: Vec<Value> = results.with_context(|| format!("spectral answered no JSON: {}", stderr()))?;
    ensure!(output.status.success() || !results.is_empty(), "spectral failed: {}", stderr());
    Ok(results.iter().map(finding).collect())
}

fn finding(result: &Value) -> String {
    let path: Vec<_> = result["path"].as_array().into_iter().flatten().map(part).collect();
    format!("/{}: {} ({})", path.join("/"), part(&result["message"]), part(&result["code"]))
}

fn part(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), escape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sound() -> Value {
        json!({"paths": {"/a": {"get": {
            "operationId": "get_a", "summary": "Reads a", "description": "Reads a.", "tags": ["a"],
            "responses": {
                "200": {"description": "a", "content": {"application/json": {"schema": {"type": "integer"}, "example": 1}}},
                "204": {"description": "none"},
            },
        }}}})
    }

    #[test]
    fn a_sound_document_has_no_findings() {
        assert_eq!(findings(&sound()), Vec::<String>::new());
        assert_eq!(operations(&sound())[0].0, "/paths/~1a/get");
    }

    #[test]
    fn each_missing_part_is_named() {
        for (pointer, member) in [
            ("", "operationId"),
            ("", "summary"),
            ("", "description"),
            ("", "tags"),
            ("", "responses"),
            ("/responses/200", "description"),
            ("/responses/200/content/application~1json", "schema"),
            ("/responses/200/content/application~1json", "example"),
        ] {
            let mut document = sound();
            let place = document.pointer_mut(&format!("/paths/~1a/get{pointer}")).unwrap();
            place.as_object_mut().unwrap().remove(member).unwrap();
            assert_eq!(findings(&document).len(), 1, "without {pointer}/{member}: {:?}", findings(&document));
        }
    }

    #[test]
    fn an_operation_id_that_is_used_twice_is_named() {
        let mut document = sound();
        let operation = document["paths"]["/a"]["get"].clone();
        document["paths"]["/b"] = json!({"get": operation});
        assert_eq!(findings(&document).len(), 1);
    }

    #[test]
    fn the_build_machines_run_the_same_linter() {
        let ci = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.ci/run")).unwrap();
        assert!(ci.contains(SPECTRAL));
    }
}
