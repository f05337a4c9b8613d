//! `requests-live.5`: a database in which requests were decided is verified; then it is edited from
//! outside, in one way after the other, each on a fresh copy of the file: a new process names each.

mod edits;
mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::outside;
use crate::process::{outcome, output, output_of_input, serve};
use edits::{Edit, Found};

/// The folder of a show: the original database, its key, and one copy at a time.
struct Bench<'a> {
    context: &'a Context,
    folder: &'a Path,
}

impl Bench<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The command line over a database, with the key outside it.
    fn command(&self, database: &str, arguments: &[&str]) -> Command {
        let mut command = serve(&self.context.binary, &self.path(database));
        command.args(arguments).current_dir(self.folder).env("COUNTERSIGN__AUDIT__SIGNING_KEY", self.path("audit.pem"));
        command
    }

    fn run(&self, database: &str, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(database, arguments))
    }

    /// What a verification says that must fail.
    fn refused(&self, database: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let Output { status, stdout, stderr } = outcome(&mut self.command(database, arguments))?;
        let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        ensure!(status.code() == Some(1), "{arguments:?} ends with {status}:\n{said}");
        ensure!(!said.contains("panicked"), "{said}");
        Ok(said)
    }

    /// One text out of a database.
    fn ask(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        outside::ask(&self.path(database), sql)
    }
}

/// Makes the history, verifies it, then edits it.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let bench = Bench { context, folder: folder.path() };
    std::fs::write(bench.path("public.pem"), bench.run("none.db", &["audit", "key", "audit.pem"])?)?;
    let rounds = if size == Size::Full { 50 } else { 1 };
    let marked = history::make(&bench, rounds)?;

    let sound = bench.run("countersign.db", &["audit", "verify"])?;
    ensure!(sound.contains(", 0 faults found\n") && !sound.contains("not verified"), "{sound}");
    let (streams, events, checkpoints) = counts(&sound)?;
    ensure!(streams > 50 && events > streams && checkpoints > 0, "{sound}");
    bench.run("countersign.db", &["audit", "export-checkpoints", "checkpoints.jsonl"])?;
    let elsewhere = ["audit", "verify", "--against", "checkpoints.jsonl", "--key", "public.pem"];
    bench.run("countersign.db", &elsewhere)?;
    nothing_to_verify(&bench)?;

    let mut shown = Vec::new();
    for edit in edits::all(&bench, &marked)? {
        let named = apply(&bench, &edit).with_context(|| format!("{}: {}", edit.name, edit.sql))?;
        shown.push(json!({ "edit": edit.name, "named": named }));
    }
    Ok(json!({
        "rounds": rounds, "streams": streams, "events": events, "checkpoints": checkpoints,
        "edits": shown.len(), "found": shown,
    }))
}

/// The figures in the first line of a verification.
fn counts(said: &str) -> anyhow::Result<(u64, u64, u64)> {
    let first = said.lines().next().unwrap_or_default();
    let numbers: Vec<u64> = first.split(' ').filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [streams, events, checkpoints, _] => Ok((streams, events, checkpoints)),
        _ => anyhow::bail!("{first} does not say how much was read"),
    }
}

/// A database that is not there, not migrated or empty is refused.
fn nothing_to_verify(bench: &Bench<'_>) -> anyhow::Result<()> {
    let says = |words: &str| {
        let said = bench.refused("bare.db", &["audit", "verify"])?;
        ensure!(said.contains(words), "{said}");
        Ok(())
    };
    says("there is no database")?;
    std::fs::write(bench.path("bare.db"), "")?;
    says("countersign migrate")?;
    bench.run("bare.db", &["migrate"])?;
    says("nothing to verify")
}

/// Edits a fresh copy and verifies it in a fresh process; gives the line that names the edit.
fn apply(bench: &Bench<'_>, edit: &Edit) -> anyhow::Result<String> {
    std::fs::copy(bench.path("countersign.db"), bench.path("copy.db"))?;
    outside::edit(&bench.path("copy.db"), &edit.sql)?;
    let plain = ["audit", "verify"];
    let against = ["audit", "verify", "--against", "checkpoints.jsonl"];
    let said = match edit.found {
        Found::Plainly => bench.refused("copy.db", &plain)?,
        Found::BesideTheExport => {
            let blind = bench.run("copy.db", &plain)?;
            ensure!(blind.contains(", 0 faults found\n"), "it is found without the export:\n{blind}");
            bench.refused("copy.db", &against)?
        }
    };
    let named = said.lines().find(|line| edit.named.iter().all(|word| line.contains(word.as_str())));
    let named = named.with_context(|| format!("no line has all of {:?}:\n{said}", edit.named))?;
    Ok(named.to_owned())
}

/// Sets a password, which is an event of its user.
fn set_password(bench: &Bench<'_>, login: &str) -> anyhow::Result<()> {
    output_of_input(&mut bench.command("countersign.db", &["user", "password", login]), "another one\n")?;
    Ok(())
}
