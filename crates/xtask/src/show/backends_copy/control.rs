//! What must be found or refused: a copy that was broken off halfway meets a target that somebody has changed, a
//! source that has gone on, a server that is started on it.

use std::time::Duration;

use anyhow::ensure;
use countersign_storage_conformance::sample::Random;
use countersign_test_postgres::Database;
use serde_json::{Value, json};

use super::{Bench, SMALL, Target, broken, make, rows};
use crate::process::{outcome, output_of_input, url_of};

/// What somebody does to the target meanwhile, and the words that must come of it.
const EDITS: [(&str, &str, &str); 2] = [
    (
        "a changed row",
        "UPDATE app_user SET display_name = display_name || '.' WHERE number = (SELECT max(number) FROM app_user)",
        "the target's table app_user has the checksum",
    ),
    (
        "a lost row",
        "DELETE FROM mim_right WHERE right_code = (SELECT min(right_code) FROM mim_right)",
        "the target's table mim_right has ",
    ),
];

/// Each by itself; what was said.
pub(super) fn run(bench: &Bench<'_>, random: &mut Random) -> anyhow::Result<Value> {
    let source = make(bench, "small.db", SMALL)?;
    let total = rows(&source)?;
    let from = url_of(&source);
    // Where the people are, and most of the rest is not.
    let mut halfway = || total / 4 + random.below(total / 4);
    let mut found = Vec::new();
    let mut note = |what: &str, said: String| found.push(json!({ "what": what, "said": said }));
    for (what, sql, named) in EDITS {
        let database = Database::new();
        let to = Target::Server(&database);
        broken::at(&mut bench.copy(&from, &to), &to, halfway(), Duration::ZERO)?;
        database.edit(sql);
        note(what, refused(bench, &from, &to, named)?);
    }
    let database = Database::new();
    let to = Target::Server(&database);
    broken::at(&mut bench.copy(&from, &to), &to, halfway(), Duration::ZERO)?;
    let served = outcome(&mut bench.command(&to.url(), &["serve"]))?;
    note("a server on half a copy", failed(&served, "unfinished copy")?);
    output_of_input(&mut bench.command(&from, &["user", "password", "user2"]), "another one\n")?;
    note("a source that went on", refused(bench, &from, &to, "the source has changed")?);

    let database = Database::new();
    let to = Target::Server(&database);
    broken::to_its_end(&mut bench.copy(&from, &to))?;
    note("a target that is not empty", refused(bench, &from, &to, "the target is not empty")?);
    Ok(json!(found))
}

/// What a copy says that must not come to its end.
fn refused(bench: &Bench<'_>, from: &str, to: &Target<'_>, named: &str) -> anyhow::Result<String> {
    failed(&outcome(&mut bench.copy(from, to))?, named)
}

fn failed(output: &std::process::Output, named: &str) -> anyhow::Result<String> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success() && said.contains(named), "{named:?} is not said: {said}");
    Ok(said.lines().last().unwrap_or_default().to_owned())
}
