//! Deadlines of stages in their three columns, which are null together.

use countersign_core::approval::{Deadline, DeadlineAction};
use countersign_core::error::RepositoryError;

use crate::error::damaged;
use crate::sql::{Row, Value};

/// Seconds, action and renewals.
pub(crate) fn columns(deadline: Option<Deadline>) -> [Value; 3] {
    [
        deadline.map(|deadline| i64::from(deadline.seconds)).into(),
        deadline.map(|deadline| deadline.then.code()).into(),
        deadline.map(|deadline| i64::from(deadline.renewals)).into(),
    ]
}

/// Reads seconds, action and renewals.
pub(crate) fn read(row: &mut Row) -> Result<Option<Deadline>, RepositoryError> {
    let (seconds, then, renewals) = (row.maybe_int()?, row.maybe_code(DeadlineAction::from_code)?, row.maybe_int()?);
    let (Some(seconds), Some(then), Some(renewals)) = (seconds, then, renewals) else { return Ok(None) };
    let out_of_range = |_| damaged("a deadline is out of range");
    Ok(Some(Deadline {
        seconds: u32::try_from(seconds).map_err(out_of_range)?,
        then,
        renewals: u16::try_from(renewals).map_err(out_of_range)?,
    }))
}
