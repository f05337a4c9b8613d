//! `requests-live.3`: 32 clients approve and deny through OIG and the native API and cancel through MIM, all on the
//! same few requests. Every acknowledged change is stored once, no request has two outcomes, and the losers are
//! told so. Without the revision predicate in the adapter's SQL that is not so, and the comparison finds it.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use super::load::{Bench, By, CLIENTS, Fault};
use super::{Context, Size};

pub(super) const FAULT: Fault = Fault("no-revision-predicate");
/// How many calls are answered before the time counts.
const WARM: u64 = 200;
/// How long the clients fight over requests of a server that has the fault.
pub(super) const CONTROL: Duration = Duration::from_secs(5);

/// Lets them race; in full size for a minute, and then once more with the fault.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (time, enough, by) = match size {
        Size::Short => (Duration::from_secs(2), 20, By::This),
        Size::Full => (Duration::from_secs(60), 1_000, By::Another),
    };
    FAULT.check(context)?;
    let mut figures = race_on_a_file(context, &context.binary, time, by)?;
    ensure!(figures["conflicts"].as_u64() >= Some(enough), "fewer than {enough} conflicts: {figures}");
    figures["clients"] = json!(CLIENTS);
    figures["seconds"] = json!(time.as_secs());
    if size == Size::Full {
        figures["fault"] = FAULT.is_found(context, |server| race_on_a_file(context, server, CONTROL, by))?;
    }
    Ok(figures)
}

fn race_on_a_file(context: &Context, binary: &Path, time: Duration, by: By) -> anyhow::Result<Value> {
    race(&Bench::new(context, binary)?, 1, time, by)
}

/// Lets the clients race through so many servers at once; the figures of the comparison.
pub(super) fn race(bench: &Bench<'_>, servers: usize, time: Duration, by: By) -> anyhow::Result<Value> {
    let servers: Vec<_> = (0..servers).map(|_| bench.start()).collect::<Result<_, _>>()?;
    let clients = bench.clients(&servers)?;
    // The first answers wait until a password was checked for each of them.
    let worked = clients.wait_for(WARM, 0).and_then(|()| clients.work(time));
    clients.stop().and(worked)?;
    for server in servers {
        server.stop()?;
    }
    let figures = bench.compare(by)?;
    bench.verify()?;
    Ok(figures)
}
