//! What may happen to a PostgreSQL database.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_test_postgres::{Disk, Instance, Origin};
use serde_json::{Value, json};

use super::site::Site;
use super::{LOCK, no_writes, nothing_works, recovered, some_works};
use crate::show::{Context, Size};

const DATABASE: &str = "countersign";
/// How large a disk is that fills up, in MiB.
const DISK: u32 = 96;
const NO_DISK: &str = "a small disk cannot be mounted: run this as root";

pub(super) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut figures = harmless(size, context)?;
    figures["log_full"] = match size {
        Size::Short => json!("left out of the short form: the database server has to be started again"),
        Size::Full => log(context).context("log_full")?,
    };
    Ok(figures)
}

/// All that the database server itself survives.
fn harmless(size: Size, context: &Context) -> anyhow::Result<Value> {
    let disk = Disk::mount(DISK);
    ensure!(disk.is_some() || size == Size::Short, NO_DISK);
    let mut database = Instance::start(Origin::Empty, "fsync = off");
    let place = disk.as_ref().map_or(String::new(), |disk| {
        database.edit("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
        " TABLESPACE small".to_owned()
    });
    database.edit("postgres", &format!("CREATE DATABASE {DATABASE}{place}"));
    let site = Site::new(context, &database.url(DATABASE), size)?;
    let mut figures = connections(size, &mut database, &site)?;
    figures["table_space_full"] = match &disk {
        None => json!("left out: this process may not mount a disk"),
        Some(disk) => {
            disk.fill();
            let shown = no_writes(&site, true);
            disk.free();
            recovered(&site, shown.context("table_space_full")?)?
        }
    };
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

/// All that may happen between a server and its database.
fn connections(size: Size, database: &mut Instance, site: &Site) -> anyhow::Result<Value> {
    let (time, bursts) = match size {
        Size::Short => (Duration::from_millis(800), 2),
        Size::Full => (Duration::from_secs(20), 6),
    };
    let mut figures = json!({});

    let shown = some_works(site, time, || database.cut()).context("connections_cut")?;
    figures["connections_cut"] = recovered(site, shown)?;

    database.stop();
    let shown = nothing_works(site, bursts / 2, false);
    database.start_again();
    figures["stopped_and_started"] = recovered(site, shown.context("stopped")?)?;

    let lock = database.hold(DATABASE, LOCK);
    let shown = nothing_works(site, bursts / 2, false);
    drop(lock);
    figures["all_connections_wait"] = recovered(site, shown.context("all_connections_wait")?)?;

    database.freeze();
    let shown = nothing_works(site, bursts, true);
    database.thaw();
    figures["paused"] = recovered(site, shown.context("paused")?)?;
    Ok(figures)
}

/// The disk of the write-ahead log is full: the database server gives up, and is started when there is room.
fn log(context: &Context) -> anyhow::Result<Value> {
    let disk = Disk::mount(DISK).context(NO_DISK)?;
    let mut database = Instance::start(Origin::LogIn(&disk.path().join("log")), "");
    database.edit("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let site = Site::new(context, &database.url(DATABASE), Size::Full)?;
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
