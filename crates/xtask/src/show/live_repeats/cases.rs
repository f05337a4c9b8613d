//! The writing operations of MIM and OIG, each with calls that show what a key does; the list of all.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::case::{Case, Made, Named, UNKNOWN};
use super::native::{self, over_access};
use super::world::{Call, MIM, OIG, World};
use crate::oracle::array;

const SOFTWARE: &str = "12bd5120-86a2-4ee1-8d05-131066871578";

/// Every case. Each operation's first is its plain one.
pub(super) fn all() -> Vec<Case> {
    let case = |(operation, situation, make): Named| Case { operation, situation, make };
    let dialects: [Named; 15] = [
        ("mim_create_request", "", enroll),
        ("mim_create_request", "what may be asked for once", renew),
        ("mim_set_request_status", "", complete),
        ("mim_set_request_status", "completed already", completed_already),
        ("mim_submit_certificate_data", "", begin),
        ("mim_submit_certificate_data", "begun already", begun_already),
        ("oig_create_requests", "", create),
        ("oig_create_requests", "one element is refused", create_some),
        ("oig_create_requests", "a draft is submitted", check_out),
        ("oig_update_requests", "", approve_two),
        ("oig_update_request", "", approve),
        ("oig_update_request", "the caller loses sight of it", give_away),
        ("oig_withdraw_requests", "", withdraw_two),
        ("oig_withdraw_request", "", withdraw),
        ("oig_revoke_account", "", revoke),
    ];
    dialects.into_iter().map(case).chain(native::all().map(case)).collect()
}

// MIM.

fn ask(world: &World<'_>, order: Value) -> anyhow::Result<String> {
    let made = world.done(&Call::new("requester", "POST", &format!("{MIM}/requests"), order))?;
    let uri = made.as_str().with_context(|| made.to_string())?;
    Ok(format!("{MIM}/requests/{}", uri.rsplit('/').next().unwrap_or(uri)))
}

fn order(comment: &str) -> Value {
    json!({"type": "Enroll", "profiletemplateuuid": SOFTWARE, "comment": comment})
}

fn end(request: &str, status: &str) -> Call {
    Call::new("requester", "PUT", request, json!({ "status": status }))
}

/// A request that is over, and the profile that it made.
fn over(world: &World<'_>) -> anyhow::Result<(String, Value)> {
    let request = ask(world, order(""))?;
    let after = world.done(&end(&request, "Completed"))?;
    Ok((request, after["NewProfileUuid"].clone()))
}

fn enroll(_: &World<'_>) -> anyhow::Result<Made> {
    let call = Call::new("requester", "POST", &format!("{MIM}/requests"), order("one"));
    let unknown = call.with(json!({"type": "Enroll", "profiletemplateuuid": UNKNOWN}));
    Ok(Made::new(call.clone(), call.with(order("two")), unknown, 403))
}

fn renew(world: &World<'_>) -> anyhow::Result<Made> {
    let (_, profile) = over(world)?;
    let order = |profile: &Value, comment: &str| json!({"type": "Renew", "profile": profile, "comment": comment});
    let call = Call::new("requester", "POST", &format!("{MIM}/requests"), order(&profile, "one"));
    let unknown = call.with(order(&json!(UNKNOWN), "one"));
    Ok(Made::new(call.clone(), call.with(order(&profile, "two")), unknown, 403))
}

fn complete(world: &World<'_>) -> anyhow::Result<Made> {
    let (call, (over, _)) = (end(&ask(world, order(""))?, "Completed"), over(world)?);
    Ok(Made::new(call.clone(), end(&call.path, "Canceled"), end(&over, "Canceled"), 403))
}

fn completed_already(world: &World<'_>) -> anyhow::Result<Made> {
    let (over, _) = over(world)?;
    Ok(Made::new(end(&over, "Completed"), end(&over, "Abandoned"), end(&over, "Canceled"), 403).idle())
}

fn submission(request: &str, data: &str) -> Call {
    let body = json!({"certificaterequests": [data], "pfxpassword": ""});
    Call::new("requester", "POST", &format!("{request}/certificatedata"), body)
}

fn begin(world: &World<'_>) -> anyhow::Result<Made> {
    let (request, (over, _)) = (ask(world, order(""))?, over(world)?);
    let other = submission(&request, "MAMCAQA=");
    Ok(Made::new(submission(&request, "MAA="), other, submission(&over, "MAA="), 403))
}

fn begun_already(world: &World<'_>) -> anyhow::Result<Made> {
    let made = begin(world)?;
    world.done(&made.other)?;
    Ok(made.idle())
}

// OIG.

fn at(number: &str) -> String {
    format!("{OIG}/requests/{number}")
}

fn bulk(login: &'static str, method: &'static str, elements: &[Value]) -> Call {
    Call::new(login, method, &format!("{OIG}/requests"), json!({ "requests": elements }))
}

/// A bulk call whose other body has other elements. No bulk at all is refused as a whole.
fn bulk_of(login: &'static str, method: &'static str, elements: &[Value], others: &[Value]) -> Made {
    let call = bulk(login, method, elements);
    Made::new(call.clone(), bulk(login, method, others), call.with(json!({})), 400)
}

fn wanted(user: &str, role: &str) -> Value {
    json!({"reqBeneficiaryList": [{"id": user}], "reqTargetEntities": [{"entityId": role, "entityType": "role"}]})
}

fn create(_: &World<'_>) -> anyhow::Result<Made> {
    let (one, two) = (wanted("24", "12"), wanted("82", "13"));
    Ok(bulk_of("requester", "POST", &[one.clone(), two.clone()], &[two, one]))
}

fn create_some(_: &World<'_>) -> anyhow::Result<Made> {
    let (good, bad) = (wanted("24", "12"), wanted("24", "99"));
    Ok(bulk_of("requester", "POST", &[good.clone(), bad.clone(), good.clone()], &[good, bad]))
}

fn check_out(world: &World<'_>) -> anyhow::Result<Made> {
    let draft = || -> anyhow::Result<Value> {
        let mut draft = wanted("24", "12");
        draft["action"] = json!("SAVE");
        let made = world.done(&bulk("requester", "POST", &[draft]))?;
        let [result] = array(&made["requests"]) else { anyhow::bail!("not one draft: {made}") };
        Ok(json!({ "id": result["id"] }))
    };
    Ok(bulk_of("requester", "POST", &[draft()?], &[draft()?]))
}

fn approve_two(world: &World<'_>) -> anyhow::Result<Made> {
    let (one, two) = (native::role(world)?, native::role(world)?);
    let say = |action: &str| [&one, &two].map(|id| json!({"id": id, "action": action}));
    Ok(bulk_of("manager", "PUT", &say("approve"), &say("reject")))
}

fn approve(world: &World<'_>) -> anyhow::Result<Made> {
    let approval = json!({"action": "approve", "actionComment": "fine"});
    let call = Call::new("manager", "PUT", &at(&native::role(world)?), approval);
    let over = call.at(&at(&over_access(world)?));
    Ok(Made::new(call.clone(), call.with(json!({"action": "reject"})), over, 409))
}

fn give_away(world: &World<'_>) -> anyhow::Result<Made> {
    let to = |login: &str| json!({"action": "reassign", "assignees": [{ "name": login }]});
    let call = Call::new("approver", "PUT", &at(&native::account(world)?), to("manager"));
    world.done(&Call::new("sysadmin", "PUT", &call.path, to("approver")))?;
    Ok(Made::new(call.clone(), call.with(to("auditor")), call.with(json!({"action": "resume"})), 409))
}

fn withdraw_two(world: &World<'_>) -> anyhow::Result<Made> {
    let (one, two) = (json!({"id": native::role(world)?}), json!({"requestId": native::role(world)?}));
    Ok(bulk_of("requester", "DELETE", &[one.clone(), two], &[one]))
}

fn withdraw(world: &World<'_>) -> anyhow::Result<Made> {
    let call = Call::new("requester", "DELETE", &at(&native::role(world)?), Value::Null);
    let (another, over) = (native::role(world)?, over_access(world)?);
    Ok(Made::new(call.clone(), call.at(&at(&another)), call.at(&at(&over)), 409))
}

fn revoke(_: &World<'_>) -> anyhow::Result<Made> {
    let account = |number: u32| Call::new("user1001", "DELETE", &format!("{OIG}/accounts/{number}"), Value::Null);
    Ok(Made::new(account(1), account(2), account(99_999), 404))
}
