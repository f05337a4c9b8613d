//! `main-job.6`: with a million requests, reads by id and first pages go by index, who sees
//! little waits no longer than with a small database, and the whole list is streamed.

mod plans;
mod stream;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::probe::{MemoryWatch, median};
use crate::process::Server;
use crate::seed::{self, AUDITOR, PASSWORD, Plan, READER};

const LIST: &str = "/CertificateManagement/api/v1.0/requests";
/// How many requests the reader sees.
const OWN: u64 = 3;
/// How much longer a page may take with the large database.
const RATIO: f64 = 2.0;
/// The most memory, in MiB; 150 MB.
const MEMORY_MIB: f64 = 150.0 * 1_000_000.0 / 1_048_576.0;

/// Makes a large and a small database and measures the real binary on them.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (requests, pairs) = if size == Size::Full { (1_000_000, 2_000) } else { (4_000, 200) };
    let folder = tempfile::tempdir()?;
    let (large, small) = (folder.path().join("large.db"), folder.path().join("small.db"));
    let seeded = seed::make(&large, Plan { requests, own: OWN })?;
    seed::make(&small, Plan { requests: OWN, own: OWN })?;
    let plans = plans::by_index(&large, requests)?;
    let latency = latency(context, &large, &small, pairs)?;
    let streamed = streamed(size, context, &large, requests)?;
    Ok(json!({
        "requests": requests, "seed_seconds": seeded["seconds"], "plans": plans, "first_page": latency, "stream": streamed,
    }))
}

/// The reader's list with the large and with the small database, in turns.
fn latency(context: &Context, large: &Path, small: &Path, pairs: usize) -> anyhow::Result<Value> {
    let servers = [Server::on(&context.binary, large)?, Server::on(&context.binary, small)?];
    let [large, small] = [&servers[0], &servers[1]].map(|server| Client::new(server.address()).login(READER, PASSWORD));
    let (mut of_large, mut of_small) = (Vec::new(), Vec::new());
    for pair in 0..pairs + pairs / 10 {
        let time = |client: &Client, times: &mut Vec<Duration>| -> anyhow::Result<()> {
            let begin = Instant::now();
            let answer = client.get(LIST)?;
            let took = begin.elapsed();
            let seen = answer.json_of(200)?.as_array().map_or(0, Vec::len);
            ensure!(seen as u64 == OWN, "the reader sees {seen} requests instead of {OWN}");
            // The first calls hash the password and fill caches.
            if pair >= pairs / 10 {
                times.push(took);
            }
            Ok(())
        };
        // Who goes first changes, so that neither profits from the other.
        if pair % 2 == 0 {
            time(&large, &mut of_large)?;
            time(&small, &mut of_small)?;
        } else {
            time(&small, &mut of_small)?;
            time(&large, &mut of_large)?;
        }
    }
    let large = median(&mut of_large).context("no call")?;
    let small = median(&mut of_small).context("no call")?;
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    ensure!(ratio <= RATIO, "page one takes {large:?} instead of {small:?}: {ratio:.2} times as long");
    Ok(json!({
        "pairs": pairs, "large_us": micros(large), "small_us": micros(small), "ratio": (ratio * 100.0).round() / 100.0,
    }))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The auditor's whole list, read fast and read slowly, while the memory is watched.
fn streamed(size: Size, context: &Context, large: &Path, requests: u64) -> anyhow::Result<Value> {
    let server = Server::on(&context.binary, large)?;
    let watch = MemoryWatch::start(server.id());
    let mut passes = Vec::new();
    for pace in [stream::Pace::Fast, stream::Pace::Slow { full: size == Size::Full }] {
        let begin = Instant::now();
        let counted = stream::count(server.address(), LIST, (AUDITOR, PASSWORD), pace)?;
        ensure!(counted.objects == requests, "the auditor counts {} objects instead of {requests}", counted.objects);
        ensure!(counted.distinct == requests, "{} of {requests} objects are different", counted.distinct);
        passes.push(json!({
            "objects": counted.objects, "bytes": counted.bytes, "seconds": begin.elapsed().as_secs(),
            "peak_mib": watch.peak_mib(),
        }));
    }
    let peak = watch.peak_mib();
    ensure!(peak > 0.0 && peak < MEMORY_MIB, "peak memory is {peak} MiB; {MEMORY_MIB:.1} MiB is the limit");
    Ok(json!({ "fast": passes[0], "slow": passes[1], "peak_mib": peak }))
}
