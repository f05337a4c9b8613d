//! The pair behind a proxy, as docker-compose.yml has it: PostgreSQL, which is reached encrypted, two containers of the
//! image on it, and the proxy with the configuration that stands in the repository.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use countersign_test_postgres::Secured;
use serde_json::{Value, json};

use super::buildah::install;
use super::container::{Container, Image};
use super::life::{Place, free_address};
use crate::http::Client;
use crate::process::{Server, output};

const OIG: &str = "/iam/governance/selfservice/api/v1";
/// How long the proxy may take to find out which servers are there.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many calls are made with both servers, and how many with one.
const CALLS: usize = 40;

/// Makes requests through the proxy, while both servers are there and while one of them is not.
pub(super) fn run(image: &Image<'_>, root: &Path) -> anyhow::Result<Value> {
    install("caddy", "caddy")?;
    let postgres = Secured::start();
    let container = Container::new(image)?;
    let authority = container.put("authority.pem", &std::fs::read(postgres.authority())?)?;
    let url = postgres.url(&format!("sslmode=verify-full&sslrootcert={authority}"));
    let url = container.put("storage-url", url.as_bytes())?;
    let listen = free_address()?;
    let container = container.with("COUNTERSIGN__STORAGE__URL_FILE", &url);
    let container = container.with("COUNTERSIGN__SERVER__PUBLIC_URL", &format!("http://{listen}"));
    let migrated = output(&mut container.command("127.0.0.1:0", &["migrate"])?)?;
    Server::start(&mut container.command("127.0.0.1:0", &["demo"])?)?.stop()?;
    let start =
        |address: SocketAddr| -> anyhow::Result<Server> { Server::start(&mut container.serve(&address.to_string())?) };
    let addresses = [free_address()?, free_address()?];
    let servers = [start(addresses[0])?, start(addresses[1])?];
    let proxy = Proxy::start(root, listen, addresses)?;
    let number = makes_a_request(&proxy.client, &servers)?;
    let both = calls(&proxy.client, number)?;
    let connections = postgres.connections();
    let [first, second] = servers;
    let first = first.stop()?;
    let one = calls(&proxy.client, number)?;
    let back = start(addresses[0])?;
    proxy.wait()?;
    calls(&proxy.client, number)?;
    let answered = [first, second.stop()?, back.stop()?].map(|log| answers(&log, number));
    ensure!(answered.iter().all(|calls| *calls > 0), "a server answered nothing: {answered:?}");
    Ok(json!({
        "migrations": migrated.lines().count(),
        "connections": connections,
        "request": number,
        "calls_with_both": both,
        "calls_with_one": one,
        "answered_by_first_second_and_first_again": answered,
    }))
}

/// Logs in, makes a request and has it approved, through the proxy; each server has it.
fn makes_a_request(proxy: &Client, servers: &[Server; 2]) -> anyhow::Result<u64> {
    let by = |login: &str| proxy.login(login, "demo");
    ensure!(by("requester").get("/api/v1/me")?.status == 200, "the login is refused");
    ensure!(proxy.login("requester", "wrong").get("/api/v1/me")?.status == 401, "a wrong password is taken");
    let body =
        json!({"beneficiaries": [{ "login": "user24" }], "targets": [{"entityType": "Role", "entityKey": "12"}]});
    let made = by("requester").send("POST", "/api/v1/requests", &[], &body)?;
    let number = made.json_of(201)?["number"].as_u64().context("a number")?;
    let read = by("requester").get(&format!("{OIG}/requests/{number}"))?;
    ensure!(
        read.text().contains(&format!("http://{}/", proxy.address())),
        "links lead past the proxy: {}",
        read.text()
    );
    for server in servers {
        let seen = by("requester").at(server.address()).get(&format!("{OIG}/requests/{number}"))?;
        ensure!(seen.status == 200, "a server does not have the request: {}", seen.text());
    }
    Ok(number)
}

/// Reads the request through the proxy, again and again; every call must be answered.
fn calls(proxy: &Client, number: u64) -> anyhow::Result<usize> {
    for call in 0..CALLS {
        // Each over a connection of its own, or the proxy might stay with one server.
        let client = proxy.with_own_connections().login("requester", "demo");
        let answer = client.get(&format!("{OIG}/requests/{number}"))?;
        ensure!(answer.status == 200, "call {call}: {} {}", answer.status, answer.text());
    }
    Ok(CALLS)
}

/// How often a server says that it answered a read of the request.
fn answers(log: &[String], number: u64) -> usize {
    let path = format!("path=\"{OIG}/requests/{number}\"");
    log.iter().filter(|line| line.contains(&path)).count()
}

/// The proxy, until it is dropped.
struct Proxy {
    child: Child,
    client: Client,
    folder: tempfile::TempDir,
}

impl Proxy {
    fn start(root: &Path, listen: SocketAddr, servers: [SocketAddr; 2]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(root.join("config/Caddyfile"));
        command.env("PROXY_LISTEN", format!("http://{listen}"));
        command.env("SERVERS", servers.map(|server| server.to_string()).join(" "));
        command.env("XDG_CONFIG_HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let proxy = Self { child: command.spawn().context("caddy")?, client: Client::new(listen), folder };
        proxy.wait()?;
        Ok(proxy)
    }

    /// Waits until it has asked every server whether it is ready.
    fn wait(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        while !self.client.get("/readyz").is_ok_and(|answer| answer.status == 200) {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            ensure!(Instant::now() < end, "the proxy does not answer:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        // Twice the time between two health checks, and what is kept of a failure.
        std::thread::sleep(Duration::from_secs(6));
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
