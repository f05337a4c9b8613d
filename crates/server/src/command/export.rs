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

/// Personal data is for its owner alone, with password hashes or without.
const PRIVATE: u32 = 0o600;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to write, readable for its owner alone; `-` is standard output
    file: PathBuf,
    /// Writes password hashes too
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
        let repository = self.config.repository().await?;
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
    // A link stays, and what it leads to is written; a pipe or a device is no file to replace.
    let target = file.canonicalize();
    let file = target.as_deref().unwrap_or(file);
    if file.metadata().is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
        let out = std::fs::OpenOptions::new().write(true).open(file).with_context(place)?;
        write(repository, options, out, progress).await?;
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mode = Permissions::from_mode(PRIVATE);
    let mut builder = tempfile::Builder::new();
    let part = builder.prefix(".countersign-export-").permissions(mode).tempfile_in(folder).with_context(place)?;
    let (out, part) = part.into_parts();
    let out = write(repository, options, out, progress).await?;
    out.sync_all().with_context(place)?;
    // The error would hold the unfinished file, and with it the file itself.
    part.persist(file).map_err(|error| error.error).with_context(place)
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

#[cfg(test)]
mod tests {
    use countersign_core::directory::Login;
    use countersign_core::repository::Silent;
    use tempfile::TempDir;

    use super::*;
    use crate::auth::hash_password;
    use crate::command::bundle::{FileSource, import};
    use crate::command::{account, demo};
    use crate::settings::StorageSettings;

    async fn database(folder: &TempDir, name: &str) -> Arc<dyn Repository> {
        let url = format!("sqlite://{}/{name}", folder.path().display());
        let repository = crate::storage::create(&StorageSettings { url, ..Default::default() }).unwrap();
        repository.migrate().await.unwrap();
        repository
    }

    async fn load(repository: &dyn Repository, file: &Path) -> anyhow::Result<(u64, u64)> {
        let source = Box::new(FileSource::new(file)?);
        let report = import(repository, source, Arc::new(Silent), &mut io::sink()).await?;
        Ok((report.added, report.unchanged))
    }

    fn mode(file: &Path) -> u32 {
        file.metadata().unwrap().permissions().mode() & 0o777
    }

    #[actix_web::test]
    async fn what_is_exported_imports_to_the_same_export() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (database(&folder, "a.db").await, database(&folder, "b.db").await);
        let bundle = folder.path().join("demo.json");
        std::fs::write(&bundle, demo::BUNDLE).unwrap();
        load(first.as_ref(), &bundle).await.unwrap();
        let login = Login::try_from("auditor".to_owned()).unwrap();
        account::set_password(first.as_ref(), &login, &hash_password(&"one".into()).unwrap()).await.unwrap();

        let files = ["a", "b", "open"].map(|name| folder.path().join(name));
        let options = ExportOptions { credentials: true };
        to_file(first.as_ref(), options, &files[0], Arc::new(Silent)).await.unwrap();
        let (added, _) = load(second.as_ref(), &files[0]).await.unwrap();
        to_file(second.as_ref(), options, &files[1], Arc::new(Silent)).await.unwrap();
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text == std::fs::read_to_string(&files[1]).unwrap());
        // Every line but the header is a record.
        assert_eq!(text.lines().count() as u64, added + 1);
        assert_eq!(load(second.as_ref(), &files[0]).await.unwrap(), (0, added));
        assert!(text.contains("$argon2id$") && mode(&files[0]) == PRIVATE);

        let without = ExportOptions { credentials: false };
        to_file(first.as_ref(), without, &files[2], Arc::new(Silent)).await.unwrap();
        assert!(!std::fs::read_to_string(&files[2]).unwrap().contains("argon2"));
        assert_eq!(mode(&files[2]), PRIVATE);

        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&files[2], &link).unwrap();
        std::fs::write(&files[2], "old").unwrap();
        to_file(first.as_ref(), without, &link, Arc::new(Silent)).await.unwrap();
        assert!(link.is_symlink() && std::fs::read_to_string(&files[2]).unwrap().starts_with("{\"kind\":\"header\""));
        to_file(first.as_ref(), without, Path::new("/dev/null"), Arc::new(Silent)).await.unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }

    #[actix_web::test]
    async fn what_cannot_be_written_is_named_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let repository = database(&folder, "a.db").await;
        let target = folder.path().join("folder");
        std::fs::create_dir(&target).unwrap();
        let options = ExportOptions { credentials: false };
        let refused = to_file(repository.as_ref(), options, &target, Arc::new(Silent)).await.unwrap_err();
        assert!(refused.to_string().contains("folder cannot be written"), "{refused}");
        let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("export")));
    }
}
