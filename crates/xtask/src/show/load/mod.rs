//! Clients that fight over a few requests, on real HTTP: they approve and deny through OIG and the native API, and
//! cancel and complete through MIM, each with a log of its own. A separate read of the database is compared with
//! what they wrote.

mod call;
mod fault;
mod journal;
mod reconcile;
mod slots;
mod stored;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use serde_json::Value;
use tempfile::TempDir;

use self::call::{Random, Wire};
use self::journal::{Call, Journal};
use self::slots::{Hot, Slots, Turn};
use super::Context;
use crate::answer::Answer;
use crate::http::Client;
use crate::process::{Server, output, serve_at, url_of};

pub(super) use self::fault::{Fault, lost};
pub(super) use self::reconcile::By;
pub use self::reconcile::run as reconcile;

/// How many clients there are.
pub(super) const CLIENTS: usize = 32;
/// How many requests they fight over at a time.
const SLOTS: usize = 5;
/// Everybody's password in the demo.
const PASSWORD: &str = "demo";
/// How long a busy machine may take to answer a few calls.
const PATIENCE: Duration = Duration::from_secs(300);

/// A database of the demo, and in a folder its key and the clients' logs.
pub(super) struct Bench<'a> {
    context: &'a Context,
    folder: TempDir,
    /// The URL of the database.
    storage: String,
    server: PathBuf,
}

impl<'a> Bench<'a> {
    /// A bench whose server is the binary `server`; everything else is done by the binary of the context.
    pub(super) fn new(context: &'a Context, server: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let storage = url_of(&folder.path().join("countersign.db"));
        Self::in_folder(context, server, folder, storage)
    }

    /// The same on the empty database at a URL.
    pub(super) fn on(context: &'a Context, server: &Path, storage: String) -> anyhow::Result<Self> {
        Self::in_folder(context, server, tempfile::tempdir()?, storage)
    }

    fn in_folder(context: &'a Context, server: &Path, folder: TempDir, storage: String) -> anyhow::Result<Self> {
        let bench = Self { context, folder, storage, server: server.to_owned() };
        std::fs::create_dir(bench.journals())?;
        bench.tool(&["audit", "key", "audit.pem"])?;
        Server::start(bench.command(&context.binary).arg("demo"))?.stop()?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn journals(&self) -> PathBuf {
        self.path("journals")
    }

    fn command(&self, binary: &Path) -> Command {
        let mut command = serve_at(binary, &self.storage);
        command.current_dir(self.folder.path()).env("COUNTERSIGN__AUDIT__SIGNING_KEY", self.path("audit.pem"));
        command
    }

    fn tool(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(self.command(&self.context.binary).args(arguments))
    }

    /// A server over the database, which signs a checkpoint every second.
    pub(super) fn start(&self) -> anyhow::Result<Server> {
        Server::start(self.command(&self.server).arg("serve").env("COUNTERSIGN__AUDIT__CHECKPOINT_SECONDS", "1"))
    }

    /// The clients, spread over `servers`.
    pub(super) fn clients(&self, servers: &[Server]) -> anyhow::Result<Load> {
        Load::start(servers.iter().map(Server::address).collect(), &self.journals())
    }

    /// The database is what it says itself: what is derived fits, and the history fits what is stored.
    pub(super) fn verify(&self) -> anyhow::Result<()> {
        self.tool(&["check"])?;
        let said = self.tool(&["audit", "verify"])?;
        ensure!(said.contains(", 0 faults found\n") && !said.contains("not verified"), "{said}");
        Ok(())
    }

    /// Exports the database and compares it with the logs, while no server runs.
    pub(super) fn compare(&self, by: By) -> anyhow::Result<Value> {
        self.tool(&["export", "export.jsonl"])?;
        reconcile::compared(by, &self.journals(), &self.path("export.jsonl"))
    }
}

/// What the clients share.
#[derive(Debug)]
struct Shared {
    /// Where the servers are, while there are some. Whoever sends holds it until that is written down.
    servers: RwLock<Vec<SocketAddr>>,
    slots: Slots,
    begun: Instant,
    stopped: AtomicBool,
    /// The server ends while the clients go on.
    ending: AtomicBool,
    in_flight: AtomicUsize,
    answered: AtomicU64,
    unanswered: AtomicU64,
    /// How many changes each server has acknowledged.
    acknowledged: Vec<AtomicU64>,
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn servers(&self) -> RwLockReadGuard<'_, Vec<SocketAddr>> {
        self.servers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn servers_mut(&self) -> RwLockWriteGuard<'_, Vec<SocketAddr>> {
        self.servers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clients at work.
#[derive(Debug)]
pub(super) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
    kills: Journal,
}

impl Load {
    /// Clients of the demo at `servers`, who keep their logs in the folder `journals`.
    pub(super) fn start(servers: Vec<SocketAddr>, journals: &Path) -> anyhow::Result<Self> {
        let contract = Client::checked(*servers.first().context("a server")?)?;
        let shared = Arc::new(Shared {
            acknowledged: servers.iter().map(|_| AtomicU64::new(0)).collect(),
            servers: RwLock::new(servers),
            slots: Slots::new(SLOTS),
            begun: Instant::now(),
            stopped: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            answered: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
        });
        let runner = |number: usize| -> anyhow::Result<Runner> {
            let journal = Journal::of_client(journals, number)?;
            let random = Random::new(number as u64);
            let client = contract.with_own_connections();
            Ok(Runner { shared: Arc::clone(&shared), client, journal, random, number, calls: 0 })
        };
        let runners: Vec<Runner> = (0..CLIENTS).map(runner).collect::<Result<_, _>>()?;
        let threads = runners.into_iter().map(|runner| std::thread::spawn(move || runner.run())).collect();
        Ok(Self { shared, threads, kills: Journal::of_kills(journals)? })
    }

    /// Lets the clients work for a while; they must all be at work still.
    pub(super) fn work(&self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end && !self.has_failed() {
            std::thread::sleep(end.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
        }
        ensure!(!self.has_failed(), "a client has given up");
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Waits until `answers` calls more have been answered and `in_flight` wait for their answer.
    pub(super) fn wait_for(&self, answers: u64, in_flight: usize) -> anyhow::Result<()> {
        let enough = self.shared.answered.load(Ordering::Relaxed) + answers;
        let deadline = Instant::now() + PATIENCE;
        while self.shared.answered.load(Ordering::Relaxed) < enough
            || self.shared.in_flight.load(Ordering::Relaxed) < in_flight
        {
            ensure!(!self.has_failed(), "a client has given up");
            ensure!(Instant::now() < deadline, "the clients do not come to {answers} answers and {in_flight} calls");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Waits until each server has acknowledged so many changes more.
    pub(super) fn wait_for_acknowledged(&self, count: u64) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let acknowledged = |server: &AtomicU64| server.load(Ordering::Relaxed);
        let before: Vec<u64> = self.shared.acknowledged.iter().map(acknowledged).collect();
        let enough = |(server, before)| acknowledged(server) >= before + count;
        while !self.shared.acknowledged.iter().zip(&before).all(enough) {
            ensure!(!self.has_failed(), "a client has given up");
            ensure!(Instant::now() < deadline, "a server does not acknowledge {count} changes");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Strikes the database while nobody begins a call; gives how many calls waited for their answer then.
    pub(super) fn strike(&mut self, blow: impl FnOnce()) -> anyhow::Result<usize> {
        let _servers = self.shared.servers_mut();
        self.kills.kills(self.shared.now())?;
        let in_flight = self.shared.in_flight.load(Ordering::Relaxed);
        blow();
        Ok(in_flight)
    }

    /// The database is what it was before [`Self::strike`]: who is refused from now on has changed nothing.
    pub(super) fn is_whole(&mut self) -> anyhow::Result<()> {
        self.kills.is_whole(self.shared.now())
    }

    /// Kills the server, signal 9; gives how many calls got no answer.
    pub(super) fn kill(&mut self, server: Server) -> anyhow::Result<u64> {
        let before = self.shared.unanswered.load(Ordering::Relaxed);
        {
            let mut servers = self.shared.servers_mut();
            self.kills.kills(self.shared.now())?;
            servers.clear();
        }
        drop(server);
        while self.shared.in_flight.load(Ordering::Acquire) > 0 && !self.has_failed() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(self.shared.unanswered.load(Ordering::Relaxed) - before)
    }

    /// Lets `end` end the server while the clients go on; gives how many calls were answered meanwhile, how many were
    /// not, and what it gave.
    pub(super) fn outlast<T>(&mut self, end: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(u64, u64, T)> {
        let counts =
            |shared: &Shared| (shared.answered.load(Ordering::Relaxed), shared.unanswered.load(Ordering::Relaxed));
        let before = counts(&self.shared);
        self.shared.ending.store(true, Ordering::SeqCst);
        let ended = end();
        {
            let mut servers = self.shared.servers_mut();
            self.kills.kills(self.shared.now())?;
            servers.clear();
        }
        while self.shared.in_flight.load(Ordering::Acquire) > 0 && !self.has_failed() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.shared.ending.store(false, Ordering::SeqCst);
        let after = counts(&self.shared);
        Ok((after.0 - before.0, after.1 - before.1, ended?))
    }

    /// There is a server again.
    pub(super) fn go_on(&self, server: &Server) {
        *self.shared.servers_mut() = vec![server.address()];
    }

    /// Lets each client finish its call, and fails if one of them has failed.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        let mut threads = std::mem::take(&mut self.threads);
        // Who gave up first says why; for the others the server may have gone since.
        threads.sort_by_key(|thread| !thread.is_finished());
        drop(self);
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

/// One client.
struct Runner {
    shared: Arc<Shared>,
    client: Client,
    journal: Journal,
    random: Random,
    number: usize,
    calls: u64,
}

impl Runner {
    fn run(mut self) -> anyhow::Result<()> {
        while !self.shared.stopped.load(Ordering::Relaxed) {
            let at = self.random.below(SLOTS);
            let turn = if self.shared.servers().is_empty() { Turn::Pass } else { self.shared.slots.turn(at) };
            match turn {
                Turn::Pass => std::thread::sleep(Duration::from_millis(1)),
                Turn::Make => {
                    let made = self.make();
                    self.shared.slots.fill(at, made.as_ref().ok().and_then(Clone::clone));
                    made?;
                }
                Turn::Act(hot) => self.act(at, &hot)?,
            }
        }
        Ok(())
    }

    fn make(&mut self) -> anyhow::Result<Option<Hot>> {
        let mark = self.mark();
        let (call, wire, target) = call::create(mark, &mut self.random);
        let answer = self.send(&call, &wire)?;
        Ok(answer.filter(|answer| answer.status == 201).and_then(|answer| call::made(&answer, target)))
    }

    fn act(&mut self, at: usize, hot: &Hot) -> anyhow::Result<()> {
        let mark = self.mark();
        let (call, wire) = call::act(mark, hot, &mut self.random);
        if let Some(answer) = self.send(&call, &wire)? {
            let success = answer.status == 200;
            self.shared.slots.learn(at, hot.number, call.action, &call.who, success);
        }
        Ok(())
    }

    fn mark(&mut self) -> String {
        self.calls += 1;
        format!("{}{:02}-{}", reconcile::MARK, self.number, self.calls)
    }

    /// Sends one call, once. `None` if there is no server, or none any more before it answered.
    fn send(&mut self, call: &Call, wire: &Wire) -> anyhow::Result<Option<Answer>> {
        let (at, server) = {
            let servers = self.shared.servers();
            let at = self.random.below(servers.len().max(1));
            let Some(server) = servers.get(at) else { return Ok(None) };
            self.journal.sends(self.shared.now(), call)?;
            self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
            (at, *server)
        };
        let client = self.client.at(server).login(&call.who, PASSWORD).unchecked();
        let outcome = client.send(wire.method, &wire.path, wire.headers, &wire.body);
        let now = self.shared.now();
        let answer = match outcome {
            Ok(answer) => {
                let answered = call::answered(now, call, &answer);
                self.journal.is_answered(call, &answered)?;
                self.shared.answered.fetch_add(1, Ordering::Relaxed);
                self.shared.acknowledged[at].fetch_add(answered.is_success().into(), Ordering::Relaxed);
                Ok(Some(answer))
            }
            Err(error) => {
                self.journal.gets_no_answer(now, call, &format!("{error:#}"))?;
                self.shared.unanswered.fetch_add(1, Ordering::Relaxed);
                // Only a server that was ended may leave a call without an answer.
                let ending = self.shared.ending.load(Ordering::SeqCst);
                if ending {
                    std::thread::sleep(Duration::from_millis(10));
                }
                if self.shared.servers().contains(&server) && !ending { Err(error) } else { Ok(None) }
            }
        };
        self.shared.in_flight.fetch_sub(1, Ordering::Release);
        let answer = answer?;
        if let (Some(contract), Some(answer)) = (self.client.contract(), &answer) {
            let place = || format!("{} {}: {}", wire.method, wire.path, answer.text());
            contract.check(wire.method, &wire.path, answer).with_context(place)?;
        }
        Ok(answer)
    }
}
