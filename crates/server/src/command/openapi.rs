//! `countersign openapi`

use clap::Args;
use countersign_core::bundle::Record;
use serde::Serialize;

use super::print;
use crate::openapi::{document, operations};
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(super) struct OpenApi {
    /// Prints one line an operation instead
    #[arg(long, conflicts_with = "bundle_schema")]
    operations: bool,
    /// Prints the JSON Schema of the records that `import` reads and `export` writes instead
    #[arg(long)]
    bundle_schema: bool,
}

impl OpenApi {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let text = if self.bundle_schema {
            pretty(&schemars::schema_for!(Record))?
        } else {
            let document = document(&Settings::default());
            if self.operations { operations(&document) } else { pretty(&document)? }
        };
        Ok(print(&text)?)
    }
}

fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
