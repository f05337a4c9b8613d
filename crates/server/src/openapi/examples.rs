//! The examples of the contract: the documents' own for answers, ours for errors.

use serde_json::{Value, json};

/// For each operation, its 200s, or its 201s: an OpenAPI `examples` object.
const ANSWERS: &[(&str, &str)] = &[
    ("mim_get_policy", include_str!("examples/mim_get_policy.json")),
    ("mim_get_profile", include_str!("examples/mim_get_profile.json")),
    ("mim_get_profile_template", include_str!("examples/mim_get_profile_template.json")),
    ("mim_get_request", include_str!("examples/mim_get_request.json")),
    ("mim_get_request_profile", include_str!("examples/mim_get_request_profile.json")),
    ("mim_get_workflow_policy", include_str!("examples/mim_get_policy.json")),
    ("mim_list_profile_templates", include_str!("examples/mim_list_profile_templates.json")),
    ("mim_list_profiles", include_str!("examples/mim_list_profiles.json")),
    ("mim_list_request_profiles", include_str!("examples/mim_list_request_profiles.json")),
    ("mim_list_requests", include_str!("examples/mim_list_requests.json")),
    ("mim_set_request_status", include_str!("examples/mim_set_request_status.json")),
    ("mim_submit_certificate_data", include_str!("examples/mim_submit_certificate_data.json")),
    ("native_act_on_request", include_str!("examples/native_request.json")),
    ("native_create_approval_rule", include_str!("examples/native_approval_rule.json")),
    ("native_create_catalog_item", include_str!("examples/native_catalog_item.json")),
    ("native_create_profile_template", include_str!("examples/native_profile_template.json")),
    ("native_create_request", include_str!("examples/native_request.json")),
    ("native_create_request_rule", include_str!("examples/native_request_rule.json")),
    ("native_create_webhook", include_str!("examples/native_webhook.json")),
    ("native_decide_request", include_str!("examples/native_request.json")),
    ("native_explain_request", include_str!("examples/native_explain_request.json")),
    ("native_get_approval_rule", include_str!("examples/native_approval_rule.json")),
    ("native_get_catalog_item", include_str!("examples/native_catalog_item.json")),
    ("native_get_me", include_str!("examples/native_get_me.json")),
    ("native_get_profile_template", include_str!("examples/native_profile_template.json")),
    ("native_get_request", include_str!("examples/native_get_request.json")),
    ("native_get_request_rule", include_str!("examples/native_request_rule.json")),
    ("native_get_webhook", include_str!("examples/native_get_webhook.json")),
    ("native_list_approval_rules", include_str!("examples/native_list_approval_rules.json")),
    ("native_list_catalog_items", include_str!("examples/native_list_catalog_items.json")),
    ("native_list_events", include_str!("examples/native_list_events.json")),
    ("native_list_fulfilments", include_str!("examples/native_list_fulfilments.json")),
    ("native_list_inbox", include_str!("examples/native_list_inbox.json")),
    ("native_list_profile_templates", include_str!("examples/native_list_profile_templates.json")),
    ("native_list_request_events", include_str!("examples/native_list_request_events.json")),
    ("native_list_request_rules", include_str!("examples/native_list_request_rules.json")),
    ("native_list_requests", include_str!("examples/native_list_requests.json")),
    ("native_list_webhooks", include_str!("examples/native_list_webhooks.json")),
    ("native_replace_approval_rule", include_str!("examples/native_approval_rule.json")),
    ("native_replace_catalog_item", include_str!("examples/native_catalog_item.json")),
    ("native_replace_profile_template", include_str!("examples/native_profile_template.json")),
    ("native_replace_request_rule", include_str!("examples/native_request_rule.json")),
    ("native_replace_webhook", include_str!("examples/native_webhook.json")),
    ("native_replay_webhook", include_str!("examples/native_webhook.json")),
    ("native_report_fulfilment", include_str!("examples/native_request.json")),
    ("oig_create_requests", include_str!("examples/oig_create_requests.json")),
    ("oig_get_request", include_str!("examples/oig_get_request.json")),
    ("oig_list_requests", include_str!("examples/oig_list_requests.json")),
    ("oig_revoke_account", include_str!("examples/oig_revoke_account.json")),
    ("oig_update_request", include_str!("examples/oig_update_request.json")),
    ("oig_update_requests", include_str!("examples/oig_update_requests.json")),
    ("oig_withdraw_request", include_str!("examples/oig_withdraw_request.json")),
    ("oig_withdraw_requests", include_str!("examples/oig_withdraw_requests.json")),
];

/// For each tag, its errors by status.
const ERRORS: &[(&str, &str)] = &[
    ("mim", include_str!("examples/mim_errors.json")),
    ("native", include_str!("examples/native_errors.json")),
    ("oig", include_str!("examples/oig_errors.json")),
];

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
            if ["200", "201"].contains(&status.as_str()) && !answers.is_null() {
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
