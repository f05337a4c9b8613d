//! The real server on a database of its own, as it comes, with authentication, audit and flushes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use countersign_test_postgres::{Instance, Origin};
use countersign_xtask::process::{Server, output, serve_at, url_of};
use countersign_xtask::seed::bench::{self, CALLERS, Plan};
use serde_json::{Value, json};

use crate::load::{self, Calls, Measured, Pressure};
use crate::machine::ensure_room;

/// What a request takes on the disk at most, with everything around it, in KiB: SQLite's file or PostgreSQL's tables.
const KIB_A_REQUEST: u64 = 7;

/// The kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The data of one plan, on one kind of database.
pub(crate) enum Data {
    Sqlite(PathBuf),
    Postgres(Box<Instance>),
}

/// The name of the database inside PostgreSQL.
const DATABASE: &str = "bench";

impl Data {
    /// Makes the data, from the SQLite file of an earlier run if there is one.
    pub(crate) fn make(backend: Backend, plan: Plan, binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let file = prepared(plan, folder)?;
        match backend {
            Backend::Sqlite => {
                let copy = folder.join(format!("bench-run-{}.db", plan.requests()));
                std::fs::copy(&file, &copy)?;
                Ok(Self::Sqlite(copy))
            }
            Backend::Postgres => {
                countersign_test_postgres::keep_on_disk();
                let instance = Instance::start(Origin::Empty, "");
                instance.edit("postgres", &format!("CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'"));
                let url = instance.url(DATABASE);
                let mut copy = serve_at(binary, &url);
                output(copy.args(["copy", "--from", &url_of(&file), "--to", &url]))?;
                instance.edit(DATABASE, "VACUUM ANALYZE");
                Ok(Self::Postgres(Box::new(instance)))
            }
        }
    }

    /// The URL of the storage.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => url_of(path),
            Self::Postgres(instance) => instance.url(DATABASE),
        }
    }

    /// Reads every file through: what the machine has dropped from its memory meanwhile is no matter of the server's speed.
    pub(crate) fn read_through(&self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(path) => read_through(path),
            Self::Postgres(instance) => read_through(&instance.folder().join("data").join("base")),
        }
    }

    /// Reads of the request table by PostgreSQL's own benchmark, each of one row, uniform over all.
    pub(crate) fn pgbench(&self, clients: u32, time: Duration, plan: Plan) -> anyhow::Result<Measured> {
        let Self::Postgres(instance) = self else { bail!("pgbench is for PostgreSQL") };
        let script = tempfile::NamedTempFile::new()?;
        let (first, last) = (bench::number(1), bench::number(plan.requests()));
        let text = format!("\\set number random({first}, {last})\nSELECT * FROM request WHERE number = :number;\n");
        std::fs::write(script.path(), text)?;
        let mut pgbench = instance.program("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--username=postgres", "--jobs=2"]);
        pgbench.args([format!("--client={clients}"), format!("--time={}", time.as_secs().max(1))]);
        pgbench
            .arg(format!("--file={}", script.path().display()))
            .arg(format!("--host={}", instance.folder().display()));
        let text = output(pgbench.arg(DATABASE))?;
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let figure = line.and_then(|line| line.split(' ').next()).context("pgbench says no tps")?;
        Ok(Measured { per_second: figure.parse()?, p50_ms: f64::NAN, p99_ms: f64::NAN, errors: Vec::new() })
    }

    /// Starts a server on the data until its first answer, and stops it.
    pub(crate) fn start_once(&self, binary: &Path) -> anyhow::Result<Measured> {
        once(serve_at(binary, &self.url()).arg("serve"))
    }

    /// What the running database says of how it keeps what it has promised; of SQLite the server on it says so.
    fn settings(&self, server: &mut Server) -> anyhow::Result<Value> {
        Ok(match self {
            Self::Sqlite(_) => {
                let printed = server.printed();
                let told = |name: &str| {
                    let found = printed.iter().find_map(|line| line.split_once(&format!("{name}=")));
                    found.map(|(_, rest)| rest.split([' ', '"']).next().unwrap_or_default().to_owned())
                };
                let synchronous = told("synchronous").context("the server does not say how SQLite flushes")?;
                ensure!(synchronous == "2", "PRAGMA synchronous is {synchronous}, not 2 (FULL)");
                json!({ "synchronous": "FULL", "journal_mode": told("journal_mode") })
            }
            Self::Postgres(instance) => {
                let show = |name: &str| instance.ask(DATABASE, &format!("SELECT current_setting('{name}')"));
                json!({
                    "server_version": show("server_version"), "fsync": show("fsync"),
                    "synchronous_commit": show("synchronous_commit"), "full_page_writes": show("full_page_writes"),
                    "shared_buffers": show("shared_buffers"),
                })
            }
        })
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Self::Sqlite(path) = self {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", path.display()));
            }
        }
    }
}

fn read_through(path: &Path) -> anyhow::Result<()> {
    if !path.is_dir() {
        std::io::copy(&mut std::fs::File::open(path)?, &mut std::io::sink())?;
        return Ok(());
    }
    std::fs::read_dir(path)?.try_for_each(|entry| read_through(&entry?.path()))
}

/// The SQLite file of a plan, which is kept for the next run.
fn prepared(plan: Plan, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(format!("bench-{}-{}.db", plan.open, plan.closed));
    if !file.exists() {
        ensure_room(folder, 4 * plan.requests() * KIB_A_REQUEST / 1024)?;
        eprintln!("making {} requests in {} ...", plan.requests(), file.display());
        let unfinished = file.with_extension("new");
        let _ = std::fs::remove_file(&unfinished);
        bench::make(&unfinished, plan)?;
        std::fs::rename(&unfinished, &file)?;
    }
    Ok(file)
}

/// A server, with everybody's password verified once.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) plan: Plan,
    /// What the database says of how it keeps what it has promised.
    pub(crate) settings: Value,
}

impl Site {
    /// Starts the server of `binary` on `data`, with these settings beside the usual ones.
    pub(crate) fn start(binary: &Path, data: &Data, plan: Plan, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = serve_at(binary, &data.url());
        // Passwords are verified once a run: what a hash costs is no matter of speed.
        command.env("COUNTERSIGN__AUTH__REMEMBER_SECONDS", "86400").arg("serve");
        // As usual, and what SQLite says of itself.
        command.env("COUNTERSIGN__LOG__FILTER", "info,countersign_storage_sqlite=debug");
        command.envs(settings.iter().copied());
        let mut server = Server::start(&mut command)?;
        let settings = data.settings(&mut server)?;
        server.hear_no_more();
        Ok(Self { server, plan, settings })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Lets everybody call until each is remembered.
    pub(crate) fn warm(&self, calls: &Arc<dyn Calls>) -> anyhow::Result<()> {
        let pressure = Pressure { connections: 4, rate: None, time: Duration::from_secs(2), calls: None };
        let mut calls_made = 0.0;
        while calls_made < 2.0 * to_float(CALLERS) {
            let measured = load::run(self.address(), calls, pressure)?;
            ensure!(measured.errors.is_empty(), "the first calls are answered wrongly: {:?}", measured.errors);
            calls_made += measured.per_second * pressure.time.as_secs_f64();
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
const fn to_float(number: u64) -> f64 {
    number as f64
}

/// A server of the same static answer, beside the real one.
pub(crate) fn still(length: usize) -> anyhow::Result<Server> {
    Server::start(&mut still_command(length)?)
}

/// The smallest server there is, with an answer of that length.
pub(crate) fn hello(length: usize) -> anyhow::Result<Server> {
    Server::start(still_command(length)?.arg("--hello"))
}

fn still_command(length: usize) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program's own file")?);
    command.args(["still", &length.to_string()]);
    Ok(command)
}

/// Starts the server of the static answer until its first answer, and stops it.
pub(crate) fn still_once() -> anyhow::Result<Measured> {
    once(&mut still_command(100)?)
}

/// How long the program takes to the first answer to anything.
fn once(command: &mut Command) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let server = Server::start(command)?;
    load::any_answer(server.address())?;
    let took = begin.elapsed().as_secs_f64();
    Ok(Measured { per_second: took.recip(), p50_ms: took * 1e3, p99_ms: took * 1e3, errors: Vec::new() })
}
