//! Deciding: who may, on what they saw, once.

use std::thread;

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{Caller, DUAL_CONTROL, UNKNOWN, caller, refused, request_for, role_request, target};

/// Certificates that two of three people approve.
fn dual(demo: &Demo) -> String {
    caller(demo, "requester").ask(&request_for("user24", &[target("ProfileTemplate", DUAL_CONTROL)]))
}

fn decide(caller: &Caller, request: &str, body: &Value) -> countersign_xtask::answer::Answer {
    caller.post(&format!("/requests/{request}/decisions"), body)
}

/// The requester asks for another end date: what approvers judge changes.
fn edit(demo: &Demo, request: &str) {
    let mut role = target("Role", "12");
    role["end"] = json!("2099-01-01T00:00:00Z");
    let edited = caller(demo, "requester").act(request, &json!({"action": "edit", "targets": [role]}));
    assert_eq!((edited.status, edited.header("etag")), (200, Some("\"2\"")), "{}", edited.text());
}

#[test]
fn approve_and_deny() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    for (outcome, status) in [("approve", "completed"), ("deny", "denied")] {
        let id = role_request(&demo);
        for other in ["requester", "user24"] {
            refused(&caller(&demo, other).decide(&id, outcome), 403, "AccessDenied", "not yours");
        }
        refused(&caller(&demo, "user82").decide(&id, outcome), 404, "EntityNotFound", "");
        let body = json!({"outcome": outcome, "comment": "well"});
        let after = decide(&manager, &id, &body).json_of(200).unwrap();
        assert_eq!(after["status"], status);
        let vote = &after["stages"][0]["tasks"][0]["votes"][0];
        assert_eq!(
            (&vote["voter"]["name"], &vote["outcome"], &vote["comment"]),
            (&json!("manager"), &json!(outcome), &json!("well"))
        );
        refused(&manager.decide(&id, outcome), 409, "RequestStatusInvalid", status);
    }
}

#[test]
fn on_a_named_task() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let (id, other) = (role_request(&demo), role_request(&demo));
    let task = |id: &str| manager.read(&format!("/requests/{id}"))["stages"][0]["tasks"][0]["id"].clone();
    let on = |task: &Value| json!({"outcome": "approve", "task": task});
    refused(&decide(&manager, &id, &on(&json!(UNKNOWN))), 404, "EntityNotFound", "task");
    refused(&decide(&manager, &id, &on(&task(&other))), 404, "EntityNotFound", "task");
    refused(&decide(&manager, &id, &on(&json!("7"))), 400, "InvalidInput", "task");
    refused(&decide(&manager, &id, &json!({"outcome": "maybe"})), 400, "InvalidInput", "outcome");
    refused(&decide(&manager, &id, &json!({})), 400, "InvalidInput", "outcome");
    assert_eq!(decide(&manager, &id, &on(&task(&id))).status, 200);
    assert_eq!(manager.status_of(&other), "pending");
}

#[test]
fn a_decision_on_old_content_changes_nothing() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    edit(&demo, &id);
    let before = manager.read(&format!("/requests/{id}"));
    for tag in ["\"1\"", "\"3\"", "\"x\"", "W/\"2\""] {
        refused(&manager.seeing(tag).decide(&id, "approve"), 412, "ContentChanged", "content revision 2");
    }
    for tag in ["2", "\"1\", \"2\"", ""] {
        refused(&manager.seeing(tag).decide(&id, "approve"), 400, "InvalidInput", "If-Match");
    }
    assert_eq!(manager.read(&format!("/requests/{id}")), before);
    assert_eq!(manager.seeing("\"2\"").decide(&id, "approve").json_of(200).unwrap()["status"], "completed");
}

#[test]
fn a_vote_in_between_does_not_move_the_content() {
    let demo = Demo::start();
    let (approver, manager) = (caller(&demo, "approver"), caller(&demo, "manager"));
    let id = dual(&demo);
    let tag = manager.get(&format!("/requests/{id}")).header("etag").unwrap().to_owned();
    let first = approver.seeing(&tag).decide(&id, "approve");
    assert_eq!((first.status, first.header("etag")), (200, Some(tag.as_str())));
    refused(&approver.seeing(&tag).decide(&id, "approve"), 409, "RequestStatusInvalid", "voted already");
    let second = manager.seeing(&tag).decide(&id, "approve").json_of(200).unwrap();
    assert_eq!((&second["status"], &second["stages"][0]["approvals"]), (&json!("approved"), &json!(2)));
    // Any content will do for whoever says so.
    let other = dual(&demo);
    assert_eq!(approver.seeing("*").decide(&other, "deny").json_of(200).unwrap()["status"], "denied");
}

#[test]
fn of_several_who_decide_at_once_each_is_told_what_became_of_it() {
    let demo = Demo::start();
    let callers = ["approver", "manager", "sysadmin"].map(|login| caller(&demo, login));
    for _ in 0..5 {
        let id = dual(&demo);
        let answers: Vec<_> = thread::scope(|scope| {
            let calls: Vec<_> = callers.iter().map(|caller| scope.spawn(|| caller.decide(&id, "approve"))).collect();
            calls.into_iter().map(|call| call.join().unwrap().status).collect()
        });
        let good = answers.iter().filter(|status| **status == 200).count();
        assert!(good == 2 && answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
        let stored = caller(&demo, "sysadmin").read(&format!("/requests/{id}"));
        let votes =
            stored["stages"][0]["tasks"].as_array().unwrap().iter().map(|task| task["votes"].as_array().unwrap().len());
        assert_eq!(votes.sum::<usize>(), 2);
    }
}
