//! The life of a server in a container: on an empty volume, asked how it is, and stopped under load.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::super::load::{self, CLIENTS, Load};
use crate::http::Client;
use crate::process::{Server, outcome, output};

const ANY_PORT: &str = "127.0.0.1:0";
/// How a container begins the line that says when it was entered, in nanoseconds since 1970.
pub(super) const ENTERED: &str = "entered at ";
/// So many calls are answered before the server is stopped …
const ANSWERED: u64 = 100;
/// … while so many wait for their answer.
const IN_FLIGHT: usize = 16;

/// Where the program runs.
pub(super) trait Place {
    /// The program with these arguments, listening there if it serves.
    fn command(&self, listen: &str, arguments: &[&str]) -> anyhow::Result<Command>;
    /// What is started when nothing else is asked for.
    fn serve(&self, listen: &str) -> anyhow::Result<Command>;
    /// What tells whether the server that listens there is well.
    fn health(&self, listen: &str) -> anyhow::Result<Command>;
    /// The folder that is the program's own.
    fn folder(&self) -> PathBuf;
}

/// An address that nobody listens on.
pub(super) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(ANY_PORT)?.local_addr()?)
}

/// Starts where there is nothing yet; how long it takes, and what the health check says before, then and after.
pub(super) fn begins(place: &impl Place) -> anyhow::Result<Value> {
    let listen = free_address()?.to_string();
    let health = || -> anyhow::Result<Option<i32>> { Ok(outcome(&mut place.health(&listen)?)?.status.code()) };
    let before = health()?;
    ensure!(std::fs::read_dir(place.folder())?.next().is_none(), "the volume is not empty");
    let mut command = place.serve(&listen)?;
    let begun = SystemTime::now();
    let mut server = Server::start(&mut command)?;
    ensure!(Client::new(server.address()).get("/readyz")?.status == 200, "it listens and is not ready");
    let answered = SystemTime::now();
    let up = health()?;
    let executed = server.printed().iter().find_map(|line| entered(line)).unwrap_or(begun);
    let stopping = Instant::now();
    server.stop()?;
    let stopped = stopping.elapsed();
    let after = health()?;
    ensure!((before, up, after) == (Some(1), Some(0), Some(1)), "the health check: {before:?}, {up:?}, {after:?}");
    Ok(json!({
        "first_answer_ms": u64::try_from(answered.duration_since(executed)?.as_millis())?,
        "stopped_ms": u64::try_from(stopped.as_millis())?,
        "health_exit_codes": { "before": before, "up": up, "stopped": after },
    }))
}

/// When the container was made and what is in it was started, if the line says it.
fn entered(line: &str) -> Option<SystemTime> {
    let nanoseconds = line.strip_prefix(ENTERED)?.trim().parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds))
}

/// Asks the server to stop `times` times while clients are at work, and then compares the database with what they were
/// told. Each time it ends by itself and without a fault.
pub(super) fn stops(place: &impl Place, times: u64) -> anyhow::Result<Value> {
    let journals = tempfile::tempdir()?;
    Server::start(&mut place.command(ANY_PORT, &["demo"])?)?.stop()?;
    let mut server = Server::start(&mut place.serve(ANY_PORT)?)?;
    let mut clients = Load::start(vec![server.address()], journals.path())?;
    let stopped = stop(place, &mut server, &mut clients, times);
    clients.stop().and(stopped.as_ref().map(drop).map_err(|error| anyhow::anyhow!("{error:#}")))?;
    let (answered, unanswered) = stopped?;
    server.stop()?;
    let run = |arguments: &[&str]| output(&mut place.command(ANY_PORT, arguments)?);
    run(&["check"])?;
    run(&["audit", "verify"])?;
    run(&["export", "export.jsonl"])?;
    let mut figures = load::reconcile(journals.path(), &place.folder().join("export.jsonl"))?;
    let figures = figures.as_object_mut().context("figures")?;
    figures.remove("unanswered_per_kill");
    figures.insert("clients".to_owned(), json!(CLIENTS));
    figures.insert("sigterms".to_owned(), json!(times));
    figures.insert("exit_code".to_owned(), json!(0));
    figures.insert("answered_while_stopping".to_owned(), json!(answered));
    figures.insert("unanswered_while_stopping".to_owned(), json!(unanswered));
    Ok(Value::Object(figures.clone()))
}

/// How many calls were answered while the server stopped, and how many were not.
fn stop(place: &impl Place, server: &mut Server, clients: &mut Load, times: u64) -> anyhow::Result<(u64, u64)> {
    let (mut answered, mut unanswered) = (0, 0);
    for _ in 0..times {
        clients.wait_for(ANSWERED, 0)?;
        clients.wait_for(0, IN_FLIGHT)?;
        let (with, without, ()) = clients.outlast(|| server.terminate())?;
        (answered, unanswered) = (answered + with, unanswered + without);
        *server = Server::start(&mut place.serve(ANY_PORT)?)?;
        clients.go_on(server);
    }
    clients.wait_for(ANSWERED, 0)?;
    Ok((answered, unanswered))
}
