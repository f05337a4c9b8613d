//! Who acts for whom: proxies decide in somebody's place within their dates, and rules say who asks for others.

use serde_json::{Value, json};

use crate::house::house;
use crate::support::{Demo, MIM, NATIVE};
use crate::surface::{BOTH, Surface, see, status};

fn ask(demo: &Demo, surface: Surface, role: &str) -> String {
    surface.ask(demo, "requester", &["user24"], &[("Role", role)])
}

/// The votes of the first stage: who voted, and in whose place.
fn votes(request: &Value) -> Vec<(String, Value)> {
    let tasks = request["stages"][0]["tasks"].as_array().unwrap().iter();
    let votes = tasks.flat_map(|task| task["votes"].as_array().unwrap());
    votes
        .map(|vote| (vote["voter"]["name"].as_str().unwrap().to_owned(), vote["represented"]["name"].clone()))
        .collect()
}

#[test]
fn a_proxy_decides_within_the_dates_alone() {
    let demo = house();
    for surface in BOTH {
        let id = ask(&demo, surface, "boss");
        assert!(surface.inbox(&demo, "percy").contains(&id));
        for login in ["pauline", "peter"] {
            assert!(surface.inbox(&demo, login).is_empty(), "{login}");
            assert_eq!(surface.act(&demo, login, &id, "approve").status, 404, "{login}");
        }
        surface.does(&demo, "percy", &id, "approve");
        let seen = see(&demo, &id);
        assert_eq!((&seen["status"], votes(&seen)), (&json!("completed"), vec![("percy".to_owned(), json!("boss"))]));
    }
}

#[test]
fn a_proxys_vote_is_the_word_of_two_and_counts_once() {
    let demo = house();
    for surface in BOTH {
        // Asked in the boss's place alone: then the boss has spoken.
        let id = ask(&demo, surface, "mixed");
        surface.does(&demo, "percy", &id, "approve");
        assert_eq!(votes(&see(&demo, &id)), [("percy".to_owned(), json!("boss"))]);
        assert_eq!(see(&demo, &id)["stages"][0]["approvals"], 1);
        for login in ["percy", "boss"] {
            assert!(!surface.inbox(&demo, login).contains(&id), "{login}");
            surface.may_not(&demo, login, &id, "approve", 409, "");
        }
        surface.does(&demo, "dean", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");

        // Asked for themselves too: one vote of their own, and the boss's is the boss's.
        let id = ask(&demo, surface, "double");
        surface.does(&demo, "percy", &id, "approve");
        assert_eq!(votes(&see(&demo, &id)), [("percy".to_owned(), Value::Null)]);
        surface.may_not(&demo, "percy", &id, "approve", 409, "voted already");
        assert_eq!(status(&demo, &id), "pending");
        surface.does(&demo, "boss", &id, "approve");
        assert_eq!(status(&demo, &id), "completed");
    }
}

#[test]
fn a_proxy_decides_neither_their_own_nor_the_represented_persons_request() {
    let demo = house();
    for surface in BOTH {
        // For percy, and the boss decides: percy does not in the boss's place.
        let own = surface.ask(&demo, "requester", &["percy"], &[("Role", "boss")]);
        assert!(!surface.inbox(&demo, "percy").contains(&own));
        surface.may_not(&demo, "percy", &own, "approve", 403, "nobody decides");
        surface.does(&demo, "boss", &own, "approve");
        // For the boss: neither the boss nor percy, and the administrators are asked.
        let bosss = surface.ask(&demo, "requester", &["boss"], &[("Role", "boss")]);
        for login in ["boss", "percy"] {
            assert!(!surface.inbox(&demo, login).contains(&bosss), "{login}");
            assert_eq!(surface.act(&demo, login, &bosss, "approve").status, 403, "{login}");
        }
        assert_eq!(see(&demo, &bosss)["stages"][0]["staffing"], "administratorsAdded");
        surface.does(&demo, "sysadmin", &bosss, "approve");
        assert_eq!(status(&demo, &bosss), "completed");
    }
}

#[test]
fn a_rule_that_is_switched_off_lets_nobody_ask_for_others() {
    const RULE: &str = "/request-rules/a0020000-0000-4000-8000-000000000001";
    let demo = house();
    let targets = [("Role", "one")];
    let enroll = || {
        let body = json!({"type": "Enroll", "profiletemplateuuid": crate::house::TEMPLATE,
            "target": "5f0c1d2e-0024-4c1b-9a52-6f3d8f0a2401"});
        let path = format!("{MIM}/requests");
        let headers: [&[u8]; 1] = [b"Content-Type: application/json"];
        demo.login("requester").raw("POST", path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
    };
    for surface in BOTH {
        surface.ask(&demo, "requester", &["user24"], &targets);
    }
    assert_eq!(enroll().status, 201);

    let sysadmin = demo.login("sysadmin");
    let mut rule = sysadmin.get(&format!("{NATIVE}{RULE}")).unwrap().json_of(200).unwrap();
    rule["enabled"] = json!(false);
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"If-Match: *"];
    let path = format!("{NATIVE}{RULE}");
    assert_eq!(sysadmin.raw("PUT", path.as_bytes(), &headers, rule.to_string().as_bytes()).unwrap().status, 200);

    let refused = Surface::Native.order(&demo, "requester", &["user24"], &targets);
    Surface::Native.refuses(&refused, 403, "user24");
    let bulk = Surface::Oig.order(&demo, "requester", &["user24"], &targets).json_of(200).unwrap();
    let element = &bulk["requests"][0];
    assert_eq!((&element["status"], &element["errorCode"]), (&json!("FAILED"), &json!("AccessDenied")));
    assert!(element["description"].as_str().unwrap().contains("user24"), "{element}");
    let refused = enroll().json_of(403).unwrap();
    assert!(refused["Message"].as_str().unwrap().starts_with("target: "), "{refused}");
    // For themselves everybody asks as before.
    for surface in BOTH {
        surface.ask(&demo, "requester", &["requester"], &targets);
    }
}
