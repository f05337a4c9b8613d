//! `speed.3`: nothing that is remembered is ever older than the last commit. While another process changes a request, a
//! password and a group, readers poll one server: an answer that was begun after a change was told is never older than
//! that change.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use countersign_test_postgres::Database;
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::outside;
use crate::process::Server;
use crate::world::World;

/// How many changes there are at least.
const CHANGES: u64 = 4;
const OIG: &str = "/iam/governance/selfservice/api/v1";
const NOW: &str = "2026-03-01T12:00:00Z";
/// Who has asked for what is read.
const REQUESTER: &str = "requester";
/// Who sees it as an administrator alone, and has the password that changes.
const OUTSIDER: &str = "outsider";
const OUTSIDER_ID: &str = "0192c3f0-0000-7000-8000-00000000c0de";

/// Reads under changes, on both databases.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (readers, time) = match size {
        Size::Short => (8, Duration::from_secs(1)),
        Size::Full => (32, Duration::from_secs(20)),
    };
    let mut figures = json!({ "readers": readers, "seconds": time.as_secs() });
    let records = records(context)?;
    let folder = tempfile::tempdir()?;
    let file = Store::File(folder.path().join("countersign.db"));
    for (name, store) in [("sqlite", file), ("postgres", Store::Server(Database::new()))] {
        let world = World::on(&context.binary, store.url(), &records, NOW)?;
        let site = Site::start(&world, &store)?;
        for (what, change) in site.changes() {
            figures[name][what] = poll(&site, &change, readers, time).with_context(|| format!("{name}, {what}"))?;
        }
    }
    Ok(figures)
}

/// The demo's records, with a user more.
fn records(context: &Context) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(context.root.join("config/demo.json"))?;
    let mut records: Vec<Value> = serde_json::from_str(&text)?;
    records.retain(|record| record["kind"] != "header");
    records.push(json!({
        "kind": "user", "id": OUTSIDER_ID, "number": 900_001, "login": OUTSIDER, "displayName": "Olga Outsider",
    }));
    Ok(records)
}

enum Store {
    File(PathBuf),
    Server(Database),
}

impl Store {
    fn url(&self) -> String {
        match self {
            Self::File(path) => crate::process::url_of(path),
            Self::Server(database) => database.url(),
        }
    }

    /// Changes the database beside every server.
    fn edit(&self, statements: &str) -> anyhow::Result<()> {
        match self {
            Self::File(path) => outside::edit(path, statements),
            Self::Server(database) => {
                database.edit(statements);
                Ok(())
            }
        }
    }

    /// An id as a statement has it.
    fn id(&self, id: &str) -> String {
        match self {
            Self::File(_) => format!("x'{}'", id.replace('-', "")),
            Self::Server(_) => format!("'{id}'"),
        }
    }
}

/// Two servers on one database: one is read, the other one changes.
struct Site<'a> {
    world: &'a World,
    store: &'a Store,
    read: Server,
    other: Server,
    /// The number of the request that is read.
    number: u64,
}

/// What is changed again and again, and how it is looked at.
struct Change<'a> {
    /// Makes the change of that number, from 1.
    make: Box<dyn Fn(u64) -> anyhow::Result<()> + 'a>,
    /// Looks, knowing which change was told last and how often was looked: says after which changes the answer is
    /// right.
    look: Box<Look<'a>>,
}

type Look<'a> = dyn Fn(&Client, u64, u64) -> anyhow::Result<Fits> + Sync + 'a;

/// Whether an answer is right after so many changes.
type Fits = Box<dyn Fn(u64) -> bool>;

impl<'a> Site<'a> {
    fn start(world: &'a World, store: &'a Store) -> anyhow::Result<Self> {
        let (read, other) = (world.start([])?, world.start([])?);
        world.set_password(OUTSIDER, &password(0))?;
        let requester = world.login(&Client::new(other.address()), REQUESTER);
        let body = json!({ "requests": [{
            "reqJustification": "0", "reqBeneficiaryList": [{ "id": "2001" }],
            "reqTargetEntities": [{ "entityId": "12", "entityType": "role" }],
        }] });
        let made = requester.send("POST", &format!("{OIG}/requests"), &[("x-requested-by", "show")], &body)?;
        let made = made.json_of(200)?;
        let number = made["requests"][0]["id"].as_str().and_then(|number| number.parse().ok());
        let number = number.with_context(|| format!("no request was made: {made}"))?;
        Ok(Self { world, store, read, other, number })
    }

    fn path(&self) -> String {
        format!("{OIG}/requests/{}", self.number)
    }

    fn changes(&self) -> [(&'static str, Change<'_>); 3] {
        [("request", self.request()), ("group", self.group()), ("password", self.password())]
    }

    /// The justification counts up, by a call to the other server.
    fn request(&self) -> Change<'_> {
        let requester = self.world.login(&Client::new(self.other.address()), REQUESTER);
        let make = move |n: u64| {
            let body = json!({ "reqJustification": n.to_string() });
            let answer = requester.send("PUT", &self.path(), &[("x-requested-by", "show")], &body)?;
            ensure!(answer.status == 200, "the change is refused: {}", answer.text());
            Ok(())
        };
        let (world, path) = (self.world, self.path());
        let look = move |client: &Client, _, _| {
            let answer = world.login(client, REQUESTER).get(&path)?.json_of(200)?;
            let seen = answer["reqJustification"].as_str().and_then(|text| text.parse::<u64>().ok());
            let seen = seen.with_context(|| format!("another request: {answer}"))?;
            Ok(Box::new(move |n| n == seen) as Fits)
        };
        Change { make: Box::new(make), look: Box::new(look) }
    }

    /// Somebody becomes an administrator with every odd change and is none after every even one, by another
    /// connection to the database.
    fn group(&self) -> Change<'_> {
        let id = self.store.id(OUTSIDER_ID);
        let make = move |n: u64| {
            let group = "(SELECT id FROM app_group WHERE purpose = 1)";
            self.store.edit(&if n % 2 == 1 {
                format!("INSERT INTO group_member (group_id, ordinal, member_id) VALUES ({group}, 1000, {id})")
            } else {
                format!("DELETE FROM group_member WHERE member_id = {id}")
            })
        };
        let path = self.path();
        let look = move |client: &Client, _, _| {
            let status = client.login(OUTSIDER, &password(0)).get(&path)?.status;
            ensure!([200, 404].contains(&status), "status {status}");
            Ok(Box::new(move |n: u64| (n % 2 == 1) == (status == 200)) as Fits)
        };
        Change { make: Box::new(make), look: Box::new(look) }
    }

    /// Each change sets another password, by the command. The one that was told last and the one before it are tried in
    /// turn.
    fn password(&self) -> Change<'_> {
        let make = move |n: u64| self.world.set_password(OUTSIDER, &password(n));
        let look = move |client: &Client, told: u64, turn: u64| {
            let tried = told.saturating_sub(turn % 2);
            let status = client.login(OUTSIDER, &password(tried)).get(&format!("{OIG}/requests"))?.status;
            ensure!([200, 401].contains(&status), "status {status}");
            Ok(Box::new(move |n: u64| (n == tried) == (status == 200)) as Fits)
        };
        Change { make: Box::new(make), look: Box::new(look) }
    }
}

fn password(n: u64) -> String {
    format!("password number {n}")
}

/// What the readers and the one who changes tell one another.
#[derive(Default)]
struct Told {
    /// The change that was begun last, and the one that was told last to whoever asked for it.
    begun: AtomicU64,
    done: AtomicU64,
    over: AtomicBool,
}

/// Reads while changes are made; the figures.
fn poll(site: &Site<'_>, change: &Change<'_>, readers: u64, time: Duration) -> anyhow::Result<Value> {
    let (told, client) = (Told::default(), Client::new(site.read.address()));
    thread::scope(|scope| {
        let read = |reader| {
            let (look, client, told) = (&*change.look, client.with_own_connections(), &told);
            scope.spawn(move || look_on(look, &client, told, reader))
        };
        let threads: Vec<_> = (0..readers).map(read).collect();
        let end = Instant::now() + time;
        let mut made = Ok(());
        let mut n = 0;
        // On a slow machine it takes longer until something has happened.
        while made.is_ok() && (Instant::now() < end || n < CHANGES) {
            n += 1;
            told.begun.store(n, Ordering::SeqCst);
            made = (change.make)(n);
            told.done.store(n, Ordering::SeqCst);
        }
        told.over.store(true, Ordering::SeqCst);
        let mut figures = (0, 0);
        for thread in threads {
            let Ok(looked) = thread.join() else { bail!("a reader panicked") };
            let (reads, moved) = looked?;
            figures = (figures.0 + reads, figures.1 + moved);
        }
        made?;
        ensure!(figures.1 > 0, "nobody looked between {n} changes: {figures:?}");
        Ok(json!({ "changes": n, "reads": figures.0, "reads_after_another_change": figures.1 }))
    })
}

/// Looks until it is over: how often, and how often something had changed since the look before.
fn look_on(look: &Look<'_>, client: &Client, told: &Told, reader: u64) -> anyhow::Result<(u64, u64)> {
    let (mut reads, mut moved, mut last) = (0, 0, 0);
    while !told.over.load(Ordering::SeqCst) {
        let done = told.done.load(Ordering::SeqCst);
        let fits = look(client, done, reader + reads)?;
        let begun = told.begun.load(Ordering::SeqCst);
        ensure!(
            (done..=begun).any(fits),
            "an answer is older than a change that was told before: {done} were told, {begun} begun"
        );
        reads += 1;
        moved += u64::from(done != last);
        last = done;
    }
    Ok((reads, moved))
}
