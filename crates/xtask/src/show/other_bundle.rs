//! `main-job.2`: the same answers follow from a second bundle with other ids, names, dates,
//! numbers and statuses; what is offered follows the policies and the caller.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::oracle::{Bundle, STATUS_WORDS, Shape, Zone, other, other_login};
use crate::password;
use crate::process::{Server, output, serve};

const MIM: &str = "/CertificateManagement/api/v1.0";
const OIG: &str = "/iam/governance/selfservice/api/v1";
const PASSWORD: &str = "second";
/// The demo's logins.
const LOGINS: [&str; 8] =
    ["requester", "profileowner", "manager", "approver", "auditor", "sysadmin", "TESTUSER1", "xelsysadm"];
const TOKYO: Zone = Zone { name: "JST", minutes: 9 * 60 };

/// Runs both bundles through the same comparison.
pub fn run(_: Size, context: &Context) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(context.root.join("config/demo.json"))?;
    let first = Bundle::read(&text)?;
    let second = other(&first)?;
    let mut compared = 0;
    for (bundle, login) in [(&first, str::to_owned as fn(&str) -> String), (&second, other_login)] {
        let logins: Vec<_> = LOGINS.iter().map(|name| login(name)).collect();
        let served = Served::new(bundle, &logins, context)?;
        compared += served.mim(bundle, &logins)?;
        compared += served.oig(bundle, &logins, &login("TESTUSER1"))?;
    }
    compared += without_recover(&second, context)?;
    Ok(json!({ "answers_compared": compared }))
}

/// A bundle in a database of its own, with a password for every login.
struct Served<'a> {
    context: &'a Context,
    folder: tempfile::TempDir,
}

impl<'a> Served<'a> {
    fn new(bundle: &Bundle, logins: &[String], context: &'a Context) -> anyhow::Result<Self> {
        let served = Self { context, folder: tempfile::tempdir()? };
        let mut bundle = bundle.clone();
        let hash = String::from(password::hash(PASSWORD)?);
        for login in logins {
            let user = bundle.user_id(login)?.to_owned();
            bundle.records.push(json!({"kind": "credential", "user": user, "hash": hash}));
        }
        let file = served.folder.path().join("bundle.json");
        std::fs::write(&file, bundle.text())?;
        output(served.command().arg("migrate"))?;
        output(served.command().arg("import").arg(file))?;
        Ok(served)
    }

    fn database(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("countersign.db")
    }

    fn command(&self) -> std::process::Command {
        serve(&self.context.binary, &self.database())
    }

    /// Every MIM answer of every login.
    fn mim(&self, bundle: &Bundle, logins: &[String]) -> anyhow::Result<usize> {
        let server = Server::on(&self.context.binary, &self.database())?;
        let client = Client::checked(server.address())?;
        let mut compared = 0;
        for login in logins {
            let client = client.login(login, PASSWORD);
            let mut list = |path: &str, expected: &[Value]| -> anyhow::Result<()> {
                compared += 1;
                same(&client, path, expected).with_context(|| format!("{login} {path}"))
            };
            list(&format!("{MIM}/requests"), &bundle.mim_requests(login, None, false)?)?;
            list(&format!("{MIM}/requests?targetuser=current"), &bundle.mim_requests(login, None, true)?)?;
            list(&format!("{MIM}/profiles"), &bundle.mim_profiles(login, None)?)?;
            for (word, _) in STATUS_WORDS {
                let path = format!("{MIM}/requests?status={word}");
                list(&path, &bundle.mim_requests(login, Some(word), false)?)?;
                let path = format!("{MIM}/requests?targetuser=current&status={word}");
                list(&path, &bundle.mim_requests(login, Some(word), true)?)?;
            }
            for word in ["New", "Active", "Suspended", "Disabled", "Retired"] {
                list(&format!("{MIM}/profiles?status={word}"), &bundle.mim_profiles(login, Some(word))?)?;
            }
            for request in bundle.mim_requests(login, None, false)? {
                compared += 1 + single_requests(&client, &request, bundle, login)?;
            }
        }
        Ok(compared)
    }

    /// Request detail in both shapes, of the parent and of each child, as everybody who may see it.
    fn oig(&self, bundle: &Bundle, logins: &[String], seer: &str) -> anyhow::Result<usize> {
        let mut compared = 0;
        for shape in [Shape::C12, Shape::G11(TOKYO)] {
            let mut command = self.command();
            command.arg("serve");
            if let Shape::G11(_) = shape {
                command.env("COUNTERSIGN__OIG__COMPAT", "11g").env("COUNTERSIGN__OIG__TIME_ZONE", "Asia/Tokyo");
            }
            let server = Server::start(&mut command)?;
            let client = Client::checked(server.address())?;
            let administrator = logins.last().context("no login")?;
            for request in bundle.of_kind("request").filter(|request| request["details"]["access"].is_object()) {
                let expected = bundle.oig_request(request, &server.url(), shape)?;
                for login in [seer, administrator] {
                    let path = format!("{OIG}/requests/{}", request["number"]);
                    let found = client.login(login, PASSWORD).get(&path)?.json_of(200)?;
                    ensure!(found == expected, "{login} {path} gives {found:#}\ninstead of {expected:#}");
                    compared += 1;
                }
            }
        }
        Ok(compared)
    }
}

/// A list answer equals `expected`, in order; an empty one is 204.
fn same(client: &Client, path: &str, expected: &[Value]) -> anyhow::Result<()> {
    let answer = client.get(path)?;
    if expected.is_empty() {
        ensure!(answer.status == 204 && answer.body.is_empty(), "{} instead of 204: {}", answer.status, answer.text());
        return Ok(());
    }
    let found = answer.json_of(200)?;
    ensure!(found == json!(expected), "gives {found:#}\ninstead of {:#}", json!(expected));
    Ok(())
}

/// A request by its GUID, and its profiles, which take a right of their own; returns how many profiles.
fn single_requests(client: &Client, request: &Value, bundle: &Bundle, login: &str) -> anyhow::Result<usize> {
    let id = request["Uuid"].as_str().context("a GUID")?;
    let found = client.get(&format!("{MIM}/requests/{id}"))?.json_of(200)?;
    ensure!(found == *request, "{login} {id} gives {found:#}\ninstead of {request:#}");
    let mut profiles: Vec<Value> = Vec::new();
    let mut may = true;
    for member in ["OldProfileUuid", "NewProfileUuid"] {
        if let Ok(profile) = bundle.by_id("profile", &request[member]) {
            may &= bundle.may_read_profile(profile, login)?;
            let view = bundle.mim_profile(profile, login)?;
            if !profiles.contains(&view) {
                profiles.push(view);
            }
        }
    }
    let path = format!("{MIM}/requests/{id}/profiles");
    if may {
        same(client, &path, &profiles)?;
    } else {
        ensure!(client.get(&path)?.status == 403, "{login} reads {path}");
    }
    Ok(profiles.len())
}

/// Switching a template's recover policy off takes `recover` away from the owner; somebody else
/// sees other operations than the owner.
fn without_recover(bundle: &Bundle, context: &Context) -> anyhow::Result<usize> {
    let (owner, colleague) = (other_login("profileowner"), other_login("approver"));
    let mut off = bundle.clone();
    for template in off.records.iter_mut().filter(|record| record["kind"] == "profileTemplate") {
        let policies = template["policies"].as_array_mut().context("policies")?;
        let recover = policies.iter_mut().filter(|policy| policy["policy"] == "recover");
        recover.for_each(|policy| policy["enabled"] = json!(false));
    }
    let mut seen = Vec::new();
    for bundle in [bundle, &off] {
        let served = Served::new(bundle, &[owner.clone(), colleague.clone()], context)?;
        let server = Server::on(&context.binary, &served.database())?;
        let client = Client::checked(server.address())?;
        let expected = bundle.mim_profiles(&owner, Some("Active"))?;
        let profile = expected.first().context("no active profile")?;
        let path = format!("{MIM}/profiles/{}", profile["Uuid"].as_str().context("a GUID")?);
        for login in [&owner, &colleague] {
            let found = client.login(login, PASSWORD).get(&path)?.json_of(200)?;
            let record = bundle.by_id("profile", &profile["Uuid"])?;
            let expected = bundle.mim_profile(record, login)?;
            ensure!(found == expected, "{login} {path} gives {found:#}\ninstead of {expected:#}");
            seen.push(found["ProfileOperations"].clone());
        }
    }
    let offers = |operations: &Value| operations.as_array().is_some_and(|list| list.contains(&json!("recover")));
    ensure!(offers(&seen[0]) && !offers(&seen[2]), "recover on and off: {} and {}", seen[0], seen[2]);
    ensure!(seen[0] != seen[1], "owner and colleague see the same operations: {}", seen[0]);
    Ok(seen.len())
}
