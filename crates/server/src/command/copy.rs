//! `countersign copy`

use std::fmt::Write;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use countersign_core::audit::{PublicKey, Trust};
use countersign_core::repository::Repository;
use countersign_storage_sql::copy::{self, Copied};
use countersign_storage_sql::{Engine, SqlRepository};
use secrecy::{ExposeSecret, SecretString};

use super::{ConfigFile, audit, count, print, progress};
use crate::audit::public_key;
use crate::settings::{StorageSettings, StorageUrl};
use crate::storage::{self, Database};

/// How long a statement may take, in seconds: nobody waits for an answer, and a busy disk is no reason to give up.
const PATIENCE: u32 = 3600;

#[derive(Debug, Args)]
pub(super) struct Copy {
    /// The database to copy, as in storage.url; no server may work on it meanwhile
    #[arg(long, value_name = "URL")]
    from: SecretString,
    /// The database to make: empty, or left unfinished by a copy of the same source, which then goes on
    #[arg(long, value_name = "URL")]
    to: SecretString,
    /// Finishes the copy although the audit finds faults, which are the source's own: every row is the same
    #[arg(long)]
    keep_faults: bool,
    /// How many rows one transaction writes at most
    #[arg(long, value_name = "ROWS", default_value_t = 8000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    #[command(flatten)]
    config: ConfigFile,
}

impl Copy {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let settings = self.config.quiet()?;
        let key = settings.audit.signing_key.as_deref().map(public_key).transpose()?;
        let (from, to) = (self.from.expose_secret(), self.to.expose_secret());
        let parse = |option: &str, url: &str| StorageUrl::parse(url).map_err(|reason| anyhow!("{option}: {reason}"));
        let (source, target) = (parse("--from", from)?, parse("--to", to)?);
        refuse(&source, &target)?;
        let of = |url: &str| StorageSettings {
            url: url.to_owned(),
            statement_seconds: PATIENCE,
            ..settings.storage.clone()
        };
        let source = storage::open_database(&of(from)).context("--from")?;
        let target = storage::create_database(&of(to)).context("--to")?;
        match (source, target) {
            (Database::Sqlite(source), Database::Sqlite(target)) => self.copy(&source, &target, key).await,
            (Database::Sqlite(source), Database::Postgres(target)) => self.copy(&source, &target, key).await,
            (Database::Postgres(source), Database::Sqlite(target)) => self.copy(&source, &target, key).await,
            (Database::Postgres(source), Database::Postgres(target)) => self.copy(&source, &target, key).await,
        }
    }

    async fn copy<S: Engine, T: Engine>(
        &self,
        source: &SqlRepository<S>,
        target: &SqlRepository<T>,
        key: Option<PublicKey>,
    ) -> anyhow::Result<()> {
        let batch = usize::try_from(self.batch).unwrap_or(usize::MAX);
        let copied = copy::copy(source, target, batch, progress::on_stderr()).await?;
        print(&text(&copied))?;
        self.audit(target, key).await?;
        copy::finish(target).await?;
        source.close().await?;
        target.close().await?;
        Ok(print("the copy is finished\n")?)
    }

    /// Whether the target's history holds, by itself.
    async fn audit<T: Engine>(&self, target: &SqlRepository<T>, key: Option<PublicKey>) -> anyhow::Result<()> {
        let signatures = key.is_some();
        let trust = Trust { keys: key.into_iter().collect(), published: None };
        let report = target.audit(trust, progress::on_stderr()).await?;
        print(&audit::text(&report, signatures))?;
        if report.faults > 0 && !self.keep_faults {
            bail!(
                "{} found in what was copied: look at the source with `countersign audit verify`; with --keep-faults \
                 the copy is finished all the same",
                count(report.faults, "fault")
            );
        }
        Ok(())
    }
}

/// What can be said before anything is opened.
fn refuse(source: &StorageUrl, target: &StorageUrl) -> anyhow::Result<()> {
    let same = match (source, target) {
        (StorageUrl::Sqlite(source), StorageUrl::Sqlite(target)) => {
            source == target
                || source.canonicalize().is_ok_and(|source| target.canonicalize().is_ok_and(|target| source == target))
        }
        (source, target) => source == target,
    };
    if same {
        bail!("--from and --to are the same database");
    }
    match source {
        StorageUrl::Sqlite(path) if !path.exists() => bail!("--from: there is no database at {}", path.display()),
        _ => Ok(()),
    }
}

/// Each table with its rows and their checksum.
fn text(copied: &Copied) -> String {
    let mut text = String::new();
    let width = copied.tables.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, tally) in &copied.tables {
        let _ = writeln!(text, "{name:width$} {:>12} {}", tally.rows, tally.checksum);
    }
    let rows: u64 = copied.tables.iter().map(|(_, tally)| tally.rows).sum();
    let _ =
        write!(text, "{} in {} copied and read back", count(rows, "row"), count(copied.tables.len() as u64, "table"));
    if copied.earlier > 0 {
        let _ = write!(text, ", {} of them written before the copy was broken off", copied.earlier);
    }
    text.push('\n');
    text
}
