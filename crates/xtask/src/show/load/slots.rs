//! The few requests that all clients fight over, and what the clients know of them from answers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::journal::Action;

/// So many refusals and the request is left as it is: a vote may have landed that nobody was told of.
const ENOUGH: u32 = 24;

/// A request that is fought over.
#[derive(Clone, Debug)]
pub(super) struct Hot {
    pub(super) number: u64,
    pub(super) id: String,
    /// The login of whom it is for.
    pub(super) target: &'static str,
    /// Whose approval was acknowledged.
    pub(super) approved_by: Vec<String>,
    refusals: u32,
}

impl Hot {
    pub(super) const fn new(number: u64, id: String, target: &'static str) -> Self {
        Self { number, id, target, approved_by: Vec::new(), refusals: 0 }
    }
}

#[derive(Debug)]
enum Slot {
    Empty,
    Making,
    Open(Hot),
}

/// What a client can do at a slot.
pub(super) enum Turn {
    /// Make a request for it, and say so with [`Slots::fill`].
    Make,
    /// Act on its request.
    Act(Hot),
    /// Go elsewhere: somebody makes its request.
    Pass,
}

/// The slots.
#[derive(Debug)]
pub(super) struct Slots(Mutex<Vec<Slot>>);

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self(Mutex::new((0..count).map(|_| Slot::Empty).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turn(&self, at: usize) -> Turn {
        match self.lock().get_mut(at) {
            None | Some(Slot::Making) => Turn::Pass,
            Some(Slot::Open(hot)) => Turn::Act(hot.clone()),
            Some(slot) => {
                *slot = Slot::Making;
                Turn::Make
            }
        }
    }

    /// Puts a request into a slot that waits for it; without one the next client makes it.
    pub(super) fn fill(&self, at: usize, made: Option<Hot>) {
        if let Some(slot) = self.lock().get_mut(at) {
            *slot = made.map_or(Slot::Empty, Slot::Open);
        }
    }

    /// Takes down what an answer says of the request in a slot, if it is still there.
    pub(super) fn learn(&self, at: usize, number: u64, action: Action, who: &str, success: bool) {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(at) else { return };
        let Slot::Open(hot) = slot else { return };
        if hot.number != number {
            return;
        }
        match (success, action) {
            (true, Action::Approve) => hot.approved_by.push(who.to_owned()),
            (true, _) => *slot = Slot::Empty,
            (false, _) => {
                hot.refusals += 1;
                if hot.refusals >= ENOUGH {
                    *slot = Slot::Empty;
                }
            }
        }
    }
}
