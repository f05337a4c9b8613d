//! Everything that is kept, as columns. Each kind of row is taken apart whole, so that a member which comes later
//! cannot be forgotten here, and so must be exported or listed with a reason.

use std::collections::BTreeMap;
use std::fmt::Display;

use countersign_core::event::Chain;
use countersign_core::repository::Delivery;
use countersign_storage_conformance::Column;
use countersign_storage_memory::{
    AccessRun, Aggregate, ChildCount, Counters, Derivations, DocumentRow, Events, Lease, Place, Promise, Table, Tables,
    TaskRun,
};
use serde::Serialize;
use serde_json::Value;

/// Every column.
pub(crate) fn of(tables: &Tables) -> Vec<Column> {
    let Tables {
        users,
        credentials,
        groups,
        templates,
        catalog_items,
        approval_rules,
        request_rules,
        profiles,
        smartcards,
        requests,
        grants,
        webhooks,
        webhook_secrets,
        deliveries,
        events,
        chains,
        checkpoints,
        derived,
        numbers,
        idempotency,
        leases,
        readiness,
    } = tables;
    let mut contents = Contents::default();
    contents.aggregates("users", users);
    contents.rows(
        "credentials",
        ["user", "hash"],
        credentials.iter().map(|(user, hash)| [text(user), text(hash.expose())]),
    );
    contents.aggregates("groups", groups);
    contents.aggregates("templates", templates);
    contents.aggregates("catalog_items", catalog_items);
    contents.aggregates("approval_rules", approval_rules);
    contents.aggregates("request_rules", request_rules);
    contents.aggregates("profiles", profiles);
    contents.aggregates("smartcards", smartcards);
    contents.aggregates("requests", requests);
    contents.aggregates("grants", grants);
    contents.aggregates("webhooks", webhooks);
    let secrets = webhook_secrets.iter().map(|(webhook, secret)| [text(webhook), text(secret.expose())]);
    contents.rows("webhook_secrets", ["webhook", "secret"], secrets);
    contents.deliveries(deliveries.values());
    contents.events(events);
    let ends =
        chains.iter().map(|(stream, Chain { length, head })| [text(format!("{stream:?}")), text(length), text(head)]);
    contents.rows("chains", ["stream", "length", "head"], ends);
    contents.column("checkpoints", "sequence");
    for (sequence, checkpoint) in checkpoints {
        contents.members("checkpoints", &sequence.to_string(), checkpoint);
    }
    contents.derived(derived);
    let Counters { requests, users, catalog_items, grants } = numbers;
    let counters = [text(requests), text(users), text(catalog_items), text(grants)];
    contents.rows("numbers", ["requests", "users", "catalog_items", "grants"], [counters].into_iter());
    let promises = idempotency.iter().map(|(key, Promise { command, result, at })| {
        [text(format!("{key:?}")), text(format!("{command:?}")), text(format!("{result:?}")), text(at)]
    });
    contents.rows("idempotency", ["key", "command", "result", "at"], promises);
    let leases = leases.iter().map(|(name, Lease { holder, until })| [text(name), text(holder), text(until)]);
    contents.rows("leases", ["name", "holder", "until"], leases);
    contents.rows("readiness", ["checks"], [[text(readiness)]].into_iter());
    contents.into_columns()
}

fn text(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

#[derive(Default)]
struct Contents(BTreeMap<(String, String), Vec<String>>);

impl Contents {
    fn into_columns(self) -> Vec<Column> {
        let column = |((table, column), mut values): ((String, String), Vec<String>)| {
            values.sort_unstable();
            Column { table, column, values }
        };
        self.0.into_iter().map(column).collect()
    }

    /// A column, which may have no values.
    fn column(&mut self, table: &str, column: &str) -> &mut Vec<String> {
        self.0.entry((table.to_owned(), column.to_owned())).or_default()
    }

    /// Rows of which the first value is the key.
    fn rows<const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        rows: impl Iterator<Item = [Option<String>; N]>,
    ) {
        for column in columns {
            self.column(table, column);
        }
        for row in rows {
            let key = row[0].clone().expect("a key");
            for (column, value) in columns.iter().zip(row) {
                self.column(table, column).extend(value.map(|value| format!("{key}: {value}")));
            }
        }
    }

    /// The members of a value, of lists each element's, however deep.
    fn members(&mut self, table: &str, key: &str, value: &impl Serialize) {
        self.value(table, "", key, &serde_json::to_value(value).expect("a value"));
    }

    fn value(&mut self, table: &str, path: &str, key: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.value(table, &path, key, member);
                }
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    self.value(table, path, &format!("{key}[{at}]"), element);
                }
            }
            scalar => self.column(table, path).push(format!("{key}: {scalar}")),
        }
    }

    fn aggregates<T: Aggregate>(&mut self, table: &str, rows: &Table<T>) {
        for id in rows.ids() {
            match rows.get(id) {
                Ok(row) => self.members(table, &id.to_string(), &*row.expect("a row")),
                Err(error) => self.column(table, "damage").push(error.to_string()),
            }
        }
    }

    fn deliveries<'a>(&mut self, deliveries: impl Iterator<Item = &'a Delivery>) {
        let columns = ["webhook", "position", "attempts", "next_attempt", "error"];
        let row = |delivery: &Delivery| {
            let Delivery { webhook, position, attempts, next_attempt, error } = delivery;
            [text(webhook), text(position), text(attempts), text(next_attempt), error.clone()]
        };
        self.rows("deliveries", columns, deliveries.map(row));
    }

    fn events(&mut self, events: &Events) {
        for (position, event) in events.after(i64::MIN) {
            let key = format!("{:?} {}", event.stream_id(), event.sequence);
            self.column("events", "position").push(format!("{key}: {position}"));
            self.members("events", &key, event);
        }
        self.rows("events.last", ["position"], [[text(events.last())]].into_iter());
    }

    fn derived(&mut self, derived: &Derivations) {
        let Derivations { documents, access, tasks, barred, child_counts, wakes, handovers } = derived;
        let documents = documents.iter().map(|(request, DocumentRow { format, revision, body, readers })| {
            let [body, readers] = [body, readers].map(|bytes| text(format!("{bytes:?}")));
            [text(request), text(format), text(revision.0), body, readers]
        });
        self.rows("documents", ["request", "format", "revision", "body", "readers"], documents);
        let access =
            access.entries().map(|((AccessRun { principal, class, status }, Place { created, id }), roles)| {
                [text(format!("{id} {principal} {class:?} {status:?} {created}")), text(roles)]
            });
        self.rows("access", ["place", "roles"], access);
        let tasks = tasks.entries().map(|((TaskRun { principal, state }, Place { created, id }), request)| {
            [text(format!("{id} {principal} {state:?} {created}")), text(request)]
        });
        self.rows("tasks", ["place", "request"], tasks);
        let barred = barred.iter().map(|((task, user), request)| [text(format!("{task} {user}")), text(request)]);
        self.rows("barred", ["voter", "request"], barred);
        let counts = child_counts.iter().map(|(parent, ChildCount { counts, split, awaited })| {
            [text(parent), text(format!("{counts:?}")), text(split), text(awaited)]
        });
        self.rows("child_counts", ["parent", "counts", "split", "awaited"], counts);
        self.rows("wakes", ["request", "time"], wakes.iter().map(|(time, request)| [text(request), text(time)]));
        self.rows("handovers", ["user"], handovers.iter().map(|user| [text(user)]));
    }
}
