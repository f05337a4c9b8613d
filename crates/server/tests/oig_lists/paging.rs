//! Pages: by offset, by following `next`, from either end, and while others decide.

use countersign_xtask::http::Client;
use serde_json::{Value, json};

use crate::rows::{crowd, inbox, rows, tracked};
use crate::support::OIG;
use crate::world::World;
use crate::{list, members, path};

/// The parameters of a link of the answer.
fn link(list: &Value, rel: &str, world: &World) -> Option<String> {
    let links = list["links"].as_array().unwrap();
    let found = links.iter().find(|link| link["rel"] == rel)?;
    let begin = format!("{}{OIG}/requests?", world.server.url());
    Some(found["href"].as_str().unwrap().strip_prefix(&begin).unwrap().to_owned())
}

fn rels(list: &Value) -> Vec<&str> {
    list["links"].as_array().unwrap().iter().map(|link| link["rel"].as_str().unwrap()).collect()
}

/// Everything that following `next` leads to, from the page with these parameters on.
fn follow(client: &Client, world: &World, parameters: &str, member: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), Some(parameters.to_owned()));
    while let Some(parameters) = next {
        let page = list(client, &parameters);
        let elements = members(&page, member);
        assert_eq!(page["count"], elements.len());
        found.extend(elements);
        next = link(&page, "next", world);
        assert_eq!(page["hasMore"], next.is_some(), "{parameters}");
    }
    found
}

#[test]
fn pages_by_offset_make_up_the_list() {
    let (world, rows) = (World::start(), rows());
    let client = world.login("xelsysadm");
    let all: Vec<_> = tracked(&rows, "xelsysadm").iter().map(|row| row.number.to_string()).collect();
    for limit in [1, 2, 7, all.len(), 1000] {
        let mut found = Vec::new();
        for offset in (1..=all.len()).step_by(limit) {
            let page = list(&client, &format!("offset={offset}&limit={limit}"));
            assert_eq!(page["hasMore"], offset + limit <= all.len(), "{offset} {limit}");
            found.extend(members(&page, "id"));
        }
        assert_eq!(found, all, "{limit}");
    }
    let first = members(&list(&client, ""), "id");
    assert_eq!(first, all[..10]);
    for offset in ["0", "-3", "1"] {
        assert_eq!(members(&list(&client, &format!("offset={offset}")), "id"), first, "{offset}");
    }
    let beyond = list(&client, "offset=9223372036854775807&limit=1000");
    assert_eq!((&beyond["requests"], &beyond["hasMore"]), (&json!([]), &json!(false)));
}

/// A known portal reads `limit` as the number of the last row (`spec/oig-requests.md` F).
#[test]
fn a_client_that_takes_the_limit_for_the_last_row_comes_to_an_end_and_sees_everything() {
    let world = World::of(&crowd(120));
    let client = world.login("carol");
    let (mut offset, mut limit, mut seen) = (1, 50, std::collections::BTreeSet::new());
    loop {
        let found = members(&list(&client, &format!("view=pendingApprovals&offset={offset}&limit={limit}")), "taskId");
        if found.is_empty() {
            break;
        }
        seen.extend(found);
        (offset, limit) = (limit + 1, limit + 50);
    }
    assert_eq!(seen.len(), 120);
}

#[test]
fn links_lead_on_and_back() {
    let world = World::start();
    let client = world.login("xelsysadm");
    let page = list(&client, "limit=2&offset=3&fields=reqType,%20id&q=reqStatus+co+wait&requestStatus=pending");
    assert_eq!(rels(&page), ["self", "first", "next", "prev"]);
    let (head, tail) = ("fields=reqType%2C%20id", "q=reqStatus%20co%20wait");
    assert_eq!(link(&page, "self", &world).unwrap(), format!("{head}&offset=3&limit=2&{tail}"));
    assert_eq!(link(&page, "first", &world).unwrap(), format!("{head}&offset=1&limit=2&{tail}"));
    assert_eq!(link(&page, "prev", &world).unwrap(), format!("{head}&offset=1&limit=2&{tail}"));
    let next = link(&page, "next", &world).unwrap();
    assert!(next.starts_with(&format!("{head}&offset=5&limit=2&cursor=")) && next.ends_with(tail), "{next}");
    let following = list(&client, &next);
    assert_eq!(link(&following, "self", &world).unwrap(), next);
    let by_offset = list(&client, &format!("offset=5&limit=2&{tail}"));
    assert_eq!(members(&following, "id"), members(&by_offset, "id"));
    assert_eq!(rels(&list(&client, "limit=1000")), ["self", "first"]);
}

#[test]
fn following_next_meets_each_element_once_from_either_end() {
    let (world, rows) = (World::start(), rows());
    for login in ["xelsysadm", "john"] {
        let client = world.login(login);
        let mut all: Vec<_> = tracked(&rows, login).iter().map(|row| row.number.to_string()).collect();
        for limit in [1, 3, 1000] {
            for order in ["", "&orderBy=reqCreatedOn:descending"] {
                assert_eq!(
                    follow(&client, &world, &format!("limit={limit}{order}"), "id"),
                    all,
                    "{login} {limit}{order}"
                );
            }
        }
        all.reverse();
        for order in ["reqCreatedOn", "reqcreatedon:Ascending"] {
            let parameters = format!("view=trackRequests&limit=3&orderBy={order}");
            assert_eq!(follow(&client, &world, &parameters, "id"), all, "{login} {order}");
        }
        let waiting = follow(&client, &world, "limit=2&orderBy=reqCreatedOn&q=reqStatus+co+wait", "id");
        let by_hand = rows.iter().filter(|row| row.status().to_lowercase().contains("wait"));
        let numbers: Vec<_> = by_hand.map(|row| row.number.to_string()).collect();
        all.retain(|number| numbers.contains(number));
        assert_eq!(waiting, all, "{login}");
    }
    for login in ["carol", "dave", "percy", "xelsysadm"] {
        let client = world.login(login);
        let mut all: Vec<_> = inbox(&rows, login).iter().map(|(_, task)| task.id()).collect();
        let view = "view=pendingApprovals&q=state+eq+Any&limit=2";
        assert_eq!(follow(&client, &world, view, "taskId"), all, "{login}");
        all.reverse();
        assert_eq!(follow(&client, &world, &format!("{view}&orderBy=created"), "taskId"), all, "{login}");
    }
}

#[test]
fn a_cursor_counts_before_the_offset_and_belongs_to_its_view() {
    let world = World::start();
    let client = world.login("xelsysadm");
    let next = link(&list(&client, "limit=3"), "next", &world).unwrap();
    let elsewhere = next.replace("offset=4", "offset=1");
    assert_ne!(elsewhere, next);
    assert_eq!(members(&list(&client, &elsewhere), "id"), members(&list(&client, &next), "id"));
    for parameters in [format!("view=pendingApprovals&{next}"), next.replace("cursor=", "cursor=A")] {
        let body = client.get(&path(&parameters)).unwrap().json_of(400).unwrap();
        assert!(body["message"].as_str().unwrap().starts_with("cursor: "), "{body}");
    }
}

#[test]
fn a_count_is_exact_and_has_no_elements() {
    let (world, rows) = (World::start(), rows());
    for login in ["xelsysadm", "john", "carol", "stranger"] {
        let client = world.login(login);
        let open = inbox(&rows, login).iter().filter(|(_, task)| task.state() == "ASSIGNED").count();
        for (view, expected) in [("", tracked(&rows, login).len()), ("view=pendingApprovals&", open)] {
            for offset in ["", "&offset=3"] {
                let found = list(&client, &format!("{view}limit=0{offset}"));
                assert_eq!(found["totalResult"], expected, "{login} {view}");
                assert_eq!(
                    (&found["requests"], &found["count"], &found["hasMore"]),
                    (&json!([]), &json!(0), &json!(false))
                );
                assert_eq!(rels(&found), ["self", "first"]);
            }
            assert_eq!(list(&client, &format!("{view}limit=2"))["totalResult"], -1, "{login} {view}");
        }
    }
    let world = World::with(&[("COUNTERSIGN__OIG__TOTALS", "true")]);
    let found = list(&world.login("xelsysadm"), "limit=2&q=reqStatus+co+Completed");
    let completed = tracked(&rows, "xelsysadm").into_iter().filter(|row| row.status() == "Request Completed").count();
    assert_eq!(found["totalResult"], completed);
}

/// Rejects a request as `client`.
fn reject(client: &Client, number: &str) {
    let target = format!("{OIG}/requests/{number}");
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Requested-By: tests"];
    let answer = client.raw("PUT", target.as_bytes(), &headers, br#"{"action":"reject"}"#).unwrap();
    assert_eq!(answer.status, 200, "{number}: {}", answer.text());
}

/// Pages through carol's tasks seven at a time, by `next` or by offset, while dave rejects the
/// first five of each page and the last of all. Returns what she saw, and what stayed.
fn page_while_others_decide(by_next: bool) -> (Vec<String>, Vec<String>) {
    let world = World::of(&crowd(60));
    let (carol, dave) = (world.login("carol"), world.login("dave"));
    let (mut seen, mut offset) = (Vec::new(), 1);
    let mut parameters = "view=pendingApprovals&limit=7".to_owned();
    loop {
        let page = list(&carol, &parameters);
        let found = members(&page, "id");
        let last = members(&list(&dave, "view=pendingApprovals&limit=1&orderBy=created"), "id");
        for number in found.iter().take(5).chain(last.iter().filter(|last| !found.contains(last))) {
            reject(&dave, number);
        }
        seen.extend(found);
        offset += 7;
        match link(&page, "next", &world) {
            Some(next) if by_next => parameters = next,
            Some(_) => parameters = format!("view=pendingApprovals&limit=7&offset={offset}"),
            None => break,
        }
    }
    (seen, members(&list(&carol, "view=pendingApprovals&limit=1000"), "id"))
}

#[test]
fn whoever_follows_next_misses_nothing_while_others_decide_and_plain_offsets_do() {
    let (seen, stayed) = page_while_others_decide(true);
    assert!(stayed.len() >= 10 && stayed.len() < 40, "{stayed:?}");
    assert!(stayed.iter().all(|number| seen.contains(number)), "{stayed:?} of {seen:?}");
    let different: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(different.len(), seen.len(), "something was met twice: {seen:?}");
    let (seen, stayed) = page_while_others_decide(false);
    assert!(stayed.iter().any(|number| !seen.contains(number)), "plain offsets missed nothing: {seen:?}");
}
