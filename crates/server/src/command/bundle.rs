//! Bundles as sources of an import.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use countersign_core::bundle::{BundleText, ImportError, ImportReport, Reading, RecordSource};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::repository::{ImportContext, Progress, Repository};

use super::count;
use crate::entropy::OsEntropy;

/// A bundle in a file, or in what came through a pipe: an import reads twice, a pipe only once.
pub(super) struct FileSource {
    name: String,
    file: File,
}

impl FileSource {
    /// The bundle at `path`; `-` is standard input.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let unreadable = || format!("{name} cannot be read");
        let file = if path == Path::new("-") {
            spooled(io::stdin().lock()).with_context(unreadable)?
        } else {
            let file = File::open(path).with_context(unreadable)?;
            let kind = file.metadata().with_context(unreadable)?;
            if kind.is_dir() {
                bail!("{name} is a folder; a bundle is a file");
            }
            if kind.is_file() { file } else { spooled(file).with_context(unreadable)? }
        };
        Ok(Self { name, file })
    }
}

/// Everything in `input`, in a temporary file without a name.
fn spooled(mut input: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    Ok(file)
}

impl RecordSource for FileSource {
    fn open(&mut self) -> io::Result<Reading<'_>> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.name));
        self.file.rewind().map_err(named)?;
        Ok(Box::new(BundleText::new(BufReader::new(&self.file)).map_err(named)?))
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
        Ok(ImportReport { added: 0, unchanged: 0 }) => Err(anyhow!("there is no record in the bundle")),
        other => Ok(other?),
    }
}
