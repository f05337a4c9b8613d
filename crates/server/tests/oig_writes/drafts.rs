//! Drafts: kept, changed, submitted, thrown away.

use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{Caller, caller, failed, refused, request_for, role};

fn draft(demo: &Demo) -> (Caller, String) {
    let requester = caller(demo, "requester");
    let mut element = request_for("24", &json!([role("12")]));
    element["action"] = json!("save");
    let answer = requester.post(&json!([element])).json_of(200).unwrap();
    let result = &answer["requests"][0];
    assert_eq!((&result["status"], &result["reqStatus"]), (&json!("SUCCESS"), &json!("Request Draft Created")));
    let id = result["id"].as_str().unwrap().to_owned();
    (requester, id)
}

fn check_out(caller: &Caller, id: &str) -> Value {
    let answer = caller.post(&json!([{"id": id, "requestId": "mine"}])).json_of(200).unwrap();
    answer["requests"][0].clone()
}

#[test]
fn a_draft_is_its_owners_alone() {
    let demo = Demo::start();
    let (requester, id) = draft(&demo);
    assert_eq!(requester.status_of(&id), "Request Draft Created");
    for login in ["user24", "manager", "sysadmin", "TESTUSER1"] {
        let other = caller(&demo, login);
        assert_eq!(other.client.get(&format!("{OIG}/requests/{id}")).unwrap().status, 404, "{login}");
        failed(&check_out(&other, &id), "EntityNotFound", "nothing");
        refused(&other.put(&id, &json!({"action": "SUBMIT"})), 404, "EntityNotFound", "nothing");
        refused(&other.delete(&id), 404, "EntityNotFound", "nothing");
    }
    assert_eq!(requester.status_of(&id), "Request Draft Created");
}

#[test]
fn a_draft_is_submitted_by_either_call_and_once() {
    let demo = Demo::start();
    for by_post in [true, false] {
        let (requester, id) = draft(&demo);
        if by_post {
            let href = format!("{}{OIG}/requests/{id}", demo.server.url());
            let expected = json!({"links": [{"rel": "self", "href": href}], "id": id, "requestId": "mine",
                "reqStatus": "Request Created", "status": "SUCCESS"});
            assert_eq!(check_out(&requester, &id), expected);
        } else {
            assert_eq!(requester.act(&id, "Submit"), 200);
        }
        assert_eq!(requester.status_of(&id), "Request Awaiting Approval");
        failed(&check_out(&requester, &id), "RequestStatusInvalid", "pending");
        refused(&requester.put(&id, &json!({"action": "SUBMIT"})), 409, "RequestStatusInvalid", "pending");
        // Now it is the manager's to decide.
        assert_eq!(caller(&demo, "manager").act(&id, "approve"), 200);
    }
}

#[test]
fn a_draft_is_changed_and_then_submitted_as_it_is() {
    let demo = Demo::start();
    let (requester, id) = draft(&demo);
    let dates = json!([{"name": "endDate", "value": "2031-01-01T00:00:00Z"}]);
    let edit = json!({"reqJustification": "for the audit",
        "reqTargetEntities": [{"entityId": "12", "entityType": "Role", "appFormData": dates}]});
    assert_eq!(requester.put(&id, &edit).status, 200);
    let changed = requester.post(&json!([{"id": id, "reqJustification": "other"}])).json_of(200).unwrap();
    failed(&changed["requests"][0], "InvalidInput", "reqJustification: a draft is submitted as it is");
    assert_eq!(requester.status_of(&id), "Request Draft Created");
    assert_eq!(check_out(&requester, &id)["status"], "SUCCESS");
    let seen = requester.see(&id);
    assert_eq!(seen["reqJustification"], "for the audit");
    assert_eq!(seen["reqTargetEntities"][0]["appFormData"], dates);
}

#[test]
fn a_draft_is_asked_for_by_its_status_too_and_can_be_thrown_away() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let mut element = request_for("24", &json!([role("12")]));
    element["reqStatus"] = json!("Request Draft Created");
    let id = requester.ask(&element);
    assert_eq!(requester.status_of(&id), "Request Draft Created");
    let answer = requester.delete(&id).json_of(200).unwrap();
    assert_eq!(answer["status"], "withdrawn");
    assert_eq!(requester.status_of(&id), "Request Withdrawn");
    for login in ["user24", "manager", "sysadmin"] {
        let other = caller(&demo, login).client;
        assert_eq!(other.get(&format!("{OIG}/requests/{id}")).unwrap().status, 404, "{login}");
        let listed = other.get(&format!("{OIG}/requests?q=id%20eq%20{id}")).unwrap().json_of(200).unwrap();
        assert_eq!(listed["requests"], json!([]), "{login}");
    }
    failed(&check_out(&requester, &id), "RequestStatusInvalid", "canceled");
}
