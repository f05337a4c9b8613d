//! `cargo xtask …`: generated files, databases to measure on, shows, the benchmark.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use countersign_xtask::show::{Context, Size};
use countersign_xtask::{generate, process, seed, show};

/// Countersign's own tools.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Writes the generated files anew: API description, operations, record schema, configuration.
    Generate {
        /// Writes nothing; fails when a file is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Makes a database with many requests, to measure on.
    Seed {
        /// The database file; it must not exist.
        #[arg(long)]
        database: PathBuf,
        /// How many certificate requests.
        #[arg(long)]
        requests: u64,
        /// How many of them the login `reader3` may see.
        #[arg(long, default_value_t = 3)]
        own: u64,
    },
    /// Plays random lives of requests on the services and on an independent model at once.
    Model {
        /// How many sequences.
        #[arg(long)]
        sequences: u64,
        /// The number of the first: a sequence that failed is played again by its number.
        #[arg(long, default_value_t = 1)]
        first: u64,
    },
    /// Measures the real server, each figure beside what it is compared with; `bench --help` says how.
    Bench {
        /// What the benchmark is told.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Compares an export of a database with what the clients of a show wrote down.
    #[command(hide = true)]
    Reconcile {
        /// The folder of the clients' logs.
        journals: PathBuf,
        /// The export.
        export: PathBuf,
    },
    /// Shows that one line of an issue holds, and prints its figures as one line of JSON.
    Show {
        /// The line: `main-job.1` to `.8`, `requests-live.1` to `.9`, `backends.1` to `.8`, `speed.3` and `.4`.
        line: String,
        /// Smaller numbers and a development build, as in the test suite.
        #[arg(long)]
        short: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().tool) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout, reason = "a show's figures are its output")]
fn run(tool: Tool) -> anyhow::Result<()> {
    let root = process::workspace();
    match tool {
        Tool::Generate { check } => {
            let binary = process::build(&root, false)?;
            generate::run(&Context { binary, root }, check)
        }
        Tool::Seed { database, requests, own } => {
            let report = seed::make(&database, seed::Plan { requests, own })?;
            println!("{report}");
            Ok(())
        }
        Tool::Model { sequences, first } => {
            println!("{}", show::live_model::play(first, sequences, false)?);
            Ok(())
        }
        Tool::Bench { arguments } => {
            let mut bench = process::cargo();
            bench.args(["run", "--quiet", "--locked", "--profile", "tool", "--package", "countersign-bench", "--"]);
            let ended = bench.args(arguments).current_dir(root).status()?;
            anyhow::ensure!(ended.success(), "the benchmark failed");
            Ok(())
        }
        Tool::Reconcile { journals, export } => {
            println!("{}", show::load::reconcile(&journals, &export)?);
            Ok(())
        }
        Tool::Show { line, short } => {
            let size = if short { Size::Short } else { Size::Full };
            let needed = !show::builds_its_own(&line, size);
            let binary = if needed { process::build(&root, size == Size::Full)? } else { PathBuf::new() };
            let figures = show::run(&line, size, &Context { binary, root })?;
            println!("{figures}");
            Ok(())
        }
    }
}
