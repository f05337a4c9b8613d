//! OIG's writes over HTTP: requests are made, acted on, edited and taken back, or refused with a reason.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "oig_writes/actions.rs"]
mod actions;
#[path = "oig_writes/create.rs"]
mod create;
#[path = "oig_writes/documented.rs"]
mod documented;
#[path = "oig_writes/drafts.rs"]
mod drafts;
#[path = "oig_writes/edits.rs"]
mod edits;
#[path = "oig_writes/refusals.rs"]
mod refusals;
#[path = "oig_writes/repeats.rs"]
mod repeats;
#[path = "oig_writes/revocations.rs"]
mod revocations;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;
#[path = "oig_writes/withdrawals.rs"]
mod withdrawals;

use countersign_xtask::answer::Answer;
use countersign_xtask::http::Client;
use serde_json::{Value, json};
use support::{Demo, OIG};

const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";
const UNKNOWN_TASK: &str = "00000000-dead-4bad-8bad-000000000000";

/// Somebody who writes.
#[derive(Clone)]
struct Caller {
    client: Client,
    headers: Vec<String>,
}

impl Caller {
    fn new(client: Client) -> Self {
        Self { client, headers: ["X-Requested-By: test", "Content-Type: application/json"].map(str::to_owned).into() }
    }

    /// The same caller, who sends one header more.
    fn with(&self, header: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push(header.to_owned());
        Self { client: self.client.clone(), headers }
    }

    /// The same caller, who sends these headers and no other.
    fn with_only(&self, headers: &[&str]) -> Self {
        Self { client: self.client.clone(), headers: headers.iter().map(|header| (*header).to_owned()).collect() }
    }

    fn key(&self, key: &str) -> Self {
        self.with(&format!("Idempotency-Key: {key}"))
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(String::as_bytes).collect();
        self.client.raw(method, format!("{OIG}{path}").as_bytes(), &headers, body).unwrap()
    }

    fn post(&self, elements: &Value) -> Answer {
        self.send("POST", "/requests", bulk(elements).as_bytes())
    }

    fn put_all(&self, elements: &Value) -> Answer {
        self.send("PUT", "/requests", bulk(elements).as_bytes())
    }

    fn delete_all(&self, elements: &Value) -> Answer {
        self.send("DELETE", "/requests", bulk(elements).as_bytes())
    }

    fn put(&self, request: &str, element: &Value) -> Answer {
        self.send("PUT", &format!("/requests/{request}"), element.to_string().as_bytes())
    }

    fn delete(&self, request: &str) -> Answer {
        self.send("DELETE", &format!("/requests/{request}"), b"")
    }

    /// Makes one request; its number.
    fn ask(&self, element: &Value) -> String {
        let answer = self.post(&json!([element])).json_of(200).unwrap();
        let result = &answer["requests"][0];
        assert_eq!(result["status"], "SUCCESS", "{element}: {answer}");
        result["id"].as_str().unwrap().to_owned()
    }

    fn act(&self, request: &str, action: &str) -> u16 {
        self.put(request, &json!({ "action": action })).status
    }

    /// The request as this caller sees it.
    fn see(&self, request: &str) -> Value {
        self.client.get(&format!("{OIG}/requests/{request}")).unwrap().json_of(200).unwrap()
    }

    fn status_of(&self, request: &str) -> String {
        self.see(request)["reqStatus"].as_str().unwrap().to_owned()
    }
}

fn bulk(elements: &Value) -> String {
    json!({ "requests": elements }).to_string()
}

fn caller(demo: &Demo, login: &str) -> Caller {
    Caller::new(demo.login(login))
}

fn role(key: &str) -> Value {
    json!({"entityId": key, "entityType": "role"})
}

/// A request of `targets` for the user of that number.
fn request_for(user: &str, targets: &Value) -> Value {
    json!({"reqBeneficiaryList": [{"id": user}], "reqTargetEntities": targets})
}

/// A role for user 24: the manager decides.
fn role_request(demo: &Demo) -> String {
    caller(demo, "requester").ask(&request_for("24", &json!([role("12")])))
}

/// An account for user 82: the administrators decide.
fn account_request(demo: &Demo) -> String {
    caller(demo, "requester").ask(&request_for("82", &json!([{"entityId": "21", "entityType": "AppInstance"}])))
}

/// Fails unless the answer is an error of this status, of this kind and about `named`.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, named: &str) {
    let body = answer.json_of(status).unwrap();
    assert_eq!(body["errorCode"], code, "{body}");
    assert!(body["message"].as_str().unwrap().contains(named), "{body} does not name {named}");
}

/// Fails unless the verdict is a failure of this kind, about `named`, that echoes no more than was sent.
#[track_caller]
fn failed(verdict: &Value, code: &str, named: &str) {
    assert_eq!((&verdict["status"], &verdict["errorCode"]), (&json!("FAILED"), &json!(code)), "{verdict}");
    assert!(verdict["description"].as_str().unwrap().contains(named), "{verdict} does not name {named}");
    assert!(verdict["links"].is_null() && verdict["reqStatus"].is_null(), "{verdict}");
}
