//! The property test: many sequences, side by side, each database with some of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::ensure;
use serde_json::{Value, json};

use super::game;
use super::lane::Lane;
use super::tally::Tally;

/// How many sequences one database holds: a small database is as fast as a new one.
const PER_DATABASE: u64 = 250;
/// How many databases are played on at a time: while one waits for its writer, another goes on.
const LANES: u64 = 4;

/// Plays sequences `first` to `first + count`; the counts.
pub(super) fn play(first: u64, count: u64) -> anyhow::Result<Tally> {
    let folder = tempfile::Builder::new().prefix("countersign-model").tempdir_in(in_memory())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(all(folder.path().to_path_buf(), first, count))
}

/// Plays `count` sequences; every cell must be met if `every_cell`.
pub fn run(first: u64, count: u64, every_cell: bool) -> anyhow::Result<Value> {
    let started = Instant::now();
    let tally = play(first, count)?;
    let missing = tally.missing();
    ensure!(!every_cell || missing.is_empty(), "never asked: {missing:?}");
    let mut figures = tally.figures();
    figures["cells_missing"] = json!(missing);
    figures["never_done"] = json!(tally.undone());
    figures["seconds"] = json!(started.elapsed().as_secs_f64().round());
    Ok(figures)
}

/// A folder in memory, where there is one: a sync costs nothing there, and nobody wants the data.
fn in_memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() }
}

async fn all(folder: PathBuf, first: u64, count: u64) -> anyhow::Result<Tally> {
    let next = Arc::new(AtomicU64::new(0));
    let lanes: Vec<_> =
        (0..LANES).map(|_| tokio::spawn(some(folder.clone(), Arc::clone(&next), first, count))).collect();
    let mut tally = Tally::default();
    for lane in lanes {
        tally.add(&lane.await??);
    }
    Ok(tally)
}

async fn some(folder: PathBuf, next: Arc<AtomicU64>, first: u64, count: u64) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    loop {
        let begin = next.fetch_add(PER_DATABASE, Ordering::Relaxed);
        if begin >= count {
            return Ok(tally);
        }
        let path = folder.join(begin.to_string());
        std::fs::create_dir(&path)?;
        let lane = Lane::open(&path.join("model.db")).await?;
        for seed in begin..count.min(begin + PER_DATABASE) {
            tally.add(&game::play(&lane, first + seed).await?);
        }
        lane.repository.close().await?;
        drop(lane);
        std::fs::remove_dir_all(&path)?;
    }
}
