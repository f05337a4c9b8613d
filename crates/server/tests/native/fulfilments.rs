//! Carrying out by hand: the list, the verdicts, and who may say them.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{Caller, caller, column, refused, request_for, target};

/// The demo, in which role 12 is given by a person, and a request for it that was approved.
fn manual() -> (Demo, String) {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let mut item = sysadmin.read("/catalog-items/7");
    item["fulfilment"] = json!("manual");
    sysadmin.seeing("\"1\"").put("/catalog-items/7", &item).json_of(200).unwrap();
    let id = approved(&demo);
    (demo, id)
}

fn approved(demo: &Demo) -> String {
    let id = caller(demo, "requester").ask(&request_for("user24", &[target("Role", "12")]));
    assert_eq!(caller(demo, "manager").decide(&id, "approve").json_of(200).unwrap()["status"], "executing");
    id
}

fn report(caller: &Caller, id: &str, body: &Value) -> countersign_xtask::answer::Answer {
    caller.post(&format!("/fulfilments/{id}"), body)
}

#[test]
fn what_is_to_be_carried_out_is_listed_the_oldest_first() {
    let (demo, one) = manual();
    let two = approved(&demo);
    let sysadmin = caller(&demo, "sysadmin");
    let list = sysadmin.read("/fulfilments");
    let numbers: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["number"].to_string()).collect();
    assert_eq!(numbers, [one.clone(), two]);
    let first = sysadmin.read("/fulfilments?limit=1");
    let second = sysadmin.read(&format!("/fulfilments?limit=1&cursor={}", first["next"].as_str().unwrap()));
    assert_eq!(column(&second, "/id"), column(&list, "/id")[1..]);
    report(&sysadmin, &one, &json!({"outcome": "stumbled", "reason": "no such account"})).json_of(200).unwrap();
    assert_eq!(sysadmin.read("/fulfilments")["items"][0]["failure"], "no such account");
    for login in ["manager", "requester"] {
        refused(&caller(&demo, login).get("/fulfilments"), 403, "AccessDenied", "administrators");
    }
}

#[test]
fn each_verdict_has_its_effect() {
    let (demo, id) = manual();
    let sysadmin = caller(&demo, "sysadmin");
    refused(&report(&sysadmin, &id, &json!({"outcome": "retry"})), 409, "RequestStatusInvalid", "nothing has failed");
    let stumbled = report(&sysadmin, &id, &json!({"outcome": "stumbled", "reason": "locked"})).json_of(200).unwrap();
    assert_eq!((&stumbled["status"], &stumbled["failure"]), (&json!("executing"), &json!("locked")));
    // Everybody who sees the request sees why.
    assert_eq!(caller(&demo, "requester").read(&format!("/requests/{id}"))["failure"], "locked");
    let retried = report(&sysadmin, &id, &json!({"outcome": "retry"})).json_of(200).unwrap();
    assert!(retried["failure"].is_null() && retried["status"] == "executing", "{retried}");
    let done = report(&sysadmin, &id, &json!({"outcome": "completed"})).json_of(200).unwrap();
    assert_eq!(done["status"], "completed");
    // Said twice, it is so already.
    assert_eq!(report(&sysadmin, &id, &json!({"outcome": "completed"})).status, 200);
    let late = report(&sysadmin, &id, &json!({"outcome": "failed", "reason": "x"}));
    refused(&late, 409, "RequestStatusInvalid", "completed");

    let other = approved(&demo);
    let failed = report(&sysadmin, &other, &json!({"outcome": "failed", "reason": "gone"})).json_of(200).unwrap();
    assert_eq!((&failed["status"], &failed["failure"]), (&json!("failed"), &json!("gone")));
}

#[test]
fn others_and_other_verdicts_are_refused() {
    let (demo, id) = manual();
    let completed = json!({"outcome": "completed"});
    for login in ["manager", "requester", "user24"] {
        refused(&report(&caller(&demo, login), &id, &completed), 403, "AccessDenied", "administrators");
    }
    let sysadmin = caller(&demo, "sysadmin");
    for (body, field) in [
        (json!({"outcome": "failed"}), "reason"),
        (json!({"outcome": "completed", "reason": "x"}), "reason"),
        (json!({"outcome": "done"}), "outcome"),
        (json!({}), "outcome"),
    ] {
        refused(&report(&sysadmin, &id, &body), 400, "InvalidInput", field);
    }
    refused(&report(&sysadmin, "99999", &completed), 404, "EntityNotFound", "");
    let pending = caller(&demo, "requester").ask(&request_for("user82", &[target("Role", "12")]));
    refused(&report(&sysadmin, &pending, &completed), 409, "RequestStatusInvalid", "pending");
    assert_eq!(sysadmin.status_of(&id), "executing");
}
