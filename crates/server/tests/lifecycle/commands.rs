//! Each command of the native API and of OIG, refused to the wrong person and in the wrong state, with nothing changed.

use serde_json::{Value, json};

use crate::house::house;
use crate::support::{Demo, NATIVE};
use crate::surface::{BOTH, Surface, native, see, status};

/// Every action with who may not do it to a role for user 24 that `dora` decides, and the reason.
const OTHERS: [(&str, &str, &str); 15] = [
    ("approve", "requester", "not yours"),
    ("deny", "requester", "not yours"),
    ("claim", "user24", "not yours"),
    ("release", "manager", "not yours"),
    ("reassign", "requester", "not yours"),
    ("delegate", "sysadmin", "not yours"),
    ("escalate", "manager", "not yours"),
    ("suspend", "requester", "not yours"),
    ("resume", "user24", "not yours"),
    ("save", "requester", "not yours"),
    ("createSubtask", "sysadmin", "not yours"),
    ("skip", "dora", "only administrators"),
    ("withdraw", "dora", "only whoever asked"),
    ("close", "requester", "only administrators"),
    ("submit", "dora", ""),
];

fn attempt(demo: &Demo, surface: Surface, login: &str, id: &str, action: &str) -> countersign_xtask::answer::Answer {
    if ["reassign", "delegate", "createSubtask"].contains(&action) {
        return surface.give(demo, login, id, action, "dean");
    }
    let body = match (surface, action) {
        (Surface::Native, "save") => json!({"action": "save", "comment": "x"}),
        (Surface::Oig, "save") => json!({"action": "save", "actionComment": "x"}),
        _ => return surface.act(demo, login, id, action),
    };
    surface.act_with(demo, login, id, &body)
}

#[test]
fn each_action_is_refused_to_others_and_once_the_request_is_over() {
    let demo = house();
    for surface in BOTH {
        let id = surface.ask(&demo, "requester", &["user24"], &[("Role", "one")]);
        let before = see(&demo, &id);
        for (action, login, words) in OTHERS {
            let answer = attempt(&demo, surface, login, &id, action);
            // Whoever submits what is submitted is late, whoever they are.
            surface.refuses(&answer, if action == "submit" { 409 } else { 403 }, words);
        }
        assert_eq!(see(&demo, &id), before);
        for outcome in ["approve", "deny"] {
            let id = surface.ask(&demo, "requester", &["user24"], &[("Role", "one")]);
            surface.does(&demo, "dora", &id, outcome);
            let before = see(&demo, &id);
            for (action, ..) in OTHERS {
                for login in ["dora", "requester", "sysadmin"] {
                    let answer = attempt(&demo, surface, login, &id, action);
                    assert!([403, 409].contains(&answer.status), "{login} {action}: {}", answer.text());
                }
                let word = if outcome == "approve" { "completed" } else { "denied" };
                surface.refuses(&attempt(&demo, surface, "sysadmin", &id, action), 409, word);
            }
            assert_eq!(see(&demo, &id), before);
        }
    }
}

#[test]
fn a_draft_of_what_cannot_be_asked_for_is_not_kept() {
    let demo = house();
    let draft = |targets: Value| json!({"draft": true, "beneficiaries": [{"login": "user24"}], "targets": targets});
    let drafts = || {
        let list = demo.login("requester").get(&format!("{NATIVE}/requests?status=draft")).unwrap();
        list.json_of(200).unwrap()["items"].as_array().unwrap().len()
    };
    for targets in [json!([]), json!([{"entityType": "Role", "entityKey": "nowhere"}])] {
        let answer = native(&demo, "requester", "/requests", &draft(targets));
        assert_eq!(answer.json_of(400).unwrap()["code"], "InvalidInput");
    }
    let role = json!([{"entityType": "Role", "entityKey": "one"}]);
    let by_others = native(&demo, "user82", "/requests", &draft(role.clone()));
    assert_eq!(by_others.json_of(403).unwrap()["code"], "AccessDenied");
    let unknown = json!({"requests": [{"action": "save", "reqBeneficiaryList": [{"id": "24"}],
        "reqTargetEntities": [{"entityType": "Role", "entityId": "nowhere"}]}]});
    let path = format!("{}/requests", crate::support::OIG);
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Requested-By: test"];
    let client = demo.login("requester");
    let answer = client.raw("POST", path.as_bytes(), &headers, unknown.to_string().as_bytes()).unwrap();
    let element = answer.json_of(200).unwrap()["requests"][0].clone();
    assert_eq!((&element["status"], &element["errorCode"]), (&json!("FAILED"), &json!("InvalidInput")));
    assert_eq!(drafts(), 0);
    native(&demo, "requester", "/requests", &draft(role)).json_of(201).unwrap();
    assert_eq!(drafts(), 1);
}

#[test]
fn a_draft_is_checked_again_when_it_is_submitted() {
    let demo = house();
    let draft = json!({"draft": true, "beneficiaries": [{"login": "user24"}],
        "targets": [{"entityType": "Role", "entityKey": "one"}]});
    let id = native(&demo, "requester", "/requests", &draft).json_of(201).unwrap()["number"].to_string();
    let sysadmin = demo.login("sysadmin");
    let item = |requestable: bool| {
        let found = sysadmin.get(&format!("{NATIVE}/catalog-items/801")).unwrap().json_of(200).unwrap();
        assert_eq!(found["entityKey"], "one");
        let mut item = found;
        item["requestable"] = json!(requestable);
        let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"If-Match: *"];
        let path = format!("{NATIVE}/catalog-items/801");
        assert_eq!(sysadmin.raw("PUT", path.as_bytes(), &headers, item.to_string().as_bytes()).unwrap().status, 200);
    };
    item(false);
    for surface in BOTH {
        surface.may_not(&demo, "requester", &id, "submit", 400, "at present");
    }
    item(true);
    Surface::Oig.does(&demo, "requester", &id, "submit");
    assert_eq!(status(&demo, &id), "pending");
}

#[test]
fn a_failure_is_tried_again_by_an_administrator_alone() {
    let demo = house();
    let id = Surface::Native.ask(&demo, "requester", &["user24"], &[("Role", "hands")]);
    Surface::Native.may_not(&demo, "sysadmin", &id, "retry", 409, "nothing has failed");
    let stumbled = json!({"outcome": "stumbled", "reason": "the cupboard is locked"});
    assert_eq!(native(&demo, "sysadmin", &format!("/fulfilments/{id}"), &stumbled).status, 200);
    assert_eq!(see(&demo, &id)["failure"], "the cupboard is locked");
    for login in ["requester", "user24", "manager"] {
        Surface::Native.may_not(&demo, login, &id, "retry", 403, "administrators");
    }
    Surface::Native.does(&demo, "sysadmin", &id, "retry");
    let seen = see(&demo, &id);
    assert_eq!((&seen["status"], seen["failure"].is_null()), (&json!("executing"), true));
}

#[test]
fn what_is_given_at_once_is_nobodys_to_carry_out() {
    let demo = house();
    for surface in BOTH {
        let id = surface.ask(&demo, "requester", &["user24"], &[("Role", "free")]);
        assert_eq!(status(&demo, &id), "completed");
        let failed = json!({"outcome": "failed", "reason": "x"});
        let refused = native(&demo, "sysadmin", &format!("/fulfilments/{id}"), &failed);
        Surface::Native.refuses(&refused, 409, "completed");
        assert!(see(&demo, &id)["failure"].is_null());
    }
    let waiting = demo.login("sysadmin").get(&format!("{NATIVE}/fulfilments")).unwrap().json_of(200).unwrap();
    assert_eq!(waiting["items"], json!([]));
}
