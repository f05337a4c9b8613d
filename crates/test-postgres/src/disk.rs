//! A small disk of a test's own, which can be filled.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::{account, run};

/// A file system in memory with a folder of its own; it is gone when this is dropped.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// A disk of so many MiB that belongs to the account under which servers run; `None` where this process may not
    /// mount any.
    #[must_use]
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-disk").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"]).arg(folder.path());
        let mounted = mount.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            return None;
        }
        let disk = Self { folder };
        std::fs::create_dir(disk.path()).unwrap();
        if let Some(account) = account() {
            run(Command::new("chown").arg(account).arg(disk.path()));
        }
        Some(disk)
    }

    /// A folder on it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        for block in [1 << 20, 4096] {
            let zeros = vec![0; block];
            while file.write_all(&zeros).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn unmount(path: &Path) {
        // Whoever has a file open there still has it: only the name goes now, the memory when the last has closed.
        let _ = Command::new("umount").arg("--lazy").arg(path).stdin(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Self::unmount(self.folder.path());
    }
}
