//! `requests-live.7`: every writing operation of the three surfaces is sent again under its
//! `Idempotency-Key`: five times in a row, five times at once, after the server was killed and before it had
//! answered. There is one effect, the answers are equal, and another body is told apart. Which operations write
//! is read from the list of all, so that a new one without a case fails.

mod case;
mod cases;
mod conditions;
pub(super) mod cut;
mod native;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::answer::Answer;
use case::{Case, Made};
use world::{Call, Heard, World};

/// Operations that write nothing although their method could, each with the reason.
const WRITE_NOTHING: [(&str, &str); 1] =
    [("native_explain_request", "it tells what approval a request would need, and makes none")];

/// How often a call is sent again.
const TIMES: usize = 5;
/// How long what the worker goes on with after a crash may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how long nothing more may happen after that.
const QUIET: Duration = Duration::from_millis(1500);

/// A call, the key that it was sent under, and what was heard.
struct Sent {
    name: String,
    call: Call,
    key: String,
    heard: Heard,
}

/// The calls that a kill left without an answer.
#[derive(Default)]
struct CutOff {
    calls: usize,
    /// What they had done all the same.
    events: usize,
}

/// What a case leaves among the events when it is called once, without a key.
type Effects = BTreeMap<String, Vec<String>>;

/// Sends everything again and again.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let started = Instant::now();
    let cases = cases::all();
    let operations = std::fs::read_to_string(context.root.join("openapi/operations.txt"))?;
    let writing = complete(&operations, &cases)?;
    let (rounds, kills) = if size == Size::Full { (10, 10) } else { (1, 1) };

    let mut world = World::start(context)?;
    native::over_access(&world)?;
    let (mut effects, mut sent) = (Effects::new(), Vec::new());
    for case in &cases {
        let name = case.name();
        check(&world, case, rounds, &mut effects, &mut sent).with_context(|| name)?;
    }
    write_nothing(&world)?;
    let conditions = conditions::hold(&world)?;
    let mut cut_off = CutOff::default();
    for kill in 0..kills {
        killed(&mut world, &cases, &effects, &mut sent, kill, &mut cut_off)?;
    }
    ensure!(cut_off.calls > 0, "every call was answered before the server was killed");
    for again in &sent {
        let heard = Heard::of(&again.call.send(&world.client, Some(&again.key))?);
        ensure!(heard == again.heard, "{} after the kill: {heard:?}, not {:?}", again.name, again.heard);
    }
    nothing(&world, "calls that are sent again after a kill")?;
    world.end()?;
    Ok(json!({
        "operations": writing, "cases": cases.len(), "write_nothing": WRITE_NOTHING.len(), "conditions": conditions,
        "sent_again_after_a_kill": sent.len(), "refused_then_done": cases.len(), "kills": kills,
        "unanswered_at_a_kill": cut_off.calls, "their_events_before_it": cut_off.events, "seconds": started.elapsed().as_secs(),
    }))
}

/// How many operations write; fails unless each has a case, and each case an operation.
fn complete(operations: &str, cases: &[Case]) -> anyhow::Result<usize> {
    let mut writing = BTreeSet::new();
    for line in operations.lines() {
        let mut words = line.split(' ');
        let (method, id) = (words.next(), words.nth(1));
        if !matches!(method, Some("GET" | "HEAD" | "OPTIONS")) {
            writing.insert(id.with_context(|| format!("{line:?} names no operation"))?);
        }
    }
    let silent = WRITE_NOTHING.map(|(operation, _)| operation);
    let covered: BTreeSet<_> = cases.iter().map(|case| case.operation).chain(silent).collect();
    let missing: Vec<_> = writing.difference(&covered).collect();
    ensure!(missing.is_empty(), "operations that write, without a case: {missing:?}");
    let unknown: Vec<_> = covered.difference(&writing).collect();
    ensure!(unknown.is_empty(), "cases of no operation: {unknown:?}");
    Ok(writing.len() - silent.len())
}

impl Case {
    fn name(&self) -> String {
        format!("{} {}", self.operation, self.situation).trim_end().to_owned()
    }

    fn made(&self, world: &World<'_>) -> anyhow::Result<Made> {
        let made = (self.make)(world)?;
        for call in [&made.call, &made.other, &made.refused.0] {
            let path = call.path.split('?').next().unwrap_or_default();
            let found = world.client.contract().and_then(|contract| contract.operation(call.method, path));
            ensure!(found == Some(self.operation), "{} {path} is {found:?}", call.method);
        }
        // What it took to bring the situation about is no effect of the call.
        world.news()?;
        Ok(made)
    }

    /// A client's key says nothing of the operation: the plain cases have the same one.
    fn key(&self, occasion: &str) -> String {
        format!("{occasion}-{}", self.situation.replace(' ', "-"))
    }
}

/// One case before any kill: without a key, in a row, at once, after a refusal.
fn check(
    world: &World<'_>,
    case: &Case,
    rounds: usize,
    effects: &mut Effects,
    sent: &mut Vec<Sent>,
) -> anyhow::Result<()> {
    let made = case.made(world)?;
    good(&made.call.send(&world.client, None)?)?;
    let effect = world.news()?;
    ensure!(effect.is_empty() == made.idle, "one call leaves {effect:?}");

    let made = case.made(world)?;
    let key = case.key("in-a-row");
    let answers = (0..TIMES).map(|_| made.call.send(&world.client, Some(&key))).collect::<Result<Vec<_>, _>>()?;
    sent.push(once(world, case, &made, key, &answers, &effect).context("in a row")?);

    for round in 0..rounds {
        let made = case.made(world)?;
        let key = case.key(&format!("at-once-{round}"));
        let answers = at_once(world, &made.call, &key)?;
        sent.push(once(world, case, &made, key, &answers, &effect).context("at once")?);
    }
    refused_first(world, case, &effect).context("after a refusal")?;
    effects.insert(case.name(), effect);
    Ok(())
}

fn at_once(world: &World<'_>, call: &Call, key: &str) -> anyhow::Result<Vec<Answer>> {
    let client = &world.client;
    thread::scope(|scope| {
        let calls: Vec<_> = (0..TIMES).map(|_| scope.spawn(|| call.send(client, Some(key)))).collect();
        calls.into_iter().map(|call| call.join().map_err(|_| anyhow::anyhow!("a caller ended early"))?).collect()
    })
}

/// Fails unless the answers are equal and good, what happened is what one call leaves, and another body is refused.
fn once(
    world: &World<'_>,
    case: &Case,
    made: &Made,
    key: String,
    answers: &[Answer],
    effect: &[String],
) -> anyhow::Result<Sent> {
    let first = answers.first().context("no answer")?;
    good(first)?;
    let heard = Heard::of(first);
    for answer in answers {
        let again = Heard::of(answer);
        ensure!(again == heard, "{:?}: {again:?} is not {heard:?}", made.call);
    }
    let news = world.news()?;
    ensure!(news == effect, "{:?} leaves {news:?} instead of {effect:?}", made.call);
    other_is_refused(world, made, &key)?;
    Ok(Sent { name: case.name(), call: made.call.clone(), key, heard })
}

fn other_is_refused(world: &World<'_>, made: &Made, key: &str) -> anyhow::Result<()> {
    let answer = made.other.send(&world.client, Some(key))?;
    let told = answer.status == made.other.reused() && answer.text().contains("IdempotencyKeyReused");
    ensure!(told, "another body under the key: {} {}", answer.status, answer.text());
    nothing(world, "another body under the key")
}

/// A refusal is not kept (decision 13): the key is free for whatever comes next.
fn refused_first(world: &World<'_>, case: &Case, effect: &[String]) -> anyhow::Result<()> {
    let made = case.made(world)?;
    let key = case.key("refused-first");
    let (refused, status) = &made.refused;
    for _ in 0..2 {
        let answer = refused.send(&world.client, Some(&key))?;
        ensure!(answer.status == *status, "{refused:?}: {} {}", answer.status, answer.text());
    }
    nothing(world, "a refused call")?;
    let answers = [made.call.send(&world.client, Some(&key))?, made.call.send(&world.client, Some(&key))?];
    once(world, case, &made, key, &answers, effect).map(|_| ())
}

/// Sends every case at once, kills the server when some are answered, starts another, and sends them again.
fn killed(
    world: &mut World<'_>,
    cases: &[Case],
    effects: &Effects,
    sent: &mut Vec<Sent>,
    kill: usize,
    cut_off: &mut CutOff,
) -> anyhow::Result<()> {
    let made = cases.iter().map(|case| Ok((case, case.made(world)?))).collect::<anyhow::Result<Vec<_>>>()?;
    let key = |case: &Case| case.key(&format!("killed-{kill}"));
    let before = interrupted(world, &made, &key, 1 + (12 + 11 * kill) % (cases.len() - 1));
    world.restart()?;
    let done = world.news()?;
    let answered = made.iter().zip(&before).filter(|(_, heard)| heard.is_some());
    let told: usize = answered.map(|((case, _), _)| effects[&case.name()].len()).sum();
    cut_off.calls += before.iter().filter(|heard| heard.is_none()).count();
    ensure!(done.len() >= told, "of {told} events that were acknowledged {} are there", done.len());
    cut_off.events += done.len() - told;
    for ((case, made), heard) in made.iter().zip(&before) {
        let key = key(case);
        let answers = [made.call.send(&world.client, Some(&key))?, made.call.send(&world.client, Some(&key))?];
        for answer in &answers {
            good(answer).with_context(|| format!("{} after a kill", case.name()))?;
        }
        let [first, second] = answers.map(|answer| Heard::of(&answer));
        ensure!(first == second, "{} after a kill: {first:?}, then {second:?}", case.name());
        let same = heard.as_ref().is_none_or(|heard| *heard == first);
        ensure!(same, "{} after a kill: {first:?}, before {heard:?}", case.name());
        sent.push(Sent { name: case.name(), call: made.call.clone(), key, heard: first });
    }
    let mut expected: Vec<_> = cases.iter().flat_map(|case| &effects[&case.name()]).cloned().collect();
    expected.sort();
    settles(world, done, &expected)?;
    for (case, made) in &made {
        other_is_refused(world, made, &key(case)).with_context(|| case.name())?;
    }
    Ok(())
}

/// What each call heard before the server was killed, which it is after so many answers.
fn interrupted(
    world: &mut World<'_>,
    made: &[(&Case, Made)],
    key: &(impl Fn(&Case) -> String + Sync),
    answers: usize,
) -> Vec<Option<Heard>> {
    // An answer that breaks off is none, and nothing to hold against the contract.
    let client = world.client.unchecked();
    let call = |(case, made): &(&Case, Made)| made.call.send(&client, Some(&key(case))).ok().filter(whole);
    thread::scope(|scope| {
        let (told, heard) = channel();
        let calls: Vec<_> = made
            .iter()
            .map(|made| {
                let (told, call) = (told.clone(), &call);
                scope.spawn(move || {
                    let heard = call(made).map(|answer| Heard::of(&answer));
                    let _ = told.send(());
                    heard
                })
            })
            .collect();
        heard.iter().take(answers).for_each(drop);
        world.kill();
        calls.into_iter().map(|call| call.join().ok().flatten()).collect()
    })
}

fn whole(answer: &Answer) -> bool {
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    length.is_none_or(|length: usize| length == answer.body.len())
}

/// Waits until, after what `happened` already, all that was expected has; then nothing more may.
fn settles(world: &World<'_>, mut happened: Vec<String>, expected: &[String]) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while happened.len() < expected.len() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
        happened.extend(world.news()?);
    }
    thread::sleep(QUIET);
    happened.extend(world.news()?);
    happened.sort();
    ensure!(happened == expected, "around a kill there happened {happened:?} instead of {expected:?}");
    Ok(())
}

/// What writes nothing needs no key and keeps none.
fn write_nothing(world: &World<'_>) -> anyhow::Result<()> {
    for role in ["12", "13"] {
        let order = native::order("user24", &[["Role", role]]);
        let explain = Call::new("requester", "POST", &format!("{}/requests/explain", world::NATIVE), order);
        good(&explain.send(&world.client, Some("in-a-row-"))?)?;
    }
    nothing(world, "what writes nothing")
}

fn good(answer: &Answer) -> anyhow::Result<()> {
    ensure!([200, 201].contains(&answer.status), "{} {}", answer.status, answer.text());
    Ok(())
}

fn nothing(world: &World<'_>, of: &str) -> anyhow::Result<()> {
    let news = world.news()?;
    ensure!(news.is_empty(), "{of} left {news:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writing_operation_without_a_case_is_named() {
        let list = std::fs::read_to_string(crate::process::workspace().join("openapi/operations.txt")).unwrap();
        assert!(complete(&list, &cases::all()).unwrap() > 20);
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let longer = format!("{list}{method} /api/v1/things native_change_thing native\n");
            let error = complete(&longer, &cases::all()).unwrap_err();
            assert!(error.to_string().contains("native_change_thing"), "{error}");
        }
        let shorter: Vec<_> = list.lines().filter(|line| !line.contains("native_replay_webhook")).collect();
        let error = complete(&shorter.join("\n"), &cases::all()).unwrap_err();
        assert!(error.to_string().contains("native_replay_webhook"), "{error}");
    }
}
