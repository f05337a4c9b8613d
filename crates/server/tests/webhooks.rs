//! Webhooks: told in order, signed, until the receiver has taken it; and called back.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "webhooks/fulfilment.rs"]
mod fulfilment;
#[path = "webhooks/receiver.rs"]
mod receiver;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_xtask::answer::Answer;
use receiver::{Posted, Receiver, signature};
use serde_json::{Value, json};
use support::{Demo, NATIVE};

const SECRET: &str = "correct horse battery staple";

/// The demo with a quick worker.
fn demo() -> Demo {
    Demo::with(&[("COUNTERSIGN__WORKFLOW__WORKER_MILLIS", "20"), ("COUNTERSIGN__WEBHOOKS__RETRY_MILLIS", "20")])
}

fn call(demo: &Demo, login: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"If-Match: *"];
    let path = format!("{NATIVE}{path}");
    demo.login(login).raw(method, path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
}

fn post(demo: &Demo, login: &str, path: &str, body: &Value) -> Value {
    let answer = call(demo, login, "POST", path, body);
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    answer.json().unwrap()
}

fn read(demo: &Demo, path: &str) -> Value {
    demo.login("sysadmin").get(&format!("{NATIVE}{path}")).unwrap().json_of(200).unwrap()
}

/// Makes a webhook; its path.
fn hook(demo: &Demo, url: &str, changed: &Value) -> String {
    let mut body = json!({"name": "Of the test", "url": url, "secret": SECRET});
    body.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    format!("/webhooks/{}", post(demo, "sysadmin", "/webhooks", &body)["id"].as_str().unwrap())
}

/// A role for user 24 because of `why`; its number.
fn ask(demo: &Demo, why: &str) -> String {
    let role = json!({"entityType": "Role", "entityKey": "12", "form": [{"name": "Cost centre", "value": why}]});
    let body = json!({"beneficiaries": [{"login": "user24"}], "targets": [role], "justification": why});
    post(demo, "requester", "/requests", &body)["number"].to_string()
}

fn approve(demo: &Demo, request: &str) -> Value {
    let body = json!({"outcome": "approve", "comment": "not for others"});
    post(demo, "manager", &format!("/requests/{request}/decisions"), &body)
}

/// The end of the feed.
fn end(demo: &Demo) -> i64 {
    let mut after = 0;
    loop {
        let page = read(demo, &format!("/events?limit=1000&after={after}"));
        if page["items"].as_array().unwrap().is_empty() {
            return after;
        }
        after = page["next"].as_i64().unwrap();
    }
}

fn positions(posted: &[Posted]) -> Vec<i64> {
    posted.iter().map(|posted| posted.json()["position"].as_i64().unwrap()).collect()
}

/// The positions of the feed after `from` that belong to one of `streams`.
fn expected(demo: &Demo, from: i64, streams: &[&str]) -> Vec<i64> {
    let feed = read(demo, &format!("/events?limit=1000&after={from}"));
    let events = feed["items"].as_array().unwrap().iter();
    let heard = events.filter(|event| streams.contains(&event["stream"].as_str().unwrap()));
    heard.map(|event| event["position"].as_i64().unwrap()).collect()
}

fn seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// Fails unless the delivery is signed, and signed now.
#[track_caller]
fn check_signature(posted: &Posted) {
    let timestamp = posted.header("x-countersign-timestamp");
    assert!((timestamp.parse::<i64>().unwrap() - seconds()).abs() < 120);
    assert_eq!(posted.header("x-countersign-signature"), signature(SECRET, timestamp, &posted.body));
    assert_eq!(posted.header("content-type"), "application/json");
    assert_eq!(posted.header("x-countersign-delivery"), posted.json()["id"]);
}

#[test]
fn every_event_is_told_once_in_order_signed_and_without_what_people_wrote() {
    let demo = demo();
    let receiver = Receiver::start(|_| 200);
    let from = end(&demo);
    let path = hook(&demo, &receiver.url(), &json!({"streams": ["request", "grant"]}));
    let requests: Vec<_> = (0..3).map(|_| ask(&demo, "needs the VPN")).collect();
    for request in &requests {
        assert_eq!(approve(&demo, request)["status"], "completed");
    }
    let all = expected(&demo, from, &["request", "grant"]);
    let taken = receiver.wait_for(|taken| taken.len() >= all.len());
    assert_eq!(positions(&taken), all);
    taken.iter().for_each(check_signature);
    for posted in &taken {
        let text = String::from_utf8(posted.body.clone()).unwrap();
        assert!(!text.contains("VPN") && !text.contains("not for others"), "{text}");
    }
    let first = taken[0].json();
    assert_eq!((&first["kind"], &first["channel"]), (&json!("created"), &json!("native")));
    assert_eq!(first["request"]["number"].to_string(), requests[0]);
    assert_eq!(first["data"]["details"]["access"]["targets"][0]["entityKey"], "12");
    // Once it is told, nothing is open; and nothing comes again.
    let told = read(&demo, &path)["delivery"].clone();
    assert_eq!((&told["attempts"], &told["error"]), (&json!(0), &Value::Null));
    sleep(Duration::from_millis(300));
    assert_eq!(receiver.posted().len(), all.len());
}

#[test]
fn a_receiver_that_fails_and_dies_gets_everything_in_order() {
    let demo = demo();
    let from = end(&demo);
    let receiver = Receiver::start(|n| [500, 503, 302, 404, 429].get(n).copied().unwrap_or(200));
    let path = hook(&demo, &receiver.url(), &json!({"streams": ["request"]}));
    for request in [ask(&demo, "a"), ask(&demo, "b")] {
        approve(&demo, &request);
    }
    let taken = receiver.wait_for(|taken| taken.len() >= 2);
    let tries = receiver.posted();
    assert_eq!(tries[..5].iter().filter_map(|posted| posted.answer).collect::<Vec<_>>(), [500, 503, 302, 404, 429]);
    // The same delivery each time, and no other before it was taken.
    let ids: Vec<_> = tries[..6].iter().map(|posted| posted.header("x-countersign-delivery").to_owned()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    check_signature(&taken[0]);

    let address = receiver.address();
    let mut heard = receiver.die();
    let more: Vec<_> = (0..3).map(|_| ask(&demo, "c")).collect();
    let waiting = loop {
        let delivery = read(&demo, &path)["delivery"].clone();
        if delivery["attempts"].as_i64().unwrap() >= 2 {
            break delivery;
        }
        sleep(Duration::from_millis(20));
    };
    assert!(waiting["error"].as_str().unwrap().to_lowercase().contains("refused"), "{waiting}");

    let again = Receiver::on(address, |_| 200);
    more.iter().for_each(|request| drop(approve(&demo, request)));
    let all = expected(&demo, from, &["request"]);
    let last = *all.last().unwrap();
    heard.extend(again.wait_for(|taken| positions(taken).last() == Some(&last)));
    // What was being taken when the receiver died may have come twice; nothing is left out.
    let mut positions = positions(&heard);
    positions.dedup();
    assert_eq!(positions, all);
    again.taken().iter().for_each(check_signature);
}

#[test]
fn a_webhook_that_is_switched_off_hears_the_rest_later() {
    let demo = demo();
    let receiver = Receiver::start(|_| 200);
    let from = end(&demo);
    let path = hook(&demo, &receiver.url(), &json!({"streams": ["request"], "enabled": false}));
    ask(&demo, "a");
    sleep(Duration::from_millis(300));
    assert_eq!(receiver.posted().len(), 0);
    let on = json!({"name": "On", "url": receiver.url(), "streams": ["request"]});
    assert_eq!(call(&demo, "sysadmin", "PUT", &path, &on).status, 200);
    let all = expected(&demo, from, &["request"]);
    let taken = receiver.wait_for(|taken| taken.len() >= all.len());
    assert_eq!(positions(&taken), all);
    taken.iter().for_each(check_signature);
}

#[test]
fn a_slow_receiver_does_not_keep_others_waiting() {
    let demo = demo();
    let slow = Receiver::start(|_| {
        sleep(Duration::from_secs(3));
        200
    });
    let quick = Receiver::start(|_| 200);
    for receiver in [&slow, &quick] {
        hook(&demo, &receiver.url(), &json!({"streams": ["request"]}));
    }
    approve(&demo, &ask(&demo, "a"));
    quick.wait_for(|taken| taken.len() >= 4);
    assert!(slow.taken().len() < 4);
}

#[test]
fn what_was_told_can_be_told_again_or_passed_over() {
    let demo = demo();
    let receiver = Receiver::start(|_| 200);
    let path = hook(&demo, &receiver.url(), &json!({"streams": ["request"]}));
    let from = end(&demo);
    approve(&demo, &ask(&demo, "a"));
    let last = end(&demo);
    let all = expected(&demo, from, &["request"]);
    let first = receiver.wait_for(|taken| taken.len() >= all.len());
    assert_eq!(positions(&first), all);
    // The receiver has it before the server knows.
    while read(&demo, &path)["delivery"]["position"].as_i64().unwrap() < last {
        sleep(Duration::from_millis(20));
    }
    let replay = |after: i64| call(&demo, "sysadmin", "POST", &format!("{path}/replay"), &json!({ "after": after }));
    let after = positions(&first)[1];
    assert_eq!(replay(after).status, 200);
    let told = receiver.wait_for(|taken| taken.len() >= first.len() * 2 - 2);
    assert_eq!(positions(&told[first.len()..]), positions(&first)[2..]);
    let ids = |posted: &[Posted]| posted.iter().map(|posted| posted.json()["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&told[first.len()..]), ids(&first[2..]), "it is the same delivery");

    for wrong in [-1, last + 100_000] {
        let answer = replay(wrong);
        assert_eq!((answer.status, &answer.json().unwrap()["field"]), (400, &json!("after")), "{wrong}");
    }
    assert_eq!(call(&demo, "manager", "POST", &format!("{path}/replay"), &json!({"after": 0})).status, 403);
    let nowhere = format!("/webhooks/{}/replay", "00000000-dead-4bad-8bad-000000000000");
    assert_eq!(call(&demo, "sysadmin", "POST", &nowhere, &json!({"after": 0})).status, 404);

    // What a receiver can never take is passed over by an administrator.
    let stuck = Receiver::start(|_| 500);
    let path = hook(&demo, &stuck.url(), &json!({"streams": ["request"]}));
    ask(&demo, "b");
    let last = end(&demo);
    while stuck.posted().is_empty() {
        sleep(Duration::from_millis(20));
    }
    assert_eq!(call(&demo, "sysadmin", "POST", &format!("{path}/replay"), &json!({ "after": last })).status, 200);
    let passed = read(&demo, &path)["delivery"].clone();
    assert!(passed["position"].as_i64().unwrap() >= last && passed["error"].is_null(), "{passed}");
}
