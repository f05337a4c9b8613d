//! The same call sent again under its key: one effect, the same answer.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{Caller, account_request, caller, failed, refused, request_for, role, role_request};

/// Sends the same call five times, then five times at once; every answer is the first one.
fn ten_times(caller: &Caller, method: &str, path: &str, body: &Value) -> Value {
    let send = || {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        caller.send(method, path, body.as_bytes()).json_of(200).unwrap()
    };
    let at_once: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(send)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let first = at_once[0].clone();
    for answer in at_once.into_iter().chain((0..5).map(|_| send())) {
        assert_eq!(answer, first, "{method} {path}");
    }
    first
}

/// How many requests the caller tracks.
fn tracked(caller: &Caller) -> u64 {
    let list = caller.client.get(&format!("{OIG}/requests?limit=0")).unwrap().json_of(200).unwrap();
    list["totalResult"].as_u64().unwrap()
}

fn id(result: &Value) -> String {
    result["id"].as_str().unwrap().to_owned()
}

#[test]
fn requests_are_made_once() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester").key("make");
    let before = tracked(&requester);
    let good = request_for("24", &json!([role("12")]));
    let body = json!({"requests": [good, request_for("24", &json!([role("99")])), good]});
    let answer = ten_times(&requester, "POST", "/requests", &body);
    let results = answer["requests"].as_array().unwrap();
    failed(&results[1], "InvalidInput", "Role 99");
    assert_ne!(id(&results[0]), id(&results[2]));
    assert_eq!(tracked(&requester), before + 2);

    // In any order of its members it is the same call; with another element it is not.
    let turned = "{\"requests\":[".to_owned()
        + &[&body["requests"][0], &body["requests"][1], &body["requests"][2]].map(turned).join(",")
        + "]}";
    assert_eq!(requester.send("POST", "/requests", turned.as_bytes()).json_of(200).unwrap(), answer);
    for other in [json!([good, good, good]), json!([good]), json!([good, body["requests"][1], good, good])] {
        refused(&requester.post(&other), 422, "IdempotencyKeyReused", "Idempotency-Key");
    }
    assert_eq!(tracked(&requester), before + 2);
}

/// The same object with its members the other way round.
fn turned(element: &Value) -> String {
    let members = element.as_object().unwrap().iter().rev();
    let members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn actions_happen_once() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let [one, two] = [(); 2].map(|()| role_request(&demo));
    let body = json!({"requests": [{"id": one, "action": "approve"}, {"id": "99999", "action": "approve"}]});
    let answer = ten_times(&manager.key("all"), "PUT", "/requests", &body);
    assert_eq!(answer["requests"][0]["status"], "SUCCESS");
    failed(&answer["requests"][1], "EntityNotFound", "");
    let other = json!([{"id": two, "action": "approve"}]);
    refused(&manager.key("all").put_all(&other), 422, "IdempotencyKeyReused", "Idempotency-Key");
    assert_eq!(manager.status_of(&two), "Request Awaiting Approval");

    let approve = json!({"action": "approve", "actionComment": "fine"});
    ten_times(&manager.key("one"), "PUT", &format!("/requests/{two}"), &approve);
    assert_eq!(manager.see(&two)["requestTaskDetails"][0]["history"]["previousApprovers"].as_array().unwrap().len(), 1);
    let reject = manager.key("one").put(&two, &json!({"action": "reject"}));
    refused(&reject, 422, "IdempotencyKeyReused", "Idempotency-Key");
    refused(&manager.key("one").put(&one, &approve), 422, "IdempotencyKeyReused", "Idempotency-Key");
    // Without the key it comes too late.
    refused(&manager.put(&two, &approve), 409, "RequestStatusInvalid", "completed");
}

#[test]
fn an_edit_and_a_task_given_away_are_answered_again_to_whoever_lost_sight_of_it() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = account_request(&demo);
    let sysadmin = caller(&demo, "sysadmin");
    let path = format!("/requests/{id}");
    let save = json!({"reqTargetEntities": [{"entityId": "21", "entityType": "AppInstance",
        "attributes": [{"name": "Quota", "value": "5"}]}]});
    ten_times(&sysadmin.key("save"), "PUT", &path, &save);
    let give = json!({"action": "reassign", "assignees": [{"name": "approver"}]});
    ten_times(&sysadmin.key("give"), "PUT", &path, &give);
    let further = json!({"action": "reassign", "assignees": [{"name": "auditor"}]});
    let approver = caller(&demo, "approver");
    ten_times(&approver.key("give"), "PUT", &path, &further);
    refused(&approver.put(&id, &further), 404, "EntityNotFound", "nothing");
    refused(&approver.key("give").put(&id, &give), 422, "IdempotencyKeyReused", "Idempotency-Key");
    assert_eq!(manager.see(&id)["reqTargetEntities"][0]["appFormData"][0]["value"], "5");
}

#[test]
fn requests_are_taken_back_once() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let [one, two] = [(); 2].map(|()| role_request(&demo));
    let body = json!({"requests": [{"id": "1", "requestId": one}, {"id": "99999"}]});
    let answer = ten_times(&requester.key("all"), "DELETE", "/requests", &body);
    assert_eq!(answer["requests"][0], json!({"id": "1", "requestId": one, "status": "SUCCESS"}));
    let other = json!([{ "id": two }]);
    refused(&requester.key("all").delete_all(&other), 422, "IdempotencyKeyReused", "Idempotency-Key");
    assert_eq!(requester.status_of(&two), "Request Awaiting Approval");
    ten_times(&requester.key("one"), "DELETE", &format!("/requests/{two}"), &Value::Null);
    refused(&requester.key("one").delete(&one), 422, "IdempotencyKeyReused", "Idempotency-Key");
    refused(&requester.delete(&two), 409, "RequestStatusInvalid", "canceled");
}

#[test]
fn an_account_is_taken_away_once() {
    let demo = Demo::start();
    let owner = caller(&demo, "user1001");
    let keyed = owner.key("account");
    let answer = ten_times(&keyed, "DELETE", "/accounts/1", &Value::Null);
    let request = id(&answer["request"]);
    assert_eq!(caller(&demo, "sysadmin").act(&request, "approve"), 200);
    // It is gone, and the call is still answered.
    assert_eq!(keyed.send("DELETE", "/accounts/1", b"").json_of(200).unwrap(), answer);
    refused(&owner.send("DELETE", "/accounts/1", b""), 404, "EntityNotFound", "nothing");
}

#[test]
fn refusals_are_not_kept_and_keys_are_everybodys_own() {
    let demo = Demo::start();
    let (manager, requester) = (caller(&demo, "manager").key("k"), caller(&demo, "requester").key("k"));
    let id = role_request(&demo);
    assert_eq!(manager.act(&id, "suspend"), 200);
    let approve = json!({"action": "approve"});
    refused(&caller(&demo, "manager").key("later").put(&id, &approve), 409, "RequestStatusInvalid", "put aside");
    assert_eq!(caller(&demo, "manager").act(&id, "resume"), 200);
    assert_eq!(caller(&demo, "manager").key("later").put(&id, &approve).status, 200);
    // The same word of another caller, and in another operation, is another key.
    let other = role_request(&demo);
    assert_eq!(requester.put(&other, &json!({"reqJustification": "because"})).status, 200);
    assert_eq!(requester.delete(&other).status, 200);
}

#[test]
fn what_is_no_key_is_refused() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    for key in ["", "a b", &"x".repeat(256), "\u{e4}"] {
        refused(&requester.key(key).delete(&id), 400, "InvalidInput", "Idempotency-Key");
        refused(&requester.key(key).post(&json!([{}])), 400, "InvalidInput", "Idempotency-Key");
    }
    let twice = requester.key("a").key("b");
    refused(&twice.delete(&id), 400, "InvalidInput", "Idempotency-Key");
    assert_eq!(requester.key(&"x".repeat(255)).delete(&id).status, 200);
}
