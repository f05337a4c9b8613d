//! The rows of the table.

use std::sync::Arc;

use anyhow::Context as _;
use countersign_xtask::process::Server;
use countersign_xtask::seed::bench::{Plan, Sight};

use crate::calls::{Callers, MIM, NATIVE, OIG, Path, Reads};
use crate::compare::{By, Compared, Rounds, Side, compare};
use crate::load::{Calls, answer};
use crate::report::Row;
use crate::site::{self, Backend, Data, Site};

/// So many connections call at a time.
pub(crate) const CONNECTIONS: [u32; 4] = [1, 8, 32, 128];
/// How many answers are looked at to know how long they are.
const SAMPLES: u64 = 50;
/// Two of the members that a detail shows.
const FIELDS: &str = "?fields=reqType,reqStatus";

/// A row before it is measured.
pub(crate) struct Heading {
    pub(crate) name: &'static str,
    pub(crate) backend: Backend,
    pub(crate) connections: u32,
    pub(crate) sees: Option<&'static str>,
    pub(crate) compared_with: &'static str,
    pub(crate) must: Option<f64>,
    pub(crate) aim: Option<f64>,
}

impl Heading {
    pub(crate) fn row(self, compared: Compared, unit: &'static str) -> Row {
        let row = Row {
            name: self.name,
            backend: self.backend.name(),
            connections: self.connections,
            sees: self.sees,
            rate: None,
            unit,
            ours: compared.ours,
            against: compared.against,
            compared_with: self.compared_with.to_owned(),
            ratio: compared.ratio,
            must: self.must,
            aim: self.aim,
            spread: compared.spread,
            p50_ms: compared.p50_ms,
            p99_ms: compared.p99_ms,
            errors: compared.errors,
        };
        tell(&row);
        row
    }
}

/// Reads of one request, beside the static answer of that size.
pub(crate) fn reads(backend: Backend, site: &Site, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, path) in [("mim_get", Path::Mim), ("oig_get", Path::Oig("")), ("oig_get_fields", Path::Oig(FIELDS))] {
        let (ours, still) = beside_static(site, path)?;
        let against = Side { address: still.address(), calls: Arc::clone(&ours.calls) };
        for connections in CONNECTIONS {
            let (must, aim) = match (name, backend, connections) {
                ("mim_get" | "oig_get", Backend::Sqlite, 32) => (Some(0.35), Some(0.60)),
                _ => (None, None),
            };
            let compared_with = "the static answer of that size";
            let heading = Heading { name, backend, connections, sees: None, compared_with, must, aim };
            let measure = |side: &Side| side.measure(rounds.of(connections));
            let compared = compare(|| measure(&ours), || measure(&against), By::Rate, rounds.count)?;
            rows.push(heading.row(compared, "/s"));
        }
    }
    Ok(rows)
}

/// Reads of one request on PostgreSQL, beside its own benchmark's reads of that table.
pub(crate) fn beside_pgbench(site: &Site, data: &Data, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, path) in [("mim_get", Path::Mim), ("oig_get", Path::Oig(""))] {
        let ours = checked(site, Callers::all(), path)?;
        let heading = Heading {
            name,
            backend: Backend::Postgres,
            connections: 32,
            sees: None,
            compared_with: "pgbench -S -M prepared, 16 clients, on the request table",
            must: Some(0.60),
            aim: Some(0.90),
        };
        let compared = compare(
            || ours.measure(rounds.of(32)),
            || data.pgbench(16, rounds.time, site.plan),
            By::Rate,
            rounds.count,
        )?;
        rows.push(heading.row(compared, "/s"));
    }
    Ok(rows)
}

/// One call at a time, beside a server that gives each read a statement of its own.
pub(crate) fn unbatched(backend: Backend, site: &Site, alone: &Site, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, path) in [("mim_get", Path::Mim), ("oig_get", Path::Oig(""))] {
        let ours = checked(site, Callers::all(), path)?;
        let against = Side { address: alone.address(), calls: Arc::clone(&ours.calls) };
        let heading = Heading {
            name,
            backend,
            connections: 1,
            sees: None,
            compared_with: "the same, each read by itself",
            must: Some(1.0 / 1.2),
            aim: Some(1.0),
        };
        let measure = |side: &Side| side.measure(rounds.of(1));
        let compared = compare(|| measure(&ours), || measure(&against), By::Latency, rounds.count)?;
        rows.push(heading.row(compared, "ms"));
    }
    Ok(rows)
}

/// Lists of whoever sees little, much and everything, beside the same lists where hardly a request is closed.
pub(crate) fn lists(backend: Backend, site: &Site, small: &Site, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let page = |path: &str| Path::Fixed(path.to_owned());
    let lists = [
        ("oig_track_page", page(&format!("{OIG}/requests?view=trackRequests&limit=50")), &Sight::EACH[..]),
        ("oig_pending_page", page(&format!("{OIG}/requests?view=pendingApprovals&limit=50")), &Sight::EACH[..]),
        ("inbox_count", page(&format!("{NATIVE}/inbox?limit=50")), &Sight::EACH[..]),
        ("mim_list_status", page(&format!("{MIM}/requests?targetuser=current&status=Pending")), &[Sight::Few][..]),
    ];
    for (name, path, sights) in lists {
        for sight in sights {
            let ours = checked(site, Callers::one(*sight), path.clone())?;
            let against = checked(small, Callers::one(*sight), path.clone())?;
            let heading = Heading {
                name,
                backend,
                connections: 1,
                sees: Some(sight.name()),
                compared_with: "the same with a thousandth of the closed requests",
                must: Some(1.0 / 1.2),
                aim: Some(1.0 / 1.05),
            };
            let measure = |side: &Side| side.measure(rounds.of(1));
            let compared = compare(|| measure(&ours), || measure(&against), By::Latency, rounds.count)?;
            rows.push(heading.row(compared, "ms"));
        }
    }
    rows.push(deep(backend, site, rounds)?);
    Ok(rows)
}

/// A page near the end of everything, by offset alone, beside the first page.
fn deep(backend: Backend, site: &Site, rounds: Rounds) -> anyhow::Result<Row> {
    let at = |offset: u64| {
        let path = format!("{OIG}/requests?view=trackRequests&limit=50&offset={offset}");
        checked(site, Callers::one(Sight::All), Path::Fixed(path))
    };
    let (ours, against) = (at(site.plan.requests() - 100)?, at(1)?);
    let heading = Heading {
        name: "oig_offset_deep",
        backend,
        connections: 1,
        sees: Some(Sight::All.name()),
        compared_with: "the first page",
        must: None,
        aim: None,
    };
    let measure = |side: &Side| side.measure(rounds.of(1));
    let compared = compare(|| measure(&ours), || measure(&against), By::Latency, rounds.count)?;
    Ok(heading.row(compared, "ms"))
}

/// Reads on the real server, and a server that gives an answer of that size without looking.
fn beside_static(site: &Site, path: Path) -> anyhow::Result<(Side, Server)> {
    let reads = Reads { callers: Callers::all(), plan: site.plan, path, length: 0..=usize::MAX };
    let lengths = lengths(site, &reads)?;
    let still = site::still(lengths[lengths.len() / 2])?;
    Ok((bounded(site, reads, &lengths)?, still))
}

/// Reads of which every answer must be about as long as the first ones.
fn checked(site: &Site, callers: Callers, path: Path) -> anyhow::Result<Side> {
    let reads = Reads { callers, plan: site.plan, path, length: 0..=usize::MAX };
    let lengths = lengths(site, &reads)?;
    bounded(site, reads, &lengths)
}

/// How long some answers are, the shortest first.
fn lengths(site: &Site, reads: &Reads) -> anyhow::Result<Vec<usize>> {
    let mut lengths = Vec::new();
    for n in 0..SAMPLES {
        lengths.push(answer(site.address(), reads.call(n)?)?);
    }
    lengths.sort_unstable();
    Ok(lengths)
}

fn bounded(site: &Site, reads: Reads, lengths: &[usize]) -> anyhow::Result<Side> {
    let (first, last) = (lengths.first().context("an answer")?, lengths.last().context("an answer")?);
    // Numbers and names differ by a few characters.
    let reads = Reads { length: first.saturating_sub(64)..=last + 64, ..reads };
    Ok(Side { address: site.address(), calls: Arc::new(reads) })
}

fn tell(row: &Row) {
    let verdict = if row.holds() { "" } else { "  MISSES" };
    let sees = row.sees.unwrap_or("-");
    eprintln!(
        "{:>16} {:>8} {:>5} {:>3} connections: {:>9.2} {} of {:>9.2}: {:.2}{verdict}",
        row.name, row.backend, sees, row.connections, row.ours, row.unit, row.against, row.ratio
    );
}

/// Everybody's first call.
pub(crate) fn first_calls(plan: Plan) -> Arc<dyn Calls> {
    Arc::new(Reads { callers: Callers::all(), plan, path: Path::Mim, length: 0..=usize::MAX })
}
