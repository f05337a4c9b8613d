//! `backends.7`, the pooler: PgBouncer stands between the servers and their database. The story across the dialects
//! is told through it, more clients work at once than it has connections, it is restarted meanwhile, and statements
//! have their time limit although no session can have settings.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_test_postgres::{Instance, Origin, Pooler, PoolerProgram, Sharing};
use serde_json::{Value, json};

use super::backends_outage::site::{CONNECTIONS, Site};
use super::backends_outage::{LOCK, nothing_works, recovered, some_works};
use super::live_story::tell;
use super::{Context, Size};
use crate::http::Client;
use crate::process::{Server, serve_at};

/// The time limit of a session that nobody has changed.
const UNSET: &str = "0";

/// Shows both ways of sharing, where the pooler that is installed can do both.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let Some(program) = PoolerProgram::find() else {
        ensure!(size == Size::Short, "PgBouncer is not installed: scripts/pgbouncer builds it");
        return Ok(json!("left out: PgBouncer is not installed"));
    };
    let mut figures = json!({ "version": program.version() });
    if program.prepares() {
        figures["transaction"] = share(&program, Sharing::Transaction, size, context).context("by transaction")?;
    } else {
        ensure!(
            size == Size::Short,
            "PgBouncer {} is too old: scripts/pgbouncer builds a newer one",
            program.version()
        );
        figures["transaction"] = json!("left out: it needs PgBouncer 1.21");
    }
    if size == Size::Full || !program.prepares() {
        figures["session"] = share(&program, Sharing::Session, size, context).context("by session")?;
    }
    Ok(figures)
}

fn share(program: &PoolerProgram, sharing: Sharing, size: Size, context: &Context) -> anyhow::Result<Value> {
    let database = Instance::start(Origin::Empty, "fsync = off");
    for name in ["story", "load"] {
        database.edit("postgres", &format!("CREATE DATABASE {name}"));
    }
    // A connection fewer than a server has. By session they would not be enough for it.
    let connections = match sharing {
        Sharing::Transaction => CONNECTIONS - 1,
        Sharing::Session => 2 * CONNECTIONS,
    };
    let pooler = program.start(&database, sharing, u32::try_from(connections)?);
    let mut figures = json!({ "connections": connections, "connections_of_a_server": CONNECTIONS });
    if size == Size::Full {
        figures["story"] = story(&pooler, context)?;
    }
    let site = Site::new(context, &pooler.url("load"), size)?;
    let time = if size == Size::Short { Duration::from_millis(800) } else { Duration::from_secs(20) };
    let pooler = Mutex::new(pooler);
    let pause = time / 4;
    let restart = || {
        std::thread::sleep(pause);
        pooler.lock().map(|mut pooler| pooler.restart()).map_or(0, |()| 1)
    };
    let shown = some_works(&site, time, restart)?;
    figures["restarted"] = recovered(&site, shown)?;
    figures["time_limit"] = time_limit(&database, &site)?;
    let pooler = pooler.into_inner().map_err(|_| anyhow::anyhow!("a client panicked"))?;
    let limit = pooler.ask("load", "current_setting('statement_timeout')");
    ensure!(limit == UNSET, "a session is left with a time limit of {limit}");
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

fn story(pooler: &Pooler, context: &Context) -> anyhow::Result<Value> {
    let url = pooler.url("story");
    let server = Server::start(serve_at(&context.binary, &url).args(["demo", "--listen", "127.0.0.1:0"]))?;
    let told = tell(&Client::checked(server.address())?)?;
    server.stop()?;
    Ok(told)
}

/// A statement that waits for a lock is ended by the database server, at the limit that came with its transaction.
fn time_limit(database: &Instance, site: &Site) -> anyhow::Result<Value> {
    let canceled = || database.log().matches("canceling statement due to statement timeout").count();
    let before = canceled();
    let lock = database.hold("load", LOCK);
    let shown = nothing_works(site, 1, false)?;
    drop(lock);
    let canceled = canceled() - before;
    ensure!(canceled > 0, "the database server has ended no statement at its limit");
    let mut figures = recovered(site, shown)?;
    figures["ended_by_the_database_server"] = json!(canceled);
    Ok(figures)
}
