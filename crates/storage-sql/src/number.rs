//! Numbers: a counter a space, which only ever grows (decision 14).

use countersign_core::bundle::Numbers;
use countersign_core::ids::NotANumber;
use countersign_core::repository::NumberSpace;

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;

pub(crate) const REQUESTS: i64 = 1;
pub(crate) const USERS: i64 = 2;
pub(crate) const CATALOG_ITEMS: i64 = 3;
pub(crate) const GRANTS: i64 = 4;

/// Gives out `count` numbers; returns the first.
pub(crate) fn allocate(connection: &mut dyn Session, space: NumberSpace, count: u32) -> Result<i64, Failure> {
    let space = match space {
        NumberSpace::Requests => REQUESTS,
        NumberSpace::Users => USERS,
        NumberSpace::CatalogItems => CATALOG_ITEMS,
        NumberSpace::Grants => GRANTS,
    };
    let given = sql!("UPDATE number_space SET next = next + ? WHERE space = ? RETURNING next", i64::from(count), space);
    let row = given.row(connection)?;
    let mut row = row.ok_or_else(|| damaged("a number space is missing"))?;
    Ok(row.int()? - i64::from(count))
}

/// Puts the counter above `number`; says whether it had to move.
pub(crate) fn raise(connection: &mut dyn Session, space: i64, number: i64) -> Result<bool, Failure> {
    let moved = sql!("UPDATE number_space SET next = ? WHERE space = ? AND next <= ?", number + 1, space, number);
    Ok(moved.run(connection)? > 0)
}

/// The numbers that come next.
pub(crate) fn next(connection: &mut dyn Session) -> Result<Numbers, Failure> {
    let rows = sql!("SELECT next FROM number_space WHERE space <= 4 ORDER BY space").rows(connection)?;
    let next = rows.into_iter().map(|mut row| row.int()).collect::<Result<Vec<_>, _>>()?;
    let [requests, users, catalog_items, grants] = next[..] else {
        return Err(damaged("a number space is missing").into());
    };
    let spent = |error: NotANumber| damaged(format!("a number space is spent: {error}"));
    Ok(Numbers {
        requests: requests.try_into().map_err(spent)?,
        users: users.try_into().map_err(spent)?,
        catalog_items: catalog_items.try_into().map_err(spent)?,
        grants: grants.try_into().map_err(spent)?,
    })
}
