//! Bundles as sources of an import.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use countersign_core::bundle::{BundleText, ImportError, ImportReport, Reading, RecordSource};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::repository::{ImportContext, Progress, Repository};

use super::count;
use crate::entropy::OsEntropy;

/// A bundle in a file.
pub(super) struct FileSource(pub(super) PathBuf);

impl RecordSource for FileSource {
    fn open(&mut self) -> io::Result<Reading<'_>> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.0.display()));
        let text = BufReader::new(File::open(&self.0).map_err(named)?);
        Ok(Box::new(BundleText::new(text).map_err(named)?))
    }
}

/// A bundle in the program.
pub(super) struct TextSource(pub(super) &'static str);

impl RecordSource for TextSource {
    fn open(&mut self) -> io::Result<Reading<'_>> {
        Ok(Box::new(BundleText::new(self.0.as_bytes())?))
    }
}

/// Imports `source`, or names each of its faults on `faults`, one a line.
pub(super) async fn import(
    repository: &dyn Repository,
    source: Box<dyn RecordSource>,
    progress: Arc<dyn Progress>,
    faults: &mut (dyn Write + Send),
) -> anyhow::Result<ImportReport> {
    let context = ImportContext { now: SystemClock.now(), entropy: Box::new(OsEntropy::new()?), progress };
    match repository.import(source, context).await {
        Err(ImportError::Faults { count: number, first }) => {
            for fault in &first {
                writeln!(faults, "{fault}")?;
            }
            let more = number.saturating_sub(first.len() as u64);
            let more = if more > 0 { format!(" ({more} more are not listed)") } else { String::new() };
            Err(anyhow!("{} in the bundle{more}; nothing was imported", count(number, "fault")))
        }
        other => Ok(other?),
    }
}
