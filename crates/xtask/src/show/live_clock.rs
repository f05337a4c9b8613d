//! `requests-live.9`: the clockwork, over HTTP, with a clock that is turned by hand. A deadline expires, one escalates,
//! one renews; what has a start date begins once, though two servers look for it; an end date takes away
//! what was given; a receiver of webhooks that fails and dies hears of everything.
//!
//! Each story is a test of its own in `crates/server/tests/clockwork.rs`.

mod dates;
mod deadlines;
mod office;
mod told;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::{Context, Size};

pub use dates::{ends, starts, starts_on_postgres, survives_a_crash, survives_a_crash_on_postgres};
pub use deadlines::{escalates, expires, renews};
pub use told::told;

/// A story: what happened in it, in figures.
type Story = fn(Size, &Context) -> anyhow::Result<Value>;

/// Tells every story.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let stories: [(&str, Story); 7] = [
        ("expires", expires),
        ("escalates", escalates),
        ("renews", renews),
        ("starts", starts),
        ("survives_a_crash", survives_a_crash),
        ("ends", ends),
        ("told", told),
    ];
    let mut figures = Map::new();
    for (name, story) in stories {
        figures.insert(name.to_owned(), story(size, context).context(name)?);
    }
    Ok(Value::Object(figures))
}
