//! `If-Match`: what is meant for other content than there is changes nothing, and a vote of somebody else does
//! not move the content.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::case::Made;
use super::cases;
use super::native::{ask, order, role};
use super::world::{Call, NATIVE, World};
use super::{good, nothing};

const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";
/// The operation whose condition is about content, where the others' is about a revision.
const DECIDE: &str = "native_decide_request";

/// How many operations take a condition; each refuses an old one.
pub(super) fn hold(world: &World<'_>) -> anyhow::Result<usize> {
    let conditional = conditional(world)?;
    ensure!(conditional.contains(DECIDE) && conditional.len() > 5, "only {conditional:?} take If-Match");
    for operation in &conditional {
        if operation != DECIDE {
            replacement(world, operation).with_context(|| operation.clone())?;
        }
    }
    decision(world).context(DECIDE)?;
    vote_between(world).context(DECIDE)?;
    Ok(conditional.len())
}

/// The operations that take `If-Match`, as the server describes itself.
fn conditional(world: &World<'_>) -> anyhow::Result<BTreeSet<String>> {
    let document = world.client.get("/openapi.json")?.json_of(200)?;
    let paths = document["paths"].as_object().context("no paths")?.values();
    let operations = paths.filter_map(Value::as_object).flat_map(|path| path.values());
    let takes = |operation: &&Value| {
        let parameters = operation["parameters"].as_array();
        parameters.is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == "If-Match"))
    };
    Ok(operations.filter(takes).filter_map(|operation| operation["operationId"].as_str()).map(str::to_owned).collect())
}

/// Sends a call that is meant for what is not there any more: 412, and everything stays.
fn refused(world: &World<'_>, call: &Call, login: &str, path: &str) -> anyhow::Result<()> {
    let before = world.read(login, path)?;
    world.news()?;
    for key in [None, Some("an-old-one")] {
        let answer = call.send(&world.client, key)?;
        let told = answer.status == 412 && answer.text().contains("ContentChanged");
        ensure!(told, "{call:?}: {} {}", answer.status, answer.text());
    }
    nothing(world, "a call with an old ETag")?;
    ensure!(world.read(login, path)? == before, "{path} is not what it was: {before:?}");
    Ok(())
}

/// What was replaced meanwhile is replaced only by whoever saw that.
fn replacement(world: &World<'_>, operation: &str) -> anyhow::Result<()> {
    let case = cases::all().into_iter().find(|case| case.operation == operation);
    let Made { call, other, .. } = (case.with_context(|| format!("{operation} has no case"))?.make)(world)?;
    let path = call.path.clone();
    world.done(&call)?;
    refused(world, &other, "sysadmin", &path)?;
    let (_, tag) = world.read("sysadmin", &path)?;
    good(&other.seeing(&tag).send(&world.client, None)?)
}

/// A request that was edited is decided only by whoever saw what it asks for now.
fn decision(world: &World<'_>) -> anyhow::Result<()> {
    let number = role(world)?;
    let path = format!("{NATIVE}/requests/{number}");
    let (_, old) = world.read("manager", &path)?;
    let target = json!({"entityType": "Role", "entityKey": "12", "end": "2099-01-01T00:00:00Z"});
    let edit = json!({"action": "edit", "targets": [target]});
    world.native("requester", &format!("/requests/{number}/actions"), edit)?;
    let (_, new) = world.read("manager", &path)?;
    ensure!(old != new, "an edit leaves the ETag at {old}");
    let approve = Call::new("manager", "POST", &format!("{path}/decisions"), json!({"outcome": "approve"}));
    refused(world, &approve.clone().seeing(&old), "manager", &path)?;
    good(&approve.seeing(&new).send(&world.client, None)?)
}

/// Whoever votes first does not take the content from under the second.
fn vote_between(world: &World<'_>) -> anyhow::Result<()> {
    let request = ask(world, order("user24", &[["ProfileTemplate", DUAL_CONTROL]]))?;
    let path = format!("{NATIVE}/requests/{}", request["number"]);
    let (_, seen) = world.read("manager", &path)?;
    let approve = |login| {
        let say = json!({"outcome": "approve"});
        Call::new(login, "POST", &format!("{path}/decisions"), say).seeing(&seen)
    };
    good(&approve("approver").send(&world.client, None)?)?;
    let (between, tag) = world.read("manager", &path)?;
    ensure!(tag == seen && between["status"] == "pending", "a vote makes {seen} {tag}: {between}");
    good(&approve("manager").send(&world.client, None)?)?;
    let (after, _) = world.read("manager", &path)?;
    ensure!(after["stages"][0]["approvals"] == 2 && after["status"] == "approved", "two votes leave {after}");
    Ok(())
}
