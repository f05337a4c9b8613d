//! Taking requests back by DELETE.

use countersign_xtask::process::output;
use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{account_request, caller, failed, refused, role_request};

#[test]
fn whoever_asked_takes_a_request_back_while_its_approval_is_open() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    refused(&caller(&demo, "user24").delete(&id), 403, "AccessDenied", "only whoever asked");
    refused(&caller(&demo, "TESTUSER1").delete(&id), 404, "EntityNotFound", "nothing");
    let href = format!("{}{OIG}/requests/{id}", demo.server.url());
    let expected = json!({"links": [{"rel": "self", "href": href}], "id": id, "status": "withdrawn"});
    assert_eq!(requester.delete(&id).json_of(200).unwrap(), expected);
    refused(&requester.delete(&id), 409, "RequestStatusInvalid", "canceled");

    let approved = role_request(&demo);
    assert_eq!(caller(&demo, "manager").act(&approved, "approve"), 200);
    refused(&requester.delete(&approved), 409, "RequestStatusInvalid", "completed");
    for nothing in ["99999", "0", "x", "99999999999999999999"] {
        refused(&requester.delete(nothing), 404, "EntityNotFound", "");
    }
}

#[test]
fn a_body_may_come_with_the_withdrawal_of_one_and_is_not_read() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let form = requester.with_only(&["X-Requested-By: test", "Content-Type: application/x-www-form-urlencoded"]);
    for (caller, body) in [(&requester, "{\"requests\":[]}"), (&requester, "{"), (&form, "a=b")] {
        let id = role_request(&demo);
        let answer = caller.send("DELETE", &format!("/requests/{id}"), body.as_bytes());
        assert_eq!(answer.json_of(200).unwrap()["status"], "withdrawn", "{body}");
    }
}

#[test]
fn a_parents_withdrawal_reaches_its_children() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let two = json!({"reqBeneficiaryList": [{"id": "24"}],
        "reqTargetEntities": [crate::role("12"), crate::role("13")]});
    for bulk in [true, false] {
        let parent = requester.ask(&two);
        assert_eq!(caller(&demo, "sysadmin").act(&parent, "approve"), 200);
        if bulk {
            let answer = requester.delete_all(&json!([{"id": parent}])).json_of(200).unwrap();
            assert_eq!(answer["requests"][0]["status"], "SUCCESS", "{answer}");
        } else {
            assert_eq!(requester.delete(&parent).status, 200);
        }
        let seen = requester.see(&parent);
        assert_eq!(seen["reqStatus"], "Request Withdrawn");
        for child in seen["childRequests"].as_array().unwrap() {
            assert_eq!(requester.status_of(child["id"].as_str().unwrap()), "Request Withdrawn");
        }
    }
}

/// The demo with one more request that `requester` made and that is pending.
fn with_request(number: u32) -> Demo {
    let demo = Demo::start();
    let record = json!({"kind": "request", "id": format!("7e570000-0000-4000-8000-{number:012x}"), "number": number,
        "state": {"status": "pending"}, "originator": "8f1590dc-d932-4b66-8e68-2e91c5880780",
        "created": "2026-01-01T00:00:00Z", "channel": "oig",
        "details": {"access": {"operation": "Assign Roles", "beneficiaries": ["5f0c1d2e-0024-4c1b-9a52-6f3d8f0a2401"],
            "targets": [{"entityType": "Role", "entityKey": "12", "entityName": "Role 12"}]}},
        "stages": [{"name": "BeneficiaryManagerApproval.approvalTask.assignee", "index": 1, "quorum": 1, "tasks": [
            {"id": "7e570000-0000-4000-8000-f00000000001", "title": "Beneficiary manager approval", "state": "assigned",
                "assignee": "8964e795-5b83-43fb-bee9-3e178843a7ae", "created": "2026-01-01T00:00:00Z"}]}]});
    let file = demo.folder.path().join("request.json");
    std::fs::write(&file, json!([{"kind": "header", "format": 1}, record]).to_string()).unwrap();
    output(demo.store.command().arg("import").arg(&file)).unwrap();
    demo
}

#[test]
fn one_of_two_members_is_the_requests_number() {
    let demo = with_request(2);
    let requester = caller(&demo, "requester");
    let [first, second, third, over] = [(); 4].map(|()| role_request(&demo));
    let others = caller(&demo, "sysadmin").ask(&crate::request_for("24", &json!([crate::role("13")])));
    assert_eq!(requester.delete(&over).status, 200);
    let answer = requester.delete_all(&json!([
        // The caller can take only one of them back.
        {"requestId": first, "id": "1"},
        {"requestId": "mine", "id": second},
        {"requestId": others, "id": third},
        // Both.
        {"requestId": account_request(&demo), "id": "2"},
        // Neither: a reason says more than that there is none.
        {"requestId": over, "id": "99999"},
        {"requestId": "99998", "id": "99999"},
        {"requestId": "mine"},
        {},
        7,
        {"id": "2"},
        {"id": "2"},
    ]));
    let answer = answer.json_of(200).unwrap();
    assert!(answer["links"].is_null());
    let results = answer["requests"].as_array().unwrap();
    assert_eq!(results[0], json!({"id": "1", "requestId": first, "status": "SUCCESS"}));
    assert_eq!(results[1], json!({"id": second, "requestId": "mine", "status": "SUCCESS"}));
    assert_eq!(results[2], json!({"id": third, "requestId": others, "status": "SUCCESS"}));
    for (at, code, named) in [
        (3, "InvalidInput", "id: names one request"),
        (4, "RequestStatusInvalid", "canceled"),
        (5, "EntityNotFound", "nothing"),
        (6, "InvalidInput", "id"),
        (7, "InvalidInput", "id"),
        (8, "InvalidInput", "requests"),
        (10, "RequestStatusInvalid", "canceled"),
    ] {
        failed(&results[at], code, named);
    }
    assert_eq!((&results[5]["id"], &results[5]["requestId"]), (&json!("99999"), &json!("99998")));
    assert_eq!(results[9], json!({"id": "2", "status": "SUCCESS"}));
    for id in [&first, &second, &third] {
        assert_eq!(requester.status_of(id), "Request Withdrawn");
    }
    assert_eq!(caller(&demo, "sysadmin").status_of(&others), "Request Awaiting Approval");
}

#[test]
fn others_requests_are_not_taken_back_in_bulk_either() {
    let demo = Demo::start();
    let id = role_request(&demo);
    for (login, code) in [("user24", "AccessDenied"), ("manager", "AccessDenied"), ("TESTUSER1", "EntityNotFound")] {
        let answer = caller(&demo, login).delete_all(&json!([{ "id": id }])).json_of(200).unwrap();
        failed(&answer["requests"][0], code, "");
    }
    let answer = caller(&demo, "sysadmin").delete_all(&json!([{"requestId": id}])).json_of(200).unwrap();
    assert_eq!(answer, json!({"requests": [{"requestId": id, "status": "SUCCESS"}]}));
    assert_ne!(caller(&demo, "requester").see(&id), Value::Null);
}
