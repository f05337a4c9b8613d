//! MIM CM over HTTP: what is read, by whom, and in which form.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use serde_json::{Value, json};
use support::{Demo, MIM};

const UNBLOCK: &str = "0c96d73f-967b-420e-854a-43ad2a1504bc";
const CARD_PROFILE: &str = "b99ff38c-6653-471f-ae3c-325bb351a6bc";
const SOFTWARE_PROFILE: &str = "c0dd5c7d-ec35-4346-baca-3ad711e9722f";

fn operations(profile: &Value) -> Vec<&str> {
    profile["ProfileOperations"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_list_is_an_array_and_one_request_is_an_object() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let list = requester.get(&format!("{MIM}/requests")).unwrap();
    assert_eq!(list.header("content-type"), Some("application/json; charset=utf-8"));
    let list = list.json_of(200).unwrap();
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|request| &request["Uuid"]).collect();
    assert_eq!(ids, [&json!(UNBLOCK), &json!("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099")], "newest first");
    let one = requester.get(&format!("{MIM}/requests/{UNBLOCK}")).unwrap().json_of(200).unwrap();
    assert_eq!(one, list[0]);
}

#[test]
fn the_profile_of_a_card_shows_under_its_request_and_not_among_profiles() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    assert_eq!(requester.get(&format!("{MIM}/profiles")).unwrap().status, 204);
    let list = requester.get(&format!("{MIM}/requests/{UNBLOCK}/profiles")).unwrap().json_of(200).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 1, "old and new profile are the same one");
    assert_eq!(list[0]["Uuid"], CARD_PROFILE);
    // An approved Unblock is open, so another one is not offered; the card may still be retired.
    assert_eq!(operations(&list[0]), ["renew", "retire"]);
    for path in [format!("{MIM}/requests/{UNBLOCK}/profiles/{CARD_PROFILE}"), format!("{MIM}/profiles/{CARD_PROFILE}")]
    {
        assert_eq!(requester.get(&path).unwrap().json_of(200).unwrap(), list[0], "{path}");
    }
}

#[test]
fn a_profile_that_the_request_does_not_name_is_not_under_it() {
    let demo = Demo::start();
    let answer = demo.login("requester").get(&format!("{MIM}/requests/{UNBLOCK}/profiles/{SOFTWARE_PROFILE}")).unwrap();
    assert_eq!(answer.status, 204);
}

#[test]
fn what_is_offered_depends_on_who_asks() {
    let demo = Demo::start();
    let path = format!("{MIM}/profiles/{SOFTWARE_PROFILE}");
    let offered = |login| demo.login(login).get(&path).unwrap();
    let owner = offered("profileowner").json_of(200).unwrap();
    assert_eq!(operations(&owner), ["renew", "disable", "recover"]);
    let colleague = offered("approver").json_of(200).unwrap();
    assert_eq!(operations(&colleague), ["renew", "disable"]);
    assert_eq!(offered("manager").status, 403);
    assert_eq!(offered("sysadmin").status, 403, "administrators have no MIM right over people by that alone");
}

#[test]
fn profile_statuses_filter_and_request_statuses_match_none() {
    let demo = Demo::start();
    let owner = demo.login("profileowner");
    let count = |query: &str| {
        let answer = owner.get(&format!("{MIM}/profiles{query}")).unwrap();
        if answer.status == 204 { 0 } else { answer.json_of(200).unwrap().as_array().unwrap().len() }
    };
    assert_eq!(count(""), 4);
    assert_eq!(count("?status=active"), 3);
    assert_eq!(count("?status=RETIRED"), 1);
    for word in ["Suspended", "Disabled", "New", "Approved", "Canceled", "Completed", "Denied", "Executing", "Failed"] {
        assert_eq!(count(&format!("?status={word}")), 0, "{word}");
    }
    assert_eq!(owner.get(&format!("{MIM}/profiles?status=junk")).unwrap().status, 400);
}

#[test]
fn an_auditor_reads_every_request_and_no_profile_by_that() {
    let demo = Demo::start();
    let auditor = demo.login("auditor");
    let list = auditor.get(&format!("{MIM}/requests?status=Approved")).unwrap().json_of(200).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(auditor.get(&format!("{MIM}/requests?targetuser=current")).unwrap().status, 204);
    assert_eq!(auditor.get(&format!("{MIM}/profiles/{SOFTWARE_PROFILE}")).unwrap().status, 403);
}
