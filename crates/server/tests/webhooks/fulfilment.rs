//! A program that carries requests out: told what to do, and calling back.

use serde_json::{Value, json};

use countersign_xtask::answer::Answer;

use crate::receiver::{Posted, Receiver, signature};
use crate::support::{Demo, NATIVE};
use crate::{SECRET, approve, ask, call, check_signature, demo, hook, post, read, seconds};

/// The demo in which a program gives role 12, with its receiver and its webhook.
fn with_program() -> (Demo, Receiver, String) {
    let demo = demo();
    let receiver = Receiver::start(|_| 200);
    let path = hook(&demo, &receiver.url(), &json!({"purpose": "fulfil"}));
    let mut item = read(&demo, "/catalog-items/7");
    item["fulfilment"] = json!("webhook");
    assert_eq!(call(&demo, "sysadmin", "PUT", "/catalog-items/7", &item).status, 200);
    (demo, receiver, path)
}

/// A request that was approved; its number and what the program was told.
fn begun(demo: &Demo, receiver: &Receiver) -> (String, Posted) {
    let before = receiver.taken().len();
    let request = ask(demo, "for the project");
    assert_eq!(approve(demo, &request)["status"], "executing");
    let taken = receiver.wait_for(|taken| taken.len() > before);
    (request, taken[before].clone())
}

/// A call back at `time`, signed with `secret`.
fn call_back(demo: &Demo, path: &str, body: &Value, secret: &str, time: i64) -> Answer {
    let (body, time) = (body.to_string(), time.to_string());
    let headers = [
        "Content-Type: application/json".to_owned(),
        format!("X-Countersign-Timestamp: {time}"),
        format!("X-Countersign-Signature: {}", signature(secret, &time, body.as_bytes())),
    ];
    let headers: Vec<_> = headers.iter().map(String::as_bytes).collect();
    demo.client.anonymous().raw("POST", path.as_bytes(), &headers, body.as_bytes()).unwrap()
}

fn status_of(demo: &Demo, request: &str) -> String {
    read(demo, &format!("/requests/{request}"))["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_program_is_told_what_to_do_and_says_that_it_is_done() {
    let (demo, receiver, _) = with_program();
    let (request, told) = begun(&demo, &receiver);
    check_signature(&told);
    let work = told.json()["request"].clone();
    assert_eq!(told.json()["kind"], "begun");
    assert_eq!((work["number"].to_string(), &work["operation"]), (request.clone(), &json!("Assign Roles")));
    assert_eq!(
        (&work["beneficiaries"][0]["name"], &work["beneficiaries"][0]["number"]),
        (&json!("user24"), &json!(24))
    );
    let target = &work["targets"][0];
    assert_eq!((&target["entityKey"], &target["form"][0]["value"]), (&json!("12"), &json!("for the project")));
    let callback = work["callback"].as_str().unwrap();
    assert_eq!(callback, format!("{NATIVE}/fulfilments/{}", work["id"].as_str().unwrap()));
    let done = call_back(&demo, callback, &json!({"outcome": "completed", "request": work["id"]}), SECRET, seconds());
    assert_eq!(done.json_of(200).unwrap()["status"], "completed");
    // Nothing else was told to it: neither votes nor what is given at once.
    let account =
        json!({"beneficiaries": [{"login": "user24"}], "targets": [{"entityType": "Role", "entityKey": "13"}]});
    let other = post(&demo, "requester", "/requests", &account)["number"].to_string();
    assert_eq!(approve(&demo, &other)["status"], "completed");
    begun(&demo, &receiver);
    let kinds: Vec<_> = receiver.taken().iter().map(|posted| posted.json()["kind"].clone()).collect();
    assert_eq!(kinds, ["begun", "begun"]);
}

#[test]
fn a_failure_has_a_visible_reason_and_can_be_tried_again() {
    let (demo, receiver, _) = with_program();
    let (request, told) = begun(&demo, &receiver);
    let work = told.json()["request"].clone();
    let path = work["callback"].as_str().unwrap();
    let stumbled = json!({"outcome": "stumbled", "reason": "the directory is down", "request": work["id"]});
    assert_eq!(call_back(&demo, path, &stumbled, SECRET, seconds()).status, 200);
    assert_eq!(read(&demo, &format!("/requests/{request}"))["failure"], "the directory is down");
    // Only an administrator has it tried again; then the program is told again.
    let retry = json!({"outcome": "retry", "request": work["id"]});
    assert_eq!(call_back(&demo, path, &retry, SECRET, seconds()).status, 403);
    post(&demo, "sysadmin", &format!("/fulfilments/{request}"), &json!({"outcome": "retry"}));
    let again = receiver.wait_for(|taken| taken.len() == 2)[1].json();
    assert_eq!((&again["kind"], &again["request"]["id"]), (&json!("retried"), &work["id"]));
    let failed = json!({"outcome": "failed", "reason": "gone", "request": work["id"]});
    let after = call_back(&demo, path, &failed, SECRET, seconds()).json_of(200).unwrap();
    assert_eq!((&after["status"], &after["failure"]), (&json!("failed"), &json!("gone")));
}

#[test]
fn a_call_that_is_not_signed_so_is_refused() {
    let (demo, receiver, hook) = with_program();
    let notified = "another key of that length";
    let other = json!({"name": "Other", "url": receiver.url(), "secret": notified, "streams": ["user"]});
    post(&demo, "sysadmin", "/webhooks", &other);
    let (request, told) = begun(&demo, &receiver);
    let (_, second) = begun(&demo, &receiver);
    let (work, foreign) = (told.json()["request"].clone(), second.json()["request"].clone());
    let path = work["callback"].as_str().unwrap();
    let body = json!({"outcome": "completed", "request": work["id"]});
    let now = seconds();
    for (secret, time) in [("wrong, and long enough", now), (notified, now), (SECRET, now - 400), (SECRET, now + 400)] {
        let refused = call_back(&demo, path, &body, secret, time);
        assert_eq!(refused.json_of(401).unwrap()["code"], "AuthenticationRequired");
    }
    // What was signed for one request does nothing to another, and nothing is done that is not signed.
    assert_eq!(
        call_back(&demo, path, &json!({"outcome": "completed", "request": foreign["id"]}), SECRET, now).status,
        400
    );
    assert_eq!(call_back(&demo, path, &json!({"outcome": "completed"}), SECRET, now).status, 400);
    let elsewhere = format!("{NATIVE}/requests/{request}/actions");
    assert_eq!(call_back(&demo, &elsewhere, &json!({"action": "close"}), SECRET, now).status, 401);
    let body_text = body.to_string();
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Countersign-Signature: sha256=00"];
    let untimed = demo.client.anonymous().raw("POST", path.as_bytes(), &headers, body_text.as_bytes()).unwrap();
    assert_eq!(untimed.status, 401);
    assert_eq!(status_of(&demo, &request), "executing");

    let off = json!({"name": "Off", "url": receiver.url(), "purpose": "fulfil", "enabled": false});
    assert_eq!(call(&demo, "sysadmin", "PUT", &hook, &off).status, 200);
    assert_eq!(call_back(&demo, path, &body, SECRET, now).status, 401);
    assert_eq!(status_of(&demo, &request), "executing");
}

#[test]
fn a_call_that_is_sent_again_has_one_effect() {
    let (demo, receiver, _) = with_program();
    let (request, told) = begun(&demo, &receiver);
    let work = told.json()["request"].clone();
    let path = work["callback"].as_str().unwrap();
    let stumbled = json!({"outcome": "stumbled", "reason": "locked", "request": work["id"]});
    let now = seconds();
    let first = call_back(&demo, path, &stumbled, SECRET, now);
    assert_eq!(first.status, 200);
    post(&demo, "sysadmin", &format!("/fulfilments/{request}"), &json!({"outcome": "retry"}));
    // The old call, heard by somebody and sent again, answers as it did and changes nothing.
    let again = call_back(&demo, path, &stumbled, SECRET, now);
    assert_eq!((again.status, again.body), (200, first.body));
    assert!(read(&demo, &format!("/requests/{request}"))["failure"].is_null());
    // A new one counts.
    assert_eq!(call_back(&demo, path, &stumbled, SECRET, now + 1).status, 200);
    assert_eq!(read(&demo, &format!("/requests/{request}"))["failure"], "locked");
}

#[test]
fn what_a_person_carries_out_is_not_the_programs() {
    let (demo, receiver, _) = with_program();
    let mut item = read(&demo, "/catalog-items/7");
    item["fulfilment"] = json!("manual");
    assert_eq!(call(&demo, "sysadmin", "PUT", "/catalog-items/7", &item).status, 200);
    let request = ask(&demo, "a");
    let id = approve(&demo, &request)["id"].clone();
    let path = format!("{NATIVE}/fulfilments/{}", id.as_str().unwrap());
    let refused = call_back(&demo, &path, &json!({"outcome": "completed", "request": id}), SECRET, seconds());
    assert_eq!(refused.json_of(409).unwrap()["code"], "RequestStatusInvalid");
    assert_eq!((status_of(&demo, &request).as_str(), receiver.posted().len()), ("executing", 0));
}
