//! Two servers on one database with a standby that is held back.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::ensure;
use countersign_test_postgres::{Instance, Origin};
use serde_json::{Value, json};

use crate::http::Client;
use crate::process::{Server, serve_at};
use crate::show::Context;

const DATABASE: &str = "countersign";
/// What a server writes for a list, by where it read it.
const FROM_REPLICA: &str = "a list was read from the replica";
const FROM_DATABASE: &str = "a list was read from the database";
/// All that lists of requests look into, and how far the standby has come.
const LISTS: [&str; 5] = ["request_access", "request_document", "request", "app_user", "number_space"];

/// The servers, the database and its standby.
pub(super) struct Site {
    servers: [Server; 2],
    pub(super) clients: Clients,
    pub(super) standby: Instance,
    /// Ends after those who use it.
    _database: Instance,
}

/// Callers of both servers.
pub(super) struct Clients(Client, [std::net::SocketAddr; 2]);

impl Clients {
    /// Somebody with a login, at one of the servers.
    pub(super) fn login(&self, server: usize, login: &str) -> Client {
        self.0.at(self.1[server]).login(login, "demo")
    }
}

/// How many lists were read from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) replica: usize,
    pub(super) database: usize,
}

impl Read {
    pub(super) const fn since(self, before: Self) -> Self {
        Self { replica: self.replica - before.replica, database: self.database - before.database }
    }
}

impl Site {
    /// Two servers by the binary `server` on the demo, with a standby so many seconds behind.
    pub(super) fn new(context: &Context, server: &Path, delay: u64) -> anyhow::Result<Self> {
        let database = Instance::start(Origin::Empty, "fsync = off");
        database.edit("postgres", &format!("CREATE DATABASE {DATABASE}"));
        let url = database.url(DATABASE);
        Server::start(serve_at(&context.binary, &url).args(["demo", "--listen", "127.0.0.1:0"]))?.stop()?;
        let held = format!("fsync = off\nrecovery_min_apply_delay = '{delay}s'\nlog_statement = 'all'");
        let standby = Instance::start(Origin::CopyOf(&database), &held);
        let start = || {
            let mut command = serve_at(server, &url);
            command.arg("serve").env("COUNTERSIGN__STORAGE__REPLICA_URL", standby.url(DATABASE));
            Server::start(command.env("COUNTERSIGN__LOG__FILTER", "info,countersign_storage_postgres=debug"))
        };
        let servers = [start()?, start()?];
        let addresses = [servers[0].address(), servers[1].address()];
        let clients = Clients(Client::checked(addresses[0])?, addresses);
        Ok(Self { servers, clients, standby, _database: database })
    }

    /// How many lists the servers have read from where.
    pub(super) fn reads(&mut self) -> Read {
        let lines: Vec<String> = self.servers.iter_mut().flat_map(Server::printed).collect();
        let count = |words| lines.iter().filter(|line| line.contains(words)).count();
        Read { replica: count(FROM_REPLICA), database: count(FROM_DATABASE) }
    }

    /// How many requests by that id the standby has.
    pub(super) fn known_to_standby(&self, request: &str) -> String {
        self.standby.ask(DATABASE, &format!("SELECT count(*) FROM request WHERE id = '{request}'"))
    }

    /// What the standby was asked, by its own log: nothing but lists of requests.
    pub(super) fn statements(&self) -> anyhow::Result<Value> {
        let log = self.standby.log();
        let statements: Vec<&str> = log.lines().filter_map(statement).collect();
        let mut tables = BTreeSet::new();
        let mut reads = 0;
        for text in &statements {
            let first = text.split_whitespace().next().unwrap_or_default();
            if ["SELECT", "WITH"].contains(&first) {
                tables.extend(tables_of(text));
                reads += 1;
            } else {
                let frame = ["BEGIN", "SET", "COMMIT", "ROLLBACK"].iter().any(|word| first.starts_with(word));
                ensure!(frame, "the replica was asked: {text}");
            }
        }
        ensure!(reads > 0, "the replica was asked for nothing");
        let others: Vec<_> = tables.iter().filter(|table| !LISTS.contains(table)).collect();
        ensure!(others.is_empty(), "the replica was asked for {others:?}");
        Ok(json!({ "statements": statements.len(), "reads": reads, "of_the_tables": tables }))
    }
}

/// The statement of a line, if it is about one.
fn statement(line: &str) -> Option<&str> {
    let (_, said) = line.split_once("LOG:  ")?;
    said.strip_prefix("statement: ").or_else(|| said.strip_prefix("execute ")?.split_once(": ").map(|(_, text)| text))
}

/// The tables that stand behind FROM and JOIN, but for what the statement itself names.
fn tables_of(text: &str) -> impl Iterator<Item = &str> {
    let own = text.strip_prefix("WITH RECURSIVE ").and_then(|rest| rest.split_whitespace().next());
    let words = text.split_whitespace();
    let names = words.clone().zip(words.skip(1)).filter(|(word, _)| ["FROM", "JOIN"].contains(word));
    let bare = names.map(|(_, name)| name.trim_end_matches([',', ')', ';']));
    let no_tables = ["(", "$", "unnest", "LATERAL"];
    bare.filter(move |name| !no_tables.iter().any(|begin| name.starts_with(begin)) && own != Some(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_their_tables_are_found_in_a_log() {
        let line =
            "2026-11-22 10:00:00.000 UTC [7] LOG:  execute __diesel_stmt_3: SELECT 1 FROM request_access WHERE x = $1";
        let text = statement(line).unwrap();
        assert_eq!(tables_of(text).collect::<Vec<_>>(), ["request_access"]);
        let joined =
            "SELECT d.body FROM unnest($1) AS j (value) CROSS JOIN request_document AS d WHERE (SELECT 1 FROM vote)";
        assert_eq!(tables_of(joined).collect::<Vec<_>>(), ["request_document", "vote"]);
        let each = "SELECT a.id FROM unnest($1, $2) AS run (b, c) CROSS JOIN LATERAL (SELECT id FROM request) AS a";
        assert_eq!(tables_of(each).collect::<Vec<_>>(), ["request"]);
        let own = "WITH RECURSIVE run (a) AS ( SELECT a FROM request_access ) SELECT a FROM run";
        assert_eq!(tables_of(own).collect::<Vec<_>>(), ["request_access"]);
        assert_eq!(statement("2026 UTC [7] LOG:  statement: BEGIN"), Some("BEGIN"));
        assert_eq!(statement("2026 UTC [7] DETAIL:  parameters: $1 = '3'"), None);
    }
}
