//! `backends.7`, the replica: two servers on one database read lists from a standby that is held back. Everybody
//! finds what they have written themselves, at once and at either server; what is decided is decided on the database
//! itself; and where the standby is away or does not answer, the database serves. A build that does not ask how far
//! the standby has come is caught.

mod site;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use self::site::{Read, Site};
use super::backends_outage::call::Surface;
use super::backends_outage::site::seconds;
use super::load::Fault;
use super::{Context, Size};
use crate::http::Client;
use crate::oracle::array;

const FAULT: Fault = Fault("position-unchecked");
/// What is said when a list lacks what its reader has written.
const MISSING: &str = "does not list what they have just asked for";
/// Who asks for something and looks at once, each from two places.
const WRITERS: [&str; 3] = ["requester", "manager", "sysadmin"];
/// Who only looks.
const READERS: [&str; 2] = ["approver", "auditor"];
/// How long any list may take while the replica is away: it is given up, and the database asked.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long after it has come back the replica is asked again.
const REST: Duration = Duration::from_secs(20);
const NATIVE: &str = "/api/v1";

/// Shows it; in full size with a standby five seconds behind, and once more with the fault.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (delay, time) = match size {
        Size::Short => (2, Duration::from_millis(1500)),
        Size::Full => (5, Duration::from_secs(30)),
    };
    FAULT.check(context)?;
    let mut site = Site::new(context, &context.binary, delay)?;
    let mut figures = json!({ "seconds_behind": delay });
    figures["own_lists"] = own_lists(&mut site, time)?;
    figures["others_lists"] = others_lists(&mut site, delay)?;
    figures["decisions"] = decisions(&site)?;
    figures["replica_was_asked"] = site.statements()?;
    figures["replica_away"] = away(&mut site, size)?;
    if size == Size::Full {
        figures["fault"] = caught(context, delay)?;
    }
    Ok(figures)
}

/// Asks for something at one server and lists at the other, at once, again and again; others list meanwhile.
fn own_lists(site: &mut Site, time: Duration) -> anyhow::Result<Value> {
    let before = site.reads();
    let end = Instant::now() + time;
    let clients = &site.clients;
    let lists = std::thread::scope(|scope| {
        let writers: Vec<_> = WRITERS.iter().chain(&WRITERS).zip(0..).collect();
        let writers = writers.into_iter().map(|(login, number)| {
            scope.spawn(move || {
                let mut lists = 0;
                while Instant::now() < end {
                    for surface in Surface::ALL {
                        let at: usize = (number + lists) % 2;
                        let [here, there] = [at, 1 - at].map(|at| clients.login(at, login));
                        let made = surface.ask(&here, &format!("mark-{number}-{lists}-"))?;
                        let listed = surface.list(&there)?;
                        ensure!(listed.contains(&made), "{login} {MISSING}: {made}, by {surface:?}");
                        lists += 1;
                    }
                }
                Ok(lists)
            })
        });
        let writers: Vec<_> = writers.collect();
        let readers = READERS.map(|login| {
            scope.spawn(move || -> anyhow::Result<usize> {
                let mut lists = 0;
                while Instant::now() < end {
                    Surface::Oig.list(&clients.login(lists % 2, login))?;
                    lists += 1;
                }
                Ok(lists)
            })
        });
        let mut counted = [0, 0];
        let all = writers.into_iter().zip(std::iter::repeat(0)).chain(readers.into_iter().zip(std::iter::repeat(1)));
        for (thread, kind) in all {
            counted[kind] += thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        anyhow::Ok(counted)
    })?;
    let Read { replica, database } = site.reads().since(before);
    ensure!(replica > 0 && database > 0, "{replica} lists were read from the replica and {database} from the database");
    Ok(json!({ "of_writers": lists[0], "of_readers": lists[1], "stale_own_lists": 0,
        "read_from_the_replica": replica, "read_from_the_database": database }))
}

/// What others did is listed as late as the standby gets it: the list does come from there.
fn others_lists(site: &mut Site, delay: u64) -> anyhow::Result<Value> {
    let reader = site.clients.login(0, "user24");
    is_asked(site, &reader)?;
    let made = Surface::Oig.ask(&site.clients.login(0, "requester"), "mark-for-user24-")?;
    let begun = Instant::now();
    ensure!(!Surface::Oig.list(&reader)?.contains(&made), "the replica is not behind");
    while !Surface::Oig.list(&reader)?.contains(&made) {
        ensure!(begun.elapsed() < REST + Duration::from_secs(delay), "user24 never sees {made}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let seen = begun.elapsed();
    ensure!(seen > Duration::from_secs(delay) / 2, "the replica was {seen:?} behind");
    Ok(json!({ "seen_after_seconds": seconds(seen) }))
}

/// A request is made, found in inboxes and voted on, each step at another server than the one before and by others,
/// while the standby hears of nothing at all.
fn decisions(site: &Site) -> anyhow::Result<Value> {
    site.standby.edit("postgres", "SELECT pg_wal_replay_pause()");
    let made = Surface::Native.ask(&site.clients.login(0, "requester"), "mark-to-decide-")?;
    for (server, voter) in [(1, "approver"), (0, "manager")] {
        let client = site.clients.login(server, voter);
        ensure!(waits_for(&client, &made)?, "{voter} does not find {made}");
        vote(&client, &made, 200)?;
        let elsewhere = site.clients.login(1 - server, voter);
        ensure!(!waits_for(&elsewhere, &made)?, "{voter} may vote on {made} twice");
    }
    let detail = site.clients.login(1, "requester").get(&format!("{NATIVE}/requests/{made}"))?.json_of(200)?;
    ensure!(detail["status"] == "approved", "two have approved: {detail}");
    vote(&site.clients.login(0, "sysadmin"), &made, 409)?;
    let known = site.known_to_standby(&made);
    ensure!(known == "0", "the standby has heard of {made}");
    site.standby.edit("postgres", "SELECT pg_wal_replay_resume()");
    Ok(json!({ "decided": 1, "votes": 2, "refused_votes": 1, "requests_known_to_the_standby": known }))
}

fn waits_for(client: &Client, request: &str) -> anyhow::Result<bool> {
    let inbox = client.get(&format!("{NATIVE}/inbox?limit=100"))?.json_of(200)?;
    Ok(array(&inbox["items"]).iter().any(|item| item["request"]["id"] == request))
}

fn vote(client: &Client, request: &str, status: u16) -> anyhow::Result<()> {
    let path = format!("{NATIVE}/requests/{request}/decisions");
    client.send("POST", &path, &[], &json!({"outcome": "approve"}))?.json_of(status)?;
    Ok(())
}

/// While it is paused and while there is none, every list is answered, by the database; afterwards the replica is
/// asked again.
fn away(site: &mut Site, size: Size) -> anyhow::Result<Value> {
    let mut figures = json!({});
    site.standby.freeze();
    let paused = lists(site, size);
    site.standby.thaw();
    figures["paused"] = paused?;
    site.standby.stop();
    figures["stopped"] = lists(site, size)?;
    site.standby.start_again();
    let begun = Instant::now();
    let reader = site.clients.login(0, READERS[0]);
    is_asked(site, &reader)?;
    figures["asked_again_after_seconds"] = json!(seconds(begun.elapsed()));
    Ok(figures)
}

/// Lists until a list comes from the replica, which rests when it has failed.
fn is_asked(site: &mut Site, reader: &Client) -> anyhow::Result<()> {
    let (begun, before) = (Instant::now(), site.reads().replica);
    while site.reads().replica == before {
        ensure!(begun.elapsed() < REST, "the replica is not asked any more");
        Surface::Oig.list(reader)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn lists(site: &Site, size: Size) -> anyhow::Result<Value> {
    let count = if size == Size::Short { 10 } else { 100 };
    let mut took = Vec::with_capacity(count);
    for number in 0..count {
        let begun = Instant::now();
        Surface::ALL[number % 3].list(&site.clients.login(number % 2, READERS[number % 2]))?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let (middle, slowest) = (took[count / 2], took[count - 1]);
    ensure!(slowest < PATIENCE, "a list took {slowest:?}");
    Ok(json!({ "lists": count, "median_seconds": seconds(middle), "slowest_seconds": seconds(slowest) }))
}

/// A server that does not ask how far the replica has come lacks somebody's own request.
fn caught(context: &Context, delay: u64) -> anyhow::Result<Value> {
    let stale = |server: &Path| own_lists(&mut Site::new(context, server, delay)?, Duration::from_secs(10));
    let error = match FAULT.build(context, |server| Ok(stale(server)))? {
        Ok(figures) => bail!("every own list is whole without a position: {figures}"),
        Err(error) => format!("{error:#}"),
    };
    let found =
        error.lines().find(|line| line.contains(MISSING)).with_context(|| format!("it failed otherwise: {error}"))?;
    Ok(json!({ "planted": FAULT.0, "found": found }))
}
