//! Each action of PUT: what it does, and to whom it is refused.

use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{Caller, DUAL_CONTROL, UNKNOWN_TASK, account_request, caller, failed, refused, request_for, role_request};

const LATE: &str = "RequestStatusInvalid";
const OTHERS: &str = "AccessDenied";

/// The first task of the request.
fn task(caller: &Caller, request: &str) -> Value {
    caller.see(request)["requestTaskDetails"][0].clone()
}

fn assignee(caller: &Caller, request: &str) -> String {
    task(caller, request)["history"]["currentApprovers"][0]["approvers"].as_str().unwrap().to_owned()
}

fn give(action: &str, assignees: &Value) -> Value {
    json!({"action": action, "assignees": assignees})
}

#[test]
fn approve() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester"), caller(&demo, "manager"));
    let id = role_request(&demo);
    let approval = json!({"requestId": "coder-1001", "action": "Approve", "actionComment": "fine"});
    refused(&requester.put(&id, &approval), 403, OTHERS, "not yours");
    refused(&caller(&demo, "user24").put(&id, &approval), 403, OTHERS, "not yours");
    refused(&caller(&demo, "TESTUSER1").put(&id, &approval), 404, "EntityNotFound", "nothing");
    let href = format!("{}{OIG}/requests/{id}", demo.server.url());
    let done =
        json!({"links": [{"rel": "self", "href": href}], "id": id, "requestId": "coder-1001", "status": "SUCCESS"});
    assert_eq!(manager.put(&id, &approval).json_of(200).unwrap(), done);
    let seen = requester.see(&id);
    assert_eq!(seen["reqStatus"], "Request Completed");
    let vote = &seen["requestTaskDetails"][0]["history"]["previousApprovers"][0];
    assert_eq!((&vote["status"], &vote["acquiredBy"]), (&json!("APPROVE"), &json!("manager")));
    refused(&manager.put(&id, &approval), 409, LATE, "completed");
}

#[test]
fn approve_on_a_named_task() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let (id, other) = (role_request(&demo), role_request(&demo));
    let on = |task: &Value| json!({"taskId": task, "action": "approve"});
    refused(&manager.put(&id, &on(&json!(UNKNOWN_TASK))), 404, "EntityNotFound", "no such task");
    refused(&manager.put(&id, &on(&task(&manager, &other)["taskId"])), 404, "EntityNotFound", "no such task");
    refused(&manager.put(&id, &on(&json!("200061"))), 400, "InvalidInput", "taskId");
    assert_eq!(manager.put(&id, &on(&task(&manager, &id)["taskId"])).status, 200);
    assert_eq!(manager.status_of(&other), "Request Awaiting Approval");
}

#[test]
fn approve_needs_as_many_people_as_the_quorum() {
    let demo = Demo::start();
    let template = json!({"entityId": DUAL_CONTROL, "entityType": "ProfileTemplate"});
    let id = caller(&demo, "requester").ask(&request_for("24", &json!([template])));
    let approver = caller(&demo, "approver");
    assert_eq!(approver.act(&id, "approve"), 200);
    refused(&approver.put(&id, &json!({"action": "approve"})), 409, LATE, "voted already");
    assert_eq!(approver.status_of(&id), "Request Awaiting Approval");
    assert_eq!(caller(&demo, "manager").act(&id, "approve"), 200);
    assert_eq!(approver.status_of(&id), "Request Approved Fulfillment Pending");
}

#[test]
fn reject() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "reject"})), 403, OTHERS, "not yours");
    assert_eq!(manager.put(&id, &json!({"action": "REJECT", "actionComment": "no need"})).status, 200);
    assert_eq!(manager.status_of(&id), "Request Rejected");
    assert_eq!(task(&manager, &id)["history"]["previousApprovers"][0]["status"], "REJECT");
    refused(&manager.put(&id, &json!({"action": "reject"})), 409, LATE, "denied");
}

#[test]
fn claim_and_release() {
    let demo = Demo::start();
    let (sysadmin, xelsysadm) = (caller(&demo, "sysadmin"), caller(&demo, "xelsysadm"));
    let id = account_request(&demo);
    refused(&caller(&demo, "manager").put(&id, &json!({"action": "claim"})), 403, OTHERS, "not yours");
    refused(&xelsysadm.put(&id, &json!({"action": "release"})), 409, LATE, "nobody has claimed");
    assert_eq!(sysadmin.act(&id, "claim"), 200);
    // Whoever has it may say so twice; nobody else decides meanwhile.
    assert_eq!(sysadmin.act(&id, "claim"), 200);
    for action in ["claim", "approve", "reject", "save"] {
        refused(&xelsysadm.put(&id, &json!({ "action": action })), 409, LATE, "somebody else has claimed");
    }
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "release"})), 403, OTHERS, "not yours");
    assert_eq!(sysadmin.act(&id, "release"), 200);
    // Without a claim a decision is one.
    assert_eq!(xelsysadm.act(&id, "approve"), 200);
    assert_eq!(xelsysadm.status_of(&id), "Request Completed");

    let personal = role_request(&demo);
    refused(&caller(&demo, "manager").put(&personal, &json!({"action": "claim"})), 409, LATE, "task of several");
}

#[test]
fn reassign() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    for (to, expected) in [
        (json!({"name": "approver"}), "approver"),
        (json!({"userLogin": "APPROVER", "type": "user"}), "approver"),
        (json!({"id": "2004"}), "approver"),
        (json!({"id": 2004}), "approver"),
        (json!({"id": "67c8096e-4234-4536-9df0-9a8a7bc25e53"}), "approver"),
        (json!({"name": "approvers", "type": "group"}), "APPROVERS"),
        (json!({"name": "APPROVERS", "type": "Role"}), "APPROVERS"),
        (json!({"id": "154dbe34-dfc8-40ab-a3a6-68e85a35c939", "type": "group"}), "APPROVERS"),
    ] {
        let id = role_request(&demo);
        assert_eq!(manager.put(&id, &give("reassign", &json!([to]))).status, 200, "{to}");
        assert_eq!(assignee(&caller(&demo, "requester"), &id), expected, "{to}");
        if expected == "approver" {
            refused(&manager.put(&id, &json!({"action": "approve"})), 403, OTHERS, "not yours");
        }
        assert_eq!(caller(&demo, "approver").act(&id, "approve"), 200, "{to}");
        refused(&manager.put(&id, &give("reassign", &json!([to]))), 409, LATE, "completed");
    }
    let id = role_request(&demo);
    let to_approver = give("reassign", &json!([{"name": "approver"}]));
    refused(&caller(&demo, "requester").put(&id, &to_approver), 403, OTHERS, "not yours");
    for (to, named) in [
        (json!([]), "assignees: must name somebody"),
        (json!([{"name": "approver"}, {"name": "nobody"}]), "assignees[1]: there is no such user"),
        (json!([{"name": "approver", "type": "group"}]), "assignees[0]: there is no such group"),
        (json!([{"id": "99999"}]), "assignees[0]: there is no such user"),
        (json!([{"name": "user24"}]), "assignees: names somebody who may not decide"),
        (json!([{"name": "approver"}, {"id": "2004"}]), "assignees: names somebody twice"),
        (json!([{"type": "user"}]), "assignees[0]"),
        (json!([{"name": "approver", "type": "robot"}]), "assignees[0].type"),
    ] {
        refused(&manager.put(&id, &give("reassign", &to)), 400, "InvalidInput", named);
    }
    assert_eq!(assignee(&manager, &id), "manager");
}

#[test]
fn delegate() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    let to_approver = give("DELEGATE", &json!([{"name": "approver"}]));
    refused(&caller(&demo, "requester").put(&id, &to_approver), 403, OTHERS, "not yours");
    let to_two = give("delegate", &json!([{"name": "approver"}, {"name": "sysadmin"}]));
    refused(&manager.put(&id, &to_two), 400, "InvalidInput", "assignees: a task is delegated to one");
    assert_eq!(manager.put(&id, &to_approver).status, 200);
    // Both have it.
    assert_eq!(manager.put(&id, &json!({"action": "save", "actionComment": "looks fine"})).status, 200);
    assert_eq!(caller(&demo, "approver").act(&id, "approve"), 200);
    refused(&manager.put(&id, &to_approver), 409, LATE, "completed");
}

#[test]
fn escalate() {
    let demo = Demo::start();
    let (manager, sysadmin) = (caller(&demo, "manager"), caller(&demo, "sysadmin"));
    let id = role_request(&demo);
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "escalate"})), 403, OTHERS, "not yours");
    // The manager has none: the administrators are next.
    assert_eq!(manager.put(&id, &json!({"action": "escalate", "actionComment": "not mine"})).status, 200);
    assert_eq!(assignee(&sysadmin, &id), "SYSTEM ADMINISTRATORS");
    refused(&sysadmin.put(&id, &json!({"action": "escalate"})), 409, LATE, "nobody to escalate");
    assert_eq!(sysadmin.act(&id, "approve"), 200);
}

#[test]
fn suspend_and_resume() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "suspend"})), 403, OTHERS, "not yours");
    refused(&manager.put(&id, &json!({"action": "resume"})), 409, LATE, "not put aside");
    assert_eq!(manager.act(&id, "suspend"), 200);
    assert_eq!(task(&manager, &id)["state"], "SUSPENDED");
    for action in ["approve", "suspend", "escalate", "save"] {
        refused(&manager.put(&id, &json!({ "action": action })), 409, LATE, "put aside");
    }
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "resume"})), 403, OTHERS, "not yours");
    assert_eq!(caller(&demo, "sysadmin").act(&id, "resume"), 200);
    assert_eq!(task(&manager, &id)["state"], "ASSIGNED");
    assert_eq!(manager.act(&id, "approve"), 200);
}

#[test]
fn save() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    let save = json!({"action": "save", "actionComment": "until spring", "reqTargetEntities": [
        {"entityId": "12", "entityType": "Role", "endDate": "2031-03-01T00:00:00Z"}]});
    refused(&caller(&demo, "requester").put(&id, &save), 403, OTHERS, "not yours");
    assert_eq!(manager.put(&id, &save).status, 200);
    let seen = manager.see(&id);
    assert_eq!(seen["reqTargetEntities"][0]["appFormData"][0]["value"], "2031-03-01T00:00:00Z");
    assert_eq!(seen["reqStatus"], "Request Awaiting Approval");
    assert_eq!(manager.act(&id, "reject"), 200);
    refused(&manager.put(&id, &save), 409, LATE, "denied");
}

#[test]
fn create_subtask() {
    let demo = Demo::start();
    let (manager, approver) = (caller(&demo, "manager"), caller(&demo, "approver"));
    let id = role_request(&demo);
    let ask_approver = give("createSubtask", &json!([{"name": "approver"}]));
    refused(&caller(&demo, "requester").put(&id, &ask_approver), 403, OTHERS, "not yours");
    refused(&manager.put(&id, &json!({"action": "CREATESUBTASK"})), 400, "InvalidInput", "assignees");
    assert_eq!(manager.put(&id, &ask_approver).status, 200);
    refused(&manager.put(&id, &json!({"action": "approve"})), 409, LATE, "waits for its subtasks");
    assert_eq!(approver.act(&id, "approve"), 200);
    assert_eq!(approver.status_of(&id), "Request Awaiting Approval");
    assert_eq!(manager.act(&id, "approve"), 200);
    refused(&manager.put(&id, &ask_approver), 409, LATE, "completed");
}

#[test]
fn skip_assignment() {
    let demo = Demo::start();
    let (manager, sysadmin) = (caller(&demo, "manager"), caller(&demo, "sysadmin"));
    let id = role_request(&demo);
    refused(&manager.put(&id, &json!({"action": "skipassignment"})), 403, OTHERS, "only administrators");
    assert_eq!(sysadmin.act(&id, "SKIPASSIGNMENT"), 200);
    assert_eq!(sysadmin.status_of(&id), "Request Completed");
    refused(&sysadmin.put(&id, &json!({"action": "skipassignment"})), 409, LATE, "completed");
    let own = sysadmin.ask(&request_for("24", &json!([crate::role("13")])));
    refused(
        &sysadmin.put(&own, &json!({"action": "skipassignment"})),
        403,
        OTHERS,
        "nobody decides what they asked for",
    );
}

#[test]
fn withdraw() {
    let demo = Demo::start();
    let (requester, sysadmin) = (caller(&demo, "requester"), caller(&demo, "sysadmin"));
    let id = role_request(&demo);
    refused(&caller(&demo, "user24").put(&id, &json!({"action": "withdraw"})), 403, OTHERS, "only whoever asked");
    refused(&caller(&demo, "manager").put(&id, &json!({"action": "withdraw"})), 403, OTHERS, "only whoever asked");
    assert_eq!(requester.act(&id, "withdraw"), 200);
    assert_eq!(requester.status_of(&id), "Request Withdrawn");
    assert_eq!(task(&requester, &id)["state"], "WITHDRAWN");
    refused(&requester.put(&id, &json!({"action": "withdraw"})), 409, LATE, "canceled");
    let others = role_request(&demo);
    let with_reason = json!({"requestId": others, "action": "WITHDRAW", "actionComment": "by telephone"});
    assert_eq!(sysadmin.put(&others, &with_reason).status, 200);
}

#[test]
fn close() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let id = role_request(&demo);
    refused(&caller(&demo, "requester").put(&id, &json!({"action": "close"})), 403, OTHERS, "only administrators");
    assert_eq!(sysadmin.act(&id, "Close"), 200);
    assert_eq!(sysadmin.status_of(&id), "Request Closed");
    refused(&sysadmin.put(&id, &json!({"action": "close"})), 409, LATE, "closed");
}

#[test]
fn what_is_no_action_is_refused_and_names_them_all() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    for action in ["", "approved", "COMPLETE", "delete"] {
        refused(&manager.put(&id, &json!({ "action": action })), 400, "InvalidInput", "action: must be one of APPROVE");
    }
    for (element, named) in [
        (json!({}), "action"),
        (json!({"action": 7}), "action"),
        (json!([]), "body"),
        (json!({"action": "approve", "assignees": [{"name": "approver"}]}), "assignees"),
        (json!({"action": "claim", "reqJustification": "because"}), "reqJustification"),
    ] {
        refused(&manager.put(&id, &element), 400, "InvalidInput", named);
    }
    assert_eq!(manager.status_of(&id), "Request Awaiting Approval");
}

#[test]
fn a_bulk_call_does_what_it_can() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let [approved, rejected, over] = [(); 3].map(|()| role_request(&demo));
    let others = account_request(&demo);
    assert_eq!(manager.act(&over, "approve"), 200);
    let answer = manager.put_all(&json!([
        {"id": approved, "actionComment": "yes", "action": "approve"},
        {"id": over, "requestId": "late", "action": "approve"},
        {"id": others, "action": "approve"},
        {"id": "99999", "action": "approve"},
        {"id": "x", "action": "approve"},
        {"requestId": "nameless", "action": "approve"},
        {"id": rejected, "action": "abolish"},
        "junk",
        {"id": rejected, "taskId": UNKNOWN_TASK, "action": "reject"},
        {"id": rejected, "requestId": "last", "actionComment": "no", "action": "reject"},
    ]));
    let answer = answer.json_of(200).unwrap();
    let base = format!("{}{OIG}/requests", demo.server.url());
    let done =
        |id: &str| json!({"links": [{"rel": "self", "href": format!("{base}/{id}")}], "id": id, "status": "SUCCESS"});
    assert_eq!(answer["links"], json!([{"rel": "self", "href": base}]));
    let results = answer["requests"].as_array().unwrap();
    assert_eq!(results[0], done(&approved));
    for (at, code, named, id, request_id) in [
        (1, LATE, "completed", json!(over), json!("late")),
        (2, OTHERS, "not yours", json!(others), Value::Null),
        (3, "EntityNotFound", "nothing", json!("99999"), Value::Null),
        (4, "InvalidInput", "id: ", json!("x"), Value::Null),
        (5, "InvalidInput", "id: ", Value::Null, json!("nameless")),
        (6, "InvalidInput", "action: ", json!(rejected), Value::Null),
        (7, "InvalidInput", "requests: ", Value::Null, Value::Null),
        (8, "EntityNotFound", "no such task", json!(rejected), Value::Null),
    ] {
        failed(&results[at], code, named);
        assert_eq!((&results[at]["id"], &results[at]["requestId"]), (&id, &request_id), "{at}");
    }
    let mut last = done(&rejected);
    last["requestId"] = json!("last");
    assert_eq!(results[9], last);
    assert_eq!(manager.status_of(&approved), "Request Completed");
    assert_eq!(manager.status_of(&rejected), "Request Rejected");
    assert_eq!(manager.status_of(&others), "Request Awaiting Approval");
}
