//! The same call sent again under its key: one effect, the same answer.

use std::thread;

use countersign_xtask::answer::Answer;
use serde_json::{Value, json};

use crate::support::Demo;
use crate::{Caller, account_request, caller, refused, request_for, role_request, target};

/// Sends the same call five times at once, then five times in a row; every answer is the first one.
fn ten_times(send: impl Fn() -> Answer + Sync) -> Value {
    let at_once: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(&send)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let first = at_once[0].clone();
    assert!([200, 201].contains(&first.status), "{}", first.text());
    for answer in at_once.into_iter().chain((0..5).map(|_| send())) {
        assert_eq!((answer.status, &answer.body), (first.status, &first.body), "{}", answer.text());
        for header in ["etag", "location"] {
            assert_eq!(answer.header(header), first.header(header));
        }
    }
    first.json().unwrap()
}

fn events(sysadmin: &Caller) -> usize {
    sysadmin.read("/events?limit=1000")["items"].as_array().unwrap().len()
}

#[test]
fn requests_are_made_decided_and_acted_on_once() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester").key("one"), caller(&demo, "manager").key("one"));
    let wanted = request_for("user24", &[target("Role", "12")]);
    let made = ten_times(|| requester.post("/requests", &wanted));
    assert_eq!(caller(&demo, "manager").read("/inbox")["count"], 1);
    let other = request_for("user24", &[target("Role", "13")]);
    refused(&requester.post("/requests", &other), 422, "IdempotencyKeyReused", "Idempotency-Key");
    let id = made["number"].to_string();
    let after = ten_times(|| manager.seeing("\"1\"").decide(&id, "approve"));
    assert_eq!(after["stages"][0]["tasks"][0]["votes"].as_array().unwrap().len(), 1);
    refused(&manager.decide(&id, "deny"), 422, "IdempotencyKeyReused", "");
    let account = account_request(&demo);
    let sysadmin = caller(&demo, "sysadmin").key("two");
    ten_times(|| sysadmin.act(&account, &json!({"action": "claim"})));
    refused(&sysadmin.act(&account, &json!({"action": "release"})), 422, "IdempotencyKeyReused", "");
    // Another caller's equal key is another's.
    assert_eq!(
        caller(&demo, "user82").key("one").post("/requests", &json!({"targets": [target("Role", "12")]})).status,
        201
    );
    assert_eq!(caller(&demo, "manager").decide(&role_request(&demo), "approve").status, 200);
}

#[test]
fn what_administrators_do_happens_once() {
    let demo = Demo::start();
    let plain = caller(&demo, "sysadmin");
    let sysadmin = plain.key("one");
    let rule = json!({"name": "New", "ordinal": 99, "scope": "single"});
    let before = events(&plain);
    let made = ten_times(|| sysadmin.post("/approval-rules", &rule));
    let path = format!("/approval-rules/{}", made["id"].as_str().unwrap());
    let renamed = json!({"name": "Renamed", "ordinal": 99, "scope": "single"});
    refused(&sysadmin.post("/approval-rules", &renamed), 422, "IdempotencyKeyReused", "");
    let after = ten_times(|| sysadmin.seeing("\"1\"").put(&path, &renamed));
    assert_eq!(after["revision"], 2);
    refused(&sysadmin.seeing("\"2\"").put(&path, &rule), 422, "IdempotencyKeyReused", "");
    assert_eq!(events(&plain), before + 2);

    let item = json!({"entityType": "Role", "entityKey": "77", "name": "Role 77", "fulfilment": "manual"});
    ten_times(|| sysadmin.post("/catalog-items", &item));
    let hook = json!({"name": "New", "url": "http://127.0.0.1:9/", "enabled": false, "secret": "sixteen letters."});
    let hook = ten_times(|| sysadmin.post("/webhooks", &hook));
    let replay = format!("/webhooks/{}/replay", hook["id"].as_str().unwrap());
    ten_times(|| sysadmin.post(&replay, &json!({"after": 0})));
    refused(&sysadmin.post(&replay, &json!({"after": 1})), 422, "IdempotencyKeyReused", "");

    let id = caller(&demo, "requester").ask(&request_for("user24", &[target("Role", "77")]));
    caller(&demo, "manager").decide(&id, "approve").json_of(200).unwrap();
    let report = format!("/fulfilments/{id}");
    ten_times(|| sysadmin.post(&report, &json!({"outcome": "stumbled", "reason": "locked"})));
    refused(&sysadmin.post(&report, &json!({"outcome": "completed"})), 422, "IdempotencyKeyReused", "");
    assert_eq!(plain.status_of(&id), "executing");
}

#[test]
fn a_parent_is_taken_back_once_with_its_children() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let parent = requester.ask(&request_for("user24", &[target("Role", "12"), target("Role", "13")]));
    caller(&demo, "xelsysadm").decide(&parent, "approve").json_of(200).unwrap();
    let keyed = requester.key("back");
    let answer = ten_times(|| keyed.act(&parent, &json!({"action": "withdraw"})));
    assert_eq!(answer["status"], "canceled");
    assert_eq!(requester.status_of(&parent), "canceled");
}

#[test]
fn a_task_that_was_given_away_is_answered_to_all_who_gave_it() {
    let demo = Demo::start();
    let (manager, administrator) = (caller(&demo, "manager"), caller(&demo, "sysadmin"));
    for round in 0..5 {
        let account = account_request(&demo);
        let to = |login: &str| json!({"action": "reassign", "to": [{ "login": login }]});
        administrator.act(&account, &to("approver")).json_of(200).unwrap();
        // Whoever gives it away sees it no longer.
        let approver = caller(&demo, "approver").key(&round.to_string());
        ten_times(|| approver.act(&account, &to("manager")));
        assert_eq!(caller(&demo, "approver").get(&format!("/requests/{account}")).status, 404);
        assert_eq!(manager.decide(&account, "approve").status, 200);
    }
}

#[test]
fn a_call_that_changes_nothing_keeps_its_key() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let account = account_request(&demo);
    let claim = json!({"action": "claim"});
    sysadmin.act(&account, &claim).json_of(200).unwrap();
    let before = events(&sysadmin);
    ten_times(|| sysadmin.key("claimed-already").act(&account, &claim));
    let release = json!({"action": "release"});
    refused(&sysadmin.key("claimed-already").act(&account, &release), 422, "IdempotencyKeyReused", "");
    assert_eq!(events(&sysadmin), before);
}
