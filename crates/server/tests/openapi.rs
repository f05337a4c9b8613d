//! The contract: what is checked in is what the program says, and every operation keeps it.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use countersign_xtask::generate;
use countersign_xtask::http::Client;
use countersign_xtask::process::workspace;
use countersign_xtask::show::Context;
use serde_json::{Value, json};
use support::{Demo, MIM, NATIVE, OIG, binary};

const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";
const APPROVAL_RULE: &str = "a0010000-0000-4000-8000-000000000001";
const REQUEST_RULE: &str = "a0020000-0000-4000-8000-000000000001";

/// One good call of each operation: its id, who calls, the path.
fn calls() -> Vec<(&'static str, Option<&'static str>, String)> {
    let request = "requests/0c96d73f-967b-420e-854a-43ad2a1504bc";
    let template = "profiletemplates/a039b4d0-5ce8-4eff-8651-181c6576fda3";
    let card_profile = "b99ff38c-6653-471f-ae3c-325bb351a6bc";
    vec![
        ("healthz", None, "/healthz".to_owned()),
        ("readyz", None, "/readyz".to_owned()),
        ("mim_list_requests", Some("requester"), format!("{MIM}/requests")),
        ("mim_get_request", Some("requester"), format!("{MIM}/{request}")),
        ("mim_list_profiles", Some("profileowner"), format!("{MIM}/profiles")),
        ("mim_get_profile", Some("requester"), format!("{MIM}/profiles/{card_profile}")),
        ("mim_list_request_profiles", Some("requester"), format!("{MIM}/{request}/profiles")),
        ("mim_get_request_profile", Some("requester"), format!("{MIM}/{request}/profiles/{card_profile}")),
        ("mim_list_profile_templates", Some("requester"), format!("{MIM}/profiletemplates")),
        ("mim_get_profile_template", Some("requester"), format!("{MIM}/{template}")),
        ("mim_get_policy", Some("requester"), format!("{MIM}/{template}/policies/Enroll")),
        ("mim_get_workflow_policy", Some("requester"), format!("{MIM}/{template}/policy/workflow/Enroll")),
        ("oig_get_request", Some("TESTUSER1"), format!("{OIG}/requests/2029")),
        ("oig_list_requests", Some("TESTUSER1"), format!("{OIG}/requests")),
        ("native_get_me", Some("requester"), format!("{NATIVE}/me")),
        ("native_list_inbox", Some("manager"), format!("{NATIVE}/inbox")),
        ("native_list_requests", Some("requester"), format!("{NATIVE}/requests")),
        ("native_get_request", Some("TESTUSER1"), format!("{NATIVE}/requests/2029")),
        ("native_list_request_events", Some("TESTUSER1"), format!("{NATIVE}/requests/2029/events")),
        ("native_list_profile_templates", Some("sysadmin"), format!("{NATIVE}/profile-templates")),
        ("native_get_profile_template", Some("sysadmin"), format!("{NATIVE}/profile-templates/{DUAL_CONTROL}")),
        ("native_list_catalog_items", Some("sysadmin"), format!("{NATIVE}/catalog-items")),
        ("native_get_catalog_item", Some("sysadmin"), format!("{NATIVE}/catalog-items/7")),
        ("native_list_approval_rules", Some("sysadmin"), format!("{NATIVE}/approval-rules")),
        ("native_get_approval_rule", Some("sysadmin"), format!("{NATIVE}/approval-rules/{APPROVAL_RULE}")),
        ("native_list_request_rules", Some("sysadmin"), format!("{NATIVE}/request-rules")),
        ("native_get_request_rule", Some("sysadmin"), format!("{NATIVE}/request-rules/{REQUEST_RULE}")),
        ("native_list_webhooks", Some("sysadmin"), format!("{NATIVE}/webhooks")),
        ("native_list_events", Some("sysadmin"), format!("{NATIVE}/events")),
        ("native_list_fulfilments", Some("sysadmin"), format!("{NATIVE}/fulfilments")),
    ]
}

/// One good call of each operation of the native API that writes, or that needs what another made:
/// `{made}` is the id of what was made last.
fn native_writes() -> Vec<(&'static str, &'static str, &'static str, String, Value)> {
    let at = |path: &str| format!("{NATIVE}/{path}");
    let manual = json!({"entityType": "Role", "entityKey": "13", "name": "Role 13", "fulfilment": "manual"});
    let role = json!({"beneficiaries": [{"login": "user24"}], "targets": [{"entityType": "Role", "entityKey": "13"}]});
    let item = json!({"entityType": "Role", "entityKey": "99", "name": "Role 99"});
    let template = json!({"name": "New", "templateKind": "software", "readers": "everyone", "enrollers": "everyone",
        "policies": []});
    let rule = json!({"name": "New", "ordinal": 99, "scope": "single", "enabled": false});
    let requests = json!({"name": "New", "requesters": "everyone", "beneficiaries": "reports", "enabled": false});
    let hook = json!({"name": "New", "url": "http://127.0.0.1:9/", "enabled": false, "secret": "sixteen letters."});
    vec![
        ("native_replace_catalog_item", "sysadmin", "PUT", at("catalog-items/8"), manual),
        ("native_explain_request", "requester", "POST", at("requests/explain"), role.clone()),
        ("native_create_request", "requester", "POST", at("requests"), role.clone()),
        ("native_decide_request", "manager", "POST", at("requests/{made}/decisions"), json!({"outcome": "approve"})),
        ("native_report_fulfilment", "sysadmin", "POST", at("fulfilments/{made}"), json!({"outcome": "completed"})),
        ("native_create_request", "requester", "POST", at("requests"), role),
        ("native_act_on_request", "requester", "POST", at("requests/{made}/actions"), json!({"action": "withdraw"})),
        ("native_create_catalog_item", "sysadmin", "POST", at("catalog-items"), item),
        ("native_create_profile_template", "sysadmin", "POST", at("profile-templates"), template.clone()),
        ("native_replace_profile_template", "sysadmin", "PUT", at("profile-templates/{made}"), template),
        ("native_create_approval_rule", "sysadmin", "POST", at("approval-rules"), rule.clone()),
        ("native_replace_approval_rule", "sysadmin", "PUT", at("approval-rules/{made}"), rule),
        ("native_create_request_rule", "sysadmin", "POST", at("request-rules"), requests.clone()),
        ("native_replace_request_rule", "sysadmin", "PUT", at("request-rules/{made}"), requests),
        ("native_create_webhook", "sysadmin", "POST", at("webhooks"), hook.clone()),
        ("native_get_webhook", "sysadmin", "GET", at("webhooks/{made}"), Value::Null),
        ("native_replace_webhook", "sysadmin", "PUT", at("webhooks/{made}"), hook),
        ("native_replay_webhook", "sysadmin", "POST", at("webhooks/{made}/replay"), json!({"after": 0})),
    ]
}

/// One good call of each operation that writes, in an order in which all of them succeed: its id,
/// who calls, the method, the path, the body.
fn writes() -> Vec<(&'static str, &'static str, &'static str, String, Value)> {
    let unblock = "requests/0c96d73f-967b-420e-854a-43ad2a1504bc";
    let enroll = json!({"type": "Enroll", "profiletemplateuuid": "8f31803f-8afc-49bb-911d-402ec264b589"});
    let requests = json!({"pfxpassword": "", "certificaterequests": []});
    let role = json!({"reqBeneficiaryList": [{"id": "24"}],
        "reqTargetEntities": [{"entityId": "12", "entityType": "role"}]});
    vec![
        ("mim_create_request", "requester", "POST", format!("{MIM}/requests"), enroll),
        ("mim_submit_certificate_data", "requester", "POST", format!("{MIM}/{unblock}/certificatedata"), requests),
        ("mim_set_request_status", "requester", "PUT", format!("{MIM}/{unblock}"), json!({"status": "Completed"})),
        // The first request of the demo is 2034, made through MIM; these are the next ones.
        (
            "oig_create_requests",
            "requester",
            "POST",
            format!("{OIG}/requests"),
            json!({"requests": [role, role, role, role]}),
        ),
        (
            "oig_update_requests",
            "manager",
            "PUT",
            format!("{OIG}/requests"),
            json!({"requests": [{"id": "2035", "action": "approve"}]}),
        ),
        ("oig_update_request", "requester", "PUT", format!("{OIG}/requests/2036"), json!({"action": "withdraw"})),
        (
            "oig_withdraw_requests",
            "requester",
            "DELETE",
            format!("{OIG}/requests"),
            json!({"requests": [{"id": "2037"}]}),
        ),
        ("oig_withdraw_request", "requester", "DELETE", format!("{OIG}/requests/2038"), json!({})),
        ("oig_revoke_account", "user1001", "DELETE", format!("{OIG}/accounts/1"), json!({})),
    ]
}

#[test]
fn what_is_checked_in_is_what_the_program_writes() {
    generate::run(&Context { binary: binary(), root: workspace() }, true).unwrap();
}

#[test]
fn every_operation_is_called_and_lets_nobody_in_without_credentials() {
    let demo = Demo::start();
    let contract = demo.client.contract().unwrap();
    for (id, login, path) in calls() {
        assert_eq!(contract.operation("GET", &path), Some(id), "{path}");
        let caller = login.map_or_else(|| demo.client.clone(), |login| demo.login(login));
        assert_eq!(caller.get(&path).unwrap().status, 200, "{id}");
        let strangers =
            [demo.client.anonymous(), demo.client.login("requester", "wrong"), demo.client.login("nobody", "demo")];
        for stranger in strangers {
            let answer = stranger.get(&path).unwrap();
            assert_eq!(answer.status, if login.is_some() { 401 } else { 200 }, "{id}: {}", answer.text());
            assert_eq!(answer.header("www-authenticate").is_some(), login.is_some(), "{id}");
        }
    }
    let mut made = String::new();
    for (id, login, method, path, body) in writes().into_iter().chain(native_writes()) {
        assert_eq!(contract.operation(method, &path), Some(id), "{method} {path}");
        let path = path.replace("{made}", &made);
        let headers: [&[u8]; 3] = [b"Content-Type: application/json", b"X-Requested-By: test", b"If-Match: *"];
        let send =
            |client: &Client| client.raw(method, path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap();
        for stranger in
            [demo.client.anonymous(), demo.client.login(login, "wrong"), demo.client.login("nobody", "demo")]
        {
            assert_eq!(send(&stranger).status, 401, "{id}");
        }
        let answer = send(&demo.login(login));
        assert!([200, 201].contains(&answer.status), "{id}: {} {}", answer.status, answer.text());
        if answer.status == 201 {
            made = answer.json().unwrap()["id"].as_str().unwrap_or_default().to_owned();
        }
    }
    let written = writes().into_iter().chain(native_writes()).map(|(id, ..)| id);
    let called: BTreeSet<_> = calls().into_iter().map(|(id, ..)| id).chain(written).collect();
    assert_eq!(contract.operations(), called, "an operation without a call in this test");
    let seen: BTreeSet<_> =
        contract.seen().into_iter().filter(|(_, status)| [200, 201].contains(status)).map(|(id, _)| id).collect();
    assert_eq!(seen.len(), called.len());
}
