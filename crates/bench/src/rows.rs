//! The rows of the table.

use std::sync::Arc;

use anyhow::Context as _;
use countersign_xtask::process::Server;
use countersign_xtask::seed::bench::{Plan, Sight};

use crate::calls::{Callers, MIM, NATIVE, OIG, Path, Reads};
use crate::compare::{By, Compared, Rounds, Side, compare};
use crate::load::{Calls, Pressure, answer};
use crate::report::Row;
use crate::site::{self, Backend, Data, Site};

/// So many connections call at a time.
pub(crate) const CONNECTIONS: [u32; 4] = [1, 8, 32, 128];
/// How many answers are looked at to know how long they are.
const SAMPLES: u64 = 400;
/// How many reads a second arrive where they arrive at a fixed rate.
const READS_A_SECOND: u32 = 1_000;
/// What a read is compared with where the matter is what reading together costs.
const BY_ITSELF: &str = "the same, each read by itself";
/// Two of the members that a detail shows.
const FIELDS: &str = "?fields=reqType,reqStatus";

/// A row before it is measured.
pub(crate) struct Heading {
    name: &'static str,
    backend: Option<Backend>,
    connections: u32,
    sees: Option<&'static str>,
    rate: Option<u32>,
    compared_with: &'static str,
    must: Option<f64>,
    aim: Option<f64>,
}

impl Heading {
    /// A row that must reach nothing.
    pub(crate) const fn new(
        name: &'static str,
        backend: Option<Backend>,
        connections: u32,
        compared_with: &'static str,
    ) -> Self {
        Self { name, backend, connections, sees: None, rate: None, compared_with, must: None, aim: None }
    }

    /// What the ratio must reach, and is to reach.
    pub(crate) const fn bounds(self, must: Option<f64>, aim: Option<f64>) -> Self {
        Self { must, aim, ..self }
    }

    /// How much the caller sees.
    const fn sees(self, sight: Sight) -> Self {
        Self { sees: Some(sight.name()), ..self }
    }

    /// How many calls a second arrive.
    pub(crate) const fn rate(self, rate: u32) -> Self {
        Self { rate: Some(rate), ..self }
    }

    pub(crate) fn row(self, compared: Compared, unit: &'static str) -> Row {
        let row = Row {
            name: self.name,
            backend: self.backend.map_or("both", Backend::name),
            connections: self.connections,
            sees: self.sees,
            rate: self.rate,
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
        // Everything has been asked for once: the first look at a page of the file is no matter of the server's speed.
        ours.measure(rounds.of(32))?;
        for connections in CONNECTIONS {
            let (must, aim) = match (name, backend, connections) {
                ("mim_get" | "oig_get", Backend::Sqlite, 32) => (Some(0.35), Some(0.60)),
                _ => (None, None),
            };
            let compared_with = "the static answer of that size";
            let heading = Heading::new(name, Some(backend), connections, compared_with).bounds(must, aim);
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
        let compared_with = "pgbench -S -M prepared, 16 clients, on the request table";
        let heading = Heading::new(name, Some(Backend::Postgres), 32, compared_with).bounds(Some(0.60), Some(0.90));
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
        let heading = Heading::new(name, Some(backend), 1, BY_ITSELF).bounds(Some(1.0 / 1.2), Some(1.0));
        let measure = |side: &Side| side.measure(rounds.of(1));
        let compared = compare(|| measure(&ours), || measure(&against), By::Latency, rounds.count)?;
        rows.push(heading.row(compared, "ms"));
    }
    Ok(rows)
}

/// Reads that arrive at a fixed rate, beside a server that gives each a statement of its own.
pub(crate) fn at_a_rate(backend: Backend, site: &Site, alone: &Site, rounds: Rounds) -> anyhow::Result<Row> {
    let ours = checked(site, Callers::all(), Path::Mim)?;
    let against = Side { address: alone.address(), calls: Arc::clone(&ours.calls) };
    let heading = Heading::new("mim_get", Some(backend), 32, BY_ITSELF).rate(READS_A_SECOND);
    let measure = |side: &Side| side.measure(Pressure { rate: Some(READS_A_SECOND), ..rounds.of(32) });
    let compared = compare(|| measure(&ours), || measure(&against), By::Latency, rounds.count)?;
    Ok(heading.row(compared, "ms"))
}

/// The static answer that reads are compared with, beside the smallest actix server there is.
pub(crate) fn static_answer(rounds: Rounds) -> anyhow::Result<Row> {
    let length = 1_000;
    let (still, hello) = (site::still(length)?, site::hello(length)?);
    let plan = Plan { open: 1, closed: 1, users: 1 };
    let path = Path::Fixed("/".to_owned());
    let calls: Arc<dyn Calls> = Arc::new(Reads { callers: Callers::all(), plan, path, length: length..=length });
    let side = |server: &Server| Side { address: server.address(), calls: Arc::clone(&calls) };
    let heading = Heading::new("static_answer", None, 32, "a bare actix hello of that size");
    let measure = |server: &Server| side(server).measure(rounds.of(32));
    let compared = compare(|| measure(&still), || measure(&hello), By::Rate, rounds.count)?;
    Ok(heading.bounds(Some(0.9), None).row(compared, "/s"))
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
            let compared_with = "the same with a thousandth of the closed requests";
            let heading = Heading::new(name, Some(backend), 1, compared_with).sees(*sight);
            let heading = heading.bounds(Some(1.0 / 1.2), Some(1.0 / 1.05));
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
    let heading = Heading::new("oig_offset_deep", Some(backend), 1, "the first page").sees(Sight::All);
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
    // Numbers and names differ by a few characters; one request in some hundred has a task more than any of these.
    let reads = Reads { length: first - first / 4..=last + last / 2, ..reads };
    Ok(Side { address: site.address(), calls: Arc::new(reads) })
}

fn tell(row: &Row) {
    let verdict = if row.holds() { "" } else { "  MISSES" };
    let sees = row.sees.unwrap_or("-");
    let rate = row.rate.map(|rate| format!(", {rate}/s")).unwrap_or_default();
    eprintln!(
        "{:>16} {:>8} {:>5} {:>3} connections{rate}: {:>9.2} {} of {:>9.2}: {:.2}{verdict}",
        row.name, row.backend, sees, row.connections, row.ours, row.unit, row.against, row.ratio
    );
}

/// Everybody's first call.
pub(crate) fn first_calls(plan: Plan) -> Arc<dyn Calls> {
    Arc::new(Reads { callers: Callers::all(), plan, path: Path::Mim, length: 0..=usize::MAX })
}
