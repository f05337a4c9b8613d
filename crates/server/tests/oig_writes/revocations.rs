//! Taking away what somebody has.

use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{Caller, caller, failed, refused, request_for, role, role_request};

fn delete_account(caller: &Caller, account: &str) -> countersign_xtask::answer::Answer {
    caller.send("DELETE", &format!("/accounts/{account}"), b"")
}

fn revoke(target: &Value) -> Value {
    let mut target = target.clone();
    target["action"] = json!("revoke");
    target
}

#[test]
fn an_account_is_taken_away_by_a_request() {
    let demo = Demo::start();
    let (owner, sysadmin) = (caller(&demo, "user1001"), caller(&demo, "sysadmin"));
    let answer = delete_account(&owner, "1").json_of(200).unwrap();
    let id = answer["request"]["id"].as_str().unwrap();
    let base = format!("{}{OIG}", demo.server.url());
    let expected = json!({"links": [{"rel": "self", "href": format!("{base}/accounts/1")}], "id": "1",
        "status": "SUCCESS", "request": {"id": id, "links": [{"rel": "self", "href": format!("{base}/requests/{id}")}]}});
    assert_eq!(answer, expected);
    let seen = owner.see(id);
    assert_eq!((&seen["reqType"], &seen["reqStatus"]), (&json!("Revoke Account"), &json!("Request Awaiting Approval")));
    assert_eq!(seen["reqBeneficiaryList"][0]["id"], "1001");
    assert_eq!(seen["reqTargetEntities"][0]["entityId"], "21");
    assert_eq!(sysadmin.act(id, "approve"), 200);
    assert_eq!(owner.status_of(id), "Request Completed");
    refused(&delete_account(&owner, "1"), 404, "EntityNotFound", "nothing");
}

#[test]
fn an_account_is_taken_away_by_its_owner_and_by_whom_the_rules_let() {
    let demo = Demo::start();
    for (login, status) in [
        ("user1001", 200),
        ("requester", 200),
        ("manager", 200),
        // Administrators know of it, and may not ask.
        ("xelsysadm", 403),
        ("TESTUSER1", 404),
        ("user24", 404),
    ] {
        let answer = delete_account(&caller(&demo, login), "1");
        assert_eq!(answer.status, status, "{login}: {}", answer.text());
    }
    for nothing in ["2", "x", "0", "99999999999999999999"] {
        refused(&delete_account(&caller(&demo, "user1001"), nothing), 404, "EntityNotFound", "");
    }
}

#[test]
fn a_role_is_taken_away_from_whoever_has_it() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester"), caller(&demo, "manager"));
    let request = |word: &str| {
        let mut target = role("12");
        target["action"] = json!(word);
        request_for("24", &json!([target]))
    };
    let refused = |word: &str| {
        let answer = requester.post(&json!([request(word)])).json_of(200).unwrap();
        failed(&answer["requests"][0], "InvalidInput", "reqTargetEntities[0]: user24 does not have it");
    };
    for word in ["revoke", "REMOVE"] {
        refused(word);
        assert_eq!(manager.act(&role_request(&demo), "approve"), 200);
        let id = requester.ask(&request(word));
        assert_eq!(requester.see(&id)["reqType"], "Remove from Roles");
        assert_eq!(manager.act(&id, "approve"), 200);
        assert_eq!(requester.status_of(&id), "Request Completed");
        refused(word);
    }
}

#[test]
fn an_entitlement_is_taken_out_of_its_account() {
    let demo = Demo::start();
    let (requester, sysadmin) = (caller(&demo, "requester"), caller(&demo, "sysadmin"));
    let entitlement = json!({"entityId": "42", "entityType": "Entitlement", "parentAccountId": "1"});
    let given = requester.ask(&request_for("1001", &json!([entitlement])));
    assert_eq!(sysadmin.act(&given, "approve"), 200);
    let elsewhere = json!({"entityId": "42", "entityType": "Entitlement", "parentAccountId": "2"});
    let answer = requester.post(&json!([request_for("1001", &json!([revoke(&elsewhere)]))])).json_of(200).unwrap();
    failed(&answer["requests"][0], "InvalidInput", "reqTargetEntities[0].parentAccountId");
    let id = requester.ask(&request_for("1001", &json!([revoke(&entitlement)])));
    assert_eq!(requester.see(&id)["reqType"], "Revoke Entitlement");
    assert_eq!(sysadmin.act(&id, "approve"), 200);
    let again = requester.post(&json!([request_for("1001", &json!([revoke(&entitlement)]))])).json_of(200).unwrap();
    failed(&again["requests"][0], "InvalidInput", "user1001 does not have it");
}

#[test]
fn one_request_gives_or_takes_and_takes_things_of_one_type() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let application = json!({"entityId": "21", "entityType": "AppInstance"});
    let template = json!({"entityId": crate::DUAL_CONTROL, "entityType": "ProfileTemplate"});
    for (targets, named) in [
        (json!([role("12"), revoke(&role("13"))]), "reqTargetEntities: one request gives things, or takes"),
        (json!([revoke(&role("12")), revoke(&application)]), "reqTargetEntities: one request takes away things of one"),
        (json!([revoke(&template)]), "reqTargetEntities[0]"),
        (json!([{"entityId": "12", "entityType": "role", "action": "add"}]), "reqTargetEntities[0].action"),
    ] {
        let answer = requester.post(&json!([request_for("1001", &targets)])).json_of(200).unwrap();
        failed(&answer["requests"][0], "InvalidInput", named);
    }
}
