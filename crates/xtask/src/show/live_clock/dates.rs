//! What begins and what ends at its date.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::office::{ACCOUNT, BADGE, ENTITLEMENT, Office, after, just_before, order, wait_until};
use crate::show::{Context, Size};

const DAY: i64 = 24 * 60;

/// What has a start date begins at that date, once, though two servers over one database look for it: one of them
/// works, and both do while the lease that tells which one is taken from them again and again.
pub fn starts(size: Size, context: &Context) -> anyhow::Result<Value> {
    begins_once(Office::open(context, 2)?, size)
}

/// The same on PostgreSQL.
pub fn starts_on_postgres(size: Size, context: &Context) -> anyhow::Result<Value> {
    begins_once(Office::open_on_postgres(context, 2)?, size)
}

fn begins_once(office: Office, size: Size) -> anyhow::Result<Value> {
    let count = if size == Size::Full { 500 } else { 20 };
    let (first, second) = (schedule(&office, count, DAY)?, schedule(&office, count, 2 * DAY)?);
    let (rita, admin) = (office.person("rita"), office.person("admin"));
    // Who is not to get it any more does not.
    let closed = rita.ask_for(&json!({"start": after(DAY)}), ACCOUNT)?;
    admin.act(&closed, "close")?;

    let begin = |requests: &[String], date: i64| {
        office.pass(&just_before(date))?;
        for request in requests {
            rita.is(request, "scheduled")?;
        }
        office.turn_to(&after(date))?;
        requests.iter().try_for_each(|request| rita.becomes(request, "completed"))
    };
    begin(&first, DAY)?;
    let changed = office.without_peace(|| begin(&second, 2 * DAY))?;
    office.pass(&after(3 * DAY))?;
    begun_once(&office, &[(&first, DAY), (&second, 2 * DAY)])?;
    rita.is(&closed, "closed")?;
    office.close()?;
    Ok(json!({ "requests": 2 * count, "servers": 2, "lease_changed_hands": changed, "grants_each": 1 }))
}

/// A server crashes while it carries out what has begun; another one does the rest, and nothing twice.
pub fn survives_a_crash(size: Size, context: &Context) -> anyhow::Result<Value> {
    another_goes_on(Office::open(context, 1)?, size)
}

/// The same on PostgreSQL.
pub fn survives_a_crash_on_postgres(size: Size, context: &Context) -> anyhow::Result<Value> {
    another_goes_on(Office::open_on_postgres(context, 1)?, size)
}

fn another_goes_on(mut office: Office, size: Size) -> anyhow::Result<Value> {
    let waiting = schedule(&office, if size == Size::Full { 500 } else { 100 }, DAY)?;
    // The first server works, and so has the lease, before there is another one.
    office.pass(&just_before(DAY))?;
    let before = office.ended()?;
    office.add_server()?;
    office.turn_to(&after(DAY))?;
    wait_until(|| Ok(office.ended()? > before)).context("the first server does not work")?;
    let done = office.crash_the_first()? - before;
    ensure!(done < waiting.len(), "the server had done everything before it crashed");
    let rita = office.person("rita");
    waiting.iter().try_for_each(|request| rita.becomes(request, "completed"))?;
    office.pass(&after(DAY + 1))?;
    begun_once(&office, &[(&waiting, DAY)])?;
    office.close()?;
    Ok(json!({ "requests": waiting.len(), "done_before_the_crash": done }))
}

/// So many requests for accounts from that minute on, made through each server in turn.
fn schedule(office: &Office, count: usize, date: i64) -> anyhow::Result<Vec<String>> {
    let ritas = (0..office.servers.len()).map(|server| office.through(server, "rita"));
    let ritas: Vec<_> = ritas.collect::<anyhow::Result<_>>()?;
    let start = json!({"start": after(date)});
    let requests: Vec<_> =
        (0..count).map(|n| ritas[n % ritas.len()].ask_for(&start, ACCOUNT)).collect::<anyhow::Result<_>>()?;
    for request in requests.iter().take(2) {
        office.person("rita").is(request, "scheduled")?;
        let label = office.person("rita").label(request)?;
        ensure!(label == "Request Awaiting Completion", "OIG calls {request} {label}");
    }
    Ok(requests)
}

/// Fails unless each request has begun and ended once, at its date, and has given one account.
fn begun_once(office: &Office, dated: &[(&Vec<String>, i64)]) -> anyhow::Result<()> {
    let (rita, admin) = (office.person("rita"), office.person("admin"));
    let mut ids = BTreeSet::new();
    for (request, date) in
        dated.iter().flat_map(|(requests, date)| requests.iter().map(move |request| (request, *date)))
    {
        for kind in ["begun", "ended"] {
            let events = rita.worked(request, kind)?;
            ensure!(events.len() == 1, "{request} has {} events {kind}", events.len());
            ensure!(kind != "begun" || events[0]["at"] == after(date), "{request} did not begin at its date");
        }
        ids.insert(rita.request(request)?["id"].as_str().context("an id")?.to_owned());
    }
    let grants = admin.grants()?;
    let accounts: Vec<_> = grants.iter().filter(|grant| grant["entityType"] == ACCOUNT.0).collect();
    let given: BTreeSet<_> = accounts.iter().filter_map(|grant| grant["request"].as_str().map(str::to_owned)).collect();
    ensure!(accounts.len() == ids.len() && given == ids, "{} requests, {} accounts", ids.len(), accounts.len());
    Ok(())
}

/// What has an end date is taken away at that date, with what lies in it; a later date counts instead.
pub fn ends(_: Size, context: &Context) -> anyhow::Result<Value> {
    let office = Office::open(context, 2)?;
    let (rita, wim, boss) = (office.person("rita"), office.person("wim"), office.person("boss"));
    let until = |days: i64| json!({"end": after(days * DAY)});
    for (person, what, days) in [(&rita, BADGE, 30), (&rita, ACCOUNT, 30), (&wim, BADGE, 30), (&wim, BADGE, 60)] {
        person.is(&person.ask_for(&until(days), what)?, "completed")?;
    }
    rita.is(&rita.ask(ENTITLEMENT)?, "completed")?;
    boss.is(&boss.ask(BADGE)?, "completed")?;

    office.pass(&just_before(30 * DAY))?;
    for (login, what) in [("rita", BADGE), ("rita", ACCOUNT), ("rita", ENTITLEMENT), ("wim", BADGE), ("boss", BADGE)] {
        has(&office, login, what, true)?;
    }
    office.turn_to(&after(30 * DAY))?;
    for what in [BADGE, ACCOUNT, ENTITLEMENT] {
        wait_until(|| Ok(has(&office, "rita", what, false).is_ok()))
            .with_context(|| format!("{what:?} is not taken away"))?;
    }
    let refused = rita.send("POST", "/requests", &order("take", &json!({}), BADGE))?.json_of(400)?;
    ensure!(refused["detail"].as_str().unwrap_or_default().contains("does not have it"), "{refused}");
    office.pass(&just_before(60 * DAY))?;
    has(&office, "wim", BADGE, true)?;
    office.turn_to(&after(60 * DAY))?;
    wait_until(|| Ok(has(&office, "wim", BADGE, false).is_ok()))?;
    office.pass(&after(600 * DAY))?;
    has(&office, "boss", BADGE, true)?;

    // An end that is past gives it and takes it away at once; one before the start is a mistake.
    rita.is(&rita.ask_for(&until(1), ACCOUNT)?, "completed")?;
    has(&office, "rita", ACCOUNT, false)?;
    let mistaken = json!({"start": after(900 * DAY), "end": after(800 * DAY)});
    let refused = rita.send("POST", "/requests", &order("give", &mistaken, BADGE))?.json_of(400)?;
    ensure!(refused["field"].as_str().unwrap_or_default().contains("end"), "{refused}");
    ended_once(&office)?;
    office.close()?;
    Ok(json!({ "taken_away": 4, "given_and_taken_at_once": 1, "kept": 1 }))
}

/// Fails unless that person has it, or has it no more.
fn has(office: &Office, login: &str, what: (&str, &str), active: bool) -> anyhow::Result<()> {
    let user = office.person(login).read("/me")?["id"].clone();
    let grants = office.person("admin").grants()?;
    let mut of_user = grants
        .iter()
        .filter(|grant| grant["user"] == user && grant["entityType"] == what.0 && grant["entityKey"] == what.1);
    let found = of_user.clone().any(|grant| grant["status"] == "active");
    ensure!(of_user.next().is_some() && found == active, "{login} and {what:?}: {grants:?}");
    Ok(())
}

/// Fails unless the worker, and nobody else, has taken each of the things away once.
fn ended_once(office: &Office) -> anyhow::Result<()> {
    let (events, _) = office.person("admin").feed(0)?;
    let ended: Vec<_> = events
        .iter()
        .filter(|event| event["stream"] == "grant" && event["kind"] == "changed" && event["data"]["status"] == "ended")
        .collect();
    let different: BTreeSet<_> = ended.iter().map(|event| event["id"].to_string()).collect();
    ensure!(ended.iter().all(|event| event["channel"] == "worker"), "somebody else took it away: {ended:?}");
    ensure!(ended.len() == 4 && different.len() == 4, "it was taken away {} times", ended.len());
    Ok(())
}
