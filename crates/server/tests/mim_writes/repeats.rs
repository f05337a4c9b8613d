//! Writes that are sent again (decision 13).

use super::*;

fn keyed(client: &Client, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    let header = format!("Idempotency-Key: {key}");
    send(client, method, path, &[header.as_bytes()], &body.to_string())
}

fn order(comment: &str) -> Value {
    json!({"type": "Enroll", "profiletemplateuuid": id(SOFTWARE), "comment": comment})
}

#[test]
fn five_orders_in_a_row_make_one_request() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let before = count(&requester);
    let again = || placed(&keyed(&requester, "POST", "requests", "one", &order("x")));
    let first = again();
    for _ in 0..4 {
        assert_eq!(again(), first);
    }
    // The same order in other words.
    let body = json!({"TYPE": "enroll", "comment": "x", "ProfileTemplateUuid": id(SOFTWARE).to_uppercase()});
    assert_eq!(placed(&keyed(&requester, "POST", "requests", "one", &body)), first);
    assert_eq!(count(&requester), before + 1);
    refused(&keyed(&requester, "POST", "requests", "one", &order("y")), 400, "IdempotencyKeyReused", "another body");
    assert_eq!(count(&requester), before + 1);
    assert_ne!(placed(&keyed(&requester, "POST", "requests", "two", &order("x"))), first);
    let other = placed(&keyed(&demo.login("manager"), "POST", "requests", "one", &order("y")));
    assert_ne!(other, first, "another caller's key is another key");
}

#[test]
fn five_orders_at_once_make_one_request() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let before = count(&requester);
    for round in 0..10 {
        let key = format!("round-{round}");
        let ids: Vec<String> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..5)
                .map(|_| scope.spawn(|| placed(&keyed(&requester, "POST", "requests", &key, &order("x")))))
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
    assert_eq!(count(&requester), before + 10);
}

#[test]
fn an_end_that_is_said_again_is_answered_again() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    for status in ["Completed", "Canceled", "Abandoned"] {
        let request = enroll(&requester, SOFTWARE);
        let path = format!("requests/{request}");
        let again = || keyed(&requester, "PUT", &path, status, &json!({ "status": status }));
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| again().json_of(200).unwrap())).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        for _ in 0..5 {
            assert_eq!(again().json_of(200).unwrap(), answers[0]);
        }
        let other = if status == "Canceled" { "Abandoned" } else { "Canceled" };
        let answer = keyed(&requester, "PUT", &path, status, &json!({ "status": other }));
        refused(&answer, 400, "IdempotencyKeyReused", "another body");
        // The key belongs to that request.
        let another = format!("requests/{}", enroll(&requester, SOFTWARE));
        let answer = keyed(&requester, "PUT", &another, status, &json!({ "status": status }));
        refused(&answer, 400, "IdempotencyKeyReused", "another body");
        assert_eq!(get(&requester, &request), answers[0]);
    }
}

#[test]
fn certificate_requests_that_are_sent_again_are_the_same() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, SOFTWARE);
    let path = format!("requests/{request}/certificatedata");
    let body = |data: &str, password: &str| json!({"certificaterequests": [data], "pfxpassword": password});
    for password in ["", "a", "b", "c", "d"] {
        let answer = keyed(&requester, "POST", &path, "key", &body("MAA=", password));
        assert_eq!(answer.json_of(200).unwrap(), json!([]));
    }
    let answer = keyed(&requester, "POST", &path, "key", &body("MAMCAQA=", ""));
    refused(&answer, 400, "IdempotencyKeyReused", "another body");
    assert_eq!(get(&requester, &request)["Status"], 18);
}

#[test]
fn a_call_that_changes_nothing_keeps_its_key() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, SOFTWARE);
    let (path, data) = (format!("requests/{request}"), format!("requests/{request}/certificatedata"));
    let again = |data: &str| json!({"certificaterequests": [data]});
    for key in ["begun", "begun-already"] {
        assert_eq!(keyed(&requester, "POST", &data, key, &again("MAA=")).json_of(200).unwrap(), json!([]));
        let other = keyed(&requester, "POST", &data, key, &again("MAMCAQA="));
        refused(&other, 400, "IdempotencyKeyReused", "another body");
    }
    for key in ["done", "done-already"] {
        let answer = keyed(&requester, "PUT", &path, key, &json!({"status": "Completed"}));
        assert_eq!(answer.json_of(200).unwrap()["Status"], 8);
        let other = keyed(&requester, "PUT", &path, key, &json!({"status": "Canceled"}));
        refused(&other, 400, "IdempotencyKeyReused", "another body");
    }
}

#[test]
fn an_order_that_may_be_placed_once_is_answered_to_all_who_sent_it() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let requester = demo.login("requester");
    for round in 0..5 {
        let renew = json!({"type": "Renew", "profile": id(20), "comment": round.to_string()});
        let key = format!("round-{round}");
        let ids: Vec<String> = std::thread::scope(|scope| {
            let calls: Vec<_> =
                (0..5).map(|_| scope.spawn(|| placed(&keyed(&requester, "POST", "requests", &key, &renew)))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(put(&requester, &ids[0], "Canceled").status, 200);
    }
}

#[test]
fn a_refusal_is_not_kept() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let wrong = json!({"type": "Enroll", "profiletemplateuuid": UNKNOWN});
    refused(&keyed(&requester, "POST", "requests", "key", &wrong), 403, "AccessDenied", "profiletemplateuuid");
    placed(&keyed(&requester, "POST", "requests", "key", &order("x")));
}

#[test]
fn a_key_is_1_to_255_visible_characters() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let before = count(&requester);
    let request = enroll(&requester, SOFTWARE);
    let paths = [
        ("POST", "requests".to_owned(), order("x")),
        ("PUT", format!("requests/{request}"), json!({"status": "Canceled"})),
        ("POST", format!("requests/{request}/certificatedata"), json!({"certificaterequests": []})),
    ];
    for (method, path, body) in paths {
        for key in ["", "a b", "\u{e4}", &"x".repeat(256)] {
            let answer = keyed(&requester, method, &path, key, &body);
            refused(&answer, 400, "InvalidInput", "Idempotency-Key");
        }
    }
    assert_eq!(get(&requester, &request)["Status"], 3);
    placed(&keyed(&requester, "POST", "requests", &"x".repeat(255), &order("x")));
    assert_eq!(count(&requester), before + 2);
}
