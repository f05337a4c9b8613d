//! `countersign audit`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use countersign_core::audit::{AuditReport, Checkpoint, Published, Trust};
use countersign_core::repository::Repository;
use countersign_core::service::Checkpoints;

use super::{ConfigFile, count, print, progress};
use crate::audit::{make_key, public_key, signing_key};
use crate::clock::clock;
use crate::settings::Settings;
use crate::storage;

/// How many faults are printed one by one.
const PRINTED: usize = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Holds the database against its events: every hash, every state, what is derived, the checkpoints
    Verify(Verify),
    /// Signs how far every stream has come, now
    Checkpoint(ConfigFile),
    /// Writes the checkpoints to a file, to be kept where whoever writes the database cannot
    ExportCheckpoints(Export),
    /// Makes a key that signs checkpoints, or prints the half that verifies them
    Key(Key),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Checkpoints that were exported before: the database must still hold them
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// A key that signed checkpoints, besides that of audit.signing_key; its public half is enough
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to write, one line of JSON a checkpoint; a file that is there is continued
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct Key {
    /// The file to make
    #[arg(required_unless_present = "public")]
    file: Option<PathBuf>,
    /// Makes nothing: prints the public half of this key
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    public: Option<PathBuf>,
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Verify(verify) => verify.run().await,
            Self::Checkpoint(config) => checkpoint(&config).await,
            Self::ExportCheckpoints(export) => export.run().await,
            Self::Key(key) => key.run(),
        }
    }
}

impl Key {
    fn run(self) -> anyhow::Result<()> {
        let public = match (&self.public, &self.file) {
            (Some(file), _) => public_key(file)?,
            (None, Some(file)) => make_key(file)?.public(),
            (None, None) => bail!("no file is named"),
        };
        Ok(print(&public.to_pem()?)?)
    }
}

/// The database of the settings, which must be there with all its migrations.
async fn open(settings: &Settings) -> anyhow::Result<Arc<dyn Repository>> {
    let repository = storage::open(&settings.storage)?;
    repository.ready().await?;
    Ok(repository)
}

async fn checkpoint(config: &ConfigFile) -> anyhow::Result<()> {
    let settings = config.quiet()?;
    let key = signing_key(&settings.audit)?;
    let key = key.context("audit.signing_key is not set; `countersign audit key FILE` makes a key")?;
    let repository = open(&settings).await?;
    let checkpoints = Checkpoints::new(repository.clone(), clock(&settings.workflow)?);
    let mut made = 0;
    let mut last = None;
    while let Some(checkpoint) = checkpoints.make(&key).await? {
        made += 1;
        last = Some(checkpoint);
    }
    repository.close().await?;
    let text = match last {
        Some(last) => format!(
            "{} made; checkpoint {} of {} covers every event up to position {}\n",
            count(made, "checkpoint"),
            last.sequence,
            last.at,
            last.position
        ),
        None => "nothing has happened since the last checkpoint\n".to_owned(),
    };
    Ok(print(&text)?)
}

impl Export {
    async fn run(self) -> anyhow::Result<()> {
        let settings = self.config.quiet()?;
        let repository = open(&settings).await?;
        let place = || format!("{} cannot be written", self.file.display());
        let mut last = self.held(repository.as_ref()).await?;
        let file = File::options().append(true).create(true).mode(0o600).open(&self.file).with_context(place)?;
        let mut out = BufWriter::new(file);
        let mut written = 0;
        while let Some(checkpoint) = repository.checkpoint(last).await? {
            serde_json::to_writer(&mut out, &checkpoint)?;
            out.write_all(b"\n").with_context(place)?;
            written += 1;
            last = checkpoint.sequence;
        }
        let file = out.into_inner().map_err(|error| anyhow!("{}: {}", place(), error.error()))?;
        file.sync_all().with_context(place)?;
        Ok(print(&format!("{} written\n", count(written, "checkpoint")))?)
    }

    /// The number of the last checkpoint in the file, which the database must hold like all before it:
    /// what was exported may be all that tells of it.
    async fn held(&self, repository: &dyn Repository) -> anyhow::Result<i64> {
        let mut last = 0;
        if !self.file.exists() {
            return Ok(last);
        }
        for exported in published(&self.file)? {
            let exported = exported.map_err(|reason| anyhow!("{reason}; nothing is written"))?;
            if repository.checkpoint(exported.sequence - 1).await?.as_ref() != Some(&exported) {
                let (file, sequence) = (self.file.display(), exported.sequence);
                bail!("{file} has a checkpoint {sequence} that the database does not hold; nothing is written");
            }
            last = exported.sequence;
        }
        Ok(last)
    }
}

impl Verify {
    async fn run(self) -> anyhow::Result<()> {
        let settings = self.config.quiet()?;
        let mut keys: Vec<_> = self.key.iter().map(|file| public_key(file)).collect::<Result<_, _>>()?;
        match settings.audit.signing_key.as_deref().map(public_key).transpose() {
            Ok(configured) => keys.extend(configured),
            // Whoever brings keys need not be able to read the one that signs.
            Err(_) if !keys.is_empty() => {}
            Err(error) => return Err(error),
        }
        let signatures = !keys.is_empty();
        let published = self.against.as_deref().map(published).transpose()?;
        let repository = open(&settings).await?;
        let report = repository.audit(Trust { keys, published }, progress::on_stderr()).await?;
        repository.close().await?;
        print(&text(&report, signatures))?;
        if report.faults > 0 {
            bail!("{} found", count(report.faults, "fault"));
        }
        if report.events == 0 {
            bail!("there is nothing to verify: the database holds no event");
        }
        Ok(())
    }
}

/// The checkpoints of a file, read line by line.
fn published(file: &Path) -> anyhow::Result<Published> {
    let name = file.display().to_string();
    let lines = BufReader::new(File::open(file).with_context(|| format!("{name} cannot be read"))?).lines();
    Ok(Box::new(
        (1..).zip(lines).map(move |(number, line)| read(&line.map_err(|error| error.to_string()), &name, number)),
    ))
}

fn read(line: &Result<String, String>, name: &str, number: u64) -> Result<Checkpoint, String> {
    let place = |reason: String| format!("line {number} of {name} cannot be read: {reason}");
    let line = line.as_ref().map_err(|reason| place(reason.clone()))?;
    serde_json::from_str(line).map_err(|error| place(error.to_string()))
}

/// What an audit found, in lines.
pub(super) fn text(report: &AuditReport, signatures: bool) -> String {
    let mut text = format!(
        "{}, {} and {} read, {} found\n",
        count(report.streams, "stream"),
        count(report.events, "event"),
        count(report.checkpoints, "checkpoint"),
        count(report.faults, "fault")
    );
    if report.erased > 0 {
        let _ = writeln!(text, "{} of events erased: nothing is compared with them", count(report.erased, "value"));
    }
    if !signatures {
        text.push_str("signatures are not verified: no key is known (audit.signing_key, --key)\n");
    }
    if report.uncovered > 0 {
        let events = count(report.uncovered, "event");
        let _ = writeln!(text, "{events} after the last checkpoint: a history rewritten to fit would not show there");
    }
    for fault in report.first.iter().take(PRINTED) {
        let _ = writeln!(text, "{fault}");
    }
    let more = report.faults.saturating_sub(report.first.len().min(PRINTED) as u64);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use countersign_core::audit::Place;

    use super::*;

    #[test]
    fn a_report_says_what_was_read_and_what_it_is_worth() {
        let mut report = AuditReport { streams: 2, events: 9, checkpoints: 1, uncovered: 3, ..AuditReport::default() };
        let sound = text(&report, false);
        assert!(sound.starts_with("2 streams, 9 events and 1 checkpoint read, 0 faults found\n"), "{sound}");
        assert!(sound.contains("signatures are not verified") && sound.contains("3 events after"), "{sound}");
        report.note(Place::Checkpoint(4), "is missing");
        report.uncovered = 0;
        assert_eq!(
            text(&report, true),
            "2 streams, 9 events and 1 checkpoint read, 1 fault found\ncheckpoint 4: is missing\n"
        );
    }

    #[test]
    fn a_line_that_is_no_checkpoint_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("checkpoints.jsonl");
        std::fs::write(&file, "{}\n").unwrap();
        let mut lines = published(&file).unwrap();
        let reason = lines.next().unwrap().unwrap_err();
        assert!(reason.starts_with("line 1 of ") && reason.contains("checkpoints.jsonl"), "{reason}");
        assert!(lines.next().is_none());
    }
}
