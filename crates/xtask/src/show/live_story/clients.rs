//! The story by clients that generators make of the document that the server gives of itself. What they need is
//! fetched into a folder that goes away again; python, java, node and npm must be there.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::Context;
use crate::http::Client;
use crate::process::{Server, output};

/// The generator from PyPI, with its jar.
const GENERATOR: &str = "openapi-generator-cli==7.26.0";
/// From npm: the generator of types, the client that they are for, the compiler.
const PACKAGES: [&str; 3] = ["openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3"];

/// A Python client by openapi-generator tells the story; nothing of it is HTTP by hand.
pub(super) fn python(context: &Context, server: &Server) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    document(server, at)?;
    step(at, "python3", &["-m", "venv", "venv"])?;
    let pip = "venv/bin/pip";
    step(at, pip, &["install", "--quiet", "--disable-pip-version-check", GENERATOR])?;
    let package = "--additional-properties=packageName=countersign_client";
    step(
        at,
        "venv/bin/openapi-generator-cli",
        &["generate", "-g", "python", "-i", "api.json", "-o", "client", package],
    )?;
    step(at, pip, &["install", "--quiet", "--disable-pip-version-check", "-r", "client/requirements.txt"])?;
    let story = data(context, "story.py");
    let mut command = Command::new(at.join("venv/bin/python"));
    command.arg(&story).arg(server.url()).env("PYTHONPATH", at.join("client")).current_dir(at);
    told(&output(&mut command)?, GENERATOR)
}

/// A TypeScript program that tells it passes the type check, and runs.
pub(super) fn typescript(context: &Context, server: &Server) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    document(server, at)?;
    // Without a file of its own npm would look for one further up.
    std::fs::write(at.join("package.json"), "{\"private\": true}")?;
    let install = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
    step(at, "npm", &[&install[..], &PACKAGES].concat())?;
    step(at, "node_modules/.bin/openapi-typescript", &["api.json", "-o", "api.d.ts"])?;
    std::fs::copy(data(context, "story.mts"), at.join("story.mts"))?;
    let check = ["--strict", "--target", "es2022", "--module", "nodenext", "story.mts"];
    step(at, "node_modules/.bin/tsc", &check)?;
    let printed = output(Command::new("node").arg("story.mjs").arg(server.url()).current_dir(at))?;
    told(&printed, PACKAGES[0])
}

/// The server's own description, as `api.json`.
fn document(server: &Server, folder: &Path) -> anyhow::Result<()> {
    let answer = Client::new(server.address()).get("/openapi.json")?;
    ensure!(answer.status == 200, "/openapi.json answers {}", answer.status);
    Ok(std::fs::write(folder.join("api.json"), answer.body)?)
}

/// Runs a program of the folder, or one of the machine's.
fn step(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let own = folder.join(program);
    let mut command = if own.exists() { Command::new(own) } else { Command::new(program) };
    output(command.args(arguments).current_dir(folder)).map(|_| ())
}

/// The last line that the program prints says what happened.
fn told(printed: &str, generator: &str) -> anyhow::Result<Value> {
    let line = printed.lines().next_back().context("the client printed nothing")?;
    let told: Value = serde_json::from_str(line).with_context(|| format!("the client printed {line}"))?;
    ensure!(told["children"] == 4, "the client tells {told}");
    Ok(json!({ "generator": generator, "told": told }))
}

fn data(context: &Context, name: &str) -> std::path::PathBuf {
    context.root.join("crates/xtask/data").join(name)
}
