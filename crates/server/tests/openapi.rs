//! The contract: what is checked in is what the program says, and every operation keeps it.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use countersign_xtask::generate;
use countersign_xtask::process::workspace;
use countersign_xtask::show::Context;
use support::{Demo, MIM, OIG, binary};

/// One good call of each operation: its id, who calls, the path.
fn calls() -> Vec<(&'static str, Option<&'static str>, String)> {
    let request = "requests/0c96d73f-967b-420e-854a-43ad2a1504bc";
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
        ("oig_get_request", Some("TESTUSER1"), format!("{OIG}/requests/2029")),
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
    let called: BTreeSet<_> = calls().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(contract.operations(), called, "an operation without a call in this test");
    let seen: BTreeSet<_> =
        contract.seen().into_iter().filter(|(_, status)| *status == 200).map(|(id, _)| id).collect();
    assert_eq!(seen.len(), called.len());
}
