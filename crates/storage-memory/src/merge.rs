//! Runs of an index merged into one list in which nothing stands twice, and the pages of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use countersign_core::repository::{Order, Result};

use crate::run::Place;

/// A run that is gone along.
type Walk<'a> = Box<dyn Iterator<Item = Place> + 'a>;

/// Runs as one list.
pub(crate) struct Merge<'a> {
    runs: Vec<Walk<'a>>,
    /// The next place of each run that has one, the first on top.
    heads: BinaryHeap<(Rank, usize)>,
    order: Order,
    last: Option<Place>,
}

/// Of two places the one with the larger rank comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Newest(Place),
    Oldest(Reverse<Place>),
}

impl Rank {
    const fn of(place: Place, order: Order) -> Self {
        match order {
            Order::NewestFirst => Self::Newest(place),
            Order::OldestFirst => Self::Oldest(Reverse(place)),
        }
    }

    const fn place(self) -> Place {
        match self {
            Self::Newest(place) | Self::Oldest(Reverse(place)) => place,
        }
    }
}

impl<'a> Merge<'a> {
    pub(crate) fn new(runs: Vec<Walk<'a>>, order: Order) -> Self {
        let mut merge = Self { heads: BinaryHeap::with_capacity(runs.len()), runs, order, last: None };
        (0..merge.runs.len()).for_each(|run| merge.advance(run));
        merge
    }

    fn advance(&mut self, run: usize) {
        let next = self.runs.get_mut(run).and_then(Iterator::next);
        self.heads.extend(next.map(|place| (Rank::of(place, self.order), run)));
    }
}

impl Iterator for Merge<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        loop {
            let (rank, run) = self.heads.pop()?;
            self.advance(run);
            let place = rank.place();
            if self.last.replace(place) != Some(place) {
                return Some(place);
            }
        }
    }
}

/// The places of a page that begins after so many, and where the next page begins.
pub(crate) fn page(
    mut places: impl Iterator<Item = Result<Place>>,
    skip: u64,
    limit: usize,
) -> Result<(Vec<Place>, Option<Place>)> {
    for _ in 0..skip {
        if places.next().transpose()?.is_none() {
            break;
        }
    }
    let page = places.by_ref().take(limit).collect::<Result<Vec<_>>>()?;
    let more = page.len() == limit && places.next().transpose()?.is_some();
    let next = page.last().copied().filter(|_| more);
    Ok((page, next))
}

/// How many places there are.
pub(crate) fn count(mut places: impl Iterator<Item = Result<Place>>) -> Result<u64> {
    places.try_fold(0, |count, place| place.map(|_| count + 1))
}
