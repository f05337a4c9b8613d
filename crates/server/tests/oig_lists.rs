//! OIG's lists over HTTP: what both views hold, for whom, in which shape, page by page.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "oig_lists/filters.rs"]
mod filters;
#[path = "oig_lists/paging.rs"]
mod paging;
#[path = "oig_lists/rows.rs"]
mod rows;
#[path = "oig_lists/shape.rs"]
mod shape;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;
#[path = "oig_lists/world.rs"]
mod world;

use countersign_xtask::http::Client;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rows::{PEOPLE, Row, inbox, rows, tracked};
use serde_json::Value;
use support::OIG;
use world::World;

/// The list with these parameters.
fn list(client: &Client, parameters: &str) -> Value {
    client.get(&path(parameters)).unwrap().json_of(200).unwrap()
}

fn path(parameters: &str) -> String {
    format!("{OIG}/requests?{parameters}")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A text member of every element.
fn members(list: &Value, name: &str) -> Vec<String> {
    let elements = list["requests"].as_array().unwrap().iter();
    elements.map(|element| element[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_tracks_their_own_and_their_reports_and_administrators_all() {
    let (world, rows) = (World::start(), rows());
    for (_, login, ..) in PEOPLE {
        let expected: Vec<_> = tracked(&rows, login).iter().map(|row| row.number.to_string()).collect();
        for view in ["limit=1000", "view=trackRequests&limit=1000"] {
            assert_eq!(members(&list(&world.login(login), view), "id"), expected, "{login} {view}");
        }
        assert_eq!(expected.is_empty(), ["stranger", "percy"].contains(&login), "{login} sees {expected:?}");
    }
}

#[test]
fn everybody_has_the_tasks_that_they_may_decide() {
    let (world, rows) = (World::start(), rows());
    for (_, login, ..) in PEOPLE {
        let all = inbox(&rows, login);
        let open = all.iter().filter(|(_, task)| task.state() == "ASSIGNED");
        let expected: Vec<_> = open.map(|(_, task)| task.id()).collect();
        let client = world.login(login);
        assert_eq!(members(&list(&client, "view=pendingApprovals&limit=1000"), "taskId"), expected, "{login}");
        let expected: Vec<_> = all.iter().map(|(_, task)| task.id()).collect();
        let found = list(&client, "view=pendingApprovals&limit=1000&q=state%20eq%20Any");
        assert_eq!(members(&found, "taskId"), expected, "{login}");
        let some = ["xelsysadm", "carol", "dave", "percy"].contains(&login);
        assert_eq!(!expected.is_empty(), some, "{login} has {expected:?}");
    }
}

#[test]
fn a_list_without_elements_is_empty_and_no_error() {
    let world = World::start();
    for view in
        ["", "view=pendingApprovals", "q=id%20eq%209", "offset=500", "userId=15", "view=pendingApprovals&limit=0"]
    {
        let found = list(&world.login("stranger"), view);
        assert_eq!(
            (&found["requests"], &found["count"], &found["hasMore"]),
            (&Value::Array(Vec::new()), &0.into(), &false.into()),
            "{view}"
        );
    }
}

#[test]
fn a_user_narrows_both_views_to_what_they_asked_for_or_get() {
    let (world, rows) = (World::start(), rows());
    for (number, name, ..) in PEOPLE {
        for login in ["xelsysadm", "boss", "carol", "stranger"] {
            let client = world.login(login);
            let of_user = |row: &Row| row.requester == name || row.beneficiaries.contains(&name);
            let expected: Vec<_> = tracked(&rows, login)
                .into_iter()
                .filter(|row| of_user(row))
                .map(|row| row.number.to_string())
                .collect();
            for spelling in ["userId", "userid"] {
                let found = list(&client, &format!("{spelling}={number}&limit=1000"));
                assert_eq!(members(&found, "id"), expected, "{login} {spelling} {name}");
            }
            let tasks =
                inbox(&rows, login).into_iter().filter(|(row, task)| of_user(row) && task.state() == "ASSIGNED");
            let expected: Vec<_> = tasks.map(|(_, task)| task.id()).collect();
            let found = list(&client, &format!("view=pendingApprovals&userId={number}&limit=1000"));
            assert_eq!(members(&found, "taskId"), expected, "{login} {name}");
        }
    }
}

#[test]
fn parameters_that_cannot_be_taken_are_named() {
    let world = World::start();
    let client = world.login("john");
    for (parameters, named) in [
        ("view=drafts", "view: "),
        ("view=", "view: "),
        ("offset=x", "offset: "),
        ("limit=5001", "limit: "),
        ("limit=-1", "limit: "),
        ("userId=john", "userId: "),
        ("cursor=abc", "cursor: "),
        ("orderBy=nothing", "orderBy: "),
        ("orderBy=reqStatus", "orderBy: "),
        ("view=pendingApprovals&orderBy=expires:descending", "orderBy: "),
        ("fields=id&fields=reqType", "fields: "),
        ("q=%FF", "query: "),
    ] {
        let answer = client.get(&path(parameters)).unwrap();
        let body = answer.json_of(400).unwrap();
        assert_eq!((&body["status"], &body["errorCode"]), (&"FAILED".into(), &"InvalidInput".into()), "{parameters}");
        assert!(body["message"].as_str().unwrap().starts_with(named), "{parameters}: {body}");
    }
    assert_eq!(client.get(&path("requestStatus=pending")).unwrap().status, 200, "unknown parameters mean nothing");
}
