//! The writing operations of the native API, each with calls that show what a key does.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::case::{Made, Named, UNKNOWN};
use super::world::{Call, NATIVE, SECRET, World};

const APPROVERS: &str = "154dbe34-dfc8-40ab-a3a6-68e85a35c939";

/// Every operation, in each situation.
pub(super) fn all() -> impl Iterator<Item = Named> {
    let cases: [Named; 19] = [
        ("native_create_request", "", create_request),
        ("native_decide_request", "", decide),
        ("native_act_on_request", "", claim),
        ("native_act_on_request", "claimed already", claimed_already),
        ("native_act_on_request", "it is so already", edited_already),
        ("native_act_on_request", "a parent with its children", withdraw_parent),
        ("native_report_fulfilment", "", stumble),
        ("native_report_fulfilment", "completed already", completed_already),
        ("native_report_fulfilment", "signed by a program", signed),
        ("native_create_approval_rule", "", |world| create(world, &approval_rule)),
        ("native_replace_approval_rule", "", |world| replace(world, &approval_rule)),
        ("native_create_catalog_item", "", |world| create(world, &catalog_item)),
        ("native_replace_catalog_item", "", |world| replace(world, &catalog_item)),
        ("native_create_profile_template", "", |world| create(world, &profile_template)),
        ("native_replace_profile_template", "", |world| replace(world, &profile_template)),
        ("native_create_request_rule", "", |world| create(world, &request_rule)),
        ("native_replace_request_rule", "", |world| replace(world, &request_rule)),
        ("native_create_webhook", "", |world| create(world, &webhook)),
        ("native_replace_webhook", "", |world| replace(world, &webhook)),
    ];
    let replay: Named = ("native_replay_webhook", "", replay);
    cases.into_iter().chain([replay])
}

// Requests.

pub(super) fn order(login: &str, targets: &[[&str; 2]]) -> Value {
    let targets: Vec<_> = targets.iter().map(|[kind, key]| json!({"entityType": kind, "entityKey": key})).collect();
    json!({"beneficiaries": [{ "login": login }], "targets": targets, "justification": "for the show"})
}

/// Makes a request; it is the answer.
pub(super) fn ask(world: &World<'_>, order: Value) -> anyhow::Result<Value> {
    world.native("requester", "/requests", order)
}

fn number(request: &Value) -> String {
    request["number"].to_string()
}

/// The number of a request on which the manager decides.
pub(super) fn role(world: &World<'_>) -> anyhow::Result<String> {
    Ok(number(&ask(world, order("user24", &[["Role", "12"]]))?))
}

/// The number of a role request that is over.
pub(super) fn over_access(world: &World<'_>) -> anyhow::Result<String> {
    let number = role(world)?;
    let decisions = format!("{NATIVE}/requests/{number}/decisions");
    world.done(&Call::new("manager", "POST", &decisions, json!({"outcome": "approve"})))?;
    Ok(number)
}

/// The number of a request on which the administrators decide.
pub(super) fn account(world: &World<'_>) -> anyhow::Result<String> {
    Ok(number(&ask(world, order("user82", &[["ApplicationInstance", "21"]]))?))
}

/// A request for a role that somebody is carrying out.
fn executing(world: &World<'_>, role: &str) -> anyhow::Result<Value> {
    let request = ask(world, order("user24", &[["Role", role]]))?;
    world.native("manager", &format!("/requests/{}/decisions", number(&request)), json!({"outcome": "approve"}))
}

fn create_request(_: &World<'_>) -> anyhow::Result<Made> {
    let of = |role: &str| order("user24", &[["Role", role]]);
    let call = Call::new("requester", "POST", &format!("{NATIVE}/requests"), of("12"));
    Ok(Made::new(call.clone(), call.with(of("13")), call.with(of("99")), 400))
}

fn decide(world: &World<'_>) -> anyhow::Result<Made> {
    let path = format!("{NATIVE}/requests/{}/decisions", role(world)?);
    let say = |outcome: &str| json!({"outcome": outcome, "comment": "well"});
    let call = Call::new("manager", "POST", &path, say("approve")).seeing("\"1\"");
    Ok(Made::new(call.clone(), call.with(say("deny")), call.clone().seeing("\"7\""), 412))
}

fn act(login: &'static str, number: &str, action: Value) -> Call {
    Call::new(login, "POST", &format!("{NATIVE}/requests/{number}/actions"), action)
}

fn claim(world: &World<'_>) -> anyhow::Result<Made> {
    let call = act("sysadmin", &account(world)?, json!({"action": "claim"}));
    let (other, resume) = (json!({"action": "suspend"}), json!({"action": "resume"}));
    Ok(Made::new(call.clone(), call.with(other), call.with(resume), 409))
}

fn claimed_already(world: &World<'_>) -> anyhow::Result<Made> {
    let made = claim(world)?;
    world.done(&made.call)?;
    Ok(made.idle())
}

fn edited_already(world: &World<'_>) -> anyhow::Result<Made> {
    let edit = |why: &str| json!({"action": "edit", "justification": why});
    let call = act("requester", &role(world)?, edit("for the show"));
    Ok(Made::new(call.clone(), call.with(edit("for another")), call.with(json!({"action": "close"})), 403).idle())
}

fn withdraw_parent(world: &World<'_>) -> anyhow::Result<Made> {
    let parent = number(&ask(world, order("user24", &[["Role", "12"], ["Role", "13"]]))?);
    world.native("xelsysadm", &format!("/requests/{parent}/decisions"), json!({"outcome": "approve"}))?;
    let call = act("requester", &parent, json!({"action": "withdraw"}));
    let (other, close) = (json!({"action": "withdraw", "comment": "after all"}), json!({"action": "close"}));
    Ok(Made::new(call.clone(), call.with(other), call.with(close), 403))
}

// Fulfilments.

fn report(request: &str, body: Value) -> Call {
    Call::new("sysadmin", "POST", &format!("{NATIVE}/fulfilments/{request}"), body)
}

fn stumbled() -> Value {
    json!({"outcome": "stumbled", "reason": "the directory is down"})
}

fn stumble(world: &World<'_>) -> anyhow::Result<Made> {
    let call = report(&number(&executing(world, "manual")?), stumbled());
    let pending = report(&role(world)?, stumbled());
    Ok(Made::new(call.clone(), call.with(json!({"outcome": "completed"})), pending, 409))
}

fn completed_already(world: &World<'_>) -> anyhow::Result<Made> {
    let call = report(&over_access(world)?, json!({"outcome": "completed"}));
    Ok(Made::new(call.clone(), call.with(stumbled()), call.with(json!({"outcome": "retry"})), 409).idle())
}

fn signed(world: &World<'_>) -> anyhow::Result<Made> {
    let request = executing(world, "webhook")?;
    let id = request["id"].as_str().context("a request without its GUID")?;
    let say = |outcome: &str| json!({"outcome": outcome, "request": id, "reason": "the directory is down"});
    let call = report(id, say("stumbled")).signed();
    let retry = call.with(json!({"outcome": "retry", "request": id}));
    Ok(Made::new(call.clone(), call.with(say("failed")), retry, 403))
}

// What administrators keep.

/// Where it is kept, a new one by a name, and one that the rules refuse with its status.
struct Kept {
    path: &'static str,
    new: Value,
    refused: (Value, u16),
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

fn approval_rule(n: u32) -> Kept {
    let new = json!({"name": "Of the show", "ordinal": 1000 + n, "enabled": false, "scope": "single"});
    let stages = json!([{"name": "first", "title": "First", "quorum": 1, "approvers": [{"principal": UNKNOWN}]}]);
    Kept { path: "/approval-rules", refused: (with(new.clone(), "stages", stages), 400), new }
}

fn catalog_item(n: u32) -> Kept {
    let new = json!({"entityType": "Role", "entityKey": format!("show-{n}"), "name": "Of the show"});
    Kept { path: "/catalog-items", refused: (with(new.clone(), "entityKey", json!("12")), 409), new }
}

fn profile_template(_: u32) -> Kept {
    let new = json!({"name": "Of the show", "templateKind": "software", "readers": "everyone",
        "enrollers": {"principals": [APPROVERS]}, "policies": []});
    let nobody = json!({"principals": [UNKNOWN]});
    Kept { path: "/profile-templates", refused: (with(new.clone(), "enrollers", nobody), 400), new }
}

fn request_rule(_: u32) -> Kept {
    let new = json!({"name": "Of the show", "enabled": false, "requesters": "everyone", "beneficiaries": "reports",
        "entityTypes": ["Role"]});
    let nobody = json!({"principals": [UNKNOWN]});
    Kept { path: "/request-rules", refused: (with(new.clone(), "requesters", nobody), 400), new }
}

fn webhook(_: u32) -> Kept {
    let new = json!({"name": "Of the show", "url": "http://127.0.0.1:9/", "enabled": false, "secret": SECRET});
    let keyless = json!({"name": "Of the show", "url": "http://127.0.0.1:9/", "enabled": false});
    Kept { path: "/webhooks", new, refused: (keyless, 400) }
}

/// A call that makes one.
fn create(world: &World<'_>, kept: &dyn Fn(u32) -> Kept) -> anyhow::Result<Made> {
    let Kept { path, new, refused: (refused, status) } = kept(world.fresh());
    let call = Call::new("sysadmin", "POST", &format!("{NATIVE}{path}"), new.clone());
    Ok(Made::new(call.clone(), call.with(with(new, "name", json!("Of another show"))), call.with(refused), status))
}

/// A call that replaces a new one, as its caller saw it.
fn replace(world: &World<'_>, kept: &dyn Fn(u32) -> Kept) -> anyhow::Result<Made> {
    let made = create(world, kept)?;
    let answer = made.call.send(&world.client, None)?;
    let place = answer.header("location").with_context(|| answer.text())?;
    let renamed = |name: &str| Ok::<_, anyhow::Error>(with(answer.json_of(201)?, "name", json!(name)));
    let call = Call::new("sysadmin", "PUT", place, renamed("Renamed")?).seeing("\"1\"");
    Ok(Made::new(call.clone(), call.with(renamed("Renamed twice")?), call.clone().seeing("\"9\""), 412))
}

fn replay(world: &World<'_>) -> anyhow::Result<Made> {
    let hook = world.native("sysadmin", "/webhooks", webhook(0).new)?;
    let path = format!("{NATIVE}/webhooks/{}/replay", hook["id"].as_str().context("a webhook without its GUID")?);
    let after = |position: u32| Call::new("sysadmin", "POST", &path, json!({ "after": position }));
    Ok(Made::new(after(0), after(1), after(999_999_999), 400))
}
