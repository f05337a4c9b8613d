//! Where the stories happen: an office whose rules have deadlines, and whose clock is turned by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use countersign_test_postgres::Database;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http::Client;
use crate::oracle::array;
use crate::outside;
use crate::process::Server;
use crate::show::Context;
use crate::world::World;

const NATIVE: &str = "/api/v1";
const OIG: &str = "/iam/governance/selfservice/api/v1";
/// When every story begins.
const DAWN: &str = "2030-01-01T00:00:00Z";
/// How long a deadline is, in minutes.
pub(super) const DEADLINE: i64 = 60;
/// How long something may take that the worker does at once.
const PATIENCE: Duration = Duration::from_secs(60);

const ROLE: &str = "Role";
/// Nobody decides about these in time.
pub(super) const EXPIRES: (&str, &str) = (ROLE, "Expires");
pub(super) const ESCALATES: (&str, &str) = (ROLE, "Escalates");
pub(super) const RENEWS: (&str, &str) = (ROLE, "Renews");
pub(super) const TWO_STEPS: (&str, &str) = (ROLE, "Two steps");
/// These are given at once.
pub(super) const BADGE: (&str, &str) = (ROLE, "Badge");
pub(super) const ACCOUNT: (&str, &str) = ("ApplicationInstance", "Payroll");
pub(super) const ENTITLEMENT: (&str, &str) = ("Entitlement", "Clerk");
const WITNESS: (&str, &str) = (ROLE, "Witness");

/// Who is there: number, login, and the login of the manager.
const PEOPLE: [(usize, &str, Option<&str>); 5] =
    [(1, "admin", None), (2, "boss", None), (3, "lead", Some("boss")), (4, "rita", Some("lead")), (5, "wim", None)];
/// What there is, and what happens to a task about it that nobody decides in time. The rest is given at once.
const ROLES: [(&str, Option<&str>); 6] = [
    (EXPIRES.1, Some("expire")),
    (ESCALATES.1, Some("escalate")),
    (RENEWS.1, Some("renew")),
    (TWO_STEPS.1, Some("expire")),
    (BADGE.1, None),
    (WITNESS.1, None),
];
/// How often a deadline is renewed.
pub(super) const RENEWALS: i64 = 2;

/// The time so many minutes after the story's beginning.
pub(super) fn after(minutes: i64) -> String {
    moment(TimeDelta::minutes(minutes))
}

/// The moment before that time: a millisecond.
pub(super) fn just_before(minutes: i64) -> String {
    moment(TimeDelta::minutes(minutes) - TimeDelta::milliseconds(1))
}

fn moment(since: TimeDelta) -> String {
    let dawn = DateTime::parse_from_rfc3339(DAWN).unwrap_or_default();
    (dawn + since).to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The database, as somebody has it who edits it beside the servers.
enum Store {
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Store {
    fn ask(&self, query: &str) -> anyhow::Result<String> {
        match self {
            Self::Sqlite(file) => outside::ask(file, &format!("SELECT CAST(({query}) AS TEXT) AS value")),
            Self::Postgres(database) => Ok(database.ask(query)),
        }
    }

    /// Which server's worker works.
    fn holder(&self) -> anyhow::Result<String> {
        let id = if matches!(self, Self::Sqlite(_)) { "hex(holder)" } else { "holder" };
        self.ask(&format!("SELECT {id} FROM lease WHERE name = 'worker'"))
    }

    fn edit(&self, statement: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(file) => outside::edit(file, statement),
            Self::Postgres(database) => {
                database.edit(statement);
                Ok(())
            }
        }
    }
}

/// The office with its servers, the first of which answers.
pub(super) struct Office {
    store: Store,
    world: World,
    pub(super) servers: Vec<Server>,
    client: Client,
}

impl Office {
    /// An office with so many servers over one database, whose workers look very often.
    pub(super) fn open(context: &Context, servers: usize) -> anyhow::Result<Self> {
        let world = World::new(&context.binary, &records(), DAWN)?;
        Self::with_servers(Store::Sqlite(world.database()), world, servers)
    }

    /// The same on PostgreSQL.
    pub(super) fn open_on_postgres(context: &Context, servers: usize) -> anyhow::Result<Self> {
        let database = Database::new();
        let world = World::on(&context.binary, database.url(), &records(), DAWN)?;
        Self::with_servers(Store::Postgres(database), world, servers)
    }

    fn with_servers(store: Store, world: World, servers: usize) -> anyhow::Result<Self> {
        let servers = (0..servers).map(|_| start(&world)).collect::<anyhow::Result<Vec<_>>>()?;
        let client = Client::checked(servers.first().context("a server")?.address())?;
        Ok(Self { store, world, servers, client })
    }

    /// Starts another server over the same database.
    pub(super) fn add_server(&mut self) -> anyhow::Result<()> {
        self.servers.push(start(&self.world)?);
        Ok(())
    }

    /// Ends the first server as a crash does, and says how many requests were over then; the next
    /// server answers from now on.
    pub(super) fn crash_the_first(&mut self) -> anyhow::Result<usize> {
        drop(self.servers.remove(0));
        let ended = self.ended()?;
        self.client = Client::checked(self.servers.first().context("another server")?.address())?;
        Ok(ended)
    }

    /// How many requests are over, by the database itself. The statuses from 9 on are final.
    pub(super) fn ended(&self) -> anyhow::Result<usize> {
        Ok(self.store.ask("SELECT count(*) FROM request WHERE status >= 9")?.parse()?)
    }

    /// The same office asked through the server of that number.
    pub(super) fn through(&self, server: usize, login: &str) -> anyhow::Result<Person> {
        let client = Client::checked(self.servers.get(server).context("a server")?.address())?;
        Ok(Person(self.world.login(&client, login)))
    }

    /// Somebody in it.
    pub(super) fn person(&self, login: &str) -> Person {
        Person(self.world.login(&self.client, login))
    }

    /// From now on it is `now`.
    pub(super) fn turn_to(&self, now: &str) -> anyhow::Result<()> {
        self.world.turn_the_clock_to(now)
    }

    /// Turns the clock and waits until the worker has looked for what is due then: it gives
    /// somebody a role that begins at that time.
    pub(super) fn pass(&self, now: &str) -> anyhow::Result<()> {
        let witness = self.person("wim");
        let number = witness.ask_for(&json!({"start": now}), WITNESS)?;
        witness.is(&number, "scheduled")?;
        self.turn_to(now)?;
        witness.becomes(&number, "completed")
    }

    /// Does `meanwhile` while the worker's lease is taken from whichever server has it, again and again, so that
    /// all of them work at once; says how often the lease came to another server.
    pub(super) fn without_peace(&self, meanwhile: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<usize> {
        let store = &self.store;
        let (changed, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let unsettled = || Ok(changed.load(Ordering::Relaxed) >= 2);
        std::thread::scope(|scope| {
            let robber = scope.spawn(|| rob(store, &changed, &over));
            let done = wait_until(unsettled).context("one server keeps the lease").and_then(|()| meanwhile());
            over.store(true, Ordering::Relaxed);
            robber.join().map_err(|_| anyhow::anyhow!("the robber panicked"))?.and(done)
        })?;
        Ok(changed.into_inner())
    }

    /// Closes it: what is stored must be what happened.
    pub(super) fn close(self) -> anyhow::Result<()> {
        drop(self.servers);
        self.world.verify()
    }
}

/// Takes the lease from whoever has it until it is over, and counts how often somebody else gets it.
fn rob(store: &Store, changed: &AtomicUsize, over: &AtomicBool) -> anyhow::Result<()> {
    let mut last = store.holder()?;
    while !over.load(Ordering::Relaxed) {
        store.edit("UPDATE lease SET until = 0 WHERE name = 'worker'")?;
        std::thread::sleep(Duration::from_millis(2));
        let holder = store.holder()?;
        changed.fetch_add(usize::from(holder != last), Ordering::Relaxed);
        last = holder;
    }
    Ok(())
}

fn start(world: &World) -> anyhow::Result<Server> {
    world.start([("COUNTERSIGN__WORKFLOW__WORKER_MILLIS", "10"), ("COUNTERSIGN__WEBHOOKS__RETRY_MILLIS", "20")])
}

/// Somebody who calls.
pub(super) struct Person(Client);

impl Person {
    pub(super) fn send(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let headers: [&[u8]; 1] = [b"Content-Type: application/json"];
        self.0.raw(method, format!("{NATIVE}{path}").as_bytes(), &headers, body.to_string().as_bytes())
    }

    pub(super) fn read(&self, path: &str) -> anyhow::Result<Value> {
        self.0.get(&format!("{NATIVE}{path}"))?.json_of(200).with_context(|| path.to_owned())
    }

    /// Asks for oneself; the number of the request.
    pub(super) fn ask(&self, what: (&str, &str)) -> anyhow::Result<String> {
        self.ask_for(&json!({}), what)
    }

    /// The same with dates.
    pub(super) fn ask_for(&self, dates: &Value, what: (&str, &str)) -> anyhow::Result<String> {
        let made = self.send("POST", "/requests", &order("give", dates, what))?.json_of(201)?;
        Ok(made["number"].to_string())
    }

    pub(super) fn decide(&self, request: &str, outcome: &str) -> anyhow::Result<Answer> {
        self.send("POST", &format!("/requests/{request}/decisions"), &json!({ "outcome": outcome }))
    }

    pub(super) fn approve(&self, request: &str) -> anyhow::Result<Value> {
        self.decide(request, "approve")?.json_of(200)
    }

    pub(super) fn act(&self, request: &str, action: &str) -> anyhow::Result<Value> {
        self.send("POST", &format!("/requests/{request}/actions"), &json!({ "action": action }))?.json_of(200)
    }

    pub(super) fn request(&self, request: &str) -> anyhow::Result<Value> {
        self.read(&format!("/requests/{request}"))
    }

    /// What OIG calls the status.
    pub(super) fn label(&self, request: &str) -> anyhow::Result<String> {
        let detail = self.0.get(&format!("{OIG}/requests/{request}"))?.json_of(200)?;
        Ok(detail["reqStatus"].as_str().context("a status")?.to_owned())
    }

    /// Fails unless the request is in that status.
    pub(super) fn is(&self, request: &str, status: &str) -> anyhow::Result<()> {
        let found = self.request(request)?;
        ensure!(found["status"] == status, "{request} is not {status}: {found}");
        Ok(())
    }

    /// Waits until the request is in that status.
    pub(super) fn becomes(&self, request: &str, status: &str) -> anyhow::Result<()> {
        wait_until(|| Ok(self.request(request)?["status"] == status))
            .with_context(|| format!("{request} does not become {status}"))
    }

    /// The task of a request that waits for this person, as OIG lists it in that state.
    pub(super) fn task(&self, request: &str, state: &str) -> anyhow::Result<Option<Value>> {
        let path = format!("{OIG}/requests?view=pendingApprovals&q=state+eq+{state}+and+id+eq+{request}");
        let list = self.0.get(&path)?.json_of(200)?;
        ensure!(array(&list["requests"]).len() < 2, "one request has two tasks for one person: {list}");
        Ok(array(&list["requests"]).first().cloned())
    }

    /// Fails unless the request waits for this person until that time, or without a deadline.
    pub(super) fn has_until(&self, request: &str, expires: Option<&str>) -> anyhow::Result<()> {
        let task = self.task(request, "Assigned")?.with_context(|| format!("{request} waits for somebody else"))?;
        ensure!(task["expires"].as_str() == expires, "{task} does not expire at {expires:?}");
        Ok(())
    }

    /// Fails unless the request does not wait for this person, who is refused.
    pub(super) fn is_past(&self, request: &str, status: u16) -> anyhow::Result<()> {
        ensure!(self.task(request, "Assigned")?.is_none(), "{request} waits for somebody whom it is past");
        let refused = self.decide(request, "approve")?;
        ensure!(refused.status == status, "{} instead of {status}: {}", refused.status, refused.text());
        Ok(())
    }

    /// What the worker did to a request, by kind of event; nobody else stands in such an event.
    pub(super) fn worked(&self, request: &str, kind: &str) -> anyhow::Result<Vec<Value>> {
        let page = self.read(&format!("/requests/{request}/events?limit=1000"))?;
        let found: Vec<_> = array(&page["items"]).iter().filter(|event| event["kind"] == kind).cloned().collect();
        for event in &found {
            ensure!(event["channel"] == "worker" && event["actor"].is_null(), "it was not the worker: {event}");
        }
        Ok(found)
    }

    /// Everything that happened after a place in the feed, and the place of the last.
    pub(super) fn feed(&self, mut after: i64) -> anyhow::Result<(Vec<Value>, i64)> {
        let mut all = Vec::new();
        loop {
            let page = self.read(&format!("/events?limit=1000&after={after}"))?;
            after = page["next"].as_i64().context("a place")?;
            let items = array(&page["items"]);
            if items.is_empty() {
                return Ok((all, after));
            }
            all.extend_from_slice(items);
        }
    }

    /// What was given to anybody, as it stands now: the last state of each grant.
    pub(super) fn grants(&self) -> anyhow::Result<Vec<Value>> {
        let (events, _) = self.feed(0)?;
        let of_grants = events.iter().filter(|event| event["stream"] == "grant");
        let last: BTreeMap<_, _> = of_grants.map(|event| (event["id"].to_string(), event["data"].clone())).collect();
        Ok(last.into_values().collect())
    }
}

/// The body of a request for oneself.
pub(super) fn order(intent: &str, dates: &Value, what: (&str, &str)) -> Value {
    let mut target = json!({"entityType": what.0, "entityKey": what.1});
    for (name, date) in dates.as_object().into_iter().flatten() {
        target[name] = date.clone();
    }
    json!({"intent": intent, "targets": [target]})
}

/// Asks again and again until it is so.
pub(super) fn wait_until(so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !so()? {
        ensure!(Instant::now() < end, "it is not so after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn records() -> Vec<Value> {
    let user = |(number, login, manager): (usize, &str, Option<&str>)| {
        let mut user =
            json!({"kind": "user", "id": id(1, number), "number": number, "login": login, "displayName": login});
        if let Some(manager) = manager {
            user["manager"] = json!(user_id(manager));
        }
        user
    };
    let mut records: Vec<_> = PEOPLE.into_iter().map(user).collect();
    records.push(json!({"kind": "group", "id": id(2, 1), "name": "SYSTEM ADMINISTRATORS",
        "purpose": "administrators", "members": [user_id("admin")]}));
    let kinds = ROLES.iter().map(|(name, _)| (ROLE, *name)).chain([ACCOUNT, ENTITLEMENT]);
    for (number, (kind, key)) in (1..).zip(kinds) {
        let mut item = json!({"kind": "catalogItem", "id": id(3, number), "number": number, "entityType": kind,
            "entityKey": key, "name": key});
        if (kind, key) == ENTITLEMENT {
            item["application"] = json!(ACCOUNT.1);
        }
        records.push(item);
    }
    records.extend((1..).zip(ROLES).filter_map(|(number, (name, then))| Some(rule(number, name, then?))));
    records
        .push(json!({"kind": "approvalRule", "id": id(4, 99), "name": "The rest", "ordinal": 99, "scope": "single"}));
    records
}

/// The lead decides in time; of what takes two steps, then the boss.
fn rule(number: usize, name: &str, then: &str) -> Value {
    let mut deadline = json!({"seconds": DEADLINE * 60, "then": then});
    if then == "renew" {
        deadline["renewals"] = json!(RENEWALS);
    }
    let approvers: &[&str] = if name == TWO_STEPS.1 { &["lead", "boss"] } else { &["lead"] };
    let stage = |approver: &&str| {
        json!({"name": format!("{approver}.approvalTask.assignee"), "title": "Approval",
            "approvers": [{"principal": user_id(approver)}], "deadline": deadline})
    };
    json!({"kind": "approvalRule", "id": id(4, number), "name": name, "ordinal": number, "scope": "single",
        "entities": [{"entityType": ROLE, "entityKey": name}],
        "stages": approvers.iter().map(stage).collect::<Vec<_>>()})
}

fn user_id(login: &str) -> String {
    id(1, PEOPLE.iter().find(|person| person.1 == login).map_or(0, |person| person.0))
}

fn id(kind: usize, n: usize) -> String {
    format!("c10c0000-000{kind}-4000-8000-{n:012x}")
}
