//! The primary is killed while all clients wait for answers, and its standby takes its place.

use std::time::{Duration, Instant};

use anyhow::ensure;
use countersign_test_postgres::{Cluster, End};
use serde_json::{Value, json};

use super::SERVERS;
use crate::process::Server;
use crate::show::load::{Bench, By, Load, lost};
use crate::show::{Context, Size};

const DATABASE: &str = "countersign";
/// So many changes does each server acknowledge between two kills.
const ACKNOWLEDGED: u64 = 20;
/// So many calls wait for their answer when the primary is killed.
const IN_FLIGHT: usize = 16;
/// And the clients go on for less than so many milliseconds before that.
const LONGEST: u64 = 100;
/// So many changes does each server acknowledge that an asynchronous standby has not.
const BEHIND: u64 = 20;

/// Kills it; in full size 20 times, and then once more with an asynchronous standby.
pub(super) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (kills, by) = match size {
        Size::Short => (1, By::This),
        Size::Full => (20, By::Another),
    };
    let mut figures = survives(context, kills, by)?;
    if size == Size::Full {
        figures["asynchronous"] = loses(context, by)?;
    }
    Ok(figures)
}

/// Two servers on a cluster, with the clients.
struct Site<'a> {
    bench: Bench<'a>,
    servers: Vec<Server>,
    clients: Load,
}

impl<'a> Site<'a> {
    fn on(cluster: &Cluster, context: &'a Context) -> anyhow::Result<Self> {
        cluster.create(DATABASE);
        let bench = Bench::on(context, &context.binary, cluster.url(DATABASE))?;
        let servers = (0..SERVERS).map(|_| bench.start()).collect::<Result<Vec<_>, _>>()?;
        let clients = bench.clients(&servers)?;
        Ok(Self { bench, servers, clients })
    }

    /// Lets the clients and the servers finish, and compares.
    fn close(self, worked: anyhow::Result<()>, by: By) -> anyhow::Result<(Bench<'a>, Value)> {
        self.clients.stop().and(worked)?;
        for server in self.servers {
            server.stop()?;
        }
        let figures = self.bench.compare(by)?;
        Ok((self.bench, figures))
    }
}

/// With a synchronous standby nothing is lost.
fn survives(context: &Context, kills: u64, by: By) -> anyhow::Result<Value> {
    let mut cluster = Cluster::start(true);
    let mut site = Site::on(&cluster, context)?;
    let mut blows = Vec::new();
    let struck = (0..kills).try_for_each(|kill| -> anyhow::Result<()> {
        blows.push(fail_over(&mut cluster, &mut site.clients, kill)?);
        Ok(())
    });
    let (bench, mut figures) = site.close(struck, by)?;
    bench.verify()?;
    figures["kills"] = json!(blows);
    Ok(figures)
}

/// One fail-over: what was so when the primary was killed, and how long each step took.
fn fail_over(cluster: &mut Cluster, clients: &mut Load, kill: u64) -> anyhow::Result<Value> {
    clients.wait_for_acknowledged(ACKNOWLEDGED)?;
    let sync_state = cluster.sync_state();
    ensure!(sync_state == "sync", "before kill {kill} the standby is {sync_state:?}");
    // At another moment of a commit each time.
    clients.work(Duration::from_millis((37 * kill) % LONGEST))?;
    clients.wait_for(0, IN_FLIGHT)?;
    let end = if kill.is_multiple_of(2) { End::Killed } else { End::Immediate };
    let in_flight = clients.strike(|| cluster.end_primary(end))?;
    ensure!(in_flight > 0, "at kill {kill} no call was in flight");
    let struck = Instant::now();
    cluster.promote();
    let promoted = struck.elapsed();
    cluster.add_standby();
    clients.is_whole()?;
    let whole = struck.elapsed();
    // The servers have not been started again.
    clients.wait_for_acknowledged(1)?;
    Ok(json!({
        "kill": kill + 1, "how": format!("{end:?}").to_lowercase(), "sync_state": sync_state, "in_flight": in_flight,
        "promoted_ms": millis(promoted), "standby_again_ms": millis(whole), "both_serve_again_ms": millis(struck.elapsed()),
    }))
}

/// With an asynchronous standby, which has not heard of the last changes, the comparison finds a loss.
fn loses(context: &Context, by: By) -> anyhow::Result<Value> {
    let mut cluster = Cluster::start(false);
    let mut site = Site::on(&cluster, context)?;
    let sync_state = cluster.sync_state();
    let mut in_flight = 0;
    let mut strike = || -> anyhow::Result<()> {
        site.clients.wait_for_acknowledged(ACKNOWLEDGED)?;
        cluster.hold_back();
        site.clients.wait_for_acknowledged(BEHIND)?;
        in_flight = site.clients.strike(|| cluster.end_primary(End::Killed))?;
        cluster.promote();
        cluster.add_standby();
        site.clients.wait_for_acknowledged(1)
    };
    let struck = strike();
    let found = lost(site.close(struck, by).map(|(_, figures)| figures))?;
    Ok(json!({ "sync_state": sync_state, "in_flight": in_flight, "found": found }))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
