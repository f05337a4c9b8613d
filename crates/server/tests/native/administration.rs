//! What administrators keep: templates, catalog, rules, webhooks.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{Caller, UNKNOWN, caller, column, refused, request_for, target};

const SECRET: &str = "correct horse battery staple";

fn template() -> Value {
    json!({"name": "Of the test", "templateKind": "software", "readers": "everyone",
        "enrollers": {"principals": ["154dbe34-dfc8-40ab-a3a6-68e85a35c939"]},
        "policies": [{"policy": "enroll", "enabled": true, "selfService": true, "approvalsNeeded": 1,
            "approvers": ["154dbe34-dfc8-40ab-a3a6-68e85a35c939"], "dataItems": [{"name": "Why", "required": true}]}]})
}

fn item() -> Value {
    json!({"entityType": "Role", "entityKey": "77", "name": "Role 77"})
}

fn approval_rule() -> Value {
    json!({"name": "Role 12: two of the approvers", "ordinal": 1, "scope": "single",
        "entities": [{"entityType": "Role", "entityKey": "12"}],
        "stages": [{"name": "first", "title": "First", "quorum": 2, "deadline": {"seconds": 3600, "then": "escalate"},
            "approvers": [{"principal": "154dbe34-dfc8-40ab-a3a6-68e85a35c939"}, "administrators"]}]})
}

fn request_rule() -> Value {
    json!({"name": "Everybody for their reports", "requesters": "everyone", "beneficiaries": "reports",
        "entityTypes": ["Role"]})
}

fn webhook() -> Value {
    json!({"name": "Of the test", "url": "http://127.0.0.1:9/", "enabled": false, "secret": SECRET})
}

/// Each collection with a good body.
fn collections() -> [(&'static str, Value); 5] {
    [
        ("/profile-templates", template()),
        ("/catalog-items", item()),
        ("/approval-rules", approval_rule()),
        ("/request-rules", request_rule()),
        ("/webhooks", webhook()),
    ]
}

/// Where what was made is.
fn place(answer: &countersign_xtask::answer::Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.header("location").unwrap().strip_prefix("/api/v1").unwrap().to_owned()
}

fn events_of(sysadmin: &Caller, stream: &str, id: &Value) -> Vec<Value> {
    let feed = sysadmin.read("/events?limit=1000");
    let events = feed["items"].as_array().unwrap().iter();
    events.filter(|event| event["stream"] == stream && event["id"] == *id).cloned().collect()
}

#[test]
fn each_is_made_read_listed_and_replaced_with_an_event_each_time() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let streams = ["profileTemplate", "catalogItem", "policy", "requestRule", "webhook"];
    for ((collection, body), stream) in collections().into_iter().zip(streams) {
        let answer = sysadmin.post(collection, &body);
        let path = place(&answer);
        let made = answer.json().unwrap();
        assert_eq!((&made["revision"], answer.header("etag")), (&json!(1), Some("\"1\"")), "{collection}");
        let read = sysadmin.get(&path);
        assert_eq!(read.header("etag"), Some("\"1\""));
        let mut read = read.json_of(200).unwrap();
        read.as_object_mut().unwrap().remove("delivery");
        assert_eq!(read, made);
        assert!(
            column(&sysadmin.read(&format!("{collection}?limit=1000")), "/id")
                .contains(&made["id"].as_str().unwrap().to_owned())
        );
        // What was read can be sent back, with a change.
        let mut changed = made.clone();
        changed["name"] = json!("Renamed");
        let replaced = sysadmin.seeing("\"1\"").put(&path, &changed);
        assert_eq!((replaced.status, replaced.header("etag")), (200, Some("\"2\"")), "{}", replaced.text());
        let after = replaced.json().unwrap();
        assert_eq!((&after["name"], &after["id"]), (&json!("Renamed"), &made["id"]));
        let events = events_of(&sysadmin, stream, &made["id"]);
        let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["created", "changed"], "{collection}");
        assert_eq!((&events[1]["actor"]["name"], &events[1]["data"]["name"]), (&json!("sysadmin"), &json!("Renamed")));
    }
}

#[test]
fn a_replacement_needs_the_present_etag() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    for (collection, body) in collections() {
        let path = place(&sysadmin.post(collection, &body));
        let before = sysadmin.read(&path);
        refused(&sysadmin.put(&path, &body), 428, "PreconditionRequired", "If-Match");
        for tag in ["\"0\"", "\"2\"", "\"x\"", "W/\"1\""] {
            refused(&sysadmin.seeing(tag).put(&path, &body), 412, "ContentChanged", "revision 1");
        }
        refused(&sysadmin.seeing("1").put(&path, &body), 400, "InvalidInput", "If-Match");
        assert_eq!(sysadmin.read(&path), before);
        assert_eq!(sysadmin.seeing("*").put(&path, &body).json_of(200).unwrap()["revision"], 2);
        refused(&sysadmin.seeing("\"1\"").put(&path, &body), 412, "ContentChanged", "revision 2");
    }
}

#[test]
fn everybody_else_is_refused() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    for (collection, body) in collections() {
        let path = place(&sysadmin.post(collection, &body));
        for login in ["manager", "requester", "auditor"] {
            let other = caller(&demo, login).seeing("\"1\"");
            for answer in
                [other.get(collection), other.get(&path), other.post(collection, &body), other.put(&path, &body)]
            {
                refused(&answer, 403, "AccessDenied", "administrators");
            }
        }
        assert_eq!(sysadmin.read(&path)["revision"], 1);
    }
    for path in ["/webhooks", "/approval-rules"] {
        refused(&sysadmin.get(&format!("{path}/{UNKNOWN}")), 404, "EntityNotFound", "");
        refused(&sysadmin.get(&format!("{path}/junk")), 404, "EntityNotFound", "");
    }
    for number in ["0", "999999", "junk"] {
        refused(&sysadmin.get(&format!("/catalog-items/{number}")), 404, "EntityNotFound", "");
    }
    refused(
        &sysadmin.seeing("*").put(&format!("/request-rules/{UNKNOWN}"), &request_rule()),
        404,
        "EntityNotFound",
        "",
    );
    let deleted = sysadmin.send("DELETE", "/approval-rules/a0010000-0000-4000-8000-000000000001", b"");
    assert_eq!(deleted.status, 405);
}

#[test]
fn what_cannot_be_kept_is_refused_by_member() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let with = |mut body: Value, pointer: &str, value: Value| {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(member.to_owned(), value);
        body
    };
    for (collection, body, field) in [
        ("/profile-templates", with(template(), "/name", json!(" ")), "name"),
        ("/profile-templates", with(template(), "/readers", json!({"principals": [UNKNOWN]})), "readers.principals[0]"),
        ("/profile-templates", with(template(), "/policies/0/agents", json!([UNKNOWN])), "policies[0].agents[0]"),
        ("/profile-templates", with(template(), "/policies/0/policy", json!("enrol")), "policies[0].policy"),
        (
            "/profile-templates",
            with(template(), "/policies/0/defaultPriority", json!(256)),
            "policies[0].defaultPriority",
        ),
        ("/catalog-items", with(item(), "/entityKey", json!(" 1")), "entityKey"),
        ("/catalog-items", with(item(), "/application", json!("21")), "application"),
        ("/catalog-items", with(item(), "/nmae", json!("x")), "nmae"),
        ("/approval-rules", with(approval_rule(), "/stages/0/quorum", json!(0)), "stages[0].quorum"),
        ("/approval-rules", with(approval_rule(), "/stages/0/approvers", json!([])), "stages[0].approvers"),
        (
            "/approval-rules",
            with(approval_rule(), "/stages/0/approvers", json!([{"principal": UNKNOWN}])),
            "stages[0].approvers[0].principal",
        ),
        ("/approval-rules", with(approval_rule(), "/scope", json!("whole")), "entityTypes"),
        ("/request-rules", with(request_rule(), "/entityTypes", json!(["Role", "Role"])), "entityTypes[1]"),
        ("/request-rules", with(request_rule(), "/beneficiaries", json!("somebody")), "beneficiaries"),
        ("/webhooks", with(webhook(), "/url", json!("ftp://example.com")), "url"),
        ("/webhooks", with(webhook(), "/secret", json!("short")), "secret"),
        ("/webhooks", with(webhook(), "/secret", Value::Null), "secret"),
    ] {
        let answer = sysadmin.post(collection, &body);
        refused(&answer, 400, "InvalidInput", "");
        assert_eq!(answer.json().unwrap()["field"], field, "{body}: {}", answer.text());
    }
    refused(
        &sysadmin.post("/catalog-items", &with(item(), "/entityKey", json!("12"))),
        409,
        "AlreadyExists",
        "entityKey",
    );
    let path = place(&sysadmin.post("/catalog-items", &item()));
    let renamed = sysadmin.seeing("*").put(&path, &with(item(), "/entityKey", json!("78")));
    refused(&renamed, 400, "InvalidInput", "entityKey");
    let path = place(&sysadmin.post("/profile-templates", &template()));
    let card = sysadmin.seeing("*").put(&path, &with(template(), "/templateKind", json!("smartcard")));
    refused(&card, 400, "InvalidInput", "templateKind");
    let other = with(template(), "/id", json!(UNKNOWN));
    refused(&sysadmin.seeing("*").put(&path, &other), 400, "InvalidInput", "id");
}

#[test]
fn a_changed_rule_and_a_switched_off_item_count_at_once() {
    let demo = Demo::start();
    let (sysadmin, requester) = (caller(&demo, "sysadmin"), caller(&demo, "requester"));
    let wanted = request_for("user24", &[target("Role", "12")]);
    sysadmin.post("/approval-rules", &approval_rule()).json_of(201).unwrap();
    let explained = requester.post("/requests/explain", &wanted).json_of(200).unwrap();
    let stage = &explained["stages"][0];
    assert_eq!((&stage["quorum"], &stage["deadline"]["then"]), (&json!(2), &json!("escalate")));
    assert_eq!(stage["approvers"].as_array().unwrap().len(), 2);

    let mut item = sysadmin.read("/catalog-items/7");
    item["requestable"] = json!(false);
    sysadmin.seeing("\"1\"").put("/catalog-items/7", &item).json_of(200).unwrap();
    refused(&requester.post("/requests", &wanted), 400, "InvalidInput", "at present");

    let mut rule = sysadmin.read("/request-rules/a0020000-0000-4000-8000-000000000001");
    rule["enabled"] = json!(false);
    sysadmin.seeing("\"1\"").put("/request-rules/a0020000-0000-4000-8000-000000000001", &rule).json_of(200).unwrap();
    let other = request_for("user24", &[target("Role", "13")]);
    refused(&requester.post("/requests", &other), 403, "AccessDenied", "user24");
}

#[test]
fn a_template_grows_a_version_with_every_change() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let path = "/profile-templates/d0a10000-0000-4000-8000-000000000002";
    let mut template = sysadmin.read(path);
    assert_eq!(template["version"], 1);
    template["policies"][0]["approvalsNeeded"] = json!(3);
    let after = sysadmin.seeing("\"1\"").put(path, &template).json_of(200).unwrap();
    assert_eq!((&after["version"], &after["policies"][0]["approvalsNeeded"]), (&json!(2), &json!(3)));
    let wanted = request_for("user24", &[target("ProfileTemplate", "d0a10000-0000-4000-8000-000000000002")]);
    let explained = caller(&demo, "requester").post("/requests/explain", &wanted).json_of(200).unwrap();
    assert_eq!(explained["stages"][0]["quorum"], 3);
}

#[test]
fn a_webhooks_key_is_never_told() {
    let demo = Demo::start();
    let sysadmin = caller(&demo, "sysadmin");
    let made = sysadmin.post("/webhooks", &webhook());
    let path = place(&made);
    let mut changed = webhook();
    changed["secret"] = json!("another secret of that length");
    let replaced = sysadmin.seeing("*").put(&path, &changed);
    let feed = sysadmin.get("/events?limit=1000");
    for answer in [made, replaced, sysadmin.get(&path), sysadmin.get("/webhooks"), feed] {
        assert!(!answer.text().contains(SECRET) && !answer.text().contains("another secret"), "{}", answer.text());
        assert!(!answer.text().contains("\"secret\""), "{}", answer.text());
    }
}
