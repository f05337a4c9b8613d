//! What is refused before anything is looked at.

use serde_json::{Value, json};

use crate::support::Demo;
use crate::{account_request, caller, refused, request_for, role, role_request};

/// Every write with a body that it takes.
fn writes(request: &str) -> Vec<(&'static str, String, String)> {
    let one = format!("/requests/{request}");
    let all = || "/requests".to_owned();
    vec![
        ("POST", all(), json!({"requests": [request_for("24", &json!([role("12")]))]}).to_string()),
        ("PUT", all(), json!({"requests": [{"id": request, "action": "withdraw"}]}).to_string()),
        ("DELETE", all(), json!({"requests": [{ "id": request }]}).to_string()),
        ("PUT", one.clone(), json!({"action": "withdraw"}).to_string()),
        ("DELETE", one, String::new()),
        ("DELETE", "/accounts/1".to_owned(), String::new()),
    ]
}

#[test]
fn a_write_needs_the_header_of_a_client() {
    let demo = Demo::start();
    let id = role_request(&demo);
    let requester = caller(&demo, "requester");
    let without = requester.with_only(&["Content-Type: application/json"]);
    for (method, path, body) in writes(&id) {
        refused(&without.send(method, &path, body.as_bytes()), 400, "InvalidInput", "X-Requested-By");
        // Nothing else counts before it but who calls.
        let all_wrong = requester.with_only(&["Content-Type: text/plain", "Accept: text/html", "Idempotency-Key: a b"]);
        refused(&all_wrong.send(method, &path, b"{"), 400, "InvalidInput", "X-Requested-By");
        let stranger = crate::Caller::new(demo.client.login("requester", "wrong")).with_only(&[]);
        refused(&stranger.send(method, &path, body.as_bytes()), 401, "AuthenticationRequired", "");
    }
    refused(&without.send("PUT", "/requests/99999", b"{}"), 400, "InvalidInput", "X-Requested-By");
    refused(&without.send("PATCH", &format!("/requests/{id}"), b"{}"), 400, "InvalidInput", "X-Requested-By");
    assert_eq!(requester.status_of(&id), "Request Awaiting Approval");
    assert_eq!(without.send("OPTIONS", "/requests", b"").header("allow").unwrap().matches(',').count(), 5);
    for header in ["X-Requested-By:", "x-requested-by: 12345", "X-REQUESTED-BY: rust"] {
        let element = json!({"requests": [request_for("24", &json!([role("12")]))]}).to_string();
        let caller = requester.with_only(&[header]);
        assert_eq!(caller.send("POST", "/requests", element.as_bytes()).status, 200, "{header}");
    }
}

#[test]
fn a_body_is_json_and_an_answer_too() {
    let demo = Demo::start();
    let id = role_request(&demo);
    let requester = caller(&demo, "requester");
    for (method, path, body) in writes(&id) {
        let takes_xml = requester.with("Accept: application/xml");
        refused(&takes_xml.send(method, &path, body.as_bytes()), 406, "NotAcceptable", "Accept");
        if body.is_empty() {
            continue;
        }
        let form = requester.with_only(&["X-Requested-By: x", "Content-Type: application/x-www-form-urlencoded"]);
        refused(&form.send(method, &path, body.as_bytes()), 415, "UnsupportedMediaType", "Content-Type");
        for bad in ["", "{", "{}{}", "[]", "7", "{\"requests\":", "\u{feff}{}"] {
            refused(&requester.send(method, &path, bad.as_bytes()), 400, "InvalidInput", "");
        }
        refused(&requester.send(method, &path, b"\xff\xfe"), 400, "InvalidInput", "body");
        refused(&requester.send(method, &path, "[".repeat(10_000).as_bytes()), 400, "InvalidInput", "body");
    }
    assert_eq!(requester.status_of(&id), "Request Awaiting Approval");
    // Whoever names no type sends JSON.
    let silent = requester.with_only(&["X-Requested-By: x"]);
    assert_eq!(silent.put(&id, &json!({"action": "withdraw"})).status, 200);
}

#[test]
fn a_bulk_call_has_elements_and_not_more_than_the_settings_allow() {
    let demo = Demo::with(&[("COUNTERSIGN__WORKFLOW__MAX_BULK", "3")]);
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    let element = |method: &str| match method {
        "POST" => request_for("24", &json!([role("12")])),
        _ => json!({"id": id, "action": "withdraw"}),
    };
    for method in ["POST", "PUT", "DELETE"] {
        let send = |body: &Value| requester.send(method, "/requests", body.to_string().as_bytes());
        let full = json!({"requests": vec![element(method); 4]});
        refused(&send(&full), 400, "InvalidInput", "requests: must have 1 to 3 elements");
        refused(&send(&json!({"requests": []})), 400, "InvalidInput", "requests: must have 1 to 3 elements");
        for body in [json!({}), json!({"requests": null}), json!({"requests": {"0": {}}}), json!([element(method)])] {
            refused(&send(&body), 400, "InvalidInput", "");
        }
    }
    assert_eq!(requester.status_of(&id), "Request Awaiting Approval");
    let three = requester.post(&json!(vec![element("POST"); 3])).json_of(200).unwrap();
    assert!(three["requests"].as_array().unwrap().iter().all(|result| result["status"] == "SUCCESS"));
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let demo = Demo::with(&[("COUNTERSIGN__SERVER__MAX_BODY_BYTES", "4096")]);
    let requester = caller(&demo, "requester");
    let id = account_request(&demo);
    let long = json!({"action": "withdraw", "actionComment": "x".repeat(5000)}).to_string();
    for (method, path, _) in writes(&id) {
        refused(&requester.send(method, &path, long.as_bytes()), 413, "BodyTooLarge", "longer");
    }
    assert_eq!(requester.status_of(&id), "Request Awaiting Approval");
}

#[test]
fn text_that_cannot_be_kept_everywhere_is_refused() {
    let demo = Demo::start();
    let requester = caller(&demo, "requester");
    let id = role_request(&demo);
    let answer = requester.put(&id, &json!({"action": "withdraw", "actionComment": "a\0b"}));
    refused(&answer, 400, "InvalidInput", "NUL");
    let answer =
        requester.put(&id, &json!({"reqJustification": "\u{1F511} \u{202e} \\u0041 '; DROP TABLE request; --"}));
    assert_eq!(answer.status, 200);
    assert_eq!(requester.see(&id)["reqJustification"], "\u{1F511} \u{202e} \\u0041 '; DROP TABLE request; --");
}
