//! `requests-live.1`: the documents' own exchanges, on a bundle that holds what they are about, with the
//! clock at their time, give the documents' own answers; and a filter keeps what it says, no more, no less.

mod exchange;
mod filters;

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::oracle::Bundle;
use crate::world::World;
use exchange::{Names, Run};

const MIM: &str = "/CertificateManagement/api/v1.0";
const OIG: &str = "/iam/governance/selfservice/api/v1";
const NOW: &str = "2019-06-15T00:00:00Z";

/// Which bundle and which exchanges; how many filters are made up beside the documents' own.
const BUNDLE: &str = "documents.json";
const EXCHANGES: &str = "exchanges.json";
const SHORT: u64 = 60;
const FULL: u64 = 5_000;

/// Filters first, while the rows are those of the bundle; then every exchange, in its order.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let bundle = Bundle::read(&data(&context.root, BUNDLE)?)?;
    let world = World::new(&context.binary, &bundle.records, NOW)?;
    let made_up = if size == Size::Full { FULL } else { SHORT };
    let filtered = filters::check(&world, &bundle, made_up)?;

    let runs: Vec<Run> = serde_json::from_str(&data(&context.root, EXCHANGES)?)?;
    let mut replayed = 0;
    for run in &runs {
        replayed += replay(run, &world)?;
    }
    ensure!(replayed > 0, "there is no exchange to replay");
    Ok(json!({ "exchanges": replayed, "filters": filtered.filters, "rows_compared": filtered.rows }))
}

fn replay(run: &Run, world: &World) -> anyhow::Result<usize> {
    let server = world.start(run.variables())?;
    let client = Client::checked(server.address())?;
    let base = format!("{}{OIG}", server.url());
    let mut names = Names::from([("mim", MIM), ("oig", OIG), ("base", &base)]);
    for exchange in &run.exchanges {
        let played = exchange.play(&world.login(&client, &exchange.login), &mut names);
        played.with_context(|| format!("{}: {} as {}", exchange.from, exchange.call, exchange.login))?;
    }
    Ok(run.exchanges.len())
}

/// One of the data files.
fn data(root: &Path, name: &str) -> anyhow::Result<String> {
    let path = root.join("crates/xtask/data").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
}
