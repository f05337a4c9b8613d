//! `countersign serve`

use clap::Args;

use super::ConfigFile;
use crate::state::AppState;
use crate::{storage, telemetry};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Makes the database if it is not there, and runs the migrations that it misses, before calls are answered
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Serve {
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        let settings = self.config.settings()?;
        let _log = telemetry::start_behind(&settings.log)?;
        let repository =
            if self.migrate { storage::create(&settings.storage) } else { storage::open(&settings.storage) }?;
        let state = AppState::new(settings, repository)?;
        if self.migrate && !crate::serve::migrate(&state).await? {
            return Ok(());
        }
        crate::serve::serve(state, |_| ()).await
    }
}
