//! Whether the database takes writes.

use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;

/// Writes and reads the row that is there for it.
pub fn ready(connection: &mut dyn Session) -> Result<(), Failure> {
    sql!("UPDATE readiness SET checks = checks + 1 WHERE id = 1").run(connection)?;
    let row = sql!("SELECT checks FROM readiness WHERE id = 1").row(connection)?;
    row.map(|_| ()).ok_or_else(|| damaged("the readiness row is missing").into())
}
