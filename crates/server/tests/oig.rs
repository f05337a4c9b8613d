//! OIG over HTTP: a request in detail, in both shapes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use serde_json::json;
use support::{Demo, OIG};

#[test]
fn a_child_is_a_request_of_its_own() {
    let demo = Demo::start();
    let user = demo.login("TESTUSER1");
    let parent = user.get(&format!("{OIG}/requests/2029?fields=childRequests")).unwrap().json_of(200).unwrap();
    let children = parent["childRequests"].as_array().unwrap();
    let ids: Vec<_> = children.iter().map(|child| child["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["2030", "2031", "2032", "2033"]);
    for child in children {
        let href = child["links"][0]["href"].as_str().unwrap();
        let path = href.strip_prefix(&demo.server.url()).unwrap();
        let found = user.get(path).unwrap().json_of(200).unwrap();
        assert_eq!(found["id"], child["id"]);
        assert_eq!((&found["childRequests"], &found["requestTaskDetails"]), (&json!([]), &json!([])));
        assert_eq!(found["reqTargetEntities"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_certificate_request_shows_with_its_template() {
    let demo = Demo::start();
    let found = demo.login("requester").get(&format!("{OIG}/requests/1001")).unwrap().json_of(200).unwrap();
    assert_eq!(found["reqType"], "Certificate Enroll");
    assert_eq!(found["reqStatus"], "Request Approved Fulfillment Pending");
    let target = &found["reqTargetEntities"][0];
    assert_eq!(target["entityType"], "ProfileTemplate");
    assert_eq!(target["entityId"], "a039b4d0-5ce8-4eff-8651-181c6576fda3");
    assert_eq!(found["reqBeneficiaryList"][0]["userLogin"], "requester");
    assert!(found.get("reqExpireOn").is_none() && found.get("reqModifiedOnDate").is_none());
}

#[test]
fn the_11g_shape_is_printed_on_demand_in_the_servers_zone() {
    let demo = Demo::with(&[("COUNTERSIGN__OIG__COMPAT", "11g"), ("COUNTERSIGN__OIG__TIME_ZONE", "America/New_York")]);
    let user = demo.login("TESTUSER1");
    let found = user.get(&format!("{OIG}/requests/2029")).unwrap().json_of(200).unwrap();
    assert_eq!(found["reqCreatedOn"], "Fri Mar 04 01:56:51 EST 2016");
    assert_eq!(found["reqExpireOn"], "Wed Apr 06 06:25:31 EDT 2016");
    assert_eq!(found["requester"], "2007");
    assert!(found["reqBeneficiaryList"].is_null() && found["reqBenefiiciaryList"].is_array());
    for spelling in ["reqBeneficiaryList", "reqBenefiiciaryList"] {
        let one = user.get(&format!("{OIG}/requests/2029?fields={spelling}")).unwrap().json_of(200).unwrap();
        assert_eq!(one["reqBenefiiciaryList"], found["reqBenefiiciaryList"], "{spelling}");
    }
    let child = user.get(&format!("{OIG}/requests/2030")).unwrap().json_of(200).unwrap();
    assert!(child.get("history").is_none());
}

#[test]
fn whoever_takes_no_json_is_refused_and_whoever_takes_anything_is_not() {
    let demo = Demo::start();
    let user = demo.login("TESTUSER1");
    for (accept, status) in
        [("*/*", 200), ("application/json", 200), ("application/xml", 406), ("text/html, */*;q=0.1", 200)]
    {
        let answer = user.get_with(&format!("{OIG}/requests/2029"), &[("accept", accept)]).unwrap();
        assert_eq!(answer.status, status, "{accept}");
    }
}
