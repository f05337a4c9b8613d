//! What services draw on besides the repository: the time, new ids, randomness, numbers.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::error::RepositoryError;
use crate::event::Entropy;
use crate::ids::{NotANumber, RequestNumber};
use crate::lifecycle::Ids;
use crate::repository::{NumberSpace, Repository};

/// Where new ids and random bytes come from.
pub trait Randomness: Send + Sync {
    /// An id of version 7 that was never given out before.
    fn id(&self, now: Timestamp) -> Uuid;

    /// Random bytes for the salts of events.
    fn entropy(&self) -> Box<dyn Entropy>;
}

/// The time and randomness. Handed in, so that tests can fix them.
#[derive(Clone)]
pub struct Tools {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and salts.
    pub randomness: Arc<dyn Randomness>,
}

/// The ids of one decision.
pub(super) struct NewIds<'a> {
    pub(super) randomness: &'a dyn Randomness,
    pub(super) now: Timestamp,
}

impl Ids for NewIds<'_> {
    fn next(&self) -> Uuid {
        self.randomness.id(self.now)
    }
}

/// How many numbers are taken from the repository at once: what is not used is a gap.
const BLOCK: u32 = 64;

/// Numbers that were taken from the repository and not given out yet.
#[derive(Default)]
struct Block {
    next: i64,
    end: i64,
}

/// Gives out numbers, a block at a time.
#[derive(Default)]
pub(super) struct Numbers {
    requests: Mutex<Block>,
    grants: Mutex<Block>,
}

impl Numbers {
    /// `count` numbers of `space`, in a row, above `floor`: a child's number is above its parent's.
    pub(super) async fn take(
        &self,
        repository: &dyn Repository,
        space: NumberSpace,
        count: u32,
        floor: i64,
    ) -> Result<i64, RepositoryError> {
        let block = match space {
            NumberSpace::Grants => &self.grants,
            _ => &self.requests,
        };
        let from_block = |block: &Mutex<Block>| {
            let mut block = block.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = block.next > floor && block.end - block.next >= i64::from(count);
            fits.then(|| {
                let first = block.next;
                block.next += i64::from(count);
                first
            })
        };
        loop {
            if let Some(first) = from_block(block) {
                return Ok(first);
            }
            let size = count.max(BLOCK);
            let first = repository.allocate_numbers(space, size).await?;
            let mut held = block.lock().unwrap_or_else(PoisonError::into_inner);
            // What another caller has fetched meanwhile is higher or lower: the higher block stays.
            if first >= held.next || held.next >= held.end {
                *held = Block { next: first, end: first + i64::from(size) };
            }
        }
    }
}

/// The number as its type.
pub(super) fn request_number(number: i64) -> Result<RequestNumber, RepositoryError> {
    RequestNumber::try_from(number).map_err(|NotANumber| exhausted())
}

pub(super) fn exhausted() -> RepositoryError {
    RepositoryError::Internal("there are no numbers left".to_owned())
}
