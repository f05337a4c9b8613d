//! What may happen to a PostgreSQL database.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_test_postgres::{Disk, Instance, Origin};
use serde_json::{Value, json};

use super::site::Site;
use super::{no_writes, nothing_works, recovered, some_works};
use crate::show::{Context, Size};

const DATABASE: &str = "countersign";
/// How large a disk is that fills up, in MiB.
const DISK: u32 = 96;

pub(super) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut figures = connections(size, context)?;
    for (name, shown) in [("table_space_full", table_space(size, context)), ("log_full", log(size, context))] {
        figures[name] = shown.with_context(|| name.to_owned())?;
    }
    Ok(figures)
}

/// All that may happen between a server and its database.
fn connections(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut database = Instance::start(Origin::Empty, "fsync = off");
    database.edit("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let site = Site::new(context, &database.url(DATABASE))?;
    let (time, bursts) = match size {
        Size::Short => (Duration::from_millis(800), 2),
        Size::Full => (Duration::from_secs(20), 6),
    };
    let mut figures = json!({});

    let shown = some_works(&site, time, || database.cut())?;
    figures["connections_cut"] = recovered(&site, shown)?;

    database.stop();
    let shown = nothing_works(&site, if size == Size::Short { 1 } else { bursts }, false)?;
    database.start_again();
    figures["stopped_and_started"] = recovered(&site, shown)?;

    // Whoever calls is looked up first.
    let lock = database.hold(DATABASE, "LOCK TABLE app_user IN ACCESS EXCLUSIVE MODE");
    let shown = nothing_works(&site, bursts - 1, false)?;
    drop(lock);
    figures["all_connections_wait"] = recovered(&site, shown)?;

    database.freeze();
    let shown = nothing_works(&site, bursts, true);
    database.thaw();
    figures["paused"] = recovered(&site, shown.context("paused")?)?;

    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

/// The disk of the tables is full; the server is not harmed.
fn table_space(size: Size, context: &Context) -> anyhow::Result<Value> {
    let Some(disk) = disk(size)? else { return Ok(json!("left out: this process may not mount a disk")) };
    let database = Instance::start(Origin::Empty, "fsync = off");
    database.edit("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    database.edit("postgres", &format!("CREATE DATABASE {DATABASE} TABLESPACE small"));
    let site = Site::new(context, &database.url(DATABASE))?;
    disk.fill();
    let shown = no_writes(&site, true);
    disk.free();
    let mut figures = recovered(&site, shown?)?;
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

/// The disk of the write-ahead log is full: the database server gives up, and is started when there is room.
fn log(size: Size, context: &Context) -> anyhow::Result<Value> {
    let Some(disk) = disk(size)? else { return Ok(json!("left out: this process may not mount a disk")) };
    let mut database = Instance::start(Origin::LogIn(&disk.path().join("log")), "");
    database.edit("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let site = Site::new(context, &database.url(DATABASE))?;
    disk.fill();
    let shown = no_writes(&site, false);
    disk.free();
    let shown = shown?;
    let ended = !database.is_running();
    if ended {
        database.start_again();
    }
    database.wait();
    let panicked = database.log().contains("PANIC");
    ensure!(panicked, "the database server found room for its log: {}", database.log());
    let mut figures = recovered(&site, shown)?;
    figures["database_server_had_ended"] = json!(ended);
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

/// In full size there is one, or the show fails.
fn disk(size: Size) -> anyhow::Result<Option<Disk>> {
    let disk = Disk::mount(DISK);
    ensure!(disk.is_some() || size == Size::Short, "a small disk cannot be mounted: run this as root");
    Ok(disk)
}
