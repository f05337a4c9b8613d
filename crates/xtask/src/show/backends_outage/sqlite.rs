//! What may happen to a SQLite database.

use anyhow::ensure;
use countersign_test_postgres::Disk;
use serde_json::{Value, json};

use super::site::Site;
use super::{no_writes, recovered};
use crate::outside;
use crate::process::url_of;
use crate::show::{Context, Size};

/// How large the disk is, in MiB.
const DISK: u32 = 24;

pub(super) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut figures = json!({ "disk_full": full(size, context)? });
    figures["locked"] = match size {
        Size::Short => json!("left out of the short form: whoever waits for a lock waits ten seconds"),
        Size::Full => locked(context)?,
    };
    Ok(figures)
}

fn full(size: Size, context: &Context) -> anyhow::Result<Value> {
    let Some(disk) = Disk::mount(DISK) else {
        ensure!(size == Size::Short, "a small disk cannot be mounted: run this as root");
        return Ok(json!("left out: this process may not mount a disk"));
    };
    let site = Site::new(context, &url_of(&disk.path().join("countersign.db")), size)?;
    disk.fill();
    let shown = no_writes(&site, true);
    disk.free();
    let mut figures = recovered(&site, shown?)?;
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}

/// Another process writes and does not end: who writes here waits as long as it may, and no longer.
fn locked(context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("countersign.db");
    let site = Site::new(context, &url_of(&path), Size::Full)?;
    let lock = outside::lock(&path)?;
    let shown = no_writes(&site, true);
    drop(lock);
    let mut figures = recovered(&site, shown?)?;
    figures["after_all"] = site.ends_well()?;
    Ok(figures)
}
