//! MIM CM's writes over HTTP: requests are made, begun and ended, or refused with a reason.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "mim_writes/forms.rs"]
mod forms;
#[path = "mim_writes/offers.rs"]
mod offers;
#[path = "mim_writes/refusals.rs"]
mod refusals;
#[path = "mim_writes/repeats.rs"]
mod repeats;
#[path = "mim_writes/stories.rs"]
mod stories;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use countersign_xtask::answer::Answer;
use countersign_xtask::http::Client;
use countersign_xtask::process::output;
use serde_json::{Value, json};
use support::{Demo, MIM};

const REQUESTER: &str = "8f1590dc-d932-4b66-8e68-2e91c5880780";
const PROFILE_OWNER: &str = "0378a33b-8650-4713-a727-efd233903643";
const MANAGER: &str = "8964e795-5b83-43fb-bee9-3e178843a7ae";
const APPROVER: &str = "67c8096e-4234-4536-9df0-9a8a7bc25e53";
const APPROVERS: &str = "154dbe34-dfc8-40ab-a3a6-68e85a35c939";
const UNKNOWN: &str = "00000000-dead-4bad-8bad-000000000000";
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";
const NEVER: &str = "0001-01-01T00:00:00";

// Templates of the test, by number.
const SOFTWARE: u32 = 1;
const CARD: u32 = 2;
/// Two people approve.
const APPROVED: u32 = 3;
/// Only approvers read it.
const HIDDEN: u32 = 4;
/// An agent executes.
const AGENT: u32 = 5;
/// One question must be answered, one may be; the priority is 7 unless sent.
const ASKING: u32 = 6;
/// Only initiators ask.
const ASSISTED: u32 = 7;
/// Only approvers enroll.
const RESTRICTED: u32 = 8;
/// More people must approve than there are.
const UNSTAFFED: u32 = 9;

const EVERY_POLICY: [&str; 12] = [
    "enroll",
    "duplicate",
    "offlineUnblock",
    "onlineUpdate",
    "renew",
    "recover",
    "recoverOnBehalf",
    "reinstate",
    "retire",
    "revoke",
    "temporaryCards",
    "unblock",
];

fn id(n: u32) -> String {
    format!("7e570000-0000-4000-8000-{n:012x}")
}

fn with(mut record: Value, changed: &Value) -> Value {
    record.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    record
}

fn template(n: u32, changed: &Value, enroll: &Value) -> Value {
    let policies = EVERY_POLICY.map(|policy| {
        let record = json!({"policy": policy, "enabled": true, "selfService": true});
        if policy == "enroll" { with(record, enroll) } else { record }
    });
    let record = json!({"kind": "profileTemplate", "id": id(n), "name": "Of the test", "templateKind": "software",
        "version": 1, "readers": "everyone", "enrollers": "everyone", "policies": policies});
    with(record, changed)
}

fn templates() -> Vec<Value> {
    let approvers = json!({"principals": [APPROVERS]});
    let questions = json!([{"name": "Request Reason", "required": true}, {"name": "City"}]);
    vec![
        template(SOFTWARE, &json!({}), &json!({})),
        template(CARD, &json!({"templateKind": "smartcard"}), &json!({})),
        template(APPROVED, &json!({}), &json!({"approvalsNeeded": 2, "approvers": [APPROVERS]})),
        template(HIDDEN, &json!({"readers": approvers}), &json!({})),
        template(AGENT, &json!({}), &json!({"agentRequired": true, "agents": [APPROVER]})),
        template(ASKING, &json!({}), &json!({"dataItems": questions, "defaultPriority": 7})),
        template(ASSISTED, &json!({}), &json!({"selfService": false, "initiators": [MANAGER]})),
        template(RESTRICTED, &json!({"enrollers": approvers}), &json!({})),
        template(UNSTAFFED, &json!({}), &json!({"approvalsNeeded": 9, "approvers": [APPROVER]})),
        json!({"kind": "requestRule", "id": id(90), "name": "Of the test", "requesters": {"principals": [MANAGER]},
            "beneficiaries": "everyone", "entityTypes": ["ProfileTemplate"]}),
    ]
}

/// A profile of `requester` that is in use.
fn profile(n: u32, template: u32) -> Value {
    json!({"kind": "profile", "id": id(n), "status": "Active", "assignedUser": REQUESTER, "template": id(template),
        "templateVersion": 1, "created": "2026-01-01T00:00:00Z"})
}

/// A card of `requester` with its profile, whose number is one higher.
fn card(n: u32) -> [Value; 2] {
    let card = json!({"kind": "smartcard", "id": id(n), "status": "Active", "assignedUser": REQUESTER,
        "template": id(CARD), "templateVersion": 1, "serialNumber": id(n), "created": "2026-01-01T00:00:00Z"});
    [card, with(profile(n + 1, CARD), &json!({"smartcard": id(n)}))]
}

/// The demo with the templates of the test and `records`.
fn demo_with(records: impl IntoIterator<Item = Value>) -> Demo {
    demo_of(Demo::start(), records)
}

fn demo_of(demo: Demo, records: impl IntoIterator<Item = Value>) -> Demo {
    let header = json!({"kind": "header", "format": 1});
    let bundle: Vec<_> = [header].into_iter().chain(templates()).chain(records).collect();
    let file = demo.folder.path().join("bundle.json");
    std::fs::write(&file, Value::from(bundle).to_string()).unwrap();
    output(demo.store.command().arg("import").arg(&file)).unwrap();
    demo
}

const JSON: &[u8] = b"Content-Type: application/json";

fn send(client: &Client, method: &str, path: &str, headers: &[&[u8]], body: &str) -> Answer {
    let headers = [headers, &[JSON]].concat();
    client.raw(method, format!("{MIM}/{path}").as_bytes(), &headers, body.as_bytes()).unwrap()
}

fn post(client: &Client, body: &Value) -> Answer {
    send(client, "POST", "requests", &[], &body.to_string())
}

/// Asks for something; gives back the request's GUID.
fn place(client: &Client, body: &Value) -> String {
    placed(&post(client, body))
}

fn placed(answer: &Answer) -> String {
    let address = answer.json_of(201).unwrap();
    let id = address.as_str().unwrap().strip_prefix("api/v1.0/requests/").unwrap().to_owned();
    assert_eq!(answer.header("location").unwrap(), format!("{MIM}/requests/{id}"));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    id
}

fn enroll(client: &Client, template: u32) -> String {
    place(client, &json!({"type": "Enroll", "profiletemplateuuid": id(template)}))
}

fn put(client: &Client, id: &str, status: &str) -> Answer {
    send(client, "PUT", &format!("requests/{id}"), &[], &json!({"status": status}).to_string())
}

fn submit(client: &Client, id: &str) -> Answer {
    let body = json!({"pfxpassword": "", "certificaterequests": ["MAMC\r\nAQA=\r\n"]});
    send(client, "POST", &format!("requests/{id}/certificatedata"), &[], &body.to_string())
}

fn get(client: &Client, id: &str) -> Value {
    client.get(&format!("{MIM}/requests/{id}")).unwrap().json_of(200).unwrap()
}

/// How many requests the caller may read.
fn count(client: &Client) -> usize {
    let answer = client.get(&format!("{MIM}/requests")).unwrap();
    if answer.status == 204 { 0 } else { answer.json_of(200).unwrap().as_array().unwrap().len() }
}

/// Fails unless the answer refuses with this status and code, for a reason that holds `words`.
fn refused(answer: &Answer, status: u16, code: &str, words: &str) {
    let body = answer.json_of(status).unwrap();
    assert_eq!(body["ErrorCode"], code, "{body}");
    assert!(body["Message"].as_str().unwrap().contains(words), "{words:?} is not in {body}");
}
