//! One who pages and many who decide, neither far ahead of the other, so that the list changes under every page.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use super::OIG;
use super::crowd::{DECIDERS, Task};
use crate::http::Client;

/// How many decisions belong to one page: more than a fifth of ten, for the list grows shorter.
const PER_PAGE: usize = 3;
/// How many decisions the pager may be ahead.
const AHEAD: usize = 8;
/// How long one waits for the others.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far both are.
#[derive(Default)]
struct Progress {
    pages: usize,
    begun: usize,
    /// The tasks whose decision was acknowledged, each with its place among them.
    decided: BTreeMap<String, usize>,
    over: bool,
}

/// A race over one list.
pub(super) struct Race<'a> {
    tasks: Vec<&'a Task>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// What is known when a page is asked for.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// How many decisions were acknowledged.
    pub(super) decided: usize,
    /// How many were sent and not answered.
    pub(super) in_flight: usize,
}

impl<'a> Race<'a> {
    /// A race in which `tasks` are decided, in this order.
    pub(super) fn new(tasks: Vec<&'a Task>) -> Self {
        Self { tasks, progress: Mutex::default(), changed: Condvar::new() }
    }

    /// Lets `deciders` decide for as long as `page` goes through the list.
    pub(super) fn run<T>(&self, deciders: &[Client], page: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        ensure!(deciders.len() == DECIDERS, "there are {} deciders", deciders.len());
        std::thread::scope(|scope| {
            let deciding: Vec<_> = deciders.iter().map(|decider| scope.spawn(|| self.decide_all(decider))).collect();
            let paged = page();
            self.end();
            for decided in deciding {
                decided.join().map_err(|_| anyhow::anyhow!("a decider panicked"))??;
            }
            paged
        })
    }

    /// Waits until the deciders are as far as the pager; says how far.
    pub(super) fn before_page(&self) -> anyhow::Result<Moment> {
        let progress = self.wait(|progress| {
            let wanted = (progress.pages * PER_PAGE).saturating_sub(AHEAD).min(self.tasks.len());
            progress.over || progress.decided.len() >= wanted
        })?;
        ensure!(!progress.over, "a decider has failed");
        let decided = progress.decided.len();
        Ok(Moment { decided, in_flight: progress.begun - decided })
    }

    /// Notes that a page has come.
    pub(super) fn page_came(&self) {
        self.lock().pages += 1;
        self.changed.notify_all();
    }

    /// When the decision of a task was acknowledged, as the number of those before it.
    pub(super) fn decided(&self, task: &str) -> Option<usize> {
        self.lock().decided.get(task).copied()
    }

    /// How many decisions were acknowledged.
    pub(super) fn finished(&self) -> usize {
        self.lock().decided.len()
    }

    /// Decides one task after the other, as far as the pager lets the deciders come.
    fn decide_all(&self, decider: &Client) -> anyhow::Result<()> {
        loop {
            let mut progress = self.wait(|progress| {
                let most = progress.pages * PER_PAGE + DECIDERS;
                progress.over || progress.pages > 0 && progress.begun < most.min(self.tasks.len())
            })?;
            if progress.over {
                return Ok(());
            }
            let (at, task) = (progress.begun, self.tasks[progress.begun]);
            progress.begun += 1;
            drop(progress);
            // Whoever cannot decide ends the race, or the others would wait in vain.
            decide(decider, task, at).inspect_err(|_| self.end())?;
            let mut progress = self.lock();
            let place = progress.decided.len();
            progress.decided.insert(task.id.clone(), place);
            self.changed.notify_all();
        }
    }

    fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, ready: impl Fn(&Progress) -> bool) -> anyhow::Result<MutexGuard<'_, Progress>> {
        let waited = self.changed.wait_timeout_while(self.lock(), PATIENCE, |progress| !ready(progress));
        let (progress, time) = waited.unwrap_or_else(PoisonError::into_inner);
        if time.timed_out() {
            bail!("nobody goes on after {} pages and {} decisions", progress.pages, progress.decided.len());
        }
        Ok(progress)
    }
}

/// Decides a task, every third one with a no, in one of the two ways that OIG has.
fn decide(decider: &Client, task: &Task, at: usize) -> anyhow::Result<()> {
    let action = if at.is_multiple_of(3) { "reject" } else { "approve" };
    let decision = json!({"id": task.request, "taskId": task.id, "action": action});
    let (path, body) = if at.is_multiple_of(2) {
        (format!("{OIG}/requests/{}", task.request), decision)
    } else {
        (format!("{OIG}/requests"), json!({ "requests": [decision] }))
    };
    let headers: [&[u8]; 2] = [b"X-Requested-By: show", b"Content-Type: application/json"];
    let answer = decider.raw("PUT", path.as_bytes(), &headers, body.to_string().as_bytes())?.json_of(200)?;
    let verdict = answer["requests"].get(0).unwrap_or(&answer);
    let done = verdict["status"].as_str().with_context(|| answer.to_string())?;
    ensure!(done == "SUCCESS" && verdict["id"] == task.request.as_str(), "{action}: {answer}");
    Ok(())
}
