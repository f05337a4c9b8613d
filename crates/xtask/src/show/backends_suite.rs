//! `backends.2`: the suite runs whole on every adapter, and finds what is deliberately broken in them.

mod faults;
mod planting;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

use super::planted::{Copy, target};
use super::{Context, Size};
use planting::Programs;

/// The adapters, by the names of their crates; the suite is the test target [`SUITE`] of each.
const ADAPTERS: &[&str] = &[SQLITE, POSTGRES, MEMORY];
const SQLITE: &str = "countersign-storage-sqlite";
const POSTGRES: &str = "countersign-storage-postgres";
const MEMORY: &str = "countersign-storage-memory";
/// The test target that is the suite.
const SUITE: &str = "conformance";
/// Where the suite lists its cases.
const LIST: &str = "crates/storage-conformance/src/list.rs";

/// Holds the faults against the workspace and the suite; in full size runs the suite's cases with and without each.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let cases = cases(&context.root)?;
    faults::check(&context.root, &cases)?;
    for adapter in ADAPTERS {
        runs_the_suite(&context.root, adapter)?;
    }
    let mut figures = json!({ "cases": cases.len(), "faults": faults::FAULTS.len() });
    if size == Size::Full {
        let started = Instant::now();
        let copy = Copy::of(&context.root, &target(&context.root))?;
        let programs = Programs::build(&copy)?;
        figures["cases_per_adapter"] = counted(&programs, &cases)?;
        figures["found"] = json!(planting::plant_all(&copy, programs, &context.root)?);
        figures["seconds"] = json!(started.elapsed().as_secs());
    }
    Ok(figures)
}

/// The names of the suite's cases.
fn cases(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root.join(LIST)).with_context(|| format!("{LIST} cannot be read"))?;
    let listed = text.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once("::must_"));
    let cases: BTreeSet<String> = listed.map(|(_, case)| format!("must_{case}")).collect();
    ensure!(!cases.is_empty(), "{LIST} lists no cases");
    Ok(cases)
}

/// An adapter runs every case or does not build: its tests are what the suite's list makes of it.
fn runs_the_suite(root: &Path, adapter: &str) -> anyhow::Result<()> {
    let path = format!("crates/{}/tests/{SUITE}.rs", adapter.trim_start_matches("countersign-"));
    let text = fs::read_to_string(root.join(&path)).with_context(|| format!("{path} cannot be read"))?;
    let calls = text.lines().filter(|line| line.starts_with("conformance_tests!(")).count();
    ensure!(calls == 1, "{path} does not run the suite");
    ensure!(!text.contains("#[ignore"), "{path} leaves something out");
    Ok(())
}

/// How many cases each adapter's program has: those of the list, no more and no fewer.
fn counted(programs: &Programs<'_>, cases: &BTreeSet<String>) -> anyhow::Result<Value> {
    let mut counts = Map::new();
    for adapter in ADAPTERS {
        let listed = programs.list(adapter)?;
        let missing: Vec<_> = cases.difference(&listed).chain(listed.difference(cases)).collect();
        ensure!(missing.is_empty(), "{adapter} and the list differ in {missing:?}");
        counts.insert((*adapter).to_owned(), listed.len().into());
    }
    Ok(Value::Object(counts))
}
