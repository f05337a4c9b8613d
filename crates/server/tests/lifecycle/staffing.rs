//! Enough approvers, always (decisions 5 and 6): too few are helped, and nothing is lost.

use serde_json::{Value, json};

use crate::house::{house, user};
use crate::support::Demo;
use crate::surface::{BOTH, Surface, native, see, soon, status};

fn ask(demo: &Demo, surface: Surface, role: &str) -> String {
    surface.ask(demo, "requester", &["user24"], &[("Role", role)])
}

/// Who has the tasks of a stage, by name.
fn assignees(request: &Value, stage: usize) -> Vec<String> {
    let tasks = request["stages"][stage]["tasks"].as_array().unwrap().iter();
    let open = tasks.filter(|task| task["state"] == "assigned");
    let mut names: Vec<_> = open.map(|task| task["assignee"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_stage_with_too_few_who_may_vote_has_the_administrators_too() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "short");
        let begun = see(&demo, &id);
        assert_eq!(begun["stages"][0]["staffing"], "administratorsAdded");
        assert_eq!(assignees(&begun, 0), ["SYSTEM ADMINISTRATORS", "TRIO"]);
        for login in ["dora", "dirk", "dean", "sysadmin"] {
            assert!(surface.inbox(&demo, login).contains(&id), "{login}");
            surface.does(&demo, login, &id, "approve");
        }
        assert_eq!(status(&demo, &id), "completed");
    }
}

#[test]
fn a_request_that_nobody_could_decide_is_refused() {
    let demo = house();
    let before = native_count(&demo);
    let refused = Surface::Native.order(&demo, "requester", &["user24"], &[("Role", "never")]);
    assert_eq!(refused.json_of(403).unwrap()["code"], "AccessDenied", "{}", refused.text());
    assert!(refused.text().contains("needs 9 who may approve"), "{}", refused.text());
    let body = Surface::Oig.order(&demo, "requester", &["user24"], &[("Role", "never")]).json_of(200).unwrap();
    let element = &body["requests"][0];
    assert_eq!(element["status"], "FAILED");
    assert!(element["description"].as_str().unwrap().contains("needs 9 who may approve"), "{element}");
    assert_eq!(native_count(&demo), before);
    let wanted =
        json!({"beneficiaries": [{"login": "user24"}], "targets": [{"entityType": "Role", "entityKey": "never"}]});
    let explained = native(&demo, "requester", "/requests/explain", &wanted).json_of(200).unwrap();
    assert_eq!(explained["stages"][0]["staffing"], "nobodyEligible");
}

/// How many requests there are.
fn native_count(demo: &Demo) -> usize {
    let path = format!("{}/requests?limit=1000", crate::support::NATIVE);
    let list = demo.login("sysadmin").get(&path).unwrap().json_of(200).unwrap();
    list["items"].as_array().unwrap().len()
}

#[test]
fn a_later_stage_that_nobody_can_decide_is_shown_to_administrators_who_reassign_it() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "later");
        surface.does(&demo, "dora", &id, "approve");
        let stuck = see(&demo, &id);
        assert_eq!((&stuck["status"], &stuck["stages"][1]["staffing"]), (&json!("pending"), &json!("nobodyEligible")));
        for login in ["sysadmin", "xelsysadm"] {
            assert!(surface.inbox(&demo, login).contains(&id), "{login}");
        }
        let task = stuck["stages"][1]["tasks"].as_array().unwrap().iter();
        let of_trio = task.clone().find(|task| task["assignee"]["name"] == "TRIO").unwrap()["id"].clone();
        let (to, name) = if surface == Surface::Native { ("to", "login") } else { ("assignees", "name") };
        let word = if surface == Surface::Native { "task" } else { "taskId" };
        let give = json!({"action": "reassign", word: of_trio, to: [{ name: "manager" }]});
        surface.refuses(&surface.act_with(&demo, "requester", &id, &give), 403, "not yours");
        assert_eq!(surface.act_with(&demo, "sysadmin", &id, &give).status, 200);
        assert!(surface.inbox(&demo, "manager").contains(&id));
        assert!(!surface.inbox(&demo, "dirk").contains(&id));
        surface.does(&demo, "xelsysadm", &id, "skip");
    }
}

#[test]
fn giving_a_task_away_does_not_lower_the_quorum() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "pair");
        assert_eq!(surface.give(&demo, "dora", &id, "reassign", "dirk").status, 200);
        // One person cannot be two: the administrators are asked.
        let after = see(&demo, &id);
        assert_eq!(after["stages"][0]["staffing"], "administratorsAdded");
        assert!(assignees(&after, 0).contains(&"SYSTEM ADMINISTRATORS".to_owned()));
        surface.does(&demo, "dirk", &id, "approve");
        surface.may_not(&demo, "dirk", &id, "approve", 409, "voted already");
        assert_eq!(status(&demo, &id), "pending");
        surface.does(&demo, "sysadmin", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");
    }
}

#[test]
fn whoever_stands_in_for_a_leaver_decides_at_once_and_gets_the_task() {
    let demo = house();
    for (role, successor) in [("gone", "heir"), ("left", "boss")] {
        for surface in BOTH {
            let id = ask(&demo, surface, role);
            assert!(surface.inbox(&demo, successor).contains(&id), "{role}");
            surface.may_not(&demo, "requester", &id, "approve", 403, "");
            assert_eq!(surface.act(&demo, "dora", &id, "approve").status, 404);
            surface.does(&demo, successor, &id, "approve");
            assert_eq!(status(&demo, &id), "completed");

            let handed = ask(&demo, surface, role);
            soon("the task is handed over", || assignees(&see(&demo, &handed), 0) == [successor]);
            surface.does(&demo, successor, &handed, "approve");
        }
    }
    let gone = demo.login("gone").get(&format!("{}/me", crate::support::NATIVE)).unwrap();
    assert_eq!(gone.status, 401);
    assert_eq!(user("gone").len(), 36);
}
