//! What an element looks like, and what stands around the elements.

use serde_json::{Value, json};

use crate::rows::{ADMINISTRATORS, rows};
use crate::support::OIG;
use crate::world::World;
use crate::{list, path};

fn own(world: &World, path: &str) -> Value {
    json!([{"rel": "self", "href": format!("{}{OIG}/{path}", world.server.url())}])
}

/// The order of an object's members.
fn order(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_real_capture_replays() {
    let world = World::start();
    let q = "reqStatus%20eq%20Request%3A%3AAwaiting%3A%3AApproval";
    let found = list(&world.login("mgraff"), &format!("view=trackRequests&q={q}&userId=5001"));
    let href = format!("{}{OIG}/requests?view=trackRequests&offset=1&limit=10&q={q}", world.server.url());
    let whole = list(&world.login("mgraff"), &format!("view=trackRequests&q={q}"));
    assert_eq!(whole["links"], json!([{"rel": "self", "href": href}, {"rel": "first", "href": href}]));
    let captured = found["requests"].as_array().unwrap().iter().find(|item| item["id"] == "5004").unwrap();
    let user = &own(&world, "users/5001")[0];
    let expected = json!({
        "links": own(&world, "requests/5004"),
        "id": "5004",
        "reqStatus": "Request Awaiting Approval",
        "requester": {"name": "requesterId", "value": "5001", "link": user},
        "reqCreatedOn": "2020-02-03T20:44:36Z",
        "reqType": "Modify User Profile",
        "reqBeneficiaryList": [{"links": [user], "id": "5001", "userLogin": "mgraff", "displayName": "Mary Graff"}],
    });
    assert_eq!(captured, &expected);
    assert_eq!(order(captured), order(&expected));
    assert_eq!(order(&found), ["links", "count", "hasMore", "totalResult", "requests"]);
    assert_eq!((&found["totalResult"], &found["hasMore"]), (&json!(-1), &json!(false)));
}

#[test]
fn a_request_that_is_over_says_when_and_why() {
    let world = World::start();
    let found = list(&world.login("john"), "q=id+eq+9");
    let item = &found["requests"][0];
    let expected = [
        "links",
        "id",
        "reqStatus",
        "requester",
        "reqCreatedOn",
        "reqExpireOn",
        "reqType",
        "reqJustification",
        "reqBeneficiaryList",
    ];
    assert_eq!(order(item), expected);
    assert_eq!(
        (&item["reqCreatedOn"], &item["reqExpireOn"]),
        (&json!("2019-01-02T10:00:00Z"), &json!("2019-01-05T08:00:00Z"))
    );
    assert_eq!(item["reqJustification"], "Needs the payroll role");
}

#[test]
fn a_task_has_its_eight_members_and_those_that_it_has_a_value_for() {
    let (world, rows) = (World::start(), rows());
    let find = |number: u64| rows.iter().find(|row| row.number == number).unwrap();
    let item = |login: &str, number: u64| {
        let found = list(&world.login(login), &format!("view=pendingApprovals&q=id+eq+{number}"));
        assert_eq!(found["count"], 1);
        found["requests"][0].clone()
    };
    let expected = json!({
        "links": own(&world, "requests/5004"),
        "title": "Default operational level approval for Request ID 5004",
        "id": "5004",
        "creator": "mgraff",
        "taskId": find(5004).tasks[0].id(),
        "state": "ASSIGNED",
        "status": "Request Awaiting Approval",
        "assignee": ADMINISTRATORS,
        "created": "2020-02-03T20:44:36Z",
    });
    assert_eq!(item("xelsysadm", 5004), expected);
    assert_eq!(order(&item("xelsysadm", 5004)), order(&expected));
    let claimed = item("dave", 2001);
    assert_eq!(order(&claimed)[9..], ["acquiredBy", "expires"]);
    assert_eq!((&claimed["acquiredBy"], &claimed["expires"]), (&json!("dave"), &json!("2030-05-05T05:05:05Z")));
    assert_eq!(claimed["assignee"], "APPROVERS");
    assert_eq!(item("carol", 2006)["assignee"], "carol");
}

#[test]
fn the_11g_shape_is_printed_on_demand() {
    let world = World::with(&[("COUNTERSIGN__OIG__COMPAT", "11g"), ("COUNTERSIGN__OIG__TIME_ZONE", "Asia/Kolkata")]);
    let item = list(&world.login("john"), "q=id+eq+9")["requests"][0].clone();
    let user = &own(&world, "users/15")[0];
    let expected = json!({
        "links": own(&world, "requests/9"),
        "id": "9",
        "reqStatus": "Request Completed",
        "requester": "15",
        "reqCreatedOn": "Wed Jan 02 15:30:00 IST 2019",
        "reqExpireOn": "Sat Jan 05 13:30:00 IST 2019",
        "reqType": "Assign Roles",
        "reqJustification": "Needs the payroll role",
        "reqBenefiiciaryList": [{"links": [user], "userLogin": "john", "displayName": "John Doe"}],
    });
    assert_eq!(item, expected);
    let fields = list(&world.login("john"), "q=id+eq+9&fields=reqBeneficiaryList");
    assert_eq!(order(&fields["requests"][0]), ["links", "id", "reqBenefiiciaryList"]);
    let task = list(&world.login("xelsysadm"), "view=pendingApprovals&q=id+eq+5004")["requests"][0].clone();
    assert_eq!(task["created"], "Tue Feb 04 02:14:36 IST 2020");
}

#[test]
fn fields_choose_the_members_of_the_elements_alone() {
    let world = World::start();
    for (parameters, expected) in [
        ("fields=reqType,%20reqStatus", vec!["links", "id", "reqStatus", "reqType"]),
        ("fields=noSuchField", vec!["links", "id"]),
        ("view=pendingApprovals&fields=TITLE,taskid", vec!["links", "title", "id", "taskId"]),
    ] {
        let found = list(&world.login("xelsysadm"), parameters);
        assert_eq!(order(&found), ["links", "count", "hasMore", "totalResult", "requests"]);
        let items = found["requests"].as_array().unwrap();
        assert!(!items.is_empty() && items.iter().all(|item| order(item) == expected), "{parameters}: {found}");
    }
}

#[test]
fn the_answer_is_json_with_the_time_it_took_and_nothing_else_is_sent() {
    let world = World::start();
    let john = world.login("john");
    let answer = john.get(&path("view=pendingApprovals")).unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.header("responsetime").unwrap().parse::<u64>().is_ok());
    for (accept, status) in [("application/xml", 406), ("application/json;q=0", 406), ("text/html, */*;q=0.1", 200)] {
        assert_eq!(john.get_with(&path(""), &[("accept", accept)]).unwrap().status, status, "{accept}");
    }
    let target = path("");
    let head = john.raw("HEAD", target.as_bytes(), &[], &[]).unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    let options = john.raw("OPTIONS", target.as_bytes(), &[], &[]).unwrap();
    let allowed = options.header("allow").unwrap().to_owned();
    assert!(options.status == 200 && allowed.contains("GET") && allowed.contains("HEAD"), "{allowed}");
    for nobody in [john.anonymous(), john.login("john", "wrong")] {
        assert_eq!(nobody.get(&path("view=pendingApprovals")).unwrap().status, 401);
    }
}
