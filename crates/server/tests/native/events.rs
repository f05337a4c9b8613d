//! Events: of one request for whoever sees it, of everything for administrators.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{caller, column, refused, role_request};

#[test]
fn a_requests_events_tell_its_whole_life_with_what_people_wrote() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester"), caller(&demo, "manager"));
    let id = role_request(&demo);
    manager.act(&id, &json!({"action": "save", "comment": "asked him"})).json_of(200).unwrap();
    let vote = json!({"outcome": "approve", "comment": "fine by me"});
    manager.post(&format!("/requests/{id}/decisions"), &vote).json_of(200).unwrap();
    let path = format!("/requests/{id}/events");
    let whole = requester.read(&path);
    let kinds = column(&whole, "/kind");
    assert_eq!((kinds.first().unwrap().as_str(), kinds.last().unwrap().as_str()), ("created", "ended"));
    let of_kind = |kind: &str| whole["items"].as_array().unwrap().iter().find(|event| event["kind"] == kind).unwrap();
    assert_eq!(of_kind("saved")["data"]["comment"], "asked him");
    let voted = of_kind("voted");
    assert_eq!(voted["data"]["vote"]["comment"], "fine by me");
    assert_eq!((&voted["actor"]["name"], &voted["channel"]), (&json!("manager"), &json!("native")));
    let sequences: Vec<_> = whole["items"].as_array().unwrap().iter().map(|event| event["sequence"].clone()).collect();
    assert_eq!(sequences, (1..=sequences.len()).map(|n| json!(n)).collect::<Vec<_>>());
    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = requester.read(&format!("{path}?{query}"));
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(json!(paged), whole["items"]);
}

#[test]
fn the_feed_holds_everything_in_order_and_goes_on() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    for login in ["manager", "auditor", "requester"] {
        refused(&caller(&demo, login).get("/events"), 403, "AccessDenied", "administrators");
    }
    let read_from = |mut after: i64| {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let page = sysadmin.read(&format!("/events?after={after}&limit=7"));
            let items = page["items"].as_array().unwrap();
            after = page["next"].as_i64().unwrap();
            if items.is_empty() {
                return (all, after);
            }
            all.extend(items.iter().cloned());
        }
    };
    let (first, end) = read_from(0);
    assert!(first.iter().any(|event| event["stream"] == "user" && event["kind"] == "imported"));
    let id = role_request(&demo);
    caller(&demo, "manager").decide(&id, "approve").json_of(200).unwrap();
    let (more, _) = read_from(end);
    let positions: Vec<_> = first.iter().chain(&more).map(|event| event["position"].as_i64().unwrap()).collect();
    assert!(positions.is_sorted() && positions.windows(2).all(|pair| pair[0] != pair[1]));
    let kinds: Vec<_> = more.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert!(kinds.starts_with(&["created", "stageBegun", "voted"]), "{kinds:?}");
    assert!(more.iter().any(|event| event["stream"] == "grant"));
    // At the end the page is empty and leads to itself.
    let answer = sysadmin.get(&format!("/events?after={}", positions.last().unwrap()));
    assert_eq!(answer.json_of(200).unwrap()["items"], json!([]));
    assert!(answer.header("link").unwrap().contains(&format!("after={}", positions.last().unwrap())));
}
