//! `countersign serve`

use super::ConfigFile;
use crate::state::AppState;
use crate::{storage, telemetry};

pub(super) async fn run(config: &ConfigFile) -> anyhow::Result<()> {
    let settings = config.settings()?;
    telemetry::start(&settings.log)?;
    let repository = storage::open(&settings.storage)?;
    crate::serve::serve(AppState::new(settings, repository)?, |_| ()).await
}
