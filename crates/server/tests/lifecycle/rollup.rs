//! How a parent ends when its children have (decision 10).

use serde_json::json;

use crate::house::house;
use crate::support::Demo;
use crate::surface::{BOTH, Surface, children, label, native, status};

fn split(demo: &Demo, surface: Surface, role: &str) -> (String, Vec<String>) {
    let parent = surface.ask(demo, "requester", &["user24", "user82"], &[("Role", role)]);
    surface.does(demo, "sysadmin", &parent, "approve");
    let children = children(demo, &parent);
    (parent, children)
}

#[test]
fn a_parent_ends_as_its_children_did() {
    let demo = house();
    for surface in BOTH {
        for (first, second, core, printed) in [
            ("approve", "approve", "completed", "Request Completed"),
            ("deny", "deny", "denied", "Request Rejected"),
            ("withdraw", "withdraw", "canceled", "Request Withdrawn"),
            ("close", "close", "closed", "Request Closed"),
            ("approve", "deny", "partiallyFailed", "Request Partially Failed"),
            ("withdraw", "approve", "partiallyFailed", "Request Partially Failed"),
            ("deny", "withdraw", "failed", "Request Failed"),
        ] {
            let (parent, made) = split(&demo, surface, "one");
            for (child, action) in made.iter().zip([first, second]) {
                // As long as one is open the parent waits, and is nobody's to decide.
                assert_eq!(label(&demo, &parent), "Request Awaiting Child Requests Completion");
                surface.may_not(&demo, "sysadmin", &parent, "deny", 409, "");
                let login = match action {
                    "withdraw" => "requester",
                    "close" => "sysadmin",
                    _ => "dora",
                };
                surface.does(&demo, login, child, action);
            }
            let found = (status(&demo, &parent), label(&demo, &parent));
            assert_eq!(found, (core.to_owned(), printed.to_owned()), "{surface:?} {first} {second}");
            surface.may_not(&demo, "sysadmin", &parent, "close", 409, "");
        }
    }
}

#[test]
fn what_could_not_be_carried_out_counts_as_failed() {
    let demo = house();
    for surface in BOTH {
        for (outcomes, expected) in
            [(["failed", "failed"], "Request Failed"), (["completed", "failed"], "Request Partially Failed")]
        {
            let (parent, made) = split(&demo, surface, "hands");
            for (child, outcome) in made.iter().zip(outcomes) {
                assert_eq!(label(&demo, child), "Request Approved Fulfillment Pending");
                let mut report = json!({ "outcome": outcome });
                if outcome == "failed" {
                    report["reason"] = json!("no such cupboard");
                }
                let refused = native(&demo, "requester", &format!("/fulfilments/{child}"), &report);
                assert_eq!(refused.status, 403);
                assert_eq!(native(&demo, "sysadmin", &format!("/fulfilments/{child}"), &report).status, 200);
            }
            assert_eq!(label(&demo, &parent), expected, "{surface:?}");
        }
    }
}
