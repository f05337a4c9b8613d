//! What a list holds: places of an index, and of those the ones that meet a condition. The
//! condition is asked of a chunk of places at a time, and of so many places at most.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use countersign_core::error::RepositoryError;
use uuid::Uuid;

use crate::error::Failure;
use crate::filter::Condition;
use crate::merge::{Merge, Place, Run};
use crate::session::Session;
use crate::sql::{Statement, Value};

/// What one call may spend on a condition (decision 24).
const TIME: Duration = Duration::from_secs(2);
const ROWS: usize = 1_000_000;
/// So many are gone through however long it takes: where that is long, the machine is slow, not the filter.
const ROWS_ANYWAY: usize = 4096;
/// A chunk that took longer than this is followed by a smaller one.
const CHUNK_TIME: Duration = Duration::from_millis(50);
const CHUNKS: std::ops::RangeInclusive<usize> = 64..=4096;

/// Lets places through that meet a condition.
pub(crate) struct Sieve {
    condition: Condition,
    text: String,
    until: Instant,
    rows: usize,
    chunk: usize,
}

impl Sieve {
    /// `from` reads the ids that are bound first.
    pub(crate) fn new(from: &str, condition: Condition) -> Self {
        let text = format!("{from} AND {}", condition.text());
        Self { condition, text, until: Instant::now() + TIME, rows: ROWS, chunk: *CHUNKS.start() }
    }

    fn next<R: Run>(
        &mut self,
        connection: &mut dyn Session,
        merge: &mut Merge<R>,
    ) -> Result<Option<Vec<Place>>, Failure> {
        let mut places = merge.take(connection, self.chunk.min(self.rows.max(1)))?;
        if places.is_empty() {
            return Ok(None);
        }
        let begun = Instant::now();
        let spent = begun >= self.until && ROWS - self.rows >= ROWS_ANYWAY;
        if self.rows == 0 || spent {
            let clause = self.condition.slowest().to_owned();
            return Err(RepositoryError::Budget { clause }.into());
        }
        let passed = self.passed(connection, &places)?;
        self.rows -= places.len();
        let next = if begun.elapsed() > CHUNK_TIME { self.chunk / 2 } else { self.chunk * 2 };
        self.chunk = next.clamp(*CHUNKS.start(), *CHUNKS.end());
        places.retain(|place| passed.contains(&place.id));
        Ok(Some(places))
    }

    fn passed(&self, connection: &mut dyn Session, places: &[Place]) -> Result<HashSet<Uuid>, Failure> {
        let mut values = vec![Value::Ids(places.iter().map(|place| place.id).collect())];
        values.extend_from_slice(self.condition.values());
        let rows = Statement::built(self.text.clone(), values).rows(connection)?;
        Ok(rows.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?)
    }
}

/// The places of a list from its beginning on.
pub(crate) struct Selection<R> {
    pub(crate) merge: Merge<R>,
    pub(crate) sieve: Option<Sieve>,
}

impl<R: Run> Selection<R> {
    /// The next places, at least one; `None` at the end. Without a sieve at most `wanted`.
    fn next(&mut self, connection: &mut dyn Session, wanted: usize) -> Result<Option<Vec<Place>>, Failure> {
        let Some(sieve) = &mut self.sieve else {
            let places = self.merge.take(connection, wanted)?;
            return Ok(Some(places).filter(|places| !places.is_empty()));
        };
        loop {
            match sieve.next(connection, &mut self.merge)? {
                Some(places) if places.is_empty() => {}
                found => return Ok(found),
            }
        }
    }

    /// The `count` places after the first `skip`.
    pub(crate) fn take(
        &mut self,
        connection: &mut dyn Session,
        skip: u64,
        count: usize,
    ) -> Result<Vec<Place>, Failure> {
        let (mut skip, mut found) = (skip, Vec::with_capacity(count.min(1024)));
        while found.len() < count {
            let wanted = usize::try_from(skip).unwrap_or(usize::MAX).saturating_add(count - found.len()).min(1024);
            let Some(places) = self.next(connection, wanted)? else { break };
            let left_out = usize::try_from(skip).unwrap_or(usize::MAX).min(places.len());
            skip -= left_out as u64;
            found.extend(places.into_iter().skip(left_out));
        }
        found.truncate(count);
        Ok(found)
    }

    /// How many places there are.
    pub(crate) fn count(mut self, connection: &mut dyn Session) -> Result<u64, Failure> {
        let mut count = 0;
        while let Some(places) = self.next(connection, 1024)? {
            count += places.len() as u64;
        }
        Ok(count)
    }
}

/// The part of `places` that belongs on a page of `limit`, and where the next page begins.
pub(crate) fn cut(mut places: Vec<Place>, limit: usize) -> (Vec<Place>, Option<Place>) {
    let more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().copied().filter(|_| more);
    (places, next)
}
