//! Every writing operation on PostgreSQL, where the connection to the database is cut around the COMMIT: when the
//! database has answered it, or before it has it. The caller is told neither a success nor a refusal, and the call
//! that is sent again under its key has one effect. Without a key nothing is tried again behind the caller's back.

use anyhow::{Context as _, bail, ensure};
use countersign_test_postgres::Database;
use serde_json::{Value, json};

use super::case::{Case, Made};
use super::world::{Heard, MIM, OIG, World};
use super::{Effects, cases, good, native, settles};
use crate::answer::Answer;
use crate::oracle::array;
use crate::proxy::{Cut, Proxy, Trap};
use crate::show::{Context, Size};

/// What stands for all in the short form; each has one effect.
const FEW: [(&str, &str); 6] = [
    ("mim_create_request", ""),
    ("mim_set_request_status", ""),
    ("oig_create_requests", "a draft is submitted"),
    ("oig_update_request", ""),
    ("native_create_request", ""),
    ("native_decide_request", ""),
];
/// No call commits so often under its key.
const MANY: usize = 9;

/// Cuts them off.
pub(in crate::show) fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let database = Database::new();
    let (proxy, url) = Proxy::before(&database)?;
    let world = World::on(context, url)?;
    native::over_access(&world)?;
    let mut cases = cases::all();
    cases.retain(|case| size == Size::Full || is_one_of_few(case));
    let effects = effects(&world, &cases)?;
    let cutting = Cutting { proxy: &proxy, world: &world, effects: &effects };
    let after = cutting.under_keys(&cases, Cut::After)?;
    let before = if size == Size::Full { cutting.under_keys(&cases, Cut::Before)? } else { 0 };
    cases.retain(is_one_of_few);
    cutting.without_keys(&cases)?;
    world.end()?;
    Ok(json!({
        "cases": effects.len(), "answers_kept_back": after, "commits_kept_back": before,
        "answers_kept_back_without_a_key": cases.len(), "first_answers": "503 with Retry-After",
    }))
}

fn is_one_of_few(case: &Case) -> bool {
    FEW.contains(&(case.operation, case.situation))
}

/// What each case leaves when nothing is cut.
fn effects(world: &World<'_>, cases: &[Case]) -> anyhow::Result<Effects> {
    let effect = |case: &Case| -> anyhow::Result<_> {
        good(&case.made(world)?.call.send(&world.client, None)?)?;
        Ok((case.name(), world.news()?))
    };
    cases.iter().map(|case| effect(case).with_context(|| case.name())).collect()
}

struct Cutting<'a> {
    proxy: &'a Proxy,
    world: &'a World<'a>,
    effects: &'a Effects,
}

impl Cutting<'_> {
    /// Cuts each call at its first commit, and those that commit more often at the second, and so on; how often.
    fn under_keys(&self, cases: &[Case], cut: Cut) -> anyhow::Result<usize> {
        let mut left: Vec<&Case> = cases.iter().collect();
        let mut caught = 0;
        for spare in 0..MANY {
            let made = self.made(&left)?;
            left.clear();
            for (case, made) in &made {
                let key = case.key(&format!("cut-{cut:?}-{spare}"));
                let trap = Trap { cut, mark: key.clone().into_bytes(), spare };
                if self.under_key(made, &key, trap).with_context(|| format!("{}, {key}", case.name()))? {
                    left.push(*case);
                }
            }
            self.settle(&made).with_context(|| format!("cut {cut:?} commit {spare}"))?;
            caught += left.len();
            if left.is_empty() {
                return Ok(caught);
            }
        }
        bail!("{:?} commit without end", left.iter().map(|case| case.name()).collect::<Vec<_>>())
    }

    /// Whether the call had a commit that could be cut.
    fn under_key(&self, made: &Made, key: &str, trap: Trap) -> anyhow::Result<bool> {
        self.proxy.set(trap);
        let first = made.call.send(&self.world.client, Some(key))?;
        let caught = self.proxy.caught()?;
        let again = made.call.send(&self.world.client, Some(key))?;
        good(&again)?;
        match caught {
            true if first.status == 200 => says_nothing_of_some(&first, &again)?,
            true => says_nothing(&first)?,
            false => good(&first)?,
        }
        let (again, once_more) = (Heard::of(&again), Heard::of(&made.call.send(&self.world.client, Some(key))?));
        ensure!(again == once_more, "{once_more:?} is not {again:?}");
        Ok(caught)
    }

    fn without_keys(&self, cases: &[Case]) -> anyhow::Result<()> {
        let made = self.made(&cases.iter().collect::<Vec<_>>())?;
        for (case, made) in &made {
            let channel = match &made.call.path {
                path if path.starts_with(MIM) => "mim",
                path if path.starts_with(OIG) => "oig",
                _ => "native",
            };
            // So it stands in every event of the call.
            let mark = format!("\"channel\":\"{channel}\"").into_bytes();
            self.proxy.set(Trap { cut: Cut::After, mark, spare: 0 });
            let answer = made.call.send(&self.world.client, None)?;
            ensure!(self.proxy.caught()?, "{} was not cut off", case.name());
            says_nothing(&answer).with_context(|| case.name())?;
        }
        self.settle(&made).context("without a key")
    }

    fn made<'c>(&self, cases: &[&'c Case]) -> anyhow::Result<Vec<(&'c Case, Made)>> {
        cases.iter().map(|case| Ok((*case, case.made(self.world)?))).collect()
    }

    /// Fails unless each call has left what it leaves when nothing is cut.
    fn settle(&self, made: &[(&Case, Made)]) -> anyhow::Result<()> {
        let mut expected: Vec<String> =
            made.iter().flat_map(|(case, _)| self.effects[&case.name()].iter().cloned()).collect();
        expected.sort();
        settles(self.world, Vec::new(), &expected)
    }
}

/// Fails unless of a bulk call each element says what it says when it is sent again, or nothing.
fn says_nothing_of_some(first: &Answer, again: &Answer) -> anyhow::Result<()> {
    let (first, again) = (first.json()?, again.json()?);
    let (first, again) = (array(&first["requests"]), array(&again["requests"]));
    let says_nothing = |element: &Value| element["errorCode"] == "ServiceUnavailable";
    ensure!(first.iter().any(says_nothing) && first.len() == again.len(), "{first:?}");
    let differs = first.iter().zip(again).find(|(one, other)| !says_nothing(one) && one != other);
    ensure!(differs.is_none(), "an element says another thing when it is sent again: {differs:?}");
    Ok(())
}

/// Fails unless the answer says that it may be there later, and nothing of what has become of the call.
fn says_nothing(answer: &Answer) -> anyhow::Result<()> {
    let (status, later) = (answer.status, answer.header("retry-after"));
    ensure!(status == 503 && later.is_some(), "{status}, Retry-After {later:?}: {}", answer.text());
    Ok(())
}
