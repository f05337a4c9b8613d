//! A group with many pending tasks, one in twenty of them the pager's own.

use serde_json::{Value, json};

/// The login that pages.
pub(super) const PAGER: &str = "pager";
/// How many decide at once.
pub(super) const DECIDERS: usize = 32;
/// Of so many tasks one is assigned to the pager alone.
const OWN: usize = 20;
/// So many tasks are made within one second, at the same moment as far as a list can tell.
const PER_SECOND: usize = 7;
/// Beneficiaries and roles: enough for every request to be about a pair of its own.
const EMPLOYEES: usize = 200;
const GROUP: usize = 1;

/// A pending task.
pub(super) struct Task {
    /// The task's GUID.
    pub(super) id: String,
    /// The number of its request.
    pub(super) request: String,
    /// Whether it is the group's, so that a decider may decide it.
    pub(super) shared: bool,
}

/// The login of a decider, from 0.
pub(super) fn decider(n: usize) -> String {
    format!("decider{n}")
}

/// So many pending tasks.
pub(super) fn tasks(count: usize) -> Vec<Task> {
    let task = |n| Task { id: id(5, n), request: number(n).to_string(), shared: !n.is_multiple_of(OWN) };
    (1..=count).map(task).collect()
}

/// The bundle in which they are pending.
pub(super) fn records(count: usize) -> Vec<Value> {
    let mut records = vec![user(1, PAGER)];
    records.extend((0..DECIDERS).map(|n| user(2 + n, &decider(n))));
    let members: Vec<_> = (1..=DECIDERS + 1).map(|n| id(1, n)).collect();
    let first = 100;
    records.extend((0..EMPLOYEES).map(|n| user(first + n, &format!("employee{n}"))));
    records.push(json!({"kind": "group", "id": id(2, GROUP), "name": "APPROVERS", "members": members}));
    records.extend((0..count.div_ceil(EMPLOYEES)).map(|n| {
        json!({"kind": "catalogItem", "id": id(3, n + 1), "number": n + 1, "entityType": "Role",
            "entityKey": n.to_string(), "name": format!("Role {n}")})
    }));
    records.extend((1..=count).map(|n| request(n, id(1, first + n % EMPLOYEES))));
    records
}

fn request(n: usize, beneficiary: String) -> Value {
    let created = format!("2030-01-01T{}Z", clock(n / PER_SECOND));
    let title = format!("Default operational level approval for Request ID {}", number(n));
    let assignee = if n.is_multiple_of(OWN) { id(1, 1) } else { id(2, GROUP) };
    let task = json!({"id": id(5, n), "title": title, "assignee": assignee, "state": "assigned", "created": created});
    let role = json!({"entityType": "Role", "entityKey": (n / EMPLOYEES).to_string(), "entityName": "Some role"});
    json!({
        "kind": "request", "id": id(4, n), "number": number(n), "state": {"status": "pending"}, "channel": "oig",
        "originator": beneficiary, "created": created,
        "details": {"access": {"operation": "Assign Roles", "beneficiaries": [beneficiary], "targets": [role]}},
        "stages": [{"name": "defaultOperationalApproval.approvalTask.assignee", "index": 1, "tasks": [task]}],
    })
}

/// A time of day.
fn clock(seconds: usize) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn user(n: usize, login: &str) -> Value {
    json!({"kind": "user", "id": id(1, n), "number": n, "login": login, "displayName": login})
}

const fn number(n: usize) -> usize {
    1000 + n
}

/// A GUID. Those of a kind are in no order that follows from their numbers.
fn id(kind: usize, n: usize) -> String {
    let scattered = n.wrapping_mul(0x9e37_79b9) & 0xffff_ffff;
    format!("{scattered:08x}-0000-4000-8{kind:03x}-{n:012x}")
}
