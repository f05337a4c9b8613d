//! What a running process uses, and how long its answers take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;

/// The memory of a process now: RssAnon and RssShmem, in KiB.
pub fn memory_kib(process: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let of = |name: &str| -> anyhow::Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(of("RssAnon:")? + of("RssShmem:")?)
}

/// How many threads a process has.
pub fn threads(process: u32) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{process}/task"))?.count())
}

/// Watches the memory of a process and keeps its peak.
#[derive(Debug)]
pub struct MemoryWatch {
    peak: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MemoryWatch {
    /// Watches from now on, a hundred times a second.
    pub fn start(process: u32) -> Self {
        let (peak, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (Arc::clone(&peak), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Ok(kib) = memory_kib(process) {
                    seen.fetch_max(kib, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self { peak, stop, thread: Some(thread) }
    }

    /// The highest that was seen, in MiB.
    pub fn peak_mib(&self) -> f64 {
        mib(self.peak.load(Ordering::Relaxed))
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// KiB in MiB, to a tenth.
#[allow(clippy::cast_precision_loss, reason = "no process has 2^53 KiB")]
fn mib(kib: u64) -> f64 {
    (kib as f64 / 102.4).round() / 10.0
}

/// The middle one of `durations`.
pub fn median(durations: &mut [Duration]) -> Option<Duration> {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_used_is_seen() {
        let before = memory_kib(std::process::id()).unwrap();
        let watch = MemoryWatch::start(std::process::id());
        let block = vec![7u8; 64 << 20];
        std::thread::sleep(Duration::from_millis(100));
        assert!(block.iter().step_by(4096).all(|byte| *byte == 7));
        assert!(watch.peak_mib() * 1024.0 > before as f64 + 60.0 * 1024.0, "{} and {before}", watch.peak_mib());
    }

    #[test]
    fn the_median_is_the_middle() {
        let mut durations = [5, 1, 9].map(Duration::from_millis);
        assert_eq!(median(&mut durations), Some(Duration::from_millis(5)));
        assert_eq!(median(&mut []), None);
    }
}
