//! The demo with people, roles and rules of the tests: each role is approved in a way of its own, which its key names.

use countersign_xtask::password;
use countersign_xtask::process::output;
use serde_json::{Value, json};

use crate::support::Demo;

const REQUESTER: &str = "8f1590dc-d932-4b66-8e68-2e91c5880780";
const MANAGER: &str = "8964e795-5b83-43fb-bee9-3e178843a7ae";
const LONG_AGO: &str = "2001-01-01T00:00:00Z";
const ONCE: &str = "2002-01-01T00:00:00Z";
const ONE_DAY: &str = "2990-01-01T00:00:00Z";

/// Logins of the test, by number: three who decide, proxies, people who have left and their heir.
const PEOPLE: [(u32, &str); 10] = [
    (501, "dora"),
    (502, "dirk"),
    (503, "dean"),
    // Proxies of `boss`: now, no longer, not yet.
    (504, "percy"),
    (505, "pauline"),
    (506, "peter"),
    (507, "boss"),
    // Two who have left: `heir` stands in for one, `boss` is the manager of the other.
    (508, "gone"),
    (509, "left"),
    (510, "heir"),
];

pub(crate) const TRIO: &str = "TRIO";
/// A template that gives at once.
pub(crate) const TEMPLATE: &str = "7e570000-0000-4000-8000-000000000701";
/// A template that asks one question, which must be answered.
pub(crate) const ASKING: &str = "7e570000-0000-4000-8000-000000000703";
/// A template that asks whoever approves one question, which must be answered.
pub(crate) const CHECKED: &str = "7e570000-0000-4000-8000-000000000704";
/// A template whose policy lets whoever asked approve.
pub(crate) const OWN_TEMPLATE: &str = "7e570000-0000-4000-8000-000000000702";

fn id(n: u32) -> String {
    format!("7e570000-0000-4000-8000-{n:012}")
}

pub(crate) fn user(login: &str) -> String {
    id(PEOPLE.iter().find(|(_, other)| *other == login).unwrap().0)
}

fn trio() -> String {
    id(601)
}

fn principal(id: &str) -> Value {
    json!({ "principal": id })
}

/// Quorum and who is asked, step by step.
type Steps = Vec<(u16, Vec<Value>)>;

/// Roles by key, whether people may approve their own, and the steps of the approval.
fn roles() -> Vec<(&'static str, bool, Steps)> {
    let person = |login: &str| principal(&user(login));
    let trio = || principal(&trio());
    let own = || principal(&id(602));
    vec![
        ("free", false, vec![]),
        ("one", false, vec![(1, vec![person("dora")])]),
        ("steps", false, vec![(1, vec![person("dora")]), (2, vec![trio()])]),
        ("trio", false, vec![(2, vec![trio()])]),
        ("mixed", false, vec![(2, vec![person("boss"), trio()])]),
        ("pair", false, vec![(2, vec![person("dora"), person("dirk")])]),
        ("own", false, vec![(1, vec![own()])]),
        ("allowed", true, vec![(1, vec![own()])]),
        ("short", false, vec![(4, vec![trio()])]),
        ("never", false, vec![(9, vec![trio()])]),
        ("later", false, vec![(1, vec![person("dora")]), (9, vec![trio()])]),
        ("gone", false, vec![(1, vec![person("gone")])]),
        ("left", false, vec![(1, vec![person("left")])]),
        ("boss", false, vec![(1, vec![person("boss")])]),
        ("double", false, vec![(2, vec![person("boss"), person("percy"), trio()])]),
        ("asker", false, vec![(1, vec![json!("requesterManager")])]),
        ("short-lived", false, vec![]),
    ]
}

fn rule(n: u32, entity: (&str, &str), own: bool, steps: &[(u16, Vec<Value>)]) -> Value {
    let stages: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, (quorum, approvers))| {
            let (name, title) = (format!("step{at}"), format!("Step {at}"));
            json!({"name": name, "title": title, "quorum": quorum, "approvers": approvers})
        })
        .collect();
    json!({"kind": "approvalRule", "id": id(n), "name": entity.1, "ordinal": -1000 + i64::from(n), "scope": "single",
        "entities": [{"entityType": entity.0, "entityKey": entity.1}], "ownApproval": own, "stages": stages})
}

fn item(n: u32, (entity_type, key): (&str, &str), more: &Value) -> Value {
    let mut item = json!({"kind": "catalogItem", "id": id(n), "number": n, "entityType": entity_type, "entityKey": key,
        "name": key});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

fn people() -> Vec<Value> {
    let hash = String::from(password::hash("demo").unwrap());
    let mut records = Vec::new();
    for (number, login) in PEOPLE {
        let mut record = json!({"kind": "user", "id": id(number), "number": number, "login": login,
            "displayName": login});
        match login {
            "gone" => (record["status"], record["standIn"]) = (json!("disabled"), json!(user("heir"))),
            "left" => (record["status"], record["manager"]) = (json!("disabled"), json!(user("boss"))),
            "boss" => {
                record["proxies"] = json!([
                    {"user": user("percy"), "start": LONG_AGO, "end": ONE_DAY},
                    {"user": user("pauline"), "start": LONG_AGO, "end": ONCE},
                    {"user": user("peter"), "start": ONE_DAY},
                ]);
            }
            _ => {}
        }
        records.push(record);
        records.push(json!({"kind": "credential", "user": id(number), "hash": hash}));
    }
    let members: Vec<_> = ["dora", "dirk", "dean"].map(user).into();
    records.push(json!({"kind": "group", "id": trio(), "name": TRIO, "members": members}));
    let members = [REQUESTER.to_owned(), user("dora"), "5f0c1d2e-0024-4c1b-9a52-6f3d8f0a2401".to_owned()];
    records.push(json!({"kind": "group", "id": id(602), "name": "OWN", "members": members}));
    records
}

fn template(id: &str, enroll: &Value) -> Value {
    let mut policy = json!({"policy": "enroll", "enabled": true, "selfService": true});
    policy.as_object_mut().unwrap().extend(enroll.as_object().unwrap().clone());
    json!({"kind": "profileTemplate", "id": id, "name": "Of the test", "templateKind": "software", "version": 1,
        "readers": "everyone", "enrollers": "everyone", "policies": [policy]})
}

fn records() -> Vec<Value> {
    let mut records = vec![json!({"kind": "header", "format": 1})];
    records.extend(people());
    for (n, (key, own, stages)) in (800..).zip(roles()) {
        records.push(item(n, ("Role", key), &json!({})));
        records.push(rule(n + 100, ("Role", key), own, &stages));
    }
    let dora = vec![(1, vec![principal(&user("dora"))])];
    records.push(item(701, ("ApplicationInstance", "mail"), &json!({})));
    records.push(rule(751, ("ApplicationInstance", "mail"), false, &dora));
    records.push(item(702, ("Entitlement", "list"), &json!({"application": "mail"})));
    records.push(rule(752, ("Entitlement", "list"), false, &[]));
    records.push(item(703, ("Role", "hands"), &json!({"fulfilment": "manual"})));
    records.push(rule(753, ("Role", "hands"), false, &[]));
    records.push(template(TEMPLATE, &json!({})));
    records.push(template(ASKING, &json!({"dataItems": [{"name": "Why", "required": true}]})));
    let question = json!([{"name": "Badge", "required": true, "provider": "certificateManager"}]);
    let checked = json!({"approvalsNeeded": 1, "approvers": [user("dora")], "dataItems": question});
    records.push(template(CHECKED, &checked));
    let own = json!({"approvalsNeeded": 1, "approvers": [REQUESTER, MANAGER], "ownApproval": true});
    records.push(template(OWN_TEMPLATE, &own));
    records
}

/// The demo with all of that.
pub(crate) fn house() -> Demo {
    let demo = Demo::with(&[("COUNTERSIGN__WORKFLOW__WORKER_MILLIS", "50")]);
    let file = demo.folder.path().join("house.json");
    std::fs::write(&file, Value::from(records()).to_string()).unwrap();
    output(demo.store.command().arg("import").arg(&file)).unwrap();
    demo
}
