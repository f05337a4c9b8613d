//! `countersign export`

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use clap::Args;
use countersign_core::bundle::Record;
use countersign_core::repository::{ExportOptions, Progress, RecordSink, Repository};

use super::{ConfigFile, progress};

/// What everybody may do with a new file, as far as the umask lets them.
const OPEN: u32 = 0o666;
/// What everybody may do with a file that holds password hashes.
const PRIVATE: u32 = 0o600;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to write; `-` is standard output
    file: PathBuf,
    /// Writes password hashes too; only the owner may read the file then
    #[arg(long)]
    with_credentials: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Records as lines. Shared, so that the writer can be had back when the sink is done.
struct Lines<W: Write>(Arc<Mutex<BufWriter<W>>>);

impl<W: Write + Send> RecordSink for Lines<W> {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut *out, record)?;
        out.write_all(b"\n")
    }
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let repository = self.config.repository()?;
        let options = ExportOptions { credentials: self.with_credentials };
        if self.file == Path::new("-") {
            write(repository.as_ref(), options, io::stdout(), progress::on_stderr()).await?;
            return Ok(());
        }
        to_file(repository.as_ref(), options, &self.file, progress::on_stderr()).await
    }
}

/// Exports to a file beside `file` that takes its name when it is whole.
async fn to_file(
    repository: &dyn Repository,
    options: ExportOptions,
    file: &Path,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<()> {
    let place = || format!("{} cannot be written", file.display());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mode = Permissions::from_mode(if options.credentials { PRIVATE } else { OPEN });
    let mut builder = tempfile::Builder::new();
    let part = builder.prefix(".countersign-export-").permissions(mode).tempfile_in(folder).with_context(place)?;
    let (out, part) = part.into_parts();
    let out = write(repository, options, out, progress).await?;
    out.sync_all().with_context(place)?;
    part.persist(file).with_context(place)
}

/// Exports to `out` and gives it back, flushed.
async fn write<W: Write + Send + 'static>(
    repository: &dyn Repository,
    options: ExportOptions,
    out: W,
    progress: Arc<dyn Progress>,
) -> anyhow::Result<W> {
    let out = Arc::new(Mutex::new(BufWriter::with_capacity(1 << 16, out)));
    let sink = repository.export(options, Box::new(Lines(Arc::clone(&out))), progress).await?;
    drop(sink);
    let out = Arc::into_inner(out).ok_or_else(|| anyhow!("the export is still being written"))?;
    let out = out.into_inner().unwrap_or_else(PoisonError::into_inner);
    out.into_inner().map_err(|error| anyhow!("the export cannot be written: {}", error.error()))
}
