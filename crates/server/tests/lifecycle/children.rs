//! Requests for several people or things: approved as a whole, then one child a pair, each a life of its own.

use serde_json::{Value, json};

use crate::house::{ASKING, OWN_TEMPLATE, TEMPLATE, house};
use crate::support::{Demo, MIM, NATIVE};
use crate::surface::{BOTH, Surface, children, label, native, see, status};

/// A parent for user 24 that was approved as a whole, with its children.
fn split(demo: &Demo, surface: Surface, users: &[&str], targets: &[(&str, &str)]) -> (String, Vec<String>) {
    let parent = surface.ask(demo, "requester", users, targets);
    surface.does(demo, "sysadmin", &parent, "approve");
    let children = children(demo, &parent);
    assert_eq!(children.len(), users.len() * targets.len());
    (parent, children)
}

#[test]
fn a_request_for_several_is_approved_as_a_whole_and_then_each_pair_by_its_own_rules() {
    let demo = house();
    for surface in BOTH {
        let targets = [("Role", "one"), ("Role", "free"), ("Role", "trio")];
        let before = surface.inbox(&demo, "dora");
        let parent = surface.ask(&demo, "requester", &["user24", "user82"], &targets);
        assert_eq!((label(&demo, &parent).as_str(), children(&demo, &parent)), ("Request Awaiting Approval", vec![]));
        surface.may_not(&demo, "manager", &parent, "approve", 403, "not yours");
        assert_eq!(surface.inbox(&demo, "dora"), before);
        surface.does(&demo, "xelsysadm", &parent, "approve");
        assert_eq!(label(&demo, &parent), "Request Awaiting Child Requests Completion");
        let made = children(&demo, &parent);
        let statuses: Vec<_> = made.iter().map(|child| status(&demo, child)).collect();
        assert_eq!(statuses, ["pending", "completed", "pending"].repeat(2));
        for (at, child) in made.iter().enumerate() {
            let seen = see(&demo, child);
            assert_eq!(seen["beneficiaries"][0]["name"], if at < 3 { "user24" } else { "user82" });
            assert_eq!(seen["targets"][0]["entityKey"], targets[at % 3].1);
            assert!(child.parse::<u32>().unwrap() > parent.parse().unwrap());
        }
        // A child's approval is its own, and the parent has none any more.
        assert_eq!(surface.act(&demo, "dirk", &made[0], "approve").status, 404);
        surface.does(&demo, "dora", &made[0], "approve");
        assert_eq!((status(&demo, &made[0]), status(&demo, &made[3])), ("completed".into(), "pending".into()));
        surface.may_not(&demo, "xelsysadm", &parent, "approve", 409, "awaiting");
    }
}

#[test]
fn a_parent_that_is_denied_has_no_children() {
    let demo = house();
    for surface in BOTH {
        let parent = surface.ask(&demo, "requester", &["user24"], &[("Role", "one"), ("Role", "free")]);
        surface.does(&demo, "sysadmin", &parent, "deny");
        assert_eq!((label(&demo, &parent).as_str(), children(&demo, &parent)), ("Request Rejected", vec![]));
        surface.may_not(&demo, "sysadmin", &parent, "approve", 409, "denied");
    }
}

#[test]
fn an_entitlement_waits_for_its_account() {
    let demo = house();
    let targets = [("Entitlement", "list"), ("ApplicationInstance", "mail")];
    for (surface, user) in [(Surface::Native, "user24"), (Surface::Oig, "user82")] {
        let (parent, made) = split(&demo, surface, &[user], &targets);
        let [entitlement, account] = [&made[0], &made[1]];
        assert_eq!(label(&demo, entitlement), "Request Awaiting Dependent Request Completion");
        assert_eq!(see(&demo, entitlement)["dependsOn"], see(&demo, account)["id"]);
        surface.may_not(&demo, "sysadmin", entitlement, "approve", 409, "awaiting");
        surface.does(&demo, "dora", account, "approve");
        for request in [entitlement, account, &parent] {
            assert_eq!(label(&demo, request), "Request Completed");
        }
    }
    for surface in BOTH {
        let (parent, made) = split(&demo, surface, &["percy"], &targets);
        surface.does(&demo, "dora", &made[1], "deny");
        let entitlement = see(&demo, &made[0]);
        assert_eq!(entitlement["status"], "failed");
        assert!(entitlement["failure"].as_str().unwrap().len() > 10, "{entitlement}");
        assert_eq!(label(&demo, &parent), "Request Failed");
    }
}

/// Asks natively for a role between two dates.
fn dated(demo: &Demo, role: &str, start: &str, end: &str) -> countersign_xtask::answer::Answer {
    let target = json!({"entityType": "Role", "entityKey": role, "start": start, "end": end});
    native(demo, "requester", "/requests", &json!({"beneficiaries": [{"login": "user24"}], "targets": [target]}))
}

/// Whether user 24 has the role, told by an order to take it away.
fn has(demo: &Demo, role: &str) -> bool {
    let body = json!({"intent": "take", "beneficiaries": [{"login": "user24"}],
        "targets": [{"entityType": "Role", "entityKey": role}]});
    let answer = native(demo, "requester", "/requests/explain", &body);
    match answer.status {
        200 => true,
        400 => {
            assert!(answer.text().contains("does not have it"), "{}", answer.text());
            false
        }
        other => panic!("{other}: {}", answer.text()),
    }
}

#[test]
fn past_dates_mean_now_and_an_end_before_its_start_is_refused() {
    let demo = house();
    let (past, later, future) = ("2002-01-01T00:00:00Z", "2003-01-01T00:00:00Z", "2990-01-01T00:00:00Z");
    let over = dated(&demo, "free", past, later).json_of(201).unwrap();
    assert_eq!(over["status"], "completed");
    assert!(!has(&demo, "free"));
    let given = dated(&demo, "free", past, future).json_of(201).unwrap();
    assert_eq!(given["status"], "completed");
    assert!(has(&demo, "free"));
    let waits = dated(&demo, "one", future, "2991-01-01T00:00:00Z").json_of(201).unwrap()["number"].to_string();
    Surface::Native.does(&demo, "dora", &waits, "approve");
    assert_eq!(label(&demo, &waits), "Request Awaiting Completion");
    assert!(!has(&demo, "one"));
    Surface::Native.may_not(&demo, "requester", &waits, "withdraw", 409, "scheduled");
    let refused = dated(&demo, "free", future, past).json_of(400).unwrap();
    assert_eq!(refused["field"], "targets[0].end");
}

#[test]
fn withdraw_and_close_reach_the_children_that_are_not_over() {
    let demo = house();
    let targets = [("Role", "one"), ("Role", "free"), ("Role", "trio")];
    for surface in BOTH {
        for (action, login, others, child, words) in [
            ("withdraw", "requester", "manager", "Request Withdrawn", "whoever asked"),
            ("close", "sysadmin", "requester", "Request Closed", "administrators"),
        ] {
            let (parent, made) = split(&demo, surface, &["user24"], &targets);
            surface.may_not(&demo, others, &parent, action, 403, words);
            assert_eq!(label(&demo, &made[0]), "Request Awaiting Approval");
            surface.does(&demo, login, &parent, action);
            let labels: Vec<_> = made.iter().map(|child| label(&demo, child)).collect();
            assert_eq!(labels, [child, "Request Completed", child], "{surface:?} {action}");
            assert!(!surface.inbox(&demo, "dora").contains(&made[0]));
            surface.may_not(&demo, "dora", &made[0], "approve", 409, "");
            surface.may_not(&demo, login, &parent, action, 409, "");
        }
    }
}

#[test]
fn a_child_for_a_template_is_a_mim_request_of_its_target() {
    let demo = house();
    for surface in BOTH {
        let targets = [("ProfileTemplate", TEMPLATE), ("Role", "free")];
        let (parent, made) = split(&demo, surface, &["user24", "user82"], &targets);
        let mim = |login: &str, request: &Value| {
            let path = format!("{MIM}/requests/{}", request.as_str().unwrap());
            demo.login(login).get(&path).unwrap()
        };
        let put = |login: &str, request: &Value| {
            let path = format!("{MIM}/requests/{}", request.as_str().unwrap());
            let body = br#"{"status":"Completed"}"#;
            demo.login(login).raw("PUT", path.as_bytes(), &[b"Content-Type: application/json"], body).unwrap()
        };
        let ids: Vec<_> = made.iter().map(|child| see(&demo, child)["id"].clone()).collect();
        // What is no certificate request has no form there.
        assert_eq!(mim("requester", &see(&demo, &parent)["id"]).status, 204);
        assert_eq!(mim("user24", &ids[1]).status, 204);
        for (id, target, other) in [(&ids[0], "user24", "user82"), (&ids[2], "user82", "user24")] {
            let seen = mim(target, id).json_of(200).unwrap();
            assert_eq!((&seen["Status"], &seen["ProfileTemplateUuid"]), (&json!(3), &json!(TEMPLATE)));
            assert_eq!(mim(other, id).status, 403);
            assert_eq!((put(other, id).status, put("requester", id).status), (403, 403));
            assert_eq!(label(&demo, &parent), "Request Awaiting Child Requests Completion");
            assert_eq!(put(target, id).json_of(200).unwrap()["Status"], 8);
        }
        assert_eq!(label(&demo, &parent), "Request Completed");
    }
    let profiles = demo.login("user24").get(&format!("{MIM}/profiles?status=Active")).unwrap().json_of(200).unwrap();
    assert_eq!(profiles.as_array().unwrap().len(), 2);
    assert_eq!(demo.login("user24").get(&format!("{NATIVE}/me")).unwrap().status, 200);
}

/// Nobody would be asked where the template's policy is off by then, so nothing may be given.
#[test]
fn a_template_that_is_switched_off_meanwhile_gives_nothing_unasked() {
    let demo = house();
    let sysadmin = demo.login("sysadmin");
    let path = format!("{NATIVE}/profile-templates/{OWN_TEMPLATE}");
    for surface in BOTH {
        let put = |enabled: bool| {
            let mut template = sysadmin.get(&path).unwrap().json_of(200).unwrap();
            template["policies"][0]["enabled"] = json!(enabled);
            let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"If-Match: *"];
            let answer = sysadmin.raw("PUT", path.as_bytes(), &headers, template.to_string().as_bytes()).unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
        };
        let targets = [("ProfileTemplate", OWN_TEMPLATE), ("Role", "free")];
        let parent = surface.ask(&demo, "requester", &["user24"], &targets);
        put(false);
        surface.does(&demo, "sysadmin", &parent, "approve");
        let children = children(&demo, &parent);
        assert_eq!([&children[0], &children[1]].map(|child| status(&demo, child)), ["failed", "completed"]);
        assert!(see(&demo, &children[0])["failure"].as_str().unwrap().contains("does not offer Enroll"));
        assert_eq!(status(&demo, &parent), "partiallyFailed");
        put(true);
    }
}

/// Nobody comes by a certificate without the answers that it needs, however it is asked for.
#[test]
fn a_template_among_others_needs_its_answers_too() {
    let demo = house();
    for surface in BOTH {
        for (users, targets) in [
            (&["user24", "user82"][..], &[("ProfileTemplate", ASKING)][..]),
            (&["user24"], &[("ProfileTemplate", ASKING), ("Role", "free")]),
        ] {
            let refused = surface.order(&demo, "requester", users, targets).text();
            assert!(refused.contains("must answer Why"), "{surface:?}: {refused}");
        }
    }
    let form = json!([{"name": "why", "value": "for the train"}]);
    let target = json!({"entityType": "ProfileTemplate", "entityKey": ASKING, "form": form});
    let wanted = json!({"beneficiaries": [{"login": "user24"}, {"login": "user82"}], "targets": [target]});
    let parent = native(&demo, "requester", "/requests", &wanted).json_of(201).unwrap()["number"].to_string();
    Surface::Native.does(&demo, "sysadmin", &parent, "approve");
    for child in children(&demo, &parent) {
        let answers = &see(&demo, &child)["certificate"]["questions"];
        assert_eq!(answers[0]["value"], "for the train", "{answers}");
    }
}

#[test]
fn an_edit_does_not_take_away_an_answer_that_is_needed() {
    let demo = house();
    let asking =
        json!({"entityType": "ProfileTemplate", "entityKey": ASKING, "form": [{"name": "Why", "value": "so"}]});
    let wanted = json!({"beneficiaries": [{"login": "user24"}], "targets": [asking], "draft": true});
    let id = native(&demo, "requester", "/requests", &wanted).json_of(201).unwrap()["number"].to_string();
    let edit = |value: &str| json!({"action": "edit", "answers": [{"name": "Why", "value": value}]});
    let refused = Surface::Native.act_with(&demo, "requester", &id, &edit(" "));
    assert!(refused.status == 400 && refused.text().contains("must answer Why"), "{}", refused.text());
    assert_eq!(see_as(&demo, "requester", &id)["certificate"]["questions"][0]["value"], "so");
    assert_eq!(Surface::Native.act_with(&demo, "requester", &id, &edit("because")).status, 200);
}

fn see_as(demo: &Demo, login: &str, id: &str) -> Value {
    demo.login(login).get(&format!("{NATIVE}/requests/{id}")).unwrap().json_of(200).unwrap()
}
