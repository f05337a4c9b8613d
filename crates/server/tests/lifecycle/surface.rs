//! The surfaces through which people ask and decide, each used in its own words.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use countersign_xtask::answer::Answer;
use serde_json::{Value, json};

use crate::support::{Demo, NATIVE, OIG};

/// Where access requests can be led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Native,
    Oig,
}

pub(crate) const BOTH: [Surface; 2] = [Surface::Native, Surface::Oig];

fn send(demo: &Demo, login: &str, method: &str, path: &str, body: &Value) -> Answer {
    let headers: [&[u8]; 2] = [b"Content-Type: application/json", b"X-Requested-By: test"];
    demo.login(login).raw(method, path.as_bytes(), &headers, body.to_string().as_bytes()).unwrap()
}

/// A call of the native API.
pub(crate) fn native(demo: &Demo, login: &str, path: &str, body: &Value) -> Answer {
    send(demo, login, "POST", &format!("{NATIVE}{path}"), body)
}

/// The number of a user of the demo, or of the tests.
fn number(login: &str) -> String {
    let number = match login {
        "requester" => "2001",
        "manager" => "2003",
        "user24" => "24",
        "user82" => "82",
        "boss" => "507",
        "percy" => "504",
        other => panic!("{other} has no number here"),
    };
    number.to_owned()
}

impl Surface {
    /// Asks for things for people.
    pub(crate) fn order(self, demo: &Demo, login: &str, users: &[&str], targets: &[(&str, &str)]) -> Answer {
        let pair = |(kind, key): &(&str, &str), names: [&str; 2]| json!({ names[0]: kind, names[1]: key });
        match self {
            Self::Native => {
                let targets: Vec<_> = targets.iter().map(|target| pair(target, ["entityType", "entityKey"])).collect();
                let users: Vec<_> = users.iter().map(|login| json!({ "login": login })).collect();
                native(demo, login, "/requests", &json!({"beneficiaries": users, "targets": targets}))
            }
            Self::Oig => {
                let targets: Vec<_> = targets.iter().map(|target| pair(target, ["entityType", "entityId"])).collect();
                let users: Vec<_> = users.iter().map(|login| json!({"id": number(login)})).collect();
                let body = json!({"requests": [{"reqBeneficiaryList": users, "reqTargetEntities": targets}]});
                send(demo, login, "POST", &format!("{OIG}/requests"), &body)
            }
        }
    }

    /// Asks for things for people; the request's number.
    pub(crate) fn ask(self, demo: &Demo, login: &str, users: &[&str], targets: &[(&str, &str)]) -> String {
        let answer = self.order(demo, login, users, targets);
        match self {
            Self::Native => answer.json_of(201).unwrap()["number"].to_string(),
            Self::Oig => {
                let made = answer.json_of(200).unwrap()["requests"][0].clone();
                assert_eq!(made["status"], "SUCCESS", "{made}");
                made["id"].as_str().unwrap().to_owned()
            }
        }
    }

    /// Does something to a request, in the native API's word.
    pub(crate) fn act(self, demo: &Demo, login: &str, request: &str, action: &str) -> Answer {
        match (self, action) {
            (Self::Native, "approve" | "deny") => {
                native(demo, login, &format!("/requests/{request}/decisions"), &json!({ "outcome": action }))
            }
            (Self::Native, _) => self.act_with(demo, login, request, &json!({ "action": action })),
            (Self::Oig, "deny") => self.act(demo, login, request, "reject"),
            (Self::Oig, "skip") => self.act(demo, login, request, "SkipAssignment"),
            (Self::Oig, _) => self.act_with(demo, login, request, &json!({ "action": action })),
        }
    }

    /// Does something to a request, in the surface's own words.
    pub(crate) fn act_with(self, demo: &Demo, login: &str, request: &str, body: &Value) -> Answer {
        match self {
            Self::Native => native(demo, login, &format!("/requests/{request}/actions"), body),
            Self::Oig => send(demo, login, "PUT", &format!("{OIG}/requests/{request}"), body),
        }
    }

    /// Gives a task to a user.
    pub(crate) fn give(self, demo: &Demo, login: &str, request: &str, action: &str, to: &str) -> Answer {
        let body = match self {
            Self::Native => json!({"action": action, "to": [{ "login": to }]}),
            Self::Oig => json!({"action": action, "assignees": [{ "name": to }]}),
        };
        self.act_with(demo, login, request, &body)
    }

    /// Fails unless the action is done.
    #[track_caller]
    pub(crate) fn does(self, demo: &Demo, login: &str, request: &str, action: &str) {
        let answer = self.act(demo, login, request, action);
        assert_eq!(answer.status, 200, "{self:?}: {login} {action}: {}", answer.text());
    }

    /// Fails unless the action is refused with this status, for a reason that holds `words`.
    #[track_caller]
    pub(crate) fn may_not(self, demo: &Demo, login: &str, request: &str, action: &str, status: u16, words: &str) {
        self.refuses(&self.act(demo, login, request, action), status, words);
    }

    /// Fails unless the answer is a refusal with this status, for a reason that holds `words`.
    #[track_caller]
    pub(crate) fn refuses(self, answer: &Answer, status: u16, words: &str) {
        let body = answer.json_of(status).unwrap();
        let reason = &body[if self == Self::Native { "detail" } else { "message" }];
        assert!(reason.as_str().unwrap().contains(words), "{self:?}: {body} does not say {words}");
    }

    /// The numbers of the requests in somebody's inbox, which the count agrees with.
    pub(crate) fn inbox(self, demo: &Demo, login: &str) -> BTreeSet<String> {
        let client = demo.login(login);
        let read = |path: String| client.get(&path).unwrap().json_of(200).unwrap();
        let numbers = |list: &Value, pointer: &str| -> Vec<String> {
            let text = |item: &Value| item.pointer(pointer).unwrap().to_string().trim_matches('"').to_owned();
            list.as_array().unwrap().iter().map(text).collect()
        };
        let (found, count) = match self {
            Self::Native => {
                let inbox = read(format!("{NATIVE}/inbox?limit=1000"));
                (numbers(&inbox["items"], "/request/number"), inbox["count"].clone())
            }
            Self::Oig => {
                let view = format!("{OIG}/requests?view=pendingApprovals");
                let inbox = read(format!("{view}&limit=1000"));
                (numbers(&inbox["requests"], "/id"), read(format!("{view}&limit=0"))["totalResult"].clone())
            }
        };
        assert_eq!(count, found.len(), "{self:?}: {login}");
        found.into_iter().collect()
    }
}

/// The request as an administrator sees it.
pub(crate) fn see(demo: &Demo, request: &str) -> Value {
    demo.login("sysadmin").get(&format!("{NATIVE}/requests/{request}")).unwrap().json_of(200).unwrap()
}

pub(crate) fn status(demo: &Demo, request: &str) -> String {
    see(demo, request)["status"].as_str().unwrap().to_owned()
}

/// How OIG prints its status.
pub(crate) fn label(demo: &Demo, request: &str) -> String {
    let seen = demo.login("sysadmin").get(&format!("{OIG}/requests/{request}")).unwrap().json_of(200).unwrap();
    seen["reqStatus"].as_str().unwrap().to_owned()
}

/// The numbers of a parent's children, in their order.
pub(crate) fn children(demo: &Demo, parent: &str) -> Vec<String> {
    see(demo, parent)["children"].as_array().unwrap().iter().map(|child| child["number"].to_string()).collect()
}

/// Fails unless `holds` within some seconds.
#[track_caller]
pub(crate) fn soon(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
