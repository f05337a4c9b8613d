//! `main-job.4`: OIG's rules: fields, who sees a request, and what is answered otherwise.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size, bad_input};
use crate::http::Client;
use crate::process::{Server, countersign};

const OIG: &str = "/iam/governance/selfservice/api/v1";

/// Calls the demo in every way that the line names.
pub fn run(_: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let server = Server::demo(&context.binary, folder.path())?;
    let client = Client::checked(server.address())?;
    let mut calls = fields(&client.login("TESTUSER1", "demo"))?;
    calls += seers(&client)?;
    calls += bad_input::oig(&client)?;
    ensure!(Client::new(server.address()).get("/readyz")?.status == 200, "the server is not ready any more");
    server.stop()?;
    calls += links(context, folder.path())?;
    Ok(json!({ "answers": calls }))
}

fn members(client: &Client, query: &str) -> anyhow::Result<BTreeSet<String>> {
    let answer = client.get(&format!("{OIG}/requests/2029{query}"))?;
    let time = answer.header("responsetime").context("no ResponseTime header")?;
    ensure!(time.parse::<u64>().is_ok(), "ResponseTime is {time}");
    Ok(answer.json_of(200)?.as_object().context("no object")?.keys().cloned().collect())
}

/// `fields` takes a comma list with blanks around its names; id and links are always there.
fn fields(client: &Client) -> anyhow::Result<usize> {
    let two: BTreeSet<_> = ["id", "links", "reqType", "reqStatus"].map(str::to_owned).into();
    let queries = [
        "?fields=reqType,%20reqStatus",
        "?fields=reqType,+reqStatus",
        "?fields=reqStatus,reqType,id,links",
        "?fields=REQSTATUS,reqtype,noSuchField",
        "?unknown=1&fields=reqType%2C%20reqStatus",
    ];
    for query in queries {
        let found = members(client, query)?;
        ensure!(found == two, "{query} gives {found:?}");
    }
    let all = members(client, "")?;
    ensure!(all.len() > 10, "without fields only {all:?}");
    for name in &all {
        let found = members(client, &format!("?fields={name}"))?;
        let expected: BTreeSet<_> = ["id", "links", name].map(str::to_owned).into();
        ensure!(found == expected, "fields={name} gives {found:?}");
    }
    Ok(queries.len() + 1 + all.len())
}

/// Originator, beneficiary, administrators, approvers and managers see it; to others it is not there.
fn seers(client: &Client) -> anyhow::Result<usize> {
    let expected = [
        ("2029", "TESTUSER1", 200),
        ("2029", "xelsysadm", 200),
        ("2029", "sysadmin", 200),
        ("2029", "requester", 404),
        ("2029", "auditor", 404),
        ("2030", "TESTUSER1", 200),
        ("2030", "approver", 404),
        // A certificate request shows in both dialects; a manager sees a report's in this one.
        ("1001", "requester", 200),
        ("1001", "manager", 200),
        ("1001", "profileowner", 404),
        ("1001", "auditor", 404),
        ("999999", "sysadmin", 404),
        ("999999", "TESTUSER1", 404),
    ];
    let mut refusals = BTreeSet::new();
    for (number, login, status) in expected {
        let answer = client.login(login, "demo").get(&format!("{OIG}/requests/{number}"))?;
        ensure!(answer.status == status, "{login} gets {} for {number} instead of {status}", answer.status);
        if status == 404 {
            let body = answer.json()?;
            ensure!(body["status"] == "FAILED", "{body}");
            refusals.insert((body["errorCode"].to_string(), body["message"].to_string()));
        }
    }
    ensure!(refusals.len() == 1, "an invisible request can be told from an unknown one: {refusals:?}");
    Ok(expected.len())
}

/// Links begin with the configured public URL, or with what a trusted proxy says, and with nothing that anybody else says.
fn links(context: &Context, data: &std::path::Path) -> anyhow::Result<usize> {
    let start = |variable: Option<(&str, &str)>| {
        let mut command = countersign(&context.binary);
        command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.envs(variable);
        Server::start(&mut command)
    };
    let own_link = |server: &Server, headers: &[(&str, &str)]| -> anyhow::Result<String> {
        let client = Client::checked(server.address())?.login("TESTUSER1", "demo");
        let answer = client.get_with(&format!("{OIG}/requests/2029?fields=id"), headers)?.json_of(200)?;
        let href = answer["links"][0]["href"].as_str().context("no link")?;
        href.strip_suffix(&format!("{OIG}/requests/2029")).map(str::to_owned).context("another link")
    };
    let forwarded = ("forwarded", "for=192.0.2.1;proto=https;host=forwarded.example:8443");
    let legacy = [("x-forwarded-proto", "https"), ("x-forwarded-host", "legacy.example")];

    let untrusting = start(None)?;
    ensure!(own_link(&untrusting, &[])? == untrusting.url(), "the links do not follow the request");
    ensure!(own_link(&untrusting, &[forwarded])? == untrusting.url(), "a stranger's Forwarded is believed");
    ensure!(own_link(&untrusting, &legacy)? == untrusting.url(), "a stranger's X-Forwarded-Host is believed");
    drop(untrusting);
    let trusting = start(Some(("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "127.0.0.0/8")))?;
    ensure!(
        own_link(&trusting, &[forwarded])? == "https://forwarded.example:8443",
        "a proxy's Forwarded is not believed"
    );
    ensure!(own_link(&trusting, &legacy)? == "https://legacy.example", "a proxy's X-Forwarded-Host is not believed");
    drop(trusting);
    let public = start(Some(("COUNTERSIGN__SERVER__PUBLIC_URL", "https://public.example")))?;
    ensure!(own_link(&public, &[forwarded])? == "https://public.example", "the public URL does not count");
    Ok(6)
}
