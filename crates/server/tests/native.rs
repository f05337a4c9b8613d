//! The native API over HTTP: what is read, made, decided and kept, or refused with a reason.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "native/actions.rs"]
mod actions;
#[path = "native/administration.rs"]
mod administration;
#[path = "native/decisions.rs"]
mod decisions;
#[path = "native/events.rs"]
mod events;
#[path = "native/fulfilments.rs"]
mod fulfilments;
#[path = "native/lists.rs"]
mod lists;
#[path = "native/repeats.rs"]
mod repeats;
#[path = "native/requests.rs"]
mod requests;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use countersign_xtask::answer::Answer;
use countersign_xtask::http::Client;
use serde_json::{Value, json};
use support::{Demo, NATIVE};

const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";
const UNKNOWN: &str = "00000000-dead-4bad-8bad-000000000000";

/// Somebody who calls.
#[derive(Clone)]
struct Caller {
    client: Client,
    headers: Vec<String>,
}

impl Caller {
    fn new(client: Client) -> Self {
        Self { client, headers: vec!["Content-Type: application/json".to_owned()] }
    }

    /// The same caller, who sends one header more.
    fn with(&self, header: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push(header.to_owned());
        Self { client: self.client.clone(), headers }
    }

    fn key(&self, key: &str) -> Self {
        self.with(&format!("Idempotency-Key: {key}"))
    }

    fn seeing(&self, tag: &str) -> Self {
        self.with(&format!("If-Match: {tag}"))
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(String::as_bytes).collect();
        self.client.raw(method, format!("{NATIVE}{path}").as_bytes(), &headers, body).unwrap()
    }

    fn get(&self, path: &str) -> Answer {
        self.client.get(&format!("{NATIVE}{path}")).unwrap()
    }

    fn read(&self, path: &str) -> Value {
        self.get(path).json_of(200).unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string().as_bytes())
    }

    fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, body.to_string().as_bytes())
    }

    /// Makes a request; its number.
    fn ask(&self, body: &Value) -> String {
        self.post("/requests", body).json_of(201).unwrap()["number"].to_string()
    }

    fn decide(&self, request: &str, outcome: &str) -> Answer {
        self.post(&format!("/requests/{request}/decisions"), &json!({ "outcome": outcome }))
    }

    fn act(&self, request: &str, body: &Value) -> Answer {
        self.post(&format!("/requests/{request}/actions"), body)
    }

    fn status_of(&self, request: &str) -> String {
        self.read(&format!("/requests/{request}"))["status"].as_str().unwrap().to_owned()
    }
}

fn caller(demo: &Demo, login: &str) -> Caller {
    Caller::new(demo.login(login))
}

fn target(entity_type: &str, key: &str) -> Value {
    json!({"entityType": entity_type, "entityKey": key})
}

/// A request of `targets` for the user who logs in as `login`.
fn request_for(login: &str, targets: &[Value]) -> Value {
    json!({"beneficiaries": [{ "login": login }], "targets": targets})
}

/// A role for user 24: the manager decides.
fn role_request(demo: &Demo) -> String {
    caller(demo, "requester").ask(&request_for("user24", &[target("Role", "12")]))
}

/// An account for user 82: the administrators decide.
fn account_request(demo: &Demo) -> String {
    caller(demo, "requester").ask(&request_for("user82", &[target("ApplicationInstance", "21")]))
}

/// Fails unless the answer is a problem of this status, of this kind and about `named`.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, named: &str) {
    let body = answer.json_of(status).unwrap();
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{body}");
    assert!(body["detail"].as_str().unwrap().contains(named), "{body} does not name {named}");
}

/// The texts of one member of a list.
fn column(list: &Value, pointer: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect()
}
