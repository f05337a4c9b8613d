//! What becomes of a task that nobody decides in time.

use anyhow::ensure;
use serde_json::{Value, json};

use super::office::{
    DEADLINE, ESCALATES, EXPIRES, Office, Person, RENEWALS, RENEWS, TWO_STEPS, after, just_before, wait_until,
};
use crate::show::{Context, Size};

/// A year, in minutes.
const YEAR: i64 = 365 * 24 * 60;

/// A deadline passes and the request is denied: not a moment earlier, not while the task is put aside,
/// and each step of an approval has a time of its own.
pub fn expires(size: Size, context: &Context) -> anyhow::Result<Value> {
    let office = Office::open(context, 1)?;
    let [rita, wim, lead, boss] = ["rita", "wim", "lead", "boss"].map(|login| office.person(login));
    let late: Vec<_> = (0..crowd(size)).map(|_| rita.ask(EXPIRES)).collect::<anyhow::Result<_>>()?;
    let (decided, aside, steps) = (wim.ask(EXPIRES)?, boss.ask(EXPIRES)?, rita.ask(TWO_STEPS)?);
    lead.has_until(&late[0], Some(&after(DEADLINE)))?;

    office.pass(&after(30))?;
    lead.approve(&decided)?;
    lead.act(&aside, "suspend")?;
    lead.approve(&steps)?;
    boss.has_until(&steps, Some(&after(30 + DEADLINE)))?;

    office.pass(&just_before(DEADLINE))?;
    for request in &late {
        rita.is(request, "pending")?;
    }
    lead.has_until(&late[0], Some(&after(DEADLINE)))?;
    office.turn_to(&after(DEADLINE))?;
    for request in &late {
        ran_out(&office, &rita, request, DEADLINE)?;
    }
    lead.is_past(&late[0], 409)?;
    ensure!(lead.task(&late[0], "Expired")?.is_some(), "the task is not listed as expired");
    wim.is(&decided, "completed")?;
    rita.is(&steps, "pending")?;
    office.turn_to(&after(30 + DEADLINE))?;
    ran_out(&office, &rita, &steps, 30 + DEADLINE)?;
    boss.is_past(&steps, 409)?;

    // It was put aside with half of its time left.
    office.pass(&after(120))?;
    boss.is(&aside, "pending")?;
    lead.act(&aside, "resume")?;
    lead.has_until(&aside, Some(&after(150)))?;
    office.pass(&just_before(150))?;
    boss.is(&aside, "pending")?;
    office.turn_to(&after(150))?;
    ran_out(&office, &boss, &aside, 150)?;
    office.close()?;
    Ok(json!({ "expired": late.len() + 2, "decided_in_time": 1 }))
}

/// Fails unless the request ends because nobody decided until that minute.
fn ran_out(office: &Office, requester: &Person, request: &str, minute: i64) -> anyhow::Result<()> {
    requester.becomes(request, "denied")?;
    let found = requester.request(request)?;
    let why = found["failure"].as_str().unwrap_or_default();
    ensure!(why.contains("deadline") && found["ended"] == after(minute), "{request} does not say why: {found}");
    ensure!(requester.label(request)? == "Request Rejected", "OIG calls {request} {}", requester.label(request)?);
    let expired = office.person("admin").worked(request, "expired")?;
    ensure!(expired.len() == 1 && expired[0]["at"] == after(minute), "{request} expired otherwise: {expired:?}");
    Ok(())
}

/// A deadline passes and the task goes to the manager, then to the administrators, who have no deadline.
pub fn escalates(size: Size, context: &Context) -> anyhow::Result<Value> {
    let office = Office::open(context, 1)?;
    let [rita, wim, lead, boss, admin] = ["rita", "wim", "lead", "boss", "admin"].map(|login| office.person(login));
    let for_boss: Vec<_> = (0..crowd(size)).map(|_| rita.ask(ESCALATES)).collect::<anyhow::Result<_>>()?;
    let for_admin = wim.ask(ESCALATES)?;
    office.pass(&just_before(DEADLINE))?;
    lead.has_until(&for_admin, Some(&after(DEADLINE)))?;
    ensure!(boss.task(&for_admin, "Assigned")?.is_none(), "it went to the manager too early");

    office.turn_to(&after(DEADLINE))?;
    for request in for_boss.iter().chain([&for_admin]) {
        escalated(&admin, request, 1)?;
        boss.has_until(request, Some(&after(2 * DEADLINE)))?;
    }
    // Of rita's the lead knows as her manager; of others no more than anybody.
    lead.is_past(&for_boss[0], 403)?;
    lead.is_past(&for_admin, 404)?;
    for request in &for_boss {
        boss.approve(request)?;
        rita.is(request, "completed")?;
    }

    office.turn_to(&after(2 * DEADLINE))?;
    escalated(&admin, &for_admin, 2)?;
    boss.is_past(&for_admin, 404)?;
    office.pass(&after(YEAR))?;
    wim.is(&for_admin, "pending")?;
    admin.has_until(&for_admin, None)?;
    admin.approve(&for_admin)?;
    wim.is(&for_admin, "completed")?;
    for request in &for_boss {
        escalated(&admin, request, 1)?;
    }
    office.close()?;
    Ok(json!({ "to_the_manager": for_boss.len() + 1, "to_the_administrators": 1 }))
}

/// Waits until the worker has escalated the request so often; more often it must not.
fn escalated(admin: &Person, request: &str, times: usize) -> anyhow::Result<()> {
    wait_until(|| Ok(admin.worked(request, "escalated")?.len() >= times))?;
    ensure!(admin.worked(request, "escalated")?.len() == times, "{request} was escalated more than {times} times");
    Ok(())
}

/// A deadline passes and begins anew, as often as the rule says; then it passes for good.
pub fn renews(size: Size, context: &Context) -> anyhow::Result<Value> {
    let office = Office::open(context, 1)?;
    let [rita, wim, lead, admin] = ["rita", "wim", "lead", "admin"].map(|login| office.person(login));
    let late: Vec<_> = (0..crowd(size)).map(|_| rita.ask(RENEWS)).collect::<anyhow::Result<_>>()?;
    let decided = wim.ask(RENEWS)?;
    for round in 1..=RENEWALS {
        office.pass(&just_before(round * DEADLINE))?;
        lead.has_until(&late[0], Some(&after(round * DEADLINE)))?;
        office.turn_to(&after(round * DEADLINE))?;
        for request in &late {
            let renewed = || Ok(admin.worked(request, "renewed")?.len() >= usize::try_from(round)?);
            wait_until(renewed)?;
            lead.has_until(request, Some(&after((round + 1) * DEADLINE)))?;
        }
        if round == 1 {
            wait_until(|| Ok(!admin.worked(&decided, "renewed")?.is_empty()))?;
            lead.approve(&decided)?;
            wim.is(&decided, "completed")?;
        }
    }
    let end = (RENEWALS + 1) * DEADLINE;
    office.pass(&just_before(end))?;
    rita.is(&late[0], "pending")?;
    office.turn_to(&after(end))?;
    for request in &late {
        ran_out(&office, &rita, request, end)?;
        let renewed = admin.worked(request, "renewed")?.len();
        ensure!(i64::try_from(renewed)? == RENEWALS, "{request} was renewed {renewed} times");
    }
    lead.is_past(&late[0], 409)?;
    office.close()?;
    Ok(json!({ "requests": late.len() + 1, "renewals_each": RENEWALS }))
}

/// More than the worker takes at once, or a few.
const fn crowd(size: Size) -> usize {
    match size {
        Size::Full => 300,
        Size::Short => 3,
    }
}
