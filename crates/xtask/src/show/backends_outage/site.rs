//! A server over a database that something happens to, with everything that clients were told.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::call::{CALLS, Call, Outcome};
use crate::http::Client;
use crate::probe::threads;
use crate::process::{Server, output, serve_at};
use crate::show::{Context, Size};

/// How many connections to the database a server has.
pub(in crate::show) const CONNECTIONS: usize = 6;
/// How long a call waits for one, in seconds.
const ACQUIRE: u32 = 1;
/// How long a statement may take, in seconds.
const STATEMENT: u32 = 2;
/// How many calls are made at once: several for each connection.
const AT_ONCE: usize = 24;
/// How long everything may take to work again.
const RECOVERY: Duration = Duration::from_secs(30);
/// For how long a thread is kept that has nothing to do.
const IDLE: Duration = Duration::from_secs(12);
/// How often the worker looks for work, and how long a server may be without any thread for it in between.
const TICK: Duration = Duration::from_secs(20);
/// How long a server may take to come to rest.
const REST: Duration = Duration::from_secs(90);

/// The clients of a server, and what they were told.
pub(in crate::show) struct Clients {
    client: Client,
    outcomes: Mutex<Vec<Outcome>>,
    marks: AtomicUsize,
}

/// A server with its clients.
pub(in crate::show) struct Site {
    binary: PathBuf,
    url: String,
    folder: TempDir,
    server: Server,
    pub(in crate::show) clients: Clients,
    threads: usize,
}

impl Clients {
    /// Somebody with connections of their own. Whoever makes many calls makes them over these: a connection for each
    /// call would use up the ports of the machine.
    pub(in crate::show) fn somebody(&self) -> Client {
        self.client.with_own_connections()
    }

    /// Makes one call over a connection of its own.
    pub(in crate::show) fn make(&self, call: Call) -> anyhow::Result<Outcome> {
        self.make_as(&self.somebody(), call)
    }

    /// Makes one call, whose outcome is kept.
    pub(in crate::show) fn make_as(&self, client: &Client, call: Call) -> anyhow::Result<Outcome> {
        let mark = format!("mark-{:05}-", self.marks.fetch_add(1, Ordering::Relaxed));
        let outcome = call.make(client, mark)?;
        self.outcomes.lock().map_err(|_| anyhow!("a client panicked"))?.push(outcome.clone());
        Ok(outcome)
    }

    /// Makes calls of each kind at once.
    pub(in crate::show) fn burst(&self) -> anyhow::Result<Vec<Outcome>> {
        self.at_once(AT_ONCE, |number| Ok(vec![self.make(CALLS[number % CALLS.len()])?]))
    }

    /// What so many clients at once make of it.
    pub(in crate::show) fn at_once(
        &self,
        clients: usize,
        work: impl Fn(usize) -> anyhow::Result<Vec<Outcome>> + Sync,
    ) -> anyhow::Result<Vec<Outcome>> {
        let work = &work;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients).map(|number| scope.spawn(move || work(number))).collect();
            let mut all = Vec::new();
            for thread in threads {
                all.extend(thread.join().map_err(|_| anyhow!("a client panicked"))??);
            }
            Ok(all)
        })
    }
}

impl Site {
    /// A server over the demo in the database at `url`, which is empty. In full size it comes to rest before its
    /// threads are counted: there cannot be fewer.
    pub(in crate::show) fn new(context: &Context, url: &str, size: Size) -> anyhow::Result<Self> {
        let command = || serve_at(&context.binary, url);
        Server::start(command().args(["demo", "--listen", "127.0.0.1:0"]))?.stop()?;
        let server = Server::start(
            command()
                .arg("serve")
                .env("COUNTERSIGN__STORAGE__CONNECTIONS", CONNECTIONS.to_string())
                .env("COUNTERSIGN__STORAGE__ACQUIRE_SECONDS", ACQUIRE.to_string())
                .env("COUNTERSIGN__STORAGE__STATEMENT_SECONDS", STATEMENT.to_string())
                .env("COUNTERSIGN__WORKFLOW__WORKER_MILLIS", TICK.as_millis().to_string()),
        )?;
        let client = Client::checked(server.address())?.login("requester", "demo");
        let mut site = Self {
            binary: context.binary.clone(),
            url: url.to_owned(),
            folder: tempfile::tempdir()?,
            server,
            clients: Clients { client, outcomes: Mutex::default(), marks: AtomicUsize::new(0) },
            threads: 0,
        };
        site.recover()?;
        let watched = if size == Size::Full { IDLE + TICK } else { Duration::from_secs(2) };
        site.threads = site.fewest_threads(watched)?;
        Ok(site)
    }

    /// Waits until each call does what it is for; how long that took.
    pub(in crate::show) fn recover(&self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        loop {
            let answered =
                CALLS.into_iter().map(|call| Ok(self.clients.make(call)?.done)).collect::<anyhow::Result<Vec<_>>>()?;
            if answered.iter().all(|done| *done) {
                return Ok(seconds(begun.elapsed()));
            }
            ensure!(begun.elapsed() < RECOVERY, "after {RECOVERY:?} not everything works again: {answered:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many threads the server has now.
    pub(in crate::show) fn threads(&self) -> anyhow::Result<usize> {
        threads(self.server.id())
    }

    fn fewest_threads(&self, time: Duration) -> anyhow::Result<usize> {
        let (end, mut fewest) = (Instant::now() + time, usize::MAX);
        while Instant::now() < end {
            fewest = fewest.min(self.threads()?);
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(fewest)
    }

    /// The server has as many threads as at its beginning, once those that idle have ended, or fewer where it had
    /// not come to rest then; all that was promised is stored, once, and fits together.
    pub(in crate::show) fn ends_well(mut self) -> anyhow::Result<Value> {
        let end = Instant::now() + REST;
        let mut after = self.threads()?;
        while after > self.threads {
            ensure!(Instant::now() < end, "{} threads before and {after} after", self.threads);
            after = self.fewest_threads(Duration::from_secs(1))?;
        }
        let broken: Vec<_> = self.server.printed().into_iter().filter(|line| line.contains("ERROR")).collect();
        ensure!(broken.is_empty(), "the server says: {}", broken.join("\n"));
        let before = self.threads;
        let (url, binary, folder) = (self.url, self.binary, self.folder);
        self.server.stop()?;
        let tool = |arguments: &[&str]| -> anyhow::Result<String> {
            let mut command: Command = serve_at(&binary, &url);
            output(command.current_dir(folder.path()).args(arguments))
        };
        tool(&["check"])?;
        tool(&["audit", "verify"])?;
        tool(&["export", "export.jsonl"])?;
        let export = std::fs::read_to_string(folder.path().join("export.jsonl"))?;
        let outcomes = self.clients.outcomes.into_inner().map_err(|_| anyhow!("a client panicked"))?;
        let mut figures = compare(&export, &outcomes)?;
        figures["threads"] = json!({ "before": before, "after": after });
        Ok(figures)
    }
}

/// Holds what is stored against what clients were told.
fn compare(export: &str, outcomes: &[Outcome]) -> anyhow::Result<Value> {
    let mut stored = std::collections::BTreeMap::<&str, usize>::new();
    for line in export.lines().filter(|line| line.contains("\"kind\":\"request\"")) {
        if let Some(at) = line.find("mark-") {
            *stored.entry(line.get(at..at + 11).context("a whole mark")?).or_default() += 1;
        }
    }
    let (mut acknowledged, mut unknown, mut landed) = (0, 0, 0);
    for outcome in outcomes.iter().filter(|outcome| outcome.call.writes) {
        let times = stored.remove(outcome.mark.as_str()).unwrap_or_default();
        if outcome.done {
            ensure!(times == 1, "{outcome:?} is stored {times} times");
            acknowledged += 1;
        } else {
            ensure!(times <= 1, "{outcome:?} is stored {times} times");
            unknown += 1;
            landed += times;
        }
    }
    ensure!(stored.is_empty(), "nobody asked for {stored:?}");
    ensure!(acknowledged > 0, "nothing was acknowledged");
    Ok(
        json!({ "writes": { "acknowledged_and_stored": acknowledged, "told_to_come_back": unknown, "of_these_stored": landed } }),
    )
}

/// To a hundredth.
pub(in crate::show) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::backends_outage::call::Surface;

    fn outcome(mark: &str, done: bool) -> Outcome {
        let call = Call { surface: Surface::Native, writes: true };
        Outcome { call, mark: mark.to_owned(), done, took: Duration::ZERO }
    }

    #[test]
    fn what_is_stored_is_held_against_what_was_promised() {
        let line = |mark: &str| format!("{{\"kind\":\"request\",\"justification\":\"{mark}\"}}\n");
        let (one, two) = ("mark-00001-", "mark-00002-");
        let told = [outcome(one, true), outcome(two, false)];
        assert!(compare(&line(one), &told).is_ok());
        assert!(compare(&[line(one), line(two)].concat(), &told).is_ok());
        assert!(compare(&line(two), &told).is_err(), "a promise is not kept");
        assert!(compare(&[line(one), line(one)].concat(), &told).is_err(), "it happened twice");
        assert!(compare(&[line(one), line("mark-00003-")].concat(), &told).is_err(), "nobody asked for it");
    }
}
