//! A receiver of webhooks that fails five times and dies once hears of everything all the same.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::office::{DEADLINE, ESCALATES, EXPIRES, Office, Person, after, wait_until};
use crate::receiver::{Posted, Receiver, Reply};
use crate::show::{Context, Size};
use crate::signature;

const SECRET: &str = "a key that both of them know";
const HEARD: [&str; 2] = ["request", "grant"];
/// Which posts fail, and how; the last of them twice in a row.
const FAILURES: [(usize, u16); 5] = [(2, 500), (5, 503), (9, 302), (13, 404), (14, 429)];
/// The post with which the receiver dies.
const LAST: usize = 20;

/// What somebody who remembers the last position has handled.
#[derive(Clone, Default)]
struct Handled {
    deliveries: Vec<Posted>,
    /// How many came again.
    again: usize,
}

/// Requests come, are decided and run out while the receiver fails, is dead, and is there again.
pub fn told(size: Size, context: &Context) -> anyhow::Result<Value> {
    let office = Office::open(context, 1)?;
    let [rita, wim, lead, boss, admin] = ["rita", "wim", "lead", "boss", "admin"].map(|login| office.person(login));
    let (_, from) = admin.feed(0)?;
    let failing = |n: usize| match FAILURES.iter().find(|(failing, _)| *failing == n) {
        Some((_, status)) => Reply::Status(*status),
        None if n == LAST => Reply::Die,
        None => Reply::Status(200),
    };
    let receiver = Receiver::start(failing)?;
    let hook = json!({"name": "Show", "url": receiver.url(), "secret": SECRET, "streams": HEARD});
    let hook = admin.send("POST", "/webhooks", &hook)?.json_of(201)?;
    let hook = format!("/webhooks/{}", hook["id"].as_str().context("a webhook's id")?);

    let count = if size == Size::Full { 100 } else { 6 };
    let escalating: Vec<_> = (0..count).map(|_| rita.ask(ESCALATES)).collect::<anyhow::Result<_>>()?;
    let expiring: Vec<_> = (0..count).map(|_| wim.ask(EXPIRES)).collect::<anyhow::Result<_>>()?;
    wait_until(|| Ok(receiver.is_dead())).context("the receiver hears too little to die")?;
    let (address, first) = (receiver.address(), receiver.posted());
    drop(receiver);

    // Life goes on without it.
    for request in expiring.iter().step_by(2) {
        lead.approve(request)?;
    }
    office.turn_to(&after(DEADLINE))?;
    for (at, request) in expiring.iter().enumerate() {
        wim.becomes(request, if at.is_multiple_of(2) { "completed" } else { "denied" })?;
    }
    wait_until(|| Ok(admin.read(&hook)?["delivery"]["attempts"].as_i64() >= Some(2)))?;
    let waiting = admin.read(&hook)?["delivery"]["error"].as_str().unwrap_or_default().to_lowercase();
    ensure!(waiting.contains("refused"), "administrators read {waiting:?}");

    let again = Receiver::on(address, |_| Reply::Status(200))?;
    for request in &escalating {
        wait_until(|| Ok(boss.task(request, "Assigned")?.is_some())).context("it is not escalated")?;
        boss.approve(request)?;
    }
    let expected = expected(&admin, from)?;
    let last = expected.last().context("an event")?["position"].clone();
    let all_came = || Ok(again.posted().last().is_some_and(|posted| posted.json()["position"] == last));
    wait_until(all_came).with_context(|| format!("only {} deliveries came", again.posted().len()))?;

    let deliveries = [first.clone(), again.posted()].concat();
    tried_again(&first)?;
    let handled = handled(&deliveries)?;
    complete(&handled.deliveries, &expected)?;
    let planted = faults_are_found(&handled.deliveries, &expected)?;
    let requests = in_order(&handled.deliveries)?;
    ensure!(requests == 2 * count, "{requests} requests instead of {} came up", 2 * count);
    office.close()?;
    Ok(json!({
        "requests": requests, "events": expected.len(), "failures": FAILURES.len(), "deaths": 1,
        "posts": deliveries.len(), "told_again": handled.again, "planted_faults_found": planted,
    }))
}

/// What a webhook must be told: the feed after that place.
fn expected(admin: &Person, from: i64) -> anyhow::Result<Vec<Value>> {
    let (events, _) = admin.feed(from)?;
    Ok(events.into_iter().filter(|event| HEARD.iter().any(|stream| event["stream"] == *stream)).collect())
}

/// Fails unless whatever was not taken came again as the next thing, under the same name.
fn tried_again(posted: &[Posted]) -> anyhow::Result<()> {
    for (failed, status) in FAILURES {
        let [tried, next] =
            [failed, failed + 1].map(|n| posted.get(n).map(|posted| posted.header("x-countersign-delivery")));
        ensure!(posted[failed].answer == Some(status), "post {failed} did not fail");
        ensure!(tried.is_some() && tried == next, "after {tried:?} failed came {next:?}");
    }
    ensure!(posted.len() == LAST + 1 && posted[LAST].answer.is_none(), "the receiver did not die");
    Ok(())
}

/// What the receiver has handled: every genuine delivery that it did not refuse, once. It handled the one
/// with which it died too.
fn handled(posted: &[Posted]) -> anyhow::Result<Handled> {
    let mut handled = Handled::default();
    let mut last = 0;
    for delivery in posted {
        signature::check(SECRET, delivery)?;
        let told = delivery.json();
        ensure!(delivery.header("x-countersign-delivery") == told["id"], "it has two names: {told}");
        if delivery.answer.is_some_and(|status| status != 200) {
            continue;
        }
        let position = told["position"].as_i64().context("a position")?;
        ensure!(position >= last, "{position} was told after {last}");
        if position == last {
            handled.again += 1;
        } else {
            handled.deliveries.push(delivery.clone());
        }
        last = position;
    }
    Ok(handled)
}

/// Fails unless these deliveries are these events, in their order.
fn complete(deliveries: &[Posted], expected: &[Value]) -> anyhow::Result<()> {
    ensure!(deliveries.len() == expected.len(), "{} of {} events were told", deliveries.len(), expected.len());
    for (delivery, event) in deliveries.iter().zip(expected) {
        signature::check(SECRET, delivery)?;
        let told = delivery.json();
        for member in ["position", "stream", "sequence", "at", "kind", "channel"] {
            ensure!(told[member] == event[member], "{member} of {told} is not that of {event}");
        }
        ensure!(told["subject"] == event["id"], "{told} is not about {event}");
    }
    Ok(())
}

/// Fails unless the events of each request came in its order, from the first one on; says how many
/// requests there were.
fn in_order(deliveries: &[Posted]) -> anyhow::Result<usize> {
    let mut sequences: BTreeMap<String, i64> = BTreeMap::new();
    for delivery in deliveries {
        let told = delivery.json();
        if told["stream"] == "request" {
            let last = sequences.entry(told["subject"].to_string()).or_default();
            *last += 1;
            ensure!(told["sequence"] == *last, "of {} came {} as {last}", told["subject"], told["sequence"]);
        }
    }
    Ok(sequences.len())
}

/// Plants faults into what came; fails unless each is found.
fn faults_are_found(deliveries: &[Posted], expected: &[Value]) -> anyhow::Result<usize> {
    let faults: [fn(&mut Vec<Posted>); 5] = [
        |deliveries| drop(deliveries.remove(3)),
        |deliveries| deliveries.swap(3, 4),
        |deliveries| deliveries.insert(3, deliveries[3].clone()),
        |deliveries| deliveries[3].body[0] ^= 1,
        |deliveries| deliveries[3].headers.retain(|(name, _)| name != "x-countersign-signature"),
    ];
    for (at, fault) in faults.iter().enumerate() {
        let mut planted = deliveries.to_vec();
        fault(&mut planted);
        ensure!(complete(&planted, expected).is_err(), "planted fault {at} is not found");
    }
    Ok(faults.len())
}
