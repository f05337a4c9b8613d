//! The inbox and the list of requests: who sees what, page by page.

use serde_json::json;

use crate::support::Demo;
use crate::{Caller, account_request, caller, column, refused, request_for, role_request, target};

/// Every element of a list, read by following its links.
fn follow(caller: &Caller, path: &str, pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = path.to_owned();
    loop {
        let answer = caller.get(&path);
        let page = answer.json_of(200).unwrap();
        found.extend(column(&page, pointer));
        let Some(link) = answer.header("link") else {
            assert!(page["next"].is_null());
            return found;
        };
        let address = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        assert!(address.contains(page["next"].as_str().unwrap()));
        path = address.split_once("/api/v1").unwrap().1.to_owned();
    }
}

#[test]
fn an_inbox_holds_what_its_owner_may_decide_and_counts_it() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    assert_eq!(manager.read("/inbox"), json!({"count": 0, "items": []}));
    let ids: Vec<_> = (0..5).map(|_| role_request(&demo)).collect();
    account_request(&demo);
    let page = manager.read("/inbox?limit=2");
    assert_eq!((&page["count"], page["items"].as_array().unwrap().len()), (&json!(5), 2));
    assert_eq!(page["items"][0]["request"]["number"].to_string(), ids[4]);
    let numbers = |caller: &Caller, path: &str| follow(caller, path, "/task/title");
    let titles: Vec<_> =
        ids.iter().rev().map(|id| format!("Beneficiary manager approval for Request ID {id}")).collect();
    for limit in [1, 2, 5, 1000] {
        assert_eq!(numbers(&manager, &format!("/inbox?limit={limit}")), titles, "{limit}");
    }
    assert_eq!(caller(&demo, "requester").read("/inbox")["count"], 0);
    assert_eq!(caller(&demo, "sysadmin").read("/inbox")["count"], 1);
    assert_eq!(manager.decide(&ids[2], "approve").status, 200);
    assert_eq!(manager.read("/inbox")["count"], 4);
    assert_eq!(manager.act(&ids[0], &json!({"action": "suspend"})).status, 200);
    assert_eq!(manager.read("/inbox")["count"], 3);
    assert_eq!(manager.read("/inbox?state=suspended")["count"], 1);
    assert_eq!(manager.read("/inbox?state=assigned,suspended")["count"], 4);
}

#[test]
fn following_the_links_misses_nothing_that_stays() {
    let demo = Demo::start();
    let manager = caller(&demo, "manager");
    let ids: Vec<_> = (0..9).map(|_| role_request(&demo)).collect();
    let first = manager.read("/inbox?limit=3");
    // Two of the first page are decided before the second is read, and a new one comes.
    for id in &ids[6..8] {
        assert_eq!(manager.decide(id, "deny").status, 200);
    }
    role_request(&demo);
    let cursor = first["next"].as_str().unwrap();
    let rest = follow(&manager, &format!("/inbox?limit=3&cursor={cursor}"), "/task/title");
    let expected: Vec<_> =
        ids[..6].iter().rev().map(|id| format!("Beneficiary manager approval for Request ID {id}")).collect();
    assert_eq!(rest, expected);
}

#[test]
fn requests_are_listed_to_those_who_have_to_do_with_them() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = requester.ask(&request_for("user24", &[target("Role", "13")]));
    let numbers = |login: &str, query: &str| {
        let list = caller(&demo, login).read(&format!("/requests?{query}"));
        list["items"].as_array().unwrap().iter().map(|item| item["number"].to_string()).collect::<Vec<_>>()
    };
    for login in ["requester", "user24", "manager", "sysadmin"] {
        assert!(numbers(login, "").contains(&id), "{login}");
    }
    assert!(!numbers("user82", "").contains(&id));
    assert_eq!(numbers("requester", "status=pending,executing"), std::slice::from_ref(&id));
    assert!(!numbers("sysadmin", "status=completed").contains(&id));
    let all = follow(&caller(&demo, "sysadmin"), "/requests?limit=2", "/id");
    assert_eq!(all, column(&caller(&demo, "sysadmin").read("/requests?limit=1000"), "/id"));
    let listed = requester.read("/requests?status=pending")["items"][0].clone();
    assert!(listed["stages"].is_null() && listed["children"].is_null(), "{listed}");
}

#[test]
fn a_page_that_cannot_be_is_refused() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let events = format!("/requests/{}/events", role_request(&demo));
    let other = sysadmin.read(&format!("{events}?limit=1"))["next"].as_str().unwrap().to_owned();
    for path in ["/inbox", "/requests", &events, "/fulfilments", "/profile-templates", "/catalog-items"] {
        for limit in ["0", "1001", "-1", "x", ""] {
            refused(&sysadmin.get(&format!("{path}?limit={limit}")), 400, "InvalidInput", "limit");
        }
        refused(&sysadmin.get(&format!("{path}?cursor=junk")), 400, "InvalidInput", "cursor");
        if path != events {
            refused(&sysadmin.get(&format!("{path}?cursor={other}")), 400, "InvalidInput", "cursor");
        }
    }
    refused(&sysadmin.get("/inbox?state=open"), 400, "InvalidInput", "state");
    refused(&sysadmin.get("/requests?status=open"), 400, "InvalidInput", "status");
    refused(&sysadmin.get("/events?after=-1"), 400, "InvalidInput", "after");
}
