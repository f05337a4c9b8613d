//! Copies that are killed while they are at work.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use countersign_storage_conformance::sample::Random;

use super::{Bench, Size, Target};
use crate::probe::MemoryWatch;

/// How long a copy may take to come to a place.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How a copy is broken off.
pub(super) struct Broken<'a> {
    /// How many rows there are.
    pub(super) total: u64,
    /// How often: in so many parts of the way, once in each; the last time after all rows are written.
    pub(super) kills: u64,
    pub(super) random: &'a mut Random,
}

/// A process that was killed.
pub(super) struct Kill {
    /// How many rows were in the target then.
    pub(super) row: u64,
    pub(super) peak_mib: f64,
}

impl Broken<'_> {
    /// Starts the copy and kills it, again and again.
    pub(super) fn off(&mut self, bench: &Bench<'_>, from: &str, to: &Target<'_>) -> anyhow::Result<Vec<Kill>> {
        let mut kills = Vec::new();
        for kill in 1..=self.kills {
            let (place, longest) = if kill == self.kills {
                // While it verifies.
                (self.total, if bench.size == Size::Full { 20_000 } else { 10 })
            } else {
                let part = self.total / (self.kills - 1);
                ((kill - 1) * part + self.random.below(part), 30)
            };
            let pause = Duration::from_millis(self.random.below(longest));
            kills.push(at(&mut bench.copy(from, to), to, place, pause)?);
        }
        Ok(kills)
    }
}

/// Starts a copy, and kills it some time after so many rows are there.
pub(super) fn at(copy: &mut Command, to: &Target<'_>, place: u64, pause: Duration) -> anyhow::Result<Kill> {
    let mut child = copy.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let watch = MemoryWatch::start(child.id());
    let reached = wait(&mut child, to, place);
    std::thread::sleep(pause);
    let ended = child.try_wait()?;
    child.kill()?;
    child.wait()?;
    reached?;
    ensure!(ended.is_none(), "the copy ended before it was killed: {}", said(&mut child));
    Ok(Kill { row: to.copied(), peak_mib: watch.peak_mib() })
}

fn wait(child: &mut Child, to: &Target<'_>, place: u64) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while to.copied() < place {
        if let Some(status) = child.try_wait()? {
            bail!("the copy ended with {status} before row {place}: {}", said(child));
        }
        ensure!(Instant::now() < end, "the copy does not come to row {place}");
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn said(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_string(&mut text);
    }
    text
}

/// Runs a copy to its end, which must be good; what it said, and the most memory that it had, in MiB.
pub(super) fn to_its_end(copy: &mut Command) -> anyhow::Result<(String, f64)> {
    let child = copy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let watch = MemoryWatch::start(child.id());
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the copy failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok((String::from_utf8(output.stdout)?, watch.peak_mib()))
}
