//! `backends.6`: connections are cut, all of them wait, the database is stopped or paused, its disk is full. Every
//! call of both dialects and of the native API is answered in bounded time: with what it is for, or with 503 and
//! `Retry-After` in the form of its surface. When it is over, everything works again by itself, the server has the
//! threads that it had, and what was acknowledged is stored, once.

pub(super) mod call;
mod postgres;
pub(super) mod site;
mod sqlite;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};

use self::call::{CALLS, Outcome};
use self::site::{CONNECTIONS, Site, seconds};
use super::{Context, Size};

/// What nobody gets past who lists or makes requests.
pub(super) const LOCK: &str = "LOCK TABLE request, request_access, number_space IN ACCESS EXCLUSIVE MODE";
/// How long any answer may take: the wait for a connection, a statement, and a busy machine.
const BOUND: Duration = Duration::from_secs(15);
/// How long an answer may take when every connection is known to be stuck: no longer than the wait for a new one.
const AT_ONCE: Duration = Duration::from_millis(2500);
/// How long a disk takes to fill up to the last page at most.
const FILLING: Duration = Duration::from_secs(120);

/// Lets it all happen, to both databases at once.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    std::thread::scope(|scope| {
        let sqlite = scope.spawn(|| sqlite::run(size, context));
        let postgres = postgres::run(size, context).context("PostgreSQL")?;
        let sqlite = sqlite.join().map_err(|_| anyhow!("what happens to SQLite panicked"))?;
        Ok(json!({ "postgres": postgres, "sqlite": sqlite.context("SQLite")? }))
    })
}

/// While nothing works: burst after burst, each call is told to come back. When all connections are stuck, those
/// who come later do not wait for them, and no thread is added.
pub(super) fn nothing_works(site: &Site, bursts: usize, stuck: bool) -> anyhow::Result<Value> {
    let first = site.clients.burst()?;
    let mut threads = site.threads()?;
    let crowd = threads;
    let (mut slowest, mut calls) = (slowest(&first), first.len());
    ensure!(slowest < BOUND, "an answer took {slowest:?}");
    ensure!(first.iter().all(|outcome| !outcome.done), "something works: {first:?}");
    let mut later = Duration::ZERO;
    for _ in 1..bursts {
        let burst = site.clients.burst()?;
        threads = threads.max(site.threads()?);
        later = later.max(self::slowest(&burst));
        calls += burst.len();
        ensure!(burst.iter().all(|outcome| !outcome.done), "something works: {burst:?}");
    }
    slowest = slowest.max(later);
    ensure!(later < if stuck { AT_ONCE } else { BOUND }, "a later answer took {later:?}");
    ensure!(threads <= crowd + CONNECTIONS, "{crowd} threads became {threads}");
    Ok(json!({ "calls": calls, "answered_503": calls, "slowest_seconds": seconds(slowest),
        "slowest_later_seconds": seconds(later), "most_threads": threads }))
}

/// While `disturb` happens again and again: each call is answered, one way or the other.
pub(super) fn some_works(site: &Site, time: Duration, disturb: impl Fn() -> usize + Sync) -> anyhow::Result<Value> {
    let (end, clients) = (Instant::now() + time, &site.clients);
    let (answers, disturbed) = std::thread::scope(|scope| {
        let disturbing = scope.spawn(|| {
            let mut disturbed = 0;
            while Instant::now() < end {
                std::thread::sleep(Duration::from_millis(100));
                disturbed += disturb();
            }
            disturbed
        });
        let answers = clients.at_once(2 * CALLS.len(), |number| {
            let (somebody, mut answers) = (clients.somebody(), Vec::new());
            while Instant::now() < end {
                answers.push(clients.make_as(&somebody, CALLS[number % CALLS.len()])?);
            }
            Ok(answers)
        });
        (answers, disturbing.join().unwrap_or_default())
    });
    let answers = answers?;
    ensure!(disturbed > 0, "nothing was disturbed");
    let slowest = slowest(&answers);
    ensure!(slowest < BOUND, "an answer took {slowest:?}");
    let back = answers.iter().filter(|outcome| !outcome.done).count();
    Ok(
        json!({ "disturbed": disturbed, "calls": answers.len(), "answered_503": back, "slowest_seconds": seconds(slowest) }),
    )
}

/// While there is no room: writes go on until none can be stored, in any of the surfaces. Where reads work
/// meanwhile, all of them do.
fn no_writes(site: &Site, reads: bool) -> anyhow::Result<Value> {
    let (end, clients) = (Instant::now() + FILLING, &site.clients);
    let writes: Vec<_> = CALLS.into_iter().filter(|call| call.writes).collect();
    let answers = clients.at_once(writes.len(), |number| {
        let (somebody, mut answers) = (clients.somebody(), Vec::new());
        loop {
            let outcome = clients.make_as(&somebody, writes[number])?;
            let refused = !outcome.done;
            answers.push(outcome);
            if refused {
                return Ok(answers);
            }
            ensure!(Instant::now() < end, "there is room for everything");
        }
    })?;
    let surfaces: BTreeSet<_> = answers.iter().filter(|outcome| !outcome.done).map(|outcome| outcome.call).collect();
    ensure!(surfaces.len() == writes.len(), "only {surfaces:?} were told to come back");
    let seen = site.clients.burst()?;
    let unread = seen.iter().filter(|outcome| !outcome.call.writes && !outcome.done).count();
    ensure!(!reads || unread == 0, "{unread} reads fail although there is only no room");
    let back = answers.iter().chain(&seen).filter(|outcome| !outcome.done).count();
    let slowest = slowest(&answers).max(self::slowest(&seen));
    ensure!(slowest < BOUND + Duration::from_secs(4), "an answer took {slowest:?}");
    let calls = answers.len() + seen.len();
    Ok(
        json!({ "calls": calls, "answered_503": back, "reads_answered_503": unread, "slowest_seconds": seconds(slowest) }),
    )
}

fn slowest(outcomes: &[Outcome]) -> Duration {
    outcomes.iter().map(|outcome| outcome.took).max().unwrap_or_default()
}

/// The figures of an outage that is over, with how long it took until everything worked again.
pub(super) fn recovered(site: &Site, mut figures: Value) -> anyhow::Result<Value> {
    figures["recovered_after_seconds"] = json!(site.recover()?);
    Ok(figures)
}
