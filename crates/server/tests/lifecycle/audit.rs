//! No event, no change: what cannot be recorded does not happen.

use serde_json::{Value, json};

use crate::house::house;
use crate::support::{Demo, MIM, NATIVE, OIG};
use crate::surface::{Surface, native, see, status};

const REFUSE: &str =
    "CREATE TRIGGER no_event BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";

const POSTGRES_REFUSE: &str = "CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS \
    $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; \
    CREATE TRIGGER no_event BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse()";

/// Every write of a surface, sent by whoever may do it.
fn writes(demo: &Demo, pending: &str, certificate: &Value) -> Vec<(&'static str, countersign_xtask::answer::Answer)> {
    let send = |login: &str, method: &str, path: String, body: &Value| {
        let headers: [&[u8]; 3] = [b"Content-Type: application/json", b"X-Requested-By: test", b"If-Match: *"];
        let client = demo.login(login).unchecked();
        client.raw(method, path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
    };
    let role = json!({"targets": [{"entityType": "Role", "entityKey": "one"}]});
    let mim = certificate.as_str().unwrap();
    let enroll = json!({"type": "Enroll", "profiletemplateuuid": crate::house::TEMPLATE});
    let item = json!({"entityType": "Role", "entityKey": "new", "name": "New"});
    vec![
        ("native create", send("requester", "POST", format!("{NATIVE}/requests"), &role)),
        (
            "native decide",
            send("dora", "POST", format!("{NATIVE}/requests/{pending}/decisions"), &json!({"outcome": "approve"})),
        ),
        (
            "native act",
            send("requester", "POST", format!("{NATIVE}/requests/{pending}/actions"), &json!({"action": "withdraw"})),
        ),
        ("native catalog", send("sysadmin", "POST", format!("{NATIVE}/catalog-items"), &item)),
        ("oig act", send("dora", "PUT", format!("{OIG}/requests/{pending}"), &json!({"action": "reject"}))),
        ("oig withdraw", send("requester", "DELETE", format!("{OIG}/requests/{pending}"), &json!({}))),
        ("mim create", send("user24", "POST", format!("{MIM}/requests"), &enroll)),
        ("mim end", send("user24", "PUT", format!("{MIM}/requests/{mim}"), &json!({"status": "Completed"}))),
    ]
}

#[test]
fn an_event_that_cannot_be_written_stops_the_change() {
    let demo = house();
    let pending = Surface::Native.ask(&demo, "requester", &["user24"], &[("Role", "one")]);
    let certificate =
        Surface::Native.ask(&demo, "requester", &["user24"], &[("ProfileTemplate", crate::house::TEMPLATE)]);
    let state = || {
        let list = |path: &str| {
            demo.login("sysadmin").get(&format!("{NATIVE}{path}?limit=1000")).unwrap().json_of(200).unwrap()
        };
        (list("/requests"), list("/events"), list("/catalog-items"), see(&demo, &pending), see(&demo, &certificate))
    };
    let before = state();
    demo.store.edit(REFUSE, POSTGRES_REFUSE);
    for (what, answer) in writes(&demo, &pending, &before.4["id"]) {
        assert!(answer.status >= 500, "{what}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("disk") && !answer.text().contains("event"), "{what}: {}", answer.text());
    }
    demo.store.edit("DROP TRIGGER no_event", "DROP TRIGGER no_event ON event");
    assert_eq!(state(), before);
    // With the fault gone everything goes on.
    Surface::Oig.does(&demo, "dora", &pending, "approve");
    assert_eq!(status(&demo, &pending), "completed");
}

#[test]
fn every_aggregate_has_a_stream_and_events_name_who_and_through_what() {
    let demo = house();
    let id = Surface::Oig.ask(&demo, "requester", &["user24"], &[("Role", "one")]);
    Surface::Oig.does(&demo, "dora", &id, "approve");
    let item = json!({"entityType": "Role", "entityKey": "new", "name": "New"});
    native(&demo, "sysadmin", "/catalog-items", &item).json_of(201).unwrap();
    let client = demo.login("sysadmin");
    let (mut after, mut events): (i64, Vec<Value>) = (0, Vec::new());
    loop {
        let page = client.get(&format!("{NATIVE}/events?after={after}&limit=1000")).unwrap().json_of(200).unwrap();
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        events.extend(items.iter().cloned());
        after = page["next"].as_i64().unwrap();
    }
    for stream in ["request", "profileTemplate", "policy", "requestRule", "catalogItem", "user", "group", "grant"] {
        let mut of_stream = events.iter().filter(|event| event["stream"] == stream);
        assert!(of_stream.any(|event| event["sequence"] == 1), "{stream}");
    }
    // What came without a history begins with its whole state.
    let imported = events.iter().find(|event| event["stream"] == "user" && event["data"]["login"] == "dora").unwrap();
    assert_eq!((&imported["kind"], &imported["sequence"]), (&json!("imported"), &json!(1)));
    let guid = see(&demo, &id)["id"].clone();
    let of_request: Vec<_> = events.iter().filter(|event| event["id"] == guid).collect();
    let told = |event: &Value| (event["kind"].clone(), event["actor"]["name"].clone(), event["channel"].clone());
    assert_eq!(told(of_request[0]), (json!("created"), json!("requester"), json!("oig")));
    let voted = of_request.iter().find(|event| event["kind"] == "voted").unwrap();
    assert_eq!(told(voted), (json!("voted"), json!("dora"), json!("oig")));
    let made = events.iter().find(|event| event["kind"] == "created" && event["stream"] == "catalogItem").unwrap();
    assert_eq!((&made["actor"]["name"], &made["channel"]), (&json!("sysadmin"), &json!("native")));
    // Nobody but administrators reads the feed, and nobody but those who see a request reads its events.
    assert_eq!(demo.login("auditor").get(&format!("{NATIVE}/events")).unwrap().status, 403);
    assert_eq!(demo.login("dirk").get(&format!("{NATIVE}/requests/{id}/events")).unwrap().status, 404);
}
