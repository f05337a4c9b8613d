//! Faults planted in a copy of the workspace, to see that a check finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::process::output;

/// A copy of the workspace, for as long as it is held.
#[derive(Debug)]
pub(super) struct Copy {
    folder: TempDir,
    target: PathBuf,
}

impl Copy {
    /// Copies every file that is, or would be, under version control. What is built of it goes to `target`.
    pub(super) fn of(root: &Path, target: &Path) -> anyhow::Result<Self> {
        let copy = Self { folder: tempfile::tempdir()?, target: target.to_owned() };
        let mut list = Command::new("git");
        list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        for file in output(&mut list)?.split('\0').filter(|file| !file.is_empty()) {
            let (from, to) = (root.join(file), copy.path().join(file));
            // A file that was deleted and not committed is in the list too.
            if from.is_file() {
                fs::create_dir_all(to.parent().context("a folder")?)?;
                fs::copy(&from, &to).with_context(|| format!("{file} cannot be copied"))?;
            }
        }
        Ok(copy)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Plants a fault.
    pub(super) fn plant(&self, patch: &Path) -> anyhow::Result<()> {
        apply(&self.path(), &[], patch)
    }

    /// Takes a fault out again.
    pub(super) fn clear(&self, patch: &Path) -> anyhow::Result<()> {
        apply(&self.path(), &["--reverse"], patch)
    }

    /// Builds a program of it, without optimisation; gives where it is, until the next one is built.
    pub(super) fn build(&self, package: &str, binary: &str) -> anyhow::Result<PathBuf> {
        let mut build = Command::new("cargo");
        build.args(["build", "--locked", "--package", package, "--bin", binary]);
        build.current_dir(self.path()).env("CARGO_TARGET_DIR", &self.target).env_remove("CARGO_MANIFEST_DIR");
        // What cargo says of the build of this program is not for that one.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("CARGO_PKG_") {
                build.env_remove(variable);
            }
        }
        output(&mut build).context("the copy cannot be built")?;
        Ok(self.target.join("debug").join(binary))
    }
}

/// Fails unless a fault can be planted in the workspace as it is.
pub(super) fn check(root: &Path, patch: &Path) -> anyhow::Result<()> {
    apply(root, &["--check"], patch)
}

fn apply(workspace: &Path, arguments: &[&str], patch: &Path) -> anyhow::Result<()> {
    output(Command::new("git").arg("apply").args(arguments).arg(patch).current_dir(workspace))
        .with_context(|| format!("{} does not apply any more", patch.display()))?;
    Ok(())
}
