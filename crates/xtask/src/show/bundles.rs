//! `main-job.5`: bundles come out as they went in, faults are all named and stop everything, and
//! a check finds what was planted.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use countersign_storage_sqlite::LEFT_OUT;
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use diesel::sqlite::SqliteConnection;
use serde_json::{Value, json};

use super::{Context, Size};
use crate::process::{outcome, output, output_of_input, serve};
use crate::seed;

/// A database and the command line over it.
struct Database<'a> {
    context: &'a Context,
    folder: &'a Path,
    name: &'static str,
}

impl Database<'_> {
    fn path(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = serve(&self.context.binary, &self.path());
        command.args(arguments).current_dir(self.folder);
        command
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.command(arguments))
    }

    /// What a command that must fail says.
    fn fails(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let outcome = outcome(&mut self.command(arguments))?;
        ensure!(!outcome.status.success(), "{arguments:?} succeeds");
        Ok(format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr)))
    }

    fn export(&self) -> anyhow::Result<String> {
        self.run(&["export", "-", "--with-credentials"])
    }

    /// Runs SQL beside the program, as an accident would.
    fn tamper(&self, sql: &str) -> anyhow::Result<()> {
        let path = self.path();
        let mut connection = SqliteConnection::establish(path.to_str().context("a UTF-8 path")?)?;
        connection.batch_execute("PRAGMA busy_timeout = 10000")?;
        Ok(connection.batch_execute(sql)?)
    }
}

/// Runs every clause of the line on databases of its own.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let demo = Database { context, folder, name: "demo.db" };
    demo.run(&["migrate"])?;
    let bundle = context.root.join("config/demo.json");
    let bundle = bundle.to_str().context("a UTF-8 path")?;
    demo.run(&["import", bundle])?;
    output_of_input(&mut demo.command(&["user", "password", "requester"]), "a password\n")?;

    let records = round_trip(&demo, "demo")?;
    the_same_twice(&demo, bundle)?;
    credentials_stay(&demo)?;
    let faults = five_faults(&demo)?;
    let found = planted(&demo)?;

    let requests = if size == Size::Full { 100_000 } else { 300 };
    let many = Database { context, folder, name: "many.db" };
    seed::make(&many.path(), seed::Plan { requests, own: 3 })?;
    let many_records = round_trip(&many, "many")?;

    ensure!(
        LEFT_OUT.iter().all(|(.., reason)| reason.split(' ').count() > 2),
        "something is left out without a reason"
    );
    Ok(json!({
        "records_compared": records + many_records,
        "faults_named": faults,
        "planted_and_found": found,
        "left_out_with_reason": LEFT_OUT.len(),
    }))
}

/// Export, import into an empty database, export: the same bytes. Returns how many records.
fn round_trip(from: &Database<'_>, name: &str) -> anyhow::Result<usize> {
    let to = Database { name: if name == "demo" { "demo-again.db" } else { "many-again.db" }, ..*from };
    let (first, second) = (format!("{name}.jsonl"), format!("{name}-again.jsonl"));
    from.run(&["export", &first, "--with-credentials"])?;
    to.run(&["migrate"])?;
    to.run(&["import", &first])?;
    to.run(&["export", &second, "--with-credentials"])?;
    let read = |file: &str| std::fs::read(from.folder.join(file));
    let (before, after) = (read(&first)?, read(&second)?);
    ensure!(before == after, "the export of {name} is not the same after an import");
    let mode = std::fs::metadata(from.folder.join(&first))?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "an export with credentials has the mode {mode:o}");
    ensure!(to.run(&["check"])?.contains(" 0 differences"), "the imported database has differences");
    let events = before.split(|byte| *byte == b'\n').filter(|line| line.starts_with(br#"{"kind":"event""#)).count();
    ensure!(events > 10, "the export of {name} has {events} events");
    Ok(before.iter().filter(|byte| **byte == b'\n').count())
}

/// The hand-written bundle and the export again: nothing is added, nothing changes.
fn the_same_twice(demo: &Database<'_>, bundle: &str) -> anyhow::Result<()> {
    let before = demo.export()?;
    // `user password` has moved that user's revision on, so that only the export is what is there.
    let again = demo.run(&["import", "demo.jsonl"])?;
    ensure!(again.starts_with("0 records added"), "the same file again: {again}");
    ensure!(demo.export()? == before, "the same file again changed something");
    let fresh = Database { name: "fresh.db", ..*demo };
    fresh.run(&["migrate"])?;
    fresh.run(&["import", bundle])?;
    let before = fresh.export()?;
    let again = fresh.run(&["import", bundle])?;
    ensure!(again.starts_with("0 records added"), "the same bundle again: {again}");
    ensure!(fresh.export()? == before, "the same bundle again changed something");
    Ok(())
}

/// Password hashes leave on demand alone.
fn credentials_stay(demo: &Database<'_>) -> anyhow::Result<()> {
    ensure!(demo.export()?.contains("$argon2id$"), "no hash is exported on demand");
    ensure!(!demo.run(&["export", "-"])?.contains("$argon2id$"), "hashes are exported without demand");
    Ok(())
}

/// Five faults of five kinds, and good records around them: all five are named with their
/// place, and nothing is written. Returns how many are named.
fn five_faults(demo: &Database<'_>) -> anyhow::Result<usize> {
    let user = |n: u64, login: &str| {
        json!({"kind": "user", "id": format!("00000000-0000-4000-8000-{n:012}"), "number": 90_000 + n,
            "login": login, "displayName": "Somebody"})
    };
    let mut bad_id = user(2, "bad-id");
    bad_id["id"] = json!("not-a-guid");
    let mut bad_status = user(3, "bad-status");
    bad_status["status"] = json!("asleep");
    let mut unknown_member = user(4, "unknown-member");
    unknown_member["shoeSize"] = json!(44);
    let mut nobodys = user(5, "no-such-manager");
    nobodys["manager"] = json!("00000000-0000-4000-8000-000000000404");
    let records =
        [user(1, "good"), bad_id, bad_status, unknown_member, nobodys, user(6, "REQUESTER"), user(7, "also-good")];
    std::fs::write(demo.folder.join("faults.json"), Value::from(records.to_vec()).to_string())?;

    let before = demo.export()?;
    let said = demo.fails(&["import", "faults.json"])?;
    for (place, member) in [(2, "id"), (3, "status"), (4, "shoeSize"), (5, "manager"), (6, "login")] {
        let named = said.lines().find(|line| line.contains(&format!("record {place} ")));
        let named = named.with_context(|| format!("record {place} is not named:\n{said}"))?;
        ensure!(named.contains(&format!("): {member}: ")), "{named} does not name {member}");
    }
    let named = said.lines().filter(|line| line.starts_with("record ")).count();
    ensure!(named == 5, "{named} faults are named instead of 5:\n{said}");
    ensure!(demo.export()? == before, "a faulty bundle has changed something");
    Ok(named)
}

/// Differences, one after the other: each is found where it is, by name; a repair leaves none.
fn planted(demo: &Database<'_>) -> anyhow::Result<Vec<&'static str>> {
    const REQUEST: &str = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099";
    const REQUESTER: &str = "8f1590dc-d932-4b66-8e68-2e91c5880780";
    let id = format!("x'{}'", REQUEST.replace('-', ""));
    // A request with a task, so that there is a task index to damage.
    let task = "174f78a2-80c7-44e4-88a1-60562ffa4697";
    let task_id = format!("x'{}'", task.replace('-', ""));
    let plants = [
        (
            "document",
            REQUEST,
            format!(
                "UPDATE request_document SET body = CAST(replace(CAST(body AS TEXT), 'Enroll', 'Retire') AS BLOB) WHERE request_id = {id}"
            ),
        ),
        ("document", REQUEST, format!("DELETE FROM request_document WHERE request_id = {id}")),
        ("readers", REQUEST, format!("UPDATE request_document SET acl = substr(acl, 19) WHERE request_id = {id}")),
        ("access index", REQUEST, format!("DELETE FROM request_access WHERE request_id = {id}")),
        ("access index", REQUEST, format!("UPDATE request_access SET status = 9 WHERE request_id = {id}")),
        ("task index", task, format!("DELETE FROM task_access WHERE request_id = {task_id}")),
        (
            "task index",
            task,
            format!("UPDATE task_access SET created_at = created_at + 1 WHERE request_id = {task_id}"),
        ),
        ("child counts", task, format!("UPDATE child_count SET open = open + 1 WHERE parent_id = {task_id}")),
        (
            "barred voters",
            task,
            format!(
                "INSERT INTO task_barred SELECT id, id, request_id FROM approval_task WHERE request_id = {task_id}"
            ),
        ),
        ("wake time", task, format!("UPDATE request SET wakes_at = 1 WHERE id = {task_id}")),
        ("handover", REQUESTER, "UPDATE app_user SET handover = 1 WHERE login_folded = 'requester'".to_owned()),
    ];
    let sound = demo.export()?;
    ensure!(demo.run(&["check"])?.contains(" 0 differences"), "there are differences before anything is planted");
    for (derived, request, sql) in &plants {
        demo.tamper(sql)?;
        let said = demo.fails(&["check"])?;
        let named = said.lines().any(|line| line.starts_with(derived) && line.contains(request));
        ensure!(named, "{sql}\nis not found as a difference in the {derived}:\n{said}");
        demo.run(&["check", "--repair"])?;
        let said = demo.run(&["check"])?;
        ensure!(said.contains(" 0 differences"), "after the repair of the {derived}:\n{said}");
    }
    ensure!(demo.export()? == sound, "planting and repairing changed the tables");
    let mut kinds: Vec<_> = plants.iter().map(|(derived, ..)| *derived).collect();
    kinds.dedup();
    Ok(kinds)
}
