//! What nobody means well: refused with a reason, whole or not at all.

use countersign_xtask::http::Client;
use countersign_xtask::process::{Server, output, output_of_input};
use serde_json::{Value, json};

use crate::house::{ASKING, house};
use crate::support::{MIM, NATIVE, OIG, Store};
use crate::surface::{Surface, native, see};

#[test]
fn a_filter_of_ten_thousand_nested_clauses_is_refused() {
    let demo = house();
    let client = demo.login("requester");
    for view in ["", "view=pendingApprovals&"] {
        let sound = client.get(&format!("{OIG}/requests?{view}q=id+eq+1")).unwrap();
        assert_eq!(sound.status, 200, "{}", sound.text());
        let open = "(".repeat(10_000);
        let closed = format!("{}{}", "(".repeat(5_000), ")".repeat(5_000));
        let nots = "not(".repeat(3_500);
        for q in [&open, &closed, &nots] {
            let target = format!("{OIG}/requests?{view}q={q}");
            let answer = client.raw("GET", target.as_bytes(), &[], b"").unwrap();
            let body = answer.json_of(400).unwrap();
            assert!(body["message"].as_str().unwrap().starts_with("q: "), "{body}");
        }
        // With what they hold they are longer than an address may be, and then than any head that is read.
        for (clauses, status) in [(2_000, 414), (10_000, 400)] {
            let target = format!("{OIG}/requests?{view}q={}", "(id+eq+1+or+".repeat(clauses));
            let answer = client.unchecked().raw("GET", target.as_bytes(), &[], b"").unwrap();
            assert_eq!(answer.status, status, "{clauses}");
        }
    }
}

/// Decision 24: what no index helps may look at so much and no more.
#[test]
fn a_filter_that_would_look_at_everything_is_refused_by_its_clause() {
    let store = Store::new();
    output(store.command().arg("migrate")).unwrap();
    let mut add = store.command();
    output_of_input(add.args(["user", "add", "somebody", "--password-stdin"]), "demo\n").unwrap();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000100) \
        INSERT INTO request_access (principal_id, class, status, created_at, request_id, roles) \
        SELECT app_user.id, 1, 9, -i, unhex(printf('%032x', i)), 1 FROM n, app_user";
    let of_postgres = "INSERT INTO request_access (principal_id, class, status, created_at, request_id, roles) \
        SELECT u.id, 1, 9, -i, lpad(to_hex(i), 32, '0')::UUID, 1 FROM generate_series(1, 1000100) i, app_user u";
    store.edit(many, of_postgres);
    let server = Server::start(store.command().arg("serve")).unwrap();
    let client = Client::checked(server.address()).unwrap().login("somebody", "demo");
    let filtered = |q: &str| client.get(&format!("{OIG}/requests?limit=0&q={q}")).unwrap();
    let refusal = filtered("reqJustification+co+nowhere+or+reqExpireOn+pr").json_of(400).unwrap();
    assert!(refusal["message"].as_str().unwrap().contains("ustification"), "{refusal}");
    // What an index helps looks at nothing else.
    assert_eq!(filtered("id+eq+7").json_of(200).unwrap()["totalResult"], 0);
    assert_eq!(filtered("reqStatus+eq+Request::Completed").json_of(200).unwrap()["totalResult"], 1_000_100);
}

#[test]
fn unknown_things_are_named_on_every_surface_and_nothing_is_made() {
    let demo = house();
    let count = || {
        let list = demo.login("sysadmin").get(&format!("{NATIVE}/requests?limit=1000")).unwrap().json_of(200).unwrap();
        list["items"].as_array().unwrap().len()
    };
    let before = count();
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Requested-By: test"];
    let send = |path: String, body: &Value| {
        demo.login("requester").raw("POST", path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
    };
    let nowhere = "00000000-dead-4bad-8bad-000000000000";
    for (user, kind, key) in [
        ("24", "Robot", "one"),
        ("24", "Role", "nowhere"),
        ("24", "Entitlement", "one"),
        ("24", "ApplicationInstance", "nowhere"),
        ("24", "ProfileTemplate", nowhere),
        ("24", "ProfileTemplate", "no GUID"),
        ("77777", "Role", "one"),
    ] {
        let body = json!({"beneficiaries": [{"number": user.parse::<i64>().unwrap()}],
            "targets": [{"entityType": kind, "entityKey": key}]});
        let answer = send(format!("{NATIVE}/requests"), &body).json_of(400).unwrap();
        assert!(answer["field"].as_str().unwrap().starts_with(if user == "24" { "targets" } else { "beneficiaries" }));
        let targets = json!([{"entityType": kind, "entityId": key}, {"entityType": "Role", "entityId": "one"}]);
        let bad = json!({"reqBeneficiaryList": [{ "id": user }], "reqTargetEntities": targets});
        // An element with one bad target makes nothing of its good one.
        let answer = send(format!("{OIG}/requests"), &json!({"requests": [bad]})).json_of(200).unwrap();
        assert_eq!(answer["requests"][0]["status"], "FAILED", "{answer}");
    }
    for (body, status) in [
        (json!({"type": "Enrol", "profiletemplateuuid": crate::house::TEMPLATE}), 400),
        (json!({"type": "Enroll", "profiletemplateuuid": nowhere}), 403),
        (json!({"type": "Enroll", "profiletemplateuuid": crate::house::TEMPLATE, "target": nowhere}), 403),
    ] {
        let answer = send(format!("{MIM}/requests"), &body).json_of(status).unwrap();
        assert!(!answer["Message"].as_str().unwrap().is_empty());
    }
    assert_eq!(count(), before);
}

#[test]
fn a_wrong_state_is_409_and_in_mim_403() {
    let demo = house();
    let id = Surface::Oig.ask(&demo, "requester", &["user24"], &[("ProfileTemplate", crate::house::TEMPLATE)]);
    let guid = see(&demo, &id)["id"].clone();
    let put = |login: &str| {
        let path = format!("{MIM}/requests/{}", guid.as_str().unwrap());
        let body = br#"{"status":"Canceled"}"#;
        demo.login(login).raw("PUT", path.as_bytes(), &[b"Content-Type: application/json"], body).unwrap()
    };
    // The wrong person first, then the wrong state.
    assert_eq!(put("manager").status, 403);
    Surface::Native.may_not(&demo, "manager", &id, "cancel", 403, "only whoever asked");
    // Its approval is over: it is canceled, not taken back.
    Surface::Oig.may_not(&demo, "requester", &id, "withdraw", 409, "approved");
    assert_eq!(put("user24").json_of(200).unwrap()["Status"], 17);
    let late = put("user24").json_of(403).unwrap();
    assert_eq!(late["ErrorCode"], "RequestStatusInvalid");
    Surface::Native.may_not(&demo, "user24", &id, "cancel", 409, "canceled");
    Surface::Oig.may_not(&demo, "requester", &id, "withdraw", 409, "canceled");
}

#[test]
fn a_required_answer_that_is_missing_is_named_on_every_surface() {
    let demo = house();
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Requested-By: test"];
    let send = |path: String, body: &Value| {
        demo.login("requester").raw("POST", path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
    };
    let oig = |form: Value| {
        let target = json!({"entityType": "ProfileTemplate", "entityId": ASKING, "appFormData": form});
        let body = json!({"requests": [{"reqTargetEntities": [target]}]});
        send(format!("{OIG}/requests"), &body).json_of(200).unwrap()["requests"][0].clone()
    };
    let natively = |form: Value| {
        let target = json!({"entityType": "ProfileTemplate", "entityKey": ASKING, "form": form});
        send(format!("{NATIVE}/requests"), &json!({ "targets": [target] }))
    };
    let mim = |answers: Value| {
        let body = json!({"type": "Enroll", "profiletemplateuuid": ASKING, "datacollection": answers});
        send(format!("{MIM}/requests"), &body)
    };
    for form in [json!([]), json!([{"name": "Why", "value": " "}])] {
        let element = oig(form.clone());
        assert_eq!(element["status"], "FAILED", "{element}");
        assert!(element["description"].as_str().unwrap().contains("Why"), "{element}");
        let problem = natively(form).json_of(400).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("Why"), "{problem}");
    }
    let fault = mim(json!([])).json_of(400).unwrap();
    assert!(fault["Message"].as_str().unwrap().contains("Why"), "{fault}");
    let answered = json!([{"name": "why", "value": "for the project"}]);
    assert_eq!(oig(answered.clone())["status"], "SUCCESS");
    assert_eq!(natively(answered).status, 201);
    assert_eq!(mim(json!([{"Why": "for the project"}])).status, 201);
}

#[test]
fn a_deadline_that_cannot_be_is_refused_by_member() {
    let demo = house();
    let rule = |deadline: Value| {
        let stage = json!({"name": "s", "title": "S", "approvers": ["administrators"], "deadline": deadline});
        let body = json!({"name": "Of the test", "ordinal": 5, "scope": "single", "stages": [stage]});
        native(&demo, "sysadmin", "/approval-rules", &body)
    };
    for (deadline, field) in [
        (json!({"seconds": 0, "then": "expire"}), "stages[0].deadline.seconds"),
        (json!({"seconds": -1, "then": "escalate"}), "stages[0].deadline.seconds"),
        (json!({"seconds": 60, "then": "explode"}), "stages[0].deadline.then"),
        (json!({"seconds": 60, "then": "renew", "renewals": -1}), "stages[0].deadline.renewals"),
        (json!({"then": "renew"}), "stages[0].deadline"),
    ] {
        let refused = rule(deadline.clone()).json_of(400).unwrap();
        assert!(refused["field"].as_str().unwrap().starts_with(field), "{deadline}: {refused}");
    }
    for then in ["expire", "escalate", "renew"] {
        let made = rule(json!({"seconds": 60, "then": then, "renewals": 1})).json_of(201).unwrap();
        assert_eq!(made["stages"][0]["deadline"]["then"], then);
    }
}
