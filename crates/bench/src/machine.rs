//! Where the benchmark runs: what the figures depend on beside the code.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use countersign_xtask::process::output;
use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_mb: u64,
    kernel: String,
    file_system: String,
    commit: String,
}

impl Machine {
    /// The machine, with `folder` where the data is and `workspace` where the code is.
    pub(crate) fn look(folder: &Path, workspace: &Path) -> anyhow::Result<Self> {
        let processors = std::fs::read_to_string("/proc/cpuinfo")?;
        let memory = std::fs::read_to_string("/proc/meminfo")?;
        let named = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let kib = named(&memory, "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
        Ok(Self {
            processor: named(&processors, "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism()?.get(),
            memory_mb: kib.context("/proc/meminfo has no MemTotal")? / 1024,
            kernel: output(Command::new("uname").arg("-sr"))?.trim().to_owned(),
            file_system: file_system(folder)?,
            commit: commit(workspace)?,
        })
    }
}

impl Machine {
    /// In one line.
    pub(crate) fn told(&self) -> String {
        let Self { processor, cores, memory_mb, kernel, file_system, commit } = self;
        format!("{processor}, {cores} cores, {memory_mb} MB, {kernel}, {file_system}, commit {commit}")
    }
}

/// The kind of file system of `folder`. What is in memory alone would flush at no cost, so it is refused.
fn file_system(folder: &Path) -> anyhow::Result<String> {
    let kind = output(Command::new("stat").args(["--file-system", "--format=%T"]).arg(folder))?.trim().to_owned();
    ensure!(
        !["tmpfs", "ramfs"].contains(&kind.as_str()),
        "{} is in memory ({kind}): nothing is flushed there; name a folder on a disk with --folder",
        folder.display()
    );
    Ok(kind)
}

fn commit(workspace: &Path) -> anyhow::Result<String> {
    let git = |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(workspace));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?.trim().to_owned();
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.trim().is_empty();
    Ok(if changed { format!("{commit}, changed") } else { commit })
}

/// Fails unless `folder` has room for so many MiB.
pub(crate) fn ensure_room(folder: &Path, mib: u64) -> anyhow::Result<()> {
    let text = output(Command::new("df").args(["--output=avail", "--block-size=1M"]).arg(folder))?;
    let free: u64 = text.lines().last().unwrap_or_default().trim().parse().context("df says no number")?;
    ensure!(free >= mib, "{} has {free} MiB free; {mib} MiB are needed", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_refused() {
        let memory = Path::new("/dev/shm");
        if output(Command::new("stat").args(["-f", "-c", "%T"]).arg(memory)).is_ok_and(|kind| kind.trim() == "tmpfs") {
            assert!(file_system(memory).unwrap_err().to_string().contains("--folder"));
        }
        assert!(!file_system(Path::new("/proc")).unwrap().is_empty());
    }

    #[test]
    fn too_little_room_is_refused() {
        assert!(ensure_room(Path::new("/"), 1).is_ok());
        assert!(ensure_room(Path::new("/"), u64::MAX).is_err());
    }
}
