//! Making requests, reading them, and saying what they would need.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{DUAL_CONTROL, UNKNOWN, caller, column, refused, request_for, role_request, target};

#[test]
fn a_request_is_made_and_read_under_both_of_its_names() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let body = json!({"beneficiaries": [{"number": 24}], "justification": "Joins the project", "targets": [
        {"entityType": "Role", "entityKey": "12", "start": "2020-01-01T00:00:00Z", "end": "2099-12-31T23:00:00+01:00",
            "form": [{"name": "Cost centre", "value": "7"}]}]});
    let answer = requester.post("/requests", &body);
    let made = answer.json_of(201).unwrap();
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/api/v1/requests/{}", made["id"].as_str().unwrap()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!((&made["status"], &made["operation"]), (&json!("pending"), &json!("Assign Roles")));
    assert_eq!(made["targets"][0]["end"], "2099-12-31T22:00:00Z");
    assert_eq!(made["stages"][0]["tasks"][0]["assignee"]["name"], "manager");
    for name in [made["id"].as_str().unwrap(), &made["number"].to_string()] {
        let read = requester.get(&format!("/requests/{name}"));
        assert_eq!(read.header("etag"), Some("\"1\""));
        let mut read = read.json_of(200).unwrap();
        assert_eq!(read["children"], json!([]));
        read.as_object_mut().unwrap().remove("children");
        assert_eq!(read, made);
    }
}

#[test]
fn whoever_may_not_see_a_request_finds_none() {
    let demo = Demo::start();
    let id = role_request(&demo);
    for (login, status) in
        [("requester", 200), ("user24", 200), ("manager", 200), ("sysadmin", 200), ("user82", 404), ("auditor", 404)]
    {
        for path in [format!("/requests/{id}"), format!("/requests/{id}/events")] {
            assert_eq!(caller(&demo, login).get(&path).status, status, "{login} {path}");
        }
    }
    for name in ["99999", "0", "junk", UNKNOWN] {
        refused(&caller(&demo, "sysadmin").get(&format!("/requests/{name}")), 404, "EntityNotFound", "nothing");
    }
}

#[test]
fn a_request_for_several_splits_into_children() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let body = json!({"beneficiaries": [{"login": "user24"}, {"login": "USER82"}],
        "targets": [target("Role", "12"), target("ProfileTemplate", DUAL_CONTROL)]});
    let id = sysadmin.ask(&body);
    assert_eq!(sysadmin.read(&format!("/requests/{id}"))["operation"], "Heterogeneous Request");
    assert_eq!(caller(&demo, "xelsysadm").decide(&id, "approve").json_of(200).unwrap()["status"], "awaitingChildren");
    let children = sysadmin.read(&format!("/requests/{id}"))["children"].as_array().unwrap().clone();
    assert_eq!(children.iter().map(|child| child["ordinal"].clone()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let child = sysadmin.read(&format!("/requests/{}", children[1]["number"]));
    assert_eq!(
        (&child["parent"], &child["operation"]),
        (&sysadmin.read(&format!("/requests/{id}"))["id"], &json!("Enroll"))
    );
    assert_eq!(
        (&child["certificate"]["template"], &child["certificate"]["templateName"]),
        (&json!(DUAL_CONTROL), &json!("Dual control"))
    );
}

#[test]
fn a_draft_is_its_owners_until_it_is_submitted() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let mut body = request_for("user24", &[target("Role", "12")]);
    body["draft"] = json!(true);
    let id = requester.ask(&body);
    let draft = requester.read(&format!("/requests/{id}"));
    assert_eq!((&draft["status"], &draft["beneficiaries"][0]["name"]), (&json!("draft"), &json!("user24")));
    refused(&caller(&demo, "sysadmin").get(&format!("/requests/{id}")), 404, "EntityNotFound", "");
    refused(&caller(&demo, "user24").act(&id, &json!({"action": "submit"})), 404, "EntityNotFound", "");
    assert_eq!(requester.act(&id, &json!({"action": "submit"})).json_of(200).unwrap()["status"], "pending");
    refused(&requester.act(&id, &json!({"action": "submit"})), 409, "RequestStatusInvalid", "pending");
}

#[test]
fn something_is_taken_away() {
    let demo = Demo::start();
    let (requester, manager) = (caller(&demo, "requester"), caller(&demo, "manager"));
    let mut take = request_for("user24", &[target("Role", "12")]);
    take["intent"] = json!("take");
    refused(&requester.post("/requests", &take), 400, "InvalidInput", "does not have it");
    assert_eq!(manager.decide(&role_request(&demo), "approve").status, 200);
    let id = requester.ask(&take);
    assert_eq!(requester.read(&format!("/requests/{id}"))["operation"], "Remove from Roles");
}

#[test]
fn what_cannot_be_asked_for_is_refused_by_member() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let role = || target("Role", "12");
    let dated = |start: &str, end: &str| {
        let mut role = role();
        (role["start"], role["end"]) = (json!(start), json!(end));
        request_for("user24", &[role])
    };
    for (body, field) in [
        (json!({"targets": []}), "targets"),
        (json!({"beneficiaries": []}), "body"),
        (request_for("nobody", &[role()]), "beneficiaries[0].login"),
        (json!({"beneficiaries": [{"number": 77777}], "targets": [role()]}), "beneficiaries[0]"),
        (json!({"beneficiaries": [{}], "targets": [role()]}), "beneficiaries[0]"),
        (request_for("user24", &[role(), role()]), "targets[1]"),
        (request_for("user24", &[target("Role", "999")]), "targets[0]"),
        (request_for("user24", &[target("ProfileTemplate", UNKNOWN)]), "targets[0]"),
        (request_for("user24", &[target("Car", "1")]), "targets[0].entityType"),
        (dated("2030-01-02T00:00:00Z", "2030-01-01T00:00:00Z"), "targets[0].end"),
        (dated("2030-01-02", "2030-01-03T00:00:00Z"), "targets[0].start"),
        (json!({"targets": [role()], "reason": "x"}), "reason"),
    ] {
        for path in ["/requests", "/requests/explain"] {
            let answer = requester.post(path, &body);
            refused(&answer, 400, "InvalidInput", "");
            assert_eq!(answer.json().unwrap()["field"], field, "{body}: {}", answer.text());
        }
    }
    for path in ["/requests", "/requests/explain"] {
        let answer = caller(&demo, "user82").post(path, &request_for("user24", &[role()]));
        refused(&answer, 403, "AccessDenied", "user24");
    }
}

#[test]
fn a_body_is_json_and_says_so() {
    let demo = Demo::start();
    let client = demo.login("requester");
    let send = |headers: &[&[u8]], body: &[u8]| client.raw("POST", b"/api/v1/requests", headers, body).unwrap();
    refused(&send(&[], b"{}"), 415, "UnsupportedMediaType", "Content-Type");
    refused(&send(&[b"Content-Type: text/plain"], b"{}"), 415, "UnsupportedMediaType", "Content-Type");
    let json: &[&[u8]] = &[b"Content-Type: application/json"];
    for body in [&b"{"[..], b"[]", b"\xff", b"{\"targets\":[]}x"] {
        refused(&send(json, body), 400, "InvalidInput", "body");
    }
    refused(&send(json, &vec![b' '; 2 << 20]), 413, "BodyTooLarge", "");
    let keyed: &[&[u8]] = &[b"Content-Type: application/json", b"Idempotency-Key: a b"];
    refused(&send(keyed, b"{}"), 400, "InvalidInput", "Idempotency-Key");
}

#[test]
fn what_a_request_would_need_is_explained_and_nothing_is_made() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let before = column(&requester.read("/requests?limit=1000"), "/id");
    let explain = |targets: &[Value]| {
        let body = json!({"beneficiaries": [{"login": "user24"}], "targets": targets});
        requester.post("/requests/explain", &body).json_of(200).unwrap()
    };
    let one = explain(&[target("Role", "12")]);
    assert_eq!((one["children"].clone(), one["stages"].as_array().unwrap().len()), (json!(0), 1));
    let stage = &one["stages"][0];
    assert_eq!((&stage["quorum"], &stage["staffing"]), (&json!(1), &json!("enough")));
    assert_eq!(
        (&stage["reason"], &stage["approvers"][0]["name"]),
        (&json!("Beneficiary manager approval"), &json!("manager"))
    );
    let two = explain(&[target("ProfileTemplate", DUAL_CONTROL)]);
    assert_eq!(
        (&two["stages"][0]["quorum"], &two["stages"][0]["approvers"][0]["name"]),
        (&json!(2), &json!("APPROVERS"))
    );
    let both = explain(&[target("Role", "12"), target("ProfileTemplate", DUAL_CONTROL)]);
    assert_eq!((&both["children"], &both["stages"][0]["approvers"][0]["type"]), (&json!(2), &json!("group")));
    assert_eq!(explain(&[target("ProfileTemplate", "8f31803f-8afc-49bb-911d-402ec264b589")])["stages"], json!([]));
    assert_eq!(column(&requester.read("/requests?limit=1000"), "/id"), before);
}

#[test]
fn callers_are_told_who_they_are() {
    let demo = Demo::start();
    let me = |login: &str| caller(&demo, login).read("/me");
    let sysadmin = me("sysadmin");
    assert_eq!((&sysadmin["number"], &sysadmin["administrator"]), (&json!(2006), &json!(true)));
    let mut groups: Vec<_> = sysadmin["groups"].as_array().unwrap().iter().map(|group| group["name"].clone()).collect();
    groups.sort_by_key(Value::to_string);
    assert_eq!(groups, ["APPROVERS", "SYSTEM ADMINISTRATORS"]);
    let user = me("user24");
    assert_eq!((&user["manager"]["name"], &user["administrator"]), (&json!("manager"), &json!(false)));
    refused(&caller(&demo, "user24").get("/nothing"), 404, "RouteNotFound", "nothing");
}
