//! A bundle in a database of its own, with a clock that stands still, for tests and shows.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::Client;
use crate::password;
use crate::process::{Server, output, output_of_input, serve_at, url_of};

/// Everybody's password.
const PASSWORD: &str = "world";

/// A database of its own.
#[derive(Debug)]
pub struct World {
    binary: PathBuf,
    folder: TempDir,
    /// The URL of the database.
    storage: String,
}

impl World {
    /// A database of `records`, in which every user has a password and it is `now`, as RFC 3339 writes it.
    pub fn new(binary: &Path, records: &[Value], now: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let storage = url_of(&folder.path().join("countersign.db"));
        Self::in_folder(binary, folder, storage, records, now)
    }

    /// The same on the empty database at a URL.
    pub fn on(binary: &Path, storage: String, records: &[Value], now: &str) -> anyhow::Result<Self> {
        Self::in_folder(binary, tempfile::tempdir()?, storage, records, now)
    }

    fn in_folder(
        binary: &Path,
        folder: TempDir,
        storage: String,
        records: &[Value],
        now: &str,
    ) -> anyhow::Result<Self> {
        let world = Self { binary: binary.to_owned(), folder, storage };
        let hash = String::from(password::hash(PASSWORD)?);
        let users = records.iter().filter(|record| record["kind"] == "user");
        let credentials = users.map(|user| json!({"kind": "credential", "user": user["id"], "hash": hash}));
        let bundle: Vec<Value> = records.iter().cloned().chain(credentials).collect();
        std::fs::write(world.file("bundle.json"), Value::from(bundle).to_string())?;
        std::fs::write(world.file("settings.toml"), format!("[workflow]\ntest_clock = {:?}\n", world.file("now")))?;
        world.turn_the_clock_to(now)?;
        output(world.command().arg("migrate"))?;
        output(world.command().arg("import").arg(world.file("bundle.json")))?;
        Ok(world)
    }

    /// A server over it, with these variables in its environment.
    pub fn start<'a>(&self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> anyhow::Result<Server> {
        let mut command = self.command();
        Server::start(command.args(["serve", "--config"]).arg(self.file("settings.toml")).envs(variables))
    }

    /// From now on it is `now`.
    pub fn turn_the_clock_to(&self, now: &str) -> anyhow::Result<()> {
        // In one step, or a server might find the file while it is empty.
        std::fs::write(self.file("later"), now)?;
        Ok(std::fs::rename(self.file("later"), self.file("now"))?)
    }

    /// Sets a password, as an operator does beside the server.
    pub fn set_password(&self, login: &str, password: &str) -> anyhow::Result<()> {
        output_of_input(self.command().args(["user", "password", login]), password).map(drop)
    }

    /// Fails unless what is stored fits together and is what the events say.
    pub fn verify(&self) -> anyhow::Result<()> {
        output(self.command().arg("check"))?;
        output(self.command().args(["audit", "verify"]))?;
        Ok(())
    }

    /// The same client as one of the users.
    #[must_use]
    pub fn login(&self, client: &Client, login: &str) -> Client {
        client.login(login, PASSWORD)
    }

    /// The database file, where it is one.
    pub fn database(&self) -> PathBuf {
        self.file("countersign.db")
    }

    fn command(&self) -> Command {
        serve_at(&self.binary, &self.storage)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
