//! `requests-live.8`: a client that knows the specification of OIG's lists and nothing else pages through pending
//! tasks, ten at a time, by following `next`, while 32 people decide: it misses none that stayed
//! pending. One that counts offsets gets the pages that it asks for, and misses some.

mod crowd;
mod pager;
mod race;

use std::collections::BTreeSet;

use anyhow::ensure;
use countersign_storage_conformance::sample::Random;
use serde_json::{Value, json};

use super::{Context, Size};
use crate::http::Client;
use crate::world::World;
use crowd::{DECIDERS, PAGER, Task, decider, records, tasks};
use pager::{By, Pager, Walk};
use race::Race;

const OIG: &str = "/iam/governance/selfservice/api/v1";
const NOW: &str = "2030-02-01T00:00:00Z";

/// Pages twice over the same server: by `next`, then by offsets over what is left.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    let count = if size == Size::Full { 10_000 } else { 300 };
    let world = World::new(&context.binary, &records(count), NOW)?;
    let server = world.start([])?;
    let client = Client::checked(server.address())?;
    let pager = Pager::new(world.login(&client, PAGER), server.url());
    let deciders: Vec<_> = (0..DECIDERS).map(|n| world.login(&client, &decider(n))).collect();

    let tasks = tasks(count);
    let list = Tasks { pending: tasks.iter().collect() };
    ensure!(pager.total()? == count, "not all {count} tasks are pending at first");
    let offsets = pager.offsets_are_places()?;

    let (by_next, left) = list.race(&pager, &deciders, By::Next, count / 5)?;
    ensure!(by_next.missed.is_empty(), "following next missed {:?}, which stayed pending", by_next.missed);
    ensure!(pager.total()? == left.pending.len(), "the server counts other tasks than are left");
    let (by_offset, left) = left.race(&pager, &deciders, By::Offset, count / 10)?;
    ensure!(!by_offset.missed.is_empty(), "plain offsets missed nothing, so that the race proves nothing");
    ensure!(pager.total()? == left.pending.len(), "the server counts other tasks than are left");

    drop(server);
    world.verify()?;
    Ok(json!({
        "tasks": count, "deciders": DECIDERS, "offsets_compared": offsets,
        "by_next": by_next.figures(), "by_offset": by_offset.figures(),
    }))
}

/// The tasks that are pending before a race.
struct Tasks<'a> {
    pending: Vec<&'a Task>,
}

/// How a race went.
struct Raced {
    walk: Walk,
    /// How many were decided before the first page was asked for, and before the last one was.
    decided: [usize; 2],
    /// How many pages were asked for while a decision was under way.
    under_writes: usize,
    stayed: usize,
    /// The tasks that stayed pending and were not on any page.
    missed: Vec<String>,
}

impl<'a> Tasks<'a> {
    /// Pages while others decide, at least so many before the pager is at the end; gives what is
    /// pending afterwards, by the deciders' own log.
    fn race(&self, pager: &Pager, deciders: &[Client], by: By, least: usize) -> anyhow::Result<(Raced, Self)> {
        let race = Race::new(self.shuffled());
        let mut moments = Vec::new();
        let walk = race.run(deciders, || {
            pager.walk(by, |fetch| {
                let moment = race.before_page()?;
                let page = fetch()?;
                for task in &page.tasks {
                    // What was decided before the page was asked for is not pending on it.
                    let decided = race.decided(task).filter(|place| *place < moment.decided);
                    ensure!(decided.is_none(), "{task} is listed as pending and was decided");
                }
                race.page_came();
                moments.push(moment);
                Ok(page)
            })
        })?;
        let known: BTreeSet<_> = self.pending.iter().map(|task| task.id.as_str()).collect();
        ensure!(walk.tasks.iter().all(|task| known.contains(task.as_str())), "a task came up that was not pending");
        let decided = [moments.first(), moments.last()].map(|moment| moment.map_or(0, |moment| moment.decided));
        ensure!(decided[0] == 0, "the deciders began before the pager");
        ensure!(decided[1] >= least, "{} decisions instead of {least} while it paged", decided[1]);

        let left: Vec<_> = self.pending.iter().copied().filter(|task| race.decided(&task.id).is_none()).collect();
        ensure!(left.len() == self.pending.len() - race.finished(), "the deciders' log does not add up");
        let missed = left.iter().map(|task| task.id.clone()).filter(|task| !walk.tasks.contains(task)).collect();
        let under_writes = moments.iter().filter(|moment| moment.in_flight > 0).count();
        ensure!(under_writes * 2 > walk.pages, "only {under_writes} of {} pages met a decision", walk.pages);
        let raced = Raced { walk, decided, under_writes, stayed: left.len(), missed };
        Ok((raced, Tasks { pending: left }))
    }

    /// What the deciders may decide, before and behind the pager alike.
    fn shuffled(&self) -> Vec<&'a Task> {
        let mut shared: Vec<_> = self.pending.iter().copied().filter(|task| task.shared).collect();
        let mut random = Random::new(8);
        for last in (1..shared.len()).rev() {
            let other = usize::try_from(random.below(last as u64 + 1)).unwrap_or(last);
            shared.swap(last, other);
        }
        shared
    }
}

impl Raced {
    fn figures(&self) -> Value {
        json!({
            "pages": self.walk.pages, "tasks_seen": self.walk.tasks.len(), "seen_twice": self.walk.repeated,
            "decided_before_first_page": self.decided[0], "decided_before_last_page": self.decided[1],
            "pages_under_writes": self.under_writes, "stayed_pending": self.stayed, "missed": self.missed.len(),
        })
    }
}
