//! The instructions that a call costs the server, compared with those written down: what a noisy machine cannot hide.
//! Callgrind counts them in the real server on SQLite, one call after another, without the waits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_xtask::process::{Server, output, serve_at};
use countersign_xtask::seed::bench::{Plan, Sight};
use serde::{Deserialize, Serialize};

use crate::calls::{self, Callers, Kind, Reads, Writes};
use crate::load::{self, Calls, Pressure};
use crate::site::{Backend, Data};

/// How much data there is: what is counted is the work on one request.
const PLAN: Plan = Plan { open: 2_000, closed: 2_000, users: 2_000 };
/// How many calls are counted.
const COUNTED: u64 = 400;
/// How many calls come before, so that statements are prepared and what is remembered is there.
const BEFORE: u64 = 200;
/// How far a count may be from the one written down, as a part of that.
const MARGIN: f64 = 0.05;

/// The instructions of one call on each path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Counts(BTreeMap<String, u64>);

/// Counts anew; compares with the file, or writes it.
#[allow(clippy::print_stdout, reason = "the table is the output")]
pub(crate) fn run(binary: &Path, folder: &Path, file: &Path, write: bool) -> anyhow::Result<()> {
    let counted = count(binary, folder)?;
    if write {
        std::fs::write(file, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let expected: Counts = serde_json::from_str(&text)?;
    let verdicts = compare(&counted, &expected);
    for verdict in &verdicts {
        println!("{}", verdict.text);
    }
    ensure!(verdicts.iter().all(|verdict| verdict.holds), "a path costs more than is written down");
    Ok(())
}

struct Verdict {
    text: String,
    holds: bool,
}

fn compare(counted: &Counts, expected: &Counts) -> Vec<Verdict> {
    let verdict = |(path, count): (&String, &u64)| {
        let Some(before) = expected.0.get(path) else {
            return Verdict { text: format!("{path}: {count} instructions, not written down yet"), holds: false };
        };
        let change = ratio(*count, *before) - 1.0;
        let note = if change > MARGIN {
            "  TOO MANY"
        } else if change < -MARGIN {
            "  fewer: write it down"
        } else {
            ""
        };
        let text = format!("{path}: {count} instructions, {before} written down ({:+.1} %){note}", change * 100.0);
        Verdict { text, holds: change <= MARGIN }
    };
    counted.0.iter().map(verdict).collect()
}

#[allow(clippy::cast_precision_loss, reason = "no call takes 2^53 instructions")]
fn ratio(count: u64, before: u64) -> f64 {
    count as f64 / before as f64
}

fn count(binary: &Path, folder: &Path) -> anyhow::Result<Counts> {
    let data = Data::make(Backend::Sqlite, PLAN, binary, folder)?;
    let dumps = tempfile::tempdir()?;
    let server = under_callgrind(binary, &data, &dumps.path().join("dump"))?;
    let mut counts = BTreeMap::new();
    for (path, calls) in paths() {
        make(&server, &calls, BEFORE)?;
        control(&["--zero"], &server)?;
        make(&server, &calls, COUNTED)?;
        control(&["--dump"], &server)?;
        counts.insert(path.to_owned(), newest(dumps.path())? / COUNTED);
    }
    Ok(Counts(counts))
}

/// The paths, each with its calls. Few callers: verifying a password takes a second under callgrind.
fn paths() -> Vec<(&'static str, Arc<dyn Calls>)> {
    let callers = || Callers::first(4);
    let read = |path: calls::Path| Reads { callers: callers(), plan: PLAN, path, length: 0..=usize::MAX };
    let list = |path: String| Reads { callers: Callers::one(Sight::Many), ..read(calls::Path::Fixed(path)) };
    let write = |kind| Writes {
        kind,
        callers: callers(),
        plan: PLAN,
        made: Arc::new(AtomicU64::new(0)),
        length: 0..=usize::MAX,
    };
    vec![
        ("mim_get", Arc::new(read(calls::Path::Mim)) as Arc<dyn Calls>),
        ("oig_get", Arc::new(read(calls::Path::Oig("")))),
        ("oig_track_page", Arc::new(list(format!("{}/requests?view=trackRequests&limit=50", calls::OIG)))),
        ("inbox_count", Arc::new(list(format!("{}/inbox?limit=50", calls::NATIVE)))),
        ("approve", Arc::new(write(Kind::Approve))),
        ("mim_create", Arc::new(write(Kind::MimCreate))),
    ]
}

/// The server, with a worker that stays quiet.
fn under_callgrind(binary: &Path, data: &Data, dump: &Path) -> anyhow::Result<Server> {
    let served = serve_at(binary, &data.url());
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind", &format!("--callgrind-out-file={}", dump.display())]);
    command.arg(served.get_program()).args(served.get_args()).arg("serve");
    for (name, value) in served.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.envs([
        ("COUNTERSIGN__AUTH__REMEMBER_SECONDS", "86400"),
        ("COUNTERSIGN__SERVER__WORKERS", "1"),
        ("COUNTERSIGN__WORKFLOW__WORKER_MILLIS", "3600000"),
    ]);
    Server::start(&mut command).context("the server does not start under valgrind: is it installed?")
}

fn make(server: &Server, calls: &Arc<dyn Calls>, count: u64) -> anyhow::Result<()> {
    let pressure = Pressure { connections: 1, rate: None, time: Duration::from_secs(600), calls: Some(count) };
    let measured = load::run(server.address(), calls, pressure)?;
    ensure!(measured.errors.is_empty(), "calls are answered wrongly: {:?}", measured.errors);
    Ok(())
}

fn control(arguments: &[&str], server: &Server) -> anyhow::Result<()> {
    output(Command::new("callgrind_control").args(arguments).arg(server.id().to_string())).map(drop)
}

/// The instructions in the dump that was written last.
fn newest(folder: &Path) -> anyhow::Result<u64> {
    let mut dumps: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let number = path.extension().and_then(|number| number.to_str()).and_then(|number| number.parse().ok());
        dumps.extend(number.map(|number| (number, path)));
    }
    let (_, path) = dumps.into_iter().max().context("callgrind wrote nothing")?;
    total(&std::fs::read_to_string(path)?)
}

fn total(dump: &str) -> anyhow::Result<u64> {
    let line = dump.lines().find_map(|line| line.strip_prefix("summary: ").or_else(|| line.strip_prefix("totals: ")));
    line.and_then(|total| total.trim().parse().ok()).context("callgrind's dump has no total")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        Counts(of.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect())
    }

    #[test]
    fn more_than_the_margin_fails_and_less_does_not() {
        let expected = counts(&[("a", 1_000), ("b", 1_000), ("c", 1_000)]);
        let verdicts = compare(&counts(&[("a", 1_051), ("b", 1_049), ("c", 500), ("d", 1)]), &expected);
        let holds: Vec<bool> = verdicts.iter().map(|verdict| verdict.holds).collect();
        assert_eq!(holds, [false, true, true, false]);
    }

    #[test]
    fn the_total_of_a_dump_is_read() {
        assert_eq!(total("version: 1\nevents: Ir\nsummary: 1234\n\nfn=(1)\n").unwrap(), 1234);
        assert!(total("nothing").is_err());
    }
}
