//! `backends.4`: a database in which everything is goes from SQLite to PostgreSQL and back, each time broken off at
//! random points and started again. The exports are the same byte for byte, every table has the same rows, memory
//! stays small, and what was changed on the way is found.

mod broken;
mod control;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use countersign_storage_conformance::sample::Random;
use countersign_storage_sql::copy::TABLES;
use countersign_test_postgres::Database;
use serde_json::{Value, json};

use super::{Context, Size};
use crate::outside;
use crate::process::{output, serve_at, url_of};
use crate::seed::lived::{self, Lives};
use broken::Broken;

/// The most memory, in MiB; 200 MB.
const MEMORY_MIB: f64 = 200.0 * 1_000_000.0 / 1_048_576.0;
/// How much is copied for the controls.
const SMALL: Lives = Lives { requests: 200, lived: 3, keys: 30 };

/// The folder of a show, and the program.
struct Bench<'a> {
    context: &'a Context,
    folder: &'a Path,
    size: Size,
}

impl Bench<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The command line over a database, with the key of its checkpoints.
    fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = serve_at(&self.context.binary, url);
        command.args(arguments).current_dir(self.folder);
        command.env("COUNTERSIGN__AUDIT__SIGNING_KEY", self.path("audit.pem"));
        command
    }

    fn run(&self, url: &str, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(url, arguments))
    }

    /// A copy. In a short form its batches are so small that there are many of them.
    fn copy(&self, from: &str, to: &Target<'_>) -> Command {
        let mut command = self.command(&url_of(&self.path("none.db")), &["copy", "--from", from, "--to", &to.url()]);
        if self.size == Size::Short {
            command.args(["--batch", "50"]);
        }
        command
    }
}

/// What is copied to.
enum Target<'a> {
    File(PathBuf),
    Server(&'a Database),
}

impl Target<'_> {
    fn url(&self) -> String {
        match self {
            Self::File(path) => url_of(path),
            Self::Server(database) => database.url(),
        }
    }

    /// How many rows an unfinished copy has written; 0 where there is none.
    fn copied(&self) -> u64 {
        let sum =
            "SELECT CAST(coalesce(sum(copied), 0) AS TEXT) AS value FROM copy_progress WHERE step NOT LIKE '% again'";
        let found = match self {
            // Looking must not make it.
            Self::File(path) if !path.exists() => None,
            Self::File(path) => outside::ask(path, sum).ok(),
            Self::Server(database) => database.try_ask(sum),
        };
        found.and_then(|rows| rows.parse().ok()).unwrap_or(0)
    }
}

/// Makes the database, carries it there and back, and holds what arrives against what left.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (lives, kills) = match size {
        Size::Short => (Lives { requests: 300, lived: 5, keys: 40 }, 2),
        Size::Full => (Lives { requests: 1_000_000, lived: 2_000, keys: 50_000 }, 5),
    };
    if size == Size::Full {
        countersign_test_postgres::keep_on_disk();
    }
    let folder = tempfile::tempdir()?;
    let bench = Bench { context, folder: folder.path(), size };
    bench.run(&url_of(&bench.path("none.db")), &["audit", "key", "audit.pem"])?;
    let started = Instant::now();
    let first = make(&bench, "first.db", lives)?;
    let mut figures = json!({ "seed_seconds": started.elapsed().as_secs(), "database": holds(&first)? });

    let exported = bench.path("first.jsonl");
    export(&bench, &url_of(&first), &exported)?;
    let random = &mut Random::new(seed());
    let database = Database::new();
    let total = rows(&first)?;
    let there = Target::Server(&database);
    let (copied, shown) = carry(&bench, &url_of(&first), &there, &mut Broken { total, kills, random })?;
    figures["to_postgres"] = shown;
    figures["on_postgres"] = sound(&bench, &there, &exported)?;
    // What is large goes as soon as it is not needed any more.
    std::fs::remove_file(&first)?;
    let back = Target::File(bench.path("third.db"));
    let (copied_back, shown) = carry(&bench, &database.url(), &back, &mut Broken { total, kills, random })?;
    figures["to_sqlite"] = shown;
    drop(database);
    figures["on_sqlite"] = sound(&bench, &back, &exported)?;
    ensure!(copied == copied_back, "the way back carries other rows:\n{copied}\n{copied_back}");
    figures["export_bytes"] = json!(exported.metadata()?.len());
    figures["controls"] = control::run(&Bench { size: Size::Short, ..bench }, random)?;
    Ok(figures)
}

/// Another number each time.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_micros() as u64)
}

/// A database with signed checkpoints.
fn make(bench: &Bench<'_>, name: &str, lives: Lives) -> anyhow::Result<PathBuf> {
    let path = bench.path(name);
    lived::make(&path, lives)?;
    bench.run(&url_of(&path), &["audit", "checkpoint"])?;
    // PostgreSQL alone writes it, and a file that was copied from there has it.
    outside::edit(&path, "INSERT INTO last_write SELECT id, 1 FROM app_user")?;
    Ok(path)
}

/// How many rows a copy has to carry: of all tables, each of which has some.
fn rows(database: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    for table in TABLES {
        let count = outside::ask(database, &format!("SELECT CAST(count(*) AS TEXT) AS value FROM {}", table.name))?;
        let count: u64 = count.parse()?;
        ensure!(count > 0, "the database has nothing in {}", table.name);
        total += count;
    }
    Ok(total)
}

/// How much there is of what the line names.
fn holds(database: &Path) -> anyhow::Result<Value> {
    let mut shown = json!({});
    for (name, from) in [
        ("requests", "request"),
        ("children", "request WHERE parent_id IS NOT NULL"),
        ("events", "event"),
        ("votes", "vote"),
        ("tasks", "approval_task"),
        ("keys", "idempotency"),
        ("credentials", "credential"),
        ("webhooks", "webhook"),
        ("checkpoint_leaves", "checkpoint_leaf"),
        ("counters", "number_space WHERE next > 7"),
    ] {
        let count = outside::ask(database, &format!("SELECT CAST(count(*) AS TEXT) AS value FROM {from}"))?;
        let count: u64 = count.parse()?;
        ensure!(count > 0, "the database has no {name}");
        shown[name] = json!(count);
    }
    Ok(shown)
}

/// Copies, broken off and started again; what the last run says of each table.
fn carry(bench: &Bench<'_>, from: &str, to: &Target<'_>, broken: &mut Broken<'_>) -> anyhow::Result<(String, Value)> {
    let started = Instant::now();
    let kills = broken.off(bench, from, to)?;
    let last = Instant::now();
    let (said, peak) = broken::to_its_end(&mut bench.copy(from, to))?;
    let (tables, rest) = said.split_once(" in ").with_context(|| said.clone())?;
    let (tables, rows) = tables.rsplit_once('\n').with_context(|| said.clone())?;
    ensure!(rest.contains(" 0 faults found\n") && rest.ends_with("the copy is finished\n"), "{said}");
    ensure!(rows == format!("{} rows", broken.total), "{rows} instead of {} rows", broken.total);
    let peak = kills.iter().map(|kill| kill.peak_mib).fold(peak, f64::max);
    ensure!(peak > 0.0 && peak < MEMORY_MIB, "peak memory is {peak} MiB; {MEMORY_MIB:.1} MiB is the limit");
    let shown = json!({
        "rows": broken.total, "tables": tables.lines().count(), "killed_at_row": kills.iter().map(|kill| kill.row).collect::<Vec<_>>(),
        "seconds": started.elapsed().as_secs(), "last_run_seconds": last.elapsed().as_secs(), "peak_mib": peak,
    });
    Ok((tables.to_owned(), shown))
}

/// What stands in the target verifies, and exports to what was exported before.
fn sound(bench: &Bench<'_>, target: &Target<'_>, exported: &Path) -> anyhow::Result<Value> {
    let started = Instant::now();
    let audit = bench.run(&target.url(), &["audit", "verify"])?;
    ensure!(audit.contains(", 0 faults found\n") && !audit.contains("not verified"), "{audit}");
    let audited = started.elapsed().as_secs();
    let check = bench.run(&target.url(), &["check"])?;
    ensure!(check.contains(", 0 differences"), "{check}");
    let again = bench.path("again.jsonl");
    export(bench, &target.url(), &again)?;
    ensure!(same(exported, &again)?, "the export of {} is another one", target.url());
    std::fs::remove_file(&again)?;
    Ok(json!({
        "audit": audit.lines().next(), "check": check.lines().next(), "export": "equal",
        "audit_seconds": audited, "seconds": started.elapsed().as_secs(),
    }))
}

fn export(bench: &Bench<'_>, url: &str, file: &Path) -> anyhow::Result<()> {
    let file = file.to_str().context("a UTF-8 path")?;
    bench.run(url, &["export", "--with-credentials", file])?;
    Ok(())
}

/// Whether two files are the same, byte for byte.
fn same(left: &Path, right: &Path) -> anyhow::Result<bool> {
    if left.metadata()?.len() != right.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (BufReader::new(File::open(left)?), BufReader::new(File::open(right)?));
    let (mut one, mut other) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = left.read(&mut one)?;
        if read == 0 {
            return Ok(true);
        }
        right.read_exact(&mut other[..read])?;
        if one[..read] != other[..read] {
            return Ok(false);
        }
    }
}
