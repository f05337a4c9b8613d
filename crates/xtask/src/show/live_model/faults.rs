//! Faults, planted one by one in a copy of the workspace, that the property test must find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;

use crate::process::outcome;
use crate::show::planted::{self, Copy};

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
        planted::check(root, patch)?;
    }
    Ok(patches.iter().map(|patch| name(patch)).collect())
}

/// Plants each fault in a copy, which must find nothing wrong without it and must with it.
pub(super) fn run(root: &Path) -> anyhow::Result<Vec<Found>> {
    check(root)?;
    let copy = Copy::of(root, &root.join("target/faults"))?;
    if let Some(said) = played(&copy)? {
        bail!("without a fault the property test fails:\n{said}");
    }
    let mut found = Vec::new();
    for patch in patches(root)? {
        copy.plant(&patch)?;
        let said = played(&copy)?;
        let said = said.with_context(|| format!("the property test does not find {}", name(&patch)))?;
        found.push(Found { fault: name(&patch), says: last_line(&said) });
        copy.clear(&patch)?;
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

/// Builds the copy and plays; what the property test says if it finds something wrong.
fn played(copy: &Copy) -> anyhow::Result<Option<String>> {
    let xtask = copy.build("countersign-xtask", "xtask")?;
    let played = outcome(Command::new(xtask).args(["model", "--sequences", SEQUENCES]))?;
    if played.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&played.stderr).into_owned();
    ensure!(said.contains(FOUND), "the property test failed otherwise:\n{said}");
    Ok(Some(said))
}
