//! Faults, planted one by one in a copy of the workspace, that the property test must find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;

use crate::process::{outcome, output};

/// Where the faults are kept, in the workspace.
const FOLDER: &str = "crates/xtask/faults/lifecycle";
/// How many there must be.
const FAULTS: usize = 10;
/// How many sequences a build without optimisation plays to find one.
const SEQUENCES: &str = "4000";
/// What the property test says when it has found one.
const FOUND: &str = "the model and the server differ";

/// A fault that was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    fault: String,
    says: String,
}

/// The faults, each of which must apply to the workspace as it is.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let patches = patches(root)?;
    for patch in &patches {
        output(Command::new("git").args(["apply", "--check"]).arg(patch).current_dir(root))
            .with_context(|| format!("{} does not apply any more", name(patch)))?;
    }
    Ok(patches.iter().map(|patch| name(patch)).collect())
}

/// Plants each fault in a copy, which must find nothing wrong without it and must with it.
pub(super) fn run(root: &Path) -> anyhow::Result<Vec<Found>> {
    check(root)?;
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("workspace");
    copy_workspace(root, &copy)?;
    let target = root.join("target/faults");
    if let Some(said) = played(&copy, &target)? {
        bail!("without a fault the property test fails:\n{said}");
    }
    let mut found = Vec::new();
    for patch in patches(root)? {
        let apply = |arguments: &[&str]| {
            output(Command::new("git").arg("apply").args(arguments).arg(&patch).current_dir(&copy))
        };
        apply(&[]).with_context(|| format!("{} does not apply", name(&patch)))?;
        let said = played(&copy, &target)?;
        let said = said.with_context(|| format!("the property test does not find {}", name(&patch)))?;
        found.push(Found { fault: name(&patch), says: last_line(&said) });
        apply(&["--reverse"])?;
    }
    Ok(found)
}

fn patches(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = root.join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut patches: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    patches.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    patches.sort();
    ensure!(patches.len() >= FAULTS, "{} faults are fewer than {FAULTS}", patches.len());
    Ok(patches)
}

fn name(patch: &Path) -> String {
    patch.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn last_line(text: &str) -> String {
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// Copies every file that is, or would be, under version control.
fn copy_workspace(root: &Path, copy: &Path) -> anyhow::Result<()> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    for file in output(&mut list)?.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (root.join(file), copy.join(file));
        // A file that was deleted and not committed is in the list too.
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a folder")?)?;
            fs::copy(&from, &to).with_context(|| format!("{file} cannot be copied"))?;
        }
    }
    Ok(())
}

/// Builds the copy and plays; what the property test says if it finds something wrong.
fn played(copy: &Path, target: &Path) -> anyhow::Result<Option<String>> {
    let mut build = Command::new("cargo");
    build.args(["build", "--locked", "--package", "countersign-xtask", "--bin", "xtask"]);
    build.current_dir(copy).env("CARGO_TARGET_DIR", target).env_remove("CARGO_MANIFEST_DIR");
    // What cargo says of the build of this program is not for that one.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("CARGO_PKG_") {
            build.env_remove(variable);
        }
    }
    output(&mut build).context("the copy cannot be built")?;
    let played = outcome(Command::new(target.join("debug/xtask")).args(["model", "--sequences", SEQUENCES]))?;
    if played.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&played.stderr).into_owned();
    ensure!(said.contains(FOUND), "the property test failed otherwise:\n{said}");
    Ok(Some(said))
}
