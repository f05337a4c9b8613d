//! Runs of an index, merged into one list in which nothing stands twice, from either end.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::repository::Order;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::{Row, Value};

/// How many entries of a run are read at once at least, and at most.
const LEAST: usize = 16;
const MOST: usize = 1024;

/// A place in a list: when something was made, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) created: Timestamp,
    pub(crate) id: Uuid,
}

/// Of two places the one with the larger rank comes first.
type Rank = (i64, u128);

impl Place {
    const fn rank(self, order: Order) -> Rank {
        let (created, id) = (self.created.as_micros(), self.id.as_u128());
        match order {
            Order::NewestFirst => (created, id),
            Order::OldestFirst => (!created, !id),
        }
    }
}

/// A part of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub(crate) order: Order,
    /// What it begins behind; `None` is the beginning.
    pub(crate) after: Option<Place>,
    /// How many places it has at most.
    pub(crate) limit: usize,
}

impl Chunk {
    /// Its limit, as a statement takes it.
    pub(crate) fn most(self) -> Value {
        i64::try_from(self.limit).unwrap_or(i64::MAX).into()
    }

    /// What stands right before it, as a statement takes it: what comes before everything, if need be.
    pub(crate) fn bound(self) -> [Value; 2] {
        match (self.after, self.order) {
            (Some(after), _) => [after.created.into(), after.id.into()],
            (None, Order::NewestFirst) => [i64::MAX.into(), Uuid::max().into()],
            (None, Order::OldestFirst) => [i64::MIN.into(), Uuid::nil().into()],
        }
    }
}

/// Part of an index that is in list order.
pub(crate) trait Run: Sized {
    /// The chunk of it, or what there is.
    fn read(&self, connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Place>, Failure>;

    /// Likewise of each run. Where a statement goes over a network, one reads them all.
    fn read_all(runs: &[&Self], connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Vec<Place>>, Failure>;
}

/// Each run by a statement of its own.
pub(crate) fn read_each<R: Run>(
    runs: &[&R],
    connection: &mut dyn Session,
    chunk: Chunk,
) -> Result<Vec<Vec<Place>>, Failure> {
    runs.iter().map(|run| run.read(connection, chunk)).collect()
}

/// What a statement of many runs found: the place of a run among `runs`, counted from 1, before each entry.
pub(crate) fn by_run(runs: usize, rows: Vec<Row>) -> Result<Vec<Vec<Place>>, RepositoryError> {
    let mut found = vec![Vec::new(); runs];
    for mut row in rows {
        let run = usize::try_from(row.number::<u64>()?).unwrap_or(usize::MAX).wrapping_sub(1);
        if let Some(run) = found.get_mut(run) {
            run.push(Place { created: row.time()?, id: row.id()? });
        }
    }
    Ok(found)
}

/// Where the places of a list come from.
pub(crate) enum Source<R> {
    /// A run of an index.
    Index(R),
    /// Places that were looked up, in any order.
    Found(Vec<Place>),
}

impl<R> Source<R> {
    const fn index(&self) -> Option<&R> {
        match self {
            Self::Index(run) => Some(run),
            Self::Found(_) => None,
        }
    }
}

impl<R: Run> Run for Source<R> {
    fn read(&self, connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Place>, Failure> {
        match self {
            Self::Index(run) => run.read(connection, chunk),
            Self::Found(places) => {
                let Chunk { order, after, limit } = chunk;
                let is_beyond = |place: &Place| after.is_none_or(|after| place.rank(order) < after.rank(order));
                let mut beyond: Vec<_> = places.iter().copied().filter(is_beyond).collect();
                beyond.sort_unstable_by_key(|place| Reverse(place.rank(order)));
                beyond.truncate(limit);
                Ok(beyond)
            }
        }
    }

    fn read_all(runs: &[&Self], connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Vec<Place>>, Failure> {
        let index: Vec<&R> = runs.iter().filter_map(|source| source.index()).collect();
        let mut read = R::read_all(&index, connection, chunk)?.into_iter();
        let mut each = |source: &&Self| match source {
            Self::Index(_) => Ok(read.next().unwrap_or_default()),
            Self::Found(_) => source.read(connection, chunk),
        };
        runs.iter().map(&mut each).collect()
    }
}

/// A run and what was read ahead of it.
struct Reader<R> {
    run: R,
    ahead: VecDeque<Place>,
    after: Option<Place>,
    chunk: usize,
    ended: bool,
}

impl<R: Run> Reader<R> {
    fn next(&mut self, connection: &mut dyn Session, order: Order) -> Result<Option<Place>, Failure> {
        if self.ahead.is_empty() && !self.ended {
            let places = self.run.read(connection, Chunk { order, after: self.after, limit: self.chunk })?;
            self.filled(places);
        }
        Ok(self.ahead.pop_front())
    }

    /// Takes what a read of its chunk found.
    fn filled(&mut self, places: Vec<Place>) {
        self.ended = places.len() < self.chunk;
        self.ahead.extend(places);
        self.after = self.ahead.back().copied();
        self.chunk = (self.chunk * 2).min(MOST);
    }
}

/// Several runs as one list.
pub(crate) struct Merge<R> {
    order: Order,
    readers: Vec<Reader<R>>,
    begun: bool,
    heads: BinaryHeap<(Rank, Reverse<usize>, Place)>,
    /// Whose next place is not among the heads yet.
    behind: Vec<usize>,
    last: Option<Place>,
}

impl<R: Run> Merge<R> {
    /// The runs beyond `after`; about `wanted` places will be asked for.
    pub(crate) fn new(runs: Vec<R>, order: Order, after: Option<Place>, wanted: usize) -> Self {
        // Each run gives its part; what is read ahead beyond that is read in vain.
        let part = wanted.saturating_mul(2) / runs.len().max(1);
        let chunk = part.min(wanted).clamp(LEAST, MOST / 4);
        let reader = |run| Reader { run, ahead: VecDeque::new(), after, chunk, ended: false };
        let readers: Vec<_> = runs.into_iter().map(reader).collect();
        let behind = (0..readers.len()).collect();
        Self { order, readers, begun: false, heads: BinaryHeap::new(), behind, last: None }
    }

    /// Reads the first chunk of every run.
    fn begin(&mut self, connection: &mut dyn Session) -> Result<(), Failure> {
        let Some(&Reader { after, chunk: limit, .. }) = self.readers.first() else { return Ok(()) };
        let runs: Vec<&R> = self.readers.iter().map(|reader| &reader.run).collect();
        let read = R::read_all(&runs, connection, Chunk { order: self.order, after, limit })?;
        self.readers.iter_mut().zip(read).for_each(|(reader, places)| reader.filled(places));
        Ok(())
    }

    fn next(&mut self, connection: &mut dyn Session) -> Result<Option<Place>, Failure> {
        if !std::mem::replace(&mut self.begun, true) {
            self.begin(connection)?;
        }
        loop {
            while let Some(index) = self.behind.pop() {
                if let Some(reader) = self.readers.get_mut(index) {
                    let head = reader.next(connection, self.order)?;
                    self.heads.extend(head.map(|place| (place.rank(self.order), Reverse(index), place)));
                }
            }
            let Some((_, Reverse(index), place)) = self.heads.pop() else { return Ok(None) };
            self.behind.push(index);
            if self.last.replace(place) != Some(place) {
                return Ok(Some(place));
            }
        }
    }

    /// The next places, at most `count`; fewer at the end alone.
    pub(crate) fn take(&mut self, connection: &mut dyn Session, count: usize) -> Result<Vec<Place>, Failure> {
        let mut places = Vec::with_capacity(count.min(MOST));
        while places.len() < count {
            let Some(place) = self.next(connection)? else { break };
            places.push(place);
        }
        Ok(places)
    }
}
