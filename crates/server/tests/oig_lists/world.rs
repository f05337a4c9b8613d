//! A server over a database whose lists can be worked out by hand.

use countersign_xtask::http::Client;
use countersign_xtask::password;
use countersign_xtask::process::{Server, output};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rows::{ADMINISTRATORS, GROUPS, PEOPLE, PROXY, Row, Task, id, number_of, rows};
use crate::support::Store;

/// The present of the server, so that no deadline passes and no start date comes.
const NOW: &str = "2020-03-01T00:00:00Z";
const PASSWORD: &str = "lists";
const TEMPLATE: &str = "00000000-0000-4000-8000-00000000e001";

/// A server with people, groups and rows.
pub(crate) struct World {
    pub(crate) server: Server,
    client: Client,
    _store: Store,
    _folder: TempDir,
}

impl World {
    fn new(rows: &[Row], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [bundle, clock, settings] = ["bundle.json", "now", "settings.toml"].map(|name| folder.path().join(name));
        std::fs::write(&bundle, Value::Array(records(rows)).to_string()).unwrap();
        std::fs::write(&clock, NOW).unwrap();
        std::fs::write(&settings, format!("[workflow]\ntest_clock = \"{}\"\n", clock.display())).unwrap();
        let store = Store::new();
        let command = || store.command();
        output(command().arg("migrate")).unwrap();
        output(command().arg("import").arg(bundle)).unwrap();
        let mut command = command();
        command.args(["serve", "--config"]).arg(settings).envs(variables.iter().copied());
        let server = Server::start(&mut command).unwrap();
        let client = Client::checked(server.address()).unwrap();
        store.assert_in_use();
        Self { server, client, _store: store, _folder: folder }
    }

    /// A server over [`rows`].
    pub(crate) fn start() -> Self {
        Self::new(&rows(), &[])
    }

    /// A server over [`rows`] with these variables in its environment.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        Self::new(&rows(), variables)
    }

    /// A server over other rows.
    pub(crate) fn of(rows: &[Row]) -> Self {
        Self::new(rows, &[])
    }

    pub(crate) fn login(&self, login: &str) -> Client {
        self.client.login(login, PASSWORD)
    }
}

fn records(rows: &[Row]) -> Vec<Value> {
    let hash = String::from(password::hash(PASSWORD).unwrap());
    let mut records = Vec::new();
    for (number, login, name, manager) in PEOPLE {
        let mut user =
            json!({"kind": "user", "id": principal(login), "number": number, "login": login, "displayName": name});
        if let Some(manager) = manager {
            user["manager"] = json!(principal(manager));
        }
        if login == PROXY.1 {
            user["proxies"] = json!([{"user": principal(PROXY.0), "start": "2019-01-01T00:00:00Z"}]);
        }
        records.push(user);
        records.push(json!({"kind": "credential", "user": principal(login), "hash": hash}));
    }
    for (name, members) in GROUPS {
        let members: Vec<_> = members.iter().map(|member| principal(member)).collect();
        let mut group = json!({"kind": "group", "id": principal(name), "name": name, "members": members});
        if name == ADMINISTRATORS {
            group["purpose"] = json!("administrators");
        }
        records.push(group);
    }
    records.push(json!({
        "kind": "profileTemplate", "id": TEMPLATE, "name": "Software", "templateKind": "software", "version": 1,
        "readers": "everyone", "enrollers": "everyone",
        "policies": [{"policy": "enroll", "enabled": true, "selfService": true}],
    }));
    records.extend(rows.iter().map(|row| row.record(rows)));
    records
}

fn principal(name: &str) -> String {
    match GROUPS.iter().position(|(group, _)| *group == name) {
        Some(at) => id(2, at as u64 + 1),
        None => id(1, number_of(name)),
    }
}

/// The records of the bundle.
impl Row {
    fn record(&self, rows: &[Self]) -> Value {
        let (status, particular) = self.state.split_once(' ').unwrap_or((self.state, ""));
        let mut state = json!({ "status": status });
        match status {
            "approved" => state["by"] = json!(particular),
            "executing" => state["fulfilment"] = json!(particular),
            "ended" => (state["outcome"], state["at"]) = (json!(particular), json!(self.ended)),
            _ => {}
        }
        let mut record = json!({
            "kind": "request", "id": self.id(), "number": self.number, "state": state, "channel": "oig",
            "originator": principal(self.requester), "created": self.created, "details": self.details(),
            "hasChildren": rows.iter().any(|row| row.parent == Some(self.number)),
        });
        if !self.tasks.is_empty() {
            let tasks: Vec<_> = self.tasks.iter().map(Task::record).collect();
            record["stages"] =
                json!([{"name": "defaultRequestApproval.approvalTask.assignee", "index": 1, "tasks": tasks}]);
        }
        if let Some(parent) = self.parent {
            record["parent"] = json!({"request": id(3, parent), "ordinal": 1});
        }
        for (member, value) in
            [("justification", self.why.map(str::to_owned)), ("dependsOn", self.depends_on.map(|n| id(3, n)))]
        {
            if let Some(value) = value {
                record[member] = json!(value);
            }
        }
        record
    }

    fn details(&self) -> Value {
        if let Some(operation) = self.kind.strip_prefix("Certificate ") {
            let target = principal(self.beneficiaries[0]);
            return json!({"certificate": {"operation": operation, "template": TEMPLATE, "smartcard": false, "target": target}});
        }
        let entity = match self.kind {
            "Provision ApplicationInstance" => "ApplicationInstance",
            "Provision Entitlement" => "Entitlement",
            _ => "Role",
        };
        let mut target = json!({"entityType": entity, "entityKey": "1", "entityName": "Payroll"});
        if self.state == "scheduled" {
            target["start"] = json!("2030-01-01T00:00:00Z");
        }
        let targets = if self.kind == "Modify User Profile" { json!([]) } else { json!([target]) };
        let beneficiaries: Vec<_> = self.beneficiaries.iter().map(|user| principal(user)).collect();
        json!({"access": {"operation": self.kind, "beneficiaries": beneficiaries, "targets": targets}})
    }
}

impl Task {
    fn record(&self) -> Value {
        let mut record = json!({
            "id": self.id(), "title": self.title, "assignee": principal(self.assignee), "state": self.state,
            "created": self.created,
        });
        let users = [("acquiredBy", self.acquired_by.map(principal)), ("expires", self.expires.map(str::to_owned))];
        for (member, value) in users {
            if let Some(value) = value {
                record[member] = json!(value);
            }
        }
        if let Some(voter) = self.voter {
            let vote =
                json!({"voter": principal(voter), "outcome": "approve", "at": self.created, "contentRevision": 1});
            record["votes"] = json!([vote]);
        }
        record
    }
}
