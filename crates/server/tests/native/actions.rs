//! Everything that can be done to a request besides deciding.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{DUAL_CONTROL, account_request, caller, refused, request_for, role_request, target};

const LATE: &str = "RequestStatusInvalid";
const OTHERS: &str = "AccessDenied";

fn does(action: &str) -> Value {
    json!({ "action": action })
}

fn task(request: &Value) -> &Value {
    &request["stages"][0]["tasks"][0]
}

#[test]
fn claim_and_release() {
    let demo = Demo::start();
    let (sysadmin, xelsysadm) = (caller(&demo, "sysadmin"), caller(&demo, "xelsysadm"));
    let id = account_request(&demo);
    refused(&xelsysadm.act(&id, &does("release")), 409, LATE, "nobody has claimed");
    let claimed = sysadmin.act(&id, &does("claim")).json_of(200).unwrap();
    assert_eq!(task(&claimed)["acquiredBy"]["name"], "sysadmin");
    refused(&xelsysadm.decide(&id, "approve"), 409, LATE, "somebody else has claimed");
    refused(&caller(&demo, "requester").act(&id, &does("release")), 403, OTHERS, "not yours");
    assert!(task(&sysadmin.act(&id, &does("release")).json_of(200).unwrap())["acquiredBy"].is_null());
    assert_eq!(xelsysadm.decide(&id, "approve").status, 200);
}

#[test]
fn a_task_is_given_to_others() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    for (to, expected) in [
        (json!({"login": "approver"}), "approver"),
        (json!({"number": 2004}), "approver"),
        (json!({"id": "67c8096e-4234-4536-9df0-9a8a7bc25e53"}), "approver"),
        (json!({"id": "154dbe34-dfc8-40ab-a3a6-68e85a35c939"}), "APPROVERS"),
        (json!({"group": "approvers"}), "APPROVERS"),
    ] {
        let id = role_request(&demo);
        let given = manager.act(&id, &json!({"action": "reassign", "to": [to]})).json_of(200).unwrap();
        assert_eq!(task(&given)["assignee"]["name"], expected);
    }
    let id = role_request(&demo);
    let delegated = manager.act(&id, &json!({"action": "delegate", "to": [{"login": "approver"}]}));
    assert_eq!(task(&delegated.json_of(200).unwrap())["delegate"]["name"], "approver");
    let asked = manager.act(&id, &json!({"action": "createSubtask", "to": [{"login": "auditor"}], "comment": "first"}));
    assert_eq!(asked.json_of(200).unwrap()["stages"][0]["tasks"].as_array().unwrap().len(), 2);
    for (to, field) in [
        (json!([{"login": "nobody"}]), "to[0]"),
        (json!([{"login": "auditor"}, {"group": "nobody"}]), "to[1]"),
        (json!([{"id": "00000000-dead-4bad-8bad-000000000000"}]), "to[0]"),
        (json!([{"login": "auditor", "number": 1}]), "to[0]"),
    ] {
        let answer = manager.act(&id, &json!({"action": "reassign", "to": to}));
        refused(&answer, 400, "InvalidInput", field);
    }
    let answer = caller(&demo, "requester").act(&id, &json!({"action": "reassign", "to": [{"login": "auditor"}]}));
    refused(&answer, 403, OTHERS, "not yours");
}

#[test]
fn escalate_suspend_resume_and_skip() {
    let demo = Demo::start();
    let (manager, sysadmin) = (caller(&demo, "manager"), caller(&demo, "sysadmin"));
    let id = role_request(&demo);
    refused(&caller(&demo, "requester").act(&id, &does("suspend")), 403, OTHERS, "not yours");
    assert_eq!(task(&manager.act(&id, &does("suspend")).json_of(200).unwrap())["state"], "suspended");
    refused(&manager.decide(&id, "approve"), 409, LATE, "aside");
    assert_eq!(task(&manager.act(&id, &does("resume")).json_of(200).unwrap())["state"], "assigned");
    refused(&manager.act(&id, &does("skip")), 403, OTHERS, "administrators");
    assert_eq!(sysadmin.act(&id, &does("skip")).json_of(200).unwrap()["status"], "completed");

    let id = role_request(&demo);
    let escalated = manager.act(&id, &json!({"action": "escalate", "comment": "away"})).json_of(200).unwrap();
    assert_eq!(task(&escalated)["assignee"]["name"], "SYSTEM ADMINISTRATORS");
}

#[test]
fn save_and_edit() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester"), caller(&demo, "manager"));
    let mut role = target("Role", "12");
    role["end"] = json!("2098-01-01T00:00:00Z");
    let id = role_request(&demo);
    let edited = requester.act(&id, &json!({"action": "edit", "targets": [role], "justification": "longer"}));
    let body = edited.json_of(200).unwrap();
    assert_eq!((&body["contentRevision"], &body["justification"]), (&json!(2), &json!("longer")));
    assert_eq!((&body["targets"][0]["end"], edited.header("etag")), (&role["end"], Some("\"2\"")));
    role["end"] = json!("2097-01-01T00:00:00Z");
    let saved = manager.act(&id, &json!({"action": "save", "targets": [role], "comment": "a year less"}));
    assert_eq!(saved.json_of(200).unwrap()["contentRevision"], 3);
    refused(&requester.act(&id, &json!({"action": "save", "comment": "x"})), 403, OTHERS, "not yours");
    let foreign = requester.act(&id, &json!({"action": "edit", "targets": [target("Role", "13")]}));
    refused(&foreign, 400, "InvalidInput", "targets[0]");
}

#[test]
fn withdraw_cancel_and_close() {
    let demo = Demo::start();
    let (requester, sysadmin) = (caller(&demo, "requester"), caller(&demo, "sysadmin"));
    let id = role_request(&demo);
    refused(&caller(&demo, "manager").act(&id, &does("withdraw")), 403, OTHERS, "whoever asked");
    refused(&requester.act(&id, &does("close")), 403, OTHERS, "administrators");
    refused(&requester.act(&id, &does("cancel")), 403, OTHERS, "certificate");
    assert_eq!(requester.act(&id, &does("withdraw")).json_of(200).unwrap()["status"], "canceled");
    refused(&requester.act(&id, &does("withdraw")), 409, LATE, "canceled");

    let id = role_request(&demo);
    let closed = sysadmin.act(&id, &json!({"action": "close", "comment": "a mistake"})).json_of(200).unwrap();
    assert_eq!(closed["status"], "closed");

    let id = requester.ask(&request_for("user24", &[target("ProfileTemplate", DUAL_CONTROL)]));
    assert_eq!(requester.act(&id, &does("cancel")).json_of(200).unwrap()["status"], "canceled");
}

#[test]
fn what_means_nothing_is_refused() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    for (body, field) in [
        (json!({}), "action"),
        (does("approve"), "action"),
        (json!({"action": "claim", "justification": "x"}), "justification"),
        (json!({"action": "withdraw", "task": "0c96d73f-967b-420e-854a-43ad2a1504bc"}), "task"),
        (json!({"action": "claim", "tsk": 1}), "tsk"),
    ] {
        refused(&manager.act(&id, &body), 400, "InvalidInput", field);
    }
    refused(&caller(&demo, "sysadmin").act(&id, &does("retry")), 409, LATE, "pending");
    refused(&manager.act("99999", &does("claim")), 404, "EntityNotFound", "");
}
