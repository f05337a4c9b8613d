//! What a request that is carried out gives, how long, and who is told to take it away again.

use std::time::Duration;

use countersign_core::clock::Timestamp;
use serde_json::{Value, json};

use crate::house::house;
use crate::support::{Demo, NATIVE};
use crate::surface::{native, see, soon, status};

fn order(key: &str, end: Option<&str>) -> Value {
    let mut target = json!({"entityType": "Role", "entityKey": key});
    if let Some(end) = end {
        target["end"] = json!(end);
    }
    json!({"beneficiaries": [{"login": "user24"}], "targets": [target]})
}

fn ask(demo: &Demo, order: &Value) -> String {
    native(demo, "requester", "/requests", order).json_of(201).unwrap()["number"].to_string()
}

/// Whether user 24 has the role: what nobody has cannot be taken away.
fn is_held(demo: &Demo, key: &str) -> bool {
    let mut take = order(key, None);
    take["intent"] = json!("take");
    take["draft"] = json!(true);
    native(demo, "requester", "/requests", &take).status == 201
}

fn in_a_second() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let end = now + Duration::from_secs(1);
    Timestamp::from_micros(end.as_micros().try_into().unwrap()).unwrap().to_string()
}

/// The numbers of what waits to be carried out.
fn to_carry_out(demo: &Demo) -> Vec<String> {
    let list = demo.login("sysadmin").get(&format!("{NATIVE}/fulfilments")).unwrap().json_of(200).unwrap();
    list["items"].as_array().unwrap().iter().map(|item| item["number"].to_string()).collect()
}

fn completes(demo: &Demo, request: &str) {
    let done = native(demo, "sysadmin", &format!("/fulfilments/{request}"), &json!({"outcome": "completed"}));
    assert_eq!(done.json_of(200).unwrap()["status"], "completed");
}

#[test]
fn whoever_gave_it_by_hand_is_asked_to_take_it_away_at_its_end() {
    let demo = house();
    let request = ask(&demo, &order("hands", Some(&in_a_second())));
    assert_eq!(status(&demo, &request), "executing");
    completes(&demo, &request);
    soon("a request to take it away", || to_carry_out(&demo).len() == 1);
    let removal = to_carry_out(&demo).remove(0);
    let seen = see(&demo, &removal);
    assert_eq!(
        (&seen["operation"], &seen["requester"]["name"], &seen["beneficiaries"][0]["name"]),
        (&json!("Remove from Roles"), &json!("requester"), &json!("user24")),
        "{seen}"
    );
    // Until it is done, the user has it; nobody is asked twice.
    assert!(is_held(&demo, "hands"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(to_carry_out(&demo), std::slice::from_ref(&removal));
    completes(&demo, &removal);
    assert!(!is_held(&demo, "hands"));
    assert_eq!(to_carry_out(&demo), [""; 0]);
}

#[test]
fn what_is_given_again_while_it_is_taken_away_is_kept() {
    let demo = house();
    let first = ask(&demo, &order("hands", Some("2020-01-01T00:00:00Z")));
    completes(&demo, &first);
    soon("a request to take it away", || to_carry_out(&demo).len() == 1);
    let removal = to_carry_out(&demo).remove(0);
    for _ in 0..2 {
        let again = ask(&demo, &order("hands", None));
        completes(&demo, &again);
    }
    completes(&demo, &removal);
    assert!(is_held(&demo, "hands"));
}

#[test]
fn what_is_given_twice_lasts_as_long_as_the_longer() {
    let demo = house();
    ask(&demo, &order("free", None));
    ask(&demo, &order("free", Some(&in_a_second())));
    ask(&demo, &order("short-lived", Some("2990-01-01T00:00:00Z")));
    ask(&demo, &order("short-lived", Some(&in_a_second())));
    std::thread::sleep(Duration::from_millis(1800));
    assert!(is_held(&demo, "free") && is_held(&demo, "short-lived"));
}
