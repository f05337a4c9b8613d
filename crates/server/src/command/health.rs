//! `countersign health`

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ureq::Agent;

use super::{ConfigFile, print};
use crate::serve::here;

/// Longer than the server itself takes to say that its database does not answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks the server of these settings, on this machine, whether it can answer calls.
pub(super) async fn run(config: &ConfigFile) -> anyhow::Result<()> {
    let listen: SocketAddr = config.settings()?.server.listen.parse()?;
    ensure!(listen.port() != 0, "server.listen has port 0: nobody knows which one the server took");
    tokio::task::spawn_blocking(move || ask(here(listen))).await??;
    Ok(print("ready\n")?)
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).proxy(None).build();
    let asked = config.new_agent().get(format!("http://{address}/readyz")).call();
    let mut answer = asked.with_context(|| format!("nobody answers on {address}"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status();
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    bail!("the server on {address} is not ready: {}", problem["detail"].as_str().unwrap_or(status.as_str()))
}
