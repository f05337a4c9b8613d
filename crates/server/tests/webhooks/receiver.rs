//! The receiver of webhook deliveries, as these tests use it.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use countersign_xtask::receiver::Posted;
use countersign_xtask::receiver::{self, Reply};
pub(crate) use countersign_xtask::signature::sign as signature;

/// A receiver, until it is dropped.
pub(crate) struct Receiver(receiver::Receiver);

impl Receiver {
    /// A receiver on any free port that answers the nth post, from 0, with `answer(n)`.
    pub(crate) fn start(answer: impl Fn(usize) -> u16 + Send + 'static) -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), answer)
    }

    /// The same at an address that one had before.
    pub(crate) fn on(address: SocketAddr, answer: impl Fn(usize) -> u16 + Send + 'static) -> Self {
        Self(receiver::Receiver::on(address, move |n| Reply::Status(answer(n))).unwrap())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// What was posted so far.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.0.posted()
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| posted.answer == Some(200)).collect()
    }

    /// Waits until enough was taken.
    #[track_caller]
    pub(crate) fn wait_for(&self, enough: impl Fn(&[Posted]) -> bool) -> Vec<Posted> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let taken = self.taken();
            if enough(&taken) {
                return taken;
            }
            assert!(Instant::now() < end, "only so much came: {taken:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Dies; what was taken until then.
    pub(crate) fn die(self) -> Vec<Posted> {
        let posted = self.0.end();
        posted.into_iter().filter(|posted| posted.answer == Some(200)).collect()
    }
}
