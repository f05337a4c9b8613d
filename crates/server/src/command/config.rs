//! `countersign config`

use clap::{Args, Subcommand};

use super::{ConfigFile, print};
use crate::audit::signing_key;
use crate::clock::clock;
use crate::settings::{default_toml, to_toml};

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Prints the settings that count, without secrets
    Print(Print),
    /// Says whether the settings can be used
    Check(ConfigFile),
}

#[derive(Debug, Args)]
pub(super) struct Print {
    /// Prints every setting with its default and what it is for
    #[arg(long, conflicts_with = "config")]
    defaults: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let text = match self {
            Self::Print(Print { defaults: true, .. }) => default_toml(),
            Self::Print(Print { config, .. }) => to_toml(&config.settings()?.redacted()),
            Self::Check(config) => {
                let settings = config.settings()?;
                signing_key(&settings.audit)?;
                clock(&settings.workflow)?;
                "the settings can be used\n".to_owned()
            }
        };
        Ok(print(&text)?)
    }
}
