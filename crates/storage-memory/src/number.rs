//! Numbers: a counter a space, which only ever grows (decision 14).

use countersign_core::bundle::Numbers;
use countersign_core::error::RepositoryError;
use countersign_core::ids::NotANumber;
use countersign_core::repository::{NumberSpace, Result};

/// The numbers that come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Of requests.
    pub requests: i64,
    /// Of users.
    pub users: i64,
    /// Of catalog items.
    pub catalog_items: i64,
    /// Of grants.
    pub grants: i64,
}

impl Default for Counters {
    fn default() -> Self {
        Self { requests: 1, users: 1, catalog_items: 1, grants: 1 }
    }
}

impl Counters {
    const fn of(&mut self, space: NumberSpace) -> &mut i64 {
        match space {
            NumberSpace::Requests => &mut self.requests,
            NumberSpace::Users => &mut self.users,
            NumberSpace::CatalogItems => &mut self.catalog_items,
            NumberSpace::Grants => &mut self.grants,
        }
    }

    /// Gives out `count` numbers; returns the first.
    pub(crate) fn allocate(&mut self, space: NumberSpace, count: u32) -> i64 {
        let next = self.of(space);
        let first = *next;
        *next += i64::from(count);
        first
    }

    /// Puts the counter above `number`; says whether it had to move.
    pub(crate) fn raise(&mut self, space: NumberSpace, number: i64) -> bool {
        let next = self.of(space);
        let moves = *next <= number;
        if moves {
            *next = number + 1;
        }
        moves
    }

    /// The numbers that come next, as an export says it.
    pub(crate) fn next(self) -> Result<Numbers> {
        let spent = |error: NotANumber| RepositoryError::Damaged(format!("a number space is spent: {error}"));
        Ok(Numbers {
            requests: self.requests.try_into().map_err(spent)?,
            users: self.users.try_into().map_err(spent)?,
            catalog_items: self.catalog_items.try_into().map_err(spent)?,
            grants: self.grants.try_into().map_err(spent)?,
        })
    }
}
