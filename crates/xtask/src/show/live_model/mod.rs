//! `requests-live.2`: random lives of requests, played on the services over a real database and on an
//! independent model at once; and ten faults, planted in the lifecycle one by one, each of which that finds.

mod choose;
mod convert;
mod faults;
mod game;
mod lane;
pub mod model;
mod property;
mod sight;
mod tally;
mod world;

use serde_json::{Value, json};

use super::{Context, Size};

pub use property::run as play;

/// Plays the sequences and tries the faults. In short size the faults are only seen to apply.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let mut figures = match size {
        Size::Short => play(1, 200, false)?,
        Size::Full => play(1, 100_000, true)?,
    };
    figures["faults"] = match size {
        Size::Short => json!(faults::check(&context.root)?),
        Size::Full => json!(faults::run(&context.root)?),
    };
    Ok(figures)
}
