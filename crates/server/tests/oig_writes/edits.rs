//! Changing what a request asks for: by whoever asked, and by whoever decides.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{DUAL_CONTROL, caller, refused, request_for, role_request};

const NEW_END: &str = "2031-12-24T07:00:00Z";

fn new_end() -> Value {
    json!({"requestId": "coder-1001", "reqTargetEntities": [{"entityId": "12", "entityType": "Role",
        "appFormData": [{"name": "endDate", "value": NEW_END}]}]})
}

fn end(seen: &Value) -> &Value {
    &seen["reqTargetEntities"][0]["appFormData"][0]["value"]
}

#[test]
fn whoever_asked_edits_until_the_first_vote() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    let answer = requester.put(&id, &new_end()).json_of(200).unwrap();
    assert_eq!((&answer["requestId"], &answer["status"]), (&json!("coder-1001"), &json!("SUCCESS")));
    assert_eq!(end(&requester.see(&id)), NEW_END);

    let template = json!({"entityId": DUAL_CONTROL, "entityType": "ProfileTemplate"});
    let id = requester.ask(&request_for("24", &json!([template])));
    assert_eq!(requester.put(&id, &json!({"reqJustification": "first"})).status, 200);
    assert_eq!(caller(&demo, "approver").act(&id, "approve"), 200);
    let late = requester.put(&id, &json!({"reqJustification": "second"}));
    refused(&late, 409, "RequestStatusInvalid", "voted already");
    assert_eq!(requester.see(&id)["reqJustification"], "first");
}

#[test]
fn whoever_decides_saves_and_others_do_not() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let id = role_request(&demo);
    refused(&caller(&demo, "user24").put(&id, &new_end()), 403, "AccessDenied", "not yours");
    refused(&caller(&demo, "sysadmin").put(&id, &new_end()), 403, "AccessDenied", "not yours");
    refused(&caller(&demo, "TESTUSER1").put(&id, &new_end()), 404, "EntityNotFound", "nothing");
    assert!(end(&manager.see(&id)).is_null());
    assert_eq!(manager.put(&id, &new_end()).status, 200);
    assert_eq!(end(&manager.see(&id)), NEW_END);
    assert_eq!(manager.act(&id, "approve"), 200);
    refused(&manager.put(&id, &new_end()), 409, "RequestStatusInvalid", "completed");
}

#[test]
fn an_edit_that_cannot_be_taken_changes_nothing() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    assert_eq!(requester.put(&id, &new_end()).status, 200);
    let before = requester.see(&id);
    let target = |more: Value| {
        let mut target = json!({"entityId": "12", "entityType": "Role"});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"reqJustification": "new", "reqTargetEntities": [target]})
    };
    for (edit, named) in [
        (target(json!({"entityId": "13"})), "reqTargetEntities[0]: the request has no such target"),
        (target(json!({"entityType": "Entitlement"})), "reqTargetEntities[0]: the request has no such target"),
        (target(json!({"startDate": "2032-01-01T00:00:00Z"})), "reqTargetEntities[0].endDate: is before start"),
        (target(json!({"endDate": "tomorrow"})), "reqTargetEntities[0].endDate"),
        (target(json!({"endDate": ""})), "reqTargetEntities[0].endDate: is empty"),
        (target(json!({"fields": [{"name": "enddate", "value": ""}]})), "reqTargetEntities[0].endDate: is empty"),
        (target(json!({"appFormData": [{"value": "x"}]})), "reqTargetEntities[0].appFormData[0]"),
        (json!({"requestId": "coder-1001"}), "action"),
    ] {
        refused(&requester.put(&id, &edit), 400, "InvalidInput", named);
    }
    assert_eq!(requester.see(&id), before);
}

#[test]
fn a_certificate_requests_questions_are_answered_through_its_templates_form() {
    const ASKING: &str = "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1";
    let demo = Demo::start();
    let user = caller(&demo, "user24");
    let form = |value: &str| {
        json!([{"entityId": ASKING, "entityType": "ProfileTemplate",
            "appFormData": [{"name": "request reason", "value": value}]}])
    };
    let draft = user.ask(&json!({"action": "SAVE", "reqTargetEntities": form("first")}));
    assert_eq!(user.put(&draft, &json!({"reqTargetEntities": form("second")})).status, 200);
    let dated =
        json!({"reqTargetEntities": [{"entityId": ASKING, "entityType": "ProfileTemplate", "endDate": NEW_END}]});
    refused(&user.put(&draft, &dated), 400, "InvalidInput", "reqTargetEntities[0].endDate");
    let other = json!({"reqTargetEntities": [{"entityId": DUAL_CONTROL, "entityType": "ProfileTemplate"}]});
    refused(&user.put(&draft, &other), 400, "InvalidInput", "reqTargetEntities[0]");
    assert_eq!(
        user.see(&draft)["reqTargetEntities"][0]["appFormData"],
        json!([{"name": "Request Reason", "value": "second"}])
    );
    assert_eq!(user.act(&draft, "submit"), 200);
    // MIM prints the answers.
    let list = demo.login("user24").get(&format!("{}/requests", crate::support::MIM)).unwrap().json_of(200).unwrap();
    let items: Vec<_> =
        list.as_array().unwrap().iter().flat_map(|request| request["DataCollection"].as_array().unwrap()).collect();
    assert_eq!(items.len(), 1, "{list}");
    assert_eq!((&items[0]["Name"], &items[0]["Value"]), (&json!("Request Reason"), &json!("second")));
}
