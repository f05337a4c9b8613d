//! Shows: each proves one line that an issue promises, in full size by command and with smaller
//! numbers in the test suite.

pub mod backends_alike;
pub mod backends_copy;
pub mod backends_image;
pub mod backends_outage;
pub mod backends_pooler;
pub mod backends_replica;
pub mod backends_suite;
pub mod backends_tls;
pub mod bundles;
pub mod clean_root;
pub mod contract;
pub mod documents;
pub mod live_audit;
pub mod live_clock;
pub mod live_documents;
pub mod live_kills;
pub mod live_model;
pub mod live_paging;
pub mod live_races;
pub mod live_repeats;
pub mod live_story;
pub mod load;
pub mod million;
pub mod mim_rules;
pub mod oig_rules;
pub mod other_bundle;
pub mod speed_coherence;
pub mod speed_instructions;

mod backends_servers;
mod bad_input;
mod planted;

use std::path::PathBuf;

use anyhow::bail;
use serde_json::{Value, json};

use crate::process;

/// How much a show does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As much as the test suite has time for.
    Short,
    /// As much as the line promises.
    Full,
}

/// What a show works on.
#[derive(Clone, Debug)]
pub struct Context {
    /// The binary `countersign`.
    pub binary: PathBuf,
    /// The workspace.
    pub root: PathBuf,
}

impl Context {
    /// What the binary prints; it must succeed.
    pub fn countersign(&self, arguments: &[&str]) -> anyhow::Result<String> {
        process::output(process::countersign(&self.binary).args(arguments).current_dir(&self.root))
    }
}

/// Whether a show needs no binary but those that it builds itself.
pub fn builds_its_own(line: &str, size: Size) -> bool {
    ["backends.2", "backends.5", "speed.4"].contains(&line) || line == "backends.8" && size == Size::Full
}

/// Shows one line. The figures name the line and the size, so that they can be kept.
pub fn run(line: &str, size: Size, context: &Context) -> anyhow::Result<Value> {
    let figures = match line {
        "main-job.1" => documents::run(size, context),
        "main-job.2" => other_bundle::run(size, context),
        "main-job.3" => mim_rules::run(size, context),
        "main-job.4" => oig_rules::run(size, context),
        "main-job.5" => bundles::run(size, context),
        "main-job.6" => million::run(size, context),
        "main-job.7" => clean_root::run(clean_root::Tester::User, size, context),
        "main-job.8" => contract::run(size, context),
        "requests-live.1" => live_documents::run(size, context),
        "requests-live.2" => live_model::run(size, context),
        "requests-live.3" => live_races::run(size, context),
        "requests-live.4" => live_story::run(size, context),
        "requests-live.5" => live_audit::run(size, context),
        "requests-live.6" => live_kills::run(size, context),
        "requests-live.7" => live_repeats::run(size, context),
        "requests-live.8" => live_paging::run(size, context),
        "requests-live.9" => live_clock::run(size, context),
        "backends.1" => clean_root::run(clean_root::Tester::Root, size, context),
        "backends.2" => backends_suite::run(size, context),
        "backends.3" => backends_servers::run(size, context),
        "backends.4" => backends_copy::run(size, context),
        "backends.5" => backends_alike::run(size, context),
        "backends.6" => backends_outage::run(size, context),
        "backends.7" => between(size, context),
        "backends.8" => backends_image::run(size, context),
        "speed.3" => speed_coherence::run(size, context),
        "speed.4" => speed_instructions::run(size, context),
        _ => bail!(
            "there is no show {line:?}; there are main-job.1 to .8, requests-live.1 to .9, backends.1 to .8, speed.3 and .4"
        ),
    }?;
    let mut shown = json!({ "show": line, "size": format!("{size:?}").to_lowercase(), "holds": true });
    if let (Some(shown), Value::Object(figures)) = (shown.as_object_mut(), figures) {
        shown.extend(figures);
    }
    Ok(shown)
}

/// What may stand between a server and its database, each by its name.
fn between(size: Size, context: &Context) -> anyhow::Result<Value> {
    Ok(json!({
        "pooler": backends_pooler::run(size, context)?,
        "replica": backends_replica::run(size, context)?,
        "tls": backends_tls::tls(size, context)?,
    }))
}
