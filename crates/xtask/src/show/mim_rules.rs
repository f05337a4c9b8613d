//! `main-job.3`: MIM's rules: who reads what, how it is filtered, and what is answered otherwise.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size, bad_input};
use crate::http::Client;
use crate::oracle::STATUS_WORDS;
use crate::process::{Server, countersign};

const MIM: &str = "/CertificateManagement/api/v1.0";
const ENROLL: &str = "a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099";
const UNBLOCK: &str = "0c96d73f-967b-420e-854a-43ad2a1504bc";
const UNKNOWN: &str = "00000000-dead-4bad-8bad-000000000000";

/// Calls the demo in every way that the line names.
pub fn run(_: Size, context: &Context) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let server = Server::demo(&context.binary, folder.path())?;
    let client = Client::checked(server.address())?;
    let requester = client.login("requester", "demo");
    let mut calls = filters(&requester)?;
    calls += forms(&requester)?;
    calls += readers(&client)?;
    calls += bad_input::mim(&client)?;
    ensure!(Client::new(server.address()).get("/readyz")?.status == 200, "the server is not ready any more");
    server.stop()?;
    calls += switched_off(context, folder.path())?;
    Ok(json!({ "answers": calls }))
}

/// A list's GUIDs; 204 is the empty list.
fn uuids(client: &Client, query: &str) -> anyhow::Result<Vec<String>> {
    let answer = client.get(&format!("{MIM}/requests{query}"))?;
    if answer.status == 204 {
        ensure!(answer.body.is_empty(), "a 204 with a body");
        return Ok(Vec::new());
    }
    let list = answer.json_of(200)?;
    let mut uuids: Vec<_> = list
        .as_array()
        .context("no list")?
        .iter()
        .filter_map(|request| request["Uuid"].as_str())
        .map(str::to_owned)
        .collect();
    uuids.sort_unstable();
    ensure!(!uuids.is_empty(), "an empty list that is not 204");
    Ok(uuids)
}

/// `targetuser` and `status`, every word in every case.
fn filters(requester: &Client) -> anyhow::Result<usize> {
    let both = [UNBLOCK, ENROLL];
    let mut calls = 0;
    for (word, _) in STATUS_WORDS {
        for written in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
            for target in ["&targetuser=current", "&TargetUser=Current", ""] {
                let found = uuids(requester, &format!("?status={written}{target}"))?;
                let expected: &[&str] = if word == "Approved" { &both } else { &[] };
                ensure!(found == expected, "status={written}{target} gives {found:?}");
                calls += 1;
            }
        }
    }
    for query in ["", "?targetuser=current", "?unknown=1&targetuser=current"] {
        ensure!(uuids(requester, query)? == both, "{query} does not give both");
        calls += 1;
    }
    let junk = requester.get(&format!("{MIM}/requests?status=Junk"))?.json_of(400)?;
    ensure!(junk["Message"].as_str().is_some_and(|text| text.contains("status")), "the reason does not name the field");
    Ok(calls + 1)
}

/// Path case, GUID forms, an ending slash, HEAD and OPTIONS.
fn forms(requester: &Client) -> anyhow::Result<usize> {
    let bare = ENROLL.replace('-', "");
    let upper = ENROLL.to_uppercase();
    let paths = [
        format!("{MIM}/requests/{ENROLL}"),
        format!("/certificatemanagement/API/V1.0/REQUESTS/{{{upper}}}"),
        format!("/certificatemanagement/api/v1.0/requests/%7B{upper}%7D"),
        format!("{MIM}/requests/({ENROLL})"),
        format!("{MIM}/Requests/{bare}"),
        format!("{MIM}/requests/%20{upper}/"),
    ];
    let mut bodies = Vec::new();
    for path in &paths {
        bodies.push(requester.get(path)?.json_of(200).with_context(|| path.clone())?);
    }
    bodies.dedup();
    ensure!(bodies.len() == 1, "the same GUID gives {} different answers", bodies.len());
    let head = requester.raw("HEAD", paths[0].as_bytes(), &[], b"")?;
    ensure!(head.status == 200 && head.body.is_empty(), "HEAD gives {} {}", head.status, head.text());
    let options = requester.raw("OPTIONS", paths[0].as_bytes(), &[], b"")?;
    ensure!(options.header("allow").is_some_and(|allow| allow.contains("GET")), "OPTIONS allows nothing");
    Ok(paths.len() + 2)
}

/// Who may read a request and who may not; what is not there.
fn readers(client: &Client) -> anyhow::Result<usize> {
    let path = format!("{MIM}/requests/{ENROLL}");
    let expected = [
        ("requester", 200),
        ("auditor", 200),
        ("sysadmin", 200),
        ("xelsysadm", 200),
        ("manager", 403),
        ("approver", 403),
        ("profileowner", 403),
        ("TESTUSER1", 403),
    ];
    for (login, status) in expected {
        let answer = client.login(login, "demo").get(&path)?;
        ensure!(answer.status == status, "{login} gets {} instead of {status}", answer.status);
        let profiles = client.login(login, "demo").get(&format!("{path}/profiles"))?;
        let allowed = if status == 200 { 204 } else { status };
        ensure!(profiles.status == allowed, "{login} gets {} for its profiles", profiles.status);
        let list = uuids(&client.login(login, "demo"), "")?;
        ensure!(list.contains(&ENROLL.to_owned()) == (status == 200), "{login} lists {list:?}");
    }
    let requester = client.login("requester", "demo");
    for path in [
        format!("{MIM}/requests/{UNKNOWN}"),
        format!("{MIM}/profiles/{UNKNOWN}"),
        format!("{MIM}/requests/{UNKNOWN}/profiles"),
        format!("{MIM}/requests/{UNBLOCK}/profiles/{UNKNOWN}"),
        // Request 2029: an access request has no MIM form.
        format!("{MIM}/requests/174f78a2-80c7-44e4-88a1-60562ffa4697"),
    ] {
        let answer = requester.get(&path)?;
        ensure!(answer.status == 204 && answer.body.is_empty(), "{path} gives {} {}", answer.status, answer.text());
    }
    let foreign = requester.get(&format!("{MIM}/profiles/c0dd5c7d-ec35-4346-baca-3ad711e9722f"))?;
    ensure!(foreign.status == 403, "a profile of somebody else gives {}", foreign.status);
    Ok(3 * expected.len() + 6)
}

/// With `mim.enabled = false` every path of the dialect is 404; the rest goes on.
fn switched_off(context: &Context, data: &std::path::Path) -> anyhow::Result<usize> {
    let mut command = countersign(&context.binary);
    command.args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data).env("COUNTERSIGN__MIM__ENABLED", "false");
    let server = Server::start(&mut command)?;
    let client = Client::checked(server.address())?;
    let paths = ["requests", &format!("requests/{ENROLL}"), "profiles", "profiles?status=Active"];
    for path in paths {
        for client in [client.login("requester", "demo"), client.clone()] {
            let answer = client.get(&format!("{MIM}/{path}"))?;
            ensure!(answer.status == 404, "{path} gives {} although the dialect is off", answer.status);
        }
    }
    let operations = client.contract().map(crate::contract::Contract::operations).unwrap_or_default();
    ensure!(!operations.iter().any(|id| id.starts_with("mim_")), "the description still has {operations:?}");
    client.login("TESTUSER1", "demo").get("/iam/governance/selfservice/api/v1/requests/2029")?.json_of(200)?;
    Ok(2 * paths.len() + 1)
}
