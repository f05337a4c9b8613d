//! `backends.3`: several servers on one PostgreSQL. Clients race through two of them; the primary is killed under them,
//! again and again, and its synchronous standby takes its place; a connection is cut between COMMIT and its answer; and
//! what is due happens once. What an asynchronous standby loses is found.

mod failover;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_test_postgres::Database;
use serde_json::{Map, Value, json};

use super::live_races::{CONTROL, FAULT, race};
use super::load::{Bench, By, CLIENTS};
use super::{Context, Size, live_clock, live_repeats};

/// A part of the show: its figures.
type Part = fn(Size, &Context) -> anyhow::Result<Value>;

/// How many servers there are.
const SERVERS: usize = 2;

/// Shows each of these.
pub(super) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut parts: Vec<(&str, Part)> = vec![
        ("races", races),
        ("failover", failover::run),
        ("cut", live_repeats::cut::run),
        ("clock", live_clock::starts_on_postgres),
    ];
    if size == Size::Full {
        parts.push(("fault", fault));
    }
    let mut figures = Map::from_iter([("servers".to_owned(), json!(SERVERS)), ("clients".to_owned(), json!(CLIENTS))]);
    for (name, part) in parts {
        figures.insert(name.to_owned(), part(size, context).context(name)?);
        if size == Size::Full {
            // Each takes minutes.
            eprintln!("{name}: {}", figures[name]);
        }
    }
    Ok(figures.into())
}

/// The races of `requests-live.3`.
fn races(size: Size, context: &Context) -> anyhow::Result<Value> {
    let (time, enough, by) = match size {
        Size::Short => (Duration::from_secs(2), 20, By::This),
        Size::Full => (Duration::from_secs(60), 1_000, By::Another),
    };
    FAULT.check(context)?;
    let mut figures = race_of_servers(context, &context.binary, time, by)?;
    ensure!(figures["conflicts"].as_u64() >= Some(enough), "fewer than {enough} conflicts: {figures}");
    figures["seconds"] = json!(time.as_secs());
    Ok(figures)
}

/// The same races of servers that have the fault.
fn fault(_: Size, context: &Context) -> anyhow::Result<Value> {
    FAULT.is_found(context, |server| race_of_servers(context, server, CONTROL, By::Another))
}

fn race_of_servers(context: &Context, binary: &Path, time: Duration, by: By) -> anyhow::Result<Value> {
    let database = Database::new();
    race(&Bench::on(context, binary, database.url())?, SERVERS, time, by)
}
