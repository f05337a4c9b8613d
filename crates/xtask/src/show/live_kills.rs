//! `requests-live.6`: the server is killed, again and again, while 32 clients wait for answers to writes. Every
//! change that a client was told of is in the database once, no change is there by half, and the database verifies.
//! A build that answers before it commits is caught.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use super::load::{Bench, By, CLIENTS, Fault, Load};
use super::{Context, Size};
use crate::process::Server;

const FAULT: Fault = Fault("answer-before-commit");
/// How often a server that has the fault is killed.
const CONTROL: u64 = 10;
/// A kill counts if it leaves so many calls without an answer.
const UNANSWERED: u64 = 8;
/// So many calls wait for their answer when a kill is sent.
const IN_FLIGHT: usize = 16;
/// So many are answered before, by a server that was just started.
const ANSWERED: u64 = 40;
/// And then the clients go on for less than so many milliseconds.
const LONGEST: u64 = 100;
/// After so many kills the database is verified in between, too.
const VERIFIED: u64 = 20;

/// Kills it; in full size 200 times, and then some times more with the fault.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (kills, by) = match size {
        Size::Short => (3, By::This),
        Size::Full => (200, By::Another),
    };
    FAULT.check(context)?;
    let mut figures = survive(context, &context.binary, kills, by)?;
    figures["clients"] = json!(CLIENTS);
    if size == Size::Full {
        figures["fault"] = FAULT.is_found(context, |server| survive(context, server, CONTROL, by))?;
    }
    Ok(figures)
}

fn survive(context: &Context, binary: &Path, kills: u64, by: By) -> anyhow::Result<Value> {
    let bench = Bench::new(context, binary)?;
    let server = bench.start()?;
    let mut clients = bench.clients(std::slice::from_ref(&server))?;
    let killed = kill(&bench, server, &mut clients, kills);
    clients.stop().and(killed)?;
    // Since the last kill no server has opened the database.
    let mut figures = bench.compare(by)?;
    bench.verify()?;
    let per_kill: Vec<u64> = serde_json::from_value(figures["unanswered_per_kill"].take())?;
    let counted = per_kill.iter().filter(|unanswered| **unanswered >= UNANSWERED).count() as u64;
    ensure!(counted == kills, "{kills} kills were counted, and by the logs {counted}: {per_kill:?}");
    figures["kills"] = json!(kills);
    figures["kills_with_fewer_unanswered"] = json!(per_kill.len() as u64 - kills);
    figures["fewest_unanswered"] = json!(per_kill.iter().filter(|unanswered| **unanswered >= UNANSWERED).min());
    figures["unanswered_per_kill"] = json!(per_kill);
    Ok(figures)
}

/// Kills the server until so many kills have counted.
fn kill(bench: &Bench<'_>, mut server: Server, clients: &mut Load, kills: u64) -> anyhow::Result<()> {
    let (mut counted, mut too_few) = (0, 0);
    loop {
        clients.wait_for(ANSWERED, 0)?;
        // At another moment of a batch each time.
        clients.work(Duration::from_millis((7 * (counted + too_few)) % LONGEST))?;
        clients.wait_for(0, IN_FLIGHT)?;
        if clients.kill(server)? >= UNANSWERED {
            counted += 1;
        } else {
            too_few += 1;
        }
        ensure!(too_few <= counted + 3, "{too_few} kills left fewer than {UNANSWERED} calls without an answer");
        if counted == kills {
            return Ok(());
        }
        if counted % VERIFIED == 0 {
            bench.verify()?;
        }
        server = bench.start()?;
        clients.go_on(&server);
    }
}
