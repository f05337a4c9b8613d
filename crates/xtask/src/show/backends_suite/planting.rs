//! Faults planted one by one, and what the suite says of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::faults::{FAULTS, Fault};
use super::{ADAPTERS, SUITE};
use crate::show::planted::Copy;

/// Where a case fails that has found something: in itself, or in the steps that cases share.
const CASES: &str = "crates/storage-conformance/src/";

/// A fault that was found on one adapter.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    fault: &'static str,
    adapter: &'static str,
    case: &'static str,
    says: String,
    seconds: u64,
}

/// The programs of the suite as a copy builds them at present.
pub(super) struct Programs<'a> {
    copy: &'a Copy,
    programs: Vec<(&'static str, PathBuf)>,
}

impl<'a> Programs<'a> {
    /// Builds all of them, whichever are wanted: alone, each would have its libraries built with features of its own.
    pub(super) fn build(copy: &'a Copy) -> anyhow::Result<Self> {
        let programs = copy.build_tests(ADAPTERS, SUITE)?;
        Ok(Self { copy, programs: ADAPTERS.iter().copied().zip(programs).collect() })
    }

    fn run(&self, adapter: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let program = self.programs.iter().find(|(name, _)| *name == adapter);
        let (package, program) = program.with_context(|| format!("{adapter} was not built"))?;
        self.copy.test(package, program, arguments)
    }

    /// The names of an adapter's cases.
    pub(super) fn list(&self, adapter: &str) -> anyhow::Result<BTreeSet<String>> {
        let said = self.run(adapter, &["--list", "--format", "terse"])?;
        let text = String::from_utf8(said.stdout)?;
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    /// Fails unless the cases pass.
    fn pass(&self, adapter: &str, cases: &BTreeSet<&str>) -> anyhow::Result<()> {
        let arguments: Vec<_> = std::iter::once("--exact").chain(cases.iter().copied()).collect();
        let said = self.run(adapter, &arguments)?;
        let text = String::from_utf8_lossy(&said.stdout);
        let passed = format!("{} passed; 0 failed", cases.len());
        ensure!(said.status.success() && text.contains(&passed), "without a fault {adapter} fails:\n{text}");
        Ok(())
    }

    /// What the case says that fails; an error if it passes, or fails before it has looked.
    fn fail(&self, adapter: &str, fault: &Fault) -> anyhow::Result<String> {
        let said = self.run(adapter, &["--exact", fault.case])?;
        let text = String::from_utf8_lossy(&said.stdout);
        let Fault { patch, case, .. } = fault;
        let failed = format!("test {case} ... FAILED");
        ensure!(text.contains(&failed), "{case} does not find {patch} on {adapter}:\n{text}");
        let (_, panic) = text.split_once(" panicked at ").with_context(|| format!("{patch}: {text}"))?;
        let mut lines = panic.lines();
        let place = lines.next().unwrap_or_default().trim_end_matches(':');
        ensure!(place.starts_with(CASES), "with {patch} {case} fails on {adapter} outside of the suite:\n{text}");
        let reason = lines.take(3).map(str::trim).take_while(|line| !line.starts_with("note:")).collect::<Vec<_>>();
        let reason: String = reason.join(" ").chars().take(200).collect();
        Ok(format!("{}: {reason}", place.trim_start_matches(CASES)))
    }
}

/// Plants each fault: the cases that must find one pass without it, and with it the right one fails.
pub(super) fn plant_all(copy: &Copy, sound: Programs<'_>, root: &Path) -> anyhow::Result<Vec<Found>> {
    let adapters: BTreeSet<_> = FAULTS.iter().flat_map(|fault| fault.adapters).copied().collect();
    for adapter in adapters {
        let mine = FAULTS.iter().filter(|fault| fault.adapters.contains(&adapter));
        sound.pass(adapter, &mine.map(|fault| fault.case).collect())?;
    }
    drop(sound);
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for fault in FAULTS {
        copy.plant(&fault.path(root))?;
        let outcome = find(copy, fault);
        copy.clear(&fault.path(root))?;
        match outcome {
            Ok(on_each) => found.extend(on_each),
            Err(error) => missed.push(format!("{}: {error:#}", fault.patch)),
        }
    }
    ensure!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(found)
}

/// The fault that is planted, on each of its adapters.
fn find(copy: &Copy, fault: &Fault) -> anyhow::Result<Vec<Found>> {
    let started = Instant::now();
    let programs = Programs::build(copy)?;
    let mut found = Vec::new();
    for adapter in fault.adapters {
        let says = programs.fail(adapter, fault)?;
        let seconds = started.elapsed().as_secs();
        eprintln!("{} on {adapter}, {seconds} s: {says}", fault.patch);
        found.push(Found { fault: fault.patch, adapter, case: fault.case, says, seconds });
    }
    Ok(found)
}
