//! The threads on which passwords are verified. Each verification takes 19 MiB, and the allocator keeps what a thread has
//! given back for that thread: a few threads of their own keep little, any of many keep much.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// So many threads, which are there while they have something to do.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn new(most: usize) -> std::io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(most.max(1)).thread_name("password").build()?;
        Ok(Self(Some(runtime)))
    }

    /// Runs `work` on one of them; `None` once they are gone.
    pub(super) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn_blocking(work))
    }
}

impl Drop for Threads {
    /// Waits for nobody, for it may be dropped where calls are answered.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
