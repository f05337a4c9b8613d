//! `speed.4`: the check of instructions passes on the code as it is, and finds a path that was made slower.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use serde_json::{Value, json};

use super::planted::{self, Copy};
use super::{Context, Size};

/// Reads a request's document twice.
const SLOWED: &str = "crates/xtask/faults/speed/document-read-twice.patch";
/// What the check says of a path that became slower.
const TOO_MANY: &str = "TOO MANY";

/// Holds the fault against the workspace; in full size counts with and without it.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let patch = context.root.join(SLOWED);
    planted::check(&context.root, &patch)?;
    if size == Size::Short {
        return Ok(json!({ "faults": 1 }));
    }
    let started = Instant::now();
    let copy = Copy::of(&context.root, &planted::target(&context.root))?;
    let (holds, counted) = count(&copy)?;
    ensure!(holds, "the code as it is does not pass:\n{counted}");
    let slowed = slowed(&copy, &patch)?;
    Ok(json!({ "counted": lines(&counted), "slowed": slowed, "seconds": started.elapsed().as_secs() }))
}

/// What the check says of the paths that it finds too slow once the fault is there.
fn slowed(copy: &Copy, patch: &Path) -> anyhow::Result<Vec<String>> {
    copy.plant(patch)?;
    let (holds, counted) = count(copy)?;
    let found: Vec<String> = lines(&counted).into_iter().filter(|line| line.contains(TOO_MANY)).collect();
    ensure!(!holds, "a document that is read twice is not found:\n{counted}");
    ensure!(found.iter().any(|line| line.starts_with("mim_get")), "it is not found where it is:\n{counted}");
    Ok(found)
}

/// Whether the copy's check of its instructions passes, and what it prints.
fn count(copy: &Copy) -> anyhow::Result<(bool, String)> {
    let run = ["run", "--quiet", "--profile", "tool", "--package", "countersign-bench"];
    let output = copy.try_cargo(&run, &["instructions"])?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(!printed.is_empty(), "nothing was counted:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), printed))
}

fn lines(printed: &str) -> Vec<String> {
    printed.lines().map(str::to_owned).collect()
}
