//! The comparison on a small history: it is content with it, and finds each thing that is changed in it.

use std::path::Path;

use serde_json::{Value, json};

use super::call::DUAL_CONTROL;
use super::reconcile;

/// Two approve, one is too late, the target completes it; the log of one client.
fn log() -> Vec<Value> {
    let call = |at: u64, mark: &str, action: &str, surface: &str, who: &str, status: u16, code: Option<&str>| {
        let request = (action != "create").then_some(7);
        let made = (action == "create").then_some(7);
        [
            json!({"line": "sent", "at": at, "mark": mark, "action": action, "surface": surface, "who": who,
                "request": request}),
            json!({"line": "answered", "mark": mark, "at": at + 15, "status": status, "code": code,
                "retryAfter": false, "made": made}),
        ]
    };
    let lines = [
        call(0, "load-1", "create", "native", "requester", 201, None),
        call(20, "load-2", "approve", "oig", "approver", 200, None),
        call(21, "load-3", "approve", "native", "manager", 200, None),
        call(22, "load-4", "deny", "native", "sysadmin", 409, Some("RequestStatusInvalid")),
        call(40, "load-5", "complete", "mim", "user24", 200, None),
        call(41, "load-6", "cancel", "mim", "requester", 403, Some("RequestStatusInvalid")),
    ];
    lines.concat()
}

fn export() -> Vec<Value> {
    let user = |login: &str| json!({"kind": "user", "id": format!("id of {login}"), "login": login});
    let vote = |who: &str, mark: &str| json!({"voter": format!("id of {who}"), "outcome": "approve", "comment": mark});
    let event = |sequence: u64, kind: &str, actor: &str, data: Value, mark: &str| {
        json!({"kind": "event", "stream": "request", "id": "r", "sequence": sequence,
            "bytes": json!({"kind": kind, "actor": format!("id of {actor}"), "data": data}).to_string(),
            "sealed": [{"pointer": "/vote/comment", "value": mark}]})
    };
    vec![
        user("approver"),
        user("manager"),
        user("user24"),
        json!({"kind": "profile", "id": "p", "template": DUAL_CONTROL}),
        json!({"kind": "request", "id": "r", "number": 7, "justification": "load-1",
            "state": {"status": "ended", "outcome": "completed"}, "details": {"certificate": {"newProfile": "p"}},
            "stages": [{"tasks": [{"votes": [vote("approver", "load-2"), vote("manager", "load-3")]}]}]}),
        event(1, "created", "requester", json!({}), ""),
        event(2, "stageBegun", "requester", json!({}), ""),
        event(3, "voted", "approver", json!({}), "load-2"),
        event(4, "voted", "manager", json!({}), "load-3"),
        event(5, "approved", "manager", json!({}), ""),
        event(6, "ended", "user24", json!({"outcome": "completed"}), ""),
    ]
}

fn write(path: &Path, lines: &[Value]) {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(path, lines).unwrap();
}

fn compared(log: &[Value], export: &[Value]) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir().unwrap();
    let journals = folder.path().join("journals");
    std::fs::create_dir(&journals).unwrap();
    write(&journals.join("client-00.jsonl"), log);
    write(&folder.path().join("export.jsonl"), export);
    reconcile(&journals, &folder.path().join("export.jsonl"))
}

#[test]
fn a_history_that_fits_is_counted() {
    let figures = compared(&log(), &export()).unwrap();
    assert_eq!((&figures["conflicts"], &figures["votes_stored"]), (&json!(2), &json!(2)), "{figures}");
    assert_eq!(figures["conflicts_by_answer"], json!({"mim 403": 1, "native 409": 1}));
    assert_eq!(figures["outcomes"], json!({"completed": 1}));
}

#[test]
fn what_was_known_before_a_call_was_sent_is_no_conflict() {
    let mut log = log();
    log[10]["at"] = json!(60);
    let figures = compared(&log, &export()).unwrap();
    assert_eq!((&figures["conflicts"], &figures["late_by_answer"]), (&json!(1), &json!({"mim 403": 1})));
}

#[test]
fn an_unanswered_change_may_be_there_or_not() {
    let mut log = log();
    log.remove(5);
    let figures = compared(&log, &export()).unwrap();
    assert_eq!(figures["unknown_and_stored"], json!(1));
    log.remove(10);
    assert_eq!(compared(&log, &export()).unwrap()["unknown_and_not_stored"], json!(1));
}

#[test]
fn a_change_whose_database_was_struck_may_be_there_or_not() {
    let mut log = log();
    for answer in [5, 11] {
        log[answer]["status"] = json!(503);
        log[answer]["code"] = json!("ServiceUnavailable");
        log[answer]["retryAfter"] = json!(true);
    }
    let found = compared(&log, &export()).unwrap_err().to_string();
    assert!(found.contains("\"refused and stored\":1"), "{found}");
    // While the second vote was on its way, and until the cancellation was.
    log.push(json!({"line": "killed", "at": 30}));
    assert_eq!(compared(&log, &export()).unwrap()["unavailable_by_answer"], json!({"mim 503": 1}));
    log.push(json!({"line": "whole", "at": 45}));
    let figures = compared(&log, &export()).unwrap();
    assert_eq!((&figures["unknown_and_stored"], &figures["unknown_and_not_stored"]), (&json!(1), &json!(1)));
}

#[test]
fn every_difference_is_found() {
    type Change = fn(&mut Vec<Value>, &mut Vec<Value>);
    let cases: [(&str, Change); 10] = [
        ("lost", |_, export| {
            export[4]["stages"][0]["tasks"][0]["votes"][0]["comment"] = json!("load-9");
        }),
        ("lost", |_, export| export.truncate(4)),
        ("twice", |_, export| {
            let vote = export[4]["stages"][0]["tasks"][0]["votes"][0].clone();
            export[4]["stages"][0]["tasks"][0]["votes"][1] = vote;
        }),
        ("cast by nobody", |log, _| {
            log[2]["who"] = json!("sysadmin");
        }),
        ("refused and stored", |log, _| {
            log[3]["status"] = json!(409);
            log[3]["code"] = json!("RequestStatusInvalid");
        }),
        ("two outcomes", |log, _| {
            log[11]["status"] = json!(200);
            log[11]["code"] = Value::Null;
        }),
        ("half a change", |_, export| {
            export.pop();
        }),
        ("half a change", |_, export| {
            export.remove(3);
        }),
        ("an answer", |log, _| {
            log[7]["status"] = json!(500);
            log[7]["code"] = json!("InternalError");
        }),
        ("refused for nothing", |log, export| {
            log.truncate(4);
            log[3]["status"] = json!(409);
            log[3]["code"] = json!("RequestStatusInvalid");
            export.truncate(7);
            export[4]["state"] = json!({"status": "pending"});
            export[4]["stages"] = json!([]);
            export[4]["details"] = json!({});
            export.remove(3);
        }),
    ];
    for (at, (kind, change)) in cases.into_iter().enumerate() {
        let (mut log, mut export) = (log(), export());
        change(&mut log, &mut export);
        let error = compared(&log, &export).unwrap_err().to_string();
        assert!(error.contains(&format!("\"{kind}\":")), "case {at}, {kind}: {error}");
    }
}
