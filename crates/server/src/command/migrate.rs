//! `countersign migrate`

use super::{ConfigFile, print};

pub(super) async fn run(config: &ConfigFile) -> anyhow::Result<()> {
    let repository = config.new_database()?;
    let run = repository.migrate().await?;
    repository.close().await?;
    if run.is_empty() {
        print("no migration is missing\n")?;
    }
    for migration in run {
        print(&format!("ran migration {migration}\n"))?;
    }
    Ok(())
}
