//! Faults planted in a copy of the workspace, to see that a check finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{outcome, output};

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
        write(patched(&self.path(), patch, Way::There)?)
    }

    /// Takes a fault out again.
    pub(super) fn clear(&self, patch: &Path) -> anyhow::Result<()> {
        write(patched(&self.path(), patch, Way::Back)?)
    }

    /// Builds a program of it, without optimisation; gives where it is, until the next one is built.
    pub(super) fn build(&self, package: &str, binary: &str) -> anyhow::Result<PathBuf> {
        self.cargo(&["build", "--package", package, "--bin", binary])?;
        Ok(self.target.join("debug").join(binary))
    }

    /// Builds a test target of several packages, likewise; gives the programs, in the order of the packages.
    pub(super) fn build_tests(&self, packages: &[&str], target: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mut arguments = vec!["test", "--no-run", "--message-format", "json-render-diagnostics", "--test", target];
        arguments.extend(packages.iter().flat_map(|package| ["--package", package]));
        let said = self.cargo(&arguments)?;
        let messages = said.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
        let program = |package: &&str| {
            let manifest =
                self.path().join("crates").join(package.trim_start_matches("countersign-")).join("Cargo.toml");
            let made = |message: &&Value| {
                message["target"]["name"] == target
                    && message["manifest_path"].as_str().map(Path::new) == Some(&manifest)
            };
            let program = messages.iter().find(made).and_then(|message| message["executable"].as_str());
            program.map(PathBuf::from).with_context(|| format!("{package} has no test target {target}"))
        };
        packages.iter().map(program).collect()
    }

    /// Runs a program of the copy's tests, where cargo would run it.
    pub(super) fn test(&self, package: &str, program: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
        let folder = self.path().join("crates").join(package.trim_start_matches("countersign-"));
        outcome(Command::new(program).args(arguments).current_dir(folder).env("RUST_BACKTRACE", "0"))
    }

    /// Runs cargo, whether it succeeds or not; what follows `--` is for the program that cargo runs.
    pub(super) fn try_cargo(&self, arguments: &[&str], program: &[&str]) -> anyhow::Result<Output> {
        outcome(self.command(arguments).arg("--").args(program))
    }

    /// Runs cargo, which must succeed; what it prints.
    fn cargo(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(arguments)).context("the copy cannot be built")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut cargo = crate::process::cargo();
        cargo.args(arguments).arg("--locked");
        cargo.current_dir(self.path()).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}

/// Where the copies are built, one after the other.
pub(super) fn target(root: &Path) -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map(|folder| root.join(folder));
    own.unwrap_or_else(|| root.join("target")).join("faults")
}

/// Fails unless a fault can be planted in the workspace as it is. Needs nothing but the files: whoever builds the
/// project need not have it under version control.
pub(super) fn check(root: &Path, patch: &Path) -> anyhow::Result<()> {
    patched(root, patch, Way::There).map(drop)
}

/// Which way a patch is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// The files of a patch with what they hold once it is applied.
fn patched(workspace: &Path, patch: &Path, way: Way) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let named = || format!("{} does not apply any more", patch.display());
    let text = fs::read_to_string(patch).with_context(named)?;
    let mut files = Vec::new();
    for file in PatchSet::parse(&text, ParseOptions::unidiff()) {
        let file = file.with_context(named)?;
        let FileOperation::Modify { modified, .. } = file.operation().strip_prefix(1) else {
            bail!("{} does more than change files", patch.display());
        };
        let path = workspace.join(&*modified);
        let before = fs::read_to_string(&path).with_context(named)?;
        let change = file.patch().as_text().with_context(named)?;
        let after = match way {
            Way::There => diffy::apply(&before, change),
            Way::Back => diffy::apply(&before, &change.reverse()),
        };
        files.push((path, after.with_context(named)?));
    }
    ensure!(!files.is_empty(), "{} changes nothing", patch.display());
    Ok(files)
}

fn write(files: Vec<(PathBuf, String)>) -> anyhow::Result<()> {
    files.into_iter().try_for_each(|(path, text)| Ok(fs::write(path, text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str =
        "--- a/one\n+++ b/one\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n--- a/two\n+++ b/two\n@@ -1 +1 @@\n-x\n+y\n";

    #[test]
    fn a_patch_goes_in_and_out_of_every_file_or_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let (root, patch) = (folder.path(), folder.path().join("fault.patch"));
        fs::write(&patch, PATCH).unwrap();
        let holds = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        fs::write(root.join("one"), "a\nb\n").unwrap();
        fs::write(root.join("two"), "z\n").unwrap();
        assert!(format!("{:#}", check(root, &patch).unwrap_err()).contains("fault.patch does not apply any more"));
        assert_eq!(holds("one"), "a\nb\n");
        fs::write(root.join("two"), "x\n").unwrap();
        check(root, &patch).unwrap();
        write(patched(root, &patch, Way::There).unwrap()).unwrap();
        assert_eq!((holds("one").as_str(), holds("two").as_str()), ("a\nc\n", "y\n"));
        write(patched(root, &patch, Way::Back).unwrap()).unwrap();
        assert_eq!((holds("one").as_str(), holds("two").as_str()), ("a\nb\n", "x\n"));
    }
}
