//! The server that the calls go to, what happened on it, and one call.

use std::cell::Cell;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::http::Client;
use crate::oracle::array;
use crate::process::{Server, output, serve_at, url_of};
use crate::show::Context;
use crate::signature;

pub(super) const MIM: &str = "/CertificateManagement/api/v1.0";
pub(super) const OIG: &str = "/iam/governance/selfservice/api/v1";
pub(super) const NATIVE: &str = "/api/v1";
/// The key of the program that carries requests out.
pub(super) const SECRET: &str = "a key of the program";

/// Who sends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// A demo login.
    Login(&'static str),
    /// The program behind a webhook, which signs.
    Program,
}

/// A call as it is sent, but for its key.
#[derive(Clone, Debug)]
pub(super) struct Call {
    sender: Sender,
    pub(super) method: &'static str,
    pub(super) path: String,
    body: Value,
    tag: Option<String>,
}

impl Call {
    pub(super) fn new(login: &'static str, method: &'static str, path: &str, body: Value) -> Self {
        Self { sender: Sender::Login(login), method, path: path.to_owned(), body, tag: None }
    }

    /// The same call, signed with the program's key.
    pub(super) fn signed(self) -> Self {
        Self { sender: Sender::Program, ..self }
    }

    /// The same call under the condition that this ETag is the present one.
    pub(super) fn seeing(self, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), ..self }
    }

    /// The same call with another body.
    pub(super) fn with(&self, body: Value) -> Self {
        Self { body, ..self.clone() }
    }

    /// The same call about something else.
    pub(super) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// Sends it, under a key if there is one.
    pub(super) fn send(&self, client: &Client, key: Option<&str>) -> anyhow::Result<Answer> {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        let mut lines = vec!["X-Requested-By: show".to_owned(), "Content-Type: application/json".to_owned()];
        lines.extend(key.map(|key| format!("Idempotency-Key: {key}")));
        lines.extend(self.tag.as_ref().map(|tag| format!("If-Match: {tag}")));
        let client = match self.sender {
            Sender::Login(login) => client.login(login, "demo"),
            Sender::Program => {
                lines.extend(signature_lines(&body)?);
                client.anonymous()
            }
        };
        let headers: Vec<_> = lines.iter().map(String::as_bytes).collect();
        let answer = client.raw(self.method, self.path.as_bytes(), &headers, body.as_bytes());
        answer.with_context(|| format!("{} {} {body}", self.method, self.path))
    }

    /// What the answer to another body under a used key must be.
    pub(super) fn reused(&self) -> u16 {
        if self.path.starts_with(MIM) { 400 } else { 422 }
    }
}

fn signature_lines(body: &str) -> anyhow::Result<[String; 2]> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let signature = signature::sign(SECRET, &time.to_string(), body.as_bytes());
    Ok([format!("X-Countersign-Timestamp: {time}"), format!("X-Countersign-Signature: {signature}")])
}

/// What must be equal in the answers to the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) status: u16,
    body: String,
    location: Option<String>,
    etag: Option<String>,
}

impl Heard {
    pub(super) fn of(answer: &Answer) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        Self { status: answer.status, body: answer.text(), location: header("location"), etag: header("etag") }
    }
}

/// The demo, which is killed and started again on the same database.
pub(super) struct World<'a> {
    context: &'a Context,
    /// The URL of the database.
    storage: String,
    /// Where that is a file of its own.
    _folder: Option<TempDir>,
    server: Option<Server>,
    pub(super) client: Client,
    position: Cell<i64>,
    made: Cell<u32>,
}

impl<'a> World<'a> {
    /// A fresh demo, with an item that a person carries out and one that a program does.
    pub(super) fn start(context: &'a Context) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        Self::in_folder(context, url_of(&folder.path().join("countersign.db")), Some(folder))
    }

    /// The same on the empty database at a URL.
    pub(super) fn on(context: &'a Context, storage: String) -> anyhow::Result<Self> {
        Self::in_folder(context, storage, None)
    }

    fn in_folder(context: &'a Context, storage: String, folder: Option<TempDir>) -> anyhow::Result<Self> {
        let server = Server::start(pinned(serve_at(&context.binary, &storage).arg("demo")))?;
        let client = Client::checked(server.address())?;
        let (position, made) = (Cell::new(0), Cell::new(0));
        let world = Self { context, storage, _folder: folder, server: Some(server), client, position, made };
        for fulfilment in ["manual", "webhook"] {
            let item = json!({"entityType": "Role", "entityKey": fulfilment, "name": "Of the show",
                "fulfilment": fulfilment});
            world.native("sysadmin", "/catalog-items", item)?;
        }
        let program = json!({"name": "Program", "url": "http://127.0.0.1:9/", "purpose": "fulfil", "secret": SECRET});
        world.native("sysadmin", "/webhooks", program)?;
        Ok(world)
    }

    /// Ends the server at once, wherever it is.
    pub(super) fn kill(&mut self) {
        self.server = None;
    }

    /// Starts a server on the same database.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        let mut command = serve_at(&self.context.binary, &self.storage);
        let server = Server::start(pinned(command.arg("serve")))?;
        self.client = self.client.at(server.address());
        self.server = Some(server);
        Ok(())
    }

    /// Stops the server and lets the database be checked; what was found.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.kill();
        for arguments in [&["check"][..], &["audit", "verify"]] {
            output(serve_at(&self.context.binary, &self.storage).args(arguments))?;
        }
        Ok(())
    }

    /// What happened since this was asked for the last time: the stream and the kind of each event, sorted.
    pub(super) fn news(&self) -> anyhow::Result<Vec<String>> {
        let mut news = Vec::new();
        loop {
            let path = format!("{NATIVE}/events?limit=1000&after={}", self.position.get());
            let page = self.client.unchecked().login("sysadmin", "demo").get(&path)?.json_of(200)?;
            let items = array(&page["items"]);
            if items.is_empty() {
                news.sort();
                return Ok(news);
            }
            self.position.set(page["next"].as_i64().context("a feed without its next position")?);
            let word = |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
            news.extend(items.iter().map(|event| format!("{} {}", word(event, "stream"), word(event, "kind"))));
        }
    }

    /// A number that was not given out before.
    pub(super) fn fresh(&self) -> u32 {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    /// Makes something natively.
    pub(super) fn native(&self, login: &'static str, path: &str, body: Value) -> anyhow::Result<Value> {
        self.done(&Call::new(login, "POST", &format!("{NATIVE}{path}"), body))
    }

    /// Sends a call that must succeed, without a key.
    pub(super) fn done(&self, call: &Call) -> anyhow::Result<Value> {
        let answer = call.send(&self.client.unchecked(), None)?;
        ensure!([200, 201].contains(&answer.status), "{call:?}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// What stands at a path, with its ETag.
    pub(super) fn read(&self, login: &str, path: &str) -> anyhow::Result<(Value, String)> {
        let answer = self.client.login(login, "demo").get(path)?;
        let tag = answer.header("etag").unwrap_or_default().to_owned();
        Ok((answer.json_of(200)?, tag))
    }
}

/// Links stay the same whatever the port.
fn pinned(command: &mut Command) -> &mut Command {
    command.env("COUNTERSIGN__SERVER__PUBLIC_URL", "http://show.example")
}
