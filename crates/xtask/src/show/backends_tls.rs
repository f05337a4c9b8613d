//! Part of `backends.7`: TLS to PostgreSQL. The server's certificate is of an authority of its own: with that authority
//! the database is used, encrypted; with another one or by another name it is not, and the log says why.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use countersign_test_postgres::Secured;
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::process::{Server, outcome, output, serve_at};

/// What a build without TLS says.
const NO_TLS: &str = "build with the feature `tls`";

/// Uses a database over TLS, rightly and wrongly. In short, with a build that has no TLS: it says so.
pub fn tls(size: Size, context: &Context) -> anyhow::Result<Value> {
    if size == Size::Short {
        let url = "postgres://countersign@localhost/countersign?sslmode=verify-full";
        return Ok(json!({ "without_tls": refused(&context.binary, url, &["migrate", "serve"], NO_TLS)? }));
    }
    let folder = tempfile::tempdir()?;
    of(&build(context, folder.path())?)
}

/// Likewise with a binary that has TLS.
pub(super) fn of(binary: &Path) -> anyhow::Result<Value> {
    let postgres = Secured::start();
    let verified = |authority: PathBuf| format!("sslmode=verify-full&sslrootcert={}", authority.display());
    let right = verified(postgres.authority());
    let migrated = output(serve_at(binary, &postgres.url(&right)).arg("migrate"))?;
    let used = |options: &str| used(binary, &postgres, options);
    let (wrong_authority, wrong_name) = ("certificate verify failed", "does not match host name");
    let stranger = postgres.url(&verified(postgres.stranger()));
    let elsewhere = postgres.url_at("127.0.0.1", &right);
    Ok(json!({
        "migrations": migrated.lines().count(),
        "verify_full": used(&right)?,
        "require": used("sslmode=require")?,
        "wrong_authority": {
            "migrate": refused(binary, &stranger, &["migrate"], wrong_authority)?,
            "serve": unavailable(binary, &stranger, wrong_authority)?,
        },
        "wrong_name": {
            "migrate": refused(binary, &elsewhere, &["migrate"], wrong_name)?,
            "serve": unavailable(binary, &elsewhere, wrong_name)?,
        },
        "not_encrypted": refused(binary, &postgres.url("sslmode=disable"), &["migrate"], "no encryption")?,
    }))
}

/// A build with TLS, put where no other build takes its place.
fn build(context: &Context, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = crate::process::cargo();
    cargo.args(["build", "--locked", "--release", "--package", "countersign-server", "--bin", "countersign"]);
    cargo.args(["--features", "tls", "--message-format", "json-render-diagnostics"]).current_dir(&context.root);
    let messages = output(&mut cargo)?;
    let built = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    let binary = folder.join("countersign");
    std::fs::copy(built.context("cargo built no executable")?, &binary)?;
    Ok(binary)
}

/// Serves the database; which connections there are then.
fn used(binary: &Path, postgres: &Secured, options: &str) -> anyhow::Result<String> {
    let server = Server::start(serve_at(binary, &postgres.url(options)).arg("serve"))?;
    let ready = Client::new(server.address()).get("/readyz")?;
    ensure!(ready.status == 200, "{options}: {}", ready.text());
    let connections = postgres.connections();
    let words: Vec<&str> = connections.split(' ').collect();
    ensure!(words[0] != "0" && words.first() == words.get(2), "{options}: {connections}");
    server.stop()?;
    Ok(connections)
}

/// Runs commands that must fail for this reason; what the last one said.
fn refused(binary: &Path, url: &str, commands: &[&str], reason: &str) -> anyhow::Result<String> {
    let mut said = String::new();
    for command in commands {
        let ended = outcome(serve_at(binary, url).arg(command))?;
        let all = String::from_utf8_lossy(&ended.stderr);
        said = all.lines().last().unwrap_or_default().to_owned();
        ensure!(!ended.status.success() && said.contains(reason), "{command}: {all}");
        ensure!(!all.contains(Secured::PASSWORD), "{command} prints the password");
    }
    Ok(said)
}

/// Starts a server that cannot use its database: it stays, is not ready, and its log says why.
fn unavailable(binary: &Path, url: &str, reason: &str) -> anyhow::Result<Value> {
    let mut server = Server::start(serve_at(binary, url).arg("serve"))?;
    let ready = Client::new(server.address()).get("/readyz")?;
    ensure!(ready.status == 503, "it is ready: {}", ready.text());
    let log = server.printed();
    let why = log.iter().find(|line| line.contains(reason));
    let why = why.with_context(|| format!("the log does not say {reason:?}:\n{}", log.join("\n")))?.clone();
    ensure!(!log.join("\n").contains(Secured::PASSWORD), "the log holds the password");
    ensure!(Client::new(server.address()).get("/healthz")?.status == 200, "it does not live any more");
    server.stop()?;
    Ok(json!({ "readyz": ready.status, "log": why }))
}
