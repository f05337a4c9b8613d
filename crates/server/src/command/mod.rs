//! The command line: one file a command.

mod account;
mod audit;
mod bundle;
mod check;
mod config;
mod copy;
mod demo;
mod export;
mod health;
mod import;
mod migrate;
mod openapi;
mod progress;
mod serve;
mod user;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use countersign_core::repository::Repository;

use crate::settings::{LogSettings, Settings};
use crate::{storage, telemetry};

/// Identity requests, approvals and child requests behind two REST dialects: MIM CM and OIG.
#[derive(Debug, Parser)]
#[command(name = "countersign", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a server with the documents' own examples in its database
    Demo(demo::Demo),
    /// Runs the server
    Serve(serve::Serve),
    /// Asks the server that runs here whether it can answer calls
    Health(ConfigFile),
    /// Runs the migrations that the database misses
    Migrate(ConfigFile),
    /// Reads a bundle into the database: all of it, or nothing
    Import(import::Import),
    /// Writes everything in the database to a bundle
    Export(export::Export),
    /// Copies a database into an empty one of either kind, and verifies the copy
    Copy(copy::Copy),
    /// Compares documents, readers and indexes with the tables that they are made from
    Check(check::Check),
    /// Verifies the audit trail, and keeps the checkpoints that it is verified with
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Adds users and sets passwords
    #[command(subcommand)]
    User(user::User),
    /// Prints the OpenAPI document
    Openapi(openapi::OpenApi),
    /// Prints or checks the settings
    #[command(subcommand)]
    Config(config::Config),
}

/// Where the settings come from, besides the environment.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The settings file (TOML); variables like COUNTERSIGN__STORAGE__URL beat it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref())?)
    }

    /// The settings of a command that ends by itself: it logs warnings alone.
    fn quiet(&self) -> anyhow::Result<Settings> {
        let settings = self.settings()?;
        telemetry::start(&LogSettings { filter: "warn".to_owned(), ..settings.log.clone() })?;
        Ok(settings)
    }

    /// The database of the settings, made if it is not there.
    fn new_database(&self) -> anyhow::Result<Arc<dyn Repository>> {
        storage::create(&self.quiet()?.storage)
    }

    /// The database of the settings, refused while a migration is missing.
    async fn repository(&self) -> anyhow::Result<Arc<dyn Repository>> {
        let repository = storage::open(&self.quiet()?.storage)?;
        repository.ready().await?;
        Ok(repository)
    }
}

/// Does what the command line asks for.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Demo(demo) => demo.run().await,
        Command::Serve(serve) => serve.run().await,
        Command::Health(config) => health::run(&config).await,
        Command::Migrate(config) => migrate::run(&config).await,
        Command::Import(import) => import.run().await,
        Command::Export(export) => export.run().await,
        Command::Copy(copy) => copy.run().await,
        Command::Check(check) => check.run().await,
        Command::Audit(audit) => audit.run().await,
        Command::User(user) => user.run().await,
        Command::Openapi(openapi) => openapi.run(),
        Command::Config(config) => config.run(),
    }
}

/// The error and its causes in one line. Many errors end in the text of their cause already.
pub fn explain(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.ends_with(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line
}

/// Whether the command ended because nobody reads what it prints any more. An export that nobody
/// reads to its end is a failure all the same: it is wrapped in an error of its own.
pub fn is_hung_up(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes to standard output at once, so that whoever reads a pipe need not wait.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// `3 records`, `1 record`.
fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_error_is_one_line_that_says_nothing_twice() {
        let error = anyhow::anyhow!("no such file").context("a.db: no such file").context("cannot be opened");
        assert_eq!(explain(&error), "cannot be opened: a.db: no such file");
    }

    #[test]
    fn a_reader_that_hangs_up_is_no_failure() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_hung_up(&broken().into()));
        let export = countersign_core::repository::ExportError::from(broken());
        assert!(!is_hung_up(&export.into()));
    }

    #[test]
    fn counts_read_well() {
        assert_eq!((count(0, "record"), count(1, "record")), ("0 records".to_owned(), "1 record".to_owned()));
    }
}
