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
/// How much of the data a measurement with so many connections takes, beside the others.
const SHARES: [u64; 4] = [1, 2, 6, 4];

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
            let compared_with = "the same work, one transaction per request";
            let heading = Heading { name, backend, connections, sees: None, compared_with, must, aim };
            let calls = kind.available(site.plan).map(|most| portion(most, share, rounds));
            let measure = |side: &Side| side.measure(Pressure { calls, ..rounds.of(connections) });
            rows.push(heading.row(compare(|| measure(&ours), || measure(&against), by, rounds.count)?, unit));
        }
    }
    Ok(rows)
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
    let measurements = 2 * rounds.count as u64 * SHARES.iter().sum::<u64>();
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
            let taken: u64 = SHARES.iter().map(|share| 2 * 3 * portion(most, *share, rounds)).sum();
            assert!(taken + SAMPLES <= most, "{taken} of {most}");
        }
    }
}
