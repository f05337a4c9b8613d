//! Calls that wait in line for a thread which works for many at a time. Each waits for a bounded time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Where the thread answers. It is closed once nobody waits any more.
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;

/// The end of a line at which calls join it.
#[derive(Debug)]
pub(crate) struct Line<J> {
    jobs: mpsc::Sender<J>,
    stuck: Stuck,
    wait: Duration,
}

impl<J> Clone for Line<J> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone(), stuck: self.stuck.clone(), wait: self.wait }
    }
}

/// Whether somebody has waited in vain since the thread came to an end of something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stuck(Arc<AtomicBool>);

impl Stuck {
    /// The thread has come to an end of something.
    pub(crate) fn is_over(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A line of at most `length`, in which everybody waits for `wait` at most.
pub(crate) fn line<J>(length: usize, wait: Duration) -> (Line<J>, mpsc::Receiver<J>, Stuck) {
    let (jobs, queue) = mpsc::channel(length);
    let stuck = Stuck::default();
    (Line { jobs, stuck: stuck.clone(), wait }, queue, stuck)
}

fn unavailable(reason: &str) -> RepositoryError {
    RepositoryError::Unavailable(reason.to_owned())
}

impl<J> Line<J> {
    /// What the thread answers. A call that has waited in vain does not know what becomes of its job; those that come
    /// while the thread still waits for the database are not made to wait, too.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> J) -> Result<T> {
        if self.stuck.0.load(Ordering::Acquire) {
            return Err(unavailable("the database has not answered for a while"));
        }
        let (reply, answer) = oneshot::channel();
        let job = job(reply);
        let asked = async {
            let stopped = || unavailable("the thread for it has stopped");
            self.jobs.send(job).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        timeout(self.wait, asked).await.unwrap_or_else(|_| {
            self.stuck.0.store(true, Ordering::Release);
            Err(unavailable("the database does not answer in time"))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn who_comes_behind_one_that_waited_in_vain_is_answered_at_once_until_the_thread_is_free() {
        let (line, mut queue, stuck) = line::<Reply<u8>>(4, Duration::from_millis(50));
        assert!(line.ask(|reply| reply).await.is_err());
        let given_up = queue.recv().await.unwrap();
        assert!(given_up.is_closed());
        let begun = Instant::now();
        assert!(line.ask(|reply| reply).await.is_err());
        assert!(begun.elapsed() < Duration::from_millis(40) && queue.try_recv().is_err());
        stuck.is_over();
        let answer = tokio::spawn(async move { line.ask(|reply| reply).await });
        queue.recv().await.unwrap().send(Ok(7)).unwrap();
        assert_eq!(answer.await.unwrap().unwrap(), 7);
    }
}
