//! Countersign's benchmark: the real server under load, each figure beside what it is compared with in the same run.

mod calls;
mod compare;
mod instructions;
mod load;
mod machine;
mod report;
mod rows;
mod site;
mod still;
mod writes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;
use clap::{Parser, Subcommand, ValueEnum};
use countersign_xtask::probe::{MemoryWatch, memory_kib};
use countersign_xtask::process;
use countersign_xtask::seed::bench::Plan;
use serde_json::{Map, Value};

use crate::compare::Rounds;
use crate::machine::Machine;
use crate::report::{Memory, Report, Row};
use crate::site::{Backend, Data, Site};

/// Measures the real server, each figure beside what it is compared with.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// On which database.
    #[arg(long, value_enum, default_value_t = On::Both)]
    backend: On,
    /// A tenth of the data, and shorter rounds.
    #[arg(long)]
    quick: bool,
    /// Writes every figure to this file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the data is made and kept, on a disk; left out: `bench` in cargo's target folder.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    Sqlite,
    Postgres,
    Both,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Counts the instructions that a call costs the server, and compares with those written down.
    Instructions {
        /// Writes them down instead.
        #[arg(long)]
        write: bool,
    },
    /// Gives the same answer to every call.
    #[command(hide = true)]
    Still {
        /// How many bytes.
        length: usize,
        /// Only to calls of `/`, by one route.
        #[arg(long)]
        hello: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Still { length, hello }) => still::serve(length, hello),
        Some(Part::Instructions { write }) => instructions(&arguments, write),
        None => run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Where the data is made and kept.
fn folder(arguments: &Arguments, root: &Path) -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = arguments.folder.clone().unwrap_or_else(|| target.join("bench"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn instructions(arguments: &Arguments, write: bool) -> anyhow::Result<()> {
    let root = process::workspace();
    let folder = folder(arguments, &root)?;
    let binary = process::build(&root, true)?;
    instructions::run(&binary, &folder, &root.join("crates/bench/instructions.json"), write)
}

#[allow(clippy::print_stdout, reason = "the table is the output")]
fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let root = process::workspace();
    let folder = folder(arguments, &root)?;
    let machine = Machine::look(&folder, &root)?;
    let binary = process::build(&root, true)?;
    let report = measure(arguments, machine, &binary, &folder)?;
    println!("{}", report.table());
    if let Some(file) = &arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    let missed = report.missed();
    ensure!(missed.is_empty(), "what must be reached is missed by: {}", missed.join("; "));
    Ok(())
}

fn measure(arguments: &Arguments, machine: Machine, binary: &Path, folder: &Path) -> anyhow::Result<Report> {
    let part = if arguments.quick { 10 } else { 1 };
    let plan = Plan { open: 100_000 / part, closed: 1_000_000 / part, users: 10_000 };
    let rounds = Rounds { count: 3, time: Duration::from_secs(if arguments.quick { 2 } else { 8 }) };
    let backends: &[Backend] = match arguments.backend {
        On::Sqlite => &[Backend::Sqlite],
        On::Postgres => &[Backend::Postgres],
        On::Both => &[Backend::Sqlite, Backend::Postgres],
    };
    let (mut rows, mut settings) = (vec![rows::static_answer(rounds)?], Map::new());
    let mut memory = Memory { idle_mb: 0.0, peak_mb: 0.0 };
    for backend in backends {
        let data = Data::make(*backend, plan, binary, folder)?;
        let site = Site::start(binary, &data, plan, &[])?;
        settings.insert(backend.name().to_owned(), site.settings.clone());
        std::thread::sleep(Duration::from_secs(2));
        memory.idle_mb = memory.idle_mb.max(megabytes(memory_kib(site.server.id())?));
        let watch = MemoryWatch::start(site.server.id());
        data.read_through()?;
        site.warm(&rows::first_calls(plan))?;
        rows.extend(rows::reads(*backend, &site, rounds)?);
        if *backend == Backend::Postgres {
            rows.extend(rows::beside_pgbench(&site, &data, rounds)?);
        }
        rows.extend(lists(*backend, &site, binary, folder, rounds)?);
        let alone = Site::start(binary, &data, plan, &[("COUNTERSIGN__STORAGE__BATCH", "1")])?;
        alone.warm(&rows::first_calls(plan))?;
        rows.extend(rows::unbatched(*backend, &site, &alone, rounds)?);
        rows.push(rows::at_a_rate(*backend, &site, &alone, rounds)?);
        rows.extend(writes::rows(*backend, &site, &alone, rounds)?);
        rows.push(startup(*backend, binary, &data, rounds)?);
        memory.peak_mb = memory.peak_mb.max(watch.peak_mib() * 1.048_576);
    }
    Ok(Report { rows, memory, settings: Value::Object(settings), machine })
}

/// How long a start takes until the first answer, beside that of a server that does nothing.
fn startup(backend: Backend, binary: &Path, data: &Data, rounds: Rounds) -> anyhow::Result<Row> {
    let compared_with = "the start of the static answer";
    let heading = rows::Heading::new("startup", Some(backend), 1, compared_with);
    let compared = compare::compare(|| data.start_once(binary), site::still_once, compare::By::Latency, rounds.count)?;
    Ok(heading.row(compared, "ms"))
}

/// The lists, beside those of a server on little data.
fn lists(backend: Backend, site: &Site, binary: &Path, folder: &Path, rounds: Rounds) -> anyhow::Result<Vec<Row>> {
    let plan = Plan { closed: site.plan.closed / 1_000, ..site.plan };
    let data = Data::make(backend, plan, binary, folder)?;
    let small = Site::start(binary, &data, plan, &[])?;
    rows::lists(backend, site, &small, rounds)
}

#[allow(clippy::cast_precision_loss, reason = "no process has 2^53 KiB")]
fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
