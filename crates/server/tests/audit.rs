//! The audit as its user meets it: what it says, what it refuses, and the checkpoints of a running server.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use countersign_xtask::outside;
use countersign_xtask::process::{Server, outcome, output, serve};
use serde_json::json;
use support::{Demo, OIG, binary};

const EDIT: &str = "UPDATE app_user SET display_name = 'Somebody else' WHERE login = 'approver'";

fn audit(database: &Path, arguments: &[&str]) -> Command {
    let mut command = serve(&binary(), database);
    command.arg("audit").args(arguments);
    command
}

/// What a command says that must fail.
fn refused(command: &mut Command) -> String {
    let output = outcome(command).unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_verification_says_what_it_read_and_names_what_it_finds() {
    let demo = Demo::start();
    let sound = output(&mut audit(&demo.database(), &["verify"])).unwrap();
    assert!(sound.contains(" events and 0 checkpoints read, 0 faults found\n"), "{sound}");
    assert!(sound.contains("signatures are not verified") && sound.contains("events after the last"), "{sound}");
    let name = outside::ask(&demo.database(), "SELECT display_name AS value FROM app_user WHERE login = 'approver'");
    outside::edit(&demo.database(), EDIT).unwrap();
    let said = refused(&mut audit(&demo.database(), &["verify"]));
    assert!(said.contains(", 1 fault found\n") && said.contains("\nuser 67c8096e-"), "{said}");
    assert!(said.contains(": displayName is another") && !said.contains("Somebody"), "{said}");
    let back = format!("UPDATE app_user SET display_name = '{}' WHERE login = 'approver'", name.unwrap());
    outside::edit(&demo.database(), &back).unwrap();
}

#[test]
#[should_panic(expected = "the audit finds faults after the test")]
fn a_test_that_leaves_a_fault_behind_fails() {
    let demo = Demo::start();
    outside::edit(&demo.database(), EDIT).unwrap();
}

#[test]
fn without_a_key_no_checkpoints_are_made_and_the_server_says_so() {
    let mut demo = Demo::start();
    let said = demo.server.printed().join("\n");
    assert!(said.contains("audit.signing_key is not set"), "{said}");
    let refusal = refused(&mut audit(&demo.database(), &["checkpoint"]));
    assert!(refusal.contains("audit.signing_key") && refusal.contains("audit key FILE"), "{refusal}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (database, key) = (folder.path().join("a.db"), folder.path().join("audit.pem"));
    output(serve(&binary(), &database).arg("migrate")).unwrap();
    output(&mut audit(&database, &["key", key.to_str().unwrap()])).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut server = serve(&binary(), &database);
    server.arg("serve");
    for mut command in [server, audit(&database, &["checkpoint"])] {
        let refusal = refused(command.env("COUNTERSIGN__AUDIT__SIGNING_KEY", &key));
        assert!(refusal.contains("audit.signing_key") && refusal.contains("644"), "{refusal}");
    }
}

/// Two servers on one database, and a command beside them: one chain.
#[test]
fn several_servers_make_one_chain_of_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("audit.pem");
    output(&mut audit(&folder.path().join("none.db"), &["key", key.to_str().unwrap()])).unwrap();
    let key = key.to_str().unwrap();
    let settings = [("COUNTERSIGN__AUDIT__SIGNING_KEY", key), ("COUNTERSIGN__AUDIT__CHECKPOINT_SECONDS", "1")];
    let demo = Demo::with(&settings);
    let second = Server::start(serve(&binary(), &demo.database()).arg("serve").envs(settings)).unwrap();
    let requester = demo.login("requester");
    let role = json!({"requests": [{"reqBeneficiaryList": [{"id": "24"}],
        "reqTargetEntities": [{"entityId": "12", "entityType": "role"}]}]});
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        let headers: [&[u8]; 2] = [b"X-Requested-By: test", b"Content-Type: application/json"];
        let path = format!("{OIG}/requests");
        let answer = requester.raw("POST", path.as_bytes(), &headers, role.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        output(audit(&demo.database(), &["checkpoint"]).envs(settings)).unwrap();
    }
    second.stop().unwrap();
    let nothing = output(audit(&demo.database(), &["checkpoint"]).envs(settings)).unwrap();
    assert_eq!(nothing, "nothing has happened since the last checkpoint\n");
    let file = folder.path().join("checkpoints.jsonl");
    let export = || audit(&demo.database(), &["export-checkpoints", file.to_str().unwrap()]);
    output(&mut export()).unwrap();
    let exported = std::fs::read_to_string(&file).unwrap().lines().count();
    assert!(exported > 2, "{exported} checkpoints");
    assert_eq!(output(&mut export()).unwrap(), "0 checkpoints written\n");
    let verify = ["verify", "--against", file.to_str().unwrap(), "--key", key];
    let said = output(&mut audit(&demo.database(), &verify)).unwrap();
    assert!(said.contains(&format!(" and {exported} checkpoints read, 0 faults found\n")), "{said}");
    assert!(!said.contains("not verified") && !said.contains("after the last"), "{said}");

    // What was exported is not written over by a database that does not hold it.
    let before = std::fs::read(&file).unwrap();
    let forget = "DELETE FROM checkpoint_leaf WHERE checkpoint = 2; DELETE FROM checkpoint WHERE sequence = 2";
    let copy = folder.path().join("copy.db");
    outside::edit(&demo.database(), &format!("VACUUM INTO '{}'", copy.display())).unwrap();
    outside::edit(&copy, forget).unwrap();
    let refusal = refused(&mut audit(&copy, &["export-checkpoints", file.to_str().unwrap()]));
    assert!(refusal.contains("checkpoint 2 that the database does not hold"), "{refusal}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
