//! What is refused, each with its reason, and changes nothing.

use super::*;

/// Sends each order as `login` and holds the answer against status, code and words.
fn each_is_refused(demo: &Demo, login: &str, orders: &[(Value, u16, &str)]) {
    let client = demo.login(login);
    let before = count(&client);
    for (body, status, words) in orders {
        let code = if *status == 400 { "InvalidInput" } else { "AccessDenied" };
        refused(&post(&client, body), *status, code, words);
    }
    assert_eq!(count(&client), before, "a refusal made a request");
}

fn enrolling(template: u32) -> Value {
    json!({"type": "Enroll", "profiletemplateuuid": id(template)})
}

#[test]
fn an_order_that_cannot_be_read_is_400_and_names_the_member() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let order = |changed: Value| with(enrolling(SOFTWARE), &changed);
    let orders = [
        (json!({}), 400, "type: must be one of"),
        (json!({"profiletemplateuuid": id(SOFTWARE)}), 400, "type: must be one of"),
        (order(json!({"type": "Approve"})), 400, "type: must be one of"),
        (order(json!({"type": 1})), 400, "type: "),
        (json!({"type": "Enroll"}), 400, "profiletemplateuuid: must name a template"),
        (json!({"type": "Enroll", "profiletemplateuuid": ZEROS}), 400, "profiletemplateuuid: "),
        (order(json!({"profiletemplateuuid": "FIM CM Sample"})), 400, "profiletemplateuuid: must be a GUID"),
        (order(json!({"target": "manager"})), 400, "target: must be a GUID"),
        (order(json!({"smartcard": "1"})), 400, "smartcard: must be a GUID"),
        (order(json!({"profileuuid": []})), 400, "profileuuid: "),
        (order(json!({"profile": id(20), "profileuuid": id(21)})), 400, "profileuuid: is not the same"),
        (order(json!({"profile": id(20)})), 400, "profile: "),
        (order(json!({"priority": 256})), 400, "priority: must be a whole number"),
        (order(json!({"priority": "urgent"})), 400, "priority: must be a whole number"),
        (order(json!({"comment": 5})), 400, "comment: "),
        (order(json!({"comment": "a\u{0}"})), 400, "comment: "),
        (order(json!({"datacollection": 5})), 400, "datacollection: "),
        (order(json!({"datacollection": ["x"]})), 400, "datacollection[0]: "),
        (order(json!({"datacollection": "[{\u{201c}a\u{201d}:\u{201c}b\u{201d}}]"})), 400, "datacollection: "),
        (json!({"type": "Renew", "profiletemplateuuid": id(SOFTWARE)}), 400, "profile: "),
        (json!({"type": "Unblock", "profiletemplateuuid": id(CARD)}), 400, "smartcard: "),
        (enrolling(ASKING), 400, "datacollection: must answer Request Reason"),
        (with(enrolling(ASKING), &json!({"datacollection": {"Request Reason": " "}})), 400, "Request Reason"),
        (json!([]), 400, "body: must be a JSON object"),
        (json!("x"), 400, "body: must be a JSON object"),
    ];
    each_is_refused(&demo, "requester", &orders);
}

#[test]
fn a_body_that_is_no_json_is_400() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, SOFTWARE);
    let before = count(&requester);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let curly = "{\u{201c}status\u{201d}:\u{201c}Canceled\u{201d}}";
    let paths = [
        ("POST", "requests".to_owned()),
        ("PUT", format!("requests/{request}")),
        ("POST", format!("requests/{request}/certificatedata")),
    ];
    for (method, path) in &paths {
        for body in
            ["", " ", "{", "status=Canceled", "{'status':'Canceled'}", curly, "{,}", "{\"a\":1,,}", &deep, "null"]
        {
            refused(&send(&requester, method, path, &[], body), 400, "InvalidInput", "body: ");
        }
        let target = format!("{MIM}/{path}");
        let answer = requester.raw(method, target.as_bytes(), &[JSON], b"{\"status\":\"\xff\xfe\"}").unwrap();
        refused(&answer, 400, "InvalidInput", "body: ");
        let long = requester.raw(method, target.as_bytes(), &[JSON], &vec![b' '; 3 << 20]).unwrap();
        refused(&long, 413, "BodyTooLarge", "longer");
    }
    for word in ["Approved", "Denied", "Cancelled", "8", ""] {
        refused(&put(&requester, &request, word), 400, "InvalidInput", "status: must be one of");
    }
    let (method, path) = &paths[1];
    for body in ["{}", "{\"status\":null}", "{\"status\":8}", "{\"status\":[\"Canceled\"]}"] {
        refused(&send(&requester, method, path, &[], body), 400, "InvalidInput", "status: ");
    }
    let (method, path) = &paths[2];
    for (body, words) in [
        ("{}", "certificaterequests: "),
        (r#"{"certificaterequests":"MAA="}"#, "certificaterequests: "),
        (r#"{"certificaterequests":["MAA=","!"]}"#, "certificaterequests[1]: "),
        (r#"{"certificaterequests":[],"pfxpassword":{}}"#, "pfxpassword: "),
    ] {
        refused(&send(&requester, method, path, &[], body), 400, "InvalidInput", words);
    }
    assert_eq!(get(&requester, &request)["Status"], 3);
    assert_eq!(count(&requester), before);
}

#[test]
fn what_is_not_there_is_forbidden_in_an_order() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let orders = [
        (json!({"type": "Enroll", "profiletemplateuuid": UNKNOWN}), 403, "profiletemplateuuid: there is no such"),
        (enrolling(HIDDEN), 403, "profiletemplateuuid: there is no such"),
        (with(enrolling(SOFTWARE), &json!({"target": UNKNOWN})), 403, "target: there is no such user"),
        (with(enrolling(SOFTWARE), &json!({"target": APPROVERS})), 403, "target: there is no such user"),
        (json!({"type": "Renew", "profile": UNKNOWN}), 403, "profile: there is no such"),
        (json!({"type": "Unblock", "smartcard": UNKNOWN}), 403, "smartcard: there is no such"),
        (json!({"type": "Renew", "profile": id(20), "profiletemplateuuid": id(CARD)}), 403, "profiletemplateuuid: "),
    ];
    each_is_refused(&demo, "requester", &orders);
}

#[test]
fn what_the_policy_does_not_give_is_forbidden() {
    let without = json!([{"policy": "enroll", "enabled": false, "selfService": true}]);
    let retired = with(profile(21, SOFTWARE), &json!({"status": "Retired"}));
    let demo = demo_with([
        template(50, &json!({ "policies": without }), &json!({})),
        template(51, &json!({"policies": []}), &json!({})),
        profile(20, SOFTWARE),
        retired,
    ]);
    let orders = [
        (enrolling(50), 403, "type: the template does not offer Enroll"),
        (enrolling(51), 403, "type: the template does not offer Enroll"),
        (enrolling(ASSISTED), 403, "self-service"),
        (enrolling(RESTRICTED), 403, "may not enroll"),
        (enrolling(UNSTAFFED), 403, "needs 9 who may approve"),
        (json!({"type": "Renew", "profile": id(21)}), 403, "type: Renew is not for a profile that is Retired"),
        (json!({"type": "Unblock", "profile": id(20)}), 403, "type: Unblock is not for a profile"),
        (json!({"type": "RecoverOnBehalf", "profile": id(20)}), 403, "somebody else"),
    ];
    each_is_refused(&demo, "requester", &orders);
    // Whom the policy names may.
    enroll(&demo.login("manager"), ASSISTED);
    enroll(&demo.login("manager"), RESTRICTED);
}

#[test]
fn asking_for_somebody_else_takes_a_right_or_a_rule() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let for_other = |user: &str| with(enrolling(SOFTWARE), &json!({ "target": user }));
    let orders = [
        (for_other(REQUESTER), 403, "target: you may not request Enroll for this user"),
        (json!({"type": "Renew", "profile": id(20)}), 403, "target: you may not request Renew"),
        (json!({"type": "Renew", "profile": id(20), "target": PROFILE_OWNER}), 403, "target: "),
    ];
    each_is_refused(&demo, "profileowner", &orders);
    place(&demo.login("manager"), &for_other(PROFILE_OWNER));
    // The demo's approver holds the right over profileowner, and is an initiator of that policy.
    let body = json!({"type": "Renew", "profile": "c0dd5c7d-ec35-4346-baca-3ad711e9722f"});
    let request = place(&demo.login("approver"), &body);
    assert_eq!(get(&demo.login("approver"), &request)["TargetUserUuid"], PROFILE_OWNER);
}

#[test]
fn one_operation_on_a_profile_is_open_at_a_time() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let requester = demo.login("requester");
    let renew = json!({"type": "Renew", "profile": id(20)});
    let first = place(&requester, &renew);
    each_is_refused(&demo, "requester", &[(renew.clone(), 403, "type: a request of type Renew is open already")]);
    place(&requester, &json!({"type": "Recover", "profile": id(20)}));
    assert_eq!(put(&requester, &first, "Canceled").status, 200);
    place(&requester, &renew);
}

#[test]
fn nobody_writes_without_credentials() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, SOFTWARE);
    for stranger in [demo.client.anonymous(), demo.client.login("requester", "wrong"), demo.client.login("x", "demo")] {
        for answer in
            [post(&stranger, &enrolling(SOFTWARE)), put(&stranger, &request, "Canceled"), submit(&stranger, &request)]
        {
            refused(&answer, 401, "AuthenticationRequired", "");
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    assert_eq!(get(&requester, &request)["Status"], 3);
}

#[test]
fn the_paths_tell_which_methods_they_know() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    for (path, allow) in [
        ("requests", "GET, POST, HEAD, OPTIONS"),
        ("requests/0c96d73f-967b-420e-854a-43ad2a1504bc", "GET, PUT, HEAD, OPTIONS"),
        ("requests/0c96d73f-967b-420e-854a-43ad2a1504bc/certificatedata", "POST, OPTIONS"),
    ] {
        let target = format!("{MIM}/{path}");
        for (method, status) in [("OPTIONS", 200), ("DELETE", 405), ("PATCH", 405)] {
            let answer = requester.raw(method, target.as_bytes(), &[], b"").unwrap();
            assert_eq!(answer.status, status, "{method} {path}");
            let mut known: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
            known.sort_unstable();
            let mut expected: Vec<_> = allow.split(", ").collect();
            expected.sort_unstable();
            assert_eq!(known, expected, "{method} {path}");
        }
    }
}
