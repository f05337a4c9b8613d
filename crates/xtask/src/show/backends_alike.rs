//! `backends.5`: what stands in both adapters is named, with the reason, and nothing else does.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Context, Size};

/// What belongs to each adapter alone.
const SQLITE: &[&str] = &["crates/storage-sqlite", "migrations/sqlite"];
const POSTGRES: &[&str] = &["crates/storage-postgres", "migrations/postgres"];
/// What they share.
const SHARED: &[&str] = &["crates/storage-sql"];
/// So many lines that follow one another in both are a repetition.
const RUN: usize = 6;

/// The files, by how their paths end, that may repeat each other, and why. The reasons stand in
/// `docs/adr/0010-relational-adapters-share-their-statements.md` too.
const ALIKE: &[(&str, &str)] = &[
    ("src/statement.rs", "diesel asks for a fragment and a query of each database's own types"),
    (
        "tests/fixture/mod.rs",
        "diesel's connections and migrations have each database's own types; what is run is said once",
    ),
    ("00000000000001_initial/up.sql", "two schemas with the same tables: names and keys are one, types are not"),
    ("00000000000001_initial/down.sql", "the same tables go"),
    (
        "00000000000002_lifecycle/up.sql",
        "two schemas with the same tables, and the same statements that fill new columns",
    ),
    ("00000000000002_lifecycle/down.sql", "the same tables and columns go"),
];

/// A pair of files that repeat each other.
#[derive(Debug, Serialize)]
struct Pair {
    sqlite: String,
    postgres: String,
    lines: usize,
    reason: &'static str,
}

/// Counts the lines of each part and holds what repeats against the list.
pub fn run(_: Size, context: &Context) -> anyhow::Result<Value> {
    let [sqlite, postgres, shared] = [SQLITE, POSTGRES, SHARED].map(|folders| files(&context.root, folders));
    let (sqlite, postgres, shared) = (sqlite?, postgres?, shared?);
    let mut pairs = Vec::new();
    for (left, one) in &sqlite {
        for (right, two) in &postgres {
            let lines = repeated(one, two);
            if lines > 0 {
                let reason = ALIKE.iter().find(|(end, _)| left.ends_with(end) && right.ends_with(end));
                let (_, reason) = reason.with_context(|| format!("{lines} lines of {left} stand in {right} too"))?;
                pairs.push(Pair { sqlite: left.clone(), postgres: right.clone(), lines, reason });
            }
        }
    }
    for (end, _) in ALIKE {
        ensure!(pairs.iter().any(|pair| pair.sqlite.ends_with(end)), "{end} is on the list and repeats nothing");
    }
    let alike: usize = pairs.iter().map(|pair| pair.lines).sum();
    Ok(json!({
        "lines_sqlite": lines_of(&sqlite), "lines_postgres": lines_of(&postgres), "lines_shared": lines_of(&shared),
        "alike": alike, "pairs": pairs,
    }))
}

/// The files of Rust and SQL in the folders, by their paths in the workspace: the lines that say something.
fn files(root: &Path, folders: &[&str]) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
                let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                found.insert(name, said(&fs::read_to_string(&path)?));
            }
        }
    }
    Ok(found)
}

/// The lines without blanks, comments, imports and lone punctuation.
fn said(text: &str) -> Vec<String> {
    let says = |line: &&str| {
        let silent = ["//", "--", "use ", "pub use ", "#[", "#!["];
        line.chars().any(char::is_alphanumeric) && !silent.iter().any(|begin| line.starts_with(begin))
    };
    text.lines().map(str::trim).filter(says).map(str::to_owned).collect()
}

fn lines_of(files: &BTreeMap<String, Vec<String>>) -> usize {
    files.values().map(Vec::len).sum()
}

/// How many lines of `one` stand in runs that stand in `two` as well.
fn repeated(one: &[String], two: &[String]) -> usize {
    let runs: HashSet<&[String]> = two.windows(RUN).collect();
    let mut is_repeated = vec![false; one.len()];
    for (at, run) in one.windows(RUN).enumerate() {
        if runs.contains(run) {
            is_repeated.iter_mut().skip(at).take(RUN).for_each(|line| *line = true);
        }
    }
    is_repeated.into_iter().filter(|repeated| *repeated).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_six_lines_is_a_repetition_and_five_are_none() {
        let lines = |text: &str| said(&text.replace(' ', "\n"));
        let one = lines("a b c d e f g h");
        assert_eq!(repeated(&one, &lines("x a b c d e f y")), 6);
        assert_eq!(repeated(&one, &lines("x a b c d e y f g h")), 0);
        assert_eq!(repeated(&one, &one), 8);
        assert_eq!(said("use a;\n// b\n}\n\n  let c;\n"), ["let c;"]);
    }
}
