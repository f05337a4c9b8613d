//! Making requests: what comes of the good ones, and what is said of the others.

use serde_json::{Value, json};

use crate::support::{Demo, OIG};
use crate::{DUAL_CONTROL, caller, failed, request_for, role};

/// The documents' own requests: two roles, an account, an entitlement.
fn documented() -> Value {
    json!([
        {"requestId": "Req1001", "reqJustification": "Request role for sub-ordinate",
            "reqBeneficiaryList": [{"id": "24"}], "reqTargetEntities": [
                {"entityId": "12", "entityType": "role",
                    "startDate": "2019-06-20T01:30:00Z", "endDate": "2019-09-25T18:30:00Z"},
                {"entityId": "13", "entityType": "role",
                    "startDate": "2019-06-20T01:30:00Z", "endDate": "2019-09-25T18:30:00Z"}]},
        {"reqJustification": "Request account for sub-ordinates", "reqBeneficiaryList": [{"id": "82"}],
            "reqTargetEntities": [
                {"entityId": "21", "entityType": "appinstance", "endDate": "2019-07-25T18:30:00Z"}]},
        {"reqJustification": "Request entitlement for sub-ordinates", "reqBeneficiaryList": [{"id": "1001"}],
            "reqTargetEntities": [{"entityId": "42", "entityType": "entitlement",
                "startDate": "2019-07-01T18:30:00Z", "endDate": "2019-10-25T18:30:00Z"}]},
    ])
}

#[test]
fn the_documented_requests_are_made_in_their_order() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let answer = requester.post(&documented()).json_of(200).unwrap();
    let requests = answer["requests"].as_array().unwrap();
    let ids: Vec<_> = requests.iter().map(|result| result["id"].as_str().unwrap()).collect();
    let base = format!("{}{OIG}/requests", demo.server.url());
    let made = |id: &str| {
        json!({"links": [{"rel": "self", "href": format!("{base}/{id}")}], "id": id,
            "reqStatus": "Request Created", "status": "SUCCESS"})
    };
    let mut expected: Vec<_> = ids.iter().map(|id| made(id)).collect();
    expected[0]["requestId"] = json!("Req1001");
    assert_eq!(answer, json!({"links": [{"rel": "self", "href": base}], "requests": expected}));
    let numbers: Vec<u64> = ids.iter().map(|id| id.parse().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers[0] > 2033, "{numbers:?}");

    for (id, req_type, why, beneficiary, targets) in [
        (ids[0], "Assign Roles", "Request role for sub-ordinate", "24", vec![("Role", "12"), ("Role", "13")]),
        (
            ids[1],
            "Provision ApplicationInstance",
            "Request account for sub-ordinates",
            "82",
            vec![("ApplicationInstance", "21")],
        ),
        (ids[2], "Provision Entitlement", "Request entitlement for sub-ordinates", "1001", vec![("Entitlement", "42")]),
    ] {
        let seen = requester.see(id);
        assert_eq!(seen["reqType"], req_type);
        assert_eq!((&seen["reqStatus"], &seen["reqJustification"]), (&json!("Request Awaiting Approval"), &json!(why)));
        assert_eq!(seen["reqBeneficiaryList"][0]["id"], beneficiary);
        let found: Vec<_> = seen["reqTargetEntities"].as_array().unwrap().iter().map(entity).collect();
        assert_eq!(found, targets);
    }
    let dates = json!([{"name": "endDate", "value": "2019-09-25T18:30:00Z"},
        {"name": "startDate", "value": "2019-06-20T01:30:00Z"}]);
    assert_eq!(requester.see(ids[0])["reqTargetEntities"][1]["appFormData"], dates);
}

fn entity(target: &Value) -> (&str, &str) {
    (target["entityType"].as_str().unwrap(), target["entityId"].as_str().unwrap())
}

#[test]
fn the_good_elements_happen_and_each_bad_one_says_why() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let late = json!({"entityId": "12", "entityType": "Role",
        "startDate": "2030-01-02T00:00:00Z", "endDate": "2030-01-01T00:00:00Z"});
    let unknown_template = json!({"entityId": "00000000-dead-4bad-8bad-000000000000", "entityType": "ProfileTemplate"});
    let account = json!({"entityId": "42", "entityType": "Entitlement", "parentAccountId": "1"});
    let bad = [
        (json!("junk"), "InvalidInput", "requests"),
        (json!({}), "InvalidInput", "reqTargetEntities"),
        (request_for("24", &json!([])), "InvalidInput", "reqTargetEntities"),
        (request_for("25", &json!([role("12")])), "InvalidInput", "reqBeneficiaryList[0]: there is no such user"),
        (request_for("user24", &json!([role("12")])), "InvalidInput", "reqBeneficiaryList[0].id"),
        (request_for("24", &json!([role("12"), role("99")])), "InvalidInput", "reqTargetEntities[1]"),
        (request_for("24", &json!([role("12"), role("12")])), "InvalidInput", "reqTargetEntities[1]: names the same"),
        (request_for("24", &json!([{"entityId": "12", "entityType": "Rule"}])), "InvalidInput", "entityType"),
        (request_for("24", &json!([{"entityType": "Role"}])), "InvalidInput", "entityId"),
        (request_for("24", &json!([late])), "InvalidInput", "reqTargetEntities[0].endDate"),
        (
            request_for("24", &json!([unknown_template])),
            "InvalidInput",
            "reqTargetEntities[0]: there is no such template",
        ),
        // Account 1 is user 1001's.
        (request_for("24", &json!([account])), "InvalidInput", "reqTargetEntities[0].parentAccountId"),
        (json!({"action": "APPROVE"}), "InvalidInput", "action"),
        (json!({"id": "99999"}), "EntityNotFound", "nothing"),
    ];
    let good = request_for("24", &json!([role("12")]));
    let mut elements = Vec::new();
    for (at, (element, ..)) in bad.iter().enumerate() {
        let mut element = element.clone();
        if let Some(members) = element.as_object_mut() {
            members.insert("requestId".to_owned(), json!(format!("bad-{at}")));
        }
        elements.extend([element, good.clone()]);
    }
    let answer = requester.post(&json!(elements)).json_of(200).unwrap();
    let results = answer["requests"].as_array().unwrap();
    assert_eq!(results.len(), 2 * bad.len());
    for (at, (pair, (element, code, named))) in results.chunks(2).zip(&bad).enumerate() {
        failed(&pair[0], code, named);
        assert_eq!(pair[0]["id"], element["id"]);
        let echo = if element.is_object() { json!(format!("bad-{at}")) } else { Value::Null };
        assert_eq!(pair[0]["requestId"], echo);
        assert_eq!(pair[1]["status"], "SUCCESS");
        assert_eq!(requester.status_of(pair[1]["id"].as_str().unwrap()), "Request Awaiting Approval");
    }
}

#[test]
fn everybody_asks_for_themselves_and_for_others_by_rule_alone() {
    let demo = Demo::start();
    let stranger = caller(&demo, "TESTUSER1");
    let own = stranger.ask(&json!({"reqTargetEntities": [role("12")]}));
    assert_eq!(stranger.see(&own)["reqBeneficiaryList"][0]["id"], "2007");
    let named = stranger.ask(&request_for("2007", &json!([role("13")])));
    assert_eq!(stranger.see(&named)["reqBeneficiaryList"][0]["id"], "2007");
    let answer = stranger.post(&json!([request_for("24", &json!([role("12")]))])).json_of(200).unwrap();
    failed(&answer["requests"][0], "AccessDenied", "you may not request anything of type Role for user24");
    for login in ["requester", "manager", "sysadmin"] {
        caller(&demo, login).ask(&request_for("24", &json!([role("15")])));
    }
}

#[test]
fn a_template_alone_is_a_certificate_request_and_among_others_a_child_later() {
    let demo = Demo::start();
    let (requester, admin) = (caller(&demo, "requester"), caller(&demo, "xelsysadm"));
    let template = json!({"entityId": format!("{{{}}}", DUAL_CONTROL.to_uppercase()), "entityType": "profiletemplate"});
    let alone = requester.see(&requester.ask(&request_for("24", &json!([template]))));
    assert_eq!(alone["reqType"], "Certificate Enroll");
    assert_eq!(entity(&alone["reqTargetEntities"][0]), ("ProfileTemplate", DUAL_CONTROL));

    let two = json!({"reqBeneficiaryList": [{"id": "24"}, {"id": "82"}], "reqTargetEntities": [template, role("12")]});
    let parent = requester.ask(&two);
    assert_eq!(requester.see(&parent)["reqType"], "Heterogeneous Request");
    assert_eq!(requester.see(&parent)["childRequests"], json!([]));
    assert_eq!(admin.act(&parent, "approve"), 200);
    let seen = requester.see(&parent);
    assert_eq!(seen["reqStatus"], "Request Awaiting Child Requests Completion");
    let children: Vec<_> =
        seen["childRequests"].as_array().unwrap().iter().map(|child| child["id"].as_str().unwrap()).collect();
    let types: Vec<_> = children.iter().map(|child| requester.see(child)["reqType"].clone()).collect();
    assert_eq!(types, ["Certificate Enroll", "Assign Roles", "Certificate Enroll", "Assign Roles"]);
}

#[test]
fn a_form_is_kept_under_each_of_its_names() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    for member in ["attributes", "appFormData", "fields"] {
        let target = json!({"entityId": "21", "entityType": "AppInstance",
            member: [{"name": "Quota", "value": 5}, {"name": "endDate", "value": "2030-01-01T00:00:00Z"}]});
        let seen = requester.see(&requester.ask(&request_for("82", &json!([target]))));
        let expected = json!([{"name": "Quota", "value": "5"}, {"name": "endDate", "value": "2030-01-01T00:00:00Z"}]);
        assert_eq!(seen["reqTargetEntities"][0]["appFormData"], expected, "{member}");
    }
}
