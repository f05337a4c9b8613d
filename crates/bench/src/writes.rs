//! The rows of writes, each beside the same work by a server that commits every change by itself.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context as _;

use crate::calls::{Callers, Kind, Writes};
use crate::compare::{By, Rounds, Side, compare};
use crate::load::{Calls as _, Pressure, answer};
use crate::report::Row;
use crate::rows::{CONNECTIONS, Heading};
use crate::site::{Backend, Site};

/// How many answers are looked at to know how long they are.
const SAMPLES: u64 = 10;
/// How many decisions a second arrive where they arrive at a fixed rate.
const DECISIONS_A_SECOND: u32 = 50;
/// What a write is compared with.
const BY_ITSELF: &str = "the same work, one transaction per request";
/// How much of the data a measurement with so many connections takes, beside the others.
const SHARES: [u64; 4] = [1, 2, 6, 4];
/// How much those take that arrive at a fixed rate.
const SHARE_AT_A_RATE: u64 = 2;

/// Decisions and new requests on `site` and on `alone`, which work on the same database.
pub(crate) fn rows(backend: Backend, site: &Site, alone: &Site, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let kinds = [
        ("approve", Kind::Approve),
        ("oig_bulk_50", Kind::ApproveFifty),
        ("mim_create", Kind::MimCreate),
        ("oig_create", Kind::OigCreate),
    ];
    for (name, kind) in kinds {
        let calls = checked(site, kind)?;
        let ours = Side { address: site.address(), calls: Arc::new(calls.clone()) };
        let against = Side { address: alone.address(), calls: Arc::new(calls) };
        for (connections, share) in CONNECTIONS.into_iter().zip(SHARES) {
            let (by, unit) = if connections == 1 { (By::Latency, "ms") } else { (By::Rate, "/s") };
            let (must, aim) = bounds(name, backend, connections);
            let heading = Heading::new(name, Some(backend), connections, BY_ITSELF).bounds(must, aim);
            let calls = kind.available(site.plan).map(|most| portion(most, share, rounds));
            let measure = |side: &Side| side.measure(Pressure { calls, ..rounds.of(connections) });
            rows.push(heading.row(compare(|| measure(&ours), || measure(&against), by, rounds.count)?, unit));
        }
        if kind == Kind::Approve {
            rows.push(at_a_rate(backend, (&ours, &against), kind.available(site.plan), rounds)?);
        }
    }
    Ok(rows)
}

/// Decisions that arrive at a fixed rate.
fn at_a_rate(
    backend: Backend,
    (ours, against): (&Side, &Side),
    available: Option<u64>,
    rounds: Rounds,
) -> anyhow::Result<Row> {
    let heading = Heading::new("approve", Some(backend), 32, BY_ITSELF).rate(DECISIONS_A_SECOND);
    let calls = available.map(|most| portion(most, SHARE_AT_A_RATE, rounds));
    let measure = |side: &Side| side.measure(Pressure { rate: Some(DECISIONS_A_SECOND), calls, ..rounds.of(32) });
    Ok(heading.row(compare(|| measure(ours), || measure(against), By::Latency, rounds.count)?, "ms"))
}

const fn bounds(name: &str, backend: Backend, connections: u32) -> (Option<f64>, Option<f64>) {
    match (name.as_bytes(), backend, connections) {
        (b"approve", Backend::Sqlite, 32) => (Some(1.7), Some(3.0)),
        (b"approve", Backend::Postgres, 32) => (Some(2.5), Some(4.0)),
        (b"approve", _, 1) => (Some(1.0 / 1.2), Some(1.0)),
        _ => (None, None),
    }
}

/// How many calls one measurement may make, of all that are possible.
fn portion(most: u64, share: u64, rounds: Rounds) -> u64 {
    let measurements = 2 * rounds.count as u64 * (SHARES.iter().sum::<u64>() + SHARE_AT_A_RATE);
    ((most - SAMPLES.min(most)) * share / measurements).max(1)
}

/// Writes of which every answer must be about as long as the first ones.
fn checked(site: &Site, kind: Kind) -> anyhow::Result<Writes> {
    let made = Arc::new(AtomicU64::new(0));
    let writes = Writes { kind, callers: Callers::all(), plan: site.plan, made, length: 0..=usize::MAX };
    let mut lengths = Vec::new();
    for n in 0..SAMPLES {
        lengths.push(answer(site.address(), writes.call(n)?)?);
    }
    let (first, last) = (lengths.iter().min().context("an answer")?, lengths.iter().max().context("an answer")?);
    // One request in ten has a task more.
    Ok(Writes { length: first / 2..=last * 2, ..writes })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_measured_is_there() {
        let rounds = Rounds { count: 3, time: Duration::from_secs(1) };
        for most in [100, 5_000, 50_000] {
            let shares = SHARES.into_iter().chain([SHARE_AT_A_RATE]);
            let taken: u64 = shares.map(|share| 2 * 3 * portion(most, share, rounds)).sum();
            assert!(taken + SAMPLES <= most, "{taken} of {most}");
        }
    }
}
