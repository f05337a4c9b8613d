//! The command line as its user meets it: what it refuses, and what it says.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::process::{Command, Output};

use countersign_xtask::http::Client;
use countersign_xtask::process::{Server, countersign, outcome, output, serve, serve_at};
use support::binary;

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a command says that must fail.
fn refused(command: &mut Command) -> String {
    let output = outcome(command).unwrap();
    assert!(!output.status.success(), "{command:?} succeeds: {}", said(&output));
    let said = said(&output);
    assert!(!said.contains("panicked") && !said.contains("stack backtrace"), "{said}");
    said
}

#[test]
fn a_database_is_served_after_its_migrations_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("countersign.db");
    let run = |argument: &str| output(serve(&binary(), &database).arg(argument)).unwrap();
    let refusal = refused(serve(&binary(), &database).arg("serve"));
    assert!(refusal.contains("there is no database") && refusal.contains("countersign migrate"), "{refusal}");
    assert!(!database.exists());
    std::fs::write(&database, "").unwrap();
    let refusal = refused(serve(&binary(), &database).arg("serve"));
    assert!(refusal.contains("00000000000001") && refusal.contains("countersign migrate"), "{refusal}");
    assert!(run("migrate").contains("00000000000001"));
    assert!(run("migrate").contains("no migration is missing"));
    let server = Server::on(&binary(), &database).unwrap();
    let client = Client::checked(server.address()).unwrap();
    assert_eq!(client.get("/readyz").unwrap().status, 200);
    server.stop().unwrap();
}

#[test]
fn a_server_makes_its_database_if_it_is_told_to_and_says_how_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("new/countersign.db");
    // Free a moment ago.
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let command = || {
        let mut command = serve(&binary(), &database);
        command.env("COUNTERSIGN__SERVER__LISTEN", &listen);
        command
    };
    assert!(refused(command().arg("health")).contains(&format!("nobody answers on {listen}")));
    let server = Server::start(command().args(["serve", "--migrate"])).unwrap();
    assert_eq!(output(command().arg("health")).unwrap(), "ready\n");
    std::fs::rename(&database, folder.path().join("elsewhere.db")).unwrap();
    assert!(refused(command().arg("health")).contains("not ready: the database does not take or give a row"));
    drop(server);
    assert!(refused(serve(&binary(), &database).arg("health")).contains("port 0"));
}

#[test]
fn a_server_waits_for_a_database_that_is_out_of_reach() {
    let url = "postgres://app:hunter2@localhost:1/countersign";
    let mut server = Server::start(serve_at(&binary(), url).arg("serve")).unwrap();
    let ready = Client::checked(server.address()).unwrap().get("/readyz").unwrap();
    assert_eq!(ready.status, 503, "{}", ready.text());
    let printed = server.printed().join("\n");
    assert!(printed.contains("no connection to the database") && printed.contains("Connection refused"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
}

#[test]
fn the_demo_is_for_this_machine_unless_it_gets_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |arguments: &[&str]| {
        let mut command = countersign(binary());
        command.args(["demo", "--data"]).arg(folder.path()).args(arguments);
        command
    };
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let refusal = refused(&mut demo(&["--listen", listen]));
        assert!(refusal.contains("--password") && refusal.contains(listen), "{refusal}");
    }
    let mut server = Server::start(&mut demo(&["--listen", "127.0.0.1:0", "--password", "another"])).unwrap();
    let client = Client::checked(server.address()).unwrap();
    let path = "/iam/governance/selfservice/api/v1/requests/2029";
    assert_eq!(client.login("TESTUSER1", "another").get(path).unwrap().status, 200);
    assert_eq!(client.login("TESTUSER1", "demo").get(path).unwrap().status, 401);
    assert!(!server.printed().join("\n").contains("another"), "the password is printed");
}

#[test]
fn a_setting_that_is_unknown_or_unfit_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:0\"\nliszen = 1\n").unwrap();
    let refusal = refused(countersign(binary()).args(["config", "check", "--config"]).arg(&file));
    assert!(refusal.contains("liszen"), "{refusal}");
    for (name, value, word) in [
        ("COUNTERSIGN__SERVER__LISTEN", "nowhere", "server.listen"),
        ("COUNTERSIGN__OIG__COMPAT", "10g", "oig.compat"),
        ("COUNTERSIGN__OIG__TIME_ZONE", "Mars/Olympus", "oig.time_zone"),
        ("COUNTERSIGN__SERVER__LISZEN", "1", "liszen"),
        ("COUNTERSIGN__STORAGE__URL", "mysql://a:secret@b", "storage.url"),
        ("COUNTERSIGN__AUDIT__SIGNING_KEY", "nowhere.pem", "audit.signing_key"),
        ("COUNTERSIGN__WORKFLOW__TEST_CLOCK", "nowhere", "workflow.test_clock"),
    ] {
        let refusal = refused(countersign(binary()).args(["config", "check"]).env(name, value));
        assert!(refusal.contains(word), "{name}: {refusal}");
        assert!(!refusal.contains("secret"), "{refusal}");
    }
}

#[test]
fn a_file_beats_a_default_and_the_environment_beats_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, url) = (folder.path().join("countersign.toml"), folder.path().join("url"));
    std::fs::write(&file, "[oig]\ncompat = \"11g\"\ntime_zone = \"Asia/Kolkata\"\n").unwrap();
    std::fs::write(&url, "sqlite:///from/a/file.db\n").unwrap();
    let mut command = countersign(binary());
    command.args(["config", "print", "--config"]).arg(&file);
    command.env("COUNTERSIGN__OIG__COMPAT", "12c").env("COUNTERSIGN__STORAGE__URL_FILE", &url);
    let printed = output(&mut command).unwrap();
    for line in
        ["compat = \"12c\"", "time_zone = \"Asia/Kolkata\"", "url = \"sqlite:///from/a/file.db\"", "enabled = true"]
    {
        assert!(printed.contains(line), "{line} is not in\n{printed}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("countersign.db");
    output(serve(&binary(), &database).arg("migrate")).unwrap();
    let run = |arguments: &[&str]| refused(serve(&binary(), &database).args(arguments).current_dir(folder.path()));
    assert!(run(&["import", "missing.json"]).contains("missing.json"));
    for text in ["[{\"kind\":\"user\"", "not JSON\n", "[1]", "{\"kind\":\"header\",\"format\":7}\n"] {
        std::fs::write(folder.path().join("bad.json"), text).unwrap();
        let refusal = run(&["import", "bad.json"]);
        assert!(refusal.contains("nothing was imported") || refusal.contains("bad.json"), "{text}: {refusal}");
    }
    assert!(run(&["user", "password", "nobody"]).contains("nobody"));
    assert!(run(&["export", "no/such/folder/out.jsonl"]).contains("out.jsonl"));
}
