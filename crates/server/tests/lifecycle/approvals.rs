//! How requests are approved: stage by stage, by enough different people, on what they have seen.

use serde_json::{Value, json};

use crate::house::{CHECKED, house};
use crate::support::NATIVE;
use crate::surface::{BOTH, Surface, label, native, see, status};

/// Asks for a role for user 24.
fn ask(demo: &crate::support::Demo, surface: Surface, role: &str) -> String {
    surface.ask(demo, "requester", &["user24"], &[("Role", role)])
}

#[test]
fn stages_follow_one_another() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "steps");
        // Whoever is asked later cannot decide yet, and does not see it.
        assert!(surface.inbox(&demo, "dirk").is_empty());
        assert_eq!(surface.act(&demo, "dirk", &id, "approve").status, 404);
        surface.does(&demo, "dora", &id, "approve");
        assert_eq!(status(&demo, &id), "pending");
        assert!(surface.inbox(&demo, "dirk").contains(&id));
        // Another step is another decision.
        surface.does(&demo, "dora", &id, "approve");
        surface.does(&demo, "dirk", &id, "approve");
        assert_eq!(label(&demo, &id), "Request Completed");

        let denied = ask(&demo, surface, "steps");
        surface.does(&demo, "dora", &denied, "approve");
        surface.does(&demo, "dean", &denied, "deny");
        assert_eq!(label(&demo, &denied), "Request Rejected");
        surface.may_not(&demo, "dirk", &denied, "approve", 409, "denied");
        let early = ask(&demo, surface, "steps");
        surface.does(&demo, "dora", &early, "deny");
        let stages = see(&demo, &early)["stages"].clone();
        assert_eq!((&stages[1]["tasks"], stages[1]["planned"].as_array().unwrap().len()), (&json!([]), 1));
    }
}

#[test]
fn a_quorum_counts_different_people() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "trio");
        surface.does(&demo, "dora", &id, "approve");
        surface.may_not(&demo, "dora", &id, "approve", 409, "voted already");
        surface.may_not(&demo, "dora", &id, "deny", 409, "voted already");
        assert_eq!((status(&demo, &id).as_str(), &see(&demo, &id)["stages"][0]["approvals"]), ("pending", &json!(1)));
        // Whoever has voted has nothing more to do; the others have.
        assert!(!surface.inbox(&demo, "dora").contains(&id));
        assert!(surface.inbox(&demo, "dean").contains(&id));
        surface.does(&demo, "dean", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");
        assert!(!surface.inbox(&demo, "dirk").contains(&id));

        // One denial is enough.
        let denied = ask(&demo, surface, "trio");
        surface.does(&demo, "dora", &denied, "approve");
        surface.does(&demo, "dirk", &denied, "deny");
        assert_eq!(status(&demo, &denied), "denied");
    }
}

#[test]
fn users_and_groups_are_asked() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "mixed");
        for login in ["boss", "dora", "dirk", "dean"] {
            assert!(surface.inbox(&demo, login).contains(&id), "{login}");
        }
        surface.may_not(&demo, "manager", &id, "approve", 403, "not yours");
        assert_eq!(surface.act(&demo, "heir", &id, "approve").status, 404);
        surface.does(&demo, "dirk", &id, "approve");
        surface.does(&demo, "boss", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");

        let by_relation = ask(&demo, surface, "asker");
        surface.may_not(&demo, "user24", &by_relation, "approve", 403, "not yours");
        surface.does(&demo, "manager", &by_relation, "approve");
        assert_eq!(status(&demo, &by_relation), "completed");
        let automatic = ask(&demo, surface, "free");
        assert_eq!((status(&demo, &automatic).as_str(), &see(&demo, &automatic)["stages"]), ("completed", &json!([])));
    }
}

#[test]
fn nobody_decides_what_they_asked_for_or_what_is_for_them_unless_the_policy_says_so() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "own");
        for login in ["requester", "user24"] {
            assert!(!surface.inbox(&demo, login).contains(&id), "{login}");
            for action in ["approve", "deny", "claim"] {
                surface.may_not(&demo, login, &id, action, 403, "nobody decides what they asked for");
            }
        }
        surface.does(&demo, "dora", &id, "approve");
        for login in ["requester", "user24"] {
            let id = ask(&demo, surface, "allowed");
            assert!(surface.inbox(&demo, login).contains(&id), "{login}");
            surface.does(&demo, login, &id, "approve");
            assert_eq!(status(&demo, &id), "completed");
        }
    }
    let template = [("ProfileTemplate", crate::house::OWN_TEMPLATE)];
    let id = Surface::Oig.ask(&demo, "requester", &["requester"], &template);
    Surface::Oig.does(&demo, "requester", &id, "approve");
    assert_eq!(label(&demo, &id), "Request Approved Fulfillment Pending");
}

#[test]
fn a_claim_takes_the_task_out_of_the_others_inboxes_and_ends_with_the_vote() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "trio");
        surface.does(&demo, "dora", &id, "claim");
        assert!(surface.inbox(&demo, "dora").contains(&id));
        for login in ["dirk", "dean"] {
            assert!(!surface.inbox(&demo, login).contains(&id), "{login}");
            for action in ["approve", "deny", "claim", "release"] {
                surface.may_not(&demo, login, &id, action, 409, "somebody else has claimed");
            }
        }
        surface.does(&demo, "dora", &id, "release");
        assert!(surface.inbox(&demo, "dirk").contains(&id));
        surface.does(&demo, "dirk", &id, "claim");
        surface.does(&demo, "dirk", &id, "approve");
        // The claim is over with the vote: the second of two may decide.
        assert!(see(&demo, &id)["stages"][0]["tasks"][0]["acquiredBy"].is_null());
        assert!(surface.inbox(&demo, "dean").contains(&id));
        surface.does(&demo, "dean", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");
    }
}

#[test]
fn an_approvers_change_voids_the_votes_of_the_stage() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "trio");
        let end = "2999-01-01T00:00:00Z";
        let saved = match surface {
            Surface::Native => {
                json!({"action": "save", "targets": [{"entityType": "Role", "entityKey": "trio", "end": end}]})
            }
            Surface::Oig => json!({"action": "save",
                "reqTargetEntities": [{"entityType": "Role", "entityId": "trio", "endDate": end}]}),
        };
        surface.does(&demo, "dora", &id, "approve");
        // A remark changes nothing that was approved.
        let remark = match surface {
            Surface::Native => json!({"action": "save", "comment": "looks fine"}),
            Surface::Oig => json!({"action": "save", "actionComment": "looks fine"}),
        };
        assert_eq!(surface.act_with(&demo, "dirk", &id, &remark).status, 200);
        assert_eq!(see(&demo, &id)["stages"][0]["approvals"], 1);
        let by_others = surface.act_with(&demo, "requester", &id, &saved);
        surface.refuses(&by_others, 403, "not yours");
        assert_eq!(surface.act_with(&demo, "dirk", &id, &saved).status, 200);
        let seen = see(&demo, &id);
        assert_eq!((&seen["stages"][0]["approvals"], &seen["contentRevision"]), (&json!(0), &json!(2)));
        assert!(kinds(&demo, &id).contains(&"votesVoided".to_owned()));
        // Who approved the old text is asked again.
        assert!(surface.inbox(&demo, "dora").contains(&id));
        surface.does(&demo, "dora", &id, "approve");
        surface.does(&demo, "dirk", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");
    }
}

/// The kinds of a request's events.
fn kinds(demo: &crate::support::Demo, id: &str) -> Vec<String> {
    let path = format!("{NATIVE}/requests/{id}/events?limit=1000");
    let events = demo.login("sysadmin").get(&path).unwrap().json_of(200).unwrap();
    let kind = |event: &Value| event["kind"].as_str().unwrap().to_owned();
    events["items"].as_array().unwrap().iter().map(kind).collect()
}

#[test]
fn an_approval_is_complete_when_what_it_asks_is_answered() {
    let demo = house();
    for surface in BOTH {
        let request = surface.ask(&demo, "user24", &["user24"], &[("ProfileTemplate", CHECKED)]);
        surface.may_not(&demo, "dora", &request, "approve", 400, "must answer Badge");
        let answer = |value: &str| match surface {
            Surface::Native => {
                let body = json!({"outcome": "approve", "answers": [{"name": "Badge", "value": value}]});
                native(&demo, "dora", &format!("/requests/{request}/decisions"), &body)
            }
            Surface::Oig => {
                let form = json!([{"entityId": CHECKED, "entityType": "ProfileTemplate",
                    "appFormData": [{"name": "Badge", "value": value}]}]);
                let body = json!({"action": "approve", "reqTargetEntities": form});
                surface.act_with(&demo, "dora", &request, &body)
            }
        };
        surface.refuses(&answer(" "), 400, "must answer Badge");
        assert_eq!(status(&demo, &request), "pending");
        assert_eq!(answer("4711").status, 200);
        assert_eq!(status(&demo, &request), "approved");
    }
}
