//! Who may hold a connection, and a thread with it: as many calls at a time as there are connections, each for a
//! bounded time. A thread that waits for a database which does not answer cannot be called back, so the call is
//! answered without it; the thread keeps its turn until it comes back, and threads cannot pile up.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The turns at a pool of connections. A clone shares them with its original.
#[derive(Clone)]
pub(crate) struct Turns {
    size: usize,
    free: Arc<Semaphore>,
    /// How many are held by threads that nobody waits for any more.
    abandoned: Arc<AtomicUsize>,
    /// How long a call waits for a turn.
    wait: Duration,
    /// How long a call waits for what is done in its turn.
    work: Duration,
}

impl Turns {
    /// So many turns.
    pub(crate) fn new(size: usize, wait: Duration, work: Duration) -> Self {
        let free = Arc::new(Semaphore::new(size));
        Self { size, free, abandoned: Arc::new(AtomicUsize::new(0)), wait, work }
    }

    /// Does `work` on a blocking thread, for a call that waits a bounded time. Work that is not over by then goes
    /// on, and nobody knows how it ends.
    pub(crate) async fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.answer_if_free(work).await?.ok_or_else(|| unavailable(IN_USE))
    }

    /// Likewise; `None` if there was no turn to be had in time.
    pub(crate) async fn answer_if_free<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        let Some(turn) = self.take().await? else { return Ok(None) };
        let state = Arc::clone(&turn.state);
        let done = timeout(self.work, blocking(turn, work)).await;
        done.map_or_else(
            |_| {
                self.abandon(&state);
                Err(unavailable(LATE))
            },
            |done| done.map(Some),
        )
    }

    /// Does `work`, however long it takes.
    pub(crate) async fn finish<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self.take().await?.ok_or_else(|| unavailable(IN_USE))?;
        blocking(turn, work).await
    }

    /// While every turn is held by a thread that has been given up, nobody waits for one: that would only make
    /// callers wait, too.
    async fn take(&self) -> Result<Option<Turn>> {
        if self.abandoned.load(Ordering::Acquire) >= self.size {
            return Err(unavailable(STUCK));
        }
        match timeout(self.wait, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => {
                let state = Arc::new(AtomicU8::new(RUNNING));
                Ok(Some(Turn { state, abandoned: Arc::clone(&self.abandoned), _permit: permit }))
            }
            Ok(Err(error)) => Err(RepositoryError::Internal(error.to_string())),
            Err(_) => Ok(None),
        }
    }

    fn abandon(&self, state: &AtomicU8) {
        self.abandoned.fetch_add(1, Ordering::AcqRel);
        if state.compare_exchange(RUNNING, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_err() {
            self.abandoned.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

const RUNNING: u8 = 0;
const ABANDONED: u8 = 1;
const OVER: u8 = 2;

/// A turn, held by the thread that works in it.
struct Turn {
    state: Arc<AtomicU8>,
    abandoned: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.state.swap(OVER, Ordering::AcqRel) == ABANDONED {
            self.abandoned.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

async fn blocking<T: Send + 'static>(turn: Turn, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| RepositoryError::Internal(error.to_string()))?
}

/// How far threads are that work for many callers at a time. A clone watches the same threads.
#[derive(Clone)]
pub(crate) struct Pace {
    /// Since when each is at what it does, if it does anything.
    begun: Arc<[Mutex<Option<Instant>>]>,
    /// How long a call waits for an answer.
    patience: Duration,
}

impl Pace {
    /// For so many threads.
    pub(crate) fn new(threads: usize, patience: Duration) -> Self {
        Self { begun: (0..threads).map(|_| Mutex::default()).collect(), patience }
    }

    /// Does the work of a thread.
    pub(crate) fn watch<T>(&self, thread: usize, work: impl FnOnce() -> T) -> T {
        self.note(thread, Some(Instant::now()));
        let done = work();
        self.note(thread, None);
        done
    }

    fn note(&self, thread: usize, begun: Option<Instant>) {
        if let Some(place) = self.begun.get(thread) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = begun;
        }
    }

    /// An answer, for a call that waits a bounded time; and not at all while no thread gets on.
    pub(crate) async fn answer<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        if self.begun.iter().all(|begun| self.is_stuck(begun)) {
            return Err(unavailable(STUCK));
        }
        timeout(self.patience, answer).await.unwrap_or_else(|_| Err(unavailable(LATE)))
    }

    fn is_stuck(&self, begun: &Mutex<Option<Instant>>) -> bool {
        let begun = *begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.is_some_and(|begun| begun.elapsed() > self.patience)
    }
}

const IN_USE: &str = "every connection to the database is in use";
const LATE: &str = "the database does not answer in time";
const STUCK: &str = "no connection to the database gets an answer";

fn unavailable(reason: &str) -> RepositoryError {
    RepositoryError::Unavailable(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Work that does not end before the sender is dropped.
    fn stuck(turns: &Turns) -> (Sender<()>, impl Future<Output = Result<()>> + use<>) {
        let (hold, held) = channel::<()>();
        let turns = turns.clone();
        (hold, async move {
            let work = move || {
                let _ = held.recv();
                Ok(())
            };
            turns.answer(work).await
        })
    }

    fn is_unavailable(answer: &Result<()>) -> bool {
        matches!(answer, Err(RepositoryError::Unavailable(_)))
    }

    #[tokio::test]
    async fn a_call_is_answered_while_its_thread_waits_on() {
        let turns = Turns::new(2, LONG, Duration::from_millis(50));
        let ((one, first), (two, second)) = (stuck(&turns), stuck(&turns));
        let (first, second) = tokio::join!(first, second);
        assert!(is_unavailable(&first) && is_unavailable(&second));
        // Both threads wait on. Whoever comes now is not made to wait for a turn.
        let begun = Instant::now();
        assert!(is_unavailable(&turns.answer(|| Ok(())).await));
        assert!(begun.elapsed() < LONG / 2);
        drop(one);
        while turns.free.available_permits() < 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        turns.answer(|| Ok(())).await.unwrap();
        drop(two);
        while turns.free.available_permits() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(turns.abandoned.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_turn_for_ever() {
        let turns = Turns::new(1, Duration::from_millis(50), LONG);
        let (hold, first) = stuck(&turns);
        let first = tokio::spawn(first);
        while turns.free.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(is_unavailable(&turns.answer(|| Ok(())).await));
        drop(hold);
        first.await.unwrap().unwrap();
        turns.answer(|| Ok(())).await.unwrap();
    }
    #[tokio::test]
    async fn nobody_waits_for_threads_that_do_not_get_on() {
        let pace = Pace::new(1, Duration::from_millis(50));
        let (hold, held) = channel::<()>();
        let thread = std::thread::spawn({
            let pace = pace.clone();
            move || pace.watch(0, || held.recv())
        });
        assert!(is_unavailable(&pace.answer(std::future::pending()).await));
        while !pace.is_stuck(&pace.begun[0]) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(is_unavailable(&pace.answer(std::future::ready(Ok(()))).await));
        drop(hold);
        thread.join().unwrap().unwrap_err();
        pace.answer(std::future::ready(Ok(()))).await.unwrap();
    }
}
