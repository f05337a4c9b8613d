//! `countersign import`

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::bundle::{FileSource, import};
use super::{ConfigFile, count, print, progress};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The bundle: what `export` writes, or the same records in one JSON array; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let repository = self.config.repository().await?;
        let source = Box::new(FileSource::new(&self.file)?);
        let report = import(repository.as_ref(), source, progress::on_stderr(), &mut io::stderr()).await?;
        repository.close().await?;
        print(&format!("{} added, {} unchanged\n", count(report.added, "record"), report.unchanged))?;
        Ok(())
    }
}
