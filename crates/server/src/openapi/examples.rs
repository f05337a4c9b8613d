//! The examples of the contract: the documents' own for answers, ours for errors.

use serde_json::{Value, json};

/// For each operation, its 200s: an OpenAPI `examples` object.
const ANSWERS: &[(&str, &str)] = &[
    ("mim_get_profile", include_str!("examples/mim_get_profile.json")),
    ("mim_get_request", include_str!("examples/mim_get_request.json")),
    ("mim_get_request_profile", include_str!("examples/mim_get_request_profile.json")),
    ("mim_list_profiles", include_str!("examples/mim_list_profiles.json")),
    ("mim_list_request_profiles", include_str!("examples/mim_list_request_profiles.json")),
    ("mim_list_requests", include_str!("examples/mim_list_requests.json")),
    ("oig_get_request", include_str!("examples/oig_get_request.json")),
];

/// For each tag, its errors by status.
const ERRORS: &[(&str, &str)] =
    &[("mim", include_str!("examples/mim_errors.json")), ("oig", include_str!("examples/oig_errors.json"))];

/// Puts an example beside each typed body of `document` that has none.
pub(super) fn insert(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for operation in paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten()).map(|(_, value)| value) {
        let answers = find(ANSWERS, &operation["operationId"]);
        let errors = find(ERRORS, &operation["tags"][0]);
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            let Some(media) =
                response.get_mut("content").and_then(|content| content.as_object_mut()?.values_mut().next())
            else {
                continue;
            };
            if status == "200" && !answers.is_null() {
                media["examples"] = answers.clone();
            } else if let Some(error) = errors.get(status) {
                media["examples"] = json!({ "error": { "value": error } });
            }
        }
    }
}

fn find(table: &[(&str, &str)], key: &Value) -> Value {
    let entry = table.iter().find(|(name, _)| Some(*name) == key.as_str());
    entry.and_then(|(_, text)| serde_json::from_str(text).ok()).unwrap_or_default()
}
